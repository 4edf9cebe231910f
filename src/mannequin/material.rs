//! What the figure is made of, and how it answers light: warm matt porcelain.
//!
//! Colours are linear sRGB; vectors are unit and in the camera frame.

use super::studio::{Light, Studio};
use glam::{Vec3, Vec4};

/// The stuff itself: what of the light comes back.
const PORCELAIN: Vec3 = Vec3::new(0.79, 0.715, 0.645);
/// Light that wanders below the surface comes back redder.
const BELOW: Vec3 = Vec3::new(1.0, 0.62, 0.46);
/// How far light wraps around the terminator, 0..=1.
const WRAP: f32 = 0.30;
/// Ambient light that even the narrowest place gets: between the lips, behind the lids.
const DEEPEST: f32 = 0.16;
/// Part of the light that the glaze mirrors when it is met straight on.
const GLAZE: f32 = 0.055;
/// Width of the glaze's highlight: Blinn's exponent.
const GLOSS: f32 = 22.0;

/// A point of skin, as the camera sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct SkinPoint {
    pub normal: Vec3,
    /// Towards the camera.
    pub view: Vec3,
    /// What it sees of everything, the key, the fill and the rim light, 0..=1.
    pub reach: Vec4,
    /// What the earring leaves of the key light, and of all light, 0..=1.
    pub shadow: (f32, f32),
}

/// The light that leaves a point of skin towards the camera.
pub(super) fn shade(point: &SkinPoint, studio: &Studio) -> Vec3 {
    let SkinPoint { normal, view, reach, shadow } = *point;
    let key = lit(&studio.key, normal, reach.y) * shadow.0;
    let fill = lit(&studio.fill, normal, reach.z);
    let rim = lit(&studio.rim, normal, reach.w);
    let occlusion = bounced(reach.x.max(DEEPEST));
    let diffuse = (key + fill + rim + Studio::ambient(normal) * occlusion) * PORCELAIN;
    let facing = normal.dot(view).clamp(0.0, 1.0);
    let grazing = (1.0 - facing).powi(4);
    let sheen = Studio::ambient(normal) * occlusion * grazing * 0.35;
    let glint = glint(&studio.key, normal, view) * reach.y * shadow.0
        + glint(&studio.rim, normal, view) * reach.w * 0.5;
    (diffuse + sheen + glint) * shadow.1
}

/// Lambert's law, wrapped: the terminator is soft and redder than the lit side.
fn lit(light: &Light, normal: Vec3, reach: f32) -> Vec3 {
    let facing = normal.dot(light.direction);
    let straight = facing.max(0.0);
    let wrapped = ((facing + WRAP) / (1.0 + WRAP)).max(0.0);
    let wrapped = wrapped * wrapped;
    let below = (Vec3::splat(straight) * (Vec3::ONE - BELOW * 0.5)) + BELOW * 0.5 * wrapped;
    // Where the surface turns away, its own shade is the terminator, not a cast shadow.
    let reach = reach + (1.0 - reach) * smooth((0.30 - facing) / 0.5);
    light.colour * below * reach
}

/// Occlusion with the light that bounces between bright surfaces: narrow places glow instead of going black.
fn bounced(free: f32) -> Vec3 {
    let free = Vec3::splat(free.clamp(0.0, 1.0));
    free / (Vec3::ONE - PORCELAIN * 0.75 * (Vec3::ONE - free))
}

fn glint(light: &Light, normal: Vec3, view: Vec3) -> Vec3 {
    let half = (light.direction + view).normalize_or_zero();
    let mirror = GLAZE + (1.0 - GLAZE) * (1.0 - view.dot(half).clamp(0.0, 1.0)).powi(5);
    let lobe = normal.dot(half).max(0.0).powf(GLOSS) * (GLOSS + 2.0) / 8.0;
    light.colour * (mirror * lobe * normal.dot(light.direction).max(0.0))
}

fn smooth(share: f32) -> f32 {
    let share = share.clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

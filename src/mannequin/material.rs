//! What the figure is made of, and how it answers light.
//!
//! Colours are linear sRGB; vectors are unit and in the camera frame.

use super::studio::{Light, Studio};
use crate::scene::smooth;
use glam::{Vec3, Vec4};

/// How a surface answers light.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stuff {
    /// What of the light comes back, 0..=1.
    pub albedo: Vec3,
    /// Tint of the light that wanders below the surface and comes back past the terminator.
    pub below: Vec3,
    /// Part of the light that the surface mirrors when it is met straight on.
    pub glaze: f32,
    /// Width of the highlight: Blinn's exponent.
    pub gloss: f32,
}

/// Warm matt porcelain.
pub(super) const PORCELAIN: Stuff = Stuff {
    albedo: Vec3::new(0.79, 0.715, 0.645),
    below: Vec3::new(1.0, 0.62, 0.46),
    glaze: 0.055,
    gloss: 22.0,
};

/// How far light wraps around the terminator, 0..=1.
const WRAP: f32 = 0.30;
/// Ambient light that even the narrowest place gets: between the lips, behind the lids.
const DEEPEST: f32 = 0.16;

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
pub(super) fn shade(point: &SkinPoint, stuff: &Stuff, studio: &Studio) -> Vec3 {
    let SkinPoint { normal, view, reach, shadow } = *point;
    let key = lit(&studio.key, stuff, normal, reach.y) * shadow.0;
    let fill = lit(&studio.fill, stuff, normal, reach.z);
    let rim = lit(&studio.rim, stuff, normal, reach.w);
    let occlusion = bounced(reach.x.max(DEEPEST), stuff.albedo);
    let diffuse = (key + fill + rim + Studio::ambient(normal) * occlusion) * stuff.albedo;
    let facing = normal.dot(view).clamp(0.0, 1.0);
    let grazing = (1.0 - facing).powi(4);
    let sheen = Studio::ambient(normal) * occlusion * grazing * 0.35;
    let glint = glint(&studio.key, stuff, normal, view) * reach.y * shadow.0
        + glint(&studio.rim, stuff, normal, view) * reach.w * 0.5;
    (diffuse + sheen + glint) * shadow.1
}

/// Lambert's law, wrapped: the terminator is soft and redder than the lit side.
fn lit(light: &Light, stuff: &Stuff, normal: Vec3, reach: f32) -> Vec3 {
    let facing = normal.dot(light.direction);
    let straight = facing.max(0.0);
    let wrapped = ((facing + WRAP) / (1.0 + WRAP)).max(0.0);
    let wrapped = wrapped * wrapped;
    let below = Vec3::splat(straight) * (Vec3::ONE - stuff.below * 0.5) + stuff.below * 0.5 * wrapped;
    // Where the surface turns away, its own shade is the terminator, not a cast shadow.
    let reach = reach + (1.0 - reach) * smooth((0.30 - facing) / 0.5);
    light.colour * below * reach
}

/// Occlusion with the light that bounces between bright surfaces: narrow places glow instead of going black.
fn bounced(free: f32, albedo: Vec3) -> Vec3 {
    let free = Vec3::splat(free.clamp(0.0, 1.0));
    free / (Vec3::ONE - albedo * 0.75 * (Vec3::ONE - free))
}

fn glint(light: &Light, stuff: &Stuff, normal: Vec3, view: Vec3) -> Vec3 {
    let half = (light.direction + view).normalize_or_zero();
    let mirror = stuff.glaze + (1.0 - stuff.glaze) * (1.0 - view.dot(half).clamp(0.0, 1.0)).powi(5);
    let lobe = normal.dot(half).max(0.0).powf(stuff.gloss) * (stuff.gloss + 2.0) / 8.0;
    light.colour * (mirror * lobe * normal.dot(light.direction).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(normal: Vec3, reach: f32) -> SkinPoint {
        SkinPoint { normal, view: Vec3::NEG_Z, reach: Vec4::splat(reach), shadow: (1.0, 1.0) }
    }

    #[test]
    fn occlusion_and_shadow_only_darken() {
        let light =
            |x: f32| Light { direction: Vec3::new(x, -0.5, -0.7).normalize(), colour: Vec3::ONE, sine: 0.3 };
        let studio = Studio { key: light(0.5), fill: light(-0.8), rim: light(-0.9) };
        for step in -10..=10 {
            let normal = Vec3::new(step as f32 / 10.0, -0.2, -0.6).normalize();
            let free = shade(&point(normal, 1.0), &PORCELAIN, &studio);
            let hidden = shade(&point(normal, 0.2), &PORCELAIN, &studio);
            let shadowed = SkinPoint { shadow: (0.3, 0.8), ..point(normal, 1.0) };
            assert!(free.cmpge(hidden).all() && hidden.min_element() > 0.0);
            assert!(free.cmpge(shade(&shadowed, &PORCELAIN, &studio)).all());
        }
    }
}

//! Skin: colour that varies with blood and pigment, light that creeps under it, two kinds of shine.

use super::canon::Marks;
use super::light::{LAMPS, Room, wrapped};
use super::look::Look;
use super::noise::{cloud, noise, smooth, spots};
use super::person::{Beard, HairStyle, Person};
use glam::{Vec3, Vec4, vec3};

/// A place on the surface, as the camera sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    /// On the mean person at rest, metres.
    pub(super) rest: Vec3,
    /// Unit, world frame.
    pub(super) normal: Vec3,
    /// Towards the camera, unit, world frame.
    pub(super) view: Vec3,
    /// Shares of the lamps, and spread under the skin.
    pub(super) lamps: Vec4,
    pub(super) spread: Vec4,
    /// Share of the surroundings, and spread.
    pub(super) open: (f32, f32),
}

/// How much the roots of hair darken the skin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cover {
    /// On the scalp and where a beard grows, 0..=1.
    scalp: f32,
    beard: f32,
}

impl Cover {
    pub(super) fn of(person: &Person) -> Self {
        let who = person.attributes();
        let scalp = match who.hair {
            HairStyle::Shaved => 0.42,
            HairStyle::Crop => 0.72,
            _ => 0.93,
        };
        let beard = match who.beard {
            Beard::Shaven if who.woman => 0.0,
            Beard::Shaven => 0.10,
            Beard::Stubble => 0.34,
            Beard::Moustache => 0.14,
            Beard::Short => 0.52,
            Beard::Full => 0.62,
        };
        Self { scalp, beard }
    }
}

/// What the skin is at a place.
struct Surface {
    albedo: Vec3,
    /// Strength of the shine, 1 plain.
    shine: f32,
    /// Sharpness of the two lobes of shine.
    lobes: [f32; 2],
    /// How far light creeps around, per colour.
    wrap: Vec3,
    normal: Vec3,
}

/// Light that leaves the skin towards the camera. `px_per_mm` decides how fine the detail is.
pub(super) fn shade(
    look: &Look,
    room: &Room,
    spot: &Spot,
    marks: &Marks,
    cover: &Cover,
    px_per_mm: f32,
) -> Vec3 {
    let surface = surface(look, spot, marks, cover, px_per_mm);
    lit(&surface, room, spot)
}

fn lit(surface: &Surface, room: &Room, spot: &Spot) -> Vec3 {
    let normal = surface.normal;
    let mut matt = Vec3::ZERO;
    for (index, lamp) in room.lamps.iter().enumerate() {
        let cosine = normal.dot(lamp.direction);
        // Red travels furthest: it is lit by what is spread, and creeps around most.
        let seen = vec3(
            0.35 * spot.lamps[index] + 0.65 * spot.spread[index],
            0.75 * spot.lamps[index] + 0.25 * spot.spread[index],
            spot.lamps[index],
        );
        let turned = vec3(
            wrapped(cosine, surface.wrap.x),
            wrapped(cosine, surface.wrap.y),
            wrapped(cosine, surface.wrap.z),
        );
        matt += lamp.colour * turned * seen;
    }
    let (near, far) = spot.open;
    // Folds glow by the light that bounces inside them, redder each time.
    let open = vec3(0.45 * near + 0.55 * far, near, near);
    let bounced = open / (Vec3::ONE - surface.albedo * (Vec3::ONE - open) * 0.85);
    matt += room.ambient(normal) * bounced;
    let facing = normal.dot(spot.view).clamp(0.0, 1.0);
    let mirror = (normal * (2.0 * normal.dot(spot.view)) - spot.view).normalize_or(normal);
    let fresnel = 0.034 + 0.30 * (1.0 - facing).powi(5);
    let seen: [f32; LAMPS] = spot.lamps.to_array();
    let shine = room.glossy(mirror, surface.lobes[0], seen, near * near) * 0.62
        + room.glossy(mirror, surface.lobes[1], seen, near * near) * 0.38;
    surface.albedo * matt + shine * (fresnel * surface.shine)
}

fn surface(look: &Look, spot: &Spot, marks: &Marks, cover: &Cover, px_per_mm: f32) -> Surface {
    let at = spot.rest * 1000.0 + look.place;
    let Marks { face, lids, dark, lines } = *marks;
    // Details finer than a pixel would only flicker.
    let detail = |width_mm: f32| smooth(0.6, 1.6, width_mm * px_per_mm);
    let blotch = cloud(at * 0.055, 3);
    let mottle = cloud(at * 0.35 + Vec3::splat(40.0), 3);
    let fine = if px_per_mm > 0.9 { noise(at * 1.3) * detail(0.75) } else { 0.0 };
    let blood =
        look.flush * (0.75 * face.y + 0.10) + look.uneven * (0.30 * blotch + 0.22 * mottle + 0.08 * fine);
    let pigment = look.uneven * (0.20 * cloud(at * 0.09 + Vec3::splat(90.0), 3) + 0.10 * mottle)
        + look.tired * 0.30 * face.z
        + freckles(look, at, face.y, px_per_mm);
    let mut albedo =
        look.skin * (vec3(-0.10, -0.62, -0.50) * blood).exp() * (vec3(-0.55, -0.85, -1.05) * pigment).exp();
    // Thin, bluish skin below the eyes; lids are redder and darker.
    albedo *= Vec3::ONE.lerp(vec3(0.93, 0.93, 1.0), look.tired * face.z);
    let lid = smooth(0.008, 0.001, lids.x.min(lids.y + 0.002));
    albedo *= Vec3::ONE.lerp(vec3(0.90, 0.80, 0.78), 0.6 * lid);
    albedo = albedo.max(vec3(albedo.y * 1.04, 0.0, 0.0));
    let rooted = (cover.scalp * lids.w).max(cover.beard * face.w * (0.85 + 0.3 * noise(at * 1.6)));
    albedo = albedo.lerp((look.hair * 0.8).min(albedo), rooted.clamp(0.0, 1.0));
    albedo = made_up(look, albedo, lids, at);
    albedo = albedo.lerp(look.brow.min(albedo), 0.40 * dark.y);
    albedo *= 1.0 - 0.90 * dark.x;
    let lips = lip_cover(face.x, at, px_per_mm);
    let crease =
        noise(vec3(at.x * 0.9, at.y * 0.12, at.z * 0.25)) * 0.6 + noise(at * vec3(2.2, 0.3, 0.6)) * 0.4;
    let lip_colour = look.lips
        * (1.0 + 0.16 * crease * detail(1.2))
        * (1.0 - 0.35 * smooth(-0.0022, 0.001, -lids.z.abs()));
    albedo = albedo.lerp(lip_colour, lips * look.rouge);
    // At a grazing view pores hide one another.
    let faces = smooth(0.15, 0.6, spot.normal.dot(spot.view));
    let pores = if px_per_mm > 1.0 { detail(0.9) * faces } else { 0.0 };
    let grain =
        if px_per_mm > 0.6 { noise(at * 0.85 + Vec3::splat(61.0)) * detail(1.2) * faces } else { 0.0 };
    let (line, slope) = wrinkles(look, lines, at);
    albedo *= 1.0 - 0.16 * line;
    let normal = bumped(spot.normal + slope, at, pores, lips, crease);
    let oily = look.oil * (0.55 + 0.9 * face.y) + 0.25 * blotch;
    Surface {
        albedo: albedo.max(Vec3::splat(0.004)),
        shine: (1.0 - 0.35 * look.dark)
            * (1.08 + 0.90 * oily + 0.5 * mottle * detail(2.0) + 0.35 * grain).max(0.2)
            * (1.0 - 0.9 * dark.x)
            * (1.0 - lips)
            * (1.0 - 0.8 * rooted.clamp(0.0, 1.0))
            + lips * (0.6 + 1.3 * look.lip_gloss),
        lobes: [4.5 + 3.0 * oily, 20.0 + 14.0 * oily + lips * 60.0 * look.lip_gloss],
        wrap: vec3(0.34, 0.16, 0.10) * (1.0 - 0.35 * look.dark),
        normal,
    }
}

/// Brown specks, most on nose and cheeks.
fn freckles(look: &Look, at: Vec3, redness: f32, px_per_mm: f32) -> f32 {
    let moles = spots(at, 26.0, 0.95) * 1.3 * smooth(0.3, 0.9, px_per_mm);
    if look.freckles == 0.0 {
        return moles;
    }
    let small = smooth(0.35, 0.62, noise(at * 0.62 + Vec3::splat(3.0)));
    let tiny = smooth(0.40, 0.60, noise(at * 1.1 + Vec3::splat(5.0))) * 0.6;
    moles + look.freckles * (small + tiny) * (0.12 + 0.62 * redness)
}

/// How much is lip.
fn lip_cover(outside: f32, at: Vec3, px_per_mm: f32) -> f32 {
    let ragged = 0.00035 * noise(at * 0.9);
    let blur = 0.0009 + 0.0004 / px_per_mm.max(0.2);
    smooth(blur, -blur, outside + ragged)
}

fn made_up(look: &Look, albedo: Vec3, lids: Vec4, at: Vec3) -> Vec3 {
    let mut albedo = albedo;
    if look.shadow_amount > 0.0 {
        let cover = smooth(0.013, 0.002, lids.x) * smooth(-0.001, 0.003, lids.y - lids.x * 0.5);
        let uneven = 1.0 + 0.15 * noise(at * 0.7);
        albedo =
            albedo.lerp(look.eye_shadow * (0.6 + albedo), (look.shadow_amount * cover * uneven).min(0.85));
    }
    // Roots of the lashes, and the pencil's line.
    let line = smooth(0.0019, 0.0005, lids.x) * (0.35 + 0.6 * look.liner)
        + smooth(0.0012, 0.0003, lids.y) * (0.15 + 0.3 * look.liner);
    albedo.lerp(vec3(0.012, 0.009, 0.008), line.min(0.92))
}

/// How deep in a line of age a place lies, and how its sides tilt the normal.
fn wrinkles(look: &Look, lines: Vec4, at: Vec3) -> (f32, Vec3) {
    if look.lined <= 0.0 {
        return (0.0, Vec3::ZERO);
    }
    let wander = cloud(at * vec3(0.035, 0.02, 0.03), 2);
    // Across the forehead, a line every eight millimetres, broken here and there.
    let (sin, cos) = (at.y * 0.78 + 5.0 * wander).sin_cos();
    let broken = smooth(-0.25, 0.25, noise(at * vec3(0.045, 0.11, 0.04) + Vec3::splat(8.0)));
    let forehead = lines.x * broken;
    // Fanning out from the eyes' corners.
    let (fan_sin, fan_cos) = (lines.z * 9.0 + 2.5 * wander).sin_cos();
    let (up, out) = (lines.z.cos(), -lines.z.sin());
    let deep = forehead * sin.max(0.0).powi(3) + lines.y * fan_sin.max(0.0).powi(3) + 0.8 * lines.w;
    let tilt = vec3(0.0, 1.0, 0.0) * (forehead * cos * sin.max(0.0))
        + vec3(out, up, 0.0) * (lines.y * fan_cos * fan_sin.max(0.0));
    (deep * look.lined, tilt * (0.30 * look.lined))
}

/// Pores and the lips' creases tilt the normal.
fn bumped(normal: Vec3, at: Vec3, pores: f32, lips: f32, crease: f32) -> Vec3 {
    let mut tilt = Vec3::ZERO;
    if pores > 0.01 {
        let fine = |shift: f32| noise(at * 1.7 + Vec3::splat(shift));
        tilt += vec3(fine(0.0), fine(31.0), fine(57.0)) * (0.13 * pores);
    }
    let broad = |shift: f32| noise(at * 0.28 + Vec3::splat(shift));
    tilt += vec3(broad(3.0), broad(13.0), broad(23.0)) * 0.018;
    tilt += vec3(crease, 0.2 * crease, 0.0) * (0.13 * lips);
    (normal + tilt).normalize_or(normal)
}

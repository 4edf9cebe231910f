//! Rays from the camera through reflections to the studio.

use super::Metal;
use super::light::{self, Room, Seen};
use super::shape::Material;
use super::stone::Brilliant;
use glam::{Vec3, vec3};

/// Distance at which a ray has met a surface, mm.
const TOUCH: f32 = 4e-4;

/// Reflections after which the studio is seen without further hindrance.
const BOUNCES: usize = 4;

/// How far nacre blurs what it mirrors.
const NACRE: f32 = 0.11;

/// What can be photographed: a signed distance field of metal and other bodies, and cut stones.
pub(super) trait Subject: Sync {
    fn metal(&self) -> Metal;
    /// The box around everything.
    fn bounds(&self) -> (Vec3, Vec3);
    /// Signed distance to the nearest surface, a lower bound.
    fn distance(&self, point: Vec3) -> f32;
    /// What the nearest surface is made of.
    fn material(&self, point: Vec3) -> Material;
    /// Outward unit normal.
    fn normal(&self, point: Vec3, material: Material) -> Vec3;
    /// How far a ray runs to the first stone, the facet's normal, and the stone.
    fn stone(&self, from: Vec3, along: Vec3) -> Option<(f32, Vec3, &Brilliant)>;
}

/// The light seen at (x, y) mm by the camera in front; none past the piece.
pub(super) fn look(piece: &impl Subject, room: Room<'_>, x: f32, y: f32) -> Option<Seen> {
    let (_, high) = piece.bounds();
    look_along(piece, room, vec3(x, y, high.z + 1.0), Vec3::NEG_Z).map(|(seen, _)| seen)
}

/// The light that comes back along a ray, and how far away the piece is on it; none past the piece.
pub(super) fn look_along(
    piece: &impl Subject,
    room: Room<'_>,
    mut from: Vec3,
    mut along: Vec3,
) -> Option<(Seen, f32)> {
    let eye = from;
    let mut first = None;
    let mut strength = Vec3::ONE;
    let mut light = Seen::default();
    let mut blur = 0.0;
    for bounce in 0..=BOUNCES {
        let Some(hit) = meet(piece, from, along) else {
            let light = light + light::seen(room, along, blur) * strength;
            return first.filter(|_| bounce > 0).map(|reach| (light, reach));
        };
        let reach = *first.get_or_insert(hit.point().distance(eye));
        let normal = match hit {
            Hit::Stone { point, normal, stone } => {
                return Some((light + stone.light(room, point, along, normal) * strength, reach));
            }
            Hit::Surface { point, material: Material::Metal } => {
                let normal = piece.normal(point, Material::Metal);
                strength *= light::metal(piece.metal(), -along.dot(normal));
                from = point + normal * (TOUCH * 4.0);
                normal
            }
            Hit::Surface { point, material: Material::Pearl } => {
                let normal = piece.normal(point, Material::Pearl);
                let cosine = -along.dot(normal);
                light = light + Seen::own(strength * pearl_body(piece, room, point, normal, along));
                strength *= light::schlick(0.075, cosine);
                blur = NACRE;
                from = point + normal * (TOUCH * 4.0);
                normal
            }
            Hit::Surface { point, material: Material::Glass(tint) } => {
                let normal = piece.normal(point, Material::Glass(tint));
                let cosine = -along.dot(normal);
                let body = room.soft_light(normal) * tint.albedo() * openness(piece, point, normal);
                light = light + Seen::own(strength * body);
                strength *= light::schlick(0.045, cosine);
                from = point + normal * (TOUCH * 4.0);
                normal
            }
        };
        along = along.reflect(normal);
    }
    first.map(|reach| (light + light::seen(room, along, blur) * strength, reach))
}

/// Whether a ray of radius `reach` mm from the camera in front misses everything.
pub(super) fn passes_by(piece: &impl Subject, x: f32, y: f32, reach: f32) -> bool {
    let (low, high) = piece.bounds();
    let mut from = vec3(x, y, high.z + 1.0);
    if piece.stone(from, Vec3::NEG_Z).is_some() {
        return false;
    }
    while from.z > low.z - 0.5 {
        let distance = piece.distance(from);
        if distance < reach {
            return false;
        }
        from.z -= distance.max(reach);
    }
    true
}

enum Hit<'a> {
    Surface { point: Vec3, material: Material },
    Stone { point: Vec3, normal: Vec3, stone: &'a Brilliant },
}

impl Hit<'_> {
    fn point(&self) -> Vec3 {
        let (Self::Surface { point, .. } | Self::Stone { point, .. }) = self;
        *point
    }
}

/// The nearest thing on a ray: distance field and stone together.
fn meet(piece: &impl Subject, from: Vec3, along: Vec3) -> Option<Hit<'_>> {
    let stone = piece.stone(from, along);
    let limit = stone.map_or(60.0, |(reach, _, _)| reach);
    let (low, high) = piece.bounds();
    let mut reach = 0.0;
    for _ in 0..220 {
        let point = from + along * reach;
        let distance = piece.distance(point);
        if distance < TOUCH {
            return Some(Hit::Surface { point, material: piece.material(point) });
        }
        reach += distance * 0.92;
        let gone = (point.z < low.z - 0.5 && along.z <= 0.0) || (point.z > high.z + 1.5 && along.z >= 0.0);
        if reach > limit || gone {
            break;
        }
    }
    stone.map(|(reach, normal, stone)| Hit::Stone { point: from + along * reach, normal, stone })
}

/// Nacre under its clear coat: soft light in layers, a rosy overtone face on and a green one at the rim.
fn pearl_body(piece: &impl Subject, room: Room<'_>, point: Vec3, normal: Vec3, along: Vec3) -> Vec3 {
    let cosine = -along.dot(normal);
    let overtone =
        vec3(1.0, 0.925, 0.905).lerp(vec3(0.905, 0.955, 0.93), (1.0 - cosine).clamp(0.0, 1.0).powf(1.6));
    let albedo = vec3(1.06, 1.005, 0.935) * overtone;
    // A broad, blurred reflection from inside the nacre is what lustre is.
    let deep = room.studio(along.reflect(normal), 0.55) * 0.06;
    (room.soft_light(normal) * albedo + deep) * openness(piece, point, normal)
}

/// How open a point is to the room, 0..=1: the field walked outward along the normal.
fn openness(piece: &impl Subject, point: Vec3, normal: Vec3) -> f32 {
    let mut closed = 0.0;
    for step in 1..=6 {
        let reach = 0.35 * step as f32;
        closed += (reach - piece.distance(point + normal * reach)).max(0.0) / (reach * (1.0 + step as f32));
    }
    (1.0 - 0.75 * closed).clamp(0.0, 1.0)
}

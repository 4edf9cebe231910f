//! Rays from the camera through reflections to the studio.

use super::light;
use super::shape::{Material, Piece};
use glam::{Vec3, vec3};

/// Distance at which a ray has met a surface, mm.
const TOUCH: f32 = 4e-4;

/// Reflections after which the studio is seen without further hindrance.
const BOUNCES: usize = 4;

/// How far nacre blurs what it mirrors.
const NACRE: f32 = 0.11;

/// The light seen at (x, y) mm by the camera in front; none past the piece.
pub(super) fn look(piece: &Piece, x: f32, y: f32) -> Option<Vec3> {
    let (_, high) = piece.bounds();
    let mut from = vec3(x, y, high.z + 1.0);
    let mut along = Vec3::NEG_Z;
    let mut strength = Vec3::ONE;
    let mut light = Vec3::ZERO;
    let mut blur = 0.0;
    for bounce in 0..=BOUNCES {
        let Some(hit) = meet(piece, from, along) else {
            return (bounce > 0).then(|| light + strength * light::studio(along, blur));
        };
        let normal = match hit {
            Hit::Stone { point, normal } => {
                return Some(light + strength * piece.stone.light(point, along, normal));
            }
            Hit::Surface { point, material: Material::Metal } => {
                let normal = piece.normal(point, Material::Metal);
                strength *= light::metal(piece.metal, -along.dot(normal));
                from = point + normal * (TOUCH * 4.0);
                normal
            }
            Hit::Surface { point, material: Material::Pearl } => {
                let normal = piece.normal(point, Material::Pearl);
                let cosine = -along.dot(normal);
                light += strength * pearl_body(piece, point, normal, cosine);
                strength *= light::schlick(0.075, cosine);
                blur = NACRE;
                from = point + normal * (TOUCH * 4.0);
                normal
            }
        };
        along = along.reflect(normal);
    }
    Some(light + strength * light::studio(along, blur))
}

enum Hit {
    Surface { point: Vec3, material: Material },
    Stone { point: Vec3, normal: Vec3 },
}

/// The nearest thing on a ray: distance field and stone together.
fn meet(piece: &Piece, from: Vec3, along: Vec3) -> Option<Hit> {
    let stone = piece.stone.enter(from, along);
    let limit = stone.map_or(60.0, |(reach, _)| reach);
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
    stone.map(|(reach, normal)| Hit::Stone { point: from + along * reach, normal })
}

/// Nacre under its clear coat: soft light in layers, a rosy overtone face on and a green one at the rim.
fn pearl_body(piece: &Piece, point: Vec3, normal: Vec3, cosine: f32) -> Vec3 {
    let overtone =
        vec3(1.0, 0.925, 0.905).lerp(vec3(0.905, 0.955, 0.93), (1.0 - cosine).clamp(0.0, 1.0).powf(1.6));
    let albedo = vec3(1.06, 1.005, 0.935) * overtone;
    // A broad, blurred reflection from inside the nacre is what lustre is.
    let deep = light::studio(Vec3::NEG_Z.reflect(normal), 0.55) * 0.06;
    (light::soft_light(normal) * albedo + deep) * piece.openness(point, normal)
}

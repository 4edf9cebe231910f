//! Eyes: a ball with a clear cornea over a coloured iris, shaded by the lids, wet.
//!
//! The mesh only says where an eye is seen; everything else is computed on a perfect ball around the eye's joint.

use super::light::{LAMPS, Room};
use super::look::Look;
use super::noise::{cloud, noise, smooth};
use super::skin::Spot;
use glam::{Mat3, Vec3, vec3};

/// All in metres.
const BALL: f32 = 0.0154;
const IRIS: f32 = 0.0065;
const PUPIL: f32 = 0.0023;
/// The cornea's own ball: its radius, and how far its centre lies before the eye's.
const CORNEA: (f32, f32) = (0.0084, 0.0087);
/// The iris lies this far before the eye's centre.
const IRIS_DEPTH: f32 = 0.0124;
/// Of air into the cornea.
const REFRACTION: f32 = 1.0 / 1.36;

/// One eye in the world.
#[derive(Debug, Clone)]
pub(super) struct Eye {
    pub(super) centre: Vec3,
    /// Columns: the eye's right (picture), up, ahead, as it looks.
    pub(super) axes: Mat3,
    /// Edge of the upper and of the lower lid, world frame.
    pub(super) lids: [Vec<Vec3>; 2],
    pub(super) corner: Vec3,
}

/// Light that leaves an eye at a point of its surface.
pub(super) fn shade(eye: &Eye, look: &Look, room: &Room, at: Vec3, spot: &Spot) -> Vec3 {
    let own = eye.axes.transpose() * (at - eye.centre);
    let on_ball = own.normalize_or(Vec3::Z) * BALL;
    let aside = on_ball.truncate().length();
    let ahead = on_ball.z > 0.0;
    let shade = lid_shade(eye, at);
    let corneal = if ahead { smooth(IRIS * 1.12, IRIS * 0.86, aside) } else { 0.0 };
    let bulged = (on_ball - Vec3::Z * CORNEA.1).normalize_or(Vec3::Z);
    let normal = (eye.axes * (on_ball / BALL).lerp(bulged, corneal)).normalize_or(spot.normal);
    let white = sclera(eye, look, on_ball, at);
    let colour = if corneal > 0.0 {
        let view = eye.axes.transpose() * spot.view;
        white.lerp(iris(look, on_ball, bulged, view, room, eye), corneal)
    } else {
        white
    };
    let mut matt = Vec3::ZERO;
    for (index, lamp) in room.lamps.iter().enumerate() {
        let cosine = (eye.axes * (on_ball / BALL)).dot(lamp.direction);
        matt += lamp.colour * (((cosine + 0.45) / 1.45).max(0.0) * spot.spread[index].sqrt());
    }
    matt += room.ambient(normal) * spot.open.1.sqrt();
    let mirror = normal * (2.0 * normal.dot(spot.view)) - spot.view;
    let facing = normal.dot(spot.view).clamp(0.0, 1.0);
    let fresnel = 0.032 + 0.7 * (1.0 - facing).powi(5);
    let seen: [f32; LAMPS] = std::array::from_fn(|index| spot.spread[index].sqrt());
    // A flash on the cornea is sharp; on the white it is broken by the wet, uneven surface.
    let wobble = vec3(noise(at * 900.0), noise(at * 900.0 + 9.0), 0.0) * 0.12 * (1.0 - corneal);
    let sharp = room.mirrored((mirror + wobble).normalize_or(mirror)) * corneal.max(0.25);
    let dull = room.glossy(mirror, 60.0, seen, spot.open.0) * (1.0 - corneal) * 0.5;
    let open = smooth(0.15, 0.7, shade);
    colour * matt * shade + (sharp * open + dull * shade) * fresnel * 1.25 + tear_line(eye, at, room)
}

/// 1 in the open, dark below the upper lid and its lashes, a little above the lower one.
fn lid_shade(eye: &Eye, at: Vec3) -> f32 {
    let up = super::canon::distance(at, &eye.lids[0]);
    let low = super::canon::distance(at, &eye.lids[1]);
    (0.30 + 0.70 * smooth(0.0, 0.0048, up)) * (0.72 + 0.28 * smooth(0.0, 0.0022, low))
}

/// The wet rim where the lower lid meets the ball.
fn tear_line(eye: &Eye, at: Vec3, room: &Room) -> Vec3 {
    let low = super::canon::distance(at, &eye.lids[1]);
    let rim = smooth(0.0009, 0.0003, low);
    (room.sky + room.lamps[0].colour * 0.5) * (0.16 * rim)
}

/// The white: yellowish pink towards the corners, fine veins.
fn sclera(eye: &Eye, look: &Look, on_ball: Vec3, at: Vec3) -> Vec3 {
    let side = (on_ball.x / BALL).abs();
    let place = on_ball * 1000.0 + look.place;
    let veins = smooth(0.12, 0.0, cloud(place * vec3(0.35, 0.9, 0.5), 3).abs()) * smooth(0.35, 0.95, side);
    let base = vec3(0.66, 0.615, 0.575) * (1.0 - 0.12 * look.dark);
    let pink = base * vec3(0.97, 0.78, 0.74);
    let white = base.lerp(pink, (0.25 + 0.6 * smooth(0.3, 0.95, side) + 0.35 * veins).min(1.0));
    // The pink lump in the inner corner.
    white.lerp(vec3(0.50, 0.24, 0.21), 0.8 * smooth(0.0045, 0.0018, at.distance(eye.corner)))
}

/// The iris as seen through the cornea.
fn iris(look: &Look, on_ball: Vec3, bulged: Vec3, view: Vec3, room: &Room, eye: &Eye) -> Vec3 {
    let inwards = -view;
    let cosine = bulged.dot(view).max(0.0);
    let bent = 1.0 - REFRACTION * REFRACTION * (1.0 - cosine * cosine);
    let refracted = inwards * REFRACTION + bulged * (REFRACTION * cosine - bent.max(0.0).sqrt());
    let steps = ((on_ball.z.max(IRIS_DEPTH + 1e-4) - IRIS_DEPTH) / (-refracted.z).max(0.15)).min(0.006);
    let place = on_ball + refracted * steps;
    let radius = place.truncate().length() / IRIS;
    let angle = place.y.atan2(place.x);
    let (sin, cos) = angle.sin_cos();
    let spokes =
        |fineness: f32, along: f32| noise(vec3(cos * fineness, sin * fineness, radius * along) + look.place);
    let fibres = 0.55 * spokes(9.0, 1.2) + 0.45 * spokes(22.0, 2.0);
    let open = smooth(0.36, 0.58, radius + 0.05 * spokes(4.0, 0.0));
    let mut colour = look.iris[0].lerp(look.iris[1], open) * (1.0 + 0.85 * fibres);
    // A paler frill around the pupil, a dark ring at the rim.
    colour *= 1.0 + 0.35 * smooth(0.10, 0.0, (radius - 0.52).abs());
    colour *= 1.0 - 0.80 * smooth(0.80, 1.02, radius);
    // Light through the cornea gathers on the side away from the lamp.
    let key = eye.axes.transpose() * room.lamps[0].direction;
    let against = -(place.truncate() / IRIS).dot(key.truncate());
    colour *= (1.25 + 0.9 * against).max(0.35);
    let pupil = PUPIL / IRIS;
    colour.lerp(Vec3::splat(0.0025), smooth(pupil * 1.14, pupil * 0.92, radius)).max(Vec3::splat(0.001))
}

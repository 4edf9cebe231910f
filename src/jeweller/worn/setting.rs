//! What a worn piece mirrors: the portrait's light, with as much of a studio in it as metal needs to look polished.

use crate::jeweller::light;
use crate::scene::smooth;
use glam::{Mat3, Vec3, vec3};

/// Mean light of the tent, by which its pattern of softboxes and flags is measured.
const TENT_MEAN: f32 = 0.9;

/// Half the angle under which a worn piece sees its key light, radians.
const KEY_ANGLE: f32 = 0.34;

/// The light where a piece is worn: linear, at the portrait's exposure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surroundings {
    /// Towards the key light, unit, world frame.
    pub key_direction: Vec3,
    /// Irradiance of a surface that faces the key light, over pi; likewise from above and from below.
    pub key: Vec3,
    pub sky: Vec3,
    pub ground: Vec3,
    /// What stands behind the person, and what the side of the head looks like.
    pub behind: Vec3,
    pub beside: Vec3,
}

/// Surroundings as a piece in its own frame meets them.
#[derive(Debug)]
pub(in crate::jeweller) struct Setting {
    around: Surroundings,
    world_from_piece: Mat3,
    /// Towards the head, world frame.
    head: Vec3,
    /// Turns the tent's key window towards the key light: cosine and sine.
    tent: (f32, f32),
}

impl Setting {
    pub(super) fn new(around: Surroundings, world_from_piece: Mat3, head: Vec3) -> Self {
        // The tent's own key window stands at this azimuth.
        let own = (-0.72_f32).atan2(0.55);
        let turn = around.key_direction.x.atan2(around.key_direction.z) - own;
        Self { around, world_from_piece, head, tent: (turn.cos(), turn.sin()) }
    }

    /// Light from a direction, a place in which polished metal looks polished: the room's own brightness, patterned
    /// as a photographer's lights and cards would, the key light, the backdrop and the head.
    pub(in crate::jeweller) fn radiance(&self, direction: Vec3, blur: f32) -> Vec3 {
        let Surroundings { key_direction, key, sky, ground, behind, beside } = self.around;
        let world = self.world_from_piece * direction;
        let (cos, sin) = self.tent;
        let turned = vec3(cos * world.x - sin * world.z, world.y, sin * world.x + cos * world.z);
        let pattern = light::studio(turned, blur) / TENT_MEAN;
        let even = ground.lerp(sky, smooth(0.5 + 0.5 * world.y));
        let mut light = even * (Vec3::splat(0.25) + 0.75 * pattern);
        light = light.lerp(behind, smooth((-0.15 - world.z) / 0.5));
        light = light.lerp(beside, 0.85 * smooth((world.dot(self.head) - 0.25) / 0.5));
        let edge = 0.08 + blur;
        let cover = smooth((world.dot(key_direction) - (KEY_ANGLE + edge).cos()) / (edge * KEY_ANGLE.sin()));
        light.lerp(key / KEY_ANGLE.sin().powi(2), cover)
    }

    /// What a matt white surface sends back.
    pub(in crate::jeweller) fn soft_light(&self, normal: Vec3) -> Vec3 {
        let Surroundings { key_direction, key, sky, ground, beside, .. } = self.around;
        let world = self.world_from_piece * normal;
        let wrapped = ((world.dot(key_direction) + 0.15) / 1.15).max(0.0);
        let even = ground.lerp(sky, 0.5 + 0.5 * world.y);
        key * wrapped + even.lerp(0.6 * beside, 0.35 * (0.5 + 0.5 * world.dot(self.head)))
    }

    /// The points of light in which cut stones glitter.
    pub(in crate::jeweller) fn sparks(&self, direction: Vec3) -> Vec3 {
        let Surroundings { key, sky, .. } = self.around;
        (0.7 * key + 0.5 * sky) * light::lamps(self.world_from_piece * direction)
    }
}

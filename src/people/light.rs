//! Light: a few soft lamps in a room whose sky and ground glow.
//!
//! A lamp is a spherical Gaussian, so that what a matt or a shiny surface makes of it has a closed form (Wang et
//! al. 2009, "All-frequency rendering of dynamic, spatially-varying reflectance"). Directions are in the world
//! frame, colours linear, such that 1 is a white surface that faces the light.

use super::sitting::Lighting;
use crate::project::Dice;
use glam::{Vec3, vec3};

/// Lamps of a room.
pub(super) const LAMPS: usize = 4;

/// A soft lamp.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lamp {
    /// Towards it, unit.
    pub(super) direction: Vec3,
    /// Of the Gaussian; 1 / sharpness is about the square of the lamp's radius in radians.
    pub(super) sharpness: f32,
    /// Light on a surface that faces it.
    pub(super) colour: Vec3,
    /// Half width and half height of its mirror image in an eye, tangents; bars divide a window.
    pub(super) half: (f32, f32),
    pub(super) window: bool,
}

/// All light of a place.
#[derive(Debug, Clone)]
pub(super) struct Room {
    /// Key, fill, rim and one more; dark ones are black.
    pub(super) lamps: [Lamp; LAMPS],
    pub(super) sky: Vec3,
    pub(super) ground: Vec3,
}

/// Towards the camera's right by `side` radians, up by `height`.
fn towards(side: f32, height: f32) -> Vec3 {
    vec3(side.sin() * height.cos(), height.sin(), side.cos() * height.cos())
}

impl Room {
    pub(super) fn new(lighting: Lighting, seed: u64) -> Self {
        let mut dice = Dice::named(seed, 31);
        let lamp = |side: f32, height: f32, sharpness: f32, colour: Vec3, half: (f32, f32)| Lamp {
            direction: towards(side, height),
            sharpness,
            colour,
            half,
            window: false,
        };
        match lighting {
            Lighting::Studio { side, contrast } => {
                let white = vec3(1.0, 0.965, 0.92);
                let fill = 0.32 - 0.26 * contrast;
                let rim = dice.between(0.25, 0.9);
                let height = dice.between(0.35, 0.75);
                Self {
                    lamps: [
                        lamp(side, height, 7.0, white * 1.0, (0.30, 0.36)),
                        lamp(-side * 0.9, 0.15, 4.0, vec3(0.96, 0.98, 1.0) * fill, (0.24, 0.5)),
                        lamp(-side.signum() * 2.5, 0.5, 12.0, vec3(1.0, 0.98, 0.96) * rim, (0.1, 0.4)),
                        lamp(0.0, -0.9, 3.0, white * 0.10, (0.5, 0.12)),
                    ],
                    sky: Vec3::splat(0.17 - 0.10 * contrast),
                    ground: vec3(0.115, 0.105, 0.10) * (1.2 - 0.7 * contrast),
                }
            }
            Lighting::Window { side, warm } => {
                let day = vec3(0.965, 0.99, 1.03);
                let indoors = vec3(1.0, 0.84, 0.66).lerp(Vec3::ONE, 1.0 - warm);
                let mut window = lamp(side, 0.22, 6.0, day * 1.05, (0.26, 0.42));
                window.window = true;
                Self {
                    lamps: [
                        window,
                        lamp(-side * 0.8, 0.3, 2.5, indoors * 0.17, (0.2, 0.2)),
                        lamp(-side.signum() * 2.6, 0.7, 9.0, indoors * dice.between(0.1, 0.45), (0.1, 0.1)),
                        lamp(0.1, -0.8, 2.5, indoors * 0.07, (0.3, 0.1)),
                    ],
                    sky: indoors * 0.16,
                    ground: indoors * vec3(0.10, 0.085, 0.07),
                }
            }
            Lighting::Outdoors { side, sun } => {
                let day = vec3(1.0, 0.93, 0.82);
                let sky = vec3(0.97, 1.0, 1.03);
                let behind = dice.chance(0.5);
                let sun_side = if behind { side.signum() * 2.35 } else { side };
                let strength = if behind { 1.1 } else { 0.62 };
                Self {
                    lamps: [
                        lamp(side * 0.6, 0.8, 2.2, sky * (0.72 - 0.2 * sun), (0.55, 0.30)),
                        lamp(sun_side, 0.6, 18.0, day * sun * strength, (0.06, 0.06)),
                        lamp(-side * 1.2, 0.3, 2.5, sky * 0.16, (0.3, 0.2)),
                        lamp(0.2, -0.9, 2.0, vec3(0.9, 0.85, 0.7) * 0.10, (0.5, 0.1)),
                    ],
                    sky: sky * 0.30,
                    ground: vec3(0.15, 0.145, 0.12),
                }
            }
        }
    }

    /// The glow of sky and ground on a surface with this normal.
    pub(super) fn ambient(&self, normal: Vec3) -> Vec3 {
        self.ground.lerp(self.sky, normal.y * 0.5 + 0.5)
    }

    /// Mirror light from `direction` for a lobe of this sharpness, each lamp as far as `seen`.
    pub(super) fn glossy(&self, direction: Vec3, sharpness: f32, seen: [f32; LAMPS], ao: f32) -> Vec3 {
        let mut sum = self.ambient(direction) * (0.65 * ao);
        for (lamp, seen) in self.lamps.iter().zip(seen) {
            // Radiance of the lamp's middle from what it throws on a surface, times both Gaussians' overlap.
            let both = sharpness * lamp.sharpness / (sharpness + lamp.sharpness);
            let overlap = (both * (direction.dot(lamp.direction) - 1.0)).exp() * 0.5 * both;
            sum += lamp.colour * (overlap * seen);
        }
        sum
    }

    /// What a wet, smooth eye mirrors from `direction`: the lamps' own shapes.
    pub(super) fn mirrored(&self, direction: Vec3) -> Vec3 {
        let mut sum = self.ambient(direction);
        for lamp in &self.lamps {
            let ahead = direction.dot(lamp.direction);
            if ahead <= 0.05 {
                continue;
            }
            let right = Vec3::Y.cross(lamp.direction).normalize_or(Vec3::X);
            let up = lamp.direction.cross(right);
            let (x, y) = (direction.dot(right) / ahead, direction.dot(up) / ahead);
            let inside = |at: f32, half: f32| (0.5 + (half - at.abs()) / 0.08).clamp(0.0, 1.0);
            let mut cover = inside(x, lamp.half.0) * inside(y, lamp.half.1);
            if lamp.window {
                let bar = |at: f32| ((at.abs() - 0.02) / 0.04).clamp(0.0, 1.0);
                cover *= bar(x) * bar(y);
            }
            let solid = 4.0 * lamp.half.0 * lamp.half.1;
            sum += lamp.colour * (cover * std::f32::consts::PI / solid.max(0.02));
        }
        sum
    }
}

/// A matt surface's share of a lamp, `cosine` to its middle; `wrap` (0..1) lets light creep around, as it does
/// under skin.
pub(super) fn wrapped(cosine: f32, wrap: f32) -> f32 {
    let share = ((cosine + wrap) / (1.0 + wrap)).max(0.0);
    // Energy is kept: light that creeps around is missing in front.
    share * share.sqrt().mul_add(wrap.min(0.5), 1.0 - wrap.min(0.5)) / (1.0 + 0.4 * wrap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_studio_lights_the_side_its_key_stands_on() {
        let room = Room::new(Lighting::Studio { side: 0.8, contrast: 0.8 }, 1);
        let lit = |normal: Vec3| {
            let lamps = room.lamps.iter().map(|lamp| lamp.colour * wrapped(normal.dot(lamp.direction), 0.2));
            lamps.sum::<Vec3>() + room.ambient(normal)
        };
        assert!(lit(vec3(0.7, 0.2, 0.7)).x > 2.0 * lit(vec3(-0.7, 0.2, 0.7)).x);
    }

    #[test]
    fn glossy_surfaces_mirror_lamps_where_they_stand() {
        let room = Room::new(Lighting::Studio { side: 0.8, contrast: 0.5 }, 1);
        let key = room.lamps[0].direction;
        let glossy = |direction: Vec3| room.glossy(direction, 40.0, [1.0; LAMPS], 1.0).x;
        assert!(glossy(key) > 4.0 * glossy(-key));
        assert!(room.mirrored(key).x > 4.0 * room.mirrored(-key).x);
    }
}

//! The shop window: its lights, and the wall behind the figure.
//!
//! Directions are in the camera frame and point towards the light, colours are linear sRGB.

use crate::project::Ear;
use crate::scene::Scene;
use glam::{Quat, Vec2, Vec3};

/// A broad light.
#[derive(Debug, Clone, Copy)]
pub(super) struct Light {
    /// Unit.
    pub direction: Vec3,
    pub colour: Vec3,
    /// Sine of the half angle under which it is seen: how soft its shadows are.
    pub sine: f32,
}

/// Everything around the figure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Studio {
    /// High beside the camera, on the side of the ear that wears the earring.
    pub key: Light,
    /// Weak, from the other side: opens the shadows.
    pub fill: Light,
    /// From behind on the other side: draws the contour.
    pub rim: Light,
}

/// Light from above and from the floor, before occlusion.
const SKY: Vec3 = Vec3::new(0.195, 0.195, 0.205);
const FLOOR: Vec3 = Vec3::new(0.16, 0.125, 0.10);

/// The wall where the lamp behind the figure brightens it, and in the corners.
const WALL_GLOW: Vec3 = Vec3::new(0.46, 0.375, 0.30);
const WALL: Vec3 = Vec3::new(0.085, 0.066, 0.054);

impl Studio {
    pub(super) fn new(scene: &Scene) -> Self {
        let nose = scene.camera.camera_from_world(scene.body.nose_tip);
        let lobes = scene.body.lobes.map(|lobe| scene.camera.camera_from_world(lobe));
        let lobe = if scene.ear == Ear::Right { lobes[1] } else { lobes[0] };
        let side = if lobe.x < nose.x { -1.0 } else { 1.0 };
        // The more the face turns to its profile, the further the key follows it, or the face lay in shade.
        let face = (nose - lobes[0].midpoint(lobes[1])).normalize_or_zero().x;
        let followed = side * 0.52 + face.powi(3) * 0.55;
        let light = |x: f32, y: f32, z: f32, colour: Vec3, sine: f32| Light {
            direction: Vec3::new(x, y, z).normalize(),
            colour,
            sine,
        };
        Self {
            key: light(followed, -0.66, -0.76, Vec3::new(1.0, 0.945, 0.88) * 0.80, 0.34),
            fill: light(-0.85 * side, -0.10, -0.60, Vec3::new(0.96, 0.97, 1.0) * 0.09, 0.50),
            rim: light(-0.80 * side, -0.35, 0.75, Vec3::new(1.0, 0.95, 0.88) * 0.60, 0.30),
        }
    }

    /// The lights carried around the figure, radians; > 0 to the picture's right.
    pub(super) fn turned(self, by: f32) -> Self {
        let carried = |light: Light| {
            // The camera's y points down, so its z runs towards x for a turn to the right.
            let direction = Quat::from_rotation_y(-by) * light.direction;
            Light { direction, ..light }
        };
        if by == 0.0 {
            return self;
        }
        Self { key: carried(self.key), fill: carried(self.fill), rim: carried(self.rim) }
    }

    /// Light from all around that meets a surface of this normal (unit).
    pub(super) fn ambient(normal: Vec3) -> Vec3 {
        FLOOR.lerp(SKY, 0.5 - 0.5 * normal.y)
    }
}

/// The wall at a place of the picture: `at` runs from -1 to 1 along the shorter side, y down.
pub(super) fn backdrop(at: Vec2) -> Vec3 {
    let glow = (at - Vec2::new(0.0, -0.12)) / Vec2::new(1.05, 1.15);
    let falloff = 1.0 / (1.0 + 2.4 * glow.length_squared());
    let vignette = 1.0 - 0.16 * at.length_squared().min(2.0);
    WALL.lerp(WALL_GLOW, falloff * falloff.sqrt()) * vignette
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_is_brightest_behind_the_head_and_falls_off_smoothly() {
        let mut last = backdrop(Vec2::new(0.0, -0.12)).y;
        for step in 1..60 {
            let next = backdrop(Vec2::new(step as f32 / 40.0, -0.12)).y;
            assert!(next < last && last - next < 0.03);
            last = next;
        }
    }
}

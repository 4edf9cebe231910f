//! The pose shading of METHOD 3, defined once for both renderers.
//!
//! Networks are trained on this look, so nothing here may change once a bundle was trained: not a constant,
//! not the order of operations. `shaders/mesh.wgsl` is the twin of [`pose_grey`] and receives these constants
//! as uniforms. Values are written to the picture as they are, without a transfer curve: only sums, products,
//! quotients and square roots, which every machine rounds alike.

use glam::Vec3;

/// Grey of a surface that no light reaches, 0..=1: high enough that silhouettes stand out from the black.
pub const AMBIENT: f32 = 0.16;

/// Added where the surface faces the camera, the place of the only light, 0..=1. With [`AMBIENT`] it stays
/// under 1, so no pixel saturates.
pub const DIFFUSE: f32 = 0.76;

/// Samples along each side of a pixel.
pub const SAMPLES: u32 = 4;

/// Depth of the near plane in metres; what lies before it is cut away.
pub const NEAR: f32 = 0.05;

/// The grey of a surface point, 0..=1: Lambert's law with the light at the camera, plus ambient.
/// `normal` (any length) and `point` in the camera frame.
pub fn pose_grey(point: Vec3, normal: Vec3) -> f32 {
    let lengths = (point.length_squared() * normal.length_squared()).sqrt();
    let facing = if lengths > 0.0 { (-normal.dot(point) / lengths).max(0.0) } else { 0.0 };
    AMBIENT + DIFFUSE * facing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pixel_can_saturate_or_vanish() {
        let facing = pose_grey(Vec3::new(0.0, 0.0, 8.0), Vec3::new(0.0, 0.0, -1.0));
        let averted = pose_grey(Vec3::new(0.0, 0.0, 8.0), Vec3::new(0.0, 0.0, 1.0));
        assert!(facing * 255.0 < 250.0 && facing > 0.9);
        assert_eq!(averted, AMBIENT);
        assert!(averted * 255.0 > 32.0, "the body's dark parts stay apart from the black background");
    }

    #[test]
    fn a_normal_of_no_length_is_not_a_nan() {
        assert_eq!(pose_grey(Vec3::ZERO, Vec3::ZERO), AMBIENT);
    }
}

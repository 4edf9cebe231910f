//! The software renderer: the same pixels on every machine.

use super::Mesh;
use crate::scene::Camera;
use image::RgbImage;

/// The mesh on black in the pose shading of METHOD 3, antialiased, of the camera's picture size.
pub fn render_pose(mesh: &Mesh<'_>, camera: &Camera) -> RgbImage {
    todo!("{mesh:?} {camera:?}")
}

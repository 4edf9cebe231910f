//! Triangles to pixels: a wgpu renderer and its software twin.
//!
//! The software renderer makes every pixel that a network or a file sees, so pictures are the same on every
//! machine; the GPU one makes what must move at the window's frame rate. They share a name for everything and
//! are tested against each other. This room refuses to know networks and windows.

pub mod gpu;
pub mod shading;
pub mod sheet;
pub mod software;
pub mod strands;
pub mod subdivision;
pub mod surface;
pub mod visibility;

mod raster;
#[cfg(test)]
mod shapes;

use glam::Vec3;

/// A triangle mesh in the world frame, as a renderer reads it.
///
/// Triangles that name a missing vertex, or a vertex that is not finite, are left out.
#[derive(Debug, Clone, Copy)]
pub struct Mesh<'a> {
    /// Metres.
    pub positions: &'a [Vec3],
    /// Unit, one per position.
    pub normals: &'a [Vec3],
    /// Counter-clockwise seen from outside.
    pub triangles: &'a [[u32; 3]],
}

//! Camera and framing: the paper's camera for pose images, and the camera that hangs the model on the
//! earring: face extent in the scale band, lobe in the hook's column.
//!
//! The framing camera is the paper's one, zoomed and shifted in the image plane, so a face keeps the exact
//! perspective of its pose image. This room refuses to know pixels and GPUs.

mod camera;
mod ease;
mod framing;
mod portrait;

pub use camera::{Camera, face_height_mm};
pub use ease::smooth;

use crate::body::PosedBody;
use crate::project::Ear;
use glam::DVec2;

/// Rows of the face on the canvas, pixels, `top < bottom`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    pub top: f64,
    pub bottom: f64,
}

/// The framed model: what both engines paint.
#[derive(Debug, Clone)]
pub struct Scene {
    pub body: PosedBody,
    /// Canvas frame.
    pub camera: Camera,
    pub band: Band,
    /// The main earring's hook; none without an earring.
    pub hook_in_canvas: Option<DVec2>,
    /// The lobe that wears it, projected.
    pub lobe_in_canvas: DVec2,
    /// The ear that wears it: left or right, never auto.
    pub ear: Ear,
    pub misfit: Misfit,
}

/// How far the lobe lies below the hook; negative: above. Zero without an earring.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Misfit {
    pub px: f64,
    pub mm: f64,
}

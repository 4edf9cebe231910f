//! Camera and framing: the paper's camera for pose images, and the camera that hangs the model on the
//! earring: face extent in the scale band, lobe in the hook's column.
//!
//! The framing camera is the paper's one, zoomed and shifted in the image plane, so a face keeps the exact
//! perspective of its pose image. This room refuses to know pixels and GPUs.

use crate::body::PosedBody;
use crate::project::{CanvasSize, Ear};
use glam::{DVec2, Vec3};

/// METHOD 3: side of the pose picture in pixels, focal length in pixels, depth of the nose tip in metres.
const PAPER_SIDE: u32 = 256;
const PAPER_FOCAL: f64 = 5000.0;
const NOSE_DISTANCE: f32 = 8.0;

/// A pinhole camera. u = focal.x * x / z + centre.x, v = focal.y * y / z + centre.y, with (x, y, z) in the camera
/// frame: metres, x right, y down, z forward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Pixels; the two differ only where a canvas is squeezed into a network's size.
    pub focal: DVec2,
    /// Principal point, pixels.
    pub centre: DVec2,
    /// Added to a world point after its y and z are negated, metres.
    pub translation: Vec3,
    /// Picture size, pixels.
    pub width: u32,
    pub height: u32,
}

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

impl Camera {
    /// METHOD 3: the nose tip at (0, 0, 8) m, K = [[5000, 0, 128], [0, 5000, 128], [0, 0, 1]], 256x256.
    pub fn paper(body: &PosedBody) -> Self {
        let mut camera = Self {
            focal: DVec2::splat(PAPER_FOCAL),
            centre: DVec2::splat(f64::from(PAPER_SIDE) / 2.0),
            translation: Vec3::ZERO,
            width: PAPER_SIDE,
            height: PAPER_SIDE,
        };
        camera.translation = Vec3::new(0.0, 0.0, NOSE_DISTANCE) - camera.camera_from_world(body.nose_tip);
        camera
    }

    /// A world point in this camera's picture, pixels, and its depth in metres.
    pub fn project(&self, point_in_world: Vec3) -> (DVec2, f32) {
        let point = self.camera_from_world(point_in_world);
        let at = point.as_dvec3();
        (self.focal * at.truncate() / at.z + self.centre, point.z)
    }

    /// World to camera frame.
    pub fn camera_from_world(&self, point_in_world: Vec3) -> Vec3 {
        point_in_world * Vec3::new(1.0, -1.0, -1.0) + self.translation
    }

    /// The same view at another picture size.
    pub fn scaled(&self, factor: DVec2) -> Self {
        Self {
            focal: self.focal * factor,
            centre: self.centre * factor,
            translation: self.translation,
            width: scaled_side(self.width, factor.x),
            height: scaled_side(self.height, factor.y),
        }
    }
}

impl Scene {
    /// Hangs the body on the earring: the projected landmark extent fills `band`, the worn lobe stands in the
    /// hook's column; without an earring the face is centred on the canvas.
    pub fn frame(body: PosedBody, canvas: CanvasSize, band: Band, hook: Option<(DVec2, Ear)>) -> Self {
        todo!("{body:?} {canvas:?} {band:?} {hook:?}")
    }

    /// The same scene with the canvas resized by `factor` per axis.
    pub fn scaled(&self, factor: DVec2) -> Self {
        todo!("{factor:?}")
    }
}

/// A picture's side after scaling, at least one pixel.
fn scaled_side(side: u32, factor: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, as wanted here"
    )]
    let side = (f64::from(side) * factor).round() as u32;
    side.max(1)
}

//! I_p: the body in its pose, by the paper's camera, always by the software renderer.

use crate::body::{BodyModel, PosedBody};
use crate::picture::Planes;
use image::RgbImage;

/// Side of the pose render in pixels (METHOD 3).
pub const POSE_RENDER: u32 = 256;

/// The 256x256 render on black.
pub fn pose_render(model: &BodyModel, body: &PosedBody) -> RgbImage {
    todo!("{model:?} {body:?}")
}

/// The render at 224x224 (antialiased bicubic, as Pillow does), `[3, 224, 224]`, 0..=1.
pub fn pose_image(render: &RgbImage) -> Planes {
    todo!("{render:?}")
}

//! The hint and the appearance image.

use crate::engine::NetworkSize;
use crate::picture::{PlacedEarring, Planes};
use crate::project::Square;
use crate::scene::Band;
use image::RgbImage;

/// The ControlNet's conditioning image and the matte it was cut with, network frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Hint {
    /// `[4, H, W]`: I_c premultiplied by M, then I_s.
    pub planes: Planes,
    /// `[1, H, W]`: M.
    pub matte: Planes,
}

impl Hint {
    /// Scales the placed earring to the network's size and draws the band (`band` in the canvas frame).
    pub fn new(placed: &PlacedEarring, band: Band, size: NetworkSize) -> Self {
        todo!("{placed:?} {band:?} {size:?}")
    }
}

/// I_a: the photo's crop (none: its largest centred square) at 224x224, `[3, 224, 224]`, 0..=1.
pub fn appearance_image(photo: &RgbImage, crop: Option<Square>) -> Planes {
    todo!("{photo:?} {crop:?}")
}

//! The earring on the canvas: rastered once, from the product's own pixels.

use super::ProductPhoto;
use crate::project::{CanvasSize, Earring};
use image::RgbaImage;

/// One product and how it lies on the canvas.
#[derive(Debug, Clone, Copy)]
pub struct Placement<'a> {
    pub photo: &'a ProductPhoto,
    pub earring: &'a Earring,
}

/// All of a variant's earrings, rastered at canvas size.
#[derive(Debug, Clone)]
pub struct PlacedEarring {
    pixels: RgbaImage,
}

impl PlacedEarring {
    /// Rasters `placements` back to front.
    pub fn raster(placements: &[Placement<'_>], canvas: CanvasSize) -> Self {
        todo!("{placements:?} {canvas:?}")
    }

    /// Canvas-sized, 8-bit sRGB, straight alpha; alpha is the matte M.
    pub fn pixels(&self) -> &RgbaImage {
        &self.pixels
    }

    /// First and one-past-last canvas row with matte >= 0.5; none if nothing is on the canvas.
    pub fn rows(&self) -> Option<(u32, u32)> {
        todo!()
    }
}

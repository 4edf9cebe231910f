//! Eq. 3: the product's pixels go back, last.

use super::PlacedEarring;
use image::RgbImage;

/// I_f = I_c + I_g (1 - M), blended in linear light. Where M = 1 the result is the raster bit for bit; where
/// M = 0 it is `generated` bit for bit. Both are canvas-sized.
pub fn composite(generated: &RgbImage, placed: &PlacedEarring) -> RgbImage {
    todo!("{generated:?} {placed:?}")
}

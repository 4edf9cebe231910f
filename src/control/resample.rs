//! Resampling to the sizes that networks read, as their reference pipelines do it.
//!
//! Stored sRGB values are resampled, not linear light: the reference pipelines hand Pillow's resized files to
//! the networks, and trained weights expect what they saw. Filters are antialiased (as wide as the
//! minification), like Pillow's.

use crate::project::Square;
use fast_image_resize::images::TypedImage;
use fast_image_resize::pixels::{F32x4, U8x3};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};
use image::{Rgb, RgbImage};

/// A square of `picture` at `side` x `side` by Pillow's bicubic filter. `crop` lies inside the picture.
pub(super) fn bicubic(picture: &RgbImage, crop: Square, side: u32) -> RgbImage {
    let mut source = TypedImage::<U8x3>::new(picture.width(), picture.height());
    for (pixel, stored) in source.pixels_mut().iter_mut().zip(picture.pixels()) {
        *pixel = U8x3::new(stored.0);
    }
    // Columns first, as Pillow: each pass rounds to 8 bits and cuts overshoots off, so the order shows.
    let height = picture.height();
    let columns = ResizeOptions::new().crop(crop.left, 0.0, crop.side, f64::from(height));
    let narrow = resize(&source, FilterType::CatmullRom, &columns, [side, height]);
    let rows = ResizeOptions::new().crop(0.0, crop.top, f64::from(side), crop.side);
    let target = resize(&narrow, FilterType::CatmullRom, &rows, [side, side]);
    let mut resized = RgbImage::new(side, side);
    for (stored, pixel) in resized.pixels_mut().zip(target.pixels()) {
        *stored = Rgb(pixel.0);
    }
    resized
}

/// Four floats a pixel, row by row, from one size to another by the triangle filter: it rings nowhere, so
/// values stay within 0..=1 and premultiplied colours below their alpha.
pub(super) fn triangle(pixels: Vec<[f32; 4]>, from: [u32; 2], to: [u32; 2]) -> Vec<[f32; 4]> {
    let mut source = TypedImage::<F32x4>::new(from[0], from[1]);
    for (pixel, value) in source.pixels_mut().iter_mut().zip(pixels) {
        *pixel = F32x4::new(value);
    }
    let target = resize(&source, FilterType::Bilinear, &ResizeOptions::new(), to);
    target.pixels().iter().map(|pixel| pixel.0).collect()
}

fn resize<P: PixelTrait>(
    source: &TypedImage<'_, P>,
    filter: FilterType,
    options: &ResizeOptions,
    [width, height]: [u32; 2],
) -> TypedImage<'static, P> {
    let mut target = TypedImage::new(width, height);
    let options = options.resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false);
    if let Err(fault) = Resizer::new().resize_typed(source, &mut target, &options) {
        // Crops are clamped before they come here; were one not, black is the picture of nothing.
        tracing::error!(%fault, "a crop reaches beyond its picture");
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn fixture(name: &str) -> RgbImage {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/control").join(name);
        image::open(path).unwrap().into_rgb8()
    }

    /// Largest difference in stored values.
    fn difference(ours: &RgbImage, theirs: &RgbImage) -> u8 {
        assert_eq!(ours.dimensions(), theirs.dimensions());
        ours.as_raw().iter().zip(theirs.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
    }

    #[test]
    fn bicubic_gives_pillows_picture() {
        let source = fixture("bicubic_source.png");
        let centred = bicubic(&source, Square { left: 20.0, top: 0.0, side: 280.0 }, 224);
        assert!(difference(&centred, &fixture("bicubic_centred.png")) <= 1);
        let crop = bicubic(&source, Square { left: 190.25, top: 150.5, side: 100.0 }, 224);
        assert!(difference(&crop, &fixture("bicubic_crop.png")) <= 1);
    }

    #[test]
    fn a_crop_that_slipped_through_is_black_not_a_panic() {
        let source = RgbImage::from_pixel(10, 10, Rgb([9; 3]));
        let resized = bicubic(&source, Square { left: 5.0, top: 5.0, side: 100.0 }, 8);
        assert_eq!(resized, RgbImage::new(8, 8));
    }
}

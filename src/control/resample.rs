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
    let options = ResizeOptions::new().crop(crop.left, crop.top, crop.side, crop.side);
    let target = resize(&source, FilterType::CatmullRom, &options, [side, side]);
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

//! Whole pictures to other sizes: generated ones to the canvas, face photos and earrings to networks.
//!
//! These work on codes, not on linear light, each for a reason of its own: networks were trained on pictures
//! that Pillow resized so, and enlarging a generated picture by Catmull-Rom rings least visibly where codes
//! are evenly spaced for the eye. Products never pass here on their way to the canvas: see `placed`.

use super::{PlacedEarring, Planes};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

/// A generated picture at canvas size: antialiased Catmull-Rom. The same size returns the same codes.
pub fn resize_rgb(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    bicubic(picture, width, height)
}

/// Pillow's `Image.resize((width, height), Image.BICUBIC)`, to the code but for ties; what the reference pipelines feed
/// their 224x224 encoders with.
pub fn pillow_bicubic(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    bicubic(picture, width, height)
}

/// Pillow's bicubic has a = -1/2: Catmull-Rom, widened by the reduction. Pillow filters across before it
/// filters down and rounds to codes between the two. Its weights have 22 bits, more than the library's for
/// codes, hence the floats.
fn bicubic(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    let (from, across, to) = (picture.dimensions(), (width, picture.height()), (width, height));
    let pass = |codes: Vec<u8>, from, to| {
        if from == to {
            return codes;
        }
        let values: Vec<f32> = codes.into_iter().map(f32::from).collect();
        let bytes =
            convolve(bytemuck::cast_slice(&values), from, to, PixelType::F32x3, FilterType::CatmullRom);
        // `as` saturates: what overshoots is clipped, as Pillow clips it.
        bytes.as_chunks().0.iter().map(|bytes| (f32::from_ne_bytes(*bytes) + 0.5) as u8).collect()
    };
    let codes = pass(pass(picture.as_raw().clone(), from, across), across, to);
    RgbImage::from_raw(width, height, codes).unwrap_or_default()
}

/// Every plane by antialiased bicubic, as Pillow resizes mode "F"; values may overshoot their range.
pub fn resize_planes(planes: &Planes, width: usize, height: usize) -> Planes {
    resize_each(planes, width, height, FilterType::CatmullRom)
}

/// The earring for a control image: `[4, height, width]`, I_c's red, green and blue premultiplied by M, then
/// M itself, all 0..=1. Codes are premultiplied before they are resized, by a kernel without negative lobes:
/// nothing outside the matte leaks in and nothing leaves 0..=1.
pub fn earring_planes(placed: &PlacedEarring, width: usize, height: usize) -> Planes {
    let pixels = placed.pixels();
    let mut planes = Planes::zeros(4, pixels.height() as usize, pixels.width() as usize);
    for channel in 0..4 {
        for (value, pixel) in planes.channel_mut(channel).iter_mut().zip(pixels.pixels()) {
            let matte = f32::from(pixel.0[3]) / 255.0;
            *value = if channel == 3 { matte } else { matte * f32::from(pixel.0[channel]) / 255.0 };
        }
    }
    resize_each(&planes, width, height, FilterType::Bilinear)
}

fn resize_each(planes: &Planes, width: usize, height: usize, filter: FilterType) -> Planes {
    let [channels, from_height, from_width] = planes.shape();
    if (from_height, from_width) == (height, width) {
        return planes.clone();
    }
    let (from, to) = ((from_width as u32, from_height as u32), (width as u32, height as u32));
    let mut resized = Planes::zeros(channels, height, width);
    for channel in 0..channels {
        let source = bytemuck::cast_slice(planes.channel(channel));
        let bytes = convolve(source, from, to, PixelType::F32, filter);
        for (value, bytes) in resized.channel_mut(channel).iter_mut().zip(bytes.as_chunks().0) {
            *value = f32::from_ne_bytes(*bytes);
        }
    }
    resized
}

/// A separable convolution; all zeros if either picture is empty.
fn convolve(
    source: &[u8],
    from: (u32, u32),
    to: (u32, u32),
    pixel: PixelType,
    filter: FilterType,
) -> Vec<u8> {
    let mut target = Image::new(to.0, to.1, pixel);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false);
    match ImageRef::new(from.0, from.1, source, pixel) {
        Ok(source) => {
            if let Err(error) = Resizer::new().resize(&source, &mut target, &options) {
                tracing::warn!("a picture of {from:?} could not be resized to {to:?}: {error}");
            }
        }
        Err(error) => tracing::warn!("a picture of {from:?} could not be resized to {to:?}: {error}"),
    }
    target.into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgba, RgbaImage};
    use std::path::Path;

    fn fixture(name: &str) -> RgbImage {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/picture");
        image::open(folder.join(name)).expect("a fixture").into_rgb8()
    }

    #[test]
    fn bicubic_is_pillow_s() {
        let source = fixture("pillow_source.png");
        for (name, width, height) in [("pillow_21x34.png", 21, 34), ("pillow_90x75.png", 90, 75)] {
            let ours = pillow_bicubic(&source, width, height);
            let theirs = fixture(name);
            let differences = || ours.as_raw().iter().zip(theirs.as_raw()).map(|(a, b)| a.abs_diff(*b));
            // Where a sum lies exactly between two codes, Pillow's integers and our floats may part.
            assert!(differences().all(|difference| difference <= 1), "{name}");
            let parted = differences().filter(|difference| *difference > 0).count();
            assert!(parted * 500 < differences().count(), "{name}: {parted} codes");
        }
    }

    #[test]
    fn planes_follow_the_same_filter() {
        let source = fixture("pillow_source.png");
        let resized = resize_planes(&Planes::from_rgb(&source), 21, 34);
        let theirs = Planes::from_rgb(&fixture("pillow_21x34.png"));
        // Pillow's pictures clip overshoot between the passes; planes keep it, so single values differ more.
        let differences = || resized.data().iter().zip(theirs.data()).map(|(a, b)| (a - b).abs() * 255.0);
        assert!(differences().sum::<f32>() / (differences().count() as f32) < 0.5);
        assert!(differences().all(|difference| difference < 16.0));
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let source = fixture("pillow_source.png");
        assert_eq!(resize_rgb(&source, source.width(), source.height()), source);
    }

    #[test]
    fn the_control_s_earring_stays_in_range_and_under_its_matte() {
        let raster = RgbaImage::from_fn(64, 64, |x, y| {
            let inside = (17..45).contains(&x) && (9..50).contains(&y);
            Rgba(if inside { [255, 128, 0, 255] } else { [255, 255, 255, 0] })
        });
        let placed = PlacedEarring::from_pixels(raster);
        for size in [20, 64, 100] {
            let planes = earring_planes(&placed, size, size);
            assert_eq!(planes.shape(), [4, size, size]);
            for index in 0..size * size {
                let at = |channel: usize| planes.channel(channel)[index];
                assert!((0.0..=1.0).contains(&at(3)));
                assert!((at(0) - at(3)).abs() < 1e-5 && (at(1) - at(3) * 128.0 / 255.0).abs() < 1e-5);
                assert!(at(2).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn empty_pictures_become_black() {
        assert_eq!(resize_rgb(&RgbImage::new(0, 0), 3, 2), RgbImage::new(3, 2));
        assert_eq!(resize_rgb(&RgbImage::new(3, 2), 0, 0), RgbImage::new(0, 0));
    }
}

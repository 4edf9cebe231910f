//! Pictures to the GPU, in sizes that it takes.

use crate::ui::Texture;
use eframe::egui::{ColorImage, Context, TextureHandle, TextureOptions, Vec2};
use image::imageops::FilterType;
use image::{RgbImage, RgbaImage};

/// Longest side of a picture on show, pixels: more than a screen has, and every GPU takes it.
const LONGEST_SHOWN: u32 = 2048;
/// Side of a history tile, pixels.
const THUMBNAIL: u32 = 128;

/// A picture no larger than a texture may be; smaller pictures stay as they are.
pub(super) fn for_show(picture: &RgbImage) -> RgbImage {
    shrunk(picture, LONGEST_SHOWN)
}

pub(super) fn thumbnail(picture: &RgbImage) -> RgbImage {
    shrunk(picture, THUMBNAIL)
}

fn shrunk(picture: &RgbImage, longest: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    match fitted(width, height, longest) {
        None => picture.clone(),
        Some((width, height)) => image::imageops::resize(picture, width, height, FilterType::Triangle),
    }
}

/// [`for_show`] for a product photo.
pub(super) fn product_for_show(photo: &RgbaImage) -> RgbaImage {
    match fitted(photo.width(), photo.height(), LONGEST_SHOWN) {
        None => photo.clone(),
        Some((width, height)) => image::imageops::resize(photo, width, height, FilterType::Triangle),
    }
}

/// The size within `longest`; none if it already is.
fn fitted(width: u32, height: u32, longest: u32) -> Option<(u32, u32)> {
    let side = width.max(height);
    let share = |length: u32| {
        let scaled = u64::from(length) * u64::from(longest) / u64::from(side);
        u32::try_from(scaled.max(1)).unwrap_or(longest)
    };
    (side > longest).then(|| (share(width), share(height)))
}

/// Smooth when small, whole pixels when looked at closely.
fn options() -> TextureOptions {
    TextureOptions { magnification: eframe::egui::TextureFilter::Nearest, ..TextureOptions::LINEAR }
}

pub(super) fn upload(ctx: &Context, name: &str, picture: &RgbImage) -> TextureHandle {
    let size = [picture.width() as usize, picture.height() as usize];
    ctx.load_texture(name, ColorImage::from_rgb(size, picture.as_raw()), TextureOptions::LINEAR)
}

pub(super) fn upload_product(ctx: &Context, photo: &RgbaImage) -> TextureHandle {
    let size = [photo.width() as usize, photo.height() as usize];
    ctx.load_texture("product", ColorImage::from_rgba_unmultiplied(size, photo.as_raw()), options())
}

/// The handle as the panels see it.
pub(super) fn shown(handle: &TextureHandle) -> Texture {
    let [width, height] = handle.size();
    Texture { id: handle.id(), size: Vec2::new(width as f32, height as f32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_picture_is_shrunk_with_its_shape_and_a_small_one_left_alone() {
        assert_eq!(fitted(8192, 2048, 2048), Some((2048, 512)));
        assert_eq!(fitted(20_000, 1, 2048), Some((2048, 1)));
        assert_eq!(fitted(640, 480, 2048), None);
    }
}

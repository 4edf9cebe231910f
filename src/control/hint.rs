//! The hint and the appearance image.

use super::resample::{bicubic, triangle};
use crate::engine::NetworkSize;
use crate::picture::{PlacedEarring, Planes};
use crate::project::Square;
use crate::scene::Band;
use image::RgbImage;

/// Side of what the image encoder reads, pixels (METHOD 1).
pub(super) const ENCODER_SIDE: u32 = 224;

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
    ///
    /// I_c holds stored sRGB values over 255 times M; colour and matte are resampled together, premultiplied,
    /// so nothing that the matte hides bleeds into an edge. At the network's own size nothing is resampled.
    pub fn new(placed: &PlacedEarring, band: Band, size: NetworkSize) -> Self {
        let pixels = placed.pixels();
        let (from, to) = ([pixels.width(), pixels.height()], [size.width(), size.height()]);
        let premultiplied = pixels.pixels().map(|pixel| premultiplied(pixel.0)).collect();
        let resized = if from == to { premultiplied } else { triangle(premultiplied, from, to) };

        let (width, height) = (size.width() as usize, size.height() as usize);
        let mut planes = Planes::zeros(4, height, width);
        let mut matte = Planes::zeros(1, height, width);
        for channel in 0..3 {
            for (value, pixel) in planes.channel_mut(channel).iter_mut().zip(&resized) {
                *value = pixel[channel];
            }
        }
        for (value, pixel) in matte.channel_mut(0).iter_mut().zip(&resized) {
            *value = pixel[3];
        }
        let rows = band_rows(band, f64::from(size.height()) / f64::from(from[1].max(1)), height);
        planes.channel_mut(3)[rows.start * width..rows.end * width].fill(1.0);
        Self { planes, matte }
    }
}

/// 0..=1, colour times alpha, alpha.
fn premultiplied(pixel: [u8; 4]) -> [f32; 4] {
    let [red, green, blue, alpha] = pixel.map(|stored| f32::from(stored) / 255.0);
    [red * alpha, green * alpha, blue * alpha, alpha]
}

/// Network rows of the band: limits rounded to the nearest row, at least one row where the band shows at all.
fn band_rows(band: Band, network_from_canvas: f64, height: usize) -> std::ops::Range<usize> {
    let limit = |row: f64| (row * network_from_canvas).round().clamp(0.0, height as f64) as usize;
    let (start, end) = (limit(band.top), limit(band.bottom));
    let shows = band.bottom > 0.0 && band.top * network_from_canvas < height as f64;
    if start == end && shows {
        let row = start.min(height - 1);
        return row..row + 1;
    }
    start..end
}

/// I_a: the photo's crop (none: its largest centred square) at 224x224, `[3, 224, 224]`, 0..=1. A crop that
/// reaches beyond the photo is moved into it, and shrunk where it is larger.
pub fn appearance_image(photo: &RgbImage, crop: Option<Square>) -> Planes {
    Planes::from_rgb(&bicubic(photo, square_inside(photo, crop), ENCODER_SIDE))
}

/// The crop, clamped into the photo; at least one pixel.
fn square_inside(photo: &RgbImage, crop: Option<Square>) -> Square {
    let (width, height) = (f64::from(photo.width()), f64::from(photo.height()));
    let longest = width.min(height);
    let centred = Square { left: (width - longest) / 2.0, top: (height - longest) / 2.0, side: longest };
    let finite =
        |square: &Square| [square.left, square.top, square.side].iter().all(|value| value.is_finite());
    let Square { left, top, side } = crop.filter(finite).unwrap_or(centred);
    let side = side.clamp(1.0_f64.min(longest), longest);
    Square { left: left.clamp(0.0, width - side), top: top.clamp(0.0, height - side), side }
}

#[cfg(test)]
mod tests;

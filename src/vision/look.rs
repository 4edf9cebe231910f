//! A square look at a window of a picture, as the networks want it: padded to a square with black, then sampled.
//!
//! Equal to padding first and TensorFlow's bilinear resize after it (corner-aligned grid, no half pixels, no
//! smoothing), but nothing is ever padded or copied: the work is that of the look, however large or narrow the
//! picture is.

use candle_core::{Device, Result, Tensor};
use image::RgbImage;

/// Whole pixels of a picture, all inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Window {
    pub(super) fn whole(picture: &RgbImage) -> Self {
        Self { left: 0, top: 0, width: picture.width(), height: picture.height() }
    }

    pub(super) fn longest(&self) -> u32 {
        self.width.max(self.height)
    }
}

/// Where the black goes that makes a window square.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// All of it below or to the right.
    Corner,
    /// On both sides; the odd pixel goes below or to the right.
    Centre,
}

/// A neighbour pair of the padded window's pixels, and how far between them. None: black.
struct Between {
    near: Option<u32>,
    far: Option<u32>,
    share: f32,
}

/// `[1, 3, size, size]`: (value - mean) / 255 with values 0..=255, mean in RGB.
pub(super) fn look(
    picture: &RgbImage,
    window: Window,
    place: Place,
    size: usize,
    mean: [f32; 3],
) -> Result<Tensor> {
    let columns = grid(window.width, window.left, window.longest(), place, size);
    let rows = grid(window.height, window.top, window.longest(), place, size);
    let mut values = vec![0.0; 3 * size * size];
    for (y, row) in rows.iter().enumerate() {
        for (x, column) in columns.iter().enumerate() {
            let sample = sample(picture, column, row);
            for (channel, value) in sample.into_iter().enumerate() {
                values[(channel * size + y) * size + x] = (value - mean[channel]) / 255.0;
            }
        }
    }
    Tensor::from_vec(values, (1, 3, size, size), &Device::Cpu)
}

/// The samples of one axis: `length` pixels from `start` on, padded to `padded`, seen by `size` samples.
fn grid(length: u32, start: u32, padded: u32, place: Place, size: usize) -> Vec<Between> {
    let black = padded - length;
    let before = match place {
        Place::Corner => 0,
        Place::Centre => black - black.div_ceil(2),
    };
    let pixel = |at: u32| at.checked_sub(before).filter(|at| *at < length).map(|at| start + at);
    let step = padded as f32 / size as f32;
    (0..size)
        .map(|index| {
            let at = index as f32 * step;
            let near = at.floor();
            let last = padded.saturating_sub(1);
            let far = (at.ceil() as u32).min(last);
            Between { near: pixel((near as u32).min(last)), far: pixel(far), share: at - near }
        })
        .collect()
}

fn sample(picture: &RgbImage, column: &Between, row: &Between) -> [f32; 3] {
    let pixel = |x: Option<u32>, y: Option<u32>| match (x, y) {
        (Some(x), Some(y)) => picture.get_pixel(x, y).0.map(f32::from),
        _ => [0.0; 3],
    };
    let (top_left, top_right) = (pixel(column.near, row.near), pixel(column.far, row.near));
    let (bottom_left, bottom_right) = (pixel(column.near, row.far), pixel(column.far, row.far));
    std::array::from_fn(|channel| {
        let top = top_left[channel] + (top_right[channel] - top_left[channel]) * column.share;
        let bottom = bottom_left[channel] + (bottom_right[channel] - bottom_left[channel]) * column.share;
        top + (bottom - top) * row.share
    })
}

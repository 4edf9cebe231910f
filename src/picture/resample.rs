//! The two filters that bring a product onto the canvas, in premultiplied linear light.
//!
//! Jewellery is highlights beside black: a kernel with negative lobes would ring, and in linear light a ring
//! is a dark halo. So shrinking uses the windowed sinc of radius 1 (Hamming), which has no negative lobe,
//! and everything else Catmull-Rom clamped to its four nearest samples. Outside the source is transparent.

use super::linear::Linear;
use glam::Vec4;
use image::RgbaImage;
use rayon::prelude::*;
use std::f64::consts::PI;
use std::ops::Range;

/// Rows that one rayon task makes; neighbours share the source rows of one kernel radius.
const BAND: usize = 32;

/// A cut of a resampled picture, premultiplied linear light, row by row.
pub(crate) struct Patch {
    /// Column and row of `data[0]` in the resampled picture.
    pub(crate) left: i64,
    pub(crate) top: i64,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) data: Vec<Vec4>,
}

/// Source samples and their weights for one output column or row.
struct Taps {
    from: usize,
    weights: Vec<f32>,
}

/// sinc times a Hamming window over -1..=1: Pillow's and Pulsar's choice for crisp, ring-free reductions.
fn hamming(x: f64) -> f64 {
    match x.abs() {
        x if x < 1e-9 => 1.0,
        x if x >= 1.0 => 0.0,
        x => (PI * x).sin() / (PI * x) * (0.54 + 0.46 * (PI * x).cos()),
    }
}

/// Taps of the output samples `range`; output coordinate = `offset + scale * source coordinate`, scale <= 1.
fn taps(range: Range<i64>, offset: f64, scale: f64, length: usize) -> Vec<Taps> {
    let radius = 1.0 / scale;
    range
        .map(|index| {
            let centre = (index as f64 + 0.5 - offset) / scale;
            let (first, last) = ((centre - radius).floor() as i64, (centre + radius).ceil() as i64);
            let weight = |sample: i64| hamming((sample as f64 + 0.5 - centre) * scale);
            // Weights of samples outside the source count too: they are transparent, not missing.
            let sum: f64 = (first..=last).map(weight).sum();
            let inside = first.max(0)..(last + 1).min(length as i64);
            let from = inside.start.min(length as i64) as usize;
            Taps { from, weights: inside.map(|sample| (weight(sample) / sum) as f32).collect() }
        })
        .collect()
}

/// Shrinks `source` by `scale` (0 < scale <= 1) and returns the samples `columns` x `rows` of the result,
/// whose sample (0, 0) begins at `offset` source pixels times scale.
pub(crate) fn shrink(
    source: &RgbaImage,
    scale: f64,
    offset: [f64; 2],
    columns: Range<i64>,
    rows: Range<i64>,
) -> Patch {
    let across = taps(columns.clone(), offset[0], scale, source.width() as usize);
    let down = taps(rows.clone(), offset[1], scale, source.height() as usize);
    let (width, height) = (across.len(), down.len());
    let mut data = vec![Vec4::ZERO; width * height];
    if width > 0 {
        data.par_chunks_mut(BAND * width).zip(down.par_chunks(BAND)).for_each(|(band, down)| {
            shrink_band(source, &across, down, band);
        });
    }
    Patch { left: columns.start, top: rows.start, width, height, data }
}

/// One band: each source row is filtered across once, then added to the output rows it belongs to.
fn shrink_band(source: &RgbaImage, across: &[Taps], down: &[Taps], band: &mut [Vec4]) {
    let linear = Linear::new();
    let width = across.len();
    let stride = source.width() as usize * 4;
    let first = down.iter().filter(|taps| !taps.weights.is_empty()).map(|taps| taps.from).min();
    let last = down.iter().map(|taps| taps.from + taps.weights.len()).max();
    let needed = across.iter().filter(|taps| !taps.weights.is_empty());
    let left = needed.clone().map(|taps| taps.from).min().unwrap_or(0);
    let right = needed.map(|taps| taps.from + taps.weights.len()).max().unwrap_or(0);
    let mut light = vec![Vec4::ZERO; right - left];
    let mut filtered = vec![Vec4::ZERO; width];
    for row in first.unwrap_or(0)..last.unwrap_or(0) {
        let codes = &source.as_raw()[row * stride + left * 4..row * stride + right * 4];
        let mut empty = true;
        for (light, code) in light.iter_mut().zip(codes.as_chunks().0) {
            empty &= code[3] == 0;
            *light = linear.premultiplied(*code);
        }
        if empty {
            continue;
        }
        for (sum, taps) in filtered.iter_mut().zip(across) {
            let samples = light.get(taps.from.saturating_sub(left)..).unwrap_or_default();
            *sum = taps
                .weights
                .iter()
                .zip(samples)
                .fold(Vec4::ZERO, |sum, (weight, light)| sum + *light * *weight);
        }
        for (taps, line) in down.iter().zip(band.chunks_exact_mut(width)) {
            let Some(weight) = row.checked_sub(taps.from).and_then(|index| taps.weights.get(index)) else {
                continue;
            };
            for (sum, light) in line.iter_mut().zip(&filtered) {
                *sum += *light * *weight;
            }
        }
    }
}

/// The source's own samples `columns` x `rows` (clipped to it).
pub(crate) fn cut(source: &RgbaImage, columns: Range<i64>, rows: Range<i64>) -> Patch {
    let clip = |range: Range<i64>, length: u32| {
        let start = range.start.clamp(0, i64::from(length));
        start..range.end.clamp(start, i64::from(length))
    };
    let (columns, rows) = (clip(columns, source.width()), clip(rows, source.height()));
    let width = (columns.end - columns.start) as usize;
    let height = (rows.end - rows.start) as usize;
    let mut data = vec![Vec4::ZERO; width * height];
    if width > 0 {
        let stride = source.width() as usize * 4;
        let lines = source.as_raw().par_chunks_exact(stride).skip(rows.start as usize);
        data.par_chunks_exact_mut(width).zip(lines).for_each(|(line, codes)| {
            let linear = Linear::new();
            let codes = codes[columns.start as usize * 4..].as_chunks().0;
            for (light, code) in line.iter_mut().zip(codes) {
                *light = linear.premultiplied(*code);
            }
        });
    }
    Patch { left: columns.start, top: rows.start, width, height, data }
}

impl Patch {
    /// Light at a point of the resampled picture's frame: Catmull-Rom over 4 x 4 samples, clamped to the
    /// range of the nearest four.
    pub(crate) fn sample(&self, x: f64, y: f64) -> Vec4 {
        let (x, y) = (x - 0.5 - self.left as f64, y - 0.5 - self.top as f64);
        let (column, row) = (x.floor(), y.floor());
        let inside = |at: f64, length: usize| at >= -2.0 && at <= length as f64 + 1.0;
        if !inside(column, self.width) || !inside(row, self.height) {
            return Vec4::ZERO;
        }
        let (across, down) = (catmull_rom((x - column) as f32), catmull_rom((y - row) as f32));
        let (column, row) = (column as isize, row as isize);
        let mut sum = Vec4::ZERO;
        let (mut low, mut high) = (Vec4::INFINITY, Vec4::NEG_INFINITY);
        for (j, weight) in down.into_iter().enumerate() {
            let line = self.four(column - 1, row + j as isize - 1);
            let light = line[0] * across[0] + line[1] * across[1] + line[2] * across[2] + line[3] * across[3];
            sum += light * weight;
            if j == 1 || j == 2 {
                low = low.min(line[1].min(line[2]));
                high = high.max(line[1].max(line[2]));
            }
        }
        sum.clamp(low, high)
    }

    /// Four neighbours of a row; transparent outside.
    fn four(&self, column: isize, row: isize) -> [Vec4; 4] {
        let Some(line) = usize::try_from(row).ok().filter(|row| *row < self.height) else {
            return [Vec4::ZERO; 4];
        };
        let line = &self.data[line * self.width..(line + 1) * self.width];
        if let Some(&[a, b, c, d]) =
            usize::try_from(column).ok().and_then(|at| line.get(at..)).and_then(|rest| rest.first_chunk())
        {
            return [a, b, c, d];
        }
        std::array::from_fn(|index| {
            let at = usize::try_from(column + index as isize).ok();
            at.and_then(|at| line.get(at)).copied().unwrap_or(Vec4::ZERO)
        })
    }
}

/// Weights of the samples at -1, 0, 1 and 2 for a point at `t` in 0..1 (Catmull and Rom 1974).
fn catmull_rom(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (2.0 * t2 - t3 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (4.0 * t2 - 3.0 * t3 + t),
        0.5 * (t3 - t2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_wherever_the_kernel_lies_inside() {
        for scale in [0.999, 0.71, 0.5, 0.13] {
            let taps = taps(3..20, 0.37, scale, 1000);
            for tap in taps {
                let sum: f32 = tap.weights.iter().sum();
                assert!((sum - 1.0).abs() < 1e-5, "{scale}: {sum}");
                assert!(tap.weights.iter().all(|weight| *weight >= 0.0), "a lobe would ring");
            }
        }
    }

    #[test]
    fn catmull_rom_keeps_samples_and_sums_to_one() {
        assert_eq!(catmull_rom(0.0), [0.0, 1.0, 0.0, 0.0]);
        for step in 0..=10 {
            let sum: f32 = catmull_rom(step as f32 / 10.0).iter().sum();
            assert!((sum - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn bands_meet_without_a_seam() {
        let source = RgbaImage::from_fn(40, 300, |x, y| image::Rgba([(y % 256) as u8, x as u8, 9, 255]));
        let whole = shrink(&source, 0.5, [0.0, 0.0], 0..20, 0..150);
        let cut = shrink(&source, 0.5, [0.0, 0.0], 0..20, 29..35);
        assert_eq!(whole.data[29 * 20..35 * 20], cut.data[..]);
    }
}

//! Smooth surfaces over a hole: the first guess, the last correction, and all there is where nothing can be copied.
//!
//! Known values are averaged into ever coarser grids and pulled back into the gaps (push-pull, Gortler et al., "The
//! lumigraph", 1996); a few rounds of relaxation take the grid's edges off.

use super::field::Field;
use super::level::Level;
use super::region::Region;
use super::vote;
use glam::Vec4;
use image::RgbImage;

/// Rounds of relaxation towards the membrane.
const RELAXATIONS: usize = 24;

/// Pixels beyond which a smooth surface is made at a smaller size and enlarged.
const MOST_SMOOTHED: usize = 1 << 21;

/// What is painted where nothing is known at all: mid grey.
const NOTHING: Vec4 = Vec4::new(128.0, 128.0, 128.0, 0.0);

/// Fills a level's hole with a smooth surface.
pub(super) fn fill(level: &mut Level) {
    let known: Vec<bool> = level.hole.iter().map(|hole| !hole).collect();
    interpolate(&mut level.pixels, &known, level.width, level.height, NOTHING);
}

/// The region's colours with a smooth surface over the hole, row by row.
pub(super) fn smooth(picture: &RgbImage, region: &Region) -> Vec<[f32; 3]> {
    let (width, height) = (region.width as usize, region.height as usize);
    let shrink = (1..).find(|by| width.div_ceil(*by) * height.div_ceil(*by) <= MOST_SMOOTHED).unwrap_or(1);
    let (columns, rows) = (width.div_ceil(shrink), height.div_ceil(shrink));
    let mut sums = vec![Vec4::ZERO; columns * rows];
    for index in (0..width * height).filter(|index| !region.hole[*index]) {
        let (x, y) = (index % width, index / width);
        let [red, green, blue] =
            picture.get_pixel(region.left + x as u32, region.top + y as u32).0.map(f32::from);
        sums[y / shrink * columns + x / shrink] += Vec4::new(red, green, blue, 1.0);
    }
    let known: Vec<bool> = sums.iter().map(|sum| sum.w > 0.0).collect();
    let mut means: Vec<Vec4> = sums.into_iter().map(|sum| sum / sum.w.max(1.0)).collect();
    interpolate(&mut means, &known, columns, rows, NOTHING);
    let at = |index: usize| {
        let place = |at: usize, most: usize| {
            let at = ((at as f32 + 0.5) / shrink as f32 - 0.5).clamp(0.0, (most - 1) as f32);
            (at as usize, (at as usize + 1).min(most - 1), at.fract())
        };
        let ((left, right, across), (top, bottom, down)) =
            (place(index % width, columns), place(index / width, rows));
        let row = |row: usize| means[row * columns + left].lerp(means[row * columns + right], across);
        let colour = row(top).lerp(row(bottom), down);
        [colour.x, colour.y, colour.z]
    };
    (0..width * height).map(at).collect()
}

/// Takes up, over the whole hole, what the patches miss at its edge.
pub(super) fn settle(level: &mut Level, field: &Field) {
    let mut missed = vec![Vec4::ZERO; level.pixels.len()];
    let mut known = vec![true; level.pixels.len()];
    for index in 0..level.pixels.len() {
        known[index] = !level.hole[index];
        if known[index]
            && let Some(said) = vote::colour(level, field, index)
        {
            missed[index] = level.pixels[index] - said;
        }
    }
    interpolate(&mut missed, &known, level.width, level.height, Vec4::ZERO);
    for index in (0..level.pixels.len()).filter(|index| level.hole[*index]) {
        level.pixels[index] += missed[index];
    }
}

/// Replaces unknown values; all become `nothing` if none is known.
fn interpolate(values: &mut [Vec4], known: &[bool], width: usize, height: usize, nothing: Vec4) {
    let unknown: Vec<usize> = (0..values.len()).filter(|index| !known[*index]).collect();
    if unknown.is_empty() {
        return;
    }
    if unknown.len() == values.len() {
        values.fill(nothing);
        return;
    }
    let (columns, rows) = (width.div_ceil(2), height.div_ceil(2));
    let mut sums = vec![(Vec4::ZERO, 0.0_f32); columns * rows];
    for index in (0..values.len()).filter(|index| known[*index]) {
        let sum = &mut sums[index / width / 2 * columns + index % width / 2];
        *sum = (sum.0 + values[index], sum.1 + 1.0);
    }
    let coarse_known: Vec<bool> = sums.iter().map(|(_, count)| *count > 0.0).collect();
    let mut coarse: Vec<Vec4> = sums.into_iter().map(|(sum, count)| sum / count.max(1.0)).collect();
    interpolate(&mut coarse, &coarse_known, columns, rows, nothing);
    for index in &unknown {
        values[*index] = coarse[index / width / 2 * columns + index % width / 2];
    }
    for _ in 0..RELAXATIONS {
        for index in &unknown {
            values[*index] = neighbours_mean(values, *index, width, height);
        }
    }
}

fn neighbours_mean(values: &[Vec4], index: usize, width: usize, height: usize) -> Vec4 {
    let (x, y) = (index % width, index / width);
    let mut sum = Vec4::ZERO;
    let mut count = 0.0;
    let mut add = |is: bool, at: usize| {
        if is {
            sum += values[at];
            count += 1.0;
        }
    };
    add(x > 0, index.wrapping_sub(1));
    add(x + 1 < width, index + 1);
    add(y > 0, index.wrapping_sub(width));
    add(y + 1 < height, index + width);
    // A single pixel has no neighbours.
    if count > 0.0 { sum / count } else { values[index] }
}

//! Takes something out of a photo and paints what could have stood there, from the photo's own surroundings.
//!
//! Patches that fit the hole's edge are found around it and blended, coarse to fine (Wexler, Shechtman and Irani,
//! "Space-time completion of video", 2007), by a randomised search (Barnes et al., "PatchMatch", 2009) with a texture
//! channel and confidences as in Newson et al., "Video inpainting of complex scenes", 2014. A membrane then takes up
//! what is left of the difference at the hole's edge. No network, no state: the same photo and mask give the same
//! bytes on any number of threads. Whoever calls decides what goes; this file refuses to know why.

mod field;
mod level;
mod membrane;
mod region;
mod vote;

#[cfg(test)]
mod tests;

use image::{GrayImage, RgbImage};
use level::Level;
use region::Region;

/// Most pixels of one hole that are painted from patches; larger ones become a smooth surface.
const MOST_PATCHED: usize = 1_500_000;

/// Pixels of a hole that are searched with full effort; the effort for one pixel shrinks in proportion beyond.
const FULL_EFFORT: usize = 12_000;

/// Rounds of search and blending at the coarsest level, where the picture's structure is decided.
const COARSE_ROUNDS: usize = 12;

/// Rounds at any finer level.
const FINE_ROUNDS: usize = 4;

/// The picture with new pixels wherever `mask` is not 0; all others stay as they are, bit for bit. A mask of another
/// size than the picture counts from the top left corner. Where everything is masked there is nothing to paint
/// from: mid grey.
pub fn inpaint(picture: &RgbImage, mask: &GrayImage) -> RgbImage {
    let mut painted = picture.clone();
    for region in region::regions(picture.dimensions(), mask) {
        let colours = if region.holes() > MOST_PATCHED || !region.has_sources() {
            membrane::smooth(&painted, &region)
        } else {
            patched(&painted, &region)
        };
        region.put(&mut painted, &colours);
    }
    painted
}

/// The region's pixels with the hole painted from patches, row by row.
fn patched(picture: &RgbImage, region: &Region) -> Vec<[f32; 3]> {
    let mut levels = level::pyramid(Level::of(picture, region));
    let Some(mut coarse) = levels.pop() else { return Vec::new() };
    membrane::fill(&mut coarse);
    let mut field = field::Field::random(&coarse);
    peel(&mut coarse, &mut field);
    improve(&mut coarse, &mut field, COARSE_ROUNDS, 1);
    while let Some(mut fine) = levels.pop() {
        fine.fill_from(&coarse);
        field = field.refined(&coarse, &fine);
        let effort = fine.holes().div_ceil(FULL_EFFORT).max(1);
        improve(&mut fine, &mut field, FINE_ROUNDS.div_ceil(effort), effort);
        coarse = fine;
    }
    membrane::settle(&mut coarse, &field);
    coarse.colours()
}

/// A first guess from the hole's edge inwards: each pixel's depth is painted by what fits the less deep ones alone.
fn peel(level: &mut Level, field: &mut field::Field) {
    let deepest = level.depth().ceil() as usize;
    for depth in 0..=deepest {
        level.trust(depth as f32);
        field.search(level, COARSE_ROUNDS + depth, 1);
        vote::blend(level, field);
    }
}

/// Searches better patches and blends them, in turn. `thrift`: how many times less is tried for each pixel.
fn improve(level: &mut Level, field: &mut field::Field, rounds: usize, thrift: usize) {
    for round in 0..rounds {
        field.search(level, round, thrift);
        vote::blend(level, field);
    }
}

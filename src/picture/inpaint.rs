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

use super::strokes::stroke_mask;
use crate::project::Stroke;
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
/// `check` is asked once a round and can stop the work.
pub fn inpaint<E>(
    picture: &RgbImage,
    mask: &GrayImage,
    check: impl Fn() -> Result<(), E>,
) -> Result<RgbImage, E> {
    let mut painted = picture.clone();
    for region in region::regions(picture.dimensions(), mask) {
        check()?;
        let colours = if region.holes() > MOST_PATCHED || !region.has_sources() {
            membrane::smooth(&painted, &region)
        } else {
            patched(&painted, &region, &check)?
        };
        region.put(&mut painted, &colours);
    }
    Ok(painted)
}

/// [`inpaint`] of what the strokes cover.
pub fn painted_out<E>(
    picture: &RgbImage,
    strokes: &[Stroke],
    check: impl Fn() -> Result<(), E>,
) -> Result<RgbImage, E> {
    inpaint(picture, &stroke_mask(strokes, picture.width(), picture.height()), check)
}

/// The region's pixels with the hole painted from patches, row by row.
fn patched<E>(
    picture: &RgbImage,
    region: &Region,
    check: &impl Fn() -> Result<(), E>,
) -> Result<Vec<[f32; 3]>, E> {
    let mut levels = level::pyramid(Level::of(picture, region));
    let Some(mut coarse) = levels.pop() else { return Ok(Vec::new()) };
    membrane::fill(&mut coarse);
    let mut field = field::Field::random(&coarse);
    peel(&mut coarse, &mut field, check)?;
    improve(&mut coarse, &mut field, COARSE_ROUNDS, 1, check)?;
    while let Some(mut fine) = levels.pop() {
        fine.fill_from(&coarse);
        field = field.refined(&coarse, &fine);
        let effort = fine.holes().div_ceil(FULL_EFFORT).max(1);
        improve(&mut fine, &mut field, FINE_ROUNDS.div_ceil(effort), effort, check)?;
        coarse = fine;
    }
    membrane::settle(&mut coarse, &field);
    Ok(coarse.colours())
}

/// A first guess from the hole's edge inwards: each pixel's depth is painted by what fits the less deep ones alone.
fn peel<E>(level: &mut Level, field: &mut field::Field, check: &impl Fn() -> Result<(), E>) -> Result<(), E> {
    let deepest = level.depth().ceil() as usize;
    for depth in 0..=deepest {
        check()?;
        level.trust(depth as f32);
        field.search(level, COARSE_ROUNDS + depth, 1);
        vote::blend(level, field);
    }
    Ok(())
}

/// Searches better patches and blends them, in turn. `thrift`: how many times less is tried for each pixel.
fn improve<E>(
    level: &mut Level,
    field: &mut field::Field,
    rounds: usize,
    thrift: usize,
    check: &impl Fn() -> Result<(), E>,
) -> Result<(), E> {
    for round in 0..rounds {
        check()?;
        field.search(level, round, thrift);
        vote::blend(level, field);
    }
    Ok(())
}

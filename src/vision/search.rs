//! Second looks for faces that one look at the whole picture misses.
//!
//! The finder's grid has 13 x 13 cells, so a face much smaller than a cell is lost, a face that fills the picture
//! is larger than all it was trained on, and a head laid on its shoulder looks like nothing it knows. Where the
//! first look finds nothing, the picture is looked at from further away, turned, and then closer: with more cells,
//! and a narrow picture in tiles. More looks see more that is not there, so these must be surer. A fixed number
//! of looks bounds the work.

use super::finder::{Finder, SIDE, without_doubles};
use super::look::Window;
use super::{FaceBox, VisionError};
use glam::{DAffine2, DVec2};
use image::{Rgb, RgbImage};
use rayon::prelude::*;

/// A second look's box below this score is no face.
const SURE: f32 = 0.6;

/// From further away the picture fills this share of the look.
const FURTHER: f64 = 0.55;

/// A turned look's angles, degrees.
const TURNS: [f64; 2] = [-35.0, 35.0];

/// Sides of closer looks at the whole picture; one that enlarges the picture more than this shows nothing new.
const CLOSER: [usize; 2] = [832, 1248];
const ENLARGED: f64 = 1.5;

/// A picture so many times longer than wide is looked at in square tiles that overlap by half.
const NARROW: f64 = 2.0;

/// Tiles looked at in one picture, at most, and the smallest that could show a face, pixels.
const MOST: u32 = 64;
const SMALLEST: u32 = 48;

/// Grey around a picture that is seen from further away or turned.
const AROUND: Rgb<u8> = Rgb([117, 115, 97]);

/// Faces that only second looks find, best first.
pub(super) fn search(finder: &Finder, picture: &RgbImage) -> Result<Vec<FaceBox>, VisionError> {
    let whole = std::iter::once((FURTHER, 0.0)).chain(TURNS.map(|turn| (1.0, turn)));
    let mut found = Vec::new();
    for (share, turn) in whole {
        found.extend(from_afar(finder, picture, share, turn)?);
    }
    let whole = Window::whole(picture);
    for side in CLOSER.into_iter().filter(|side| *side as f64 <= f64::from(whole.longest()) * ENLARGED) {
        if found.is_empty() {
            found = finder.find(picture, whole, side, SURE)?;
        }
    }
    if found.is_empty() {
        let looks = tiles(whole).into_par_iter().map(|tile| finder.find(picture, tile, SIDE, SURE));
        found = looks.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    }
    Ok(without_doubles(found))
}

/// Looks at the whole picture, `share` of the look's side long and turned by `turn` degrees.
fn from_afar(
    finder: &Finder,
    picture: &RgbImage,
    share: f64,
    turn: f64,
) -> Result<Vec<FaceBox>, VisionError> {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let scale = share * SIDE as f64 / width.max(height);
    let middle = DVec2::splat(SIDE as f64 / 2.0);
    let look_from_picture = DAffine2::from_translation(middle)
        * DAffine2::from_angle(turn.to_radians())
        * DAffine2::from_scale(DVec2::splat(scale))
        * DAffine2::from_translation(-DVec2::new(width, height) / 2.0);
    let picture_from_look = look_from_picture.inverse();
    let seen = RgbImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
        let at = picture_from_look.transform_point2(DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5));
        let inside = at.cmpge(DVec2::ZERO).all() && at.x < width && at.y < height;
        if inside { *picture.get_pixel(at.x as u32, at.y as u32) } else { AROUND }
    });
    let faces = finder.find(&seen, Window::whole(&seen), SIDE, SURE)?;
    let back = |face: FaceBox| {
        let size = DVec2::new(face.width, face.height);
        let centre = picture_from_look.transform_point2(DVec2::new(face.left, face.top) + size / 2.0);
        let (size, corner) = (size / scale, centre - size / scale / 2.0);
        FaceBox { left: corner.x, top: corner.y, width: size.x, height: size.y, score: face.score }
    };
    Ok(faces.into_iter().map(back).collect())
}

/// Square tiles of a narrow picture from end to end; none of any other, and none where too many would be needed.
fn tiles(whole: Window) -> Vec<Window> {
    let (longer, side) = (whole.longest(), whole.width.min(whole.height));
    if f64::from(longer) < NARROW * f64::from(side) || side < SMALLEST || longer > side * (MOST / 2) {
        return Vec::new();
    }
    let steps = ((longer - side) * 2).div_ceil(side).max(1);
    let tile = |step: u32| {
        let at = (u64::from(longer - side) * u64::from(step) / u64::from(steps)) as u32;
        let (left, top) = if whole.width == longer { (at, 0) } else { (0, at) };
        Window { left, top, width: side, height: side }
    };
    (0..=steps).map(tile).collect()
}

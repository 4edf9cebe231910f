//! Second looks for faces that one look at the whole picture misses.
//!
//! The finder's grid has 13 x 13 cells, so a face much smaller than a cell is lost, a face that fills the picture
//! is larger than all it was trained on, and a head laid on its shoulder looks like nothing it knows. Where the
//! first look finds nothing, the picture is looked at from further away, turned, and in tiles. More looks see
//! more that is not there, so these must be surer. A fixed number of looks bounds the work.

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

/// Sides of tiles, as shares of the picture's shorter side: a single row of whole ones for panoramas too.
const TILES: [f64; 3] = [1.0, 0.5, 0.3];

/// Step between tiles, as a share of their side: a face of half a tile is whole in one of them.
const STEP: f64 = 0.5;

/// Tiles looked at in one picture, at most.
const MOST: usize = 64;

/// Tiles smaller than this show no face that could be used, pixels.
const SMALLEST: f64 = 48.0;

/// Grey around a picture that is seen from further away or turned.
const AROUND: Rgb<u8> = Rgb([117, 115, 97]);

/// Faces that only second looks find, best first.
pub(super) fn search(finder: &Finder, picture: &RgbImage) -> Result<Vec<FaceBox>, VisionError> {
    let whole = std::iter::once((FURTHER, 0.0)).chain(TURNS.map(|turn| (1.0, turn)));
    let mut found = Vec::new();
    for (share, turn) in whole {
        found.extend(from_afar(finder, picture, share, turn)?);
    }
    if found.is_empty() {
        let tiles = tiles(picture.width(), picture.height());
        let looks: Vec<_> =
            tiles.par_iter().map(|tile| finder.find(picture, *tile, SIDE, SURE)).collect::<Result<_, _>>()?;
        found = looks.into_iter().flatten().collect();
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

/// Square tiles, large ones first, at most [`MOST`].
fn tiles(width: u32, height: u32) -> Vec<Window> {
    let shorter = f64::from(width.min(height));
    let mut tiles = Vec::new();
    for side in TILES.map(|share| (share * shorter).floor()).into_iter().filter(|side| *side >= SMALLEST) {
        let (columns, rows) = (starts(width, side), starts(height, side));
        // One tile that is the whole picture has been looked at already.
        if columns.len() * rows.len() == 1 || tiles.len() + columns.len() * rows.len() > MOST {
            continue;
        }
        let side = side as u32;
        let row = |top: &u32| {
            columns
                .iter()
                .map(|left| Window { left: *left, top: *top, width: side, height: side })
                .collect::<Vec<_>>()
        };
        tiles.extend(rows.iter().flat_map(row));
    }
    tiles
}

/// First pixels of the tiles of `side` along `length`, evenly spread from edge to edge.
fn starts(length: u32, side: f64) -> Vec<u32> {
    let free = f64::from(length) - side;
    let steps = (free / (side * STEP)).ceil().max(0.0) as u32;
    (0..=steps).map(|step| (free * f64::from(step) / f64::from(steps.max(1))) as u32).collect()
}

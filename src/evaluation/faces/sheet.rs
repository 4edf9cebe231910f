//! Faces with what was seen in them, for people to look at.

use crate::picture::resize_rgb;
use crate::vision::{FaceBox, FaceLandmarks};
use glam::DVec2;
use image::imageops::crop_imm;
use image::{Rgb, RgbImage};

/// Side of a tile, pixels.
const TILE: u32 = 200;

/// Around the box, as a share of its longer side.
const MARGIN: f64 = 0.25;

const BOX: Rgb<u8> = Rgb([60, 140, 255]);
const DOT: Rgb<u8> = Rgb([80, 255, 90]);

/// The face large; without one, the whole picture.
pub(super) fn tile(picture: &RgbImage, seen: Option<(&FaceBox, &FaceLandmarks)>) -> RgbImage {
    let Some((face, landmarks)) = seen else { return resize_rgb(picture, TILE, TILE) };
    let longer = face.width.max(face.height) * (1.0 + 2.0 * MARGIN);
    let centre = DVec2::new(face.left + face.width / 2.0, face.top + face.height / 2.0);
    let corner = (centre - longer / 2.0).max(DVec2::ZERO).floor();
    let (left, top) = (corner.x as u32, corner.y as u32);
    let most = picture.width().saturating_sub(left).min(picture.height().saturating_sub(top));
    let side = (longer as u32).clamp(1, most.max(1));
    let mut tile = resize_rgb(&crop_imm(picture, left, top, side, side).to_image(), TILE, TILE);
    let scale = f64::from(TILE) / f64::from(side);
    let at = |x: f64, y: f64| (DVec2::new(x, y) - corner) * scale;
    let [from, to] = [at(face.left, face.top), at(face.left + face.width, face.top + face.height)];
    for step in 0..=TILE {
        let along = from + (to - from) * (f64::from(step) / f64::from(TILE));
        for edge in [from.y, to.y] {
            dot(&mut tile, DVec2::new(along.x, edge), 1, BOX);
        }
        for edge in [from.x, to.x] {
            dot(&mut tile, DVec2::new(edge, along.y), 1, BOX);
        }
    }
    landmarks.0.iter().for_each(|landmark| dot(&mut tile, at(landmark.x, landmark.y), 2, DOT));
    tile
}

/// A square of `side` pixels whose middle is `at`.
fn dot(tile: &mut RgbImage, at: DVec2, side: i64, colour: Rgb<u8>) {
    let corner = (at - (side - 1) as f64 / 2.0).round();
    for (dx, dy) in (0..side).flat_map(|dy| (0..side).map(move |dx| (dx, dy))) {
        let (x, y) = (corner.x as i64 + dx, corner.y as i64 + dy);
        if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
            && let Some(pixel) = tile.get_pixel_mut_checked(x, y)
        {
            *pixel = colour;
        }
    }
}

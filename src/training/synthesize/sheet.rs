//! Truth to look at: landmarks, face rows, hooks and the matte's outline drawn over a picture.

use super::truth::Truth;
use image::{GrayAlphaImage, Rgb, RgbImage};

const LANDMARK: Rgb<u8> = Rgb([0, 255, 120]);
const FACE: Rgb<u8> = Rgb([255, 220, 0]);
const OUTLINE: Rgb<u8> = Rgb([255, 0, 160]);
const HIDDEN: Rgb<u8> = Rgb([0, 160, 255]);
const HOOK: Rgb<u8> = Rgb([255, 60, 0]);

/// Draws the truth over a copy of the picture; `matte` is the member `matte.png`.
pub fn overlay(picture: &RgbImage, matte: &GrayAlphaImage, truth: &Truth) -> RgbImage {
    let hooks: Vec<_> = truth.earrings.iter().map(|earring| earring.hook).collect();
    marked(picture, matte, truth.face_rows, &truth.landmarks, &hooks)
}

/// The same for what every kind of picture knows; all in its frame.
pub(in crate::training) fn marked(
    picture: &RgbImage,
    matte: &GrayAlphaImage,
    face_rows: [f64; 2],
    landmarks: &[[f64; 2]],
    hooks: &[[f64; 2]],
) -> RgbImage {
    let mut sheet = picture.clone();
    let inside = |x: i64, y: i64, channel: usize| {
        let place = u32::try_from(x).ok().zip(u32::try_from(y).ok());
        place.and_then(|(x, y)| matte.get_pixel_checked(x, y)).is_some_and(|pixel| pixel.0[channel] >= 128)
    };
    for (x, y, pixel) in sheet.enumerate_pixels_mut() {
        let (x, y) = (i64::from(x), i64::from(y));
        for (channel, colour) in [(0, HIDDEN), (1, OUTLINE)] {
            let beside = [(1, 0), (-1, 0), (0, 1), (0, -1)];
            let touched = beside.into_iter().any(|(dx, dy)| inside(x + dx, y + dy, channel));
            if touched && !inside(x, y, channel) {
                *pixel = colour;
            }
        }
    }
    let mut dot = |at: [f64; 2], radius: i64, colour: Rgb<u8>| {
        let (x, y) = (at[0] as i64, at[1] as i64);
        for (dx, dy) in (-radius..=radius).flat_map(|dy| (-radius..=radius).map(move |dx| (dx, dy))) {
            let place = u32::try_from(x + dx).ok().zip(u32::try_from(y + dy).ok());
            if let Some(pixel) = place.and_then(|(x, y)| sheet.get_pixel_mut_checked(x, y)) {
                *pixel = colour;
            }
        }
    };
    // Larger pictures are shown smaller: what is drawn must still be seen.
    let thick = i64::from(picture.width() / 512);
    for row in face_rows {
        for step in 0..picture.width() / 4 {
            dot([f64::from(4 * step), row], 0, FACE);
            dot([f64::from(4 * step + 1), row], 0, FACE);
        }
    }
    landmarks.iter().for_each(|at| dot(*at, thick, LANDMARK));
    hooks.iter().for_each(|at| dot(*at, 1 + thick, HOOK));
    sheet
}

//! A measured head drawn over its picture: landmarks, the face's rows, lobes, the head's axes.

use crate::vision::HeadFit;
use glam::{DVec2, DVec3};
use image::imageops::{FilterType, resize};
use image::{Rgb, RgbImage};

/// Length of the drawn axes, metres.
const AXIS: f64 = 0.07;
const AXES: [(DVec3, Rgb<u8>); 3] =
    [(DVec3::X, Rgb([255, 70, 70])), (DVec3::Y, Rgb([80, 230, 80])), (DVec3::Z, Rgb([90, 140, 255]))];
const LANDMARK: Rgb<u8> = Rgb([255, 235, 80]);
const ROWS: Rgb<u8> = Rgb([255, 255, 255]);
const LOBE: Rgb<u8> = Rgb([255, 60, 220]);
/// Frames: seen freely, only where expected, not at all.
const FREE: Rgb<u8> = Rgb([60, 200, 90]);
const EXPECTED: Rgb<u8> = Rgb([240, 170, 40]);
const LOST: Rgb<u8> = Rgb([220, 40, 40]);

/// A picture made small, with what was measured in it; the frame tells how the face was seen.
pub(super) fn tile(picture: &RgbImage, fit: Option<&HeadFit>, free: bool, side: u32) -> RgbImage {
    let longest = picture.width().max(picture.height()).max(1);
    let scale = f64::from(side) / f64::from(longest);
    let small = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let mut tile = resize(picture, small(picture.width()), small(picture.height()), FilterType::Triangle);
    let frame = match fit {
        None => LOST,
        Some(_) if free => FREE,
        Some(_) => EXPECTED,
    };
    if let Some(fit) = fit {
        over(&mut tile, fit, scale);
    }
    let (right, bottom) = (f64::from(tile.width()) - 1.0, f64::from(tile.height()) - 1.0);
    let corners = [(0.0, 0.0), (right, 0.0), (right, bottom), (0.0, bottom), (0.0, 0.0)];
    for ends in corners.windows(2) {
        line(&mut tile, ends[0].into(), ends[1].into(), frame);
    }
    tile
}

fn over(tile: &mut RgbImage, fit: &HeadFit, scale: f64) {
    let width = f64::from(tile.width());
    for row in [fit.face_rows.0, fit.face_rows.1].map(|row| row * scale) {
        line(tile, DVec2::new(0.0, row), DVec2::new(0.06 * width, row), ROWS);
        line(tile, DVec2::new(0.94 * width, row), DVec2::new(width, row), ROWS);
    }
    fit.landmarks.0.iter().for_each(|landmark| put(tile, *landmark * scale, LANDMARK));
    for lobe in fit.lobes_in_picture {
        let at = lobe * scale;
        [DVec2::X, DVec2::Y].iter().for_each(|arm| line(tile, at - *arm * 2.0, at + *arm * 2.0, LOBE));
    }
    let middle = fit.placing.project(DVec3::ZERO) * scale;
    for (axis, colour) in AXES {
        line(tile, middle, fit.placing.project(axis * AXIS) * scale, colour);
    }
}

fn line(tile: &mut RgbImage, from: DVec2, to: DVec2, colour: Rgb<u8>) {
    let steps = (to - from).abs().max_element().ceil().clamp(1.0, 4096.0) as usize;
    for step in 0..=steps {
        put(tile, from.lerp(to, step as f64 / steps as f64), colour);
    }
}

/// One pixel, if the tile has it.
fn put(tile: &mut RgbImage, at: DVec2, colour: Rgb<u8>) {
    let (x, y) = (at.x.round(), at.y.round());
    if x >= 0.0 && y >= 0.0 && x < f64::from(tile.width()) && y < f64::from(tile.height()) {
        tile.put_pixel(x as u32, y as u32, colour);
    }
}

//! The same face in another picture: changes whose effect on landmarks is known exactly.

use crate::picture::resize_rgb;
use crate::vision::FaceLandmarks;
use glam::{DMat2, DVec2};
use image::imageops::flip_horizontal;
use image::{Rgb, RgbImage};

/// What is done to a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Change {
    Mirrored,
    /// By this factor.
    Smaller(f64),
    /// Every code times this, cut at white.
    Light(f64),
    /// About the middle, degrees clockwise; corners repeat the edge.
    Turned(f64),
    /// Up to so many codes up or down, pixel by pixel.
    Grainy(i32),
}

pub(super) const CHANGES: [Change; 8] = [
    Change::Mirrored,
    Change::Smaller(0.5),
    Change::Smaller(0.2),
    Change::Light(0.5),
    Change::Light(1.5),
    Change::Turned(10.0),
    Change::Turned(25.0),
    Change::Grainy(24),
];

impl Change {
    pub(super) fn name(self) -> String {
        match self {
            Self::Mirrored => "mirrored".to_owned(),
            Self::Smaller(factor) => format!("{:.0} % of the size", factor * 100.0),
            Self::Light(factor) => format!("{:.0} % of the light", factor * 100.0),
            Self::Turned(degrees) => format!("turned by {degrees:.0} degrees"),
            Self::Grainy(codes) => format!("grain of {codes} codes"),
        }
    }

    pub(super) fn apply(self, picture: &RgbImage) -> RgbImage {
        let (width, height) = picture.dimensions();
        match self {
            Self::Mirrored => flip_horizontal(picture),
            Self::Smaller(factor) => {
                let side = |length: u32| (f64::from(length) * factor).round().max(1.0) as u32;
                resize_rgb(picture, side(width), side(height))
            }
            Self::Light(factor) => {
                let lit = |code: u8| (f64::from(code) * factor).round().min(255.0) as u8;
                RgbImage::from_fn(width, height, |x, y| Rgb(picture.get_pixel(x, y).0.map(lit)))
            }
            Self::Turned(degrees) => turned(picture, degrees),
            Self::Grainy(codes) => RgbImage::from_fn(width, height, |x, y| {
                let moved = |code: u8| (i32::from(code) + grain(x, y, codes)).clamp(0, 255) as u8;
                Rgb(picture.get_pixel(x, y).0.map(moved))
            }),
        }
    }

    /// Landmarks of the changed picture, as they lie in `original`.
    pub(super) fn back(self, seen: &FaceLandmarks, original: &RgbImage) -> FaceLandmarks {
        let size = DVec2::new(f64::from(original.width()), f64::from(original.height()));
        let mut landmarks = seen.0;
        match self {
            Self::Mirrored => return seen.mirrored(original.width()),
            Self::Smaller(factor) => landmarks.iter_mut().for_each(|landmark| *landmark /= factor),
            Self::Turned(degrees) => {
                let back = DMat2::from_angle(-degrees.to_radians());
                landmarks.iter_mut().for_each(|at| *at = back * (*at - size / 2.0) + size / 2.0);
            }
            Self::Light(_) | Self::Grainy(_) => {}
        }
        FaceLandmarks(landmarks)
    }
}

fn turned(picture: &RgbImage, degrees: f64) -> RgbImage {
    let (width, height) = picture.dimensions();
    let middle = DVec2::new(f64::from(width), f64::from(height)) / 2.0;
    let back = DMat2::from_angle(-degrees.to_radians());
    RgbImage::from_fn(width, height, |x, y| {
        let at = back * (DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5) - middle) + middle - 0.5;
        let corner = at.floor();
        let share = at - corner;
        let code = |dx: i64, dy: i64, channel: usize| {
            let column = (corner.x as i64 + dx).clamp(0, i64::from(width) - 1) as u32;
            let row = (corner.y as i64 + dy).clamp(0, i64::from(height) - 1) as u32;
            f64::from(picture.get_pixel(column, row).0[channel])
        };
        Rgb(std::array::from_fn(|channel| {
            let top = code(0, 0, channel) * (1.0 - share.x) + code(1, 0, channel) * share.x;
            let bottom = code(0, 1, channel) * (1.0 - share.x) + code(1, 1, channel) * share.x;
            (top * (1.0 - share.y) + bottom * share.y).round() as u8
        }))
    })
}

/// -codes..=codes, from the place alone.
fn grain(x: u32, y: u32, codes: i32) -> i32 {
    let mixed = (x.wrapping_mul(0x9E37_79B9) ^ y.wrapping_mul(0x85EB_CA6B)).wrapping_mul(0xC2B2_AE35);
    (mixed >> 16) as i32 % (2 * codes + 1) - codes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::LANDMARKS;

    #[test]
    fn twins_of_twins_are_themselves() {
        let seen = FaceLandmarks(std::array::from_fn(|index| DVec2::new(index as f64, 2.0 * index as f64)));
        assert_ne!(seen.mirrored(100), seen);
        assert_eq!(seen.mirrored(100).mirrored(100), seen);
    }

    #[test]
    fn landmarks_come_back_from_every_change() {
        // One bright pixel far from the middle, and a landmark on it.
        let at = DVec2::new(70.5, 40.5);
        let picture = RgbImage::from_fn(100, 80, |x, y| Rgb([if (x, y) == (70, 40) { 200 } else { 40 }; 3]));
        for change in [Change::Mirrored, Change::Turned(10.0), Change::Turned(25.0), Change::Light(0.5)] {
            let changed = change.apply(&picture);
            let (x, y, _) = changed.enumerate_pixels().max_by_key(|(_, _, pixel)| pixel.0[0]).unwrap();
            let seen = FaceLandmarks([DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5); LANDMARKS]);
            let back = change.back(&seen, &picture);
            assert!(back.0[0].distance(at) < 0.8, "{change:?}: {}", back.0[0]);
        }
    }
}

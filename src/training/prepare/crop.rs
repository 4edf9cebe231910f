//! The square of a photo that becomes a picture.
//!
//! It holds the face and the whole mask. How large it is and where in it they lie is drawn anew for every photo, from
//! its name, within what the photo allows: photos are mostly framed alike, and the scale band would say nothing.

use super::folder::Photo;
use super::unfit::Unfit;
use crate::picture::resize_rgb;
use crate::project::Dice;
use crate::vision::HeadFit;
use glam::DVec2;
use image::imageops::{FilterType, crop_imm, resize};
use image::{GrayImage, RgbImage};
use sha2::{Digest, Sha256};
use std::ops::RangeInclusive;

/// The face's height as a share of the picture's that is aimed at (METHOD 2's usual range).
const RATIO: (f64, f64) = (0.3, 0.7);

/// Room around face and mask, as a share of the longer side of both.
const MARGIN: f64 = 0.04;

/// The crown above the brows, in face heights: shown where the photo has room for it.
const CROWN: f64 = 0.7;

/// Photos are enlarged by no more.
const MOST_ENLARGED: f64 = 2.0;

/// A square of a photo, whole pixels, and the side that it is brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crop {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) side: u32,
    pub(super) size: u32,
}

/// Columns and rows that the square must hold, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Needed {
    low: [u32; 2],
    high: [u32; 2],
}

impl Needed {
    /// Of the smallest square that holds it.
    fn side(&self) -> u32 {
        let [width, height] = [0, 1].map(|axis| self.high[axis] - self.low[axis]);
        width.max(height)
    }
}

impl Crop {
    pub(super) fn of(photo: &Photo, mask: &GrayImage, fit: &HeadFit, size: u32) -> Result<Self, Unfit> {
        let face_height = fit.face_rows.1 - fit.face_rows.0;
        let (wished, least) = (needed(mask, fit, CROWN * face_height), needed(mask, fit, 0.0));
        let has_room = wished.side() <= mask.width().min(mask.height());
        let needed = if has_room { wished } else { least };
        Self::drawn(&mut dice_of(&photo.name), mask.dimensions(), needed, face_height, size)
    }

    fn drawn(
        dice: &mut Dice,
        photo: (u32, u32),
        needed: Needed,
        face_height: f64,
        size: u32,
    ) -> Result<Self, Unfit> {
        let (least, most) = (needed.side(), photo.0.min(photo.1));
        if least > most {
            return Err(Unfit::NoRoom);
        }
        let ratio = RATIO.0 + (RATIO.1 - RATIO.0) * dice.fine_share();
        // Nothing is enlarged that need not be.
        let side = ((face_height / ratio).round() as u32).max(size).clamp(least, most);
        if f64::from(side) * MOST_ENLARGED < f64::from(size) {
            return Err(Unfit::Enlarged { side, size });
        }
        let mut along = |axis: usize, length: u32| {
            let first = needed.high[axis].saturating_sub(side);
            one_of(dice, first..=needed.low[axis].min(length - side))
        };
        Ok(Self { left: along(0, photo.0), top: along(1, photo.1), side, size })
    }

    /// Pixels of the picture in a pixel of the photo.
    pub(super) fn scale(&self) -> f64 {
        f64::from(self.size) / f64::from(self.side)
    }

    /// A place of the photo in the picture.
    pub(super) fn place(&self, at: DVec2) -> DVec2 {
        (at - DVec2::new(f64::from(self.left), f64::from(self.top))) * self.scale()
    }

    pub(super) fn picture(&self, photo: &RgbImage) -> RgbImage {
        let square = crop_imm(photo, self.left, self.top, self.side, self.side).to_image();
        resize_rgb(&square, self.size, self.size)
    }

    /// By a filter without negative lobes: no halo, no holes.
    pub(super) fn matte(&self, mask: &GrayImage) -> GrayImage {
        let square = crop_imm(mask, self.left, self.top, self.side, self.side).to_image();
        resize(&square, self.size, self.size, FilterType::Triangle)
    }
}

/// Face, `above` rows over it, and mask, with their margin, as far as the photo reaches.
fn needed(mask: &GrayImage, fit: &HeadFit, above: f64) -> Needed {
    let (mut low, mut high) = fit.landmarks.bounds();
    (low.y, high.y) = (low.y.min(fit.face_rows.0) - above, high.y.max(fit.face_rows.1));
    for (x, y, _) in mask.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] > 0) {
        let at = DVec2::new(f64::from(x), f64::from(y));
        (low, high) = (low.min(at), high.max(at + 1.0));
    }
    let margin = MARGIN * (high - low).max_element();
    let size = DVec2::new(f64::from(mask.width()), f64::from(mask.height()));
    let (low, high) = ((low - margin).clamp(DVec2::ZERO, size), (high + margin).clamp(DVec2::ZERO, size));
    let whole = |at: DVec2| [at.x as u32, at.y as u32];
    Needed { low: whole(low.floor()), high: whole(high.ceil()) }
}

/// Dice of a photo's own: whatever else the folder holds, its square stays.
fn dice_of(name: &str) -> Dice {
    let digest = Sha256::digest(name.as_bytes());
    Dice::new(digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte)))
}

fn one_of(dice: &mut Dice, range: RangeInclusive<u32>) -> u32 {
    let (first, last) = (*range.start(), *range.end());
    first + dice.index((last.saturating_sub(first) + 1) as usize) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_square_holds_what_it_must_and_stays_in_the_photo() {
        let needed = Needed { low: [300, 100], high: [520, 460] };
        let mut sides = Vec::new();
        for name in 0..200 {
            let mut dice = dice_of(&format!("{name}.jpg"));
            let crop = Crop::drawn(&mut dice, (800, 1000), needed, 250.0, 256).unwrap();
            assert!(crop.left + crop.side <= 800 && crop.top + crop.side <= 1000, "{crop:?}");
            assert!(crop.left <= 300 && crop.left + crop.side >= 520, "{crop:?}");
            assert!(crop.top <= 100 && crop.top + crop.side >= 460, "{crop:?}");
            sides.push(crop.side);
        }
        // From as near as face and mask allow to where the face is 0.3 of the picture.
        assert!(sides.iter().min() < Some(&370) && sides.iter().max() > Some(&780), "{sides:?}");
    }

    #[test]
    fn what_does_not_fit_or_would_be_a_blur_is_left_out() {
        let mut dice = Dice::new(1);
        let wide = Needed { low: [0, 0], high: [500, 100] };
        assert!(matches!(Crop::drawn(&mut dice, (600, 400), wide, 90.0, 256), Err(Unfit::NoRoom)));
        let small = Needed { low: [10, 10], high: [90, 100] };
        let crop = Crop::drawn(&mut dice, (120, 110), small, 80.0, 256);
        assert!(matches!(crop, Err(Unfit::Enlarged { side: 110, size: 256 })), "{crop:?}");
    }

    #[test]
    fn a_place_follows_its_pixel() {
        let crop = Crop { left: 40, top: 20, side: 200, size: 100 };
        assert_eq!(crop.place(DVec2::new(140.0, 60.0)), DVec2::new(50.0, 20.0));
        let mut mask = GrayImage::new(300, 300);
        (138..142)
            .flat_map(|x| (58..62).map(move |y| (x, y)))
            .for_each(|(x, y)| mask.get_pixel_mut(x, y).0 = [255]);
        let matte = crop.matte(&mask);
        let sum: f64 = matte.pixels().map(|pixel| f64::from(pixel.0[0])).sum();
        let mean = matte.enumerate_pixels().fold(DVec2::ZERO, |mean, (x, y, pixel)| {
            mean + (DVec2::new(f64::from(x), f64::from(y)) + 0.5) * f64::from(pixel.0[0]) / sum
        });
        assert!(mean.distance(DVec2::new(50.0, 20.0)) < 0.02, "{mean}");
        assert!((sum / 255.0 - 4.0).abs() < 0.1, "{sum}");
    }
}

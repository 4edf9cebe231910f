//! A cut-out against the truth.

use crate::jeweller::GroundedPhoto;
use crate::picture::{Lab, ciede2000};
use image::RgbaImage;

/// Half the side of the window in which an edge is looked for.
const NEAR: i64 = 2;

/// What the measures in the room's text came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Score {
    pub(super) iou: f64,
    pub(super) band: f64,
    pub(super) mixed: f64,
    pub(super) colour: f64,
    /// Opaque pixels that are not the photo's own, and clear ones that hide a colour.
    pub(super) broken: usize,
}

/// A weighted mean in the making.
#[derive(Default)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    fn add(&mut self, value: f64, weight: f64) {
        self.sum += value * weight;
        self.weight += weight;
    }

    fn value(&self) -> f64 {
        if self.weight > 0.0 { self.sum / self.weight } else { 0.0 }
    }
}

impl Score {
    pub(super) fn of(shown: &GroundedPhoto, found: &RgbaImage) -> Self {
        let GroundedPhoto { photo, truth } = shown;
        let (mut both, mut either, mut broken) = (0_usize, 0_usize, 0);
        let (mut band, mut mixed, mut colour) = (Mean::default(), Mean::default(), Mean::default());
        for (x, y, own) in found.enumerate_pixels() {
            let (own, real) = (own.0, truth.get_pixel(x, y).0);
            both += usize::from(own[3] >= 128 && real[3] >= 128);
            either += usize::from(own[3] >= 128 || real[3] >= 128);
            let kept = own[3] < 255 || own[..3] == photo.get_pixel(x, y).0;
            broken += usize::from(!kept || (own[3] == 0 && own != [0; 4]));
            let error = f64::from(own[3].abs_diff(real[3])) / 255.0;
            let is_mixed = real[3] > 0 && real[3] < 255;
            if is_mixed {
                mixed.add(error, 1.0);
            }
            if is_mixed && real[3] >= 26 && own[3] > 0 {
                let codes = |[red, green, blue, _]: [u8; 4]| Lab::of([red, green, blue]);
                colour.add(ciede2000(codes(own), codes(real)), f64::from(real[3]));
            }
            if is_mixed || near_an_edge(truth, x, y) {
                band.add(error, 1.0);
            }
        }
        let iou = if either > 0 { both as f64 / either as f64 } else { 1.0 };
        Self { iou, band: band.value(), mixed: mixed.value(), colour: colour.value(), broken }
    }
}

fn near_an_edge(truth: &RgbaImage, x: u32, y: u32) -> bool {
    let at = |dx: i64, dy: i64| {
        let (column, row) = (u32::try_from(i64::from(x) + dx).ok()?, u32::try_from(i64::from(y) + dy).ok()?);
        truth.get_pixel_checked(column, row).map(|pixel| pixel.0[3])
    };
    // Most pixels are far from every edge: the window's corners and middle say so in five looks.
    let corners = [(0, 0), (-NEAR, -NEAR), (NEAR, -NEAR), (-NEAR, NEAR), (NEAR, NEAR)];
    let first = at(0, 0);
    let plain = corners.iter().all(|(dx, dy)| at(*dx, *dy) == first);
    if plain
        && first.is_none_or(|alpha| alpha == 0 || alpha == 255)
        && at(NEAR, 0) == first
        && at(0, NEAR) == first
    {
        return false;
    }
    let (mut low, mut high) = (255, 0);
    for dy in -NEAR..=NEAR {
        for dx in -NEAR..=NEAR {
            // Where the photo ends there is no edge of the product.
            let alpha = at(dx, dy).or(first).unwrap_or(0);
            (low, high) = (alpha.min(low), alpha.max(high));
        }
    }
    high - low >= 128
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage, Rgba};

    fn shown() -> GroundedPhoto {
        let photo = RgbImage::from_pixel(20, 20, Rgb([90, 80, 70]));
        let truth = RgbaImage::from_fn(20, 20, |x, _| match x {
            0..10 => Rgba([90, 80, 70, 255]),
            10 => Rgba([90, 80, 70, 102]),
            _ => Rgba([0; 4]),
        });
        GroundedPhoto { photo, truth }
    }

    #[test]
    fn the_truth_scores_full_marks() {
        let shown = shown();
        let score = Score::of(&shown, &shown.truth);
        assert_eq!(score, Score { iou: 1.0, band: 0.0, mixed: 0.0, colour: 0.0, broken: 0 });
    }

    #[test]
    fn faults_are_counted_where_they_are() {
        let shown = shown();
        let mut found = shown.truth.clone();
        for y in 0..20 {
            found.put_pixel(10, y, Rgba([90, 80, 200, 204]));
        }
        found.put_pixel(0, 0, Rgba([91, 80, 70, 255]));
        found.put_pixel(19, 0, Rgba([1, 0, 0, 0]));
        let score = Score::of(&shown, &found);
        assert_eq!(score.broken, 2);
        // 200 true pixels, 20 more found.
        assert!((score.iou - 200.0 / 220.0).abs() < 1e-12);
        assert!((score.mixed - 0.4).abs() < 1e-12);
        // Columns 8 to 11 are the band, one of four is wrong: from column 12 on alpha differs by less than half.
        assert!((score.band - 0.1).abs() < 1e-12, "{}", score.band);
        assert!(score.colour > 5.0);
    }
}

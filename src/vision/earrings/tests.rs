//! Painted earrings on painted necks, and what only looks like one.

use super::*;
use crate::picture::stroke_mask;
use image::Rgb;

const SKIN: [u8; 3] = [196, 148, 122];
const HAIR: [u8; 3] = [58, 40, 32];

/// Skin to the left of a slanted jaw, a grey wall to its right, hair at the top; the lobe at (100, 90), 2 pixels a
/// millimetre.
fn neck() -> RgbImage {
    RgbImage::from_fn(220, 280, |x, y| {
        let grain = ((x * 7 + y * 13) % 5) as u8;
        let colour = if y < 60 && x > 70 {
            HAIR
        } else if x + y / 6 < 112 {
            SKIN
        } else {
            [172, 174, 178]
        };
        Rgb(colour.map(|code| code + grain))
    })
}

fn with_hoop(mut photo: RgbImage) -> (RgbImage, GrayImage) {
    let mut truth = GrayImage::new(photo.width(), photo.height());
    for (x, y, pixel) in photo.enumerate_pixels_mut() {
        let away = (f64::from(x) - 101.0).hypot(f64::from(y) - 118.0);
        if (24.0..28.0).contains(&away) {
            pixel.0 = if x % 9 < 3 { [255, 244, 190] } else { [212, 160, 30] };
            truth.put_pixel(x, y, Luma([255]));
        }
    }
    (photo, truth)
}

fn look(photo: &RgbImage) -> (EarState, Vec<usize>, Strip) {
    let strip = Strip::new(photo, DVec2::new(100.0, 90.0), 2.0, 1.0);
    let (state, cells) = judge(&strip);
    (state, cells, strip)
}

#[test]
fn a_gold_hoop_is_found_and_covered() {
    let (photo, truth) = with_hoop(neck());
    let (state, cells, strip) = look(&photo);
    assert_eq!(state, EarState::Earring);
    let covered = stroke_mask(&cover(&photo, &strip, &cells, 2.0), photo.width(), photo.height());
    let pairs = || truth.pixels().zip(covered.pixels());
    let all = pairs().filter(|(truth, _)| truth.0[0] > 0).count();
    let both = pairs().filter(|(truth, covered)| truth.0[0] > 0 && covered.0[0] > 0).count();
    let covered = covered.pixels().filter(|pixel| pixel.0[0] > 0).count();
    assert!(both * 100 > all * 90, "{both} of {all} pixels are covered");
    assert!(covered < all * 5 / 2, "{covered} pixels for {all}");
}

#[test]
fn a_bare_lobe_is_bare_on_either_side() {
    assert_eq!(look(&neck()).0, EarState::Bare);
    let mirrored = image::imageops::flip_horizontal(&neck());
    let strip = Strip::new(&mirrored, DVec2::new(120.0, 90.0), 2.0, -1.0);
    assert_eq!(judge(&strip).0, EarState::Bare);
}

#[test]
fn a_lock_of_hair_is_no_earring() {
    let mut photo = neck();
    for y in 96..200 {
        for x in 0..4 {
            photo.put_pixel(104 + x + y / 40, y, Rgb(HAIR));
        }
    }
    assert_ne!(look(&photo).0, EarState::Earring);
}

#[test]
fn a_strip_beyond_the_photo_is_no_fault() {
    let photo = RgbImage::from_pixel(30, 20, Rgb(SKIN));
    for lobe in [(0.0, 0.0), (29.9, 19.9)] {
        let strip = Strip::new(&photo, DVec2::from(lobe), 40.0, -1.0);
        assert_eq!(judge(&strip).0, EarState::Bare);
    }
}

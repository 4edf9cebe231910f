//! Holes of every kind, and what must stay.

use super::*;
use std::convert::Infallible;

/// Without being asked to stop.
fn inpaint(picture: &RgbImage, mask: &GrayImage) -> RgbImage {
    let Ok(painted) = super::inpaint(picture, mask, || Ok::<(), Infallible>(()));
    painted
}
use image::{Luma, Rgb};

/// Stripes on a slope of light: structure and shading at once.
fn striped(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let stripe = if (x + y / 2) % 12 < 6 { 60 } else { 0 };
        let light = 80 + x * 60 / width.max(1);
        Rgb([(light + stripe) as u8, light as u8, 120])
    })
}

fn mask_of(width: u32, height: u32, hole: impl Fn(u32, u32) -> bool) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| Luma([u8::from(hole(x, y)) * 255]))
}

fn box_mask(width: u32, height: u32, left: u32, top: u32, side: u32) -> GrayImage {
    mask_of(width, height, |x, y| (left..left + side).contains(&x) && (top..top + side).contains(&y))
}

/// Mean difference of codes inside the mask.
fn mean_difference(one: &RgbImage, other: &RgbImage, mask: &GrayImage) -> f64 {
    let inside = || one.pixels().zip(other.pixels()).zip(mask.pixels()).filter(|(_, mask)| mask.0[0] != 0);
    let sum: u32 = inside()
        .map(|((one, other), _)| (0..3).map(|c| u32::from(one.0[c].abs_diff(other.0[c]))).sum::<u32>())
        .sum();
    f64::from(sum) / (3.0 * inside().count() as f64)
}

fn blotted(picture: &RgbImage, mask: &GrayImage) -> RgbImage {
    let mut blotted = picture.clone();
    for (pixel, mask) in blotted.pixels_mut().zip(mask.pixels()).filter(|(_, mask)| mask.0[0] != 0) {
        pixel.0 = [255, 0, mask.0[0]];
    }
    blotted
}

#[test]
fn stripes_are_carried_on_through_a_hole() {
    let truth = striped(96, 96);
    let mask = box_mask(96, 96, 38, 38, 20);
    let painted = inpaint(&blotted(&truth, &mask), &mask);
    let off = mean_difference(&painted, &truth, &mask);
    assert!(off < 6.0, "off by {off} codes");
    for ((painted, truth), mask) in painted.pixels().zip(truth.pixels()).zip(mask.pixels()) {
        assert!(mask.0[0] != 0 || painted == truth, "a pixel outside the mask changed");
    }
}

#[test]
fn what_is_under_the_mask_does_not_matter() {
    let truth = striped(64, 64);
    let mask = box_mask(64, 64, 20, 25, 14);
    assert_eq!(inpaint(&truth, &mask), inpaint(&blotted(&truth, &mask), &mask));
}

#[test]
fn any_number_of_threads_paints_the_same() {
    let picture = striped(80, 60);
    let mask = mask_of(80, 60, |x, y| (20..34).contains(&x) && y > 40 || x + y < 15);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| inpaint(&picture, &mask))
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn masks_of_nothing_everything_and_other_sizes_are_no_fault() {
    let picture = striped(40, 30);
    assert_eq!(inpaint(&picture, &GrayImage::new(40, 30)), picture);
    assert_eq!(inpaint(&picture, &GrayImage::new(0, 0)), picture);
    let all = inpaint(&picture, &mask_of(40, 30, |_, _| true));
    assert!(all.pixels().all(|pixel| pixel.0 == [128; 3]), "nothing to paint from");
    assert_eq!(inpaint(&picture, &mask_of(90, 5, |x, _| x >= 40)), picture, "beside the picture");
    let one = RgbImage::from_pixel(1, 1, Rgb([9, 9, 9]));
    assert_eq!(inpaint(&one, &GrayImage::new(1, 1)), one);
    assert_eq!(inpaint(&one, &mask_of(1, 1, |_, _| true)).get_pixel(0, 0).0, [128; 3]);
    assert_eq!(inpaint(&RgbImage::new(0, 0), &mask_of(3, 3, |_, _| true)), RgbImage::new(0, 0));
}

#[test]
fn where_no_patch_is_whole_the_surface_is_smooth() {
    let picture = RgbImage::from_fn(9, 9, |x, _| Rgb([(x * 20) as u8, 50, 50]));
    let mask = mask_of(9, 9, |x, y| x % 4 == 2 || y == 4);
    let painted = inpaint(&picture, &mask);
    assert!(mean_difference(&painted, &picture, &mask) < 12.0);
}

#[test]
fn holes_far_apart_are_told_apart_and_near_ones_joined() {
    let two = |second: u32| {
        let mask = mask_of(400, 60, |x, y| y == 30 && (x == 20 || x == second));
        region::regions((400, 60), &mask).len()
    };
    assert_eq!((two(40), two(300)), (1, 2));
    let specks = mask_of(400, 400, |x, y| x % 40 == 0 && y % 40 == 0);
    assert_eq!(region::regions((400, 400), &specks).len(), 1, "too many to tell apart");
}

#[test]
fn a_hole_that_reaches_the_picture_s_edge_is_filled() {
    let truth = striped(80, 80);
    let mask = box_mask(80, 80, 0, 60, 20);
    let painted = inpaint(&blotted(&truth, &mask), &mask);
    assert!(mean_difference(&painted, &truth, &mask) < 14.0);
}

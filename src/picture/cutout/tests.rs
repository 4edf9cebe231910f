//! The cut-out's promises: strict ID, designers win, bad photos get plain words.

use super::*;
use crate::project::{Other, Point, StrokeKind};
use image::{Rgb, Rgba};

fn never() -> Result<(), ()> {
    Ok(())
}

fn cut(photo: &RgbImage) -> CutOut {
    cut_with(photo, None, &[])
}

fn cut_with(photo: &RgbImage, frame: Option<Rectangle>, strokes: &[Stroke]) -> CutOut {
    let found = cut_out(&CutOutRequest { photo, frame, strokes }, None, never).expect("never stopped");
    assert_eq!(found.pixels.dimensions(), photo.dimensions());
    for (own, pixel) in found.pixels.pixels().zip(photo.pixels()) {
        assert!(own.0[3] < 255 || own.0[..3] == pixel.0, "an opaque pixel is not the photo's");
        assert!(own.0[3] > 0 || own.0 == [0; 4], "a clear pixel hides a colour");
    }
    assert!((0.0..=1.0).contains(&found.quality.score));
    found
}

fn dab(kind: StrokeKind, radius: f64, points: &[(f64, f64)]) -> Stroke {
    let points = points.iter().map(|(x, y)| Point { x: *x, y: *y }).collect();
    Stroke { kind, radius, points, other: Other::new() }
}

/// Codes that change a little from pixel to pixel, as a sensor's do.
fn grain(x: u32, y: u32) -> i32 {
    let bits = (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77)).wrapping_mul(0xc2b2_ae3d);
    (bits >> 16) as i32 % 3 - 1
}

/// A red ring on a ground; pixels of its edges are mixed in linear light. Gives photo and true alpha.
fn ring(side: u32, ground: impl Fn(u32, u32) -> f32) -> (RgbImage, Vec<f32>) {
    let linear = Linear::new();
    let (middle, outer, inner) = (side as f32 / 2.0, side as f32 * 0.34, side as f32 * 0.22);
    let mut alphas = Vec::new();
    let photo = RgbImage::from_fn(side, side, |x, y| {
        let far = (x as f32 + 0.5 - middle).hypot(y as f32 + 0.5 - middle);
        let alpha = (outer - far + 0.5).clamp(0.0, 1.0) * (far - inner + 0.5).clamp(0.0, 1.0);
        alphas.push(alpha);
        let own = [0.42, 0.05, 0.04];
        Rgb(own.map(|light| {
            let mixed = light * alpha + ground(x, y) * (1.0 - alpha);
            (i32::from(linear.encode(mixed)) + grain(x, y)).clamp(0, 255) as u8
        }))
    });
    (photo, alphas)
}

fn worst_and_mean(found: &CutOut, alphas: &[f32]) -> (f32, f32) {
    let errors =
        found.pixels.pixels().zip(alphas).map(|(own, alpha)| (f32::from(own.0[3]) / 255.0 - alpha).abs());
    let edge: Vec<f32> =
        errors.zip(alphas).filter(|(_, alpha)| **alpha > 0.0 && **alpha < 1.0).map(|(e, _)| e).collect();
    (edge.iter().fold(0.0, |most, error| most.max(*error)), edge.iter().sum::<f32>() / edge.len() as f32)
}

#[test]
fn a_ring_is_cut_out_with_its_hole_and_soft_edges() {
    for (name, ground) in [
        ("white", (|_, _| 0.92) as fn(u32, u32) -> f32),
        ("grey", |_, _| 0.4),
        ("black", |_, _| 0.01),
        ("gradient", |x, y| 0.7 - 0.003 * x as f32 - 0.001 * y as f32),
        ("shadow", |x, y| {
            let far = (x as f32 - 72.0).hypot(y as f32 - 74.0);
            0.85 - 0.18 * (-((far - 34.0) / 12.0).powi(2)).exp()
        }),
    ] {
        let (photo, alphas) = ring(128, ground);
        let found = cut(&photo);
        let (_, mean) = worst_and_mean(&found, &alphas);
        assert!(mean < 0.06, "{name}: mean alpha error {mean}");
        assert_eq!(found.pixels.get_pixel(64, 64).0, [0; 4], "{name}: the hole");
        assert_eq!(found.pixels.get_pixel(64, 64 - 36).0[3], 255, "{name}: the ring");
        assert_eq!(found.doubts, [], "{name}");
        assert!(found.quality.score > 0.8, "{name}: {:?}", found.quality);
        // The ground has left the edge: what is mixed is red, on white ground too.
        for (own, alpha) in found.pixels.pixels().zip(&alphas) {
            let [red, green, _, kept] = own.0;
            if (0.4..0.9).contains(alpha) && kept > 90 {
                assert!(i32::from(red) - i32::from(green) > 70, "{name}: {own:?} at alpha {alpha}");
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let (photo, _) = ring(96, |x, _| 0.5 + 0.002 * x as f32);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| cut(&photo))
    };
    let one = on(1);
    assert_eq!(one, on(3));
    assert_eq!(one, on(3));
}

#[test]
fn strokes_win_whatever_the_photo_shows() {
    let (photo, _) = ring(96, |_, _| 0.9);
    let strokes =
        [dab(StrokeKind::Include, 5.0, &[(48.0, 48.0)]), dab(StrokeKind::Exclude, 4.0, &[(48.0, 21.0)])];
    let found = cut_with(&photo, None, &strokes);
    for (x, y, pixel) in found.pixels.enumerate_pixels() {
        let within = |cx: f64, cy: f64, radius: f64| {
            (f64::from(x) + 0.5 - cx).hypot(f64::from(y) + 0.5 - cy) < radius - 1e-6
        };
        assert!(!within(48.0, 48.0, 5.0) || pixel.0[3] == 255, "included at {x}, {y}");
        assert!(!within(48.0, 21.0, 4.0) || pixel.0 == [0; 4], "excluded at {x}, {y}");
    }
}

#[test]
fn the_frame_wins_over_other_things_in_the_photo() {
    let (mut photo, _) = ring(128, |_, _| 0.85);
    for y in 4..20 {
        for x in 4..30 {
            photo.put_pixel(x, y, Rgb([20, 60, 30]));
        }
    }
    let frame = Rectangle { left: 16.0, top: 18.0, right: 112.0, bottom: 112.0 };
    let found = cut_with(&photo, Some(frame), &[]);
    assert_eq!(found.pixels.get_pixel(64, 64 - 36).0[3], 255);
    assert_eq!(found.pixels.get_pixel(64, 64).0[3], 0);
    for (x, y, pixel) in found.pixels.enumerate_pixels() {
        let outside = x < 16 || y < 18 || x >= 112 || y >= 112;
        assert!(!outside || pixel.0 == [0; 4], "outside the frame at {x}, {y}");
    }
    let broken = Rectangle { left: f64::NAN, top: 9.0, right: 3.0, bottom: 1.0 };
    assert_eq!(cut_with(&photo, Some(broken), &[]).pixels, cut(&photo).pixels);
}

#[test]
fn photos_of_nothing_are_said_to_show_nothing() {
    for (name, photo) in [
        ("black", RgbImage::new(64, 48)),
        ("one colour", RgbImage::from_pixel(64, 48, Rgb([180, 181, 179]))),
        ("one pixel", RgbImage::from_pixel(1, 1, Rgb([255, 0, 0]))),
        ("a line", RgbImage::from_pixel(200, 1, Rgb([9, 9, 9]))),
        ("no pixels", RgbImage::new(0, 0)),
    ] {
        let found = cut(&photo);
        assert!(found.doubts.contains(&Doubt::NothingFound), "{name}: {:?}", found.doubts);
        assert!(found.pixels.pixels().all(|pixel| pixel.0 == [0; 4]), "{name}");
        assert_eq!(found.quality.score, 0.0, "{name}");
    }
}

#[test]
fn a_product_that_leaves_the_photo_is_doubted() {
    let photo = RgbImage::from_fn(90, 90, |x, y| {
        let on = (30..60).contains(&x) && y > 40;
        Rgb(if on { [150, 40, 20] } else { [235; 3] }.map(|code| (code + grain(x, y)) as u8))
    });
    let found = cut(&photo);
    assert!(found.doubts.contains(&Doubt::TouchesBorder), "{:?}", found.doubts);
    assert_eq!(found.pixels.get_pixel(45, 70).0[3], 255);
    assert_eq!(found.pixels.get_pixel(10, 10).0[3], 0);
}

#[test]
fn a_product_that_fills_the_photo_is_doubted() {
    let photo = RgbImage::from_fn(80, 80, |x, y| {
        let shade = 128.0 + 100.0 * (x as f32 * 0.23).sin() * (y as f32 * 0.31).cos();
        Rgb([shade as u8, (x * 3) as u8, (255 - y * 2) as u8])
    });
    let doubts = cut(&photo).doubts;
    let said = doubts.contains(&Doubt::FillsPhoto) || doubts.contains(&Doubt::BusyGround);
    assert!(said, "{doubts:?}");
}

#[test]
fn noise_is_doubted_and_survived() {
    let photo = RgbImage::from_fn(150, 110, |x, y| {
        let bits = (x * 7919 + y * 104_729 + 13).wrapping_mul(2_654_435_761);
        Rgb([(bits >> 8) as u8, (bits >> 16) as u8, (bits >> 24) as u8])
    });
    let found = cut(&photo);
    assert!(!found.doubts.is_empty());
    assert_eq!(found, cut(&photo));
}

#[test]
fn a_product_of_the_ground_s_colour_needs_strokes_and_gets_them() {
    let photo = RgbImage::from_fn(96, 96, |x, y| {
        let far = (x as f32 - 48.0).hypot(y as f32 - 48.0);
        let code = if far < 24.0 { 228 } else { 230 };
        Rgb([code; 3].map(|code: i32| (code + grain(x, y)) as u8))
    });
    let found = cut(&photo);
    let said = [Doubt::NothingFound, Doubt::LikeGround].iter().any(|doubt| found.doubts.contains(doubt));
    assert!(said, "{:?}", found.doubts);
    let strokes = [dab(StrokeKind::Include, 22.0, &[(48.0, 48.0)])];
    let found = cut_with(&photo, None, &strokes);
    assert_eq!(found.pixels.get_pixel(48, 30).0[3], 255);
    assert_eq!(found.pixels.get_pixel(48, 8).0[3], 0);
}

#[test]
fn what_was_cut_out_before_is_not_cut_again() {
    let mut photo = RgbaImage::from_pixel(4, 4, Rgba([1, 2, 3, 255]));
    assert_eq!(opaque(&photo), Some(RgbImage::from_pixel(4, 4, Rgb([1, 2, 3]))));
    photo.put_pixel(3, 3, Rgba([1, 2, 3, 254]));
    assert_eq!(opaque(&photo), None);
}

#[test]
fn a_panorama_is_looked_at_in_bounded_time() {
    let photo = RgbImage::from_fn(20_000, 40, |x, y| {
        let on = (9_000..9_100).contains(&x) && (12..28).contains(&y);
        Rgb(if on { [30, 40, 120] } else { [240; 3] })
    });
    let begin = std::time::Instant::now();
    let found = cut(&photo);
    assert!(begin.elapsed().as_secs() < 30, "{:?}", begin.elapsed());
    assert_eq!(found.pixels.get_pixel(9_050, 20).0[3], 255);
    assert_eq!(found.pixels.get_pixel(200, 20).0[3], 0);
}

#[test]
fn large_photos_are_unmixed_at_full_size() {
    let side = 1500;
    let middle = side as f32 / 2.0;
    let photo = RgbImage::from_fn(side, side, |x, y| {
        let far = (x as f32 + 0.5 - middle).hypot(y as f32 + 0.5 - middle);
        Rgb(if far < 400.0 { [140, 30, 30] } else { [236; 3] })
    });
    let found = cut(&photo);
    let wrong = found.pixels.enumerate_pixels().filter(|(x, y, pixel)| {
        let far = (*x as f32 + 0.5 - middle).hypot(*y as f32 + 0.5 - middle);
        (pixel.0[3] >= 128) != (far < 400.0)
    });
    // A circle of this size has 2513 pixels of edge.
    let wrong = wrong.count();
    assert!(wrong < 60, "{wrong} pixels are on the wrong side");
}

#[test]
fn cutting_stops_when_told() {
    let (photo, _) = ring(64, |_, _| 0.9);
    let request = CutOutRequest { photo: &photo, frame: None, strokes: &[] };
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let stop = || match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0..3 => Ok(()),
        _ => Err("stopped"),
    };
    assert_eq!(cut_out(&request, None, stop), Err("stopped"));
}

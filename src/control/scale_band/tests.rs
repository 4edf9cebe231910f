//! Bands of every kind, on and off the canvas.

use super::*;
use crate::body::BodyModel;
use crate::picture::ProductPhoto;
use crate::project::{Ear, Earring, EarringId, HeadAngles, Other, Point};
use image::{Rgba, RgbaImage};

const CANVAS: CanvasSize = CanvasSize { width: 400, height: 1000 };

fn front() -> PosedBody {
    BodyModel::open_head().unwrap().pose_head(HeadAngles::default())
}

/// A product 40 pixels high within a file of 60 rows.
fn photo() -> ProductPhoto {
    let pixels =
        RgbaImage::from_fn(20, 60, |_, y| Rgba([200, 180, 90, if (10..50).contains(&y) { 255 } else { 0 }]));
    ProductPhoto { pixels, file_sha256: String::new() }
}

/// Its matte's top row lies on canvas row `top`.
fn earring(top: f64, scale: f64, real_height_mm: Option<f64>) -> Earring {
    Earring {
        id: EarringId(1),
        file: String::new(),
        hook_in_product: Point { x: 10.0, y: 10.0 },
        hook_in_canvas: Point { x: 200.0, y: top },
        scale,
        rotation_deg: 0.0,
        mirror: false,
        real_height_mm,
        ear: Ear::Auto,
        cut_from: None,
        other: Other::new(),
    }
}

fn band(scale: &Scale, earring: &Earring) -> (Band, Vec<BandNotice>) {
    let photo = photo();
    let main = Placement { photo: &photo, earring };
    scale_band(scale, CANVAS, Some(main), &PlacedEarring::raster(&[main], CANVAS), &front())
}

fn bare(scale: &Scale) -> (Band, Vec<BandNotice>) {
    scale_band(scale, CANVAS, None, &PlacedEarring::raster(&[], CANVAS), &front())
}

#[test]
fn a_ratio_is_centred_on_the_mattes_top_row() {
    let (band, notices) = band(&Scale::Ratio(0.4), &earring(500.0, 1.0, None));
    assert_eq!((band, notices), (Band { top: 300.0, bottom: 700.0 }, vec![]));
}

#[test]
fn a_band_that_would_leave_the_canvas_is_moved_and_told() {
    let (low, notices) = band(&Scale::Ratio(0.4), &earring(900.0, 1.0, None));
    assert_eq!((low, notices), (Band { top: 600.0, bottom: 1000.0 }, vec![BandNotice::Clamped]));
    let (high, notices) = band(&Scale::Ratio(0.4), &earring(50.0, 1.0, None));
    assert_eq!((high, notices), (Band { top: 0.0, bottom: 400.0 }, vec![BandNotice::Clamped]));
    let (large, notices) = band(&Scale::Ratio(1.5), &earring(500.0, 1.0, None));
    assert_eq!((large, notices), (Band { top: 0.0, bottom: 1000.0 }, vec![BandNotice::Clamped]));
}

#[test]
fn real_size_follows_the_paper() {
    // face_px = 80 px x 120 mm / 24 mm = 400 px; the product is 40 rows at scale 2.
    let scale = Scale::RealSize { face_mm: Some(120.0) };
    let (band, notices) = band(&scale, &earring(500.0, 2.0, Some(24.0)));
    assert_eq!(band, Band { top: 300.0, bottom: 700.0 });
    assert_eq!(notices, []);
}

#[test]
fn real_size_measures_the_earring_before_it_is_turned() {
    let scale = Scale::RealSize { face_mm: Some(120.0) };
    let mut turned = earring(500.0, 2.0, Some(24.0));
    turned.rotation_deg = 90.0;
    let (band, _) = band(&scale, &turned);
    assert!((band.bottom - band.top - 400.0).abs() < 1e-9, "{band:?}");
}

#[test]
fn the_bodys_own_face_height_stands_in_for_an_unknown_one() {
    for unusable in [None, Some(0.0), Some(-3.0), Some(f64::NAN)] {
        let (band, notices) = band(&Scale::RealSize { face_mm: unusable }, &earring(500.0, 2.0, Some(24.0)));
        // The open head's face is 117.3 mm high: 80 x 117.3 / 24.
        assert!((band.bottom - band.top - 391.0).abs() < 1.0, "{band:?}");
        assert_eq!(notices, []);
    }
}

#[test]
fn an_unknown_earring_height_is_told_and_the_usual_ratio_stands_in() {
    for unusable in [None, Some(0.0), Some(f64::NAN)] {
        let (band, notices) = band(&Scale::RealSize { face_mm: None }, &earring(500.0, 2.0, unusable));
        assert_eq!((band, notices), (Band { top: 250.0, bottom: 750.0 }, vec![BandNotice::NoRealHeight]));
    }
}

#[test]
fn without_an_earring_the_band_lies_in_the_middle() {
    let middle = Band { top: 250.0, bottom: 750.0 };
    for scale in
        [Scale::Ratio(0.5), Scale::RealSize { face_mm: None }, Scale::Ratio(f64::NAN), Scale::Ratio(-1.0)]
    {
        assert_eq!(bare(&scale), (middle, vec![BandNotice::NoEarring]), "{scale:?}");
    }
    let (off_canvas, notices) = band(&Scale::Ratio(0.5), &earring(5000.0, 1.0, None));
    assert_eq!((off_canvas, notices), (middle, vec![BandNotice::NoEarring]));
}

#[test]
fn a_drawn_band_always_wins_even_beyond_the_canvas() {
    let close_up = Scale::Band { top: -200.0, bottom: 1300.0 };
    assert_eq!(band(&close_up, &earring(500.0, 1.0, None)), (Band { top: -200.0, bottom: 1300.0 }, vec![]));
    assert_eq!(
        bare(&Scale::Band { top: 700.0, bottom: 300.0 }),
        (Band { top: 300.0, bottom: 700.0 }, vec![])
    );
}

#[test]
fn a_drawn_band_is_at_least_one_pixel_high_and_finite() {
    assert_eq!(bare(&Scale::Band { top: 300.0, bottom: 300.2 }).0, Band { top: 300.0, bottom: 301.0 });
    for (top, bottom) in [(f64::NAN, 5.0), (0.0, f64::INFINITY)] {
        assert_eq!(bare(&Scale::Band { top, bottom }).0, Band { top: 250.0, bottom: 750.0 });
    }
    let (far, _) = bare(&Scale::Band { top: -1e300, bottom: 1e300 });
    assert_eq!(far, Band { top: -16_000.0, bottom: 17_000.0 });
    let (away, _) = bare(&Scale::Band { top: 1e300, bottom: 1e301 });
    assert!(away.bottom - away.top >= 1.0, "{away:?}");
}

#[test]
fn fitting_keeps_the_bands_height() {
    let fitted = fit_band_to_earring(Band { top: 100.0, bottom: 300.0 }, Misfit { px: 12.5, mm: 4.0 });
    assert_eq!(fitted, Band { top: 87.5, bottom: 287.5 });
}

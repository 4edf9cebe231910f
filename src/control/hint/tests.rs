//! Hints and appearance images.

use super::*;
use image::{Rgb, Rgba, RgbaImage};

const BAND: Band = Band { top: 16.0, bottom: 48.0 };

fn network(width: u32, height: u32) -> NetworkSize {
    NetworkSize::new(width, height).unwrap()
}

fn hint(pixels: RgbaImage, band: Band, size: NetworkSize) -> Hint {
    Hint::new(&PlacedEarring::from_pixels(pixels), band, size)
}

/// First and one-past-last row that is 1 in I_s, having checked that rows are whole and nothing is in between.
fn drawn_rows(hint: &Hint) -> (usize, usize) {
    let [_, height, width] = hint.planes.shape();
    let rows: Vec<f32> = hint.planes.channel(3).chunks_exact(width).map(|row| row[0]).collect();
    let whole =
        hint.planes.channel(3).chunks_exact(width).all(|row| row.iter().all(|value| *value == row[0]));
    assert!(whole && rows.iter().all(|value| *value == 0.0 || *value == 1.0));
    let first = rows.iter().position(|value| *value == 1.0).unwrap_or(height);
    let count = rows.iter().filter(|value| **value == 1.0).count();
    assert!(rows[first..first + count].iter().all(|value| *value == 1.0), "rows in one piece");
    (first, first + count)
}

#[test]
fn at_the_networks_own_size_colours_are_stored_values_times_the_matte() {
    let mut pixels = RgbaImage::new(64, 64);
    pixels.put_pixel(3, 5, Rgba([255, 128, 0, 255]));
    pixels.put_pixel(4, 5, Rgba([200, 100, 50, 51]));
    let hint = hint(pixels, BAND, network(64, 64));
    assert_eq!((hint.planes.shape(), hint.matte.shape()), ([4, 64, 64], [1, 64, 64]));
    let at = |channel: usize, x: usize| hint.planes.channel(channel)[5 * 64 + x];
    assert_eq!([at(0, 3), at(1, 3), at(2, 3)], [1.0, 128.0 / 255.0, 0.0]);
    // alpha 51 / 255 = 0.2
    for (channel, stored) in [(0, 200.0), (1, 100.0), (2, 50.0)] {
        assert!((at(channel, 4) - stored / 255.0 * 0.2).abs() < 1e-6);
    }
    assert_eq!((hint.matte.data()[5 * 64 + 3], hint.matte.data()[0]), (1.0, 0.0));
}

#[test]
fn hidden_colours_do_not_bleed_into_a_resampled_edge() {
    // Opaque grey beside white that the matte hides.
    let pixels = RgbaImage::from_fn(200, 200, |x, _| {
        if x < 90 { Rgba([100, 100, 100, 255]) } else { Rgba([255, 255, 255, 0]) }
    });
    let hint = hint(pixels, BAND, network(64, 64));
    for channel in 0..3 {
        for (colour, matte) in hint.planes.channel(channel).iter().zip(hint.matte.data()) {
            assert!((colour - matte * 100.0 / 255.0).abs() < 1e-5, "{colour} under {matte}");
        }
    }
    let soft = hint.matte.data().iter().filter(|matte| **matte > 0.05 && **matte < 0.95).count();
    assert!(soft >= 64, "the edge is antialiased");
}

#[test]
fn resampling_stays_within_0_and_1() {
    let checks =
        RgbaImage::from_fn(
            301,
            173,
            |x, y| if (x / 3 + y / 3) % 2 == 0 { Rgba([255; 4]) } else { Rgba([0; 4]) },
        );
    for size in [network(64, 64), network(512, 512)] {
        let hint = hint(checks.clone(), BAND, size);
        assert!(hint.planes.data().iter().chain(hint.matte.data()).all(|value| (0.0..=1.0).contains(value)));
    }
}

#[test]
fn the_band_is_whole_rows_of_the_network() {
    let rows = |top, bottom, canvas, network_height| {
        let pixels = RgbaImage::new(64, canvas);
        drawn_rows(&hint(pixels, Band { top, bottom }, network(64, network_height)))
    };
    assert_eq!(rows(16.0, 48.0, 64, 64), (16, 48));
    assert_eq!(rows(16.4, 47.6, 64, 64), (16, 48));
    assert_eq!(rows(300.0, 700.0, 1000, 512), (154, 358), "153.6 and 358.4");
    assert_eq!(rows(-50.0, 2000.0, 1000, 512), (0, 512));
    assert_eq!(rows(500.0, 501.0, 8000, 64), (4, 5), "a sliver shows as one row");
    assert_eq!(rows(7999.0, 8001.0, 8000, 64), (63, 64), "also at the bottom");
    assert_eq!(rows(-90.0, -10.0, 1000, 512), (512, 512), "a band off the canvas shows nowhere");
}

/// Red grows with x, green with y.
fn ramp(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let share = |at: u32, length: u32| u8::try_from(255 * at / length).unwrap();
        Rgb([share(x, width), share(y, height), 7])
    })
}

#[test]
fn appearance_takes_the_largest_centred_square() {
    let planes = appearance_image(&ramp(448, 224), None);
    assert_eq!(planes.shape(), [3, 224, 224]);
    // 448 x 224: columns 112..336 unscaled, so pixels are copied.
    let expected = 255 * 112 / 448;
    assert!((planes.channel(0)[0] * 255.0 - expected as f32).abs() < 0.01);
    assert!((planes.channel(1)[223 * 224] * 255.0 - (255 * 223 / 224) as f32).abs() < 0.01);
}

#[test]
fn appearance_crops_are_moved_into_the_photo() {
    let photo = ramp(300, 400);
    let corner = appearance_image(&photo, Some(Square { left: 200.0, top: 300.0, side: 100.0 }));
    let beyond = appearance_image(&photo, Some(Square { left: 900.0, top: 900.0, side: 100.0 }));
    assert_eq!(corner, beyond);
    let whole = appearance_image(&photo, Some(Square { left: -5.0, top: 50.0, side: 9000.0 }));
    assert_eq!(whole, appearance_image(&photo, None));
    let not_a_number = appearance_image(&photo, Some(Square { left: f64::NAN, top: 0.0, side: 10.0 }));
    assert_eq!(not_a_number, appearance_image(&photo, None));
    let no_side = appearance_image(&photo, Some(Square { left: 10.0, top: 10.0, side: -4.0 }));
    assert_eq!(no_side, appearance_image(&photo, Some(Square { left: 10.0, top: 10.0, side: 1.0 })));
}

#[test]
fn tiny_photos_are_enlarged() {
    let planes = appearance_image(&RgbImage::from_pixel(1, 1, Rgb([51, 102, 204])), None);
    let means: Vec<f32> = (0..3).map(|channel| planes.channel(channel)[1000] * 255.0).collect();
    assert!(means.iter().zip([51.0, 102.0, 204.0]).all(|(mean, stored)| (mean - stored).abs() < 0.01));
}

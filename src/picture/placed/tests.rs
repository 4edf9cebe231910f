//! The raster's promises: exact copies where nothing is resampled, clean edges where something is.

use super::*;
use crate::project::{Ear, EarringId, Other};
use image::Rgba;

const CANVAS: CanvasSize = CanvasSize { width: 64, height: 80 };

fn photo(pixels: RgbaImage) -> ProductPhoto {
    ProductPhoto { pixels, file_sha256: String::new() }
}

/// Every pixel different, mattes from nothing to full.
fn motley() -> ProductPhoto {
    photo(RgbaImage::from_fn(20, 30, |x, y| {
        Rgba([(x * 12) as u8, (y * 8) as u8, (x * y) as u8, [255, 255, 130, 0][((x + y) % 4) as usize]])
    }))
}

fn solid(width: u32, height: u32, pixel: [u8; 4]) -> ProductPhoto {
    photo(RgbaImage::from_pixel(width, height, Rgba(pixel)))
}

fn earring(x: f64, y: f64, scale: f64, rotation_deg: f64) -> Earring {
    Earring {
        id: EarringId(1),
        file: String::new(),
        hook_in_product: Point::default(),
        hook_in_canvas: Point { x, y },
        scale,
        rotation_deg,
        mirror: false,
        real_height_mm: None,
        ear: Ear::Auto,
        cut_from: None,
        other: Other::new(),
    }
}

fn raster(photo: &ProductPhoto, earring: &Earring) -> PlacedEarring {
    PlacedEarring::raster(&[Placement { photo, earring }], CANVAS)
}

/// What an exact copy shows of a product pixel.
fn kept(pixel: Rgba<u8>) -> Rgba<u8> {
    if pixel.0[3] == 0 { Rgba([0; 4]) } else { pixel }
}

#[test]
fn unscaled_on_whole_pixels_is_the_file_bit_for_bit() {
    let photo = motley();
    let placed = raster(&photo, &earring(7.0, 11.0, 1.0, 0.0));
    for (x, y, pixel) in placed.pixels().enumerate_pixels() {
        let inside = x >= 7 && y >= 11 && x < 27 && y < 41;
        let expected = if inside { kept(*photo.pixels.get_pixel(x - 7, y - 11)) } else { Rgba([0; 4]) };
        assert_eq!(*pixel, expected, "{x}, {y}");
    }
}

#[test]
fn a_hook_between_pixels_still_copies_when_the_offset_is_whole() {
    let photo = motley();
    let mut moved = earring(10.25, 20.75, 1.0, 360.0);
    moved.hook_in_product = Point { x: 3.25, y: 9.75 };
    let placed = raster(&photo, &moved);
    assert_eq!(placed.pixels(), raster(&photo, &earring(7.0, 11.0, 1.0, 0.0)).pixels());
}

#[test]
fn mirrored_on_whole_pixels_is_the_exact_flip() {
    let photo = motley();
    let mut mirrored = earring(30.0, 11.0, 1.0, 0.0);
    mirrored.mirror = true;
    let placed = raster(&photo, &mirrored);
    for (x, y, pixel) in photo.pixels.enumerate_pixels() {
        assert_eq!(*placed.pixels().get_pixel(29 - x, 11 + y), kept(*pixel));
    }
}

#[test]
fn a_copy_is_cut_at_every_edge_of_the_canvas() {
    let photo = solid(100, 120, [5, 6, 7, 255]);
    for mirror in [false, true] {
        let mut moved = earring(if mirror { 90.0 } else { -10.0 }, -15.0, 1.0, 0.0);
        moved.mirror = mirror;
        assert!(raster(&photo, &moved).matte().iter().all(|matte| *matte == 1.0));
    }
    for (x, y, count) in [(-97.0, -118.0, 3 * 2), (60.0, 70.0, 4 * 10), (64.0, 0.0, 0), (-100.0, 0.0, 0)] {
        let raster = raster(&photo, &earring(x, y, 1.0, 0.0));
        assert_eq!(raster.matte().iter().filter(|matte| **matte == 1.0).count(), count, "{x}, {y}");
    }
}

#[test]
fn an_opaque_inside_stays_opaque_and_keeps_its_colour() {
    let photo = solid(40, 40, [201, 120, 33, 255]);
    for (scale, turn) in [(0.61, 0.0), (0.61, 31.0), (1.0, 13.0), (1.7, 0.0), (1.9, -70.0), (0.5, 90.0)] {
        let mut placed = earring(32.0, 40.0, scale, turn);
        placed.hook_in_product = Point { x: 20.0, y: 20.0 };
        let raster = raster(&photo, &placed);
        for (x, y) in [(32, 40), (28, 42), (35, 37), (31, 47)] {
            assert_eq!(raster.pixels().get_pixel(x, y).0, [201, 120, 33, 255], "scale {scale}, turn {turn}");
        }
    }
}

#[test]
fn edges_carry_the_product_s_colour_not_a_dark_halo() {
    // Black hidden under alpha 0 must not leak into the edge.
    let photo = photo(RgbaImage::from_fn(40, 40, |x, y| {
        let inside = (8..32).contains(&x) && (8..32).contains(&y);
        Rgba(if inside { [250, 220, 180, 255] } else { [0, 0, 0, 0] })
    }));
    for (scale, turn) in [(0.43, 0.0), (0.8, 27.0), (1.6, 5.0)] {
        let raster = raster(&photo, &earring(14.3, 16.9, scale, turn));
        let soft = raster.pixels().pixels().filter(|pixel| (8..248).contains(&pixel.0[3]));
        assert!(soft.clone().count() > 10, "an antialiased edge at scale {scale}");
        for pixel in soft {
            assert!(pixel.0[..3].iter().zip([250u8, 220, 180]).all(|(a, b)| a.abs_diff(b) <= 2), "{pixel:?}");
        }
    }
}

#[test]
fn highlights_beside_black_do_not_ring() {
    let photo = photo(RgbaImage::from_fn(60, 60, |x, _| {
        let value = if x % 20 < 10 { 60 } else { 255 };
        Rgba([value, value, value, 255])
    }));
    for (scale, turn) in [(0.7, 0.0), (0.7, 20.0), (1.3, 0.0), (1.0, 45.0)] {
        let mut placed = earring(32.0, 40.0, scale, turn);
        placed.hook_in_product = Point { x: 30.0, y: 30.0 };
        let raster = raster(&photo, &placed);
        let darkest =
            raster.pixels().pixels().filter(|pixel| pixel.0[3] == 255).map(|pixel| pixel.0[0]).min();
        // One code of rounding where the matte itself rounds up to full; a ring would be dozens deep.
        assert!(
            darkest.is_some_and(|code| (59..=60).contains(&code)),
            "scale {scale}, turn {turn}: {darkest:?}"
        );
    }
}

#[test]
fn shrinking_keeps_the_light() {
    // A one-pixel checkerboard of black and white holds half of the light: code 188.
    let photo = photo(RgbaImage::from_fn(120, 120, |x, y| {
        let value = if (x + y) % 2 == 0 { 255 } else { 0 };
        Rgba([value, value, value, 255])
    }));
    for turn in [0.0, 30.0] {
        let mut placed = earring(32.0, 40.0, 0.25, turn);
        placed.hook_in_product = Point { x: 60.0, y: 60.0 };
        let value = raster(&photo, &placed).pixels().get_pixel(32, 40).0[0];
        assert!(value.abs_diff(188) <= 3, "turn {turn}: {value}");
    }
}

#[test]
fn the_raster_covers_what_the_mapping_says() {
    let photo = solid(40, 60, [9, 9, 9, 255]);
    for (scale, turn, mirror) in [(0.5, 0.0, false), (0.5, 0.0, true), (0.7, 33.0, true), (1.2, 200.0, false)]
    {
        let mut placed = earring(30.2, 41.7, scale, turn);
        placed.hook_in_product = Point { x: 13.0, y: 22.0 };
        placed.mirror = mirror;
        let area: f64 = raster(&photo, &placed).matte().iter().map(|matte| f64::from(*matte)).sum();
        let similarity = Similarity::of(&placed).expect("usable");
        let canvas_area: f64 = (0..CANVAS.width * CANVAS.height)
            .filter(|index| {
                let (x, y) = (index % CANVAS.width, index / CANVAS.width);
                let at =
                    similarity.product_from_canvas(Point { x: f64::from(x) + 0.5, y: f64::from(y) + 0.5 });
                (0.0..40.0).contains(&at.x) && (0.0..60.0).contains(&at.y)
            })
            .count() as f64;
        assert!((area - canvas_area).abs() < 0.03 * canvas_area, "{area} for {canvas_area}: {placed:?}");
    }
}

#[test]
fn the_front_earring_covers_the_back_one_exactly() {
    let (back, front) = (solid(20, 20, [1, 2, 3, 255]), solid(20, 20, [7, 8, 9, 255]));
    let (below, above) = (earring(5.0, 5.0, 1.0, 0.0), earring(15.0, 15.0, 1.0, 0.0));
    let placements =
        [Placement { photo: &back, earring: &below }, Placement { photo: &front, earring: &above }];
    let raster = PlacedEarring::raster(&placements, CANVAS);
    assert_eq!(raster.pixels().get_pixel(20, 20).0, [7, 8, 9, 255]);
    assert_eq!(raster.pixels().get_pixel(10, 10).0, [1, 2, 3, 255]);
    assert_eq!(raster.rows(), Some((5, 35)));
    assert_eq!(raster.bounds(), Some((5..35, 5..35)));
}

#[test]
fn outside_and_nonsense_leave_the_canvas_empty() {
    let photo = solid(20, 20, [7, 8, 9, 255]);
    let far = [
        earring(-1000.0, 0.0, 1.0, 0.0),
        earring(1e12, 1e300, 1.0, 0.0),
        earring(0.0, -900.5, 2.0, 10.0),
        earring(10.0, 10.0, 1e-9, 45.0),
        earring(10.0, 10.0, f64::NAN, 0.0),
        earring(10.0, 10.0, -2.0, 0.0),
    ];
    for placed in far {
        let raster = raster(&photo, &placed);
        assert_eq!((raster.rows(), raster.bounds()), (None, None), "{placed:?}");
    }
}

#[test]
fn an_enormous_scale_fills_the_canvas() {
    let photo = solid(20, 20, [7, 8, 9, 255]);
    let mut placed = earring(32.0, 40.0, 1e7, 12.0);
    placed.hook_in_product = Point { x: 10.0, y: 10.0 };
    assert!(raster(&photo, &placed).matte().iter().all(|matte| *matte == 1.0));
}

/// `cargo test --lib how_long_a_drag_s_frame_takes -- --ignored --nocapture`
#[test]
#[ignore = "measures, proves nothing"]
fn how_long_a_drag_s_frame_takes() {
    let photo = photo(RgbaImage::from_fn(1500, 1500, |x, y| Rgba([x as u8, y as u8, 90, 255])));
    let canvas = CanvasSize { width: 1024, height: 1024 };
    for (scale, turn, mirror) in [
        (1.0, 0.0, false),
        (0.66, 0.0, false),
        (0.3, 0.0, false),
        (0.3, 0.0, true),
        (0.66, 11.0, false),
        (0.3, 11.0, false),
    ] {
        let mut placed = earring(20.3, 20.7, scale, turn);
        placed.mirror = mirror;
        let started = std::time::Instant::now();
        let raster = PlacedEarring::raster(&[Placement { photo: &photo, earring: &placed }], canvas);
        println!("scale {scale}, turn {turn}, mirror {mirror}: {:?} {:?}", started.elapsed(), raster.rows());
    }
}

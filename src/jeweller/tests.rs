//! The jeweller's promises: known size, clean matte, metal that looks like metal, and the sample file.

use super::*;
use std::path::{Path, PathBuf};

fn sample_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample/earring.png")
}

/// Writes the demo's product anew; see the module's text.
#[test]
#[ignore = "writes assets/sample/earring.png"]
fn write_the_sample_earring() {
    let product = render_product(&JewelSpec::default(), SAMPLE_HEIGHT_PX);
    println!("hook {:?}, height {:.3} mm", product.hook_in_product, product.height_mm);
    let file = std::fs::File::create(sample_file()).expect("a file");
    let mut encoder = png::Encoder::new(file, product.pixels.width(), product.pixels.height());
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_compression(png::Compression::High);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&product.pixels).expect("pixels");
    writer.finish().expect("an end");
}

fn sample() -> RgbaImage {
    image::open(sample_file()).expect("the sample").into_rgba8()
}

#[test]
fn the_sample_s_constants_are_its_file_s() {
    let frame = Frame::around(&Piece::new(&JewelSpec::default()), SAMPLE_HEIGHT_PX);
    let sample = sample();
    assert_eq!(sample.dimensions(), (frame.width_px, frame.height_px));
    assert!((frame.origin.x - SAMPLE_HOOK.x).abs() < 0.05 && (frame.origin.y - SAMPLE_HOOK.y).abs() < 0.05);
    let height_mm = f64::from(matte_rows(&sample)) / frame.px_per_mm;
    assert!((height_mm - SAMPLE_HEIGHT_MM).abs() < 0.005, "{height_mm}");
    assert!(std::fs::metadata(sample_file()).expect("a file").len() < 600_000);
}

/// Premultiplied linear light, 0..=1.
fn light_of(pixel: [u8; 4]) -> [f64; 4] {
    let alpha = f64::from(pixel[3]) / 255.0;
    let decode = |code: u8| {
        let code = f64::from(code) / 255.0;
        alpha * if code <= 0.04045 { code / 12.92 } else { ((code + 0.055) / 1.055).powf(2.4) }
    };
    [decode(pixel[0]), decode(pixel[1]), decode(pixel[2]), alpha]
}

#[test]
fn the_sample_is_what_the_jeweller_makes_today() {
    const FACTOR: u32 = 6;
    let (small, large) = (render_product(&JewelSpec::default(), SAMPLE_HEIGHT_PX / FACTOR).pixels, sample());
    // Both are centred, but the small picture's width is rounded up on its own.
    let shift = (f64::from(small.width() * FACTOR) - f64::from(large.width())) / 2.0;
    let (mut difference, mut matte_difference, mut seen) = (0.0, 0.0, 0.0);
    for (x, y, pixel) in small.enumerate_pixels() {
        let mut mean = [0.0; 4];
        for index in 0..FACTOR * FACTOR {
            let column = f64::from(x * FACTOR + index % FACTOR) - shift;
            if let Some(pixel) = large.get_pixel_checked(column.max(0.0) as u32, y * FACTOR + index / FACTOR)
            {
                for (mean, light) in mean.iter_mut().zip(light_of(pixel.0)) {
                    *mean += light / f64::from(FACTOR * FACTOR);
                }
            }
        }
        let light = light_of(pixel.0);
        difference += (0..3).map(|channel| (light[channel] - mean[channel]).abs()).sum::<f64>() / 3.0;
        matte_difference += (light[3] - mean[3]).abs();
        seen += light[3];
    }
    assert!(matte_difference / seen < 0.03, "mattes differ by {} of their area", matte_difference / seen);
    assert!(difference / seen < 0.03, "light differs by {} of the piece", difference / seen);
}

#[test]
fn the_matte_is_clean() {
    let sample = sample();
    let (width, height) = sample.dimensions();
    let edge = |x: u32, y: u32| x < 8 || y < 8 || x >= width - 8 || y >= height - 8;
    let opaque = sample.pixels().filter(|pixel| pixel.0[3] == 255).count();
    let soft = sample.pixels().filter(|pixel| (1..255).contains(&pixel.0[3])).count();
    assert!(opaque > 80_000 && soft > 2_000 && soft * 10 < opaque, "{opaque} opaque, {soft} soft");
    for (x, y, pixel) in sample.enumerate_pixels() {
        assert!(!edge(x, y) || pixel.0 == [0; 4], "something at the picture's edge: {x}, {y}");
        assert!(pixel.0[3] > 0 || pixel.0 == [0; 4], "hidden colour at {x}, {y}");
    }
    // Between hoop and pearl one sees through.
    let beside_the_pearl = (width / 2 - width / 5, height / 2);
    assert_eq!(sample.get_pixel(beside_the_pearl.0, beside_the_pearl.1).0, [0; 4]);
}

#[test]
fn millimetres_do_not_depend_on_pixels() {
    let spec = JewelSpec { hoop_mm: 10.0, pearl_mm: 5.0, ..JewelSpec::default() };
    let (low, high) = Piece::new(&spec).bounds();
    let true_mm = f64::from(high.y - low.y);
    for height_px in [48, 96] {
        let product = render_product(&spec, height_px);
        let pixel_mm = true_mm / f64::from(height_px);
        assert!((product.height_mm - true_mm).abs() < 1.5 * pixel_mm, "{} for {true_mm}", product.height_mm);
    }
}

#[test]
fn metals_have_their_colours_and_their_contrast() {
    let mean = |metal: Metal| {
        let pixels = render_product(&JewelSpec { metal, ..JewelSpec::default() }, 64).pixels;
        let opaque: Vec<_> = pixels.pixels().filter(|pixel| pixel.0[3] == 255).map(|pixel| pixel.0).collect();
        let codes = |channel: usize| opaque.iter().map(move |pixel| f64::from(pixel[channel]));
        let darkest = codes(1).fold(255.0, f64::min);
        let brightest = codes(1).fold(0.0, f64::max);
        assert!(darkest < 90.0 && brightest > 225.0, "{metal:?}: {darkest}..{brightest}");
        (codes(0).sum::<f64>() / opaque.len() as f64, codes(2).sum::<f64>() / opaque.len() as f64)
    };
    let (gold, silver) = (mean(Metal::Gold), mean(Metal::Silver));
    // Pearl and stone are in both means.
    assert!(gold.0 - gold.1 > 25.0, "gold is warm: {gold:?}");
    assert!((silver.0 - silver.1).abs() < 20.0, "silver is neutral: {silver:?}");
}

#[test]
fn the_same_piece_is_the_same_picture() {
    let make = || render_product(&JewelSpec::default(), 40).pixels;
    assert_eq!(make(), make());
}

#[test]
fn a_tray_has_every_family_in_different_pieces() {
    let designs = catalogue(4);
    assert_eq!(designs.len(), 4 * Family::ALL.len());
    for (index, one) in designs.iter().enumerate() {
        assert!(designs[..index].iter().all(|other| one != other), "{one:?} is there twice");
    }
}

#[test]
fn a_photo_is_its_foreground_over_its_ground() {
    let exposure = expose(&Design::sample(Family::Huggie, 1), 48);
    let decode = |code: u8| light_of([code, code, code, 255])[0];
    for ground in Ground::ALL {
        let GroundedPhoto { photo, truth } = exposure.on(ground, 3);
        let mixed = truth.pixels().filter(|pixel| (1..255).contains(&pixel.0[3])).count();
        let opaque = truth.pixels().filter(|pixel| pixel.0[3] == 255).count();
        assert!(mixed > 60 && opaque > 60, "{}: {mixed} mixed, {opaque} opaque", ground.name());
        assert_eq!(truth.get_pixel(24, 24).0, [0; 4], "one sees through a hoop");
        // Grain and JPEG are mild: opaque pixels are nearly the foreground's.
        let off = photo.pixels().zip(truth.pixels()).filter(|(_, truth)| truth.0[3] == 255);
        let off: Vec<f64> =
            off.map(|(photo, truth)| (decode(photo.0[1]) - decode(truth.0[1])).abs()).collect();
        let mean = off.iter().sum::<f64>() / off.len() as f64;
        assert!(mean < 0.03, "{}: {mean}", ground.name());
    }
    assert_eq!(exposure.on(Ground::Paper, 3).photo, exposure.on(Ground::Paper, 3).photo);
    assert_ne!(exposure.on(Ground::Paper, 3).photo, exposure.on(Ground::Paper, 4).photo);
}

#[test]
fn metal_mirrors_the_ground_it_stands_on() {
    let exposure = expose(&Design::sample(Family::Huggie, 0), 48);
    let mean = |ground: Ground| {
        let truth = exposure.on(ground, 0).truth;
        // The rim mirrors what is right behind the piece.
        let rim: Vec<_> = truth.pixels().filter(|pixel| (64..255).contains(&pixel.0[3])).collect();
        let sum = |channel: usize| rim.iter().map(|pixel| f64::from(pixel.0[channel])).sum::<f64>();
        (sum(0) / rim.len() as f64, sum(2) / rim.len() as f64)
    };
    let (white, dark, card) = (mean(Ground::White), mean(Ground::DarkGrey), mean(Ground::Card));
    assert!(white.0 > dark.0 + 8.0, "white {white:?}, dark {dark:?}");
    assert!(card.1 - card.0 > dark.1 - dark.0 + 2.0, "a blue card shows in the metal: {card:?}, {dark:?}");
}

/// A sheet to look at: 60 pieces on the grounds that shops use.
#[test]
#[ignore = "writes tests/golden/sheets/jewels.jpg"]
fn write_the_jewel_sheet() {
    const COLUMNS: u32 = 10;
    const SIDE: u32 = 512;
    const GROUNDS: [Ground; 5] =
        [Ground::White, Ground::LightGrey, Ground::Shadow, Ground::Down, Ground::Across];
    let (cell, per_family) = (160, 5);
    let mut sheet = image::RgbImage::new(COLUMNS * cell, 60 / COLUMNS * cell);
    let mut slowest = std::time::Duration::ZERO;
    // Neighbours on the sheet are of different families.
    let mut pieces: Vec<_> = catalogue(per_family).into_iter().enumerate().collect();
    pieces.sort_by_key(|(index, _)| index % per_family as usize);
    for (place, (index, design)) in pieces.iter().take(60).enumerate() {
        let begin = std::time::Instant::now();
        let photo = expose(design, SIDE).on(GROUNDS[place % 5], *index as u64).photo;
        slowest = slowest.max(begin.elapsed());
        let photo = image::imageops::resize(&photo, cell, cell, image::imageops::FilterType::Lanczos3);
        let (column, row) = (place as u32 % COLUMNS, place as u32 / COLUMNS);
        image::imageops::replace(&mut sheet, &photo, i64::from(column * cell), i64::from(row * cell));
    }
    println!("slowest photo of {SIDE} pixels: {slowest:?}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sheets");
    std::fs::create_dir_all(&folder).expect("a folder");
    sheet.save(folder.join("jewels.jpg")).expect("a sheet");
}

#[test]
fn pieces_fill_their_bounds() {
    for design in catalogue(5) {
        let (low, high) = design.build().bounds();
        let truth = expose(&design, 96).on(Ground::Card, 0).truth;
        let rows = truth.rows().filter(|row| row.clone().any(|pixel| pixel.0[3] > 8)).count() as f32;
        let tall = 96.0 * 0.78 * (high.y - low.y) / (high.y - low.y).max(high.x - low.x);
        // Blades' boxes are a little generous.
        assert!((rows - tall).abs() < 0.12 * tall + 2.0, "{design:?}: {rows} rows of {tall}");
    }
}

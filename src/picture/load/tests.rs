//! Photos as they come from outside, most of them built here byte by byte.

use super::*;
use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageFormat, Luma, LumaA, Rgb, Rgba};
use moxcms::ColorProfile;
use std::io::Cursor;

/// CRC-32 of PNG chunks (PNG specification, annex D).
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/picture").join(name)
}

fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}

fn load_bytes(name: &str, bytes: &[u8]) -> Result<ProductPhoto, LoadError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("written");
    load_product(&path)
}

fn fault(name: &str, bytes: &[u8]) -> Fault {
    let error = load_bytes(name, bytes).expect_err("refused");
    let line = error.to_string();
    assert!(!line.contains('\n') && line.ends_with(&format!("{name})")), "{line}");
    match error {
        LoadError::Unusable { fault, .. } => fault,
        read @ LoadError::Read { .. } => panic!("{read}"),
    }
}

/// A PNG of our own chunks, each with its checksum.
fn png(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1A\n".to_vec();
    for (name, data) in chunks {
        bytes.extend((data.len() as u32).to_be_bytes());
        let body = [name.as_slice(), data].concat();
        bytes.extend(&body);
        bytes.extend(crc32(&body).to_be_bytes());
    }
    bytes
}

fn ihdr(width: u32, height: u32) -> Vec<u8> {
    [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat()
}

/// `png` with another chunk right after its header chunk.
fn with_chunk(png: &[u8], name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [name.as_slice(), data].concat();
    let length = (data.len() as u32).to_be_bytes();
    [&png[..33], &length, &body, &crc32(&body).to_be_bytes(), &png[33..]].concat()
}

/// A little-endian TIFF block with nothing but an orientation.
fn exif(orientation: u8) -> Vec<u8> {
    [&b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..], &[orientation, 0, 0, 0, 0, 0, 0, 0]].concat()
}

/// Three columns, two rows, six colours.
fn six() -> RgbaImage {
    RgbaImage::from_fn(3, 2, |x, y| Rgba([40 * x as u8, 90 * y as u8, 7, 255]))
}

#[test]
fn content_decides_not_the_extension() {
    for (format, name) in [
        (ImageFormat::Png, "earring.jpg"),
        (ImageFormat::WebP, "earring.png"),
        (ImageFormat::Jpeg, "earring.webp"),
    ] {
        let picture = RgbImage::from_pixel(16, 8, Rgb([200, 100, 50]));
        let photo = load_bytes(name, &encoded(picture, format)).expect("loaded");
        let pixel = photo.pixels.get_pixel(8, 4).0;
        assert!(
            pixel.iter().zip([200u8, 100, 50, 255]).all(|(a, b)| a.abs_diff(b) <= 3),
            "{name}: {pixel:?}"
        );
        assert!(!photo.has_matte());
    }
}

#[test]
fn straight_alpha_and_the_colours_under_it_are_kept() {
    let picture = RgbaImage::from_fn(16, 16, |x, y| Rgba([x as u8 * 16, y as u8 * 16, 77, (x * y) as u8]));
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let photo = load_bytes("a", &encoded(picture.clone(), format)).expect("loaded");
        assert_eq!(photo.pixels, picture, "{format:?}");
        assert!(photo.has_matte());
    }
}

#[test]
fn the_hash_is_the_file_s_own() {
    let bytes = encoded(six(), ImageFormat::Png);
    let photo = load_bytes("a.png", &bytes).expect("loaded");
    let padded = load_bytes("a.png", &[bytes.as_slice(), b" "].concat()).expect("loaded");
    assert_eq!(photo.file_sha256.len(), 64);
    assert_ne!(photo.file_sha256, padded.file_sha256);
    // FIPS 180-2, appendix B.1.
    let abc = hex(&Sha256::digest(b"abc"));
    assert_eq!(abc, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn sixteen_bits_are_rounded_not_cut() {
    let picture = image::ImageBuffer::from_fn(2, 1, |x, _| {
        Rgb([[0x80FF_u16, 0xFF7F, 0x0080], [129, 128, 65535]][x as usize])
    });
    let photo =
        load_bytes("a.png", &encoded(DynamicImage::ImageRgb16(picture), ImageFormat::Png)).expect("loaded");
    // 0x80FF / 257 = 128.498, 0xFF7F / 257 = 254.50, 128 / 257 = 0.498, 129 / 257 = 0.502.
    assert_eq!(photo.pixels.get_pixel(0, 0).0, [128, 255, 0, 255]);
    assert_eq!(photo.pixels.get_pixel(1, 0).0, [1, 0, 255, 255]);
}

#[test]
fn grey_with_alpha_and_palettes_are_expanded() {
    let grey = GrayAlphaImage::from_pixel(2, 2, LumaA([90, 12]));
    let photo =
        load_bytes("a.png", &encoded(DynamicImage::ImageLumaA8(grey), ImageFormat::Png)).expect("loaded");
    assert_eq!(photo.pixels.get_pixel(1, 1).0, [90, 90, 90, 12]);

    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Two);
    encoder.set_palette(vec![1, 2, 3, 201, 202, 203]);
    encoder.set_trns(vec![0]);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&[0b0001_0000]).expect("pixels");
    writer.finish().expect("an end");
    let photo = load_bytes("a.png", &bytes).expect("loaded");
    assert_eq!(photo.pixels.as_raw().as_slice(), [1, 2, 3, 0, 201, 202, 203, 255]);
}

#[test]
fn every_orientation_comes_out_upright() {
    // EXIF 2.32, tag 274: where the stored picture's first row and column belong.
    let upright = six();
    for orientation in 1..=8 {
        let stored = match orientation {
            1 => upright.clone(),
            2 => image::imageops::flip_horizontal(&upright),
            3 => image::imageops::rotate180(&upright),
            4 => image::imageops::flip_vertical(&upright),
            5 => image::imageops::rotate270(&image::imageops::flip_horizontal(&upright)),
            6 => image::imageops::rotate270(&upright),
            7 => image::imageops::rotate90(&image::imageops::flip_horizontal(&upright)),
            _ => image::imageops::rotate90(&upright),
        };
        let bytes = with_chunk(&encoded(stored, ImageFormat::Png), b"eXIf", &exif(orientation));
        let photo = load_bytes("a.png", &bytes).expect("loaded");
        assert_eq!(photo.pixels, upright, "orientation {orientation}");
    }
}

#[test]
fn a_camera_s_jpeg_is_turned_upright() {
    let stored = RgbImage::from_fn(16, 8, |x, _| if x < 8 { Rgb([250; 3]) } else { Rgb([5; 3]) });
    let bytes = encoded(stored, ImageFormat::Jpeg);
    let app1 = [b"Exif\0\0".as_slice(), &exif(6)].concat();
    let length = (app1.len() as u16 + 2).to_be_bytes();
    let bytes = [&bytes[..2], b"\xFF\xE1", &length, &app1, &bytes[2..]].concat();
    let photo = load_bytes("a.jpg", &bytes).expect("loaded");
    assert_eq!(photo.pixels.dimensions(), (8, 16));
    assert!(photo.pixels.get_pixel(4, 2).0[0] > 200 && photo.pixels.get_pixel(4, 13).0[0] < 50);
}

/// A PNG with `profile` as its iCCP chunk.
fn with_profile(picture: impl Into<DynamicImage>, profile: &ColorProfile) -> Vec<u8> {
    use image::ImageEncoder;
    let picture: DynamicImage = picture.into();
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.set_icc_profile(profile.encode().expect("a profile")).expect("accepted");
    encoder
        .write_image(picture.as_bytes(), picture.width(), picture.height(), picture.color().into())
        .expect("encoded");
    bytes
}

#[test]
fn display_p3_becomes_srgb_at_both_depths() {
    let profile = ColorProfile::new_display_p3();
    // Display P3 (200, 120, 60) is sRGB (213.0, 115.0, 42.4), by the two standards' matrices.
    let close = |found: [u8; 4], alpha: u8| {
        found[3] == alpha && found[..3].iter().zip([213u8, 115, 42]).all(|(a, b)| a.abs_diff(b) <= 1)
    };
    let eight = RgbaImage::from_pixel(3, 1, Rgba([200, 120, 60, 99]));
    let photo = load_bytes("a.png", &with_profile(eight, &profile)).expect("loaded");
    assert!(close(photo.pixels.get_pixel(1, 0).0, 99), "{:?}", photo.pixels.get_pixel(1, 0));
    let wide = image::ImageBuffer::from_pixel(3, 1, Rgb([200u16 * 257, 120 * 257, 60 * 257]));
    let photo = load_bytes("a.png", &with_profile(DynamicImage::ImageRgb16(wide), &profile)).expect("loaded");
    assert!(close(photo.pixels.get_pixel(1, 0).0, 255), "{:?}", photo.pixels.get_pixel(1, 0));
}

#[test]
fn an_srgb_profile_changes_no_code() {
    let picture = RgbImage::from_fn(64, 64, |x, y| Rgb([x as u8 * 4, y as u8 * 4, (x * y) as u8]));
    let photo =
        load_bytes("a.png", &with_profile(picture.clone(), &ColorProfile::new_srgb())).expect("loaded");
    assert_eq!(DynamicImage::ImageRgba8(photo.pixels).into_rgb8(), picture);
}

#[test]
fn a_grey_profile_is_converted() {
    let picture = GrayImage::from_pixel(3, 1, Luma([128]));
    let profile = ColorProfile::new_gray_with_gamma(1.0);
    let photo =
        load_bytes("a.png", &with_profile(DynamicImage::ImageLuma8(picture), &profile)).expect("loaded");
    // 128/255 of the light is sRGB 188.
    let [red, green, blue, alpha] = photo.pixels.get_pixel(1, 0).0;
    assert!(red.abs_diff(188) <= 1 && red == green && green == blue && alpha == 255, "{red} {green} {blue}");
}

#[test]
fn a_broken_profile_is_ignored() {
    let mut profile = ColorProfile::new_display_p3().encode().expect("a profile");
    profile.truncate(60);
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    image::ImageEncoder::set_icc_profile(&mut encoder, profile).expect("accepted");
    image::ImageEncoder::write_image(encoder, &[9, 8, 7], 1, 1, image::ExtendedColorType::Rgb8)
        .expect("encoded");
    let photo = load_bytes("a.png", &bytes).expect("loaded");
    assert_eq!(photo.pixels.get_pixel(0, 0).0, [9, 8, 7, 255]);
}

#[test]
fn half_a_file_is_refused_in_every_format() {
    let picture = RgbImage::from_fn(64, 64, |x, y| Rgb([(x * y) as u8, (x * 31) as u8, (y * 17) as u8]));
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let bytes = encoded(picture.clone(), format);
        for share in [2, 3, 7] {
            let found = fault("half.png", &bytes[..bytes.len() * (share - 1) / share]);
            assert!(matches!(found, Fault::Broken { .. }), "{format:?}: {found:?}");
        }
    }
}

#[test]
fn every_truncation_is_an_error_and_no_panic() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let bytes = encoded(six(), ImageFormat::Png);
        let bytes = if format == ImageFormat::Png {
            bytes
        } else {
            encoded(DynamicImage::ImageRgba8(six()).into_rgb8(), format)
        };
        for length in 0..bytes.len() {
            // The last bytes of a PNG or WebP may be missing harmlessly; nothing may panic.
            let _ = decode::decode(&bytes[..length]);
        }
    }
}

#[test]
fn enormous_headers_are_refused_before_anything_is_allocated() {
    let huge = png(&[(b"IHDR", ihdr(100_000, 100_000)), (b"IDAT", vec![]), (b"IEND", vec![])]);
    assert_eq!(fault("huge.png", &huge), Fault::TooLarge { width: 100_000, height: 100_000 });
    let long = png(&[(b"IHDR", ihdr(20_001, 1)), (b"IEND", vec![])]);
    assert_eq!(fault("long.png", &long), Fault::TooLarge { width: 20_001, height: 1 });
    let area = png(&[(b"IHDR", ihdr(12_000, 10_001)), (b"IEND", vec![])]);
    assert_eq!(fault("area.png", &area), Fault::TooLarge { width: 12_000, height: 10_001 });

    let mut jpeg = encoded(RgbImage::new(8, 8), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|marker| marker == b"\xFF\xC0").expect("a frame header");
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(fault("huge.jpg", &jpeg), Fault::TooLarge { width: 65_535, height: 65_535 });

    // VP8X: flags, then width - 1 and height - 1 in 24 bits each.
    let extended = [b"VP8X\x0A\0\0\0\0\0\0\0".as_slice(), &[0xFF, 0x7F, 0x00], &[0x07, 0, 0]].concat();
    let data = [b"VP8L\x06\0\0\0".as_slice(), &[0x2F, 0, 0, 0, 0, 0]].concat();
    let body = [b"WEBP".as_slice(), &extended, &data].concat();
    let webp = [b"RIFF".as_slice(), &(body.len() as u32).to_le_bytes(), &body].concat();
    assert_eq!(fault("huge.webp", &webp), Fault::TooLarge { width: 32_768, height: 8 });
}

#[test]
fn a_picture_without_pixels_is_refused() {
    let flat = png(&[(b"IHDR", ihdr(0, 7)), (b"IEND", vec![])]);
    assert_eq!(fault("flat.png", &flat), Fault::NoPixels { width: 0, height: 7 });
}

#[test]
fn other_content_is_named() {
    let named = |name: &str, bytes: &[u8]| match fault(name, bytes) {
        Fault::UnknownContent { found } => found,
        other => panic!("{other}"),
    };
    assert_eq!(fault("empty.png", b""), Fault::Empty);
    assert_eq!(named("note.png", b"Dear Anna, the earrings are here."), "text");
    assert_eq!(named("page.png", b"<!doctype html><html>404"), "a web page");
    assert_eq!(
        named("drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        "an SVG drawing or other XML"
    );
    assert_eq!(named("loop.png", b"GIF89a\x01\0\x01\0"), "a GIF picture");
    assert_eq!(named("phone.jpg", b"\0\0\0\x18ftypheic\0\0\0\0"), "a HEIC picture");
    assert_eq!(named("noise.png", &[3, 0, 1, 2]), "no picture this program knows");
}

#[test]
fn animations_are_refused_with_advice() {
    let still = encoded(six(), ImageFormat::Png);
    let animated = with_chunk(&still, b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    assert_eq!(fault("loop.png", &animated), Fault::Animated { format: "PNG" });
    let bytes = std::fs::read(fixture("animated.webp")).expect("the fixture");
    assert_eq!(fault("loop.webp", &bytes), Fault::Animated { format: "WebP" });
}

#[test]
fn cmyk_is_refused_with_advice() {
    let error = load_product(&fixture("cmyk.jpg")).expect_err("refused").to_string();
    assert!(error.contains("CMYK ink; save it as RGB") && error.ends_with("cmyk.jpg)"), "{error}");
}

#[test]
fn a_progressive_jpeg_is_read() {
    let photo = load_product(&fixture("progressive.jpg")).expect("loaded");
    assert_eq!(photo.pixels.dimensions(), (24, 16));
    let [red, green, blue, _] = photo.pixels.get_pixel(4, 4).0;
    assert!(red > 180 && green < 90 && blue < 90, "{red} {green} {blue}");
}

#[test]
fn folders_and_missing_files_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = load_product(folder.path()).expect_err("a folder").to_string();
    assert!(error.contains("it is not a file"), "{error}");
    let missing = folder.path().join("gone.png");
    let error = load_face(&missing).expect_err("missing").to_string();
    assert!(error.starts_with("cannot read the picture: ") && error.ends_with("gone.png)"), "{error}");
}

#[test]
fn a_face_s_alpha_is_laid_on_black_in_linear_light() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("face.png");
    RgbaImage::from_fn(3, 1, |x, _| Rgba([255, 200, 10, [0, 128, 255][x as usize]]))
        .save(&path)
        .expect("saved");
    let face = load_face(&path).expect("loaded");
    assert_eq!(face.get_pixel(0, 0).0, [0, 0, 0]);
    assert_eq!(face.get_pixel(1, 0).0[0], 188);
    assert_eq!(face.get_pixel(2, 0).0, [255, 200, 10]);
}

#[test]
fn a_photo_that_cannot_be_read_comes_with_advice() {
    for error in [load_product(Path::new("gone.png")).err(), load_face(Path::new("gone.png")).err()] {
        let text = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(text.ends_with("; check that the file is there and readable (gone.png)"), "{text}");
    }
}

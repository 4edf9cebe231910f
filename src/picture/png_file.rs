//! Finished files: 8-bit sRGB PNG with an optional record of how the picture was made.
//!
//! Reading is for pictures that came back from outside, so every size is bounded before it is allocated.

use super::LoadError;
use crate::project::write_whole;
use image::{RgbImage, RgbaImage};
use png::text_metadata::ITXtChunk;
use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Keyword of the iTXt chunk that holds a record.
pub const RECORD_KEYWORD: &str = "adorn";

/// Bytes that a record may have.
pub const LONGEST_RECORD: usize = 1 << 20;

/// Pixels that a picture may have to be read back: the largest canvas, 8192 x 8192.
const MOST_PIXELS: u64 = 8192 * 8192;

/// Why a finished file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    #[error("cannot write the picture: {source}; make room or choose another place ({path})")]
    Write { path: PathBuf, source: Error },
    #[error("cannot write the picture: its record has {bytes} bytes, at most {LONGEST_RECORD} fit ({path})")]
    LongRecord { path: PathBuf, bytes: usize },
    #[error("cannot read the picture: {source}; check that the file is there and readable ({path})")]
    Read { path: PathBuf, source: Error },
    #[error("not a finished PNG: {reason}; choose a picture that Adorn wrote ({path})")]
    Foreign { path: PathBuf, reason: String },
    #[error(
        "it is a {format}, whose pixels need not be the finished picture's; choose the PNG that Adorn wrote ({path})"
    )]
    OtherFormat { path: PathBuf, format: &'static str },
    #[error(transparent)]
    SavedAgain(#[from] LoadError),
}

/// Writes atomically an 8-bit RGB PNG with an sRGB chunk and, if given, `record` as an iTXt chunk `adorn`.
pub fn write_png(path: &Path, picture: &RgbImage, record: Option<&str>) -> Result<(), PngError> {
    if let Some(bytes) = record.map(str::len).filter(|bytes| *bytes > LONGEST_RECORD) {
        return Err(PngError::LongRecord { path: path.to_owned(), bytes });
    }
    let (size, colour) = (picture.dimensions(), png::ColorType::Rgb);
    write_whole(path, |file| encode(file, size, colour, picture, record))
        .map_err(|source| PngError::Write { path: path.to_owned(), source })
}

/// Writes atomically a product with its matte: an 8-bit RGBA PNG, straight alpha, with an sRGB chunk.
pub fn write_product(path: &Path, product: &RgbaImage) -> Result<(), PngError> {
    let (size, colour) = (product.dimensions(), png::ColorType::Rgba);
    write_whole(path, |file| encode(file, size, colour, product, None))
        .map_err(|source| PngError::Write { path: path.to_owned(), source })
}

/// gAMA and cHRM stand beside sRGB for readers that know only those; the values are the ones that the PNG
/// specification (11.3.2.5) gives for sRGB.
fn encode(
    writer: impl Write,
    (width, height): (u32, u32),
    colour: png::ColorType,
    samples: &[u8],
    record: Option<&str>,
) -> Result<(), Error> {
    let mut encoder = png::Encoder::new(writer, width, height);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let share = png::ScaledFloat::from_scaled;
    encoder.set_source_gamma(share(45_455));
    encoder.set_source_chromaticities(png::SourceChromaticities {
        white: (share(31_270), share(32_900)),
        red: (share(64_000), share(33_000)),
        green: (share(30_000), share(60_000)),
        blue: (share(15_000), share(6_000)),
    });
    if let Some(record) = record {
        encoder.add_itxt_chunk(RECORD_KEYWORD.to_owned(), record.to_owned())?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(samples)?;
    writer.finish()?;
    Ok(())
}

/// Reads a PNG's pixels and its `adorn` record. Greyscale, palette and 16 bits are read as 8-bit RGB; alpha
/// must be full, because a finished picture has none.
pub fn read_record(path: &Path) -> Result<(RgbImage, Option<String>), PngError> {
    let unreadable = |source| PngError::Read { path: path.to_owned(), source };
    // Asked before opening: opening a pipe would wait for its writer.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(Error::other("it is no file")));
    }
    let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
    if let Some(format) = lossy_format(reader.fill_buf().map_err(unreadable)?) {
        return Err(PngError::OtherFormat { path: path.to_owned(), format });
    }
    decode(reader).map_err(|reason| match reason {
        Unreadable::Io(source) => unreadable(source),
        Unreadable::Foreign(reason) => PngError::Foreign { path: path.to_owned(), reason },
    })
}

/// A picture that somebody saved again in a format which may change its pixels.
fn lossy_format(head: &[u8]) -> Option<&'static str> {
    match head {
        [0xFF, 0xD8, 0xFF, ..] => Some("JPEG"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("WebP"),
        _ => None,
    }
}

enum Unreadable {
    Io(Error),
    Foreign(String),
}

impl From<png::DecodingError> for Unreadable {
    fn from(error: png::DecodingError) -> Self {
        match error {
            // A file that ends too early is a broken picture, not a broken disk.
            png::DecodingError::IoError(error) if error.kind() != ErrorKind::UnexpectedEof => Self::Io(error),
            other => Self::Foreign(other.to_string()),
        }
    }
}

fn decode(reader: BufReader<File>) -> Result<(RgbImage, Option<String>), Unreadable> {
    // The limit covers what the decoder allocates for chunks and rows, beside the pixels themselves.
    let limits = png::Limits { bytes: 64 << 20 };
    let mut decoder = png::Decoder::new_with_limits(reader, limits);
    let header = decoder.read_header_info()?;
    let (width, height) = (header.width, header.height);
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        let reason = format!("it is {width}x{height}, larger than any canvas");
        return Err(Unreadable::Foreign(reason));
    }
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let too_large = || Unreadable::Foreign("it does not fit into memory".to_owned());
    let mut samples = vec![0; reader.output_buffer_size().ok_or_else(too_large)?];
    let frame = reader.next_frame(&mut samples)?;
    reader.finish()?;
    samples.truncate(frame.buffer_size());
    let record = record_of(&reader.info().utf8_text)?;
    let rgb = rgb_samples(frame.color_type, samples)?;
    RgbImage::from_raw(width, height, rgb).map(|picture| (picture, record)).ok_or_else(too_large)
}

fn record_of(chunks: &[ITXtChunk]) -> Result<Option<String>, Unreadable> {
    let Some(chunk) = chunks.iter().find(|chunk| chunk.keyword == RECORD_KEYWORD) else { return Ok(None) };
    let mut chunk = chunk.clone();
    let unusable = |reason: &str| Unreadable::Foreign(reason.to_owned());
    if chunk.decompress_text_with_limit(LONGEST_RECORD).is_err() {
        return Err(unusable("its record is broken or too long"));
    }
    let text = chunk.get_text().map_err(|_| unusable("its record is broken"))?;
    if text.len() > LONGEST_RECORD { Err(unusable("its record is too long")) } else { Ok(Some(text)) }
}

fn rgb_samples(colour: png::ColorType, samples: Vec<u8>) -> Result<Vec<u8>, Unreadable> {
    let transparent =
        || Unreadable::Foreign("it has transparent pixels, a finished picture has none".to_owned());
    match colour {
        png::ColorType::Rgb => Ok(samples),
        png::ColorType::Grayscale => Ok(samples.iter().flat_map(|value| [*value; 3]).collect()),
        png::ColorType::Rgba => {
            let pixels = samples.as_chunks::<4>().0;
            let opaque = pixels.iter().all(|pixel| pixel[3] == 255);
            if opaque {
                Ok(pixels.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect())
            } else {
                Err(transparent())
            }
        }
        png::ColorType::GrayscaleAlpha => {
            let pixels = samples.as_chunks::<2>().0;
            let opaque = pixels.iter().all(|pixel| pixel[1] == 255);
            if opaque { Ok(pixels.iter().flat_map(|[v, _]| [*v; 3]).collect()) } else { Err(transparent()) }
        }
        png::ColorType::Indexed => Err(Unreadable::Foreign("its palette was not expanded".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn picture() -> RgbImage {
        RgbImage::from_fn(33, 17, |x, y| Rgb([x as u8 * 7, y as u8 * 15, (x * y) as u8]))
    }

    fn written(record: Option<&str>) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("finished.png");
        write_png(&path, &picture(), record).expect("written");
        (folder, path)
    }

    fn chunks(path: &Path) -> Vec<String> {
        let bytes = std::fs::read(path).expect("a file");
        let mut names = Vec::new();
        let mut rest = &bytes[8..];
        while rest.len() >= 12 {
            let length = u32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
            names.push(String::from_utf8_lossy(&rest[4..8]).into_owned());
            rest = &rest[12 + length..];
        }
        names
    }

    #[test]
    fn pixels_and_record_come_back() {
        let record = "{\"seed\": 7, \"prompt\": \"Perlenohrring, schön ✨\"}";
        let (_folder, path) = written(Some(record));
        assert_eq!(read_record(&path).expect("read"), (picture(), Some(record.to_owned())));
        let (_folder, path) = written(None);
        assert_eq!(read_record(&path).expect("read"), (picture(), None));
    }

    #[test]
    fn the_file_says_srgb_in_all_three_ways_before_its_pixels() {
        let (_folder, path) = written(Some("{}"));
        let names = chunks(&path);
        let pixels = names.iter().position(|name| name == "IDAT").expect("pixels");
        for name in ["sRGB", "gAMA", "cHRM", "iTXt"] {
            assert!(names[..pixels].iter().any(|found| found == name), "{name} in {names:?}");
        }
    }

    #[test]
    fn a_failed_write_keeps_the_old_file_and_leaves_no_crumbs() {
        let (folder, path) = written(Some("first"));
        let before = std::fs::read(&path).expect("a file");
        let long = "x".repeat(LONGEST_RECORD + 1);
        assert!(matches!(write_png(&path, &picture(), Some(&long)), Err(PngError::LongRecord { .. })));
        assert_eq!(std::fs::read(&path).expect("a file"), before);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
        let missing = folder.path().join("missing").join("finished.png");
        let error = write_png(&missing, &picture(), None).expect_err("no such folder").to_string();
        assert!(error.ends_with(&format!("({})", missing.display())) && !error.contains('\n'), "{error}");
    }

    #[test]
    fn writing_replaces_the_file_as_a_whole() {
        let (_folder, path) = written(Some("first"));
        write_png(&path, &picture(), Some("second")).expect("written");
        assert_eq!(read_record(&path).expect("read").1.as_deref(), Some("second"));
    }

    #[test]
    fn a_broken_file_is_one_clear_line() {
        let (folder, path) = written(Some("{}"));
        let whole = std::fs::read(&path).expect("a file");
        let broken = folder.path().join("broken.png");
        for bytes in [&whole[..whole.len() / 2], &whole[..20], b"", b"hello", &whole[1..]] {
            std::fs::write(&broken, bytes).expect("written");
            let error = read_record(&broken).expect_err("broken").to_string();
            assert!(error.starts_with("not a finished PNG: ") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn an_enormous_header_is_refused_before_its_pixels_are_allocated() {
        let (_folder, path) = written(None);
        let mut bytes = std::fs::read(&path).expect("a file");
        bytes[16..24].copy_from_slice(&[0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0]);
        let crc = crate::picture::load::tests::crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        std::fs::write(&path, bytes).expect("written");
        let error = read_record(&path).expect_err("too large").to_string();
        assert!(error.contains("100000x100000"), "{error}");
    }

    #[test]
    fn a_compressed_bomb_in_the_record_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bomb.png");
        let file = File::create(&path).expect("a file");
        let mut chunk = ITXtChunk::new(RECORD_KEYWORD, "x".repeat(LONGEST_RECORD + 1));
        chunk.compress_text().expect("compressed");
        let mut encoder = png::Encoder::new(file, 1, 1);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().expect("a header");
        writer.write_text_chunk(&chunk).expect("a chunk");
        writer.write_image_data(&[0; 3]).expect("pixels");
        writer.finish().expect("an end");
        let error = read_record(&path).expect_err("a bomb").to_string();
        assert!(error.contains("its record is"), "{error}");
    }

    #[test]
    fn transparent_pictures_are_not_finished_pictures() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rgba.png");
        RgbaImage::new(2, 2).save(&path).expect("saved");
        let error = read_record(&path).expect_err("transparent").to_string();
        assert!(error.contains("transparent"), "{error}");
    }
}

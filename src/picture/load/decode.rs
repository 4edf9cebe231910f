//! Bytes to upright 8-bit sRGB pixels.

use super::sniff::{self, Format, Header};
use super::{Fault, LONGEST_SIDE, MOST_PIXELS, icc};
use image::codecs::{jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageResult, Limits, RgbaImage};
use std::io::Cursor;

/// Bytes that a decoder may allocate: the largest picture at 16 bits and four channels, and as much again.
const DECODER_BYTES: u64 = MOST_PIXELS * 8 * 2;

/// Decodes a photo: header first, pixels after it passed.
pub(super) fn decode(bytes: &[u8]) -> Result<RgbaImage, Fault> {
    let format = sniff::format(bytes)?;
    let broken = |reason: String| Fault::Broken { format: format.name(), reason };
    let failed = |error: ImageError| broken(one_line(&error));
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST_SIDE), Some(LONGEST_SIDE));
    limits.max_alloc = Some(DECODER_BYTES);
    match format {
        Format::Png => {
            let header =
                sniff::png_header(bytes).ok_or_else(|| broken("its header is missing".to_owned()))?;
            check(format, header)?;
            let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(failed)?;
            finish(decoder).map_err(failed)
        }
        Format::Jpeg => {
            let header = sniff::jpeg_header(bytes).map_err(|reason| broken(reason.to_owned()))?;
            check(format, header)?;
            let mut decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(failed)?;
            decoder.set_limits(limits).map_err(failed)?;
            finish(decoder).map_err(failed)
        }
        Format::WebP => {
            let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(failed)?;
            let (width, height) = decoder.dimensions();
            check(format, Header { width, height, animated: decoder.has_animation(), cmyk: false })?;
            decoder.set_limits(limits).map_err(failed)?;
            finish(decoder).map_err(failed)
        }
    }
}

/// Refuses what a header already rules out.
fn check(format: Format, header: Header) -> Result<(), Fault> {
    let Header { width, height, animated, cmyk } = header;
    if width == 0 || height == 0 {
        return Err(Fault::NoPixels { width, height });
    }
    if width.max(height) > LONGEST_SIDE || u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(Fault::TooLarge { width, height });
    }
    if animated {
        return Err(Fault::Animated { format: format.name() });
    }
    if cmyk { Err(Fault::Cmyk) } else { Ok(()) }
}

/// Pixels, then colour, then orientation.
fn finish(mut decoder: impl ImageDecoder) -> ImageResult<RgbaImage> {
    let orientation = orientation(&mut decoder);
    let profile = decoder.icc_profile().unwrap_or_default();
    let decoded = DynamicImage::from_decoder(decoder)?;
    let mut upright = DynamicImage::ImageRgba8(icc::to_srgb(decoded, profile.as_deref()));
    upright.apply_orientation(orientation);
    Ok(upright.into_rgba8())
}

/// Broken metadata is no reason to refuse a picture: it counts as none.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    let exif = decoder.exif_metadata().unwrap_or_default().unwrap_or_default();
    // Some writers of WebP keep the prefix that EXIF has in a JPEG.
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif);
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
}

/// A decoder's message as a clause of ours.
fn one_line(error: &ImageError) -> String {
    let text = match error {
        ImageError::Decoding(error) => {
            std::error::Error::source(error).map_or(error.to_string(), ToString::to_string)
        }
        ImageError::Limits(_) => "it needs more memory than a picture of its size should".to_owned(),
        other => other.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

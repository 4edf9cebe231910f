//! Product and face photos from outside: PNG, JPEG and WebP, told by their content.
//!
//! Files are hostile until decoded: the header's size is checked before anything is allocated. Pictures come
//! out as 8-bit sRGB, upright: EXIF orientation is applied, an embedded ICC profile is converted once (16-bit
//! files at 16-bit precision). A picture without a profile is taken as sRGB.
//!
//! Refused, with advice: animations (nobody can know which frame is the product) and CMYK (ink has no exact
//! sRGB colours). A product without alpha loads: cutting it out is a later step, see
//! [`ProductPhoto::has_matte`].

mod decode;
mod icc;
mod sniff;

use super::linear::Linear;
use crate::project::hex;
use image::{RgbImage, RgbaImage};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes that a photo's file may have.
pub const LARGEST_FILE: u64 = 256 << 20;

/// Pixels that a photo's side may have.
pub const LONGEST_SIDE: u32 = 20_000;

/// Pixels that a photo may have.
pub const MOST_PIXELS: u64 = 120_000_000;

/// A product photo, ready to be placed.
#[derive(Debug, Clone)]
pub struct ProductPhoto {
    /// 8-bit sRGB, straight alpha, upright.
    pub pixels: RgbaImage,
    /// SHA-256 of the file's bytes, lower-case hex.
    pub file_sha256: String,
}

impl ProductPhoto {
    /// Whether any pixel is see-through; an opaque photo still shows its background.
    pub fn has_matte(&self) -> bool {
        self.pixels.pixels().any(|pixel| pixel.0[3] < 255)
    }
}

/// Why a photo could not be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read the picture: {source}; check that the file is there and readable ({path})")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot use the picture: {fault} ({path})")]
    Unusable { path: PathBuf, fault: Fault },
}

/// What is wrong with a photo's bytes, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("it is not a file; choose a PNG, JPEG or WebP picture")]
    NotAFile,
    #[error("it is empty; save or copy it again")]
    Empty,
    #[error("its file has {} MiB, at most {} fit; save it smaller", .bytes >> 20, LARGEST_FILE >> 20)]
    LargeFile { bytes: u64 },
    #[error("its content is {found}; save it as PNG, JPEG or WebP")]
    UnknownContent { found: String },
    #[error(
        "it is {width}x{height} pixels; at most {LONGEST_SIDE} a side and {} megapixels fit, save it smaller",
        MOST_PIXELS / 1_000_000
    )]
    TooLarge { width: u32, height: u32 },
    #[error("it says it is {width}x{height} pixels; save it again")]
    NoPixels { width: u32, height: u32 },
    #[error("all of it is transparent; save it with the product in it")]
    Invisible,
    #[error("it is an animated {format}; save the one frame that shows the product")]
    Animated { format: &'static str },
    #[error("its colours are CMYK ink; save it as RGB")]
    Cmyk,
    #[error("its {format} data is broken: {reason}; save or copy it again")]
    Broken { format: &'static str, reason: String },
}

/// Reads a product photo.
pub fn load_product(path: &Path) -> Result<ProductPhoto, LoadError> {
    let bytes = read(path)?;
    let pixels = decode(path, &bytes)?;
    if pixels.pixels().all(|pixel| pixel.0[3] == 0) {
        return Err(LoadError::Unusable { path: path.to_owned(), fault: Fault::Invisible });
    }
    Ok(ProductPhoto { pixels, file_sha256: hex(&Sha256::digest(&bytes)) })
}

/// Reads a face photo; alpha is laid on black.
pub fn load_face(path: &Path) -> Result<RgbImage, LoadError> {
    let pixels = decode(path, &read(path)?)?;
    let linear = Linear::new();
    let mut face = RgbImage::new(pixels.width(), pixels.height());
    for (face, pixel) in face.pixels_mut().zip(pixels.pixels()) {
        let [red, green, blue, alpha] = pixel.0;
        face.0 = match alpha {
            255 => [red, green, blue],
            _ => {
                let share = f32::from(alpha) / 255.0;
                [red, green, blue].map(|code| linear.encode(linear.decode(code) * share))
            }
        };
    }
    Ok(face)
}

/// A finished picture that somebody saved again in one of the formats this room knows.
pub struct SavedAgain {
    /// 8-bit sRGB, straight alpha, upright.
    pub pixels: RgbaImage,
    pub format: &'static str,
    /// Whether the format may have changed its pixels.
    pub lossy: bool,
}

/// Reads a picture that was saved again.
pub fn load_saved_again(path: &Path) -> Result<SavedAgain, LoadError> {
    let bytes = read(path)?;
    let pixels = decode(path, &bytes)?;
    let (format, lossy) = sniff::lossy(&bytes);
    Ok(SavedAgain { pixels, format, lossy })
}

fn decode(path: &Path, bytes: &[u8]) -> Result<RgbaImage, LoadError> {
    decode::decode(bytes).map_err(|fault| LoadError::Unusable { path: path.to_owned(), fault })
}

/// The file's bytes, if it is a file of a sensible size.
fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let unreadable = |source| LoadError::Read { path: path.to_owned(), source };
    let unusable = |fault| LoadError::Unusable { path: path.to_owned(), fault };
    // Asked before opening: opening a pipe would wait for its writer.
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(unusable(Fault::NotAFile));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    // The file may grow between the question and the reading.
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(unusable(Fault::LargeFile { bytes: about.len() }));
    }
    Ok(bytes)
}

#[cfg(test)]
pub(super) mod tests;

//! Product and face photos from outside: PNG, JPEG, WebP.

use image::{RgbImage, RgbaImage};
use std::path::{Path, PathBuf};

/// A product photo, ready to be placed.
#[derive(Debug, Clone)]
pub struct ProductPhoto {
    /// 8-bit sRGB, straight alpha, upright.
    pub pixels: RgbaImage,
    /// SHA-256 of the file's bytes, lower-case hex.
    pub file_sha256: String,
}

/// Why a photo could not be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read the picture: {source} ({path})")]
    Read { path: PathBuf, source: std::io::Error },
}

/// Reads a product photo.
pub fn load_product(path: &Path) -> Result<ProductPhoto, LoadError> {
    todo!("{path:?}")
}

/// Reads a face photo; alpha is laid on black.
pub fn load_face(path: &Path) -> Result<RgbImage, LoadError> {
    todo!("{path:?}")
}

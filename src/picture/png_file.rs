//! Finished files: 8-bit sRGB PNG with an optional record.

use image::RgbImage;
use std::path::{Path, PathBuf};

/// Why a finished file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    #[error("cannot write the picture: {source} ({path})")]
    Write { path: PathBuf, source: std::io::Error },
}

/// Writes atomically an 8-bit RGB PNG with an sRGB chunk and, if given, `record` as an iTXt chunk `adorn`.
pub fn write_png(path: &Path, picture: &RgbImage, record: Option<&str>) -> Result<(), PngError> {
    todo!("{path:?} {picture:?} {record:?}")
}

/// Reads a PNG's pixels and its `adorn` record.
pub fn read_record(path: &Path) -> Result<(RgbImage, Option<String>), PngError> {
    todo!("{path:?}")
}

//! Stronger models for cutting out, from the user's disk.
//!
//! A model says how much each pixel looks like the thing that the photo is of. That is evidence, not a matte: its
//! sure parts become include and exclude strokes (`evidence`), and the classical cut-out, which knows edges better
//! and keeps the photo's own pixels, has the last word. Nothing of this is shipped.

mod evidence;
mod isnet;

pub use evidence::strokes_of;
pub use isnet::IsNet;

use super::VisionError;
use crate::project::Rectangle;
use image::{GrayImage, RgbImage};
use std::path::PathBuf;

/// Tells the thing in a photo from what is around it.
pub trait Segmenter: Send + Sync {
    /// As large as the photo: 255 surely the thing, 0 surely not. `frame`: what of the photo to look at; outside
    /// is 0.
    fn segment(&self, photo: &RgbImage, frame: Option<Rectangle>) -> Result<GrayImage, SegmentError>;
}

/// Why a model from disk cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    #[error("cannot read the cut-out model: {error}; choose another file ({})", path.display())]
    Read { error: std::io::Error, path: PathBuf },
    #[error("the cut-out model has {size} bytes, more than any that is known; choose another file ({})", path.display())]
    TooLarge { size: u64, path: PathBuf },
    #[error("this is no ISNet: {what}; convert one with tests/oracles/isnet/convert.py ({})", path.display())]
    NoIsNet { what: String, path: PathBuf },
    #[error(transparent)]
    Vision(#[from] VisionError),
}

impl From<candle_core::Error> for SegmentError {
    fn from(error: candle_core::Error) -> Self {
        Self::Vision(error.into())
    }
}

#[cfg(test)]
mod tests;

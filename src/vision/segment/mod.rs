//! Stronger models for cutting out, from the user's disk.
//!
//! A model says how much each pixel looks like the thing that the photo is of. That is evidence, not a matte: its
//! sure parts become include and exclude strokes (`evidence`), and the classical cut-out, which knows edges better
//! and keeps the photo's own pixels, has the last word. Nothing of this is shipped. Which model a file holds is told
//! by its tensors.

mod evidence;
mod isnet;
mod prompts;
mod sam;
mod window;

pub use evidence::strokes_of;

use super::VisionError;
use crate::picture::cutout::CutOutRequest;
use candle_core::{Device, Tensor};
use image::GrayImage;
use isnet::IsNet;
use sam::Sam;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Larger files than any model's that is read here, by far.
const LARGEST_FILE: u64 = 1 << 30;

/// How files begin that Python's pickle wrote: zipped, and bare.
const PICKLES: [&[u8]; 2] = [b"PK\x03\x04", b"\x80\x02"];

/// Tells the thing in a photo from what is around it.
pub trait Segmenter: Send + Sync {
    /// As large as the photo: 255 surely the thing, 0 surely not. Outside the request's frame is 0.
    fn segment(&self, request: &CutOutRequest<'_>) -> Result<GrayImage, SegmentError>;
}

/// Reads a model: ISNet, MobileSAM or SAM ViT-B, as safetensors.
pub fn open(path: &Path) -> Result<Box<dyn Segmenter>, SegmentError> {
    let fault = |error| SegmentError::Read { error, path: path.to_owned() };
    let about = fs::metadata(path).map_err(fault)?;
    // Asked before opening: opening a pipe would wait for its writer.
    if !about.is_file() {
        return Err(fault(io::Error::other("it is no file")));
    }
    if about.len() > LARGEST_FILE {
        return Err(SegmentError::TooLarge { size: about.len(), path: path.to_owned() });
    }
    let file = fs::read(path).map_err(fault)?;
    if PICKLES.iter().any(|start| file.starts_with(start)) {
        return Err(SegmentError::Pickle { path: path.to_owned() });
    }
    let unfit =
        |error: candle_core::Error| SegmentError::Unfit { what: error.to_string(), path: path.to_owned() };
    let tensors = candle_core::safetensors::load_buffer(&file, &Device::Cpu).map_err(unfit)?;
    // The tensors are copies: two of them need not be held.
    drop(file);
    segmenter_of(tensors).map_err(unfit)?.ok_or_else(|| SegmentError::Unknown { path: path.to_owned() })
}

fn segmenter_of(tensors: HashMap<String, Tensor>) -> candle_core::Result<Option<Box<dyn Segmenter>>> {
    Ok(if tensors.contains_key(isnet::MARK) {
        Some(Box::new(IsNet::of(&tensors)?))
    } else if tensors.keys().any(|name| name.starts_with(sam::MARK)) {
        Some(Box::new(Sam::of(tensors)?))
    } else {
        None
    })
}

/// Why a model from disk cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    #[error("cannot read the cut-out model: {error}; choose another file ({})", path.display())]
    Read { error: io::Error, path: PathBuf },
    #[error("the cut-out model has {size} bytes, more than any that is known; choose another file ({})", path.display())]
    TooLarge { size: u64, path: PathBuf },
    #[error(
        "the cut-out model is a pickle, and opening one can run its author's code; make safetensors of it with \
         tests/oracles/sam/convert.py ({})", path.display()
    )]
    Pickle { path: PathBuf },
    #[error("the cut-out model is no ISNet, MobileSAM or SAM ViT-B; choose another file ({})", path.display())]
    Unknown { path: PathBuf },
    #[error(
        "the cut-out model does not fit: {what}; make it with the convert.py of its folder under tests/oracles ({})",
        path.display()
    )]
    Unfit { what: String, path: PathBuf },
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

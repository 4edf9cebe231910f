//! A textual inversion's file: vectors that stand for one word (Gal et al. 2022).

use super::AdapterError;
use crate::engine::EngineError;
use crate::engine::checkpoint::Checkpoint;
use candle_core::{DType, Device, Tensor};
use std::path::Path;

/// How Stable Diffusion's web interface calls the vectors.
const WEB_NAME: &str = "emb_params";
/// Vectors that fit a prompt beside start and end.
const MOST_VECTORS: usize = 75;

/// A word and its vectors.
#[derive(Debug, Clone)]
pub struct Embedding {
    token: String,
    /// `[vectors, width]` f32.
    rows: Tensor,
}

impl Embedding {
    /// Reads the vectors, which must be `width` wide.
    pub(super) fn open(path: &Path, token: &str, width: usize) -> Result<Self, EngineError> {
        let refuse = |what: String| AdapterError::NoEmbedding { what, path: path.to_owned() };
        let file = Checkpoint::open(&[path.to_owned()]).map_err(AdapterError::from)?;
        let names: Vec<&str> = file.names().collect();
        let name = match names.as_slice() {
            [only] => *only,
            all if all.contains(&WEB_NAME) => WEB_NAME,
            all if all.contains(&"clip_g") => {
                return Err(refuse("it is for Stable Diffusion XL".to_owned()).into());
            }
            all => return Err(refuse(format!("it holds {} tensors", all.len())).into()),
        };
        let (vectors, found) = match file.shape(name) {
            Some(&[width]) => (1, width),
            Some(&[vectors, width]) => (vectors, width),
            shape => return Err(refuse(format!("its tensor is {shape:?}")).into()),
        };
        if found != width {
            return Err(AdapterError::Width { found, expected: width, path: path.to_owned() }.into());
        }
        if !(1..=MOST_VECTORS).contains(&vectors) {
            return Err(refuse(format!("it has {vectors} vectors, at most {MOST_VECTORS} fit")).into());
        }
        let rows = file.read(name, DType::F32, &Device::Cpu)?.reshape((vectors, width))?;
        Ok(Self { token: token.to_owned(), rows })
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn rows(&self) -> &Tensor {
        &self.rows
    }

    /// How many of the text encoder's places the word takes.
    pub fn vectors(&self) -> usize {
        self.rows.dims().first().copied().unwrap_or(0)
    }
}

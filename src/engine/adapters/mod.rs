//! LoRAs and textual inversions: small files that change a bundle's networks without touching its own.
//!
//! A change is added to each tensor as it is read, so no file is rewritten, memory stays that of one network,
//! and taking a change back is reading the bundle again: bit for bit what it was.

mod embedding;
mod lora;
mod names;
mod overlay;

pub use embedding::Embedding;
pub use lora::Lora;

use super::EngineError;
use super::bundle::{Bundle, Component};
use super::checkpoint::CheckpointError;
use super::text::{TextConfig, TextEncoder};
use super::tokenizer::Tokenizer;
use super::unet::UNet;
use crate::project::Recipe;
use candle_core::{DType, Device};
use names::Networks;
use overlay::Overlay;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Why a LoRA or a textual inversion cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    #[error(transparent)]
    File(#[from] CheckpointError),
    #[error("the file is a {kind}, which is not supported; use a plain LoRA ({})", path.display())]
    Kind { kind: &'static str, path: PathBuf },
    #[error("the LoRA was made for {family}, and Adorn paints with the Stable Diffusion 1.5 family; use one of it ({})", path.display())]
    Family { family: &'static str, path: PathBuf },
    #[error("the LoRA does not fit the bundle (layer {layer}: {found:?} for {expected:?}); use one made for this model ({})", path.display())]
    Shape { layer: String, found: Vec<usize>, expected: Vec<usize>, path: PathBuf },
    #[error("the file changes no layer of the bundle ({unmatched} names are unknown); use a LoRA for Stable Diffusion 1.5 ({})", path.display())]
    Nothing { unmatched: usize, path: PathBuf },
    #[error("the LoRA is damaged ({what}); copy it again ({})", path.display())]
    Damaged { what: String, path: PathBuf },
    #[error("the file is no textual inversion ({what}); use one for Stable Diffusion 1.5 ({})", path.display())]
    NoEmbedding { what: String, path: PathBuf },
    #[error("the textual inversion is {found} wide and the bundle's text encoder {expected}; use one made for this model ({})", path.display())]
    Width { found: usize, expected: usize, path: PathBuf },
}

/// Which files change a bundle, and which version of each: equal values, equal networks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AdapterSet {
    loras: Vec<(FileVersion, f64)>,
    embeddings: Vec<(FileVersion, String)>,
}

#[derive(Debug, Clone, PartialEq)]
struct FileVersion {
    path: PathBuf,
    changed: Option<(SystemTime, u64)>,
}

impl FileVersion {
    fn of(file: &str) -> Self {
        let path = PathBuf::from(file);
        let about = std::fs::metadata(&path).ok();
        Self { changed: about.and_then(|about| Some((about.modified().ok()?, about.len()))), path }
    }
}

impl AdapterSet {
    /// What a recipe asks for; its paths are taken as they are. A LoRA of strength 0 changes nothing.
    pub fn of(recipe: &Recipe) -> Self {
        let loras = recipe.loras.iter().filter(|lora| lora.strength != 0.0);
        let embeddings = recipe.embeddings.iter();
        Self {
            loras: loras.map(|lora| (FileVersion::of(&lora.file), lora.strength)).collect(),
            embeddings: embeddings
                .map(|embedding| (FileVersion::of(&embedding.file), embedding.token.clone()))
                .collect(),
        }
    }

    /// Whether only the text encoder and the tokenizer differ from `other`'s.
    pub fn same_loras(&self, other: &Self) -> bool {
        self.loras == other.loras
    }

    /// Opens every file and checks it against the bundle's networks; no weights are read.
    pub fn open(&self, bundle: &Bundle) -> Result<Adapters, EngineError> {
        let networks = Networks::of(&bundle.configs)?;
        let lora = |(file, strength): &(FileVersion, f64)| {
            Ok::<_, EngineError>((Arc::new(Lora::open(&file.path, &networks)?), *strength))
        };
        let width = bundle.configs.text.hidden_size;
        let embedding = |(file, token): &(FileVersion, String)| Embedding::open(&file.path, token, width);
        Ok(Adapters {
            loras: self.loras.iter().map(lora).collect::<Result<_, _>>()?,
            embeddings: self.embeddings.iter().map(embedding).collect::<Result<_, _>>()?,
        })
    }
}

/// Opened files, in the order in which they are applied.
#[derive(Debug, Default)]
pub struct Adapters {
    loras: Vec<(Arc<Lora>, f64)>,
    embeddings: Vec<Embedding>,
}

impl Adapters {
    /// The bundle's denoiser with the changes of all LoRAs.
    pub fn unet(&self, bundle: &Bundle, dtype: DType, device: &Device) -> Result<UNet, EngineError> {
        let overlay = Overlay::new(Component::UNet, bundle, self.loras.clone(), &[])?;
        UNet::new(&bundle.configs.unet, overlay.builder(dtype, device))
    }

    /// The bundle's text encoder with the changes of all LoRAs, and a row a vector after its own vocabulary.
    pub fn text_encoder(
        &self,
        bundle: &Bundle,
        dtype: DType,
        device: &Device,
    ) -> Result<TextEncoder, EngineError> {
        let overlay = Overlay::new(Component::Text, bundle, self.loras.clone(), &self.embeddings)?;
        let own = &bundle.configs.text;
        let config = TextConfig { vocab_size: own.vocab_size + self.vectors(), ..own.clone() };
        TextEncoder::new(&config, overlay.builder(dtype, device))
    }

    /// The bundle's tokenizer, which knows the textual inversions' words.
    pub fn tokenizer(&self, bundle: &Bundle) -> Result<Tokenizer, EngineError> {
        let mut tokenizer = bundle.tokenizer()?;
        let mut next = bundle.configs.text.vocab_size as u32;
        for embedding in &self.embeddings {
            let vectors = embedding.vectors() as u32;
            tokenizer.add_placeholder(embedding.token(), next..next + vectors)?;
            next += vectors;
        }
        Ok(tokenizer)
    }

    /// One line for each file of which parts were not understood.
    pub fn notices(&self) -> Vec<String> {
        let unmatched = self.loras.iter().filter(|(lora, _)| lora.unmatched() > 0);
        let line = |lora: &Lora| {
            let name = lora.path().file_name().unwrap_or_default().to_string_lossy();
            format!("{name} also changes {} layers that the bundle does not have", lora.unmatched())
        };
        unmatched.map(|(lora, _)| line(lora)).collect()
    }

    fn vectors(&self) -> usize {
        self.embeddings.iter().map(Embedding::vectors).sum()
    }
}

fn damaged(what: impl Into<String>, path: &Path) -> AdapterError {
    AdapterError::Damaged { what: what.into(), path: path.to_owned() }
}

#[cfg(test)]
mod tests;

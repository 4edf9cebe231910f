//! Model bundles: a folder of networks with their configs, and what it says about itself.
//!
//! Opening one reads and checks configs only; each network's weights load when asked for. It knows folders
//! and files; how a picture is painted is not its business.

mod building;
mod check;
pub mod import;
mod manifest;
pub mod random;
mod shapes;

pub use check::{ComponentReport, Report, check};
pub use manifest::{Defaults, Dropped, Guidance, MANIFEST, Manifest};

use super::EngineError;
use super::checkpoint::{Checkpoint, CheckpointError, Foreign, Probe, Weights};
use super::config::{ConfigError, PerLevel};
use super::control_net::{ControlNet, ControlNetConfig};
use super::files::read_text;
use super::image_encoder::{self, ImageEncoder, ImageEncoderConfig};
use super::sampler::SchedulerConfig;
use super::text::{self, TextConfig, TextEncoder};
use super::tokenizer::Tokenizer;
use super::unet::{UNet, UNetConfig};
use super::vae::{Vae, VaeConfig};
use candle_core::{DType, Device};
use candle_nn::VarBuilder;
use random::FileType;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

const CONFIG_LIMIT: u64 = 16 << 20;

/// Pixels a latent covers, each way.
pub const LATENT_SIDE: usize = 8;

/// Why a folder is not a usable bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("there is no such folder; choose a model bundle ({})", .0.display())]
    NoFolder(PathBuf),
    #[error("a bundle is a folder, this is a file; make a bundle of it with `adorn bundle import` ({})", .0.display())]
    NotFolder(PathBuf),
    #[error("a bundle's file cannot be read ({reason}); copy it again ({})", path.display())]
    File { reason: String, path: PathBuf },
    #[error("a network's settings are wrong, {source} ({})", path.display())]
    Config { source: ConfigError, path: PathBuf },
    #[error(
        "the bundle's parts do not belong together ({what}: {left} and {right}); take all from one model"
    )]
    Mismatch { what: &'static str, left: usize, right: usize },
    #[error("this is {model}, and Adorn paints with the Stable Diffusion 1.5 family; choose one of it ({})", path.display())]
    Family { model: Foreign, path: PathBuf },
    #[error("there is no such model; name a .safetensors file or a diffusers folder ({})", .0.display())]
    NoModel(PathBuf),
    #[error("a part of the model is not there; check the path ({})", .0.display())]
    NoPart(PathBuf),
    #[error(
        "no ControlNet was given, and Adorn paints through one that reads earring and scale map; name a folder or file with --controlnet"
    )]
    NoControlNet,
    #[error("the ControlNet reads hints of {channels} channels, as stock ones do; take one trained for earring and scale map, 4 channels ({})", path.display())]
    StockControlNet { channels: usize, path: PathBuf },
    #[error("no image encoder was given; name DINOv2's folder or file with --image-encoder")]
    NoImageEncoder,
    #[error("no tokenizer was given; name CLIP's folder (vocab.json and merges.txt) with --tokenizer")]
    NoTokenizer,
    #[error("tensor {tensor} holds numbers that f16 cannot; use --dtype f32 or keep")]
    TooLarge { tensor: String },
    #[error("the folder is not empty; choose a new one, nothing was overwritten ({})", .0.display())]
    Occupied(PathBuf),
    #[error("the bundle cannot be written ({reason}); check the disk ({})", path.display())]
    Write { reason: String, path: PathBuf },
}

impl BundleError {
    /// The same error of a bundle that is being made in `folder`, a place that nobody asked for.
    fn within(mut self, folder: &Path) -> Self {
        if let Self::File { path, .. } | Self::Config { path, .. } | Self::Family { path, .. } = &mut self
            && let Ok(inside) = path.strip_prefix(folder)
        {
            *path = inside.to_owned();
        }
        self
    }
}

/// A part of a bundle with weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    Text,
    Image,
    UNet,
    ControlNet,
    Vae,
}

impl Component {
    pub const ALL: [Self; 5] = [Self::Text, Self::Image, Self::UNet, Self::ControlNet, Self::Vae];

    /// Its folder in a bundle.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Text => "text_encoder",
            Self::Image => "image_encoder",
            Self::UNet => "unet",
            Self::ControlNet => "controlnet",
            Self::Vae => "vae",
        }
    }

    /// Its weight file's name without ending.
    pub fn stem(self) -> &'static str {
        match self {
            Self::Text | Self::Image => "model",
            Self::UNet | Self::ControlNet | Self::Vae => "diffusion_pytorch_model",
        }
    }

    /// Its weights, names as its network asks for them.
    pub(super) fn checkpoint(self, bundle: &Path) -> Result<Checkpoint, CheckpointError> {
        let found = Checkpoint::find(&bundle.join(self.folder()), self.stem())?;
        Ok(match self {
            Self::Text => found.with_optional_prefix(text::PREFIX),
            Self::Image => found.with_optional_prefix(image_encoder::PREFIX),
            Self::UNet | Self::ControlNet | Self::Vae => found,
        })
    }
}

/// A bundle whose configs were read and belong together.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub folder: PathBuf,
    /// As read, or defaults for a plain diffusers folder.
    pub manifest: Manifest,
    /// Whether there was a manifest at all.
    pub has_manifest: bool,
    pub configs: Configs,
    pub scheduler: SchedulerConfig,
}

/// Every network's settings, each valid.
#[derive(Debug, Clone)]
pub struct Configs {
    pub text: TextConfig,
    pub image: ImageEncoderConfig,
    pub unet: UNetConfig,
    pub control_net: ControlNetConfig,
    pub vae: VaeConfig,
}

impl Bundle {
    /// Reads manifest and configs; no weights.
    pub fn open(folder: &Path) -> Result<Self, BundleError> {
        if folder.is_file() {
            return Err(BundleError::NotFolder(folder.to_owned()));
        }
        if !folder.is_dir() {
            return Err(BundleError::NoFolder(folder.to_owned()));
        }
        let found = Manifest::read(folder)?;
        let has_manifest = found.is_some();
        let mut manifest = found.unwrap_or_default();
        if manifest.name.is_empty() {
            let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
            manifest.name = name.unwrap_or_else(|| "bundle".to_owned());
        }
        let configs = Configs::read(folder)?;
        let scheduler = config(&folder.join("scheduler").join("scheduler_config.json"))?;
        Ok(Self { folder: folder.to_owned(), manifest, has_manifest, configs, scheduler })
    }

    /// The prompt's tokenizer, of the text encoder's length.
    pub fn tokenizer(&self) -> Result<Tokenizer, EngineError> {
        let TextConfig { max_position_embeddings: length, vocab_size, .. } = self.configs.text;
        Ok(Tokenizer::from_folder(&self.folder.join("tokenizer"), length, vocab_size)?)
    }

    pub fn text_encoder(&self, dtype: DType, device: &Device) -> Result<TextEncoder, EngineError> {
        TextEncoder::new(&self.configs.text, self.weights(Component::Text, dtype, device)?)
    }

    pub fn image_encoder(&self, dtype: DType, device: &Device) -> Result<ImageEncoder, EngineError> {
        ImageEncoder::new(&self.configs.image, self.weights(Component::Image, dtype, device)?)
    }

    pub fn unet(&self, dtype: DType, device: &Device) -> Result<UNet, EngineError> {
        UNet::new(&self.configs.unet, self.weights(Component::UNet, dtype, device)?)
    }

    pub fn control_net(&self, dtype: DType, device: &Device) -> Result<ControlNet, EngineError> {
        let weights = self.weights(Component::ControlNet, dtype, device)?;
        ControlNet::new(&self.configs.control_net, self.configs.image.hidden_size, weights)
    }

    pub fn vae(&self, dtype: DType, device: &Device) -> Result<Vae, EngineError> {
        Vae::new(&self.configs.vae, self.weights(Component::Vae, dtype, device)?)
    }

    /// Numbers in a network's weights, from the files' headers.
    pub fn parameters(&self, component: Component) -> Result<u64, EngineError> {
        let probe = Probe::new(component.checkpoint(&self.folder)?);
        self.configs.network(component, probe.builder())?;
        Ok(probe.seen().parameters as u64)
    }

    fn weights(
        &self,
        component: Component,
        dtype: DType,
        device: &Device,
    ) -> Result<VarBuilder<'static>, EngineError> {
        Ok(Weights::builder(component.checkpoint(&self.folder)?, dtype, device))
    }
}

impl Configs {
    fn read(folder: &Path) -> Result<Self, BundleError> {
        let path = |component: Component| folder.join(component.folder()).join("config.json");
        refuse_other_families(folder)?;
        let configs = Self {
            text: config(&path(Component::Text))?,
            image: config(&path(Component::Image))?,
            unet: config(&path(Component::UNet))?,
            control_net: config(&path(Component::ControlNet))?,
            vae: config(&path(Component::Vae))?,
        };
        for component in Component::ALL {
            configs
                .validate(component)
                .map_err(|source| BundleError::Config { source, path: path(component) })?;
        }
        configs.belong_together()?;
        Ok(configs)
    }

    fn validate(&self, component: Component) -> Result<(), ConfigError> {
        match component {
            Component::Text => self.text.validate(),
            Component::Image => self.image.validate(),
            Component::UNet => self.unet.validate(),
            Component::ControlNet => self.control_net.validate(),
            Component::Vae => self.vae.validate(),
        }
    }

    /// What one network gives is what the next one takes.
    fn belong_together(&self) -> Result<(), BundleError> {
        let (unet, control) = (&self.unet, &self.control_net);
        let width = |net: &UNetConfig| net.text_width().unwrap_or_default();
        let hint_halvings = control.conditioning_embedding_out_channels.len() - 1;
        let pairs = [
            ("text tokens and the UNet's cross attention", self.text.hidden_size, width(unet)),
            ("the UNet's and the ControlNet's cross attention", width(unet), width(&control.net)),
            ("latent channels of UNet and VAE", unet.in_channels, self.vae.latent_channels),
            ("channels into and out of the UNet", unet.in_channels, unet.out_channels),
            ("latent channels of UNet and ControlNet", unet.in_channels, control.net.in_channels),
            ("the hint's channels and the ControlNet's", 4, control.conditioning_channels),
            ("pixels a latent and the VAE", LATENT_SIDE, 1 << (self.vae.block_out_channels.len() - 1)),
            ("pixels a latent and the ControlNet's hint", LATENT_SIDE, 1 << hint_halvings),
        ];
        match pairs.into_iter().find(|(_, left, right)| left != right) {
            Some((what, left, right)) => Err(BundleError::Mismatch { what, left, right }),
            None => Ok(()),
        }
    }
}

/// Tells another family's folder before its settings are compared one by one.
fn refuse_other_families(folder: &Path) -> Result<(), BundleError> {
    let path = folder.join(Component::UNet.folder()).join("config.json");
    let settings: Denoiser = config(&path)?;
    let foreign = match settings {
        _ if folder.join("text_encoder_2").exists() => Some(Foreign::Sdxl),
        Denoiser { addition_embed_type: Some(kind), .. } if kind == "text_time" => Some(Foreign::Sdxl),
        Denoiser { in_channels: Some(into), out_channels, .. } if into != out_channels.unwrap_or(4) => {
            Some(Foreign::of_input_channels(into))
        }
        Denoiser { cross_attention_dim: Some(PerLevel::Same(width)), .. } => Foreign::of_text_width(width),
        _ => None,
    };
    foreign.map_or(Ok(()), |model| Err(BundleError::Family { model, path: folder.to_owned() }))
}

/// What tells families apart in a denoiser's settings.
#[derive(Deserialize)]
struct Denoiser {
    in_channels: Option<usize>,
    out_channels: Option<usize>,
    cross_attention_dim: Option<PerLevel<usize>>,
    addition_embed_type: Option<String>,
}

/// A JSON file of settings.
fn config<T: DeserializeOwned>(path: &Path) -> Result<T, BundleError> {
    let bad = |reason: String| BundleError::File { reason, path: path.to_owned() };
    let text = read_text(path, CONFIG_LIMIT).map_err(|error| bad(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| bad(error.to_string()))
}

#[cfg(test)]
mod tests;

//! Engines: what turns a request into a painted picture.
//!
//! [`Engine`] is the one trait; the diffusion engine lives here, on candle, and the mannequin engine, which
//! needs no weights, one row up. A request is plain data: control images as float planes beside the framed
//! scene, so an engine takes what it understands. This room refuses to know projects' files, the composite
//! and windows.

pub mod adapters;
pub mod attention;
pub mod bench;
pub mod bundle;
pub mod checkpoint;
pub mod config;
pub mod control_net;
pub mod device;
pub mod diffusion;
pub(crate) mod files;
pub mod image_encoder;
pub mod inventory;
mod kernels;
mod matting;
pub mod memory;
pub mod noise;
pub mod ops;
pub mod progress;
pub mod sampler;
pub mod steady;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
pub mod tokenizer;
pub mod unet;
pub mod vae;

pub use kernels::{Keeper, keep_pages};
pub use matting::ProductMatting;

use crate::picture::Planes;
use crate::project::Recipe;
use crate::scene::Scene;
use image::RgbImage;
use memory::{Gigabytes, MemoryPlan};
use progress::Control;
use std::collections::BTreeMap;

/// Paints pictures.
pub trait Engine: Send + Sync {
    /// Who paints, for people and for records.
    fn card(&self) -> EngineCard;

    /// The size at which this engine paints for a canvas of this size.
    fn network_size(&self, canvas_width: u32, canvas_height: u32) -> NetworkSize;

    /// What a guided picture of this size takes, and how much memory is free; none where that is little.
    fn memory(&self, size: NetworkSize) -> Option<MemoryOutlook> {
        let _ = size;
        None
    }

    /// Paints one picture of the request's size. Calls `control` at least once a network block.
    fn generate(&self, request: &Request<'_>, control: &Control) -> Result<Generated, EngineError>;
}

/// A plan beside what there is. The engine's weights are in memory already.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryOutlook {
    pub plan: MemoryPlan,
    /// Bytes; none where the system does not tell.
    pub free: Option<u64>,
}

/// An engine's name and what its pictures are worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineCard {
    /// Bundle name and version, or the engine's own.
    pub name: String,
    pub kind: EngineKind,
    /// `cpu`, `cuda:0`, with the reason it was picked.
    pub device: String,
}

/// What an engine's pictures are worth; untrained and layout pictures are labelled wherever they show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// A drawing of the layout, not a model's picture.
    Layout,
    /// Random weights: true shapes and timings, meaningless pictures.
    Untrained,
    Trained,
}

/// A picture size that networks accept: both sides multiples of 8, 64..=4096.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NetworkSize {
    width: u32,
    height: u32,
}

impl NetworkSize {
    /// Allowed length of a side in pixels.
    pub const SIDE: std::ops::RangeInclusive<u32> = 64..=4096;

    /// Checks once; inside, a size cannot be wrong.
    pub fn new(width: u32, height: u32) -> Result<Self, EngineError> {
        let fits = |side: u32| Self::SIDE.contains(&side) && side.is_multiple_of(8);
        if fits(width) && fits(height) {
            Ok(Self { width, height })
        } else {
            Err(EngineError::Size { width, height })
        }
    }

    /// The smallest size that holds a canvas. A canvas beyond the largest size is shrunk to it first, its
    /// aspect kept as far as steps of 8 allow.
    pub fn covering(canvas_width: u32, canvas_height: u32) -> Self {
        let (least, most) = (f64::from(*Self::SIDE.start()), f64::from(*Self::SIDE.end()));
        let shrink = (most / f64::from(canvas_width.max(canvas_height).max(1))).min(1.0);
        let side = |length: u32| ((f64::from(length) * shrink / 8.0).ceil() * 8.0).clamp(least, most) as u32;
        Self { width: side(canvas_width), height: side(canvas_height) }
    }

    pub fn width(self) -> u32 {
        self.width
    }

    pub fn height(self) -> u32 {
        self.height
    }
}

/// Everything that decides one painted picture.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub size: NetworkSize,
    /// `[4, H, W]`: I_c premultiplied by M, then I_s (METHOD 1). Network frame.
    pub hint: &'a Planes,
    /// `[3, 224, 224]`, 0..=1, before ImageNet normalisation.
    pub pose_image: &'a Planes,
    /// Likewise; none leaves the appearance branch out.
    pub appearance_image: Option<&'a Planes>,
    pub prompt: &'a str,
    pub negative_prompt: &'a str,
    pub recipe: &'a Recipe,
    /// Camera and band in the network frame.
    pub scene: &'a Scene,
    /// `[1, H, W]` matte in the network frame, for engines that shade around the earring.
    pub matte: &'a Planes,
    /// Also return the tensors of the trace file (CONTRACTS).
    pub trace: bool,
}

/// An engine's result.
#[derive(Debug, Clone)]
pub struct Generated {
    /// I_g, of the request's size.
    pub picture: RgbImage,
    /// What people should know about how it was painted, one sentence each without a full stop.
    pub notices: Vec<String>,
    /// Named tensors for `--trace`, each with its shape; empty unless asked for.
    pub trace: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

/// Why an engine did not paint.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Cancelled(#[from] progress::Cancelled),
    #[error(
        "the layout preview was made for a body of {expected} vertices, but the scene's has {found}; choose the body file again"
    )]
    Body { expected: usize, found: usize },
    #[error(
        "{width} x {height} is not a size that networks accept; both sides must be multiples of 8 from 64 to 4096"
    )]
    Size { width: u32, height: u32 },
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    #[error(
        "the ControlNet returned {found} residuals where the denoiser takes {expected}; use one of its family"
    )]
    Residuals { expected: usize, found: usize },
    #[error(
        "a control image is {found:?} where the engine takes {expected:?}; make it for the engine's size"
    )]
    Planes { found: [usize; 3], expected: [usize; 3] },
    #[error(
        "a picture of {}x{} needs about {needed} in {dtype} and {free} are free; {advice}",
        size.width(), size.height()
    )]
    Memory { size: NetworkSize, dtype: &'static str, needed: Gigabytes, free: Gigabytes, advice: String },
    #[error("the graphics card has too little memory ({reason}); use --device cpu, or a smaller picture")]
    DeviceMemory { reason: String },
    #[error("the graphics card does not answer any more ({reason}); use --device cpu, or start again")]
    DeviceLost { reason: String },
    #[error(
        "{part} gave numbers that make no picture (not finite, or all alike), in f32 too; check the bundle, or lower guidance and strengths"
    )]
    NotFinite { part: String },
    #[error(transparent)]
    Adapter(Box<adapters::AdapterError>),
    #[error(transparent)]
    Bundle(#[from] bundle::BundleError),
    #[error(transparent)]
    Checkpoint(#[from] checkpoint::CheckpointError),
    #[error(transparent)]
    Device(#[from] device::DeviceError),
    #[error(transparent)]
    Sampler(#[from] sampler::SamplerError),
    #[error(transparent)]
    Tokenizer(#[from] tokenizer::TokenizerError),
    #[error(transparent)]
    Candle(candle_core::Error),
}

impl From<candle_core::Error> for EngineError {
    fn from(error: candle_core::Error) -> Self {
        device::told_apart(error)
    }
}

impl From<adapters::AdapterError> for EngineError {
    fn from(error: adapters::AdapterError) -> Self {
        Self::Adapter(Box::new(error))
    }
}

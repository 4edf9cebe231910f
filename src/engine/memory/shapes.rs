//! What a bundle's networks hold at once, from their configs alone.
//!
//! Factors count pictures of a layer's widest side that live together: inputs, what is normalised, results.

use super::{MemoryPlan, PROGRAM};
use crate::engine::bundle::{Configs, LATENT_SIDE};
use crate::engine::image_encoder::{ImageEncoderConfig, SIDE};
use crate::engine::text::TextConfig;
use crate::engine::unet::{Level, UNetConfig};
use crate::engine::vae::{BAND, WHOLE};
use crate::engine::{EngineError, NetworkSize};
use candle_core::DType;

/// Bytes of a number where sums are taken, whatever the weights' type.
const WIDE: u64 = 4;

/// Pictures of a residual block's inputs that live at once, and of its outputs.
const RESIDUAL_PICTURES: u64 = 3;

/// Token lists of a transformer's width that live at once; the gated layer alone is eight wide.
const TRANSFORMER_LISTS: u64 = 23;

/// Lists of a plain transformer layer: residual, norm, queries, keys, values, each as computed and by head.
const ENCODER_LISTS: u64 = 10;

/// Attention scores of one chunk, their weights and a copy.
const SCORES: u64 = 3 * (16 << 20);

/// Pictures of one band, or of a block that is not cut, that live at once: on a graphics card, whose norms
/// are several operations, and on the processor, where they are one. (Stable Diffusion 1.5's decoder,
/// measured at 512 x 512 and 768 x 512: 3.7 to 3.9 of 268 MB.)
const BAND_PICTURES: [u64; 2] = [7, 4];

/// Pictures of the hint's width that live at once.
const HINT_PICTURES: u64 = 4;

/// One level of a U-shaped network.
#[derive(Debug, Clone, Copy)]
struct Depth {
    level: Level,
    /// How often latents were halved.
    halvings: u32,
}

/// Sizes of a bundle's networks.
#[derive(Debug, Clone)]
pub(super) struct Shapes {
    /// Bytes of a weight or a kept number.
    bytes: u64,
    on_cpu: bool,
    text: TextConfig,
    image: ImageEncoderConfig,
    depths: Vec<Depth>,
    layers: u64,
    hint: Vec<u64>,
    /// Channels of the autoencoder, finest first.
    vae: Vec<u64>,
}

impl Shapes {
    pub(super) fn new(configs: &Configs, dtype: DType, on_cpu: bool) -> Result<Self, EngineError> {
        let unet: &UNetConfig = &configs.unet;
        let depths = unet.down_levels()?.into_iter().zip(0..);
        let wide = |channels: &[usize]| channels.iter().map(|&c| c as u64).collect();
        Ok(Self {
            bytes: dtype.size_in_bytes() as u64,
            on_cpu,
            text: configs.text.clone(),
            image: configs.image.clone(),
            depths: depths.map(|(level, halvings)| Depth { level, halvings }).collect(),
            layers: unet.layers()? as u64,
            hint: wide(&configs.control_net.conditioning_embedding_out_channels),
            vae: wide(&configs.vae.block_out_channels),
        })
    }

    pub(super) fn in_dtype(&self, dtype: DType) -> Self {
        Self { bytes: dtype.size_in_bytes() as u64, ..self.clone() }
    }

    pub(super) fn plan(&self, size: NetworkSize, batch: u64, dtype: DType, weights: u64) -> MemoryPlan {
        let pixels = u64::from(size.width()) * u64::from(size.height());
        let latents = pixels / (LATENT_SIDE * LATENT_SIDE) as u64;
        let skips = self.skips(latents) * batch * self.bytes;
        let work = self.step(latents, batch) + self.widened_weight();
        MemoryPlan {
            width: size.width(),
            height: size.height(),
            dtype: dtype.as_str(),
            program_bytes: PROGRAM,
            weights_bytes: weights,
            kept_bytes: self.kept(latents, batch),
            text_bytes: self.text_encoder(),
            image_encoder_bytes: self.image_encoder(),
            hint_bytes: self.hint(pixels),
            // The denoiser runs while the ControlNet's residuals wait, which are as large as its own skips.
            control_step_bytes: (2 * skips).max(skips + work),
            unet_step_bytes: 2 * skips + work,
            vae_decode_bytes: self.decode(pixels),
        }
    }

    /// Numbers of one sample's skips.
    fn skips(&self, latents: u64) -> u64 {
        let first = self.depths.first().map_or(0, |depth| depth.level.channels as u64 * latents);
        let level = |depth: &Depth| {
            let (channels, here) = (depth.level.channels as u64, latents >> (2 * depth.halvings));
            let halved = if depth.halvings as usize + 1 < self.depths.len() { here / 4 } else { 0 };
            channels * (self.layers * here + halved)
        };
        first + self.depths.iter().map(level).sum::<u64>()
    }

    /// The widest moment of a step, beside skips.
    fn step(&self, latents: u64, batch: u64) -> u64 {
        let deeper = |at: usize| self.depths.get(at + 1).or(self.depths.get(at));
        let level = |(at, depth): (usize, &Depth)| {
            let pictures = (latents >> (2 * depth.halvings)) * batch * WIDE;
            let channels = depth.level.channels as u64;
            // On the way up a block takes the level below beside a skip.
            let inputs = channels + deeper(at).map_or(channels, |below| below.level.channels as u64);
            let residual = RESIDUAL_PICTURES * (inputs + channels);
            let transformer = if depth.level.attends { TRANSFORMER_LISTS * channels } else { 0 };
            pictures * residual.max(transformer)
        };
        self.depths.iter().enumerate().map(level).max().unwrap_or_default() + SCORES
    }

    /// The largest convolution's weight as the processor lays it out anew for each use, from half types
    /// through f32.
    fn widened_weight(&self) -> u64 {
        let deepest = self.depths.last().map_or(0, |depth| depth.level.channels as u64);
        let copies = if !self.on_cpu {
            0
        } else if self.bytes < WIDE {
            2
        } else {
            1
        };
        deepest * deepest * 2 * 9 * WIDE * copies
    }

    /// Latents, hint and the prepared keys and values of every transformer.
    fn kept(&self, latents: u64, batch: u64) -> u64 {
        let attending = self.depths.iter().filter(|depth| depth.level.attends);
        let widths = attending.map(|depth| depth.level.channels as u64).sum::<u64>() * (2 * self.layers + 1);
        let text = self.text.max_position_embeddings as u64 * batch;
        let keys = 2 * widths * (2 * text + 2 * self.image_tokens());
        let hint = self.depths.first().map_or(0, |depth| depth.level.channels as u64 * latents);
        (keys + hint) * self.bytes + latents * batch * 64 * WIDE
    }

    fn image_tokens(&self) -> u64 {
        let grid = (SIDE / self.image.patch_size.max(1)) as u64;
        grid * grid + 1
    }

    fn text_encoder(&self) -> u64 {
        let width = ENCODER_LISTS * self.text.hidden_size as u64 + 3 * self.text.intermediate_size as u64;
        2 * self.text.max_position_embeddings as u64 * width * WIDE
    }

    fn image_encoder(&self) -> u64 {
        let feed_forward = self.image.mlp_ratio * self.image.hidden_size as f64;
        let width = ENCODER_LISTS * self.image.hidden_size as u64 + 3 * feed_forward as u64;
        self.image_tokens() * width * WIDE + SCORES
    }

    /// The hint's embedding, finest picture first.
    fn hint(&self, pixels: u64) -> u64 {
        let stage = |(halvings, &channels): (usize, &u64)| (pixels >> (2 * halvings)) * channels;
        self.hint.iter().enumerate().map(stage).max().unwrap_or_default() * HINT_PICTURES * WIDE
    }

    /// The decoder: below a band's size each block's pictures; above it a block's input, middle and result,
    /// which stay whole, and one band's.
    fn decode(&self, pixels: u64) -> u64 {
        let level = |(at, &channels): (usize, &u64)| {
            let here = pixels >> (2 * at);
            let inputs = self.vae.get(at + 1).copied().unwrap_or(channels);
            let widest = here * inputs.max(channels);
            let pictures = BAND_PICTURES[usize::from(self.on_cpu)];
            let uncut = (BAND * WHOLE) as u64;
            let whole = widest.min(uncut) * pictures * WIDE;
            if widest <= uncut {
                return whole;
            }
            // The first size that is cut takes less than the last that is not: a plan never shrinks.
            whole.max(here * (inputs + 2 * channels) * self.bytes + BAND as u64 * pictures * WIDE)
        };
        self.vae.iter().enumerate().map(level).max().unwrap_or_default() + SCORES
    }
}

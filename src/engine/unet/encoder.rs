//! The way down and the middle: the half that the denoiser and its ControlNet have in common.

use super::config::{Level, UNetConfig};
use super::residual::{Downsample, ResidualBlock, ResidualShape};
use crate::engine::EngineError;
use crate::engine::attention::{BranchKeys, BranchTokens, CrossContext, Transformer, TransformerShape};
use crate::engine::ops::{Activation, Conv2d, Linear, Padding};
use crate::engine::progress::Control;
use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;

/// The scheduler's timestep as a vector that residual blocks read.
#[derive(Debug, Clone)]
struct TimeEmbedding {
    linear_1: Linear,
    linear_2: Linear,
    /// Width of the sinusoids.
    waves: usize,
    cosines_first: bool,
    freq_shift: f64,
}

impl TimeEmbedding {
    fn load(config: &UNetConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let (waves, width) = (config.block_out_channels[0], config.time_width());
        Ok(Self {
            linear_1: Linear::load(waves, width, &vb.pp("linear_1"))?,
            linear_2: Linear::load(width, width, &vb.pp("linear_2"))?,
            waves,
            cosines_first: config.flip_sin_to_cos,
            freq_shift: config.freq_shift,
        })
    }

    /// SiLU of the embedding, `[1, width]`: no block reads it otherwise.
    fn forward(&self, timestep: f64, dtype: DType, device: &Device) -> Result<Tensor> {
        let half = self.waves / 2;
        let frequency = |i: usize| (-(10_000f64.ln()) * i as f64 / (half as f64 - self.freq_shift)).exp();
        let angles = (0..half).map(|i| timestep * frequency(i));
        let (sines, cosines): (Vec<f32>, Vec<f32>) =
            angles.map(|angle| (angle.sin() as f32, angle.cos() as f32)).unzip();
        let waves = if self.cosines_first { [cosines, sines].concat() } else { [sines, cosines].concat() };
        let waves = Tensor::from_vec(waves, (1, half * 2), device)?.to_dtype(dtype)?;
        let hidden = self.linear_1.forward_activated(&waves, Activation::Silu)?;
        self.linear_2.forward_activated(&hidden, Activation::Silu)
    }
}

/// Residual blocks of one level, each followed by a transformer where the level attends.
#[derive(Debug, Clone)]
struct DownBlock {
    layers: Vec<(ResidualBlock, Option<Transformer>)>,
    downsample: Option<Downsample>,
}

/// What the way down leaves for the way up.
#[derive(Debug, Clone)]
pub(crate) struct Descent {
    /// `[b, h, w, c]`, in the order in which they came.
    pub(crate) skips: Vec<Tensor>,
    /// The coarsest picture after the middle block.
    pub(crate) middle: Tensor,
    /// SiLU of the time embedding, `[1, width]`.
    pub(crate) time: Tensor,
}

/// `conv_in`, `time_embedding`, `down_blocks` and `mid_block`.
#[derive(Debug, Clone)]
pub(crate) struct Encoder {
    conv_in: Conv2d,
    time_embedding: TimeEmbedding,
    down_blocks: Vec<DownBlock>,
    mid_first: ResidualBlock,
    mid_attention: Transformer,
    mid_last: ResidualBlock,
    /// Channels of each skip.
    skip_channels: Vec<usize>,
    transformers: usize,
}

impl Encoder {
    /// `config` has been validated.
    pub(crate) fn load(
        config: &UNetConfig,
        shape: &TransformerShape,
        vb: &VarBuilder<'_>,
    ) -> std::result::Result<Self, EngineError> {
        let levels = config.down_levels()?;
        let first = config.block_out_channels[0];
        let mut building = Building { config, shape, transformers: 0, skips: vec![first] };
        let mut down_blocks = Vec::with_capacity(levels.len());
        let mut inputs = first;
        for (i, level) in levels.iter().enumerate() {
            let last = i + 1 == levels.len();
            down_blocks.push(building.down_block(
                inputs,
                *level,
                last,
                &vb.pp(format!("down_blocks.{i}")),
            )?);
            inputs = level.channels;
        }
        let (deepest, mid) = (config.deepest()?, vb.pp("mid_block"));
        let at = building.residual(deepest.channels, deepest.channels);
        let mid_attention = building.transformer(deepest, &mid.pp("attentions.0"))?;
        Ok(Self {
            conv_in: Conv2d::load(config.in_channels, first, &vb.pp("conv_in"))?,
            time_embedding: TimeEmbedding::load(config, &vb.pp("time_embedding"))?,
            down_blocks,
            mid_first: ResidualBlock::load(at, &mid.pp("resnets.0"))?,
            mid_attention,
            mid_last: ResidualBlock::load(at, &mid.pp("resnets.1"))?,
            transformers: building.transformers,
            skip_channels: building.skips,
        })
    }

    /// Channels of each skip, in order.
    pub(crate) fn skip_channels(&self) -> &[usize] {
        &self.skip_channels
    }

    /// Transformers passed so far: the next one's place.
    pub(crate) fn transformers(&self) -> usize {
        self.transformers
    }

    /// Keys and values of every transformer's branches, in order.
    pub(crate) fn keys(&self, tokens: &BranchTokens) -> Result<Vec<BranchKeys>> {
        let down = self.down_blocks.iter().flat_map(|block| &block.layers);
        let transformers = down.filter_map(|(_, transformer)| transformer.as_ref());
        transformers.chain([&self.mid_attention]).map(|transformer| transformer.keys(tokens)).collect()
    }

    /// `latents` `[b, h, w, in_channels]`; `addition` `[b or 1, h, w, c]` joins them after `conv_in`.
    pub(crate) fn forward(
        &self,
        latents: &Tensor,
        addition: Option<&Tensor>,
        timestep: f64,
        context: CrossContext<'_>,
        control: &Control,
    ) -> std::result::Result<Descent, EngineError> {
        let time = self.time_embedding.forward(timestep, latents.dtype(), latents.device())?;
        let mut x = self.conv_in.forward(latents)?;
        if let Some(addition) = addition {
            x = x.broadcast_add(addition)?;
        }
        let mut skips = vec![x.clone()];
        for block in &self.down_blocks {
            for (residual, transformer) in &block.layers {
                control.check()?;
                x = residual.forward(&x, Some(&time))?;
                if let Some(transformer) = transformer {
                    x = transformer.forward(&x, context)?;
                }
                skips.push(x.clone());
            }
            if let Some(downsample) = &block.downsample {
                x = downsample.forward(&x)?;
                skips.push(x.clone());
            }
        }
        control.check()?;
        x = self.mid_first.forward(&x, Some(&time))?;
        x = self.mid_attention.forward(&x, context)?;
        let middle = self.mid_last.forward(&x, Some(&time))?;
        Ok(Descent { skips, middle, time })
    }
}

/// Counts transformers and notes skips while an encoder is read.
struct Building<'a> {
    config: &'a UNetConfig,
    shape: &'a TransformerShape,
    transformers: usize,
    skips: Vec<usize>,
}

impl Building<'_> {
    fn residual(&self, inputs: usize, outputs: usize) -> ResidualShape {
        let UNetConfig { norm_num_groups: groups, norm_eps: eps, .. } = *self.config;
        ResidualShape { inputs, outputs, groups, eps, time: Some(self.config.time_width()) }
    }

    fn transformer(&mut self, level: Level, vb: &VarBuilder<'_>) -> Result<Transformer> {
        let transformer = Transformer::load(level, self.shape, self.transformers, vb)?;
        self.transformers += 1;
        Ok(transformer)
    }

    fn down_block(
        &mut self,
        inputs: usize,
        level: Level,
        last: bool,
        vb: &VarBuilder<'_>,
    ) -> std::result::Result<DownBlock, EngineError> {
        let mut layers = Vec::new();
        for i in 0..self.config.layers()? {
            let shape = self.residual(if i == 0 { inputs } else { level.channels }, level.channels);
            let residual = ResidualBlock::load(shape, &vb.pp(format!("resnets.{i}")))?;
            let transformer = match level.attends {
                true => Some(self.transformer(level, &vb.pp(format!("attentions.{i}")))?),
                false => None,
            };
            layers.push((residual, transformer));
            self.skips.push(level.channels);
        }
        if last {
            return Ok(DownBlock { layers, downsample: None });
        }
        self.skips.push(level.channels);
        Ok(DownBlock { layers, downsample: Some(Downsample::load(level.channels, Padding::Around, vb)?) })
    }
}

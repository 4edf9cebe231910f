//! The way down and the middle: the half that the denoiser and its ControlNet have in common.

use super::config::{Level, UNetConfig};
use super::residual::{Downsample, ResidualBlock, ResidualShape};
use super::time::{StepTime, TimeEmbedding};
use crate::engine::EngineError;
use crate::engine::attention::{BranchKeys, CrossContext, Source, Transformer, TransformerShape};
use crate::engine::ops::{Conv2d, Padding};
use crate::engine::progress::Control;
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use std::slice::Iter;

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

    /// The branch's keys and values in every transformer; none at all where the network has no such branch.
    pub(crate) fn keys(&self, source: Source, tokens: &Tensor) -> Result<BranchKeys> {
        let down = self.down_blocks.iter().flat_map(|block| &block.layers);
        let transformers = down.filter_map(|(_, transformer)| transformer.as_ref());
        let keys =
            transformers.chain([&self.mid_attention]).map(|transformer| transformer.keys(source, tokens));
        keys.filter_map(Result::transpose).collect::<Result<_>>().map(BranchKeys)
    }

    /// The timestep's embedding, `[1, width]`.
    pub(super) fn time_embedding(&self, timestep: f64) -> Result<Tensor> {
        self.time_embedding.forward(timestep)
    }

    /// Residual blocks in the order in which pictures pass them.
    pub(super) fn residual_blocks(&self) -> impl Iterator<Item = &ResidualBlock> {
        let down = self.down_blocks.iter().flat_map(|block| &block.layers).map(|(residual, _)| residual);
        down.chain([&self.mid_first, &self.mid_last])
    }

    /// What residual blocks read at the scheduler's `timestep`, for a network that is this half alone.
    pub(crate) fn time(&self, timestep: f64) -> Result<StepTime> {
        StepTime::new(&self.time_embedding(timestep)?, self.residual_blocks())
    }

    /// `latents` `[b, h, w, in_channels]`; `addition` `[b or 1, h, w, c]` joins them after `conv_in`. Takes its
    /// residual blocks' share of `shifts`.
    pub(crate) fn forward(
        &self,
        latents: &Tensor,
        addition: Option<&Tensor>,
        shifts: &mut Iter<'_, Tensor>,
        context: CrossContext<'_>,
        control: &Control,
    ) -> std::result::Result<Descent, EngineError> {
        let mut x = self.conv_in.forward(latents)?;
        if let Some(addition) = addition {
            x = x.broadcast_add(addition)?;
        }
        let mut skips = vec![x.clone()];
        for block in &self.down_blocks {
            for (residual, transformer) in &block.layers {
                control.check()?;
                x = residual.forward(&x, shifts.next())?;
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
        x = self.mid_first.forward(&x, shifts.next())?;
        x = self.mid_attention.forward(&x, context)?;
        let middle = self.mid_last.forward(&x, shifts.next())?;
        Ok(Descent { skips, middle })
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

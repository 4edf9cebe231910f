//! The way up: skips join from the coarsest to the finest.

use super::config::{Level, UNetConfig};
use super::encoder::Descent;
use super::residual::{ResidualBlock, ResidualShape, Upsample};
use crate::engine::EngineError;
use crate::engine::attention::{BranchKeys, CrossContext, Source, Transformer, TransformerShape};
use crate::engine::ops::{Conv2d, GroupNorm};
use crate::engine::progress::Control;
use candle_core::{D, Tensor};
use candle_nn::VarBuilder;
use std::slice::Iter;

/// Residual blocks of one level, each taking one skip.
#[derive(Debug, Clone)]
struct UpBlock {
    layers: Vec<(ResidualBlock, Option<Transformer>)>,
    upsample: Option<Upsample>,
}

/// `up_blocks`, `conv_norm_out` and `conv_out`.
#[derive(Debug, Clone)]
pub(super) struct Decoder {
    up_blocks: Vec<UpBlock>,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Decoder {
    /// `skips` are the encoder's skip channels, `place` the number of its transformers.
    pub(super) fn load(
        config: &UNetConfig,
        shape: &TransformerShape,
        skips: &[usize],
        place: usize,
        vb: &VarBuilder<'_>,
    ) -> Result<Self, EngineError> {
        let mut building = Building { config, shape, skips: skips.to_vec(), place };
        let mut inputs = config.deepest()?.channels;
        let mut up_blocks = Vec::new();
        for (i, level) in config.up_levels()?.iter().rev().enumerate() {
            let last = i + 1 == config.block_out_channels.len();
            up_blocks.push(building.up_block(inputs, *level, last, &vb.pp(format!("up_blocks.{i}")))?);
            inputs = level.channels;
        }
        Ok(Self {
            up_blocks,
            conv_norm_out: GroupNorm::load(
                config.norm_num_groups,
                inputs,
                config.norm_eps,
                &vb.pp("conv_norm_out"),
            )?,
            conv_out: Conv2d::load(inputs, config.out_channels, &vb.pp("conv_out"))?,
        })
    }

    /// `keys` of the way down, continued: text's keys and values in every transformer.
    pub(super) fn keys(&self, text: &Tensor, mut keys: BranchKeys) -> Result<BranchKeys, EngineError> {
        for (_, transformer) in self.layers() {
            keys.0.extend(
                transformer.as_ref().map(|layer| layer.keys(Source::Text, text)).transpose()?.flatten(),
            );
        }
        Ok(keys)
    }

    /// Residual blocks in the order in which pictures pass them.
    pub(super) fn residual_blocks(&self) -> impl Iterator<Item = &ResidualBlock> {
        self.layers().map(|(residual, _)| residual)
    }

    fn layers(&self) -> impl Iterator<Item = &(ResidualBlock, Option<Transformer>)> {
        self.up_blocks.iter().flat_map(|block| &block.layers)
    }

    /// The predicted noise, `[b, h, w, out_channels]`. Takes its residual blocks' share of `shifts`.
    pub(super) fn forward(
        &self,
        descent: Descent,
        shifts: &mut Iter<'_, Tensor>,
        context: CrossContext<'_>,
        control: &Control,
    ) -> Result<Tensor, EngineError> {
        let Descent { mut skips, middle: mut x } = descent;
        for block in &self.up_blocks {
            for (residual, transformer) in &block.layers {
                control.check()?;
                let skip = skips.pop().ok_or_else(too_few_skips)?;
                x = residual.forward(&Tensor::cat(&[&x, &skip], D::Minus1)?, shifts.next())?;
                if let Some(transformer) = transformer {
                    x = transformer.forward(&x, context)?;
                }
            }
            if let Some(upsample) = &block.upsample {
                // An odd side halves to its rounded-up half: only the skip knows which size to return to.
                let (_, h, w, _) = skips.last().ok_or_else(too_few_skips)?.dims4()?;
                x = upsample.forward(&x, h, w)?;
            }
        }
        Ok(self.conv_out.forward(&self.conv_norm_out.forward_silu(&x)?)?)
    }
}

fn too_few_skips() -> candle_core::Error {
    candle_core::Error::Msg("the way up needs one picture of the way down for each of its blocks".to_owned())
}

/// Takes skips and counts transformers while a decoder is read.
struct Building<'a> {
    config: &'a UNetConfig,
    shape: &'a TransformerShape,
    skips: Vec<usize>,
    place: usize,
}

impl Building<'_> {
    fn up_block(
        &mut self,
        inputs: usize,
        level: Level,
        last: bool,
        vb: &VarBuilder<'_>,
    ) -> Result<UpBlock, EngineError> {
        let UNetConfig { norm_num_groups: groups, norm_eps: eps, .. } = *self.config;
        let mut layers = Vec::new();
        for i in 0..=self.config.layers()? {
            let skip = self.skips.pop().ok_or_else(too_few_skips)?;
            let inputs = skip + if i == 0 { inputs } else { level.channels };
            let time = Some(self.config.time_width());
            let shape = ResidualShape { inputs, outputs: level.channels, groups, eps, time };
            let residual = ResidualBlock::load(shape, &vb.pp(format!("resnets.{i}")))?;
            let transformer = match level.attends {
                true => Some(self.transformer(level, &vb.pp(format!("attentions.{i}")))?),
                false => None,
            };
            layers.push((residual, transformer));
        }
        let upsample = (!last).then(|| Upsample::load(level.channels, vb)).transpose()?;
        Ok(UpBlock { layers, upsample })
    }

    fn transformer(&mut self, level: Level, vb: &VarBuilder<'_>) -> Result<Transformer, EngineError> {
        let transformer = Transformer::load(level, self.shape, self.place, vb)?;
        self.place += 1;
        Ok(transformer)
    }
}

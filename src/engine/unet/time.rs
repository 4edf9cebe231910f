//! The scheduler's timestep as a network's residual blocks read it: nothing in it depends on the picture.

use super::config::UNetConfig;
use super::residual::ResidualBlock;
use crate::engine::ops::{Activation, Linear};
use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;

/// What one timestep adds in every residual block of a network, in the order in which pictures pass them.
#[derive(Debug, Clone)]
pub struct StepTime(Vec<Tensor>);

impl StepTime {
    /// `embedding` is [`TimeEmbedding::forward`]'s.
    pub(super) fn new<'a>(
        embedding: &Tensor,
        blocks: impl Iterator<Item = &'a ResidualBlock>,
    ) -> Result<Self> {
        blocks.filter_map(|block| block.shift(embedding).transpose()).collect::<Result<_>>().map(Self)
    }

    /// The blocks' shifts, `[1, 1, 1, c]` each.
    pub(crate) fn shifts(&self) -> std::slice::Iter<'_, Tensor> {
        self.0.iter()
    }
}

/// Sinusoids of the timestep through two layers.
#[derive(Debug, Clone)]
pub(super) struct TimeEmbedding {
    linear_1: Linear,
    linear_2: Linear,
    /// Width of the sinusoids.
    waves: usize,
    cosines_first: bool,
    freq_shift: f64,
    dtype: DType,
    device: Device,
}

impl TimeEmbedding {
    pub(super) fn load(config: &UNetConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let (waves, width) = (config.block_out_channels[0], config.time_width());
        Ok(Self {
            linear_1: Linear::load(waves, width, &vb.pp("linear_1"))?,
            linear_2: Linear::load(width, width, &vb.pp("linear_2"))?,
            waves,
            cosines_first: config.flip_sin_to_cos,
            freq_shift: config.freq_shift,
            dtype: vb.dtype(),
            device: vb.device().clone(),
        })
    }

    /// SiLU of the embedding, `[1, width]`: no block reads it otherwise.
    pub(super) fn forward(&self, timestep: f64) -> Result<Tensor> {
        let half = self.waves / 2;
        let frequency = |i: usize| (-(10_000f64.ln()) * i as f64 / (half as f64 - self.freq_shift)).exp();
        let angles = (0..half).map(|i| timestep * frequency(i));
        let (sines, cosines): (Vec<f32>, Vec<f32>) =
            angles.map(|angle| (angle.sin() as f32, angle.cos() as f32)).unzip();
        let waves = if self.cosines_first { [cosines, sines].concat() } else { [sines, cosines].concat() };
        let waves = Tensor::from_vec(waves, (1, half * 2), &self.device)?.to_dtype(self.dtype)?;
        let hidden = self.linear_1.forward_activated(&waves, Activation::Silu)?;
        self.linear_2.forward_activated(&hidden, Activation::Silu)
    }
}

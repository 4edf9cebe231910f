//! DDIM with eta 0 (Song et al. 2021, Eq. 12): the paper's sampler.

use super::config::{Prediction, SamplerError, SchedulerConfig};
use super::schedule::{Spacing, timesteps};
use super::{Draw, Sampler, Step, blend};
use candle_core::{Result, Tensor};

pub(super) struct Ddim {
    config: SchedulerConfig,
    alphas_cumprod: Vec<f64>,
    timesteps: Vec<f64>,
    /// Training timesteps between two steps.
    stride: usize,
    prediction: Prediction,
}

impl Ddim {
    pub(super) fn new(config: &SchedulerConfig, steps: usize) -> std::result::Result<Self, SamplerError> {
        let spacing = config.spacing(Spacing::Leading)?;
        let whole = timesteps(config, spacing, steps, steps)?;
        Ok(Self {
            alphas_cumprod: config.alphas_cumprod()?,
            timesteps: whole.into_iter().map(|t| t as f64).collect(),
            stride: config.num_train_timesteps / steps,
            prediction: config.prediction()?,
            config: config.clone(),
        })
    }

    /// alpha_cumprod a stride below `timestep`.
    fn next_alpha(&self, timestep: usize) -> f64 {
        let below = timestep.checked_sub(self.stride).map(|next| self.alphas_cumprod[next]);
        let end = if self.config.set_alpha_to_one { 1.0 } else { self.alphas_cumprod[0] };
        below.unwrap_or(end)
    }
}

impl Sampler for Ddim {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn step(&mut self, index: usize, latents: &Tensor, predicted: &Tensor, _: Draw<'_>) -> Result<Step> {
        let timestep = self.timesteps[index] as usize;
        let (alpha, next) = (self.alphas_cumprod[timestep], self.next_alpha(timestep));
        let (signal, spread) = (alpha.sqrt(), (1.0 - alpha).sqrt());
        let noise = self.prediction.noise(latents, predicted, signal, spread)?;
        let foreseen = self.config.clipped(self.prediction.clean(latents, predicted, signal, spread)?)?;
        Ok(Step { latents: blend(next.sqrt(), &foreseen, (1.0 - next).sqrt(), &noise)?, foreseen })
    }
}

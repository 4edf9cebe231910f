//! Multistep consistency sampling (Luo et al. 2023, Alg. 3), for models and LoRAs distilled for it.

use super::config::{Prediction, SamplerError, SchedulerConfig};
use super::{Draw, Sampler, Step, blend};
use candle_core::{Result, Tensor};

/// Deviation of the data in the boundary condition.
const SIGMA_DATA: f64 = 0.5;

pub(super) struct Lcm {
    config: SchedulerConfig,
    alphas_cumprod: Vec<f64>,
    timesteps: Vec<f64>,
    prediction: Prediction,
}

impl Lcm {
    pub(super) fn new(config: &SchedulerConfig, steps: usize) -> std::result::Result<Self, SamplerError> {
        let original = config.original_inference_steps;
        if !(1..=config.num_train_timesteps).contains(&original) {
            return Err(SamplerError::Range("original_inference_steps"));
        }
        if !config.timestep_scaling.is_finite() {
            return Err(SamplerError::Range("timestep_scaling"));
        }
        if !(1..=original).contains(&steps) {
            return Err(SamplerError::Steps { steps, most: original });
        }
        let stride = config.num_train_timesteps / original;
        let distilled = |from_the_end: usize| ((original - from_the_end) * stride - 1) as f64;
        Ok(Self {
            alphas_cumprod: config.alphas_cumprod()?,
            timesteps: (0..steps).map(|i| distilled(i * original / steps)).collect(),
            prediction: config.prediction()?,
            config: config.clone(),
        })
    }

    fn alpha(&self, index: usize) -> Option<f64> {
        self.timesteps.get(index).map(|&timestep| self.alphas_cumprod[timestep as usize])
    }
}

impl Sampler for Lcm {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn step(&mut self, index: usize, latents: &Tensor, predicted: &Tensor, draw: Draw<'_>) -> Result<Step> {
        let timestep = self.timesteps[index];
        let alpha = self.alphas_cumprod[timestep as usize];
        let clean = self.prediction.clean(latents, predicted, alpha.sqrt(), (1.0 - alpha).sqrt())?;
        let clean = self.config.clipped(clean)?;
        let scaled = timestep * self.config.timestep_scaling;
        let spread = scaled * scaled + SIGMA_DATA * SIGMA_DATA;
        let foreseen = blend(scaled / spread.sqrt(), &clean, SIGMA_DATA * SIGMA_DATA / spread, latents)?;
        let latents = match self.alpha(index + 1) {
            Some(next) => blend(next.sqrt(), &foreseen, (1.0 - next).sqrt(), &draw()?)?,
            None => foreseen.clone(),
        };
        Ok(Step { latents, foreseen })
    }
}

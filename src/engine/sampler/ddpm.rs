//! Ancestral sampling of the diffusion model itself (Ho et al. 2020, Eq. 6 and 7), over fewer steps.

use super::config::{Prediction, SamplerError, SchedulerConfig, unsupported};
use super::schedule::{Spacing, timesteps};
use super::{Draw, Sampler, Step, blend};
use candle_core::{Result, Tensor};

/// Smallest variance, as diffusers bounds it.
const LEAST_VARIANCE: f64 = 1e-20;

pub(super) struct Ddpm {
    config: SchedulerConfig,
    alphas_cumprod: Vec<f64>,
    timesteps: Vec<f64>,
    prediction: Prediction,
}

impl Ddpm {
    pub(super) fn new(config: &SchedulerConfig, steps: usize) -> std::result::Result<Self, SamplerError> {
        match config.variance_type.as_deref() {
            None | Some("fixed_small") => {}
            Some(other) => return Err(unsupported("variance_type", other)),
        }
        let spacing = config.spacing(Spacing::Leading)?;
        let whole = timesteps(config, spacing, steps, steps)?;
        Ok(Self {
            alphas_cumprod: config.alphas_cumprod()?,
            timesteps: whole.into_iter().map(|t| t as f64).collect(),
            prediction: config.prediction()?,
            config: config.clone(),
        })
    }
}

impl Sampler for Ddpm {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn step(&mut self, index: usize, latents: &Tensor, predicted: &Tensor, draw: Draw<'_>) -> Result<Step> {
        let timestep = self.timesteps[index] as usize;
        let next = self.timesteps.get(index + 1).map_or(1.0, |&next| self.alphas_cumprod[next as usize]);
        let alpha = self.alphas_cumprod[timestep];
        let (kept, added) = (alpha / next, 1.0 - alpha / next);
        let clean = self.prediction.clean(latents, predicted, alpha.sqrt(), (1.0 - alpha).sqrt())?;
        let foreseen = self.config.clipped(clean)?;
        let mean = blend(
            next.sqrt() * added / (1.0 - alpha),
            &foreseen,
            kept.sqrt() * (1.0 - next) / (1.0 - alpha),
            latents,
        )?;
        if timestep == 0 {
            return Ok(Step { latents: mean, foreseen });
        }
        let variance = ((1.0 - next) / (1.0 - alpha) * added).max(LEAST_VARIANCE);
        Ok(Step { latents: blend(1.0, &mean, variance.sqrt(), &draw()?)?, foreseen })
    }
}

//! Euler's method on the probability flow (Karras et al. 2022, Alg. 2 without churn), plain and ancestral.
//!
//! Latents are `x_0 + sigma * noise` here, so they are larger than the network's and shrunk for it.

use super::config::{Prediction, SamplerError, SchedulerConfig};
use super::schedule::{
    Mixture, Spacing, fractional_timesteps, karras, sigma_at, timestep_of, training_sigmas,
};
use super::{Draw, Sampler, Step, blend};
use candle_core::{Result, Tensor};

pub(super) struct Euler {
    timesteps: Vec<f64>,
    /// One a step, and 0 for the end.
    sigmas: Vec<f64>,
    spacing: Spacing,
    prediction: Prediction,
    ancestral: bool,
}

impl Euler {
    pub(super) fn new(config: &SchedulerConfig, steps: usize) -> std::result::Result<Self, SamplerError> {
        let spacing = config.spacing(Spacing::Linspace)?;
        let mut timesteps = fractional_timesteps(config, spacing, steps)?;
        let known = training_sigmas(config)?;
        let mut sigmas: Vec<f64> = timesteps.iter().map(|&t| sigma_at(&known, t)).collect();
        if config.use_karras_sigmas {
            sigmas = karras(sigmas[0], sigmas[steps - 1], steps);
            timesteps = sigmas.iter().map(|&sigma| timestep_of(&known, sigma)).collect();
        }
        sigmas.push(0.0);
        Ok(Self { timesteps, sigmas, spacing, prediction: config.prediction()?, ancestral: false })
    }

    /// With noise taken out and put back at every step; it knows no Karras sigmas, as in diffusers.
    pub(super) fn ancestral(
        config: &SchedulerConfig,
        steps: usize,
    ) -> std::result::Result<Self, SamplerError> {
        let plain = SchedulerConfig { use_karras_sigmas: false, ..config.clone() };
        Ok(Self { ancestral: true, ..Self::new(&plain, steps)? })
    }

    /// Deviations of the noise that stays, and of the noise that is drawn, after step `index`.
    fn split(&self, index: usize) -> (f64, f64) {
        let (from, to) = (self.sigmas[index], self.sigmas[index + 1]);
        if !self.ancestral {
            return (to, 0.0);
        }
        let drawn = (to * to * (from * from - to * to) / (from * from)).sqrt();
        ((to * to - drawn * drawn).sqrt(), drawn)
    }
}

impl Sampler for Euler {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn noise_scale(&self) -> f64 {
        let largest = self.sigmas.iter().copied().fold(0.0, f64::max);
        match self.spacing {
            Spacing::Linspace | Spacing::Trailing => largest,
            Spacing::Leading => (largest * largest + 1.0).sqrt(),
        }
    }

    fn network_input(&self, latents: &Tensor, index: usize) -> Result<Tensor> {
        latents * Mixture::of(self.sigmas[index]).signal
    }

    fn step(&mut self, index: usize, latents: &Tensor, predicted: &Tensor, draw: Draw<'_>) -> Result<Step> {
        let sigma = self.sigmas[index];
        let Mixture { signal, spread, .. } = Mixture::of(sigma);
        let foreseen = match self.prediction {
            Prediction::Epsilon => blend(1.0, latents, -sigma, predicted)?,
            Prediction::Velocity => blend(signal * signal, latents, -spread, predicted)?,
        };
        let (kept, drawn) = self.split(index);
        // latents + (latents - foreseen) / sigma * (kept - sigma).
        let moved = blend(kept / sigma, latents, 1.0 - kept / sigma, &foreseen)?;
        let latents = if self.ancestral { blend(1.0, &moved, drawn, &draw()?)? } else { moved };
        Ok(Step { latents, foreseen })
    }
}

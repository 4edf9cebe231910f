//! DPM-Solver++ of second order, multistep (Lu et al. 2022, Alg. 2, midpoint), on Karras' sigmas.

use super::config::{Prediction, SamplerError, SchedulerConfig};
use super::schedule::{Mixture, karras, timestep_of, training_sigmas};
use super::{Draw, Sampler, Step, blend};
use candle_core::{Result, Tensor};

pub(super) struct DpmSolver {
    timesteps: Vec<f64>,
    /// One a step, and 0 for the end.
    sigmas: Vec<f64>,
    prediction: Prediction,
    /// x_0 as foreseen a step ago.
    before: Option<Tensor>,
}

impl DpmSolver {
    pub(super) fn new(config: &SchedulerConfig, steps: usize) -> std::result::Result<Self, SamplerError> {
        let most = config.num_train_timesteps;
        if !(1..=most).contains(&steps) {
            return Err(SamplerError::Steps { steps, most });
        }
        let known = training_sigmas(config)?;
        let mut sigmas = karras(known[most - 1], known[0], steps);
        let timesteps = sigmas.iter().map(|&sigma| timestep_of(&known, sigma).round_ties_even()).collect();
        sigmas.push(0.0);
        Ok(Self { timesteps, sigmas, prediction: config.prediction()?, before: None })
    }
}

impl Sampler for DpmSolver {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn step(&mut self, index: usize, latents: &Tensor, predicted: &Tensor, _: Draw<'_>) -> Result<Step> {
        let (now, next) = (Mixture::of(self.sigmas[index]), Mixture::of(self.sigmas[index + 1]));
        let foreseen = self.prediction.clean(latents, predicted, now.signal, now.spread)?;
        let h = next.lambda - now.lambda;
        let weight = -next.signal * (-h).exp_m1();
        let mut moved = blend(next.spread / now.spread, latents, weight, &foreseen)?;
        // The end's lambda is infinite: there the first order is exact.
        if let (Some(before), true) = (&self.before, h.is_finite()) {
            let ratio = (now.lambda - Mixture::of(self.sigmas[index - 1]).lambda) / h;
            let slope = (&foreseen - before)?;
            moved = blend(1.0, &moved, 0.5 * weight / ratio, &slope)?;
        }
        self.before = Some(foreseen.clone());
        Ok(Step { latents: moved, foreseen })
    }
}

//! UniPC of second order (Zhao et al. 2023), predicting x_0, with B2(h) = e^h - 1.
//!
//! Each step first corrects the latents it was given, now that the network has seen them, then predicts on.

use super::config::{Prediction, SamplerError, SchedulerConfig};
use super::schedule::{Mixture, Spacing, karras, sigma_at, timestep_of, timesteps, training_sigmas};
use super::{Draw, Sampler, Step, blend};
use candle_core::{Result, Tensor};

pub(super) struct UniPc {
    timesteps: Vec<f64>,
    /// One a step, and 0 for the end.
    sigmas: Vec<f64>,
    prediction: Prediction,
    /// What the last step left behind.
    last: Option<Last>,
}

/// A step, as the next one needs it.
struct Last {
    /// Corrected latents that it started from.
    latents: Tensor,
    /// x_0 foreseen there, and a step before.
    foreseen: Tensor,
    before: Option<Tensor>,
    /// Its order, 1 or 2.
    order: usize,
}

impl UniPc {
    pub(super) fn new(config: &SchedulerConfig, steps: usize) -> std::result::Result<Self, SamplerError> {
        let known = training_sigmas(config)?;
        let spacing = config.spacing(Spacing::Linspace)?;
        // Trailing timesteps end where the others leave their last one out.
        let intervals = steps + usize::from(spacing != Spacing::Trailing);
        let whole = timesteps(config, spacing, steps, intervals)?;
        let mut times: Vec<f64> = whole.into_iter().map(|t| t as f64).collect();
        let mut sigmas: Vec<f64> = times.iter().map(|&t| sigma_at(&known, t)).collect();
        if config.use_karras_sigmas {
            sigmas = karras(known[known.len() - 1], known[0], steps);
            times = sigmas.iter().map(|&sigma| timestep_of(&known, sigma).round_ties_even()).collect();
        }
        sigmas.push(0.0);
        Ok(Self { timesteps: times, sigmas, prediction: config.prediction()?, last: None })
    }

    fn mixture(&self, index: usize) -> Mixture {
        Mixture::of(self.sigmas[index])
    }

    /// How far the step before `from` lies from it, in steps from `from` to `to` (below 0).
    fn reach(&self, from: usize, to: usize) -> f64 {
        let here = self.mixture(from).lambda;
        (self.mixture(from - 1).lambda - here) / (self.mixture(to).lambda - here)
    }

    /// The first-order way from `from` to `to`, and the weight of what higher orders add to it.
    fn first_order(
        &self,
        from: usize,
        to: usize,
        latents: &Tensor,
        foreseen: &Tensor,
    ) -> Result<(Tensor, f64)> {
        let (here, there) = (self.mixture(from), self.mixture(to));
        let weight = -there.signal * (here.lambda - there.lambda).exp_m1();
        Ok((blend(there.spread / here.spread, latents, weight, foreseen)?, weight))
    }

    /// UniC: the latents at step `index` again, knowing the x_0 that the network foresees there.
    fn corrected(&self, index: usize, last: &Last, foreseen: &Tensor) -> Result<Tensor> {
        let (moved, weight) = self.first_order(index - 1, index, &last.latents, &last.foreseen)?;
        let news = (foreseen - &last.foreseen)?;
        let (Some(before), 2) = (&last.before, last.order) else {
            return blend(1.0, &moved, 0.5 * weight, &news);
        };
        let reach = self.reach(index - 1, index);
        let h = self.mixture(index - 1).lambda - self.mixture(index).lambda;
        let [past, present] = corrector_weights(h, reach);
        let slope = (before - &last.foreseen)?;
        blend(1.0, &blend(1.0, &moved, weight * past / reach, &slope)?, weight * present, &news)
    }

    /// UniP: on to step `index + 1`.
    fn predicted(&self, index: usize, order: usize, latents: &Tensor, last: &Last) -> Result<Tensor> {
        let (moved, weight) = self.first_order(index, index + 1, latents, &last.foreseen)?;
        match (&last.before, order) {
            (Some(before), 2) => {
                let slope = (before - &last.foreseen)?;
                blend(1.0, &moved, 0.5 * weight / self.reach(index, index + 1), &slope)
            }
            _ => Ok(moved),
        }
    }
}

/// Weights of the past and the present difference: rho of the paper's Eq. 5 for p = 2. `h` is minus the
/// step in lambda.
fn corrector_weights(h: f64, reach: f64) -> [f64; 2] {
    let b = h.exp_m1();
    let phi_2 = b / h - 1.0;
    let phi_3 = phi_2 / h - 0.5;
    let (first, second) = (phi_2 / b, 2.0 * phi_3 / b);
    let past = (second - first) / (reach - 1.0);
    [past, first - past]
}

impl Sampler for UniPc {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn step(&mut self, index: usize, latents: &Tensor, predicted: &Tensor, _: Draw<'_>) -> Result<Step> {
        let now = self.mixture(index);
        let foreseen = self.prediction.clean(latents, predicted, now.signal, now.spread)?;
        let last = self.last.take();
        let latents = match &last {
            Some(last) => self.corrected(index, last, &foreseen)?,
            None => latents.clone(),
        };
        // The end's lambda is infinite: there the first order is exact.
        let order = if last.is_some() && index + 1 < self.timesteps.len() { 2 } else { 1 };
        let before = last.map(|last| last.foreseen);
        let this = Last { latents, foreseen: foreseen.clone(), before, order };
        let moved = self.predicted(index, order, &this.latents, &this)?;
        self.last = Some(this);
        Ok(Step { latents: moved, foreseen })
    }
}

//! Which training timesteps the steps stand at, and how noisy the latents are there.
//!
//! `sigma` is noise over signal: latents are `x_0 + sigma * noise`, up to a factor (Karras et al. 2022).

use super::config::{SamplerError, SchedulerConfig};

/// How steps lie on the schedule (Lin et al. 2023, Table 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spacing {
    Leading,
    Trailing,
    Linspace,
}

/// Karras' exponent.
const RHO: f64 = 7.0;

/// `steps` whole timesteps, largest first. A leading offset that runs over the end is held at the end.
///
/// `intervals` is how many parts the schedule is cut into: as many as steps, or one more, whose end the
/// multistep solvers leave out. More steps than timesteps are an error.
pub(super) fn timesteps(
    config: &SchedulerConfig,
    spacing: Spacing,
    steps: usize,
    intervals: usize,
) -> Result<Vec<usize>, SamplerError> {
    let most = config.num_train_timesteps;
    if steps == 0 || intervals > most {
        return Err(SamplerError::Steps { steps, most: most + steps - intervals.max(steps) });
    }
    let step = |i: usize| match spacing {
        Spacing::Leading => ((intervals - 1 - i) * (most / intervals) + config.steps_offset).min(most - 1),
        Spacing::Trailing => trailing(i, steps, most),
        Spacing::Linspace => linspace(i, intervals, most).round_ties_even() as usize,
    };
    Ok((0..steps).map(step).collect())
}

fn trailing(i: usize, steps: usize, most: usize) -> usize {
    let end = most as f64 - i as f64 * (most as f64 / steps as f64);
    (end.round_ties_even() as usize).saturating_sub(1)
}

/// Point `i` of `points` from the last timestep down to 0, rounded as `numpy.linspace` rounds: halves are
/// decided by it.
fn linspace(i: usize, points: usize, most: usize) -> f64 {
    match (points, i) {
        (1, _) => 0.0,
        (_, 0) => (most - 1) as f64,
        _ => (points - 1 - i) as f64 * ((most - 1) as f64 / (points - 1) as f64),
    }
}

/// Timesteps as k-diffusion's samplers take them: linspace is not rounded.
pub(super) fn fractional_timesteps(
    config: &SchedulerConfig,
    spacing: Spacing,
    steps: usize,
) -> Result<Vec<f64>, SamplerError> {
    let whole = timesteps(config, spacing, steps, steps)?;
    Ok(match spacing {
        Spacing::Linspace => (0..steps).map(|i| linspace(i, steps, config.num_train_timesteps)).collect(),
        Spacing::Leading | Spacing::Trailing => whole.into_iter().map(|t| t as f64).collect(),
    })
}

/// sigma at every training timestep, ascending, in f32 as diffusers has it.
pub(super) fn training_sigmas(config: &SchedulerConfig) -> Result<Vec<f64>, SamplerError> {
    let sigma = |alpha: f64| f64::from(((1.0 - alpha as f32) / alpha as f32).sqrt());
    Ok(config.alphas_cumprod()?.into_iter().map(sigma).collect())
}

/// sigma between training timesteps, linearly.
pub(super) fn sigma_at(sigmas: &[f64], timestep: f64) -> f64 {
    let low = (timestep.max(0.0) as usize).min(sigmas.len() - 1);
    let high = (low + 1).min(sigmas.len() - 1);
    let weight = (timestep - low as f64).clamp(0.0, 1.0);
    sigmas[low] + (sigmas[high] - sigmas[low]) * weight
}

/// `steps` sigmas from `largest` to `smallest` (Karras et al. 2022, Eq. 5).
pub(super) fn karras(largest: f64, smallest: f64, steps: usize) -> Vec<f64> {
    let (from, to) = (largest.powf(1.0 / RHO), smallest.powf(1.0 / RHO));
    let ramp = |i: usize| if steps == 1 { 0.0 } else { i as f64 / (steps - 1) as f64 };
    (0..steps).map(|i| (from + ramp(i) * (to - from)).powf(RHO)).collect()
}

/// The timestep of a sigma: linear in its logarithm between training timesteps.
pub(super) fn timestep_of(sigmas: &[f64], sigma: f64) -> f64 {
    let log = sigma.max(1e-10).ln();
    let low = sigmas.partition_point(|known| known.ln() <= log).saturating_sub(1).min(sigmas.len() - 2);
    let (below, above) = (sigmas[low].ln(), sigmas[low + 1].ln());
    low as f64 + ((log - below) / (above - below)).clamp(0.0, 1.0)
}

/// Signal and spread of latents at a sigma, of unit variance together, and half their log ratio (lambda of
/// DPM-Solver, infinite at sigma 0).
#[derive(Debug, Clone, Copy)]
pub(super) struct Mixture {
    pub(super) signal: f64,
    pub(super) spread: f64,
    pub(super) lambda: f64,
}

impl Mixture {
    pub(super) fn of(sigma: f64) -> Self {
        let signal = 1.0 / (sigma * sigma + 1.0).sqrt();
        Self { signal, spread: sigma * signal, lambda: -sigma.ln() }
    }
}

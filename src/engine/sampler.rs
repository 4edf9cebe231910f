//! From noise to latents: DDIM (Song et al. 2021, Eq. 12) with eta 0, step for step as diffusers does it.
//!
//! It knows schedules and arithmetic; who predicts the noise is not its business.

use candle_core::Tensor;
use serde::Deserialize;

/// diffusers' `scheduler_config.json`, whichever scheduler wrote it; what is not named here is ignored.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct SchedulerConfig {
    /// Training timesteps.
    pub num_train_timesteps: usize,
    pub beta_start: f64,
    pub beta_end: f64,
    pub beta_schedule: String,
    pub trained_betas: Option<Vec<f64>>,
    /// Added to leading timesteps.
    pub steps_offset: usize,
    /// Whether the last step ends at alpha 1, or at the schedule's first.
    pub set_alpha_to_one: bool,
    pub timestep_spacing: String,
    pub prediction_type: String,
    pub clip_sample: bool,
    pub clip_sample_range: f64,
    pub thresholding: bool,
    pub rescale_betas_zero_snr: bool,
}

impl Default for SchedulerConfig {
    /// Stable Diffusion 1.5 (METHOD 7).
    fn default() -> Self {
        Self {
            num_train_timesteps: 1000,
            beta_start: 0.00085,
            beta_end: 0.012,
            beta_schedule: "scaled_linear".to_owned(),
            trained_betas: None,
            steps_offset: 1,
            set_alpha_to_one: false,
            timestep_spacing: "leading".to_owned(),
            prediction_type: "epsilon".to_owned(),
            clip_sample: false,
            clip_sample_range: 1.0,
            thresholding: false,
            rescale_betas_zero_snr: false,
        }
    }
}

/// Why a schedule cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SamplerError {
    #[error("scheduler: {what} = {value} is not supported; use Stable Diffusion 1.5's scheduler_config.json")]
    Unsupported { what: &'static str, value: String },
    #[error("scheduler: {0} is out of range; use Stable Diffusion 1.5's scheduler_config.json")]
    Range(&'static str),
    #[error("{steps} steps do not fit a schedule of {most}; choose 1 to {most}")]
    Steps { steps: usize, most: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spacing {
    Leading,
    Trailing,
    Linspace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prediction {
    Epsilon,
    Velocity,
}

/// DDIM with eta 0 over a number of steps.
#[derive(Debug, Clone)]
pub struct Ddim {
    alphas_cumprod: Vec<f64>,
    final_alpha: f64,
    timesteps: Vec<usize>,
    /// Training timesteps between two steps.
    stride: usize,
    prediction: Prediction,
    clip: Option<f64>,
}

impl Ddim {
    pub fn new(config: &SchedulerConfig, steps: usize) -> Result<Self, SamplerError> {
        let spacing = config.validate()?;
        let most = config.num_train_timesteps;
        if !(1..=most).contains(&steps) {
            return Err(SamplerError::Steps { steps, most });
        }
        let alphas_cumprod = config.alphas_cumprod()?;
        Ok(Self {
            final_alpha: if config.set_alpha_to_one { 1.0 } else { alphas_cumprod[0] },
            alphas_cumprod,
            timesteps: timesteps(spacing, steps, most, config.steps_offset),
            stride: most / steps,
            prediction: config.prediction()?,
            clip: config.clip_sample.then_some(config.clip_sample_range),
        })
    }

    /// Training timesteps, in the order of the steps.
    pub fn timesteps(&self) -> &[usize] {
        &self.timesteps
    }

    /// One step: `latents` at `timestep` and what the network predicted there (same shapes) to the latents
    /// of the next timestep, and to the clean ones that are foreseen from here (x_0, for previews).
    pub fn step(
        &self,
        latents: &Tensor,
        predicted: &Tensor,
        timestep: usize,
    ) -> candle_core::Result<(Tensor, Tensor)> {
        let alpha = self.alphas_cumprod.get(timestep).copied().unwrap_or(self.final_alpha);
        let next = timestep.checked_sub(self.stride).and_then(|next| self.alphas_cumprod.get(next));
        let next = next.copied().unwrap_or(self.final_alpha);
        let (signal, spread) = (alpha.sqrt(), (1.0 - alpha).sqrt());
        let (clean, noise) = match self.prediction {
            Prediction::Epsilon => (((latents - (predicted * spread)?)? / signal)?, predicted.clone()),
            Prediction::Velocity => (
                ((latents * signal)? - (predicted * spread)?)?,
                ((predicted * signal)? + (latents * spread)?)?,
            ),
        };
        let clean = match self.clip {
            Some(limit) => clean.clamp(-limit, limit)?,
            None => clean,
        };
        let latents = ((&clean * next.sqrt())? + (noise * (1.0 - next).sqrt())?)?;
        Ok((latents, clean))
    }
}

impl SchedulerConfig {
    fn validate(&self) -> Result<Spacing, SamplerError> {
        if !(1..=100_000).contains(&self.num_train_timesteps) {
            return Err(SamplerError::Range("num_train_timesteps"));
        }
        let beta = |beta: f64| beta > 0.0 && beta < 1.0;
        if !(beta(self.beta_start) && beta(self.beta_end)) {
            return Err(SamplerError::Range("beta_start or beta_end"));
        }
        if self.steps_offset >= self.num_train_timesteps {
            return Err(SamplerError::Range("steps_offset"));
        }
        if self.clip_sample && !(self.clip_sample_range > 0.0 && self.clip_sample_range.is_finite()) {
            return Err(SamplerError::Range("clip_sample_range"));
        }
        let no = |what, value: &str| SamplerError::Unsupported { what, value: value.to_owned() };
        for (what, set) in [
            ("thresholding", self.thresholding),
            ("rescale_betas_zero_snr", self.rescale_betas_zero_snr),
            ("trained_betas", self.trained_betas.is_some()),
        ] {
            if set {
                return Err(no(what, "true"));
            }
        }
        match self.timestep_spacing.as_str() {
            "leading" => Ok(Spacing::Leading),
            "trailing" => Ok(Spacing::Trailing),
            "linspace" => Ok(Spacing::Linspace),
            other => Err(no("timestep_spacing", other)),
        }
    }

    fn prediction(&self) -> Result<Prediction, SamplerError> {
        match self.prediction_type.as_str() {
            "epsilon" => Ok(Prediction::Epsilon),
            "v_prediction" => Ok(Prediction::Velocity),
            other => Err(SamplerError::Unsupported { what: "prediction_type", value: other.to_owned() }),
        }
    }

    fn alphas_cumprod(&self) -> Result<Vec<f64>, SamplerError> {
        let last = self.num_train_timesteps.saturating_sub(1).max(1) as f64;
        let between = |a: f64, b: f64, i: usize| a + (b - a) * i as f64 / last;
        let beta = |i: usize| match self.beta_schedule.as_str() {
            "linear" => Ok(between(self.beta_start, self.beta_end, i)),
            "scaled_linear" => Ok(between(self.beta_start.sqrt(), self.beta_end.sqrt(), i).powi(2)),
            other => Err(SamplerError::Unsupported { what: "beta_schedule", value: other.to_owned() }),
        };
        let mut product = 1.0;
        (0..self.num_train_timesteps)
            .map(|i| {
                product *= 1.0 - beta(i)?;
                Ok(product)
            })
            .collect()
    }
}

/// Largest first. A leading offset that runs over the end is held at the end.
fn timesteps(spacing: Spacing, steps: usize, most: usize, offset: usize) -> Vec<usize> {
    let ratio = most as f64 / steps as f64;
    let step = |i: usize| match spacing {
        Spacing::Leading => ((steps - 1 - i) * (most / steps) + offset).min(most - 1),
        Spacing::Trailing => ((most as f64 - i as f64 * ratio).round_ties_even() as usize).saturating_sub(1),
        Spacing::Linspace if steps == 1 => 0,
        Spacing::Linspace => {
            let place = (most - 1) as f64 * (steps - 1 - i) as f64 / (steps - 1) as f64;
            place.round_ties_even() as usize
        }
    };
    (0..steps).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[derive(Deserialize)]
    struct Case {
        config: SchedulerConfig,
        steps: usize,
        timesteps: Vec<usize>,
        start: Vec<f32>,
        path: Vec<Vec<f32>>,
    }

    #[test]
    fn every_step_is_diffusers_step() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../tests/fixtures/engine/sampler.json")).unwrap();
        assert_eq!(cases.len(), 7);
        for case in cases {
            let sampler = Ddim::new(&case.config, case.steps).unwrap();
            assert_eq!(sampler.timesteps(), case.timesteps, "{:?}", case.config);
            let mut x = case.start;
            for (&t, expected) in case.timesteps.iter().zip(&case.path) {
                let guess = |(i, x): (usize, &f32)| 0.7 * x + 0.1 * (i as f32 + t as f32 / 100.0).cos();
                let predicted: Vec<f32> = x.iter().enumerate().map(guess).collect();
                let tensor = |values: Vec<f32>| Tensor::from_vec(values, 8, &Device::Cpu).unwrap();
                x = sampler.step(&tensor(x), &tensor(predicted), t).unwrap().0.to_vec1().unwrap();
                for (ours, theirs) in x.iter().zip(expected) {
                    let near = 2e-5 * theirs.abs().max(1.0);
                    assert!((ours - theirs).abs() < near, "{:?} at {t}: {ours} for {theirs}", case.config);
                }
            }
        }
    }

    #[test]
    fn foreign_schedules_and_step_counts_are_refused_by_name() {
        let refused = |config: &SchedulerConfig, steps| Ddim::new(config, steps).unwrap_err().to_string();
        let stock = SchedulerConfig::default();
        assert!(refused(&stock, 0).contains("1 to 1000"));
        assert!(refused(&stock, 1001).contains("1001 steps"));
        let cosine = SchedulerConfig { beta_schedule: "squaredcos_cap_v2".to_owned(), ..stock.clone() };
        assert!(refused(&cosine, 30).contains("squaredcos_cap_v2"));
        let sample = SchedulerConfig { prediction_type: "sample".to_owned(), ..stock.clone() };
        assert!(refused(&sample, 30).contains("prediction_type"));
        assert!(refused(&SchedulerConfig { beta_end: f64::NAN, ..stock }, 30).contains("beta"));
    }

    #[test]
    fn an_offset_never_leaves_the_schedule() {
        let sampler = Ddim::new(&SchedulerConfig::default(), 1000).unwrap();
        assert_eq!((sampler.timesteps()[0], sampler.timesteps()[999]), (999, 1));
    }
}

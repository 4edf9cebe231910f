//! What a bundle's `scheduler_config.json` says about the schedule, and why one cannot be followed.

use super::schedule::Spacing;
use candle_core::{Result, Tensor};
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
    /// Whether DDIM's last step ends at alpha 1, or at the schedule's first.
    pub set_alpha_to_one: bool,
    /// `leading`, `trailing` or `linspace`; none: each sampler's own.
    pub timestep_spacing: Option<String>,
    pub prediction_type: String,
    /// Whether x_0 is clipped; DDIM, DDPM and LCM heed it.
    pub clip_sample: bool,
    pub clip_sample_range: f64,
    /// DDPM's.
    pub variance_type: Option<String>,
    /// Euler's and UniPC's; the Karras sampler always does.
    pub use_karras_sigmas: bool,
    /// LCM's: steps of the schedule that the model was distilled on, and its boundary's scale.
    pub original_inference_steps: usize,
    pub timestep_scaling: f64,
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
            timestep_spacing: None,
            prediction_type: "epsilon".to_owned(),
            clip_sample: false,
            clip_sample_range: 1.0,
            variance_type: None,
            use_karras_sigmas: false,
            original_inference_steps: 50,
            timestep_scaling: 10.0,
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

/// What the network predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prediction {
    Epsilon,
    Velocity,
}

impl Prediction {
    /// x_0 of `latents = signal * x_0 + spread * noise`.
    pub(super) fn clean(
        self,
        latents: &Tensor,
        predicted: &Tensor,
        signal: f64,
        spread: f64,
    ) -> Result<Tensor> {
        match self {
            Self::Epsilon => super::blend(1.0 / signal, latents, -spread / signal, predicted),
            Self::Velocity => super::blend(signal, latents, -spread, predicted),
        }
    }

    /// The noise in the same latents.
    pub(super) fn noise(
        self,
        latents: &Tensor,
        predicted: &Tensor,
        signal: f64,
        spread: f64,
    ) -> Result<Tensor> {
        match self {
            Self::Epsilon => Ok(predicted.clone()),
            Self::Velocity => super::blend(signal, predicted, spread, latents),
        }
    }
}

impl SchedulerConfig {
    /// Checks what every sampler reads.
    pub(super) fn validate(&self) -> std::result::Result<(), SamplerError> {
        if !(2..=100_000).contains(&self.num_train_timesteps) {
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
        for (what, set) in [
            ("thresholding", self.thresholding),
            ("rescale_betas_zero_snr", self.rescale_betas_zero_snr),
            ("trained_betas", self.trained_betas.is_some()),
        ] {
            if set {
                return Err(unsupported(what, "true"));
            }
        }
        self.spacing(Spacing::Leading)?;
        self.prediction()?;
        self.alphas_cumprod().map(drop)
    }

    /// How the steps lie on the schedule; `own` is the sampler's where the config does not say.
    pub(super) fn spacing(&self, own: Spacing) -> std::result::Result<Spacing, SamplerError> {
        match self.timestep_spacing.as_deref() {
            None => Ok(own),
            Some("leading") => Ok(Spacing::Leading),
            Some("trailing") => Ok(Spacing::Trailing),
            Some("linspace") => Ok(Spacing::Linspace),
            Some(other) => Err(unsupported("timestep_spacing", other)),
        }
    }

    pub(super) fn prediction(&self) -> std::result::Result<Prediction, SamplerError> {
        match self.prediction_type.as_str() {
            "epsilon" => Ok(Prediction::Epsilon),
            "v_prediction" => Ok(Prediction::Velocity),
            other => Err(unsupported("prediction_type", other)),
        }
    }

    /// Product of 1 - beta up to each training timestep, rounded where diffusers rounds to f32: near alpha 1
    /// that decides the smallest sigmas.
    pub(super) fn alphas_cumprod(&self) -> std::result::Result<Vec<f64>, SamplerError> {
        let (first, last) = (self.beta_start, self.beta_end);
        let betas = match self.beta_schedule.as_str() {
            "linear" => linspace(first as f32, last as f32, self.num_train_timesteps),
            "scaled_linear" => {
                let roots = linspace(first.sqrt() as f32, last.sqrt() as f32, self.num_train_timesteps);
                roots.into_iter().map(|root| root * root).collect()
            }
            other => return Err(unsupported("beta_schedule", other)),
        };
        let mut product = 1.0;
        let kept = betas.into_iter().map(|beta: f32| {
            product *= f64::from(1.0 - beta);
            f64::from(product as f32)
        });
        Ok(kept.collect())
    }

    /// x_0 within the config's range, if it has one.
    pub(super) fn clipped(&self, clean: Tensor) -> Result<Tensor> {
        if self.clip_sample {
            clean.clamp(-self.clip_sample_range, self.clip_sample_range)
        } else {
            Ok(clean)
        }
    }
}

/// `torch.linspace`: from both ends to the middle.
fn linspace(first: f32, last: f32, count: usize) -> Vec<f32> {
    let step = (last - first) / (count - 1) as f32;
    let value = |i: usize| match i < count / 2 {
        true => first + step * i as f32,
        false => last - step * (count - 1 - i) as f32,
    };
    (0..count).map(value).collect()
}

pub(super) fn unsupported(what: &'static str, value: &str) -> SamplerError {
    SamplerError::Unsupported { what, value: value.to_owned() }
}

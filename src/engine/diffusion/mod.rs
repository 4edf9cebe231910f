//! The diffusion engine: a request becomes tokens, noise, steps and a picture (METHOD 4 to 7).
//!
//! It orders the networks' work and knows none of their insides. Weights load when it opens.

mod adapted;
mod cache;
mod conditions;
mod preview;
mod step;
mod trace;
mod wide;

pub use adapted::AdaptableEngine;

use super::adapters::Adapters;
use super::bundle::{Bundle, Dropped};
use super::control_net::ControlNet;
use super::device::{DTypeChoice, DeviceChoice, Picked, pick};
use super::image_encoder::ImageEncoder;
use super::memory::{Planner, free};
use super::noise::Generator;
use super::progress::{Control, Progress, Stage};
use super::sampler::{Sampler, Step, sampler};
use super::text::TextEncoder;
use super::tokenizer::Tokenizer;
use super::unet::UNet;
use super::vae::Vae;
use super::{
    Engine, EngineCard, EngineError, EngineKind, Generated, MemoryOutlook, NetworkSize, Request, keep_pages,
};
use crate::picture::Planes;
use crate::project::Recipe;
use cache::Caches;
use candle_core::{DType, Tensor};
use conditions::Conditions;
use preview::LatentPreview;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use step::Moment;
use trace::Trace;
use wide::WideCopies;

/// What a decode costs in steps, for the time left (measured on Stable Diffusion 1.5).
const DECODE_IN_STEPS: u32 = 2;

/// Latents of a step under guidance, which memory is planned for.
pub(super) const GUIDED: usize = 2;

/// Stable Diffusion with the multi-branch ControlNet.
pub struct DiffusionEngine {
    pub(super) bundle: Bundle,
    pub(super) picked: Picked,
    tokenizer: Tokenizer,
    pub(super) text: TextEncoder,
    pub(super) image: ImageEncoder,
    pub(super) unet: UNet,
    pub(super) control_net: ControlNet,
    pub(super) vae: Vae,
    wide: WideCopies,
    caches: Caches,
    preview: OnceLock<LatentPreview>,
    pub(super) planner: Planner,
    /// What text encoder, tokenizer and denoiser were changed by.
    adapters: Adapters,
}

impl DiffusionEngine {
    /// Loads a bundle's networks.
    pub fn open(folder: &Path, device: DeviceChoice, dtype: DTypeChoice) -> Result<Self, EngineError> {
        let (bundle, picked) = (Bundle::open(folder)?, pick(device, dtype)?);
        let planner = Planner::new(&bundle, &picked)?;
        Self::load(bundle, picked, planner)
    }

    /// Loads the networks of a bundle that memory was planned for.
    pub(super) fn load(bundle: Bundle, picked: Picked, planner: Planner) -> Result<Self, EngineError> {
        let (dtype, device) = (picked.dtype, &picked.device);
        Ok(Self {
            tokenizer: bundle.tokenizer()?,
            text: bundle.text_encoder(dtype, device)?,
            image: bundle.image_encoder(dtype, device)?,
            unet: bundle.unet(dtype, device)?,
            control_net: bundle.control_net(dtype, device)?,
            vae: bundle.vae(dtype, device)?,
            wide: WideCopies::default(),
            caches: Caches::default(),
            preview: OnceLock::new(),
            planner,
            adapters: Adapters::default(),
            bundle,
            picked,
        })
    }

    /// The bundle it paints with.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// What people are told where a prompt is too long for the text encoder.
    pub fn prompt_notice(&self, prompt: &str) -> Result<Option<String>, EngineError> {
        Ok(self.tokenizer.encode(prompt)?.notice())
    }

    /// Planes as `[1, c, h, w]` f32 on the device.
    pub(super) fn tensor(&self, planes: &Planes) -> Result<Tensor, EngineError> {
        let [c, h, w] = planes.shape();
        Ok(Tensor::from_slice(planes.data(), (1, c, h, w), &self.picked.device)?)
    }

    /// The recipe's sampler, or the bundle's own.
    fn sampler(&self, recipe: &Recipe) -> Result<Box<dyn Sampler>, EngineError> {
        let defaults = &self.bundle.manifest.defaults;
        let steps = recipe.steps.unwrap_or(defaults.steps) as usize;
        Ok(sampler(recipe.sampler.unwrap_or(defaults.sampler), &self.bundle.scheduler, steps)?)
    }

    fn denoise<'a>(
        &'a self,
        request: &Request<'_>,
        conditions: &Conditions<'a>,
        trace: &mut Trace,
        control: &Control,
    ) -> Result<Tensor, EngineError> {
        let mut sampler = self.sampler(request.recipe)?;
        let timesteps = sampler.timesteps().to_vec();
        let times: Vec<f32> = timesteps.iter().map(|&t| t as f32).collect();
        trace.keep("timesteps", &Tensor::new(times, &self.picked.device)?)?;
        let mut generator = Generator::new(request.recipe.seed);
        let mut draw = || self.noise(request.size, &mut generator);
        let noise = draw()?;
        trace.keep("noise", &noise)?;
        let mut latents = (noise * sampler.noise_scale())?;
        let (started, steps) = (Instant::now(), timesteps.len());
        for (index, &timestep) in timesteps.iter().enumerate() {
            let shown = sampler.network_input(&latents, index)?;
            let at = Moment { latents: &shown, timestep, step: index + 1 };
            let predicted = self.predict(&at, conditions, control)?;
            let foreseen;
            Step { latents, foreseen } = sampler.step(index, &latents, &predicted, &mut draw)?;
            check_finite(&latents, "the sampler")?;
            let done = index + 1;
            trace.keep(&format!("latents.{done}"), &latents)?;
            let left = (steps - done) as u32 + DECODE_IN_STEPS;
            control.step(Progress {
                preview: Some(Arc::new(self.preview(control)?.picture(&foreseen)?)),
                eta: Some(started.elapsed() / done as u32 * left),
                ..Progress::new(Stage::Painting, done, steps)
            })?;
        }
        Ok(latents)
    }

    /// Latents to pixels `[1, 3, H, W]`; once more in f32 from the same latents where the engine's type lost them.
    fn decode(
        &self,
        latents: &Tensor,
        conditions: &Conditions<'_>,
        control: &Control,
    ) -> Result<Tensor, EngineError> {
        const PART: &str = "the decoder";
        let decoded = |vae: &Vae| vae.decode(&(latents / vae.scaling_factor())?, control);
        let wide = || decoded(self.wide.vae(&self.bundle, &self.picked.device)?);
        let (pixels, widened) = self.rescued(PART, wide::usable_picture, || decoded(&self.vae), wide)?;
        if widened {
            conditions.tell(self.widened(PART));
        }
        Ok(pixels)
    }

    /// The preview's colours, fitted at the first step that shows one.
    fn preview(&self, control: &Control) -> Result<&LatentPreview, EngineError> {
        if let Some(preview) = self.preview.get() {
            return Ok(preview);
        }
        let channels = self.bundle.configs.unet.in_channels;
        let fit = |vae| LatentPreview::fit(vae, channels, &self.picked.device, control);
        let mut preview = fit(&self.vae)?;
        if !preview.is_finite() && self.picked.dtype != DType::F32 {
            preview = fit(self.wide.vae(&self.bundle, &self.picked.device)?)?;
        }
        Ok(self.preview.get_or_init(|| preview))
    }

    /// The next noise of a picture, `[1, 4, h, w]`.
    fn noise(&self, size: NetworkSize, generator: &mut Generator) -> candle_core::Result<Tensor> {
        let (h, w) = (size.height() as usize / 8, size.width() as usize / 8);
        let channels = self.bundle.configs.unet.in_channels;
        let values = generator.standard_normal(channels * h * w);
        Tensor::from_vec(values, (1, channels, h, w), &self.picked.device)
    }
}

impl Engine for DiffusionEngine {
    fn card(&self) -> EngineCard {
        card_of(&self.bundle, &self.picked)
    }

    fn network_size(&self, canvas_width: u32, canvas_height: u32) -> NetworkSize {
        network_size_of(&self.bundle, canvas_width, canvas_height)
    }

    fn memory(&self, size: NetworkSize) -> Option<MemoryOutlook> {
        Some(MemoryOutlook { plan: self.planner.plan(size, GUIDED), free: free(&self.picked.device) })
    }

    fn generate(&self, request: &Request<'_>, control: &Control) -> Result<Generated, EngineError> {
        check_shapes(request)?;
        self.planner.check(request.size, GUIDED, true, free(&self.picked.device))?;
        let _kept = keep_pages();
        control.step(Progress::new(Stage::Preparing, 0, 1))?;
        let mut trace = Trace::new(request.trace);
        let conditions = self.conditions(request, &mut trace, control)?;
        let latents = self.denoise(request, &conditions, &mut trace, control)?;
        control.step(Progress::new(Stage::Decoding, 0, 1))?;
        let pixels = self.decode(&latents, &conditions, control)?;
        trace.keep("decoded", &pixels)?;
        let (picture, notices) = (preview::to_picture(&pixels)?, conditions.into_notices());
        Ok(Generated { picture, notices, trace: trace.into_tensors() })
    }
}

/// A bundle's engine on a device, for people and for records.
pub(super) fn card_of(bundle: &Bundle, picked: &Picked) -> EngineCard {
    let manifest = &bundle.manifest;
    EngineCard {
        name: format!("{} {}", manifest.name, manifest.version).trim_end().to_owned(),
        kind: if manifest.trained { EngineKind::Trained } else { EngineKind::Untrained },
        device: picked.description.clone(),
    }
}

/// The size at which a bundle paints for a canvas of this size.
pub(super) fn network_size_of(bundle: &Bundle, canvas_width: u32, canvas_height: u32) -> NetworkSize {
    let levels = bundle.configs.unet.block_out_channels.len() as u32;
    let unit = 8 << levels.saturating_sub(1);
    network_size(bundle.manifest.network_size, unit, canvas_width, canvas_height)
}

/// Refuses numbers that no network can be blamed for.
fn check_finite(x: &Tensor, part: &str) -> Result<(), EngineError> {
    if wide::finite(x)? { Ok(()) } else { Err(EngineError::NotFinite { part: part.to_owned() }) }
}

fn check_shapes(request: &Request<'_>) -> Result<(), EngineError> {
    let hint = [4, request.size.height() as usize, request.size.width() as usize];
    let pictures = [Some(request.pose_image), request.appearance_image];
    let expected = pictures.into_iter().flatten().map(|picture| (picture.shape(), [3, 224, 224]));
    let wrong = expected.chain([(request.hint.shape(), hint)]).find(|(found, expected)| found != expected);
    wrong.map_or(Ok(()), |(found, expected)| Err(EngineError::Planes { found, expected }))
}

/// About `side` squared pixels in the canvas' proportions, both sides multiples of `unit`.
fn network_size(side: u32, unit: u32, canvas_width: u32, canvas_height: u32) -> NetworkSize {
    let aspect = f64::from(canvas_width.max(1)) / f64::from(canvas_height.max(1));
    let (least, most) =
        (NetworkSize::SIDE.start().next_multiple_of(unit), NetworkSize::SIDE.end() / unit * unit);
    let fit = |length: f64| {
        let units = (length / f64::from(unit)).round() as u32;
        units.saturating_mul(unit).clamp(least, most.max(least))
    };
    let (width, height) = (f64::from(side) * aspect.sqrt(), f64::from(side) / aspect.sqrt());
    NetworkSize { width: fit(width), height: fit(height) }
}

#[cfg(test)]
mod tests;

//! The diffusion engine: a request becomes tokens, noise, steps and a picture (METHOD 4 to 7).
//!
//! It orders the networks' work and knows none of their insides. Weights load when it opens.

mod adapted;
mod preview;
mod tokens;
mod trace;

pub use adapted::AdaptableEngine;

use super::bundle::{Bundle, Dropped};
use super::control_net::{BranchContext, BranchTokens, ControlNet, ControlResiduals, HintTokens, alpha};
use super::device::{DTypeChoice, DeviceChoice, Picked, pick};
use super::image_encoder::ImageEncoder;
use super::noise::standard_normal;
use super::progress::{Control, Progress, Stage};
use super::sampler::Ddim;
use super::text::TextEncoder;
use super::tokenizer::Tokenizer;
use super::unet::UNet;
use super::vae::Vae;
use super::{Engine, EngineCard, EngineError, EngineKind, Generated, NetworkSize, Request};
use crate::picture::Planes;
use candle_core::{DType, Tensor};
use preview::LatentPreview;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tokens::TokenCache;
use trace::Trace;

/// What a decode costs in steps, for the time left (measured on Stable Diffusion 1.5).
const DECODE_IN_STEPS: u32 = 2;

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
    cache: TokenCache,
    preview: OnceLock<LatentPreview>,
}

/// What stays the same from step to step.
struct Conditions {
    /// T_t, unconditional first; `[1, n, d]` where guidance is 1.
    text: Tensor,
    hint: HintTokens,
    /// One context for the whole batch, or one for each half.
    contexts: Vec<BranchContext>,
    /// Sample by sample, 1 / 0 where alpha is kept / dropped; as long as `contexts`.
    keeps: Vec<f64>,
    guidance: f64,
    gamma: f64,
}

impl DiffusionEngine {
    /// Loads a bundle's networks.
    pub fn open(folder: &Path, device: DeviceChoice, dtype: DTypeChoice) -> Result<Self, EngineError> {
        let (bundle, picked) = (Bundle::open(folder)?, pick(device, dtype)?);
        let (dtype, device) = (picked.dtype, &picked.device);
        Ok(Self {
            tokenizer: bundle.tokenizer()?,
            text: bundle.text_encoder(dtype, device)?,
            image: bundle.image_encoder(dtype, device)?,
            unet: bundle.unet(dtype, device)?,
            control_net: bundle.control_net(dtype, device)?,
            vae: bundle.vae(dtype, device)?,
            cache: TokenCache::default(),
            preview: OnceLock::new(),
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

    fn text_tokens(&self, prompt: &str, control: &Control) -> Result<Tensor, EngineError> {
        control.check()?;
        let ids = self.tokenizer.encode(prompt)?.ids;
        self.cache.get_or(tokens::key(b"text", bytemuck::cast_slice(&ids)), || {
            let ids = Tensor::from_slice(&ids, (1, ids.len()), &self.picked.device)?;
            Ok(self.text.forward(&ids)?)
        })
    }

    /// DINOv2's tokens of a picture; the same for both branches.
    fn image_tokens(&self, picture: &Planes, control: &Control) -> Result<Tensor, EngineError> {
        control.check()?;
        let key = tokens::key(b"image", bytemuck::cast_slice(picture.data()));
        self.cache.get_or(key, || Ok(self.image.forward(&self.tensor(picture)?)?))
    }

    fn conditions(
        &self,
        request: &Request<'_>,
        trace: &mut Trace,
        control: &Control,
    ) -> Result<Conditions, EngineError> {
        let (recipe, defaults) = (request.recipe, &self.bundle.manifest.defaults);
        let guidance = recipe.guidance.unwrap_or(defaults.guidance);
        let prompt = self.text_tokens(request.prompt, control)?;
        let negative = self.text_tokens(request.negative_prompt, control)?;
        let both = Tensor::cat(&[&negative, &prompt], 0)?;
        let pose = self.control_net.pose_tokens(&self.image_tokens(request.pose_image, control)?)?;
        let appearance = match request.appearance_image {
            Some(face) => self.control_net.appearance_tokens(&self.image_tokens(face, control)?)?,
            None => None,
        };
        let hint = self.tensor(request.hint)?;
        trace.keep("hint", &hint)?;
        trace.keep("pose_image", &self.tensor(request.pose_image)?)?;
        if let Some(face) = request.appearance_image {
            trace.keep("appearance_image", &self.tensor(face)?)?;
        }
        trace.keep("text_tokens", &both)?;
        for (name, tokens) in [("pose_tokens", &pose), ("appearance_tokens", &appearance)] {
            tokens.as_ref().map_or(Ok(()), |tokens| trace.keep(name, tokens))?;
        }
        let context = |text: &Tensor, appearance: Option<&Tensor>| {
            let (pose, appearance) = (pose.clone(), appearance.cloned());
            self.control_net.context(&BranchTokens { text: text.clone(), pose, appearance })
        };
        let drops = self.bundle.manifest.guidance.drop.contains(&Dropped::Appearance);
        let (text, contexts, keeps) = if guidance == 1.0 {
            (prompt.clone(), vec![context(&prompt, appearance.as_ref())?], vec![1.0])
        } else if drops && appearance.is_some() {
            let halves = vec![context(&negative, None)?, context(&prompt, appearance.as_ref())?];
            (both, halves, vec![0.0, 1.0])
        } else {
            let whole = context(&both, appearance.as_ref())?;
            (both, vec![whole], vec![1.0])
        };
        let gamma = recipe.gamma.unwrap_or(defaults.gamma);
        let hint = self.control_net.embed_hint(&hint)?;
        Ok(Conditions { text, hint, contexts, keeps, guidance, gamma })
    }

    /// The guided noise in `latents` `[1, 4, h, w]`.
    fn predict(
        &self,
        latents: &Tensor,
        timestep: usize,
        conditions: &Conditions,
        request: &Request<'_>,
        control: &Control,
    ) -> Result<Tensor, EngineError> {
        let batch = conditions.text.dim(0)?;
        let input = if batch == 1 { latents.clone() } else { Tensor::cat(&[latents, latents], 0)? };
        let (t, recipe) = (timestep as f64, request.recipe);
        let weight = alpha(t, conditions.gamma) * recipe.appearance_strength;
        let parts = conditions.contexts.len();
        let residuals = conditions.contexts.iter().zip(&conditions.keeps).map(|(context, keep)| {
            let input = if parts == 1 { &input } else { latents };
            let (alpha, strength) = (weight * keep, recipe.control_strength);
            self.control_net.forward(input, t, context, &conditions.hint, alpha, strength, control)
        });
        let residuals = joined(residuals.collect::<Result<Vec<_>, _>>()?)?;
        let noise = self.unet.forward(&input, t, &conditions.text, residuals.as_ref(), control)?;
        if batch == 1 {
            return Ok(noise);
        }
        let (without, with) = (noise.narrow(0, 0, 1)?, noise.narrow(0, 1, 1)?);
        Ok((&without + ((with - &without)? * conditions.guidance)?)?)
    }

    fn denoise(
        &self,
        request: &Request<'_>,
        conditions: &Conditions,
        trace: &mut Trace,
        control: &Control,
    ) -> Result<Tensor, EngineError> {
        let steps = request.recipe.steps.unwrap_or(self.bundle.manifest.defaults.steps) as usize;
        let sampler = Ddim::new(&self.bundle.scheduler, steps)?;
        let times: Vec<f32> = sampler.timesteps().iter().map(|&t| t as f32).collect();
        trace.keep("timesteps", &Tensor::new(times, &self.picked.device)?)?;
        let mut latents = self.noise(request)?;
        trace.keep("noise", &latents)?;
        let started = Instant::now();
        for (index, &timestep) in sampler.timesteps().iter().enumerate() {
            let noise = self.predict(&latents, timestep, conditions, request, control)?;
            let foreseen;
            (latents, foreseen) = sampler.step(&latents, &noise, timestep)?;
            finite(&latents, "painting")?;
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

    /// The preview's colours, fitted at the first step that shows one.
    fn preview(&self, control: &Control) -> Result<&LatentPreview, EngineError> {
        if let Some(preview) = self.preview.get() {
            return Ok(preview);
        }
        let channels = self.bundle.configs.unet.in_channels;
        let preview = LatentPreview::fit(&self.vae, channels, &self.picked.device, control)?;
        Ok(self.preview.get_or_init(|| preview))
    }

    fn noise(&self, request: &Request<'_>) -> Result<Tensor, EngineError> {
        let (h, w) = (request.size.height() as usize / 8, request.size.width() as usize / 8);
        let channels = self.bundle.configs.unet.in_channels;
        let values = standard_normal(request.recipe.seed, channels * h * w);
        Ok(Tensor::from_vec(values, (1, channels, h, w), &self.picked.device)?)
    }
}

impl Engine for DiffusionEngine {
    fn card(&self) -> EngineCard {
        let manifest = &self.bundle.manifest;
        EngineCard {
            name: format!("{} {}", manifest.name, manifest.version).trim_end().to_owned(),
            kind: if manifest.trained { EngineKind::Trained } else { EngineKind::Untrained },
            device: self.picked.description.clone(),
        }
    }

    fn network_size(&self, canvas_width: u32, canvas_height: u32) -> NetworkSize {
        size_for(&self.bundle, canvas_width, canvas_height)
    }

    fn generate(&self, request: &Request<'_>, control: &Control) -> Result<Generated, EngineError> {
        check_shapes(request)?;
        control.step(Progress::new(Stage::Preparing, 0, 1))?;
        let mut trace = Trace::new(request.trace);
        let conditions = self.conditions(request, &mut trace, control)?;
        let latents = self.denoise(request, &conditions, &mut trace, control)?;
        control.step(Progress::new(Stage::Decoding, 0, 1))?;
        let pixels = self.vae.decode(&(latents / self.vae.scaling_factor())?, control)?;
        finite(&pixels, "decoding")?;
        trace.keep("decoded", &pixels)?;
        Ok(Generated { picture: preview::to_picture(&pixels)?, trace: trace.into_tensors() })
    }
}

/// The halves' residuals as one batch.
fn joined(mut parts: Vec<ControlResiduals>) -> Result<Option<ControlResiduals>, EngineError> {
    let Some(last) = parts.pop() else { return Ok(None) };
    let Some(first) = parts.pop() else { return Ok(Some(last)) };
    let pairs = first.down.iter().zip(&last.down);
    let down = pairs.map(|(a, b)| Tensor::cat(&[a, b], 0)).collect::<candle_core::Result<_>>()?;
    Ok(Some(ControlResiduals { down, middle: Tensor::cat(&[&first.middle, &last.middle], 0)? }))
}

/// One number that is not one spreads over the picture, so their sum tells.
fn finite(x: &Tensor, stage: &'static str) -> Result<(), EngineError> {
    let sum = x.to_dtype(DType::F32)?.abs()?.mean_all()?.to_scalar::<f32>()?;
    if sum.is_finite() { Ok(()) } else { Err(EngineError::NotFinite { stage }) }
}

fn check_shapes(request: &Request<'_>) -> Result<(), EngineError> {
    let hint = [4, request.size.height() as usize, request.size.width() as usize];
    let pictures = [Some(request.pose_image), request.appearance_image];
    let expected = pictures.into_iter().flatten().map(|picture| (picture.shape(), [3, 224, 224]));
    let wrong = expected.chain([(request.hint.shape(), hint)]).find(|(found, expected)| found != expected);
    wrong.map_or(Ok(()), |(found, expected)| Err(EngineError::Planes { found, expected }))
}

/// The size at which a bundle's networks paint for a canvas.
fn size_for(bundle: &Bundle, canvas_width: u32, canvas_height: u32) -> NetworkSize {
    let levels = bundle.configs.unet.block_out_channels.len() as u32;
    let unit = 8 << levels.saturating_sub(1);
    network_size(bundle.manifest.network_size, unit, canvas_width, canvas_height)
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

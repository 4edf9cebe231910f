//! How long each network takes here, and how much memory that needed.
//!
//! Measures through the engine's own networks on inputs of true shapes; printing is not its business.

use super::control_net::{BranchTokens, PreparedContext};
use super::diffusion::DiffusionEngine;
use super::memory::{MemoryPlan, forget, peak};
use super::progress::{Control, Progress, Stage};
use super::steady::Opening;
use super::{Engine, EngineError, NetworkSize};
use candle_core::{DType, Tensor};
use serde::Serialize;
use std::time::Instant;

/// The middle of the schedule, where appearance still counts (Eq. 10).
const TIMESTEP: f64 = 401.0;

/// Seconds a part, each the median of its runs.
#[derive(Debug, Clone, Serialize)]
pub struct Measurements {
    /// Bundle and device.
    pub bundle: String,
    pub device: String,
    /// Pixels.
    pub width: u32,
    pub height: u32,
    /// Latents a step; 2 is one picture under guidance.
    pub batch: usize,
    pub runs: usize,
    pub load_seconds: f64,
    pub text_seconds: f64,
    pub image_encoder_seconds: f64,
    pub control_step_seconds: f64,
    pub unet_step_seconds: f64,
    pub vae_decode_seconds: f64,
    /// Of control and denoiser together.
    pub steps_per_second: f64,
    /// Most memory this process ever held, bytes; none where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
    pub peaks: Peaks,
    /// What was foreseen.
    pub plan: MemoryPlan,
    pub planned_bytes: u64,
}

/// Most memory this process held during each part, bytes, weights included.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Peaks {
    pub load: Option<u64>,
    pub text: Option<u64>,
    pub image_encoder: Option<u64>,
    pub hint: Option<u64>,
    pub control_step: Option<u64>,
    pub unet_step: Option<u64>,
    pub vae_decode: Option<u64>,
}

impl Peaks {
    fn largest(&self) -> Option<u64> {
        let Self { load, text, image_encoder, hint, control_step, unet_step, vae_decode } = *self;
        [load, text, image_encoder, hint, control_step, unet_step, vae_decode].into_iter().flatten().max()
    }
}

/// Reads a bundle's weights and measures all that follows.
pub fn load_and_measure(
    opening: Opening,
    size: NetworkSize,
    batch: usize,
    runs: usize,
    control: &Control,
) -> Result<Measurements, EngineError> {
    forget();
    let started = Instant::now();
    let engine = opening.load()?;
    let (load_seconds, load) = (started.elapsed().as_secs_f64(), peak());
    let mut measured = measure(&engine, size, batch, runs, control)?;
    measured.load_seconds = load_seconds;
    measured.peaks.load = load;
    measured.peak_memory_bytes = measured.peaks.largest();
    Ok(measured)
}

/// Runs every part `runs` times (at least once) after one run that warms up.
pub fn measure(
    engine: &DiffusionEngine,
    size: NetworkSize,
    batch: usize,
    runs: usize,
    control: &Control,
) -> Result<Measurements, EngineError> {
    let (device, card) = (&engine.picked.device, engine.card());
    let (batch, runs) = (batch.clamp(1, 64), runs.max(1));
    let (h, w) = (size.height() as usize, size.width() as usize);
    let configs = &engine.bundle.configs;
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, device);
    let ids = Tensor::zeros((1, configs.text.max_position_embeddings), DType::U32, device)?;
    let photo = zeros(&[1, 3, 224, 224])?;
    let latents = zeros(&[batch, configs.unet.in_channels, h / 8, w / 8])?;
    let part = |number: usize, work: &mut dyn FnMut() -> Result<(), EngineError>| {
        control.step(Progress::new(Stage::Painting, number, 5))?;
        forget();
        let seconds = median(runs, work, control)?;
        Ok::<_, EngineError>((seconds, peak()))
    };
    let (text_seconds, text_peak) = part(0, &mut || Ok(synced(&engine.text.forward(&ids)?)?))?;
    let (image_encoder_seconds, image_peak) = part(1, &mut || Ok(synced(&engine.image.forward(&photo)?)?))?;
    let text = engine.text.forward(&ids)?.repeat((batch, 1, 1))?;
    let dino = engine.image.forward(&photo)?;
    let (pose, appearance) =
        (engine.control_net.pose_tokens(&dino)?, engine.control_net.appearance_tokens(&dino)?);
    let context = engine.control_net.context(&BranchTokens { text: text.clone(), pose, appearance })?;
    forget();
    let hint = engine.control_net.embed_hint(&zeros(&[1, 4, h, w])?)?;
    let hint_peak = peak();
    let (net, time) = (&engine.control_net, engine.control_net.time(TIMESTEP)?);
    let residuals = || net.forward_prepared(&latents, &time, &context, &hint, 1.0, 1.0, control);
    let (control_step_seconds, control_peak) = part(2, &mut || Ok(synced(&residuals()?.middle)?))?;
    let given = residuals()?;
    let (net, time) = (&engine.unet, engine.unet.time(TIMESTEP)?);
    let context = PreparedContext { text: net.keys(&text)?, pose: None, appearance: None };
    let (unet_step_seconds, unet_peak) = part(3, &mut || {
        Ok(synced(&net.forward_prepared(&latents, &time, &context, Some(&given), control)?)?)
    })?;
    drop(given);
    let one = latents.narrow(0, 0, 1)?;
    let (vae_decode_seconds, vae_peak) = part(4, &mut || Ok(synced(&engine.vae.decode(&one, control)?)?))?;
    let peaks = Peaks {
        load: None,
        text: text_peak,
        image_encoder: image_peak,
        hint: hint_peak,
        control_step: control_peak,
        unet_step: unet_peak,
        vae_decode: vae_peak,
    };
    let plan = engine.planner.plan(size, batch);
    Ok(Measurements {
        bundle: card.name,
        device: card.device,
        width: size.width(),
        height: size.height(),
        batch,
        runs,
        load_seconds: 0.0,
        text_seconds,
        image_encoder_seconds,
        control_step_seconds,
        unet_step_seconds,
        vae_decode_seconds,
        steps_per_second: 1.0 / (control_step_seconds + unet_step_seconds),
        peak_memory_bytes: peaks.largest(),
        peaks,
        plan,
        planned_bytes: plan.total_bytes(),
    })
}

/// Graphics cards work behind the program's back and must be waited for.
fn synced(x: &Tensor) -> candle_core::Result<()> {
    x.device().synchronize()
}

fn median(
    runs: usize,
    work: &mut dyn FnMut() -> Result<(), EngineError>,
    control: &Control,
) -> Result<f64, EngineError> {
    work()?;
    let mut seconds = Vec::with_capacity(runs);
    for _ in 0..runs {
        control.check()?;
        let started = Instant::now();
        work()?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[runs / 2])
}

//! How much memory a picture takes, told before anything is loaded.
//!
//! Weights are counted exactly, from the files' headers. The rest is a model: for each part the numbers that
//! live at once at its widest point, with factors read off the networks and held against `adorn bench` at Stable
//! Diffusion 1.5's size. It refuses to know how networks compute, beyond their shapes.

mod free;
mod peak;
mod shapes;

pub use free::free;
pub use peak::{forget, peak};

use super::bundle::{Bundle, Component, Configs};
use super::device::Picked;
use super::{EngineError, NetworkSize};
use candle_core::DType;
use serde::Serialize;
use shapes::Shapes;
use std::fmt;

/// Program, libraries, photos and the body, before a network is read.
const PROGRAM: u64 = 100 << 20;

/// Bytes that one picture needs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MemoryPlan {
    /// Pixels.
    pub width: u32,
    pub height: u32,
    /// Number type of the weights.
    pub dtype: &'static str,
    /// The program itself.
    pub program_bytes: u64,
    /// All weights together.
    pub weights_bytes: u64,
    /// What stays from step to step: latents, hint, keys and values.
    pub kept_bytes: u64,
    /// What each part holds on top, at most; they run one after the other.
    pub text_bytes: u64,
    pub image_encoder_bytes: u64,
    pub hint_bytes: u64,
    pub control_step_bytes: u64,
    pub unet_step_bytes: u64,
    pub vae_decode_bytes: u64,
}

impl MemoryPlan {
    /// What is needed on top of the weights.
    pub fn work_bytes(&self) -> u64 {
        let parts = [
            self.text_bytes,
            self.image_encoder_bytes,
            self.hint_bytes,
            self.control_step_bytes,
            self.unet_step_bytes,
            self.vae_decode_bytes,
        ];
        self.kept_bytes + parts.into_iter().max().unwrap_or_default()
    }

    /// Everything.
    pub fn total_bytes(&self) -> u64 {
        self.program_bytes + self.weights_bytes + self.work_bytes()
    }

    /// Part by part, for people.
    pub fn parts(&self) -> String {
        let lines = [
            ("weights", self.weights_bytes),
            ("kept between steps", self.kept_bytes),
            ("ControlNet step", self.control_step_bytes),
            ("denoiser step", self.unet_step_bytes),
            ("developing", self.vae_decode_bytes),
        ];
        lines.map(|(name, bytes)| format!("{name}: {}", Gigabytes(bytes))).join("\n")
    }
}

/// "needs about 6.1 GB at 512x512 (f32)".
impl fmt::Display for MemoryPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { width, height, dtype, .. } = self;
        write!(f, "needs about {} at {width}x{height} ({dtype})", Gigabytes(self.total_bytes()))
    }
}

/// Bytes as people read them.
#[derive(Debug, Clone, Copy)]
pub struct Gigabytes(pub u64);

impl fmt::Display for Gigabytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} GB", self.0 as f64 / 1e9)
    }
}

/// Plans for one bundle on one device.
#[derive(Debug, Clone)]
pub struct Planner {
    shapes: Shapes,
    /// Numbers in all weights.
    parameters: u64,
    dtype: DType,
    /// Both sides of a picture are multiples of it.
    unit: u32,
}

impl Planner {
    /// Reads the headers of the bundle's weight files.
    pub fn new(bundle: &Bundle, picked: &Picked) -> Result<Self, EngineError> {
        let counted = Component::ALL.into_iter().map(|component| bundle.parameters(component));
        let parameters = counted.sum::<Result<u64, EngineError>>()?;
        Self::of(&bundle.configs, parameters, picked.dtype, picked.device.is_cpu())
    }

    fn of(configs: &Configs, parameters: u64, dtype: DType, on_cpu: bool) -> Result<Self, EngineError> {
        let levels = configs.unet.block_out_channels.len() as u32;
        let unit = 8 << levels.saturating_sub(1);
        Ok(Self { shapes: Shapes::new(configs, dtype, on_cpu)?, parameters, dtype, unit })
    }

    /// The plan for a picture of this size, `batch` latents a step.
    pub fn plan(&self, size: NetworkSize, batch: usize) -> MemoryPlan {
        self.shapes.plan(size, batch as u64, self.dtype, self.parameters * self.dtype.size_in_bytes() as u64)
    }

    /// The same bundle's plans in another number type.
    fn in_dtype(&self, dtype: DType) -> Self {
        Self { dtype, shapes: self.shapes.in_dtype(dtype), ..self.clone() }
    }

    /// The largest size of the same proportions whose plan `fits`.
    fn largest(
        &self,
        size: NetworkSize,
        batch: usize,
        fits: impl Fn(&MemoryPlan) -> bool,
    ) -> Option<NetworkSize> {
        let aspect = f64::from(size.height()) / f64::from(size.width());
        let columns = (1..=size.width() / self.unit).rev();
        columns
            .filter_map(|column| {
                let width = column * self.unit;
                let rows = (f64::from(width) * aspect / f64::from(self.unit)).round() as u32;
                NetworkSize::new(width, rows * self.unit).ok()
            })
            .find(|&smaller| smaller != size && fits(&self.plan(smaller, batch)))
    }

    /// Refuses a picture that `free` bytes do not hold, and names what they would. With `loaded`, the
    /// weights and the program are in memory already.
    pub fn check(
        &self,
        size: NetworkSize,
        batch: usize,
        loaded: bool,
        free: Option<u64>,
    ) -> Result<MemoryPlan, EngineError> {
        let plan = self.plan(size, batch);
        let Some(free) = free else { return Ok(plan) };
        let needed = |plan: &MemoryPlan| if loaded { plan.work_bytes() } else { plan.total_bytes() };
        if needed(&plan) <= free {
            return Ok(plan);
        }
        let smaller = self.largest(size, batch, |plan| needed(plan) <= free);
        let half = self.in_dtype(DType::BF16);
        let half = self.dtype == DType::F32 && !loaded && needed(&half.plan(size, batch)) <= free;
        let (needed, free) = (Gigabytes(needed(&plan)), Gigabytes(free));
        Err(EngineError::Memory { size, dtype: plan.dtype, needed, free, advice: advice(smaller, half) })
    }
}

/// What would fit.
fn advice(smaller: Option<NetworkSize>, half: bool) -> String {
    let size = smaller.map(|size| format!("{}x{} would fit", size.width(), size.height()));
    let dtype = half.then(|| "--dtype bf16 would fit at this size".to_owned());
    let ways = [size, dtype].into_iter().flatten().collect::<Vec<_>>();
    if ways.is_empty() { "close other programs or use a smaller model".to_owned() } else { ways.join(", ") }
}

#[cfg(test)]
mod tests;

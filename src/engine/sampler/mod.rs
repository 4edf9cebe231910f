//! From noise to latents: the samplers that designers choose from, each step for step as diffusers does it.
//!
//! A sampler is made for one picture: multistep ones remember what was predicted before. It knows schedules
//! and arithmetic; who predicts the noise, and which numbers are drawn, is not its business.

mod config;
mod ddim;
mod ddpm;
mod dpm_solver;
mod euler;
mod lcm;
mod schedule;
mod uni_pc;

pub use config::{SamplerError, SchedulerConfig};

use crate::project;
use candle_core::{Result, Tensor};

/// Where a step led.
#[derive(Debug, Clone)]
pub struct Step {
    /// Latents of the next timestep, same shape.
    pub latents: Tensor,
    /// The clean latents that are foreseen from here (x_0), for previews.
    pub foreseen: Tensor,
}

/// Draws standard normal numbers of the latents' shape, in the order in which they are asked for.
pub type Draw<'a> = &'a mut dyn FnMut() -> Result<Tensor>;

/// The way of one picture from noise to latents.
pub trait Sampler {
    /// Training timesteps, in the order of the steps; some samplers stand between two of them.
    fn timesteps(&self) -> &[f64];

    /// What the standard normal start noise is multiplied by.
    fn noise_scale(&self) -> f64 {
        1.0
    }

    /// What the network is shown at step `index` for these latents.
    fn network_input(&self, latents: &Tensor, index: usize) -> Result<Tensor> {
        let _ = index;
        Ok(latents.clone())
    }

    /// Step `index`, called once each and in order: latents and what the network predicted there (same
    /// shapes, f32).
    fn step(&mut self, index: usize, latents: &Tensor, predicted: &Tensor, draw: Draw<'_>) -> Result<Step>;
}

/// A fresh sampler of this kind over `steps` steps of the bundle's schedule.
pub fn sampler(
    kind: project::Sampler,
    config: &SchedulerConfig,
    steps: usize,
) -> std::result::Result<Box<dyn Sampler>, SamplerError> {
    use project::Sampler as Kind;
    config.validate()?;
    Ok(match kind {
        Kind::Ddim => Box::new(ddim::Ddim::new(config, steps)?),
        Kind::Ddpm => Box::new(ddpm::Ddpm::new(config, steps)?),
        Kind::Euler => Box::new(euler::Euler::new(config, steps)?),
        Kind::EulerAncestral => Box::new(euler::Euler::ancestral(config, steps)?),
        Kind::Dpmpp2mKarras => Box::new(dpm_solver::DpmSolver::new(config, steps)?),
        Kind::UniPc => Box::new(uni_pc::UniPc::new(config, steps)?),
        Kind::Lcm => Box::new(lcm::Lcm::new(config, steps)?),
    })
}

/// `a * x + b * y`.
fn blend(a: f64, x: &Tensor, b: f64, y: &Tensor) -> Result<Tensor> {
    x.affine(a, 0.0)? + y.affine(b, 0.0)?
}

#[cfg(test)]
mod tests;

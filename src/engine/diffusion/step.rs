//! One step's noise: ControlNet, denoiser, guidance; and what is done where one of them loses its numbers.

use super::DiffusionEngine;
use super::cache::key;
use super::conditions::{Conditions, ControlSide, UNetSide};
use super::wide::{finite, usable};
use crate::engine::EngineError;
use crate::engine::control_net::{ControlResiduals, alpha};
use crate::engine::progress::Control;
use candle_core::Tensor;

/// Where a picture stands.
pub(super) struct Moment<'a> {
    /// As the network is shown them, `[1, 4, h, w]`.
    pub(super) latents: &'a Tensor,
    /// The scheduler's.
    pub(super) timestep: f64,
    /// Counted from 1, for people.
    pub(super) step: usize,
}

impl DiffusionEngine {
    /// The guided noise in a moment's latents.
    ///
    /// Every way to lose numbers ends in the denoiser's, so only those are looked at; which part lost them is
    /// asked only then. That part, and whoever reads it, computes the step again, once, in f32.
    pub(super) fn predict<'a>(
        &'a self,
        at: &Moment<'_>,
        conditions: &Conditions<'a>,
        control: &Control,
    ) -> Result<Tensor, EngineError> {
        let input = vec![at.latents; conditions.batch()];
        let input = Tensor::cat(&input, 0)?;
        let residuals = || {
            conditions.control().map(|side| self.residuals(&input, at, side, conditions, control)).transpose()
        };
        let noise = |residuals: Option<&ControlResiduals>| {
            self.noise_in(&input, at, conditions.unet(), residuals, control)
        };
        let mut given = residuals()?;
        let mut predicted = noise(given.as_ref())?;
        if !usable(&predicted)? {
            let part = |name: &str| format!("{name} at step {}", at.step);
            if !given.as_ref().map_or(Ok(true), all_finite)? {
                let part = part("the ControlNet");
                conditions.widen_control(self, &part)?;
                given = residuals()?;
                if !given.as_ref().map_or(Ok(true), all_finite)? {
                    return Err(EngineError::NotFinite { part });
                }
                predicted = noise(given.as_ref())?;
            }
            if !usable(&predicted)? {
                let part = part("the denoiser");
                conditions.widen_unet(self, &part)?;
                predicted = noise(given.as_ref())?;
                if !usable(&predicted)? {
                    return Err(EngineError::NotFinite { part });
                }
            }
        }
        guided(&predicted, conditions.guidance)
    }

    /// What the ControlNet adds to the denoiser's batch.
    fn residuals(
        &self,
        input: &Tensor,
        at: &Moment<'_>,
        side: &ControlSide<'_>,
        conditions: &Conditions<'_>,
        control: &Control,
    ) -> Result<ControlResiduals, EngineError> {
        let key = key(&format!("control {:?}", side.dtype), &at.timestep.to_bits().to_le_bytes());
        let time = self.caches.times.get_or(key, || Ok(side.net.time(at.timestep)?))?;
        let weight = alpha(at.timestep, conditions.gamma) * conditions.appearance_strength;
        let strength = conditions.control_strength;
        let of = |latents: &Tensor, context| {
            side.net.forward_prepared(latents, &time, context, &side.hint, weight, strength, control)
        };
        match side.contexts.as_slice() {
            [whole] => of(input, whole),
            halves => {
                let halves = halves.iter().map(|context| of(at.latents, context));
                joined(&halves.collect::<Result<Vec<_>, _>>()?)
            }
        }
    }

    /// The denoiser's noise for its whole batch.
    fn noise_in(
        &self,
        input: &Tensor,
        at: &Moment<'_>,
        side: &UNetSide<'_>,
        residuals: Option<&ControlResiduals>,
        control: &Control,
    ) -> Result<Tensor, EngineError> {
        let key = key(&format!("unet {:?}", side.dtype), &at.timestep.to_bits().to_le_bytes());
        let time = self.caches.times.get_or(key, || side.net.time(at.timestep))?;
        side.net.forward_prepared(input, &time, &side.context, residuals, control)
    }
}

/// `[2, c, h, w]`, unconditional first, to the guided `[1, c, h, w]`; a batch of one is its own.
fn guided(noise: &Tensor, guidance: f64) -> Result<Tensor, EngineError> {
    if noise.dim(0)? == 1 {
        return Ok(noise.clone());
    }
    let (without, with) = (noise.narrow(0, 0, 1)?, noise.narrow(0, 1, 1)?);
    Ok((&without + ((with - &without)? * guidance)?)?)
}

/// The halves' residuals as one batch.
fn joined(halves: &[ControlResiduals]) -> Result<ControlResiduals, EngineError> {
    let middles: Vec<&Tensor> = halves.iter().map(|half| &half.middle).collect();
    let skips = halves.iter().map(|half| half.down.len()).min().unwrap_or(0);
    let skip = |i: usize| Tensor::cat(&halves.iter().map(|half| &half.down[i]).collect::<Vec<_>>(), 0);
    let down = (0..skips).map(skip).collect::<candle_core::Result<_>>()?;
    Ok(ControlResiduals { down, middle: Tensor::cat(&middles, 0)? })
}

fn all_finite(residuals: &ControlResiduals) -> candle_core::Result<bool> {
    for tensor in residuals.down.iter().chain([&residuals.middle]) {
        if !finite(tensor)? {
            return Ok(false);
        }
    }
    Ok(true)
}

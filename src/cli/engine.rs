//! Opens the engine that the arguments ask for.

use super::Failure;
use super::args::EngineArgs;
use crate::engine::Engine;
use crate::engine::device::DeviceChoice;
use crate::engine::diffusion::{AdaptableEngine, DiffusionEngine};
use crate::mannequin::MannequinEngine;
use crate::workflow::Studio;
use std::path::Path;

/// The bundle's engine; without a bundle the mannequin.
pub(super) fn open(args: &EngineArgs, studio: &Studio) -> Result<Box<dyn Engine>, Failure> {
    match &args.bundle {
        Some(bundle) => Ok(Box::new(AdaptableEngine::open(bundle, args.device, args.dtype)?)),
        None if matches!(args.device, DeviceChoice::Auto | DeviceChoice::Cpu) => Ok(mannequin(studio)),
        None => Err(Failure::bad_input(
            "the mannequin paints on the CPU alone; add --bundle, or leave --device out",
        )),
    }
}

/// A bundle's networks on the device that was asked for.
pub(super) fn diffusion(bundle: &Path, args: &EngineArgs) -> Result<DiffusionEngine, Failure> {
    Ok(DiffusionEngine::open(bundle, args.device, args.dtype)?)
}

/// The engine that needs no weights.
pub(super) fn mannequin(studio: &Studio) -> Box<dyn Engine> {
    Box::new(MannequinEngine::new(&studio.body))
}

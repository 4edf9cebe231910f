//! Opens the engine that the arguments ask for.

use super::Failure;
use super::args::EngineArgs;
use crate::engine::Engine;
use crate::mannequin::MannequinEngine;
use crate::workflow::Studio;

/// The bundle's engine; without a bundle the mannequin.
pub(super) fn open(args: &EngineArgs, studio: &Studio) -> Result<Box<dyn Engine>, Failure> {
    match &args.bundle {
        Some(bundle) => Err(Failure::bad_input(format!(
            "this Adorn has no diffusion engine yet; leave --bundle out for a layout preview ({})",
            bundle.display()
        ))),
        None => Ok(mannequin(studio)),
    }
}

/// The engine that needs no weights.
pub(super) fn mannequin(studio: &Studio) -> Box<dyn Engine> {
    Box::new(MannequinEngine::new(&studio.body))
}

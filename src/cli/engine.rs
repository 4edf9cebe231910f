//! Opens the engine that the arguments ask for.

use super::args::EngineArgs;
use super::{Failure, output};
use crate::engine::device::DeviceChoice;
use crate::engine::memory::Gigabytes;
use crate::engine::steady::SteadyEngine;
use crate::engine::{Engine, EngineCard, MemoryOutlook};
use crate::mannequin::MannequinEngine;
use crate::project::CanvasSize;
use crate::workflow::Studio;

/// The bundle's engine, for pictures on this canvas; without a bundle the mannequin.
pub(super) fn open(
    args: &EngineArgs,
    studio: &Studio,
    canvas: CanvasSize,
) -> Result<Box<dyn Engine>, Failure> {
    match &args.bundle {
        Some(bundle) => {
            let canvas = (canvas.width, canvas.height);
            let tell = |card: &EngineCard, outlook: &MemoryOutlook| output::tell(line(card, outlook));
            Ok(Box::new(SteadyEngine::open(bundle, args.device, args.dtype, canvas, &tell)?))
        }
        None if matches!(args.device, DeviceChoice::Auto | DeviceChoice::Cpu) => Ok(mannequin(studio)),
        None => Err(Failure::bad_input(
            "the mannequin paints on the CPU alone; add --bundle, or leave --device out",
        )),
    }
}

/// "random-sd15 on cpu (f32), as asked, needs about 6.1 GB at 512x512 (f32), 18.3 GB free"
pub(super) fn line(card: &EngineCard, outlook: &MemoryOutlook) -> String {
    let free = outlook.free.map_or(String::new(), |bytes| format!(", {} free", Gigabytes(bytes)));
    format!("{} on {}, {}{free}", card.name, card.device, outlook.plan)
}

/// Says where a picture was painted, if that is not where it was to be.
pub(super) fn tell_of_move(before: &EngineCard, after: &EngineCard) {
    if before.device != after.device {
        output::tell(format!("note: painted on {}, not on {}", after.device, before.device));
    }
}

/// The engine that needs no weights.
pub(super) fn mannequin(studio: &Studio) -> Box<dyn Engine> {
    Box::new(MannequinEngine::new(&studio.body))
}

//! `adorn bench`: seconds for each part of a picture, on this machine.

use super::args::BenchArgs;
use super::{DONE, Failure, engine, output};
use crate::engine::bench::{Measurements, measure};
use crate::engine::bundle::random::{FileType, RandomSize, write_random};
use crate::engine::diffusion::DiffusionEngine;
use crate::engine::progress::Control;
use crate::engine::{Engine, NetworkSize};
use serde_json::json;

/// Timed runs of each part, after one that warms up.
const RUNS: usize = 3;

pub(super) fn run(args: &BenchArgs) -> Result<u8, Failure> {
    let control = output::control();
    let measured = match &args.engine.bundle {
        Some(bundle) => measured(&engine::diffusion(bundle, &args.engine)?, args, &control)?,
        None => {
            let folder = tempfile::tempdir()
                .map_err(|error| Failure::bad_input(format!("no room for a temporary bundle: {error}")))?;
            let bundle = folder.path().join("mini");
            write_random(RandomSize::Mini, 0, FileType::F32, &bundle, &control)?;
            measured(&engine::diffusion(&bundle, &args.engine)?, args, &control)?
        }
    };
    if args.json {
        output::say(json!(measured));
    } else {
        tell(&measured);
    }
    Ok(DONE)
}

/// Square pictures of the asked side, or of the bundle's own.
fn measured(engine: &DiffusionEngine, args: &BenchArgs, control: &Control) -> Result<Measurements, Failure> {
    let size = match args.size {
        Some(side) => NetworkSize::new(side, side)?,
        None => engine.network_size(1024, 1024),
    };
    Ok(measure(engine, size, usize::from(args.batch), RUNS, control)?)
}

fn tell(measured: &Measurements) {
    let Measurements { bundle, device, width, height, batch, .. } = measured;
    output::say(format!("{bundle} at {width}x{height}, batch {batch}, on {device}"));
    for (part, seconds) in [
        ("text", measured.text_seconds),
        ("image encoder", measured.image_encoder_seconds),
        ("control step", measured.control_step_seconds),
        ("unet step", measured.unet_step_seconds),
        ("vae decode", measured.vae_decode_seconds),
    ] {
        output::say(format!("{part:<14} {seconds:9.4} s"));
    }
    if let Some(bytes) = measured.peak_memory_bytes {
        output::say(format!("{:<14} {:9.1} MiB", "peak memory", bytes as f64 / 1048576.0));
    }
}

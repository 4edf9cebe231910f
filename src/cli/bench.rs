//! `adorn bench`: seconds for each part of a picture, on this machine.

use super::args::BenchArgs;
use super::{DONE, Failure, output};
use crate::engine::NetworkSize;
use crate::engine::bench::{Measurements, load_and_measure};
use crate::engine::bundle::random::{FileType, RandomSize, write_random};
use crate::engine::memory::Gigabytes;
use crate::engine::progress::Control;
use crate::engine::steady::Opening;
use serde_json::json;
use std::path::Path;

pub(super) fn run(args: &BenchArgs) -> Result<u8, Failure> {
    let control = output::control();
    let measured = match &args.engine.bundle {
        Some(bundle) => measured(bundle, args, &control)?,
        None => {
            let folder = tempfile::tempdir()
                .map_err(|error| Failure::bad_input(format!("no room for a temporary bundle: {error}")))?;
            let bundle = folder.path().join("mini");
            write_random(RandomSize::Mini, 0, FileType::F32, &bundle, &control)?;
            measured(&bundle, args, &control)?
        }
    };
    if args.json {
        output::say(json!(measured));
    } else {
        tell(&measured);
    }
    Ok(DONE)
}

/// Pictures of the asked size, or of the bundle's own.
fn measured(bundle: &Path, args: &BenchArgs, control: &Control) -> Result<Measurements, Failure> {
    let opening = Opening::new(bundle, args.engine.device, args.engine.dtype)?;
    let size = match args.size {
        Some((width, height)) => NetworkSize::new(width, height)?,
        None => opening.network_size(1024, 1024),
    };
    let (batch, runs) = (usize::from(args.batch), usize::from(args.runs));
    let outlook = opening.fits(size, batch)?;
    let free = outlook.free.map_or(String::new(), |bytes| format!(", {} free", Gigabytes(bytes)));
    output::tell(format!("{}{free}", outlook.plan));
    Ok(load_and_measure(opening, size, batch, runs, control)?)
}

fn tell(measured: &Measurements) {
    let Measurements { bundle, device, width, height, batch, .. } = measured;
    output::say(format!("{bundle} at {width}x{height}, batch {batch}, on {device}"));
    for (part, seconds) in [
        ("load", measured.load_seconds),
        ("text", measured.text_seconds),
        ("image encoder", measured.image_encoder_seconds),
        ("control step", measured.control_step_seconds),
        ("unet step", measured.unet_step_seconds),
        ("vae decode", measured.vae_decode_seconds),
    ] {
        output::say(format!("{part:<14} {seconds:9.4} s"));
    }
    let mebibytes = |bytes: u64| bytes as f64 / 1_048_576.0;
    output::say(format!("{:<14} {:9.4}", "steps a second", measured.steps_per_second));
    output::say(format!("{:<14} {:9.1} MiB", "planned memory", mebibytes(measured.planned_bytes)));
    if let Some(bytes) = measured.peak_memory_bytes {
        output::say(format!("{:<14} {:9.1} MiB", "peak memory", mebibytes(bytes)));
    }
}

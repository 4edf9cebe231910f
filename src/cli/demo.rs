//! `adorn demo`: the main job on the embedded sample project.

use super::args::DemoArgs;
use super::{Failure, engine, export};
use crate::batch::{ExportRequest, Shard};
use crate::project;
use crate::workflow::Studio;
use std::io::Write;
use std::path::Path;

/// The sample project and its photos, by file name.
const SAMPLE: [(&str, &[u8]); 3] = [
    (SAMPLE_PROJECT, include_bytes!("../../assets/sample/sample.adorn")),
    ("earring.png", include_bytes!("../../assets/sample/earring.png")),
    ("face.png", include_bytes!("../../assets/sample/face.png")),
];

const SAMPLE_PROJECT: &str = "sample.adorn";

pub(super) fn run(args: &DemoArgs) -> Result<u8, Failure> {
    unpack(&args.out).map_err(|error| {
        let place = args.out.display();
        Failure::bad_input(format!(
            "cannot unpack the sample: {error}; choose another folder with --out ({place})"
        ))
    })?;
    let project = project::load(&args.out.join(SAMPLE_PROJECT))?;
    let studio = Studio::shipped(args.out.clone())?;
    let request = ExportRequest {
        project: &project,
        out: args.out.clone(),
        presets: Vec::new(),
        shard: Shard::default(),
    };
    let report = export::make(&request, &studio, engine::mannequin(&studio).as_ref(), true)?;
    Ok(export::conclude(&report))
}

/// Writes the sample's files that are not there yet: what a designer changed in an earlier demo stays.
fn unpack(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, bytes) in SAMPLE {
        let path = folder.join(name);
        if path.exists() {
            continue;
        }
        let mut file = tempfile::Builder::new().prefix(".adorn-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.persist_noclobber(path).map(drop).or_else(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error.error),
        })?;
    }
    Ok(())
}

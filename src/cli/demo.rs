//! `adorn demo`: the main job on the embedded sample project.

use super::args::DemoArgs;
use super::{Failure, engine, export};
use crate::batch::{ExportRequest, Shard};
use crate::project;
use crate::workflow::{Existing, Studio, unpack_sample};

pub(super) fn run(args: &DemoArgs) -> Result<u8, Failure> {
    let sample = unpack_sample(&args.out, Existing::Keep).map_err(|error| {
        let place = args.out.display();
        Failure::bad_input(format!(
            "cannot unpack the sample: {error}; choose another folder with --out ({place})"
        ))
    })?;
    let project = project::load(&sample)?;
    let studio = Studio::shipped(args.out.clone())?;
    let request = ExportRequest {
        project: &project,
        out: args.out.clone(),
        presets: Vec::new(),
        shard: Shard::default(),
    };
    let report = export::make(&request, None, &studio, engine::mannequin(&studio).as_ref(), true)?;
    Ok(export::conclude(&report))
}

//! `adorn export`: the plan becomes files.

use super::args::ExportArgs;
use super::{DONE, Failure, SOME_FAILED, engine, output};
use crate::batch::{self, Entry, ExportRequest, Report, Status};
use crate::engine::Engine;
use crate::project::{self, base_of};
use crate::workflow::Studio;
use serde_json::json;

pub(super) fn run(args: &ExportArgs) -> Result<u8, Failure> {
    let project = project::load(&args.project)?;
    let request = ExportRequest {
        project: &project,
        out: args.out.clone(),
        presets: args.preset.clone(),
        shard: args.shard,
    };
    if args.dry_run {
        return list(&request, args.json);
    }
    let studio = Studio::shipped(base_of(&args.project))?;
    let engine = engine::open(&args.engine, &studio, project.canvas)?;
    let report = make(&request, &studio, engine.as_ref(), !args.json)?;
    if args.json {
        output::say(json!(report));
    }
    Ok(conclude(&report))
}

fn list(request: &ExportRequest<'_>, as_json: bool) -> Result<u8, Failure> {
    for task in batch::tasks(request)? {
        let canvas = task.variant.canvas;
        if as_json {
            output::say(json!({
                "file": task.file,
                "variant": task.variant.name,
                "preset": task.preset,
                "size": canvas,
            }));
        } else {
            output::say(format!("{}  {}x{}", task.file, canvas.width, canvas.height));
        }
    }
    Ok(DONE)
}

/// Makes the pictures, telling of each.
pub(super) fn make(
    request: &ExportRequest<'_>,
    studio: &Studio,
    engine: &dyn Engine,
    talk: bool,
) -> Result<Report, Failure> {
    let card = engine.card();
    if talk {
        output::say(format!("engine: {} ({}), {}", card.name, card.device, output::worth(&card)));
    }
    let control = output::control();
    let report = batch::export(request, studio, engine, &control, |entry| {
        if talk {
            output::say(line(entry, request));
        }
    })?;
    engine::tell_of_move(&card, &engine.card());
    Ok(report)
}

fn line(entry: &Entry, request: &ExportRequest<'_>) -> String {
    let path = request.out.join(&entry.file);
    let outcome = match entry.status {
        Status::Made => format!("made in {:.1} s", entry.seconds),
        Status::Unchanged => "unchanged".to_owned(),
        Status::Failed => "failed".to_owned(),
        Status::Cancelled => "cancelled".to_owned(),
    };
    format!("{}  {outcome}", path.display())
}

/// Names what failed; the exit code.
pub(super) fn conclude(report: &Report) -> u8 {
    let failed = report.failed().count();
    if failed == 0 {
        return DONE;
    }
    output::tell(format!("error: {failed} of {} pictures failed", report.total));
    output::tell("  help: correct these and run the command again; the others are done");
    for entry in report.failed() {
        output::tell(format!("  {}: {}", entry.file, entry.error.as_deref().unwrap_or("no reason given")));
    }
    SOME_FAILED
}

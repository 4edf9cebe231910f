//! `adorn export`: the plan becomes files.

use super::args::ExportArgs;
use super::{DONE, Failure, SOME_FAILED, engine, output};
use crate::batch::{self, Entry, ExportRequest, Report, Status, UntilPass};
use crate::engine::Engine;
use crate::project::{self, base_of};
use crate::workflow::Studio;
use serde_json::json;
use std::path::Path;

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
    let until = args.until_pass.map(|passes| UntilPass { passes, at_most: args.at_most });
    let report = make(&request, until, &studio, engine.as_ref(), !args.json)?;
    if args.json {
        output::say(json!(report));
    }
    let code = conclude(&report);
    Ok(until.map_or(code, |until| code.max(conclude_tries(&report, until, &args.out))))
}

/// Says which pictures passed, the best first; the exit code.
fn conclude_tries(report: &Report, until: UntilPass, out: &Path) -> u8 {
    let passed = report.passed();
    output::tell(format!("{} of {} tries passed all their checks", passed.len(), report.entries.len()));
    for entry in &passed {
        output::tell(format!("  {}", out.join(&entry.file).display()));
    }
    if report.short_of_passes.is_empty() {
        return DONE;
    }
    output::tell(format!(
        "error: fewer than {} pictures passed within {} tries: {}",
        until.passes,
        until.at_most,
        report.short_of_passes.join(", ")
    ));
    output::tell("  help: raise --at-most to go on, or see in report.json which check fails");
    SOME_FAILED
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
    until: Option<UntilPass>,
    studio: &Studio,
    engine: &dyn Engine,
    talk: bool,
) -> Result<Report, Failure> {
    let card = engine.card();
    if talk {
        output::say(format!("engine: {} ({}), {}", card.name, card.device, output::worth(&card)));
    }
    let control = output::control();
    let finished = |entry: &Entry| {
        if talk {
            output::say(line(entry, request));
        }
    };
    let report = match until {
        Some(until) => batch::export_until(request, until, studio, engine, &control, finished)?,
        None => batch::export(request, studio, engine, &control, finished)?,
    };
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
    let checks = entry.checks.as_ref().map(|checks| format!("  {}", output::checks_in_short(checks)));
    format!("{}  {outcome}{}", path.display(), checks.unwrap_or_default())
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

//! A plan becomes files: every variant in every preset's size, each written whole or not at all.
//!
//! An export resumes by itself: a file whose record has the fingerprint of what would be painted now, and whose
//! pixels are still the recorded ones, is done. One picture's failure never stops the others. This room knows
//! nothing of windows and commands; it reports through [`Control`] and a callback.

mod plan;
mod report;

pub use plan::{ExportRequest, Shard, Task, Tasks, tasks};
pub use report::{Entry, Report, Status};

use crate::engine::Engine;
use crate::engine::progress::{Cancelled, Control, Progress, Stage};
use crate::picture::{PngError, read_record, write_png};
use crate::project::{Earring, FieldFault, Project, resolve};
use crate::workflow::{Record, Studio, WorkflowError, fingerprint, render_variant};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Why an export could not begin or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    #[error(transparent)]
    Project(#[from] FieldFault),
    #[error("there is no preset `{name}`; the project has {known}")]
    UnknownPreset { name: String, known: String },
    #[error(
        "preset `{name}` is {width}x{height}, of another shape than the canvas ({canvas_width}x{canvas_height}); \
         give it the canvas's proportions or leave it out with --preset"
    )]
    OtherShape { name: String, width: u32, height: u32, canvas_width: u32, canvas_height: u32 },
    #[error("shard {index}/{count} does not exist; use 1/{count} to {count}/{count}")]
    Shard { index: u64, count: u64 },
    #[error("cannot make the output folder: {source}; choose another ({path})")]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("cannot write the report: {source}; choose another folder, what was finished is whole ({path})")]
    Report { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Makes every picture of the request that is not done yet. `finished` hears of each, in order. A cancelled
/// export leaves whole files and a report of them, and goes on where it stopped when it is run again.
pub fn export(
    request: &ExportRequest<'_>,
    studio: &Studio,
    engine: &dyn Engine,
    control: &Control,
    mut finished: impl FnMut(&Entry),
) -> Result<Report, BatchError> {
    let tasks = tasks(request)?;
    std::fs::create_dir_all(&request.out)
        .map_err(|source| BatchError::Folder { path: request.out.clone(), source })?;
    let photos = photos_of(request.project, studio);
    let mut report = Report::new(&engine.card(), tasks.total());
    for (index, task) in tasks.enumerate() {
        let entry = make(&task, &request.out, &photos, studio, engine, control);
        report.cancelled = entry.status == Status::Cancelled;
        finished(&entry);
        report.entries.push(entry);
        let progress = Progress::new(Stage::Finishing, index + 1, report.total as usize);
        report.cancelled |= control.step(progress).is_err() && (index as u64) + 1 < report.total;
        if report.cancelled {
            break;
        }
    }
    let path = request.out.join(request.shard.report_name());
    report.write(&path).map_err(|source| BatchError::Report { path, source })?;
    if report.cancelled { Err(Cancelled.into()) } else { Ok(report) }
}

/// Makes one picture, or finds it made.
fn make(
    task: &Task,
    out: &Path,
    photos: &[PathBuf],
    studio: &Studio,
    engine: &dyn Engine,
    control: &Control,
) -> Entry {
    let started = Instant::now();
    let path = out.join(&task.file);
    let result = make_unless_done(task, &path, photos, studio, engine, control);
    let (status, error) = match result {
        Ok(status) => (status, None),
        Err(Failure::Workflow(error)) if error.is_cancelled() => (Status::Cancelled, None),
        Err(failure) => (Status::Failed, Some(failure.to_string())),
    };
    Entry {
        variant: task.variant.name.0.clone(),
        preset: task.preset.clone(),
        file: task.file.clone(),
        status,
        seconds: started.elapsed().as_secs_f64(),
        error,
    }
}

/// Why one picture failed; the export goes on.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
    #[error(transparent)]
    Png(#[from] PngError),
    #[error("a file that Adorn did not write is in the way; move it or export elsewhere ({0})")]
    InTheWay(PathBuf),
    #[error("the picture would replace a photo of the project; export elsewhere ({0})")]
    OwnPhoto(PathBuf),
}

fn make_unless_done(
    task: &Task,
    path: &Path,
    photos: &[PathBuf],
    studio: &Studio,
    engine: &dyn Engine,
    control: &Control,
) -> Result<Status, Failure> {
    let wanted = fingerprint(&task.variant, studio, &engine.card())?;
    match found(path) {
        Found::Nothing => {}
        Found::Ours(Some(done)) if done == wanted => return Ok(Status::Unchanged),
        Found::Ours(_) if path.canonicalize().is_ok_and(|own| photos.contains(&own)) => {
            return Err(Failure::OwnPhoto(path.to_owned()));
        }
        Found::Ours(_) => {}
        Found::Foreign => return Err(Failure::InTheWay(path.to_owned())),
    }
    let picture = render_variant(&task.variant, studio, engine, control)?;
    let record = picture.record.text_at(path, &studio.base);
    write_png(path, &picture.pixels, Some(&record))?;
    Ok(Status::Made)
}

/// The photos that the project's pictures are made from: a finished picture may serve as a face.
fn photos_of(project: &Project, studio: &Studio) -> Vec<PathBuf> {
    let earrings = project.earrings.iter().flat_map(Earring::files);
    let faces = project.face.iter().chain(&project.plan.faces).map(|face| &face.file);
    let files = earrings.chain(faces).chain(project.recipe.files()).map(|file| resolve(&studio.base, file));
    files.filter_map(|file| file.canonicalize().ok()).collect()
}

/// What stands at a picture's place.
enum Found {
    Nothing,
    /// A picture of ours and its fingerprint; none if its pixels are no longer those of its record.
    Ours(Option<String>),
    Foreign,
}

fn found(path: &Path) -> Found {
    if std::fs::symlink_metadata(path).is_err() {
        return Found::Nothing;
    }
    let Ok((pixels, text)) = read_record(path) else { return Found::Foreign };
    let Some(record) = text.as_deref().and_then(Record::parse) else { return Found::Foreign };
    Found::Ours(record.is_of(&pixels).then_some(record.fingerprint))
}

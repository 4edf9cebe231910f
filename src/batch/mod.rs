//! A plan becomes files: every variant in every preset's size, each written whole or not at all.
//!
//! An export resumes by itself: a file whose record has the fingerprint of what would be painted now, and whose
//! pixels are still the recorded ones, is done. One picture's failure never stops the others. This room knows
//! nothing of windows and commands; it reports through [`Control`] and a callback.

mod plan;
mod report;
mod until;

pub use plan::{ExportRequest, Shard, Task, Tasks, tasks};
pub use report::{Entry, Report, Status};
pub use until::{Attempts, UntilPass};

use crate::engine::Engine;
use crate::engine::progress::{Cancelled, Control, Progress, Stage};
use crate::picture::{PngError, read_record, write_png};
use crate::project::{FieldFault, Project, resolve};
use crate::workflow::{Checks, Record, Studio, WorkflowError, fingerprint, render_variant};
use std::ops::ControlFlow;
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
    finished: impl FnMut(&Entry),
) -> Result<Report, BatchError> {
    let tasks = tasks(request)?;
    let total = tasks.total();
    let mut run = Run::new(request, studio, engine, control, total, finished)?;
    for task in tasks {
        if run.make(&task).is_break() {
            break;
        }
    }
    run.report()
}

/// Tries every picture of the request with one seed after the other, until enough pass their checks; the
/// plan's own seeds are left aside. Resumes like [`export`]: what was tried before counts and is not painted
/// again.
pub fn export_until(
    request: &ExportRequest<'_>,
    until: UntilPass,
    studio: &Studio,
    engine: &dyn Engine,
    control: &Control,
    finished: impl FnMut(&Entry),
) -> Result<Report, BatchError> {
    let mut project = request.project.clone();
    project.plan.seeds.clear();
    let request = ExportRequest { project: &project, ..request.clone() };
    let tasks = tasks(&request)?;
    let total = tasks.total().saturating_mul(u64::from(until.at_most));
    let mut run = Run::new(&request, studio, engine, control, total, finished)?;
    run.needs_checks = true;
    'tasks: for task in tasks {
        let mut attempts = Attempts::new(task.variant.clone(), until);
        while let Some(variant) = attempts.next_variant() {
            if run.make(&task.attempt(variant)).is_break() {
                break 'tasks;
            }
            attempts.note(run.report.entries.last().and_then(|entry| entry.checks.as_ref()));
        }
        if !attempts.is_enough() {
            run.report.short_of_passes.push(task.label());
        }
    }
    if !run.report.cancelled {
        run.report.total = run.report.entries.len() as u64;
    }
    run.report()
}

/// An export on its way.
struct Run<'a, F> {
    out: PathBuf,
    report_path: PathBuf,
    photos: Vec<PathBuf>,
    studio: &'a Studio,
    engine: &'a dyn Engine,
    control: &'a Control,
    report: Report,
    /// Whether a picture that nobody looked at counts as not made.
    needs_checks: bool,
    finished: F,
}

impl<'a, F: FnMut(&Entry)> Run<'a, F> {
    fn new(
        request: &ExportRequest<'_>,
        studio: &'a Studio,
        engine: &'a dyn Engine,
        control: &'a Control,
        total: u64,
        finished: F,
    ) -> Result<Self, BatchError> {
        std::fs::create_dir_all(&request.out)
            .map_err(|source| BatchError::Folder { path: request.out.clone(), source })?;
        let report_path = request.out.join(request.shard.report_name());
        let photos = photos_of(request.project, studio);
        let report = Report::new(&engine.card(), total);
        let (out, needs_checks) = (request.out.clone(), false);
        Ok(Self { out, report_path, photos, studio, engine, control, report, needs_checks, finished })
    }

    /// Makes one picture, or finds it made; breaks when the export is to stop.
    fn make(&mut self, task: &Task) -> ControlFlow<()> {
        let started = Instant::now();
        let result = self.make_unless_done(task);
        let (status, checks, error) = match result {
            Ok((status, checks)) => (status, checks, None),
            Err(Failure::Workflow(error)) if error.is_cancelled() => (Status::Cancelled, None, None),
            Err(failure) => (Status::Failed, None, Some(failure.to_string())),
        };
        let entry = Entry {
            variant: task.variant.name.0.clone(),
            preset: task.preset.clone(),
            file: task.file.clone(),
            status,
            seconds: started.elapsed().as_secs_f64(),
            checks,
            error,
        };
        self.report.cancelled = entry.status == Status::Cancelled;
        (self.finished)(&entry);
        self.report.entries.push(entry);
        let (done, total) = (self.report.entries.len(), self.report.total);
        let progress = Progress::new(Stage::Finishing, done, total as usize);
        self.report.cancelled |= self.control.step(progress).is_err() && (done as u64) < total;
        if self.report.cancelled { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn make_unless_done(&self, task: &Task) -> Result<(Status, Option<Checks>), Failure> {
        let path = self.out.join(&task.file);
        let wanted = fingerprint(&task.variant, self.studio, &self.engine.card())?;
        match found(&path) {
            Found::Nothing => {}
            Found::Ours(Some(record))
                if record.fingerprint == wanted && !(self.needs_checks && record.checks.is_none()) =>
            {
                return Ok((Status::Unchanged, record.checks));
            }
            Found::Ours(_) if path.canonicalize().is_ok_and(|own| self.photos.contains(&own)) => {
                return Err(Failure::OwnPhoto(path));
            }
            Found::Ours(_) => {}
            Found::Foreign => return Err(Failure::InTheWay(path)),
        }
        let picture = render_variant(&task.variant, self.studio, self.engine, self.control)?;
        let record = picture.record.text_at(&path, &self.studio.base);
        write_png(&path, &picture.pixels, Some(&record))?;
        Ok((Status::Made, Some(picture.checks)))
    }

    /// Writes the report whole or not at all.
    fn report(self) -> Result<Report, BatchError> {
        let path = self.report_path;
        self.report.write(&path).map_err(|source| BatchError::Report { path, source })?;
        if self.report.cancelled { Err(Cancelled.into()) } else { Ok(self.report) }
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

/// The photos that the project's pictures are made from: a finished picture may serve as a face.
fn photos_of(project: &Project, studio: &Studio) -> Vec<PathBuf> {
    let files = project.files().map(|file| resolve(&studio.base, file));
    files.filter_map(|file| file.canonicalize().ok()).collect()
}

/// What stands at a picture's place.
enum Found {
    Nothing,
    /// A picture of ours and its record; none if its pixels are no longer those of its record.
    Ours(Option<Box<Record>>),
    Foreign,
}

fn found(path: &Path) -> Found {
    if std::fs::symlink_metadata(path).is_err() {
        return Found::Nothing;
    }
    let Ok((pixels, text)) = read_record(path) else { return Found::Foreign };
    let Some(record) = text.as_deref().and_then(Record::parse) else { return Found::Foreign };
    Found::Ours(record.is_of(&pixels).then(|| Box::new(record)))
}

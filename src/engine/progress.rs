//! Progress and cancel: how long work reports, and how it is asked to stop.

use image::RgbImage;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a long function is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Reading weights.
    Loading,
    /// Control images and tokens.
    Preparing,
    /// Denoising steps, or shading.
    Painting,
    /// Latents to pixels.
    Decoding,
    /// Composite, checks, files.
    Finishing,
}

/// A moment of a job.
#[derive(Debug, Clone)]
pub struct Progress {
    pub stage: Stage,
    /// Units of this stage, `done <= total`.
    pub done: usize,
    pub total: usize,
    /// The picture so far.
    pub preview: Option<Arc<RgbImage>>,
    /// Time left of the whole job, once it can be told.
    pub eta: Option<Duration>,
}

impl Progress {
    /// Progress without preview or estimate.
    pub fn new(stage: Stage, done: usize, total: usize) -> Self {
        Self { stage, done, total, preview: None, eta: None }
    }
}

/// The job was asked to stop, and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// A shared request to stop.
#[derive(Debug, Clone, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Given to every long function: report through it, and stop when it says so.
pub struct Control {
    cancel: CancelFlag,
    report: Arc<dyn Fn(Progress) + Send + Sync>,
}

impl Control {
    pub fn new(cancel: CancelFlag, report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self { cancel, report: Arc::new(report) }
    }

    /// Never cancelled, heard by nobody.
    pub fn silent() -> Self {
        Self::new(CancelFlag::default(), |_| {})
    }

    /// The same job, whose reports pass through `map` on their way.
    pub fn mapped(&self, map: impl Fn(Progress) -> Progress + Send + Sync + 'static) -> Self {
        let report = Arc::clone(&self.report);
        Self::new(self.cancel.clone(), move |progress| report(map(progress)))
    }

    /// Reports, then stops if asked to.
    pub fn step(&self, progress: Progress) -> Result<(), Cancelled> {
        (self.report)(progress);
        self.check()
    }

    /// Stops if asked to.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.cancel.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }
}

//! Measures: how well Adorn's eyes and pictures do where the truth is known.
//!
//! Each part makes its own truth (rendered jewels with exact mattes, heads at known angles), lets the program
//! look, and reports tables and contact sheets. `adorn evaluate` is the one command for all of them. This room
//! refuses to know the window.

mod appearance;
mod checks;
mod cutout;
mod faces;
mod portraits;
mod pose;
mod report;

pub use report::{Report, Table};

use crate::body::BodyError;
use crate::engine::EngineError;
use crate::engine::progress::{Cancelled, Control};
use crate::picture::{FolderError, LoadError};
use crate::vision::VisionError;
use crate::workflow::WorkflowError;
use std::path::PathBuf;

/// How much is measured, and on what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effort {
    /// Cases of each kind; none: as many as the part's targets are stated for.
    pub count: Option<usize>,
    /// A folder of portraits for the parts that look at photos; they make do with rendered faces without it.
    pub portraits: Option<PathBuf>,
}

/// One thing that is measured.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// As typed on the command line.
    pub name: &'static str,
    /// What it tells, in a few words.
    pub about: &'static str,
    pub measure: fn(&Effort, &Control) -> Result<Report, EvaluationError>,
}

/// Everything that can be measured.
pub const PARTS: &[Part] = &[
    Part {
        name: "cutout",
        about: "how well products are cut out of photos, by ground and by family",
        measure: cutout::measure,
    },
    Part {
        name: "faces",
        about: "how well faces are found, how still landmarks stand, whether descriptors tell people apart",
        measure: faces::measure,
    },
    Part {
        name: "pose",
        about: "how well head angles, face extent and lobes are measured, by how far the head is turned",
        measure: pose::measure,
    },
    Part {
        name: "appearance",
        about: "how often earrings in face photos are found and how well they are taken out",
        measure: appearance::measure,
    },
    Part {
        name: "checks",
        about: "how often the checks of a finished picture find a planted fault, and cry wolf",
        measure: checks::measure,
    },
];

/// Why an evaluation ended early.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(
        "there is no picture in the folder of portraits; name one that holds PNG, JPEG or WebP files ({0})"
    )]
    NoPortraits(PathBuf),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Picture(#[from] LoadError),
    #[error(transparent)]
    Vision(#[from] VisionError),
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
}

//! Why a variant did not become a picture, each in one line that says what to do.

use crate::body::{BodyError, PoseLibraryError};
use crate::engine::EngineError;
use crate::engine::progress::Cancelled;
use crate::picture::LoadError;
use std::path::PathBuf;

/// Why a variant did not become a picture.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Poses(#[from] PoseLibraryError),
    #[error("cannot read the picture: {source}; check that the file is there and readable ({path})")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot read a file of the recipe: {source}; check that it is there and readable ({path})")]
    ReadRecipe { path: PathBuf, source: std::io::Error },
    #[error("there is no pose `{id}`; nearest are {near}, `adorn poses` shows all")]
    UnknownPose { id: String, near: String },
    #[error(
        "the engine returned {got_width}x{got_height} pixels for a request of {width}x{height}; \
         this is a defect of the engine, report it"
    )]
    PictureSize { got_width: u32, got_height: u32, width: u32, height: u32 },
    #[error(
        "{differing} of {compared} product pixels are not the product's own, by up to {max_difference} of 255; \
         the picture is not kept, report this defect"
    )]
    NotExact { differing: u64, compared: u64, max_difference: u8 },
}

impl From<Cancelled> for WorkflowError {
    fn from(cancelled: Cancelled) -> Self {
        Self::Engine(EngineError::Cancelled(cancelled))
    }
}

impl WorkflowError {
    /// Whether the work stopped because it was asked to.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Engine(EngineError::Cancelled(_)))
    }
}

//! A body model's arrays.

use std::path::{Path, PathBuf};

/// Why a body file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("cannot read the body file: {source} ({path})")]
    Read { path: PathBuf, source: std::io::Error },
}

/// A skinned body: the user's SMPL-X file or the shipped open head.
#[derive(Debug, Clone)]
pub struct BodyModel {}

impl BodyModel {
    /// The shipped open head (`assets/body/`).
    pub fn open_head() -> Result<Self, BodyError> {
        todo!()
    }

    /// Reads an SMPL-X npz or a file in the open head's own layout.
    pub fn load(path: &Path) -> Result<Self, BodyError> {
        todo!("{path:?}")
    }

    /// Counter-clockwise seen from outside, indices into the vertices.
    pub fn triangles(&self) -> &[[u32; 3]] {
        todo!()
    }
}

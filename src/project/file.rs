//! The project file: `NAME.adorn`, JSON.

use super::Project;
use std::path::{Path, PathBuf};

/// The file format this version writes.
pub const FORMAT: u32 = 1;

/// Why a project file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot read the project: {source} ({path})")]
    Read { path: PathBuf, source: std::io::Error },
}

/// Reads, checks and migrates a project file.
pub fn load(path: &Path) -> Result<Project, FileError> {
    todo!("{path:?}")
}

/// Parses and checks a project's text; errors name line and field.
pub fn parse(text: &str) -> Result<Project, FileError> {
    todo!("{text}")
}

/// The project's text as [`save`] writes it.
pub fn to_json(project: &Project) -> String {
    todo!("{project:?}")
}

/// Writes atomically: temporary file, fsync, rename. On error the old file stands.
pub fn save(project: &Project, path: &Path) -> Result<(), FileError> {
    todo!("{project:?} {path:?}")
}

/// JSON Schema of the format, kept in `assets/project.schema.json`.
pub fn schema_json() -> String {
    todo!()
}

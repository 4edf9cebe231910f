//! What pictures show, in a JSON file beside them: an object of file names and texts.

use crate::engine::files::read_text;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Bytes of such a file.
const LARGEST: u64 = 64 << 20;

/// Why a file of captions cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "the captions cannot be used: {reason}; write {{\"photo.jpg\": \"what it shows\"}} or remove the file ({})",
    path.display()
)]
pub struct CaptionsError {
    reason: String,
    path: PathBuf,
}

/// Texts by file name.
pub(super) fn read_captions(path: &Path) -> Result<BTreeMap<String, String>, CaptionsError> {
    let unusable = |reason: String| CaptionsError { reason, path: path.to_owned() };
    let text = read_text(path, LARGEST).map_err(|error| unusable(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))
}

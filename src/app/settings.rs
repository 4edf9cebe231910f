//! What the window remembers from one session to the next, beside autosave and history.

use crate::project::write_whole;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

const FILE: &str = "settings.json";

/// Larger files are not ours.
const MOST_BYTES: u64 = 1 << 20;

/// Settings of the program, not of a project.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    /// The model bundle that paints; none: the mannequin.
    pub(super) bundle: Option<PathBuf>,
}

impl Settings {
    /// Those of `folder`; what is missing or unreadable is as at the first start.
    pub(super) fn read(folder: &Path) -> Self {
        let path = folder.join(FILE);
        let readable = fs::metadata(&path).is_ok_and(|about| about.len() <= MOST_BYTES);
        let text = if readable { fs::read_to_string(&path).ok() } else { None };
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    pub(super) fn write(&self, folder: &Path) -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let text = serde_json::to_string_pretty(self)?;
        write_whole(&folder.join(FILE), |file| writeln!(file, "{text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_and_a_broken_file_is_a_first_start() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Settings::read(folder.path()), Settings::default());
        let settings = Settings { bundle: Some("/models/mine".into()) };
        settings.write(folder.path()).unwrap();
        assert_eq!(Settings::read(folder.path()), settings);
        fs::write(folder.path().join(FILE), "{").unwrap();
        assert_eq!(Settings::read(folder.path()), Settings::default());
    }
}

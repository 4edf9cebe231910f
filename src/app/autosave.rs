//! Unsaved work survives a crash: every few seconds it is written beside the app's own data.
//!
//! Each open window holds one slot by a file lock. The lock goes with its process, however that ends, so a
//! slot that is free and still holds work belongs to a window that never closed properly.

use crate::project::{self, Project};
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between two writes.
const PERIOD: Duration = Duration::from_secs(3);
/// More windows than anybody opens.
const SLOTS: usize = 32;
/// Where the recovery file notes which file the work was opened from.
const ORIGIN: &str = "recovered_from";

/// Unsaved work of an earlier window.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recovered {
    /// Paths inside are absolute.
    pub(super) project: Project,
    pub(super) file: Option<PathBuf>,
}

/// This window's slot.
pub(super) struct Autosave {
    path: PathBuf,
    /// Held as long as the window is open.
    _lock: File,
    written: Option<Project>,
    last_write: Instant,
}

impl Autosave {
    /// Takes a free slot in `folder`: one with work to recover if there is any. None where nothing can be
    /// written; the window then works without.
    pub(super) fn open(folder: &Path) -> (Option<Self>, Option<Recovered>) {
        if let Err(error) = std::fs::create_dir_all(folder) {
            tracing::warn!("no autosave: {error} ({})", folder.display());
            return (None, None);
        }
        let holds_work = |slot: &usize| recovery_file(folder, *slot).exists();
        let slot = (0..SLOTS).filter(holds_work).find_map(|slot| Self::take(folder, slot));
        let slot = slot.or_else(|| (0..SLOTS).find_map(|slot| Self::take(folder, slot)));
        let recovered = slot.as_ref().and_then(|slot| read(&slot.path));
        (slot, recovered)
    }

    /// None if another window holds the slot.
    fn take(folder: &Path, slot: usize) -> Option<Self> {
        let lock = folder.join(format!("slot-{slot}.lock"));
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(lock).ok()?;
        lock.try_lock().ok()?;
        let path = recovery_file(folder, slot);
        Some(Self { path, _lock: lock, written: None, last_write: Instant::now() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What to write now, if it is time and `project` is not written yet.
    pub(super) fn due(&mut self, project: &Project) -> bool {
        let due = self.last_write.elapsed() >= PERIOD && self.written.as_ref() != Some(project);
        if due {
            self.written = Some(project.clone());
            self.last_write = Instant::now();
        }
        due
    }

    /// When to ask again.
    pub(super) fn period() -> Duration {
        PERIOD
    }

    /// The work is saved, thrown away or brought back: nothing is left to recover.
    pub(super) fn clear(&mut self) {
        self.written = None;
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!("cannot remove the recovery file: {error} ({})", self.path.display());
            }
            _ => {}
        }
    }
}

fn recovery_file(folder: &Path, slot: usize) -> PathBuf {
    folder.join(format!("slot-{slot}.adorn"))
}

/// Writes `project`, whose paths are absolute, with the file it belongs to.
pub(super) fn write(
    path: &Path,
    mut project: Project,
    file: Option<&Path>,
) -> Result<(), project::FileError> {
    if let Some(file) = file {
        project.other.insert(ORIGIN.to_owned(), Value::String(file.to_string_lossy().into_owned()));
    }
    project::save(&project, path)
}

fn read(path: &Path) -> Option<Recovered> {
    if !path.exists() {
        return None;
    }
    match project::load(path) {
        Ok(mut project) => {
            let origin = project.other.remove(ORIGIN);
            let file = origin.as_ref().and_then(Value::as_str).map(PathBuf::from);
            Some(Recovered { project, file })
        }
        Err(error) => {
            tracing::warn!("unsaved work cannot be recovered: {error}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work() -> Project {
        Project { prompt: "unsaved work".to_owned(), ..Project::default() }
    }

    #[test]
    fn work_of_a_window_that_never_closed_is_found_with_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = PathBuf::from("/shop/spring.adorn");
        let (slot, none) = Autosave::open(folder.path());
        assert_eq!(none, None);
        let slot = slot.expect("a slot");
        write(slot.path(), work(), Some(&file)).expect("written");
        drop(slot);
        let (_slot, recovered) = Autosave::open(folder.path());
        assert_eq!(recovered, Some(Recovered { project: work(), file: Some(file) }));
    }

    #[test]
    fn the_work_of_a_window_that_is_still_open_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, _) = Autosave::open(folder.path());
        let first = first.expect("a slot");
        write(first.path(), work(), None).expect("written");
        let (second, recovered) = Autosave::open(folder.path());
        assert_eq!(recovered, None);
        assert_ne!(second.expect("a slot").path(), first.path());
    }

    #[test]
    fn saved_work_leaves_nothing_to_recover() {
        let folder = tempfile::tempdir().expect("a folder");
        let (slot, _) = Autosave::open(folder.path());
        let mut slot = slot.expect("a slot");
        write(slot.path(), work(), None).expect("written");
        slot.clear();
        drop(slot);
        assert_eq!(Autosave::open(folder.path()).1, None);
    }
}

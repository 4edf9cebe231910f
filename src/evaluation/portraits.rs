//! Portraits from a folder, for the parts that look at photos.

use super::EvaluationError;
use crate::picture::{files_below, is_picture};
use std::path::{Path, PathBuf};

/// Up to `most` pictures of the folder and its folders, evenly chosen in the order of their names.
pub(super) fn chosen(folder: &Path, most: usize) -> Result<Vec<PathBuf>, EvaluationError> {
    let mut files = files_below(folder)?;
    files.retain(|file| is_picture(&file.name));
    let every = files.len().div_ceil(most.max(1)).max(1);
    let chosen: Vec<_> = files.into_iter().map(|file| file.path).step_by(every).collect();
    if chosen.is_empty() { Err(EvaluationError::NoPortraits(folder.to_owned())) } else { Ok(chosen) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_chosen_evenly_and_by_ending_alone() {
        let home = tempfile::tempdir().unwrap();
        let inner = home.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        for name in ["a.JPG", "b.jpeg", "c.txt", "d.webp"] {
            std::fs::write(home.path().join(name), b"").unwrap();
        }
        std::fs::write(inner.join("e.png"), b"").unwrap();
        let names = |most: usize| -> Vec<String> {
            let chosen = chosen(home.path(), most).unwrap();
            chosen.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(names(9), ["a.JPG", "b.jpeg", "d.webp", "e.png"]);
        assert_eq!(names(2), ["a.JPG", "d.webp"]);
        assert!(chosen(&inner.join("none"), 3).is_err());
    }
}

//! The embedded sample: a project, its earring and its face, so that a fresh machine has a main job to run.

use crate::project::write_whole;
use std::fs;
use std::io::Result;
use std::path::{Path, PathBuf};

const PROJECT: &str = "sample.adorn";

/// The sample's files by name; `assets/LICENSES.md` says how they are made.
const FILES: [(&str, &[u8]); 3] = [
    (PROJECT, include_bytes!("../../assets/sample/sample.adorn")),
    ("earring.png", include_bytes!("../../assets/sample/earring.png")),
    ("face.png", include_bytes!("../../assets/sample/face.png")),
];

/// What happens to files of an earlier unpacking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// What a designer changed stays.
    Keep,
    /// The sample is as shipped again.
    Replace,
}

/// Writes the sample into `folder`, which is made where it is missing, and returns its project file.
pub fn unpack_sample(folder: &Path, existing: Existing) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    for (name, bytes) in FILES {
        let path = folder.join(name);
        if existing == Existing::Replace || !path.exists() {
            write_whole(&path, |file| file.write_all(bytes))?;
        }
    }
    Ok(folder.join(PROJECT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    #[test]
    fn the_sample_opens_and_its_files_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = unpack_sample(folder.path(), Existing::Keep).unwrap();
        let project = project::load(&path).unwrap();
        let face = project.face.iter().map(|face| &face.file);
        let files: Vec<_> = project.earrings.iter().map(|earring| &earring.file).chain(face).collect();
        assert_eq!(files.len(), 2);
        assert!(files.iter().all(|file| folder.path().join(file).exists()));
    }

    #[test]
    fn changes_stay_unless_the_sample_is_asked_for_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = unpack_sample(folder.path(), Existing::Keep).unwrap();
        let shipped = fs::read(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        unpack_sample(folder.path(), Existing::Keep).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        unpack_sample(folder.path(), Existing::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), shipped);
    }
}

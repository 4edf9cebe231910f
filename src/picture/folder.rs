//! Folders of pictures that people point at: what lies in them, whatever order the disk has it in.

use std::io;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// Folders in folders are read this deep.
const DEEPEST: usize = 12;

/// Files of one listing.
const MOST_FILES: usize = 2_000_000;

/// Endings of what is read as a picture, in either case.
const ENDINGS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// Why a folder cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("cannot read: {source}; check that it is there and readable ({})", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the folder holds more than {MOST_FILES} files; take parts of it, one after the other ({})", .0.display())]
    TooMany(PathBuf),
    #[error("folders lie more than {DEEPEST} deep in each other; move the pictures further up ({})", .0.display())]
    TooDeep(PathBuf),
}

/// A file below a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub path: PathBuf,
    /// From the folder on, parts joined by `/`, whatever the system joins them by.
    pub name: String,
}

impl Listed {
    /// The folder that it lies in, from the listed one on, and its own name.
    pub fn place(&self) -> (&str, &str) {
        self.name.rsplit_once('/').unwrap_or(("", &self.name))
    }
}

/// Whether a file's name is a picture's.
pub fn is_picture(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// Every file below a folder, in the order of names. What is hidden is passed over, and links to folders are not
/// followed, so no walk goes round in a circle.
pub fn files_below(folder: &Path) -> Result<Vec<Listed>, FolderError> {
    let mut files = Vec::new();
    // One deeper than is read, so that what lies there is told.
    let walk = WalkDir::new(folder).max_depth(DEEPEST + 1).into_iter().filter_entry(is_shown);
    for entry in walk {
        let entry = entry.map_err(|error| FolderError::Read {
            path: error.path().unwrap_or(folder).to_owned(),
            source: error.into(),
        })?;
        if entry.depth() > DEEPEST && entry.file_type().is_dir() {
            return Err(FolderError::TooDeep(entry.into_path()));
        }
        if is_file(&entry) {
            let name = name_of(folder, entry.path());
            files.push(Listed { path: entry.into_path(), name });
        }
        if files.len() > MOST_FILES {
            return Err(FolderError::TooMany(folder.to_owned()));
        }
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(files)
}

/// The folder itself may have any name.
fn is_shown(entry: &DirEntry) -> bool {
    entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
}

/// Neither a folder nor a link to one; a link that leads nowhere is a file that cannot be read.
fn is_file(entry: &DirEntry) -> bool {
    let kind = entry.file_type();
    entry.depth() > 0 && (kind.is_file() || kind.is_symlink() && !entry.path().is_dir())
}

fn name_of(folder: &Path, path: &Path) -> String {
    let within = path.strip_prefix(folder).unwrap_or(path);
    within.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_are_listed_by_name_without_what_is_hidden_and_without_circles() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for inner in ["inner/deeper", ".hidden"] {
            fs::create_dir_all(at(inner)).unwrap();
        }
        for name in ["b.png", "a.txt", ".c.png", ".hidden/d.png", "inner/e.JPG", "inner/deeper/f"] {
            fs::write(at(name), b"").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(home.path(), at("inner/circle")).unwrap();
        let listed = files_below(home.path()).unwrap();
        let names: Vec<_> = listed.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.txt", "b.png", "inner/deeper/f", "inner/e.JPG"]);
        assert_eq!((listed[0].place(), listed[3].place()), (("", "a.txt"), ("inner", "e.JPG")));
        assert!(listed.iter().all(|file| file.path.is_file()));
        assert_eq!(names.iter().filter(|name| is_picture(name)).count(), 2);
    }

    #[test]
    fn folders_that_cannot_be_listed_are_told_by_name() {
        let home = tempfile::tempdir().unwrap();
        let none = home.path().join("none");
        assert!(files_below(&none).unwrap_err().to_string().contains("none"));
        let mut deep = home.path().to_owned();
        for _ in 0..DEEPEST {
            deep.push("in");
        }
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("a.png"), b"").unwrap();
        assert_eq!(files_below(home.path()).unwrap().len(), 1);
        fs::create_dir(deep.join("in")).unwrap();
        assert!(matches!(files_below(home.path()), Err(FolderError::TooDeep(_))));
    }
}

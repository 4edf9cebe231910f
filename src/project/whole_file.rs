//! Files that are whole or as they were: the one way in which the program writes.

use super::base_of;
use std::fs::{self, File};
use std::io::{BufWriter, Error, Result, Write};
use std::path::Path;

/// Writes to a temporary file in the target's folder, syncs it and renames it over `path`. On error, and at
/// any crash, the old file stands and nothing is left beside it.
///
/// A replaced file keeps its permissions; a new one gets those that the umask gives any file.
pub fn write_whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let folder = base_of(path);
    // The library's message names the temporary file, which nobody asked for.
    let file = scratch_file(&folder).map_err(|error| Error::from(error.kind()))?;
    let mut buffer = BufWriter::new(file.as_file());
    write(&mut buffer)?;
    buffer.flush()?;
    drop(buffer);
    if let Ok(old) = fs::metadata(path) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(&folder)
}

/// A temporary file is private to its owner; what becomes of this one is an ordinary file.
#[cfg(unix)]
fn scratch_file(folder: &Path) -> Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    let usual = fs::Permissions::from_mode(0o666);
    tempfile::Builder::new().prefix(".adorn-").suffix(".tmp").permissions(usual).tempfile_in(folder)
}

#[cfg(not(unix))]
fn scratch_file(folder: &Path) -> Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(".adorn-").suffix(".tmp").tempfile_in(folder)
}

/// Makes the rename itself durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_failed_write_keeps_the_old_file_and_leaves_no_crumbs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(&path, "old").unwrap();
        let failed = write_whole(&path, |file| {
            file.write_all(b"half")?;
            Err(Error::other("the disk is full"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_missing_folder_is_an_error_and_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_whole(&folder.path().join("no/a.txt"), |file| file.write_all(b"x")).unwrap_err();
        assert!(!error.to_string().contains(".adorn-"), "{error}");
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_not_private_and_a_replaced_one_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let usual = folder.path().join("usual.txt");
        fs::write(&usual, "x").unwrap();
        write_whole(&path, |file| file.write_all(b"x")).unwrap();
        assert_eq!(mode(), fs::metadata(&usual).unwrap().permissions().mode() & 0o777);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write_whole(&path, |file| file.write_all(b"y")).unwrap();
        assert_eq!(mode(), 0o640);
    }
}

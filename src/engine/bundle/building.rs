//! A bundle while it is made: beside its place, renamed when it is whole, gone if it never is.

use super::{BundleError, MANIFEST, Manifest};
use crate::project::digest_of_file;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder that becomes the bundle.
pub(super) struct Building {
    folder: TempDir,
    out: PathBuf,
}

impl Building {
    /// Starts one for `out`, which must not exist or be empty.
    pub(super) fn beside(out: &Path) -> Result<Self, BundleError> {
        if out.exists() && fs::read_dir(out).map_or(true, |mut entries| entries.next().is_some()) {
            return Err(BundleError::Occupied(out.to_owned()));
        }
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = fs::create_dir_all(parent).and_then(|()| scratch_folder(parent));
        let folder = folder.map_err(|error| write_error(&error, out))?;
        Ok(Self { folder, out: out.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn failed(&self, error: &io::Error) -> BundleError {
        write_error(error, &self.out)
    }

    /// Writes a small file and the folders to it.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let path = self.path().join(name);
        let folders = path.parent().map_or(Ok(()), fs::create_dir_all);
        folders.and_then(|()| write_synced(&path, bytes)).map_err(|error| self.failed(&error))
    }

    /// Adds the manifest with a digest of each of `files` and puts the bundle in its place.
    pub(super) fn finish(self, mut manifest: Manifest, files: &[String]) -> Result<(), BundleError> {
        for name in files {
            let sha256 = digest_of_file(&self.path().join(name)).map_err(|error| self.failed(&error))?;
            manifest.sha256.insert(name.clone(), sha256);
        }
        let text =
            toml::to_string_pretty(&manifest).map_err(|error| self.failed(&io::Error::other(error)))?;
        self.write(MANIFEST, text.as_bytes())?;
        let vacant = if self.out.exists() { fs::remove_dir(&self.out) } else { Ok(()) };
        vacant.and_then(|()| fs::rename(self.path(), &self.out)).map_err(|error| self.failed(&error))?;
        // The folder has its new name: there is nothing left to remove.
        let _ = self.folder.keep();
        Ok(())
    }
}

fn write_error(error: &io::Error, out: &Path) -> BundleError {
    BundleError::Write { reason: error.to_string(), path: out.to_owned() }
}

/// A temporary folder is private to its owner; what becomes of this one is an ordinary folder.
#[cfg(unix)]
fn scratch_folder(parent: &Path) -> io::Result<TempDir> {
    use std::os::unix::fs::PermissionsExt;
    let usual = fs::Permissions::from_mode(0o777);
    tempfile::Builder::new().prefix(".bundle-").permissions(usual).tempdir_in(parent)
}

#[cfg(not(unix))]
fn scratch_folder(parent: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(".bundle-").tempdir_in(parent)
}

pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

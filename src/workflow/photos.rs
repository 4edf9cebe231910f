//! Photos read once: decoded pictures kept as long as their files do not change and memory allows.

use super::WorkflowError;
use crate::picture::{ProductPhoto, load_face, load_product, painted_out};
use crate::project::{Stroke, digest_of_file, hex};
use image::RgbImage;
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Bytes of decoded pixels that are kept; the least recently used photo goes first.
const MOST_BYTES: usize = 512 << 20;

/// Bytes of a digest in words.
const SHA256_TEXT: usize = 64;

/// A face photo and its file's digest.
#[derive(Debug, Clone)]
pub(super) struct FacePhoto {
    pub(super) pixels: Arc<RgbImage>,
    /// SHA-256 of the file's bytes, lower-case hex.
    pub(super) file_sha256: String,
}

/// Decoded photos, shared by everything that lays out or paints.
#[derive(Debug, Default)]
pub(super) struct PhotoCache {
    products: Mutex<Shelf<ProductPhoto>>,
    faces: Mutex<Shelf<FacePhoto>>,
    /// Faces out of which something was taken.
    clean_faces: Mutex<Shelf<RgbImage>>,
    /// Of files that are no photos and too large to be read for every picture.
    digests: Mutex<Shelf<String>>,
}

impl PhotoCache {
    pub(super) fn product(&self, path: &Path) -> Result<Arc<ProductPhoto>, WorkflowError> {
        cached(&self.products, path, |path| {
            let photo = load_product(path)?;
            let bytes = photo.pixels.as_raw().len();
            Ok((photo, bytes))
        })
    }

    pub(super) fn face(&self, path: &Path) -> Result<Arc<FacePhoto>, WorkflowError> {
        cached(&self.faces, path, |path| {
            let pixels = load_face(path)?;
            let bytes = pixels.as_raw().len();
            Ok((FacePhoto { pixels: Arc::new(pixels), file_sha256: sha256_of_file(path)? }, bytes))
        })
    }

    /// The face photo without what the strokes cover; painted at most once as long as file and strokes stay.
    pub(super) fn clean_face(&self, path: &Path, remove: &[Stroke]) -> Result<Arc<RgbImage>, WorkflowError> {
        if remove.is_empty() {
            return Ok(Arc::clone(&self.face(path)?.pixels));
        }
        let strokes = hex(&Sha256::digest(serde_json::to_vec(remove).unwrap_or_default()));
        cached_as(&self.clean_faces, path, strokes, |path| {
            let photo = self.face(path)?;
            let Ok(clean) = painted_out(&photo.pixels, remove, || Ok::<(), Infallible>(()));
            let bytes = clean.as_raw().len();
            Ok((clean, bytes))
        })
    }
}

impl PhotoCache {
    pub(super) fn digest(&self, path: &Path) -> Result<Arc<String>, WorkflowError> {
        let digest =
            cached(&self.digests, path, |path| sha256_of_file(path).map(|digest| (digest, SHA256_TEXT)));
        digest.map_err(|error| match error {
            WorkflowError::Read { path, source } => WorkflowError::ReadRecipe { path, source },
            other => other,
        })
    }
}

/// What tells that a file is still the one that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileKey {
    path: PathBuf,
    modified: Option<SystemTime>,
    bytes: u64,
    /// Digest of what was done to it; empty for the file as it is.
    done: String,
}

/// Photos from the most recently used to the least.
#[derive(Debug)]
struct Shelf<T> {
    photos: Vec<(FileKey, Arc<T>, usize)>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { photos: Vec::new() }
    }
}

impl<T> Shelf<T> {
    fn take(&mut self, key: &FileKey) -> Option<Arc<T>> {
        let at = self.photos.iter().position(|(own, _, _)| own == key)?;
        let entry = self.photos.remove(at);
        let photo = Arc::clone(&entry.1);
        self.photos.insert(0, entry);
        Some(photo)
    }

    fn put(&mut self, key: FileKey, photo: Arc<T>, bytes: usize) {
        self.photos.retain(|(own, _, _)| own.path != key.path || own.done != key.done);
        self.photos.insert(0, (key, photo, bytes));
        let mut kept = 0;
        self.photos.retain(|(_, _, bytes)| {
            let first = kept == 0;
            kept += *bytes;
            first || kept <= MOST_BYTES
        });
    }
}

fn cached<T>(
    shelf: &Mutex<Shelf<T>>,
    path: &Path,
    load: impl FnOnce(&Path) -> Result<(T, usize), WorkflowError>,
) -> Result<Arc<T>, WorkflowError> {
    cached_as(shelf, path, String::new(), load)
}

/// [`cached`], for what was made of the file in a way that `done` tells from others.
fn cached_as<T>(
    shelf: &Mutex<Shelf<T>>,
    path: &Path,
    done: String,
    load: impl FnOnce(&Path) -> Result<(T, usize), WorkflowError>,
) -> Result<Arc<T>, WorkflowError> {
    let key = file_key(path, done).map_err(|source| WorkflowError::Read { path: path.to_owned(), source })?;
    // Decoding happens outside the lock: a second thread may decode the same file, and nobody waits.
    if let Some(photo) = shelf.lock().unwrap_or_else(PoisonError::into_inner).take(&key) {
        return Ok(photo);
    }
    let (photo, bytes) = load(path)?;
    let photo = Arc::new(photo);
    shelf.lock().unwrap_or_else(PoisonError::into_inner).put(key, Arc::clone(&photo), bytes);
    Ok(photo)
}

fn file_key(path: &Path, done: String) -> std::io::Result<FileKey> {
    let about = std::fs::metadata(path)?;
    Ok(FileKey { path: path.to_owned(), modified: about.modified().ok(), bytes: about.len(), done })
}

fn sha256_of_file(path: &Path) -> Result<String, WorkflowError> {
    digest_of_file(path).map_err(|source| WorkflowError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, bytes: u64) -> FileKey {
        FileKey { path: name.into(), modified: None, bytes, done: String::new() }
    }

    #[test]
    fn the_least_recently_used_photo_goes_first_and_the_newest_always_stays() {
        let mut shelf = Shelf::default();
        for (name, bytes) in [("a", MOST_BYTES / 2), ("b", MOST_BYTES / 2)] {
            shelf.put(key(name, 1), Arc::new(name), bytes);
        }
        assert!(shelf.take(&key("a", 1)).is_some(), "both fit");
        shelf.put(key("c", 1), Arc::new("c"), MOST_BYTES / 2);
        assert!(shelf.take(&key("b", 1)).is_none(), "b was used least recently");
        assert!(shelf.take(&key("a", 1)).is_some());
        shelf.put(key("huge", 1), Arc::new("huge"), MOST_BYTES * 2);
        assert!(shelf.take(&key("huge", 1)).is_some());
        assert!(shelf.take(&key("a", 1)).is_none());
    }

    #[test]
    fn a_changed_file_is_read_again_and_the_old_photo_dropped() {
        let mut shelf = Shelf::default();
        shelf.put(key("a", 1), Arc::new("old"), 1);
        assert!(shelf.take(&key("a", 2)).is_none());
        shelf.put(key("a", 2), Arc::new("new"), 1);
        assert_eq!(shelf.photos.len(), 1);
    }
}

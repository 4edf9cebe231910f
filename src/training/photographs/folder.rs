//! A folder of portraits with captions, read as they are needed.

use super::relief::Head;
use super::sitter::{NoSitter, Sitter};
use crate::body::BodyModel;
use crate::engine::progress::{Cancelled, Control, Progress, Stage};
use crate::picture::load_face;
use crate::project::digest_of;
use crate::vision::{Eyes, HeadPoints, VisionError};
use image::imageops::flip_horizontal_in_place;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Portraits that a folder may hold, and folders in folders.
const MOST: usize = 100_000;
const DEEPEST: usize = 8;

/// Bytes of a file of captions.
const LONGEST_CAPTIONS: u64 = 16 << 20;

/// Sitters that are kept ready: about a gigabyte.
const READY: usize = 160;

const ENDINGS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// Why a folder gives no portraits.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("cannot read the portraits: {source}; check that the folder is there and readable ({path})")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the captions are no list of file names and texts: {reason}; mend or remove the file ({path})")]
    Captions { path: PathBuf, reason: String },
    #[error("the folder holds no JPEG, PNG or WebP picture; choose another one ({0})")]
    Empty(PathBuf),
    #[error("the folder holds more than {MOST} pictures; choose a part of it ({0})")]
    TooMany(PathBuf),
    #[error(transparent)]
    Vision(#[from] VisionError),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// A picture of the folder.
#[derive(Debug, Clone)]
struct Entry {
    path: PathBuf,
    /// Below the folder, with slashes.
    name: String,
    caption: Option<String>,
}

/// A folder's portraits.
pub struct Portraits {
    entries: Vec<Entry>,
    eyes: Eyes,
    points: HeadPoints,
    head: Head,
    ready: Mutex<Ready>,
    usable: Vec<Usable>,
    unusable: Vec<(String, String)>,
}

/// A portrait that can be turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usable {
    pub index: usize,
    /// Of the head, degrees.
    pub yaw_deg: f64,
    /// Whether the subject's left and right lobes are bare.
    pub bare: [bool; 2],
}

/// By portrait and whether it is mirrored; the oldest first.
#[derive(Default)]
struct Ready {
    order: Vec<(usize, bool)>,
    sitters: BTreeMap<(usize, bool), Arc<Result<Sitter, String>>>,
}

impl Portraits {
    /// Lists the pictures of a folder and of the folders in it, in the order of their names. Captions stand in any
    /// `*.json` beside them: an object of file names and texts. Every picture is looked at once, some in a second.
    pub fn open(folder: &Path, model: &BodyModel, control: &Control) -> Result<Self, FolderError> {
        let mut entries = Vec::new();
        list(folder, folder, 0, &mut entries)?;
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        if entries.is_empty() {
            return Err(FolderError::Empty(folder.to_owned()));
        }
        let points = HeadPoints::of(model);
        let head = Head::of(model, &points);
        let mut portraits = Self {
            entries,
            eyes: Eyes::shipped()?,
            points,
            head,
            ready: Mutex::default(),
            usable: Vec::new(),
            unusable: Vec::new(),
        };
        portraits.survey(control)?;
        Ok(portraits)
    }

    /// Tells portraits that can be turned from others.
    fn survey(&mut self, control: &Control) -> Result<(), Cancelled> {
        let (done, count) = (AtomicUsize::new(0), self.entries.len());
        let looks: Vec<_> = (0..count)
            .into_par_iter()
            .map(|index| {
                let sitter = self.sitter(index, false);
                control.step(Progress::new(
                    Stage::Preparing,
                    done.fetch_add(1, Ordering::Relaxed) + 1,
                    count,
                ))?;
                Ok((*sitter).as_ref().map(|sitter| (sitter.yaw_deg(), sitter.bare())).map_err(String::clone))
            })
            .collect::<Result<_, Cancelled>>()?;
        for (index, look) in looks.into_iter().enumerate() {
            match look {
                Ok((yaw_deg, bare)) => self.usable.push(Usable { index, yaw_deg, bare }),
                Err(reason) => self.unusable.push((self.entries[index].name.clone(), reason)),
            }
        }
        Ok(())
    }

    pub fn usable(&self) -> &[Usable] {
        &self.usable
    }

    /// Names of the other portraits, and why they cannot be used.
    pub fn unusable(&self) -> &[(String, String)] {
        &self.unusable
    }

    /// A portrait's name below the folder.
    pub fn name(&self, index: usize) -> &str {
        &self.entries[index].name
    }

    pub fn caption(&self, index: usize) -> Option<&str> {
        self.entries[index].caption.as_deref()
    }

    /// A digest of all names, captions and contents: another folder gives other pictures.
    pub fn digest(&self) -> Result<String, FolderError> {
        let mut all = String::new();
        for Entry { path, name, caption } in &self.entries {
            let own = File::open(path).and_then(digest_of);
            let own = own.map_err(|source| FolderError::Read { path: path.clone(), source })?;
            all += &format!("{name}\n{own}\n{}\n", caption.as_deref().unwrap_or_default());
        }
        digest_of(all.as_bytes()).map_err(|source| FolderError::Read { path: PathBuf::new(), source })
    }

    /// The person of a portrait, mirrored or not, or why there is none.
    pub fn sitter(&self, index: usize, mirrored: bool) -> Arc<Result<Sitter, String>> {
        let key = (index, mirrored);
        let lock = || self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sitter) = lock().sitters.get(&key) {
            return sitter.clone();
        }
        let sitter = Arc::new(self.look(index, mirrored));
        let mut ready = lock();
        if ready.sitters.insert(key, sitter.clone()).is_none() {
            ready.order.push(key);
        }
        if ready.order.len() > READY {
            let oldest = ready.order.remove(0);
            ready.sitters.remove(&oldest);
        }
        sitter
    }

    fn look(&self, index: usize, mirrored: bool) -> Result<Sitter, String> {
        let mut photo = load_face(&self.entries[index].path).map_err(|error| error.to_string())?;
        if mirrored {
            flip_horizontal_in_place(&mut photo);
        }
        Sitter::of(&self.eyes, &self.points, &self.head, photo).map_err(|error: NoSitter| error.to_string())
    }
}

/// Adds the pictures below `folder`; links are not followed.
fn list(root: &Path, folder: &Path, depth: usize, entries: &mut Vec<Entry>) -> Result<(), FolderError> {
    let failed = |source| FolderError::Read { path: folder.to_owned(), source };
    let mut captions = BTreeMap::new();
    let (mut pictures, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        if kind.is_dir() {
            folders.push(path);
        } else if kind.is_file() && ending == "json" {
            captions.append(&mut read_captions(&path)?);
        } else if kind.is_file() && ENDINGS.contains(&&*ending) {
            pictures.push(path);
        }
    }
    for path in pictures {
        let within = path.strip_prefix(root).unwrap_or(&path);
        let name = within.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        let own = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        entries.push(Entry { caption: captions.get(own).cloned(), name, path });
    }
    if entries.len() > MOST {
        return Err(FolderError::TooMany(root.to_owned()));
    }
    if depth < DEEPEST {
        folders.iter().try_for_each(|folder| list(root, folder, depth + 1, entries))?;
    }
    Ok(())
}

fn read_captions(path: &Path) -> Result<BTreeMap<String, String>, FolderError> {
    let mut text = String::new();
    let file = File::open(path).and_then(|file| file.take(LONGEST_CAPTIONS).read_to_string(&mut text));
    file.map_err(|source| FolderError::Read { path: path.to_owned(), source })?;
    serde_json::from_str(&text)
        .map_err(|error| FolderError::Captions { path: path.to_owned(), reason: error.to_string() })
}

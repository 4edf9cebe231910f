//! A folder of portraits with captions, read as they are needed.

use super::relief::Head;
use super::sitter::Sitter;
use crate::body::BodyModel;
use crate::engine::progress::{Cancelled, Control, Progress, Stage};
use crate::picture::{FolderError, Listed, LoadError, files_below, is_picture, load_face};
use crate::project::{digest_of_file, hex};
use crate::training::captions::{CaptionsError, read_captions};
use crate::training::shards::LeftOut;
use crate::vision::{Eyes, HeadPoints, VisionError};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Portraits that a folder may hold.
const MOST: usize = 100_000;

/// Sitters that are kept ready: some six megabytes each.
const READY: usize = 160;

/// Why a folder gives no portraits.
#[derive(Debug, thiserror::Error)]
pub enum PortraitsError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Captions(#[from] CaptionsError),
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
    unusable: Vec<LeftOut>,
}

/// A portrait that can be turned.
#[derive(Debug, Clone, PartialEq)]
pub struct Usable {
    pub index: usize,
    /// SHA-256 of its file, lower-case hex: who it is, wherever the file lies.
    pub sha256: String,
    /// Of the head, degrees.
    pub yaw_deg: f64,
    /// Whether the subject's left and right lobes are bare.
    pub bare: [bool; 2],
}

/// By portrait; the oldest first.
#[derive(Default)]
struct Ready {
    order: VecDeque<usize>,
    sitters: BTreeMap<usize, Arc<Result<Sitter, String>>>,
}

impl Portraits {
    /// Lists the pictures of a folder and of the folders in it, in the order of their names. Captions stand in any
    /// `*.json` beside them: an object of file names and texts. Every picture is looked at, which takes the better part
    /// of a second each.
    pub fn open(folder: &Path, model: &BodyModel, control: &Control) -> Result<Self, PortraitsError> {
        let entries = list(folder)?;
        if entries.is_empty() {
            return Err(PortraitsError::Empty(folder.to_owned()));
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
        let look = |index| {
            let looked = self.surveyed(index);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            control.step(Progress::new(Stage::Preparing, done, count))?;
            Ok(looked)
        };
        let looks: Vec<_> = (0..count).into_par_iter().map(look).collect::<Result<_, Cancelled>>()?;
        for (entry, look) in self.entries.iter().zip(looks) {
            match look {
                Ok(usable) => self.usable.push(usable),
                Err(reason) => self.unusable.push(LeftOut { name: entry.name.clone(), reason }),
            }
        }
        Ok(())
    }

    fn surveyed(&self, index: usize) -> Result<Usable, String> {
        let sitter = self.sitter(index);
        let sitter = (*sitter).as_ref().map_err(String::clone)?;
        let sha256 = digest_of_file(&self.entries[index].path).map_err(|error| error.to_string())?;
        Ok(Usable { index, sha256, yaw_deg: sitter.angles().yaw_deg, bare: sitter.bare() })
    }

    pub fn usable(&self) -> &[Usable] {
        &self.usable
    }

    /// The other portraits, and why they cannot be used.
    pub fn unusable(&self) -> &[LeftOut] {
        &self.unusable
    }

    /// A portrait's name below the folder.
    pub fn name(&self, index: usize) -> &str {
        &self.entries[index].name
    }

    pub fn caption(&self, index: usize) -> Option<&str> {
        self.entries[index].caption.as_deref()
    }

    /// A digest of the usable portraits' names, captions and contents: others give other pictures.
    pub fn digest(&self) -> String {
        let mut all = Sha256::new();
        for usable in &self.usable {
            let Entry { name, caption, .. } = &self.entries[usable.index];
            all.update(format!("{name}\n{}\n{}\n", usable.sha256, caption.as_deref().unwrap_or_default()));
        }
        hex(&all.finalize())
    }

    /// The person of a portrait, or why there is none.
    pub fn sitter(&self, index: usize) -> Arc<Result<Sitter, String>> {
        let lock = || self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sitter) = lock().sitters.get(&index) {
            return sitter.clone();
        }
        let sitter = Arc::new(self.look(index));
        let mut ready = lock();
        if ready.sitters.insert(index, sitter.clone()).is_none() {
            ready.order.push_back(index);
        }
        if ready.order.len() > READY
            && let Some(oldest) = ready.order.pop_front()
        {
            ready.sitters.remove(&oldest);
        }
        sitter
    }

    fn look(&self, index: usize) -> Result<Sitter, String> {
        // Without the path: a set does not depend on where its folder lies.
        let photo = load_face(&self.entries[index].path).map_err(|error| match error {
            LoadError::Read { source, .. } => source.to_string(),
            LoadError::Unusable { fault, .. } => fault.to_string(),
        })?;
        Sitter::of(&self.eyes, &self.points, &self.head, photo).map_err(|error| error.to_string())
    }
}

/// The pictures below a folder, by name.
fn list(folder: &Path) -> Result<Vec<Entry>, PortraitsError> {
    let files = files_below(folder)?;
    let mut captions: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.name.to_lowercase().ends_with(".json")) {
        captions.entry(file.place().0).or_default().append(&mut read_captions(&file.path)?);
    }
    let pictures: Vec<_> = files.iter().filter(|file| is_picture(&file.name)).collect();
    if pictures.len() > MOST {
        return Err(PortraitsError::TooMany(folder.to_owned()));
    }
    let entry = |file: &&Listed| {
        let (place, own) = file.place();
        let caption = captions.get(place).and_then(|captions| captions.get(own)).cloned();
        Entry { path: file.path.clone(), name: file.name.clone(), caption }
    };
    Ok(pictures.iter().map(entry).collect())
}

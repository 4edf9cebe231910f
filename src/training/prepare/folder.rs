//! A folder of photos with what lies beside them: masks and texts.
//!
//! Beside `NAME.jpg` lie `NAME.mask.png` (or `masks/NAME.png`), or `NAME.cut.png`, and `NAME.txt` or a line of the
//! folder's `captions.json`; the first that is there counts. Photos come in the order of their names.

use super::super::captions::read_captions;
use super::PrepareError;
use super::mask::MaskFrom;
use crate::engine::files::read_text;
use crate::engine::progress::{Cancelled, Control};
use crate::picture::{LARGEST_FILE, Listed, files_below, is_picture};
use crate::project::{DEFAULT_PROMPT, LONGEST_PROMPT, digest_of, hex};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes of a text.
const LONGEST_TEXT: u64 = 64 << 10;

const MASKS: &str = "masks";
const CAPTIONS: &str = "captions.json";

/// A photo and what lies beside it.
#[derive(Debug)]
pub(super) struct Photo {
    /// From the folder on, parts joined by `/`.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Of the file; none if it cannot be read.
    pub(super) sha256: Option<String>,
    pub(super) mask: Option<MaskFile>,
    /// Or why the text cannot be used.
    pub(super) caption: Result<Caption, String>,
}

#[derive(Debug)]
pub(super) struct MaskFile {
    pub(super) path: PathBuf,
    pub(super) from: MaskFrom,
    pub(super) sha256: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caption {
    pub(super) text: String,
    pub(super) from: CaptionFrom,
}

/// Where a caption comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptionFrom {
    /// `NAME.txt`.
    File,
    /// `captions.json`.
    List,
    /// A model of the user's.
    Captioner,
    /// The method's default prompt.
    Default,
}

impl CaptionFrom {
    /// As truth files spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::List => "list",
            Self::Captioner => "captioner",
            Self::Default => "default",
        }
    }
}

/// Every photo of a folder, by name, with the digests of all that it is made of.
pub(super) fn photos(folder: &Path, control: &Control) -> Result<Vec<Photo>, PrepareError> {
    let mut photos = listed(folder)?;
    if photos.is_empty() {
        return Err(PrepareError::NoPhotos { path: folder.to_owned() });
    }
    photos.par_iter_mut().try_for_each(|photo| {
        control.check()?;
        photo.sha256 = sha256_of(&photo.path);
        if let Some(mask) = &mut photo.mask {
            mask.sha256 = sha256_of(&mask.path);
        }
        Ok::<(), Cancelled>(())
    })?;
    Ok(photos)
}

/// A digest over all that decides the samples: names, photos, masks and texts.
pub(super) fn digest(photos: &[Photo]) -> String {
    let mut hasher = Sha256::new();
    for photo in photos {
        let mask = photo.mask.as_ref().map(|mask| (mask.from.name(), &mask.sha256));
        let caption = photo.caption.as_ref().map(|caption| (&caption.text, caption.from.name()));
        // Debug quotes names and texts, so that no two lists read the same.
        hasher.update(format!("{:?}\n", (&photo.name, &photo.sha256, mask, caption)));
    }
    hex(&hasher.finalize())
}

fn sha256_of(path: &Path) -> Option<String> {
    // Asked before opening: opening a pipe would wait for its writer.
    let is_file = fs::metadata(path).is_ok_and(|about| about.is_file());
    // What is larger is no photo, and nobody waits until all of it is read.
    let digest = |file: File| digest_of(file.take(LARGEST_FILE + 1));
    is_file.then(|| File::open(path).and_then(digest).ok()).flatten()
}

/// Photos with what lies beside them.
fn listed(folder: &Path) -> Result<Vec<Photo>, PrepareError> {
    let listed = files_below(folder)?;
    let files: BTreeMap<&str, &PathBuf> =
        listed.iter().map(|file| (file.name.as_str(), &file.path)).collect();
    let mut lists = BTreeMap::new();
    for file in &listed {
        if let (place, CAPTIONS) = file.place() {
            lists.insert(place, read_captions(&file.path)?);
        }
    }
    let photo = |file: &Listed| {
        let ((place, own), stem) = (file.place(), photo_stem(file)?);
        let (before, own_stem) = stem.split_at(file.name.len() - own.len());
        let at = |name: String| files.get(name.as_str()).copied();
        let mask = at(format!("{stem}.mask.png")).or_else(|| at(format!("{before}{MASKS}/{own_stem}.png")));
        let listed = lists.get(place).and_then(|list: &BTreeMap<String, String>| list.get(own));
        Some(Photo {
            name: file.name.clone(),
            path: file.path.clone(),
            sha256: None,
            mask: mask_of(mask, at(format!("{stem}.cut.png"))),
            caption: caption_beside(at(format!("{stem}.txt")), listed),
        })
    };
    Ok(listed.iter().filter_map(photo).collect())
}

/// The name without its ending, if it is a photo's and no mask's.
fn photo_stem(file: &Listed) -> Option<&str> {
    let (stem, _) = file.name.rsplit_once('.').filter(|_| is_picture(&file.name))?;
    let is_mask = stem.ends_with(".mask")
        || stem.ends_with(".cut")
        || file.place().0.split('/').any(|part| part == MASKS);
    (!is_mask).then_some(stem)
}

fn mask_of(mask: Option<&PathBuf>, cut: Option<&PathBuf>) -> Option<MaskFile> {
    let file = |from| move |path: &PathBuf| MaskFile { path: path.clone(), from, sha256: None };
    mask.map(file(MaskFrom::Mask)).or_else(|| cut.map(file(MaskFrom::CutOut)))
}

fn caption_beside(file: Option<&PathBuf>, listed: Option<&String>) -> Result<Caption, String> {
    let (text, from) = match (file, listed) {
        (Some(path), _) => {
            let wrong = |error| format!("the text cannot be read: {error}; save it again as UTF-8");
            (read_text(path, LONGEST_TEXT).map_err(wrong)?, CaptionFrom::File)
        }
        (None, Some(text)) => (text.clone(), CaptionFrom::List),
        (None, None) => (DEFAULT_PROMPT.to_owned(), CaptionFrom::Default),
    };
    caption(&text, from)
}

/// A text as a caption, or why it cannot be one.
pub(super) fn caption(text: &str, from: CaptionFrom) -> Result<Caption, String> {
    let text = text.trim_start_matches('\u{feff}').split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err("the text is empty; write what the photo shows, or remove it".to_owned());
    }
    match text.chars().count() {
        count if count > LONGEST_PROMPT => {
            Err(format!("the text has {count} characters; at most {LONGEST_PROMPT} are read, shorten it"))
        }
        _ => Ok(Caption { text, from }),
    }
}

//! What a finished file says about itself: enough to prove its product's pixels, and to make it again.

use super::checks::{Checks, lenient};
use super::{Layout, Studio, WorkflowError};
use crate::engine::{EngineCard, EngineKind};
use crate::picture::Exactness;
use crate::project::{HeadAngles, Variant, VariantName, hex, relative_path};
use image::RgbImage;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Raised when the same decisions give other pixels than before, so that exports are made again.
const PAINTING: u32 = 1;

/// The JSON record inside a finished PNG.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the Adorn that made it.
    pub adorn: String,
    pub engine: EngineNote,
    /// The decisions; its files are relative to `base`.
    pub variant: Variant,
    /// The folder that the variant's files are relative to, as seen from the picture's folder; none while
    /// the picture has no file.
    pub base: Option<String>,
    /// Digests of the files that went in.
    pub files: Vec<FileDigest>,
    /// Digests of the photos that products were cut out of, as far as they were there. They decide no pixel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<FileDigest>,
    /// The head's turn that the pose stands for.
    pub angles: HeadAngles,
    /// Rows of the face on the canvas, in pixels.
    pub band: [f64; 2],
    /// How far the lobe lies below the hook, in millimetres.
    pub misfit_mm: f64,
    pub exactness: ExactnessNote,
    /// What Adorn saw in the picture; none if the version that made it did not look.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub checks: Option<Checks>,
    /// SHA-256 of the picture's RGB samples, row by row.
    pub pixels_sha256: String,
    /// SHA-256 of everything that decides the pixels; see [`fingerprint`].
    pub fingerprint: String,
}

/// Who painted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineNote {
    pub name: String,
    /// `layout`, `untrained` or `trained`.
    pub kind: String,
    pub device: String,
}

/// A file by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// As the variant names it.
    pub file: String,
    /// SHA-256 of the file's bytes, lower-case hex.
    pub sha256: String,
}

/// The proof at the time of making: product pixels compared with the finished picture's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExactnessNote {
    /// Pixels that are the product's alone (M = 1).
    pub compared: u64,
    /// Of them, those that differ.
    pub differing: u64,
    /// Largest difference of a channel, 0..=255.
    pub max_difference: u8,
}

impl From<Exactness> for ExactnessNote {
    fn from(exactness: Exactness) -> Self {
        let Exactness { compared, differing, max_difference } = exactness;
        Self { compared, differing, max_difference }
    }
}

impl Record {
    /// The record's text for a picture that is written at `path`, its files standing in `base`.
    pub fn text_at(&self, path: &Path, base: &Path) -> String {
        let record = Self { base: relative_path(path, base), ..self.clone() };
        serde_json::to_string(&record).unwrap_or_default()
    }

    /// Whether these are the very pixels that the record was made with.
    pub fn is_of(&self, pixels: &RgbImage) -> bool {
        self.pixels_sha256 == pixels_sha256(pixels)
    }

    /// The digest that a file had when the picture was made.
    pub(super) fn digest_of(&self, file: &str) -> Option<&str> {
        self.files.iter().find(|noted| noted.file == file).map(|noted| noted.sha256.as_str())
    }

    /// The digest that the photo a product was cut out of had when the picture was made.
    pub(super) fn source_digest_of(&self, file: &str) -> Option<&str> {
        self.sources.iter().find(|noted| noted.file == file).map(|noted| noted.sha256.as_str())
    }

    /// Whether the record's decisions are still those that its fingerprint was made of: no signature, but an
    /// edited placement shows. None if another version made it, whose fingerprints are its own.
    pub(super) fn agrees_with_itself(&self, studio: &Studio) -> Option<bool> {
        let engine = (self.engine.name.as_str(), self.engine.kind.as_str());
        let body = studio.body_digest();
        (self.adorn == env!("CARGO_PKG_VERSION")).then(|| {
            fingerprint_of(&self.variant, engine, self.angles, &self.files, body) == self.fingerprint
        })
    }

    /// Reads a record's text; none if it is no record of ours.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// How a product was cut out decides no pixel: its file does. A picture has no room for the strokes.
fn without_strokes_of_cuts(variant: &Variant) -> Variant {
    let mut variant = variant.clone();
    variant
        .earrings
        .iter_mut()
        .filter_map(|earring| earring.cut_from.as_mut())
        .for_each(|cut| cut.strokes.clear());
    variant
}

pub(super) fn make(
    variant: &Variant,
    studio: &Studio,
    card: &EngineCard,
    layout: &Layout,
    pixels: &RgbImage,
    exactness: Exactness,
    checks: &Checks,
) -> Result<Record, WorkflowError> {
    Ok(Record {
        adorn: env!("CARGO_PKG_VERSION").to_owned(),
        engine: EngineNote {
            name: card.name.clone(),
            kind: kind_name(card.kind).to_owned(),
            device: card.device.clone(),
        },
        variant: without_strokes_of_cuts(variant),
        base: None,
        files: digests(variant, studio)?,
        sources: sources(variant, studio),
        angles: layout.angles,
        band: [layout.scene.band.top, layout.scene.band.bottom],
        misfit_mm: layout.scene.misfit.mm,
        exactness: exactness.into(),
        checks: Some(checks.clone()),
        pixels_sha256: pixels_sha256(pixels),
        fingerprint: fingerprint(variant, studio, card)?,
    })
}

/// SHA-256 over everything that decides a variant's pixels: its decisions but for its name, the content of its
/// files, the body, the pose's angles, the engine. Cheap: nothing is painted.
pub fn fingerprint(variant: &Variant, studio: &Studio, card: &EngineCard) -> Result<String, WorkflowError> {
    let angles = studio.angles(&variant.pose)?;
    let files = digests(variant, studio)?;
    Ok(fingerprint_of(variant, (&card.name, kind_name(card.kind)), angles, &files, studio.body_digest()))
}

fn fingerprint_of(
    variant: &Variant,
    (engine, kind): (&str, &str),
    angles: HeadAngles,
    files: &[FileDigest],
    body_digest: &str,
) -> String {
    let mut unnamed = Variant { name: VariantName(String::new()), ..variant.clone() };
    // How a product was cut out is in its file's content.
    unnamed.earrings.iter_mut().for_each(|earring| earring.cut_from = None);
    let version = (PAINTING, env!("CARGO_PKG_VERSION"));
    let deciding = (version, (engine, kind), (body_digest, angles, files), unnamed);
    let text = serde_json::to_vec(&deciding).unwrap_or_default();
    hex(&Sha256::digest(text))
}

fn digests(variant: &Variant, studio: &Studio) -> Result<Vec<FileDigest>, WorkflowError> {
    let mut files = Vec::new();
    for earring in &variant.earrings {
        let sha256 = studio.product(earring)?.file_sha256.clone();
        files.push(FileDigest { file: earring.file.clone(), sha256 });
    }
    if let Some(face) = &variant.face {
        let sha256 = studio.face(face)?.file_sha256.clone();
        files.push(FileDigest { file: face.file.clone(), sha256 });
    }
    for file in variant.recipe.files() {
        files.push(FileDigest { file: file.clone(), sha256: studio.digest(file)?.to_string() });
    }
    Ok(files)
}

/// A photo that is gone or cannot be read is left out: the picture does not need it.
fn sources(variant: &Variant, studio: &Studio) -> Vec<FileDigest> {
    let cuts = variant.earrings.iter().filter_map(|earring| earring.cut_from.as_ref());
    let digest = |file: &String| {
        let sha256 = studio.digest(file).ok()?.to_string();
        Some(FileDigest { file: file.clone(), sha256 })
    };
    cuts.filter_map(|cut| digest(&cut.file)).collect()
}

pub(super) fn pixels_sha256(pixels: &RgbImage) -> String {
    hex(&Sha256::digest(pixels.as_raw()))
}

fn kind_name(kind: EngineKind) -> &'static str {
    match kind {
        EngineKind::Layout => "layout",
        EngineKind::Untrained => "untrained",
        EngineKind::Trained => "trained",
    }
}

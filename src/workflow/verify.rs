//! The proof from a finished file: the product is rastered again from its own photo and compared, pixel by
//! pixel, with what the file holds.
//!
//! The placement is the record's, at the size the file was made at; without a record it is the project's, at
//! the file's own size. A lossy format cannot hold exact pixels: such a file is compared for what it is worth
//! and never called exact.

use super::certificate::{Certificate, Comparison, Evidence, certificate};
use super::layout::raster;
use super::{Checks, Record, Studio, WorkflowError};
use crate::picture::{PlacedEarring, PngError, ProductPhoto, load_saved_again, read_record};
use crate::project::{CanvasSize, Project, Variant};
use image::{DynamicImage, RgbImage};
use serde::Serialize;
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

/// Mean difference of a channel up to which a lossy file may still show the product, 0..=255: JPEG of quality 75
/// stays below it on rendered jewels. It is a rough guide and no proof (`adorn evaluate checks`).
const LOSSY_MEAN: f64 = 8.0;

/// What became of the product in a finished file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Every pixel that is the product's alone equals its raster.
    Exact {
        /// Pixels compared, all those with M = 1.
        compared: u64,
    },
    Differs {
        compared: u64,
        /// Pixels that are not the product's.
        differing: u64,
        /// Largest difference of a channel, 0..=255.
        max_difference: u8,
        /// Column and row of the first of them.
        first: [u32; 2],
    },
    /// The format changes pixels, so nothing can be exact.
    Lossy {
        format: &'static str,
        compared: u64,
        differing: u64,
        max_difference: u8,
        /// Mean difference of a channel, 0..=255.
        mean_difference: f64,
        /// Whether it is small enough for the product saved in such a format.
        plausible: bool,
    },
    /// There is nothing to compare with; `reason` says why and what to do.
    CannotTell { reason: String },
}

/// One file's verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verified {
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Whether the whole picture is as it was written; none without a record.
    pub unchanged_since_written: Option<bool>,
    /// What Adorn saw in the picture when it made it, as its record says.
    pub checks: Option<Checks>,
    /// What the verdict rests on; none if there was nothing to compare with.
    pub certificate: Option<Certificate>,
}

/// A file as it was read.
struct Delivery {
    picture: RgbImage,
    record: Option<Record>,
    /// The format's name where it may have changed the pixels.
    lossy: Option<&'static str>,
}

/// Re-opens a finished file and compares its product pixels with the photo they came from. A project, with
/// the folder its files are relative to already in `studio`, stands in for a missing record or a moved file.
pub fn verify(path: &Path, project: Option<&Project>, studio: &Studio) -> Result<Verified, PngError> {
    let delivery = read(path, project.is_some())?;
    let unchanged = delivery.record.as_ref().map(|record| record.is_of(&delivery.picture));
    let (verdict, certificate) = match prove(path, &delivery, project, studio) {
        Ok(certificate) => (verdict(&certificate.comparison, delivery.lossy), Some(certificate)),
        Err(reason) => (Verdict::CannotTell { reason }, None),
    };
    let checks = delivery.record.and_then(|record| record.checks);
    Ok(Verified { verdict, unchanged_since_written: unchanged, checks, certificate })
}

/// Reads a finished PNG; with a project to place the product by, also what was saved again as JPEG or WebP.
fn read(path: &Path, other_formats: bool) -> Result<Delivery, PngError> {
    match read_record(path) {
        Ok((picture, text)) => {
            Ok(Delivery { picture, record: text.as_deref().and_then(Record::parse), lossy: None })
        }
        Err(PngError::OtherFormat { .. }) if other_formats => {
            let saved = load_saved_again(path)?;
            if saved.pixels.pixels().any(|pixel| pixel.0[3] < 255) {
                let reason = "it has transparent pixels, a finished picture has none".to_owned();
                return Err(PngError::Foreign { path: path.to_owned(), reason });
            }
            let lossy = saved.lossy.then_some(saved.format);
            Ok(Delivery { picture: DynamicImage::ImageRgba8(saved.pixels).into_rgb8(), record: None, lossy })
        }
        Err(error) => Err(error),
    }
}

/// The product's raster, made anew and compared; or why it cannot be.
fn prove(
    path: &Path,
    delivery: &Delivery,
    project: Option<&Project>,
    studio: &Studio,
) -> Result<Certificate, String> {
    let Delivery { picture, record, .. } = delivery;
    let in_project = project.map(|project| variant_of_size(project, picture));
    let (variant, studio) = match (record, &in_project) {
        (Some(record), Some(_)) => (Cow::Borrowed(&record.variant), studio.clone()),
        (Some(record), None) => {
            let base = record.base.as_deref().ok_or("its record names no folder; pass --project")?;
            let folder = path.parent().unwrap_or(Path::new(""));
            (Cow::Borrowed(&record.variant), studio.at(folder.join(base)))
        }
        (None, Some(own)) => (Cow::Owned(own.clone()?), studio.clone()),
        (None, None) => return Err("it has no record of Adorn's; pass --project".to_owned()),
    };
    let (photos, placed) = placed_again(&variant, record.as_ref(), picture, &studio)?;
    let evidence = Evidence {
        picture,
        record: record.as_ref(),
        variant: &variant,
        in_project: in_project.as_ref().and_then(|own| own.as_ref().ok()),
        photos: &photos,
        placed: &placed,
        studio: &studio,
    };
    let certificate = certificate(&evidence);
    if certificate.comparison.compared == 0 {
        return Err(
            "no pixel of it is the product's alone; verify a picture with an opaque product".to_owned()
        );
    }
    Ok(certificate)
}

/// The variant's photos as they were, and their raster.
fn placed_again(
    variant: &Variant,
    record: Option<&Record>,
    picture: &RgbImage,
    studio: &Studio,
) -> Result<(Vec<Arc<ProductPhoto>>, PlacedEarring), String> {
    variant.check_layout().map_err(|fault| format!("its record is broken, {fault}; pass --project"))?;
    let size = (variant.canvas.width, variant.canvas.height);
    if picture.dimensions() != size {
        let (width, height) = picture.dimensions();
        return Err(format!(
            "it is {width}x{height} and was made at {}x{}; verify the original file",
            size.0, size.1
        ));
    }
    let photos = variant.earrings.iter().map(|earring| studio.product(earring));
    let photos: Vec<_> = photos.collect::<Result<_, WorkflowError>>().map_err(|error| error.to_string())?;
    for (earring, photo) in variant.earrings.iter().zip(&photos) {
        let noted = record.and_then(|record| record.digest_of(&earring.file));
        if noted.is_some_and(|noted| noted != photo.file_sha256) {
            return Err(format!("{} has changed since; restore the photo it was made from", earring.file));
        }
    }
    let placed = raster(variant, &photos);
    Ok((photos, placed))
}

/// The project's picture of this size: its plan never moves an earring, so the size alone decides.
fn variant_of_size(project: &Project, picture: &RgbImage) -> Result<Variant, String> {
    let size = CanvasSize { width: picture.width(), height: picture.height() };
    let variant = project.current_variant();
    variant.at_size(size).ok_or_else(|| {
        format!("it is {}x{}, no size of this project; choose its own project", size.width, size.height)
    })
}

fn verdict(comparison: &Comparison, lossy: Option<&'static str>) -> Verdict {
    let Comparison { compared, differing, max_difference, mean_difference, first } = *comparison;
    match (lossy, first) {
        (Some(format), _) => {
            let plausible = mean_difference <= LOSSY_MEAN;
            Verdict::Lossy { format, compared, differing, max_difference, mean_difference, plausible }
        }
        (None, None) => Verdict::Exact { compared },
        (None, Some(first)) => Verdict::Differs { compared, differing, max_difference, first },
    }
}

#[cfg(test)]
mod tests;

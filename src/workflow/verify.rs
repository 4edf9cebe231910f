//! The proof from a finished file: the product is rastered again from its own photo and compared, pixel by
//! pixel, with what the file holds.

use super::layout::raster;
use super::{Record, Studio, WorkflowError};
use crate::picture::{PlacedEarring, PngError, exactness, read_record};
use crate::project::{CanvasSize, Project, Variant};
use image::RgbImage;
use serde::Serialize;
use std::path::Path;

/// What became of the product in a finished file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    /// There is nothing to compare with; `reason` says why and what to do.
    CannotTell { reason: String },
}

/// One file's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Whether the whole picture is as it was written; none without a record.
    pub unchanged_since_written: Option<bool>,
}

/// Re-opens a finished file and compares its product pixels with the photo they came from. A project, with
/// the folder its files are relative to already in `studio`, stands in for a missing record or a moved file.
pub fn verify(path: &Path, project: Option<&Project>, studio: &Studio) -> Result<Verified, PngError> {
    let (picture, text) = read_record(path)?;
    let record = text.as_deref().and_then(Record::parse);
    let unchanged = record.as_ref().map(|record| record.is_of(&picture));
    let verdict = match placed_again(path, record.as_ref(), project, &picture, studio) {
        Ok(placed) => compare(&picture, &placed),
        Err(reason) => Verdict::CannotTell { reason },
    };
    Ok(Verified { verdict, unchanged_since_written: unchanged })
}

/// The product's raster, made anew; or why it cannot be.
fn placed_again(
    path: &Path,
    record: Option<&Record>,
    project: Option<&Project>,
    picture: &RgbImage,
    studio: &Studio,
) -> Result<PlacedEarring, String> {
    let (variant, studio) = match (record, project) {
        (Some(record), Some(_)) => (record.variant.clone(), studio.clone()),
        (Some(record), None) => {
            let base = record.base.as_deref().ok_or("its record names no folder; pass --project")?;
            let folder = path.parent().unwrap_or(Path::new(""));
            (record.variant.clone(), studio.at(folder.join(base)))
        }
        (None, Some(project)) => (variant_of_size(project, picture)?, studio.clone()),
        (None, None) => return Err("it has no record of Adorn's; pass --project".to_owned()),
    };
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
        let noted = record.and_then(|record| record.files.iter().find(|noted| noted.file == earring.file));
        if noted.is_some_and(|noted| noted.sha256 != photo.file_sha256) {
            return Err(format!("{} has changed since; restore the photo it was made from", earring.file));
        }
    }
    Ok(raster(&variant, &photos))
}

/// The project's picture of this size: its plan never moves an earring, so the size alone decides.
fn variant_of_size(project: &Project, picture: &RgbImage) -> Result<Variant, String> {
    let size = CanvasSize { width: picture.width(), height: picture.height() };
    let variant = project.current_variant();
    variant.at_size(size).ok_or_else(|| {
        format!("it is {}x{}, no size of this project; choose its own project", size.width, size.height)
    })
}

fn compare(picture: &RgbImage, placed: &PlacedEarring) -> Verdict {
    let found = exactness(picture, placed);
    if found.compared == 0 {
        let reason = "no pixel of it is the product's alone; verify a picture with an opaque product";
        return Verdict::CannotTell { reason: reason.to_owned() };
    }
    let first = placed.pixels().enumerate_pixels().find(|(x, y, product)| {
        product.0[3] == 255 && picture.get_pixel_checked(*x, *y).is_none_or(|own| own.0[..] != product.0[..3])
    });
    match first {
        None => Verdict::Exact { compared: found.compared },
        Some((x, y, _)) => Verdict::Differs {
            compared: found.compared,
            differing: found.differing,
            max_difference: found.max_difference,
            first: [x, y],
        },
    }
}

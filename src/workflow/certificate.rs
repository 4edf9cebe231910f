//! The proof spelled out, so that somebody else can repeat it: which photo, placed how, compared where.
//!
//! What a record can prove: that the pixels of this file, at the place the record names, are those of the photo
//! with this digest. What it cannot: it is no signature. Whoever edits a record and paints the picture to
//! match has made a true statement about other pixels; that it was edited shows in `record_intact`, unless the
//! editor knows how to make a fingerprint. So a shop compares the photo's digest with its own product's.

use super::record::pixels_sha256;
use super::{Record, Studio};
use crate::picture::{PlacedEarring, ProductPhoto};
use crate::project::{CanvasSize, Earring, Point, Variant, hex};
use image::RgbImage;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Everything that a verdict rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Certificate {
    /// Version of the Adorn that verified.
    pub verified_by: String,
    /// Version of the Adorn that made the picture, as its record says.
    pub made_by: Option<String>,
    /// What the placement was taken from: `record` or `project`.
    pub placed_by: &'static str,
    pub canvas: CanvasSize,
    /// Back to front.
    pub products: Vec<ProductProof>,
    /// SHA-256 of the matte as rastered at this size: a byte a canvas pixel, row by row.
    pub matte_sha256: String,
    pub comparison: Comparison,
    /// SHA-256 of the file's RGB samples, row by row.
    pub picture_sha256: String,
    /// The same when the picture was written, as its record says.
    pub recorded_picture_sha256: Option<String>,
    /// Whether the record's decisions are those its fingerprint was made of; none without a record, or if
    /// another version made it.
    pub record_intact: Option<bool>,
    /// Whether the record places the products as the project given does now; none without either.
    pub as_in_project: Option<bool>,
}

/// One product: its photo and where it lies.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProductProof {
    /// As the record or project names it.
    pub file: String,
    /// SHA-256 of the photo's file, as it is now.
    pub sha256: String,
    /// The same when the picture was made.
    pub recorded_sha256: Option<String>,
    /// The photo that the product was cut out of, where that is known.
    pub cut_from: Option<SourcePhoto>,
    pub transform: Transform,
}

/// Where a cut-out product came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourcePhoto {
    pub file: String,
    /// SHA-256 of the file, as it is now; none if it is not there any more, which the proof does not need.
    pub sha256: Option<String>,
    /// The same when the picture was made.
    pub recorded_sha256: Option<String>,
}

/// Canvas = hook on the canvas + scale * turn * mirror * (product - hook in the product).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Transform {
    /// Product pixels.
    pub hook_in_product: Point,
    /// Canvas pixels.
    pub hook_in_canvas: Point,
    /// Canvas pixels per product pixel.
    pub scale: f64,
    /// Clockwise.
    pub rotation_deg: f64,
    /// Before turning.
    pub mirror: bool,
}

/// The pixels that are the product's alone (M = 1) against those of the file.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Comparison {
    pub compared: u64,
    pub differing: u64,
    /// Of a channel, 0..=255.
    pub max_difference: u8,
    /// Over all channels of all compared pixels, 0..=255.
    pub mean_difference: f64,
    /// Column and row of the first pixel that differs.
    pub first: Option<[u32; 2]>,
}

impl Comparison {
    /// Both are canvas-sized.
    pub fn of(picture: &RgbImage, placed: &PlacedEarring) -> Self {
        let mut found = Self::default();
        let mut sum = 0_u64;
        for (x, y, product) in placed.pixels().enumerate_pixels().filter(|(_, _, pixel)| pixel.0[3] == 255) {
            let own = picture.get_pixel_checked(x, y);
            let apart: [u8; 3] = std::array::from_fn(|channel| {
                own.map_or(255, |pixel| pixel.0[channel].abs_diff(product.0[channel]))
            });
            let most = apart.into_iter().fold(0, u8::max);
            found.compared += 1;
            found.differing += u64::from(most > 0);
            found.max_difference = found.max_difference.max(most);
            sum += apart.into_iter().map(u64::from).sum::<u64>();
            if most > 0 && found.first.is_none() {
                found.first = Some([x, y]);
            }
        }
        found.mean_difference = sum as f64 / (3 * found.compared.max(1)) as f64;
        found
    }
}

/// What is to be certified.
pub(super) struct Evidence<'a> {
    pub(super) picture: &'a RgbImage,
    pub(super) record: Option<&'a Record>,
    pub(super) variant: &'a Variant,
    /// The project's own placement at this size.
    pub(super) in_project: Option<&'a Variant>,
    pub(super) photos: &'a [Arc<ProductPhoto>],
    pub(super) placed: &'a PlacedEarring,
    /// At the folder that the variant's files are relative to.
    pub(super) studio: &'a Studio,
}

pub(super) fn certificate(evidence: &Evidence<'_>) -> Certificate {
    let Evidence { picture, record, variant, placed, studio, .. } = *evidence;
    let matte: Vec<u8> = placed.pixels().pixels().map(|pixel| pixel.0[3]).collect();
    let placement = |variant: &Variant| -> Vec<_> { variant.earrings.iter().map(Transform::of).collect() };
    Certificate {
        verified_by: env!("CARGO_PKG_VERSION").to_owned(),
        made_by: record.map(|record| record.adorn.clone()),
        placed_by: if record.is_some() { "record" } else { "project" },
        canvas: variant.canvas,
        products: variant.earrings.iter().zip(evidence.photos).map(|pair| product(evidence, pair)).collect(),
        matte_sha256: hex(&Sha256::digest(matte)),
        comparison: Comparison::of(picture, placed),
        picture_sha256: pixels_sha256(picture),
        recorded_picture_sha256: record.map(|record| record.pixels_sha256.clone()),
        record_intact: record.and_then(|record| record.agrees_with_itself(studio)),
        as_in_project: record
            .and(evidence.in_project)
            .map(|own| own.canvas == variant.canvas && placement(own) == placement(variant)),
    }
}

fn product(evidence: &Evidence<'_>, (earring, photo): (&Earring, &Arc<ProductPhoto>)) -> ProductProof {
    let noted = evidence.record.and_then(|record| record.digest_of(&earring.file));
    let cut_from = earring.cut_from.as_ref().map(|cut| SourcePhoto {
        file: cut.file.clone(),
        sha256: evidence.studio.digest(&cut.file).ok().map(|digest| digest.to_string()),
        recorded_sha256: evidence
            .record
            .and_then(|record| record.source_digest_of(&cut.file))
            .map(str::to_owned),
    });
    ProductProof {
        file: earring.file.clone(),
        sha256: photo.file_sha256.clone(),
        recorded_sha256: noted.map(str::to_owned),
        cut_from,
        transform: Transform::of(earring),
    }
}

impl Transform {
    fn of(earring: &Earring) -> Self {
        let Earring { hook_in_product, hook_in_canvas, scale, rotation_deg, mirror, .. } = *earring;
        Self { hook_in_product, hook_in_canvas, scale, rotation_deg, mirror }
    }
}

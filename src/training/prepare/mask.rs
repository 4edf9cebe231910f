//! Where a photo's earrings are: from a file beside it, or from a model that is shown where to look.

use super::folder::MaskFile;
use super::unfit::{Stop, Unfit, without_path};
use crate::picture::cutout::CutOutRequest;
use crate::picture::load_product;
use crate::project::{Rectangle, Stroke};
use crate::vision::segment::Segmenter;
use crate::vision::{EarLook, EarState};
use image::{GrayImage, Luma, RgbImage};
use serde::{Deserialize, Serialize};

/// Codes from which on a pixel is the earring's rather than not.
const HALF: u8 = 128;

/// Codes below this are a lossy file's or a model's noise.
const FAINT: u8 = 8;

/// The share of a photo that earrings can fill.
const MOST_OF_PHOTO: f64 = 0.5;

/// Where a mask comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskFrom {
    /// `NAME.mask.png` or `masks/NAME.png`.
    Mask,
    /// The alpha of `NAME.cut.png`.
    CutOut,
    /// A model of the user's.
    Segmenter,
}

impl MaskFrom {
    /// As truth files spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mask => "mask",
            Self::CutOut => "cut_out",
            Self::Segmenter => "segmenter",
        }
    }
}

/// The mask of a file, as large as the photo: alpha where it has any, else brightness.
pub(super) fn from_file(file: &MaskFile, photo: &RgbImage) -> Result<(GrayImage, MaskFrom), Unfit> {
    let wrong = |what: String| {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Unfit::Mask { file: name, what }
    };
    let read = load_product(&file.path).map_err(|error| wrong(without_path(error)))?;
    let (own, wanted) = (read.pixels.dimensions(), photo.dimensions());
    if own != wanted {
        let sizes = format!("it is {}x{} pixels, the upright photo {}x{}", own.0, own.1, wanted.0, wanted.1);
        return Err(wrong(format!("{sizes}; save it at the photo's size")));
    }
    let has_matte = read.has_matte();
    if file.from == MaskFrom::CutOut && !has_matte {
        return Err(wrong("nothing of it is transparent; cut the earring out of the photo".to_owned()));
    }
    let mut mask = GrayImage::new(own.0, own.1);
    for (into, pixel) in mask.pixels_mut().zip(read.pixels.pixels()) {
        let [red, green, blue, alpha] = pixel.0;
        *into = clean(if has_matte { alpha } else { red.max(green).max(blue) });
    }
    let inside = mask.pixels().filter(|pixel| pixel.0[0] >= HALF).count();
    if inside == 0 {
        return Err(wrong("it shows no earring; paint the earring white on black".to_owned()));
    }
    if inside as f64 > MOST_OF_PHOTO * f64::from(own.0) * f64::from(own.1) {
        return Err(wrong("it covers most of the photo; the earring is white, the rest black".to_owned()));
    }
    Ok((mask, file.from))
}

/// The mask of what a model sees in the boxes around those earrings that the eyes are sure of.
pub(super) fn from_segmenter(
    segmenter: &dyn Segmenter,
    photo: &RgbImage,
    ears: &[EarLook; 2],
) -> Result<(GrayImage, MaskFrom), Stop> {
    let sure = ears.iter().filter(|ear| ear.state == EarState::Earring);
    let frames: Vec<_> = sure.filter_map(|ear| frame_of(&ear.strokes)).collect();
    if frames.is_empty() {
        return Err(Unfit::NotSegmented("the eyes are sure of no earring at the lobes").into());
    }
    let mut mask = GrayImage::new(photo.width(), photo.height());
    for frame in frames {
        let seen = segmenter.segment(&CutOutRequest { photo, frame: Some(frame), strokes: &[] })?;
        for (into, seen) in mask.pixels_mut().zip(seen.pixels()) {
            *into = clean(into.0[0].max(seen.0[0]));
        }
    }
    if mask.pixels().all(|pixel| pixel.0[0] < HALF) {
        return Err(Unfit::NotSegmented("the segmenter saw nothing in the boxes around the earrings").into());
    }
    Ok((mask, MaskFrom::Segmenter))
}

fn clean(code: u8) -> Luma<u8> {
    Luma([if code < FAINT { 0 } else { code }])
}

/// The box around strokes.
fn frame_of(strokes: &[Stroke]) -> Option<Rectangle> {
    let dabs = strokes.iter().flat_map(|stroke| stroke.points.iter().map(|at| (*at, stroke.radius)));
    dabs.map(|(at, radius)| Rectangle {
        left: at.x - radius,
        top: at.y - radius,
        right: at.x + radius,
        bottom: at.y + radius,
    })
    .reduce(|one, other| Rectangle {
        left: one.left.min(other.left),
        top: one.top.min(other.top),
        right: one.right.max(other.right),
        bottom: one.bottom.max(other.bottom),
    })
}

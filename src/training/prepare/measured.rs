//! What was measured in a photo, as it lies beside the picture: `truth.json`.
//!
//! Names and units are those of a synthesized picture's truth where both know something; here nothing is exact.

use super::crop::Crop;
use super::folder::{Caption, CaptionFrom, Photo};
use super::mask::MaskFrom;
use super::unfit::Unfit;
use crate::project::HeadAngles;
use crate::training::synthesize::marked;
use crate::vision::{EarLook, EarState, PhotoPose, Trust};
use glam::DVec2;
use image::{GrayAlphaImage, GrayImage, RgbImage};
use serde::{Deserialize, Serialize};

/// Of this program's measurement files.
pub const MEASURED_FORMAT: u32 = 1;

/// What tells photos from made pictures.
pub(super) const STYLE: &str = "photo";

/// Whose the photos are.
const LICENCE: &str = "the owner's";

/// Pixels of an earring that is worth learning from.
const LEAST_PX: f64 = 8.0;

/// What hangs at a lobe begins within this of it, in face heights: lobes are estimated, and hooks have length.
const NEAR: f64 = 0.4;

/// The subject's ears, in the order of lobes.
const EARS: [&str; 2] = ["left", "right"];

/// Measurements of a picture. Canvas frame: pixels of the picture, y down, pixel centres at .5. Angles in degrees,
/// signs as in the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    pub format: u32,
    /// The sample's key.
    pub id: String,
    /// Always photo.
    pub style: String,
    /// Columns and rows.
    pub size: [u32; 2],
    pub caption: String,
    pub caption_from: CaptionFrom,
    pub mask_from: MaskFrom,
    /// The head against the line of sight: yaw, pitch, roll. `pose.png` shows it.
    pub angles_deg: [f64; 3],
    /// One standard deviation of each.
    pub angles_sigma_deg: [f64; 3],
    /// good or fair: how far the eyes rely on the measurement.
    pub trust: String,
    /// What should be looked at, in words.
    pub doubts: Vec<String>,
    /// First and last row of the 68 landmarks as they were seen, which `scale.png` fills; canvas.
    pub face_rows: [f64; 2],
    /// Their distance over the picture's height.
    pub face_ratio: f64,
    /// iBUG order, hidden or not: the fitted head's; canvas.
    pub landmarks: Vec<[f64; 2]>,
    /// Root mean square of what lies between these and the landmarks as they were seen; pixels of the canvas.
    pub landmarks_residual_px: f64,
    /// The subject's left and right lobe, estimated, hidden or not; canvas.
    pub lobes: [[f64; 2]; 2],
    /// The one of which most is seen first.
    pub earrings: Vec<MeasuredEarring>,
    /// The photo's square that the picture shows: left, top, side; pixels of the upright photo.
    pub crop: [u32; 3],
    /// The photo, from the prepared folder on.
    pub source: String,
    /// Of its file.
    pub source_sha256: Option<String>,
    pub licence: String,
}

/// What the mask shows at one lobe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasuredEarring {
    /// left or right: the subject's; the nearer one of those that are not hidden.
    pub ear: String,
    /// That lobe, estimated; canvas.
    pub lobe: [f64; 2],
    /// Columns and rows that are seen of it: left, top, right, bottom, end exclusive; canvas.
    pub spans: [u32; 4],
    /// Area of its mask, pixels.
    pub seen_px: f64,
    /// The picture's border cuts nothing off.
    pub inside: bool,
}

impl Measured {
    pub(super) fn of(
        id: String,
        photo: &Photo,
        (caption, mask_from): (&Caption, MaskFrom),
        (pose, ears): (&PhotoPose, &[EarLook; 2]),
        (crop, matte): (&Crop, &GrayImage),
    ) -> Result<Self, Unfit> {
        let fit = &pose.fit;
        let row = |row: f64| crop.place(DVec2::new(0.0, row)).y;
        let face_rows = [row(fit.face_rows.0), row(fit.face_rows.1)];
        let lobes = fit.lobes_in_picture.map(|lobe| crop.place(lobe));
        let hidden = ears.each_ref().map(|ear| ear.state == EarState::Hidden);
        let earrings = earrings(matte, lobes, hidden, face_rows[1] - face_rows[0])?;
        let unmasked = EARS.into_iter().zip(ears).filter(|(name, ear)| {
            ear.state == EarState::Earring && earrings.iter().all(|earring| earring.ear != *name)
        });
        let unmasked = unmasked.map(|(name, _)| {
            format!("the {name} ear seems to wear an earring that the mask does not show; add it to the mask")
        });
        Ok(Self {
            format: MEASURED_FORMAT,
            id,
            style: STYLE.to_owned(),
            size: [crop.size; 2],
            caption: caption.text.clone(),
            caption_from: caption.from,
            mask_from,
            angles_deg: degrees(fit.angles),
            angles_sigma_deg: degrees(fit.sigma_deg),
            trust: if fit.trust == Trust::Good { "good" } else { "fair" }.to_owned(),
            doubts: pose.doubts.iter().map(ToString::to_string).chain(unmasked).collect(),
            face_rows,
            face_ratio: (face_rows[1] - face_rows[0]) / f64::from(crop.size),
            landmarks: fit.landmarks.0.iter().map(|at| crop.place(*at).to_array()).collect(),
            landmarks_residual_px: fit.residual_px * crop.scale(),
            lobes: lobes.map(|lobe| lobe.to_array()),
            earrings,
            crop: [crop.left, crop.top, crop.side],
            source: photo.name.clone(),
            source_sha256: photo.sha256.clone(),
            licence: LICENCE.to_owned(),
        })
    }
}

fn degrees(angles: HeadAngles) -> [f64; 3] {
    [angles.yaw_deg, angles.pitch_deg, angles.roll_deg]
}

/// What a lobe has of the mask.
#[derive(Clone, Copy)]
struct Part {
    seen_px: f64,
    spans: [u32; 4],
}

/// The mask, shared out among the lobes.
fn earrings(
    matte: &GrayImage,
    lobes: [DVec2; 2],
    hidden: [bool; 2],
    face_height: f64,
) -> Result<Vec<MeasuredEarring>, Unfit> {
    let parts = parts(matte, lobes, hidden);
    let pixels = parts.iter().map(|part| part.seen_px).fold(0.0, f64::max);
    if pixels < LEAST_PX {
        return Err(Unfit::Speck { pixels });
    }
    let mut found: Vec<_> = [0, 1]
        .into_iter()
        .filter(|side| parts[*side].seen_px >= LEAST_PX)
        .filter(|side| distance(lobes[*side], parts[*side].spans) <= NEAR * face_height)
        .map(|side| {
            let Part { seen_px, spans } = parts[side];
            let inside =
                spans[0] > 0 && spans[1] > 0 && spans[2] < matte.width() && spans[3] < matte.height();
            let ear = EARS[side].to_owned();
            MeasuredEarring { ear, lobe: lobes[side].to_array(), spans, seen_px, inside }
        })
        .collect();
    found.sort_by(|one, other| other.seen_px.total_cmp(&one.seen_px));
    if found.is_empty() { Err(Unfit::Elsewhere) } else { Ok(found) }
}

/// Every pixel belongs to the nearer lobe, or to the one that is not hidden.
fn parts(matte: &GrayImage, lobes: [DVec2; 2], hidden: [bool; 2]) -> [Part; 2] {
    let mut parts = [Part { seen_px: 0.0, spans: [u32::MAX, u32::MAX, 0, 0] }; 2];
    for (x, y, pixel) in matte.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] > 0) {
        let at = DVec2::new(f64::from(x), f64::from(y)) + 0.5;
        let nearer = usize::from(at.distance(lobes[1]) < at.distance(lobes[0]));
        let side = if hidden[0] == hidden[1] { nearer } else { usize::from(hidden[0]) };
        let Part { seen_px, spans: [left, top, right, bottom] } = &mut parts[side];
        *seen_px += f64::from(pixel.0[0]) / 255.0;
        (*left, *top) = (x.min(*left), y.min(*top));
        (*right, *bottom) = ((x + 1).max(*right), (y + 1).max(*bottom));
    }
    parts
}

/// From a point to a box, 0 inside it.
fn distance(point: DVec2, [left, top, right, bottom]: [u32; 4]) -> f64 {
    let low = DVec2::new(f64::from(left), f64::from(top));
    let high = DVec2::new(f64::from(right), f64::from(bottom));
    point.distance(point.clamp(low, high))
}

/// Draws what was measured over a copy of the picture; `matte` is the member `matte.png`.
pub fn overlay(picture: &RgbImage, matte: &GrayAlphaImage, measured: &Measured) -> RgbImage {
    let lobes: Vec<_> = measured.earrings.iter().map(|earring| earring.lobe).collect();
    marked(picture, matte, measured.face_rows, &measured.landmarks, &lobes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    fn matte(boxes: &[[u32; 4]]) -> GrayImage {
        let inside = |x: u32, y: u32| {
            boxes.iter().any(|[left, top, right, bottom]| {
                (*left..*right).contains(&x) && (*top..*bottom).contains(&y)
            })
        };
        GrayImage::from_fn(100, 100, |x, y| Luma([u8::from(inside(x, y)) * 255]))
    }

    const LOBES: [DVec2; 2] = [DVec2::new(75.0, 50.0), DVec2::new(25.0, 50.0)];

    #[test]
    fn each_lobe_gets_its_part_of_the_mask() {
        let both = matte(&[[20, 50, 30, 70], [70, 52, 80, 100]]);
        let found = earrings(&both, LOBES, [false; 2], 60.0).unwrap();
        let told: Vec<_> =
            found.iter().map(|it| (it.ear.as_str(), it.spans, it.seen_px, it.inside)).collect();
        let (left, right) = ([70, 52, 80, 100], [20, 50, 30, 70]);
        assert_eq!(told, [("left", left, 480.0, false), ("right", right, 200.0, true)]);
        // A head in profile: the far lobe lies in the near one's neighbourhood and gets nothing.
        let found = earrings(&both, LOBES, [true, false], 60.0).unwrap();
        assert_eq!((found.len(), found[0].ear.as_str(), found[0].seen_px), (1, "right", 680.0));
    }

    #[test]
    fn a_necklace_and_a_speck_are_no_earrings() {
        let necklace = matte(&[[30, 90, 70, 95]]);
        assert!(matches!(earrings(&necklace, LOBES, [false; 2], 60.0), Err(Unfit::Elsewhere)));
        let speck = matte(&[[25, 50, 27, 52]]);
        assert!(matches!(earrings(&speck, LOBES, [false; 2], 60.0), Err(Unfit::Speck { pixels: 4.0 })));
    }
}

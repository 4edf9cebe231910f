//! The face where one was asked for, as the eyes see it.
//!
//! Where the band and the pose put the face is known, so a second, closer look goes there if a look at the
//! whole picture finds nothing.

use super::look::{Finished, SeenFace, Sight};
use crate::engine::progress::Control;
use crate::project::Square;
use crate::scene::Scene;
use crate::vision::{Eyes, FaceBox, FaceDescriptor, Trust, VisionError};
use crate::workflow::{Studio, WorkflowError};
use image::RgbImage;
use image::imageops::crop_imm;

/// Overlap with the expected box from which a face is the one that was asked for.
const THE_ONE: f64 = 0.1;
/// The closer look shows this many times the expected face.
const CLOSER: f64 = 2.0;

/// What was seen, and whether the face photo shows a face to compare with.
pub(super) fn see(
    finished: &Finished<'_>,
    studio: &Studio,
    control: &Control,
) -> Result<(Sight, bool), WorkflowError> {
    let seen = look(finished, studio, control);
    control.check()?;
    // A picture is not lost because nobody could look at it.
    Ok(seen.unwrap_or_else(|error| (Sight::NotLooked(error.to_string()), false)))
}

fn look(finished: &Finished<'_>, studio: &Studio, control: &Control) -> Result<(Sight, bool), VisionError> {
    let eyes = studio.eyes()?;
    let picture = finished.pixels;
    let wanted = match finished.face_photo {
        Some((photo, crop)) => descriptor_of_photo(eyes, photo, crop)?,
        None => None,
    };
    let Some(face) = find(eyes, picture, &expected(&finished.layout.scene))? else {
        return Ok((Sight::NoFace, wanted.is_some()));
    };
    // The caller hears of a cancel; nothing of what follows would be kept.
    if control.check().is_err() {
        return Ok((Sight::NoFace, false));
    }
    let landmarks = eyes.landmarks(picture, &face)?;
    let Ok(fit) = studio.head_points().fit(&landmarks, picture.dimensions()) else {
        return Ok((Sight::NoFace, wanted.is_some()));
    };
    let identity = match &wanted {
        Some(wanted) => Some(f64::from(eyes.descriptor_of(picture, &landmarks)?.distance(wanted))),
        None => None,
    };
    let seen = SeenFace {
        score: Some(face.score),
        rows: landmarks.rows(),
        angles: fit.angles,
        trusted: fit.trust > Trust::Poor,
        identity,
    };
    Ok((Sight::Face(seen), wanted.is_some()))
}

/// Where the face should be, canvas frame: the framed body's landmarks.
fn expected(scene: &Scene) -> FaceBox {
    let columns = scene.body.landmarks.iter().map(|landmark| scene.camera.project(*landmark).0.x);
    let (left, right) =
        columns.fold((f64::INFINITY, f64::NEG_INFINITY), |(left, right), x| (left.min(x), right.max(x)));
    let (top, height) = (scene.band.top, scene.band.bottom - scene.band.top);
    FaceBox { left, top, width: right - left, height, score: 1.0 }
}

/// The face that was asked for; else, of the others, the best.
fn find(eyes: &Eyes, picture: &RgbImage, expected: &FaceBox) -> Result<Option<FaceBox>, VisionError> {
    let faces = eyes.faces(picture)?;
    if let Some(face) = nearest(&faces, expected) {
        return Ok(Some(face));
    }
    let closer = match closer_look(picture, expected) {
        Some((left, top, part)) => {
            let faces = eyes.faces(&part)?.into_iter().map(|face| FaceBox {
                left: face.left + f64::from(left),
                top: face.top + f64::from(top),
                ..face
            });
            nearest(&faces.collect::<Vec<_>>(), expected)
        }
        None => None,
    };
    Ok(closer.or_else(|| faces.first().copied()))
}

fn nearest(faces: &[FaceBox], expected: &FaceBox) -> Option<FaceBox> {
    let overlapping = faces.iter().filter(|face| face.overlap(expected) >= THE_ONE);
    overlapping.max_by(|one, other| one.overlap(expected).total_cmp(&other.overlap(expected))).copied()
}

/// The picture around the expected face, and its corner; none where that is the whole picture or none of it.
fn closer_look(picture: &RgbImage, expected: &FaceBox) -> Option<(u32, u32, RgbImage)> {
    let side = expected.width.max(expected.height) * CLOSER;
    let clip = |middle: f64, length: u32| {
        let (from, to) = (middle - side / 2.0, middle + side / 2.0);
        let from = from.clamp(0.0, f64::from(length)) as u32;
        (from, (to.clamp(0.0, f64::from(length)) as u32).saturating_sub(from))
    };
    let (left, width) = clip(expected.left + expected.width / 2.0, picture.width());
    let (top, height) = clip(expected.top + expected.height / 2.0, picture.height());
    let part = width > 0 && height > 0 && (width, height) != picture.dimensions();
    part.then(|| (left, top, crop_imm(picture, left, top, width, height).to_image()))
}

/// Who the face photo shows: the best face within its crop.
fn descriptor_of_photo(
    eyes: &Eyes,
    photo: &RgbImage,
    crop: Option<Square>,
) -> Result<Option<FaceDescriptor>, VisionError> {
    let faces = eyes.faces(photo)?;
    let within = |face: &&FaceBox| {
        crop.is_none_or(|Square { left, top, side }| {
            let (x, y) = (face.left + face.width / 2.0, face.top + face.height / 2.0);
            (left..left + side).contains(&x) && (top..top + side).contains(&y)
        })
    };
    let face = faces.iter().find(within).or(faces.first());
    face.map(|face| eyes.descriptor(photo, face)).transpose()
}

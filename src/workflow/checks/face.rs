//! The face where one was asked for, as the eyes see it.
//!
//! Where the band and the pose put the face is known, so it is looked for there, near profile too; a face
//! elsewhere is taken only if there is none.

use super::look::{Finished, SeenFace, Sight};
use crate::engine::progress::Control;
use crate::project::Square;
use crate::scene::Scene;
use crate::vision::{Eyes, FaceBox, FaceDescriptor, HeadFit, Trust, VisionError, look_at_head};
use crate::workflow::{Studio, WorkflowError};
use image::RgbImage;

/// Side of the square around a face's landmarks in which they are looked at, against their longer extent.
const AROUND: f64 = 1.2;
/// Faces that are turned further look like nobody, degrees.
const RECOGNISABLE_DEG: f64 = 60.0;

/// What was seen, and whether the face photo shows a face to compare with.
pub(super) fn see(
    finished: &Finished<'_>,
    studio: &Studio,
    control: &Control,
) -> Result<(Sight, bool), WorkflowError> {
    let seen = face(finished, studio);
    control.check()?;
    let compared = match &seen {
        Ok(Some(fit)) => compare(finished, fit, studio),
        Ok(None) | Err(_) => Ok((None, false)),
    };
    control.check()?;
    // Neither a picture nor what was seen in it is lost because something could not be looked at.
    let (identity, photo_has_face) = compared.unwrap_or((None, false));
    Ok(match seen {
        Err(error) => (Sight::NotLooked(error.to_string()), false),
        Ok(None) => (Sight::NoFace, false),
        Ok(Some(fit)) => {
            let seen = SeenFace {
                steady: fit.steady,
                rows: fit.face_rows,
                angles: fit.angles,
                trusted: fit.trust > Trust::Poor,
                identity,
            };
            (Sight::Face(seen), photo_has_face)
        }
    })
}

/// The expected face, or the best other one.
fn face(finished: &Finished<'_>, studio: &Studio) -> Result<Option<HeadFit>, VisionError> {
    let (eyes, head) = (studio.eyes()?, studio.head_points());
    let picture = finished.pixels;
    let faces = eyes.faces(picture)?;
    let look = |at: FaceBox| look_at_head(eyes, head, picture, &faces, Some(at));
    match look(expected(&finished.layout.scene))? {
        Some(fit) => Ok(Some(fit)),
        None => Ok(faces.first().copied().map(look).transpose()?.flatten()),
    }
}

/// Where the face should be, canvas frame: the square around the framed body's landmarks.
fn expected(scene: &Scene) -> FaceBox {
    let columns = scene.body.landmarks.iter().map(|landmark| scene.camera.project(*landmark).0.x);
    square(columns, (scene.band.top, scene.band.bottom))
}

fn square(columns: impl Iterator<Item = f64>, (top, bottom): (f64, f64)) -> FaceBox {
    let (left, right) =
        columns.fold((f64::INFINITY, f64::NEG_INFINITY), |(left, right), x| (left.min(x), right.max(x)));
    let side = (right - left).max(bottom - top) * AROUND;
    let corner = |from: f64, to: f64| f64::midpoint(from, to) - side / 2.0;
    FaceBox { left: corner(left, right), top: corner(top, bottom), width: side, height: side, score: 1.0 }
}

/// The distance from the face photo's face, and whether it shows one.
fn compare(
    finished: &Finished<'_>,
    fit: &HeadFit,
    studio: &Studio,
) -> Result<(Option<f64>, bool), VisionError> {
    let Some((photo, crop)) = finished.face_photo else { return Ok((None, false)) };
    let eyes = studio.eyes()?;
    let Some(wanted) = descriptor_of_photo(eyes, photo, crop)? else { return Ok((None, false)) };
    if fit.angles.yaw_deg.abs() > RECOGNISABLE_DEG {
        return Ok((None, true));
    }
    let around = square(fit.landmarks.0.iter().map(|landmark| landmark.x), fit.face_rows);
    let own = eyes.descriptor(finished.pixels, &around)?;
    Ok((Some(f64::from(own.distance(&wanted))), true))
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
    faces.iter().find(within).map(|face| eyes.descriptor(photo, face)).transpose()
}

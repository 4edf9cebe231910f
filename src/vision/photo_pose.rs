//! The pose of a reference photo, with what a designer should know about it.

use super::{Eyes, FaceBox, HeadFit, HeadPoints, Trust, VisionError, look_at_head};
use image::RgbImage;
use std::fmt;

/// Faces lower than this say too little about a pose, pixels brow to chin.
const SMALLEST_FACE: f64 = 24.0;
/// Faces lower than this are measured less well.
const SMALL_FACE: f64 = 56.0;

/// The finder's score of a face that counts as one of several, and its width against the largest's.
const SURE_FACE: f32 = 0.5;
const SMALLER: f64 = 0.3;

/// How the head of a photo is turned.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoPose {
    pub fit: HeadFit,
    /// Faces that the finder saw; 0 when only the search found one.
    pub faces: usize,
    pub doubts: Vec<PoseDoubt>,
}

/// Why a measured pose should be looked at before it is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PoseDoubt {
    /// The photo shows so many faces; the largest was taken.
    SeveralFaces(usize),
    /// The face is so many pixels high.
    SmallFace(f64),
    /// The finder saw no face; one was found by searching, near profile perhaps.
    Searched,
    /// The angles may be off by more than a few degrees.
    Unsure,
}

impl fmt::Display for PoseDoubt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SeveralFaces(count) => {
                write!(
                    formatter,
                    "the photo shows {count} faces; the largest was taken, crop the photo for another"
                )
            }
            Self::SmallFace(rows) => {
                write!(
                    formatter,
                    "the face is only {rows:.0} pixels high; a larger photo gives a better pose"
                )
            }
            Self::Searched => {
                write!(formatter, "the face was hard to find, as near profile; compare pose and photo")
            }
            Self::Unsure => write!(formatter, "the pose is uncertain; compare it with the photo"),
        }
    }
}

/// Why a photo gave no pose.
#[derive(Debug, thiserror::Error)]
pub enum PhotoPoseError {
    #[error("no face is found; choose a photo in which a face is seen clearly, or set the angles by hand")]
    NoFace,
    #[error(
        "the face is only {rows:.0} pixels high and needs {SMALLEST_FACE}; choose a larger photo or one taken closer"
    )]
    TooSmall { rows: f64 },
    #[error(transparent)]
    Vision(#[from] VisionError),
}

/// Measures how the largest face of a photo is turned.
pub fn pose_from_photo(
    eyes: &Eyes,
    head: &HeadPoints,
    photo: &RgbImage,
) -> Result<PhotoPose, PhotoPoseError> {
    let faces = eyes.faces(photo)?;
    let fit = look_at_head(eyes, head, photo, &faces, None)?.ok_or(PhotoPoseError::NoFace)?;
    judged(fit, counted(&faces))
}

/// Faces that a person would count: seen surely, and not far smaller than the largest.
pub(super) fn counted(faces: &[FaceBox]) -> usize {
    let widest = faces.iter().map(|face| face.width).fold(0.0, f64::max);
    let counts = |face: &&FaceBox| face.score >= SURE_FACE && face.width >= SMALLER * widest;
    // One that was found by itself counts, however unsure the finder is.
    faces.iter().filter(counts).count().max(usize::from(!faces.is_empty()))
}

/// Refuses what is too small and says what is doubtful.
fn judged(fit: HeadFit, faces: usize) -> Result<PhotoPose, PhotoPoseError> {
    let rows = fit.face_rows.1 - fit.face_rows.0;
    if rows < SMALLEST_FACE {
        return Err(PhotoPoseError::TooSmall { rows });
    }
    let mut doubts = Vec::new();
    match faces {
        0 => doubts.push(PoseDoubt::Searched),
        1 => {}
        count => doubts.push(PoseDoubt::SeveralFaces(count)),
    }
    if rows < SMALL_FACE {
        doubts.push(PoseDoubt::SmallFace(rows));
    }
    if fit.trust < Trust::Good {
        doubts.push(PoseDoubt::Unsure);
    }
    Ok(PhotoPose { fit, faces, doubts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::BodyModel;
    use crate::picture::load_face;
    use std::path::Path;

    fn sample() -> RgbImage {
        load_face(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample/face.png")).unwrap()
    }

    fn pose(photo: &RgbImage) -> Result<PhotoPose, PhotoPoseError> {
        let head = HeadPoints::of(&BodyModel::open_head().unwrap());
        pose_from_photo(&Eyes::shipped().unwrap(), &head, photo)
    }

    #[test]
    fn the_sample_face_is_turned_as_it_was_painted() {
        let PhotoPose { fit, faces, doubts } = pose(&sample()).unwrap();
        // Painted at yaw -9, pitch 1, roll -3 degrees, brow to chin on rows 205..410.
        let off = [fit.angles.yaw_deg + 9.0, fit.angles.pitch_deg - 1.0, fit.angles.roll_deg + 3.0];
        assert!(off.iter().all(|off| off.abs() < 5.0), "{:?}", fit.angles);
        assert!((fit.face_rows.0 - 205.0).abs() < 16.0 && (fit.face_rows.1 - 410.0).abs() < 16.0);
        assert_eq!((faces, doubts, fit.trust), (1, vec![], Trust::Good));
    }

    #[test]
    fn two_faces_are_told_and_the_larger_taken() {
        let face = sample();
        let small = image::imageops::thumbnail(&face, 256, 256);
        let mut both = RgbImage::from_pixel(800, 512, *face.get_pixel(0, 0));
        image::imageops::replace(&mut both, &face, 0, 0);
        image::imageops::replace(&mut both, &small, 530, 120);
        let pose = pose(&both).unwrap();
        assert_eq!(pose.doubts, [PoseDoubt::SeveralFaces(2)]);
        assert!(pose.fit.face_rows.1 - pose.fit.face_rows.0 > 150.0);
    }

    #[test]
    fn tiny_faces_and_none_are_refused_in_words() {
        let tiny = image::imageops::thumbnail(&sample(), 48, 48);
        assert!(matches!(pose(&tiny), Err(PhotoPoseError::TooSmall { .. } | PhotoPoseError::NoFace)));
        for (width, height) in [(1, 1), (40, 40), (2000, 40)] {
            let black = RgbImage::new(width, height);
            assert!(matches!(pose(&black), Err(PhotoPoseError::NoFace)), "{width}x{height}");
        }
    }

    #[test]
    fn an_unsure_or_far_smaller_find_is_no_second_face() {
        let face = |width: f64, score: f32| FaceBox { left: 0.0, top: 0.0, width, height: width, score };
        assert_eq!(counted(&[face(100.0, 0.9), face(90.0, 0.3), face(20.0, 0.9)]), 1);
        assert_eq!(counted(&[face(100.0, 0.9), face(60.0, 0.8)]), 2);
        assert_eq!((counted(&[face(50.0, 0.2)]), counted(&[])), (1, 0));
    }

    #[test]
    fn a_small_face_is_doubted() {
        let PhotoPose { fit, .. } = pose(&sample()).unwrap();
        let small = HeadFit { face_rows: (10.0, 50.0), trust: Trust::Fair, ..fit.clone() };
        let doubts = judged(small, 0).unwrap().doubts;
        assert_eq!(doubts, [PoseDoubt::Searched, PoseDoubt::SmallFace(40.0), PoseDoubt::Unsure]);
        let tiny = HeadFit { face_rows: (10.0, 20.0), ..fit };
        assert!(matches!(judged(tiny, 1), Err(PhotoPoseError::TooSmall { .. })));
    }
}

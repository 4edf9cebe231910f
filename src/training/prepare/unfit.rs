//! Why a photo becomes no sample.

use super::{CaptionerError, PrepareError};
use crate::picture::LoadError;
use crate::vision::segment::SegmentError;
use crate::vision::{PhotoPose, PhotoPoseError, PoseDoubt, Trust, VisionError};
use image::ImageError;

/// A photo's fault. The words before the first colon are what the manifest counts.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error("unreadable: {0}")]
    Photo(String),
    #[error("caption: {0}")]
    Caption(String),
    #[error(
        "no mask: nothing says where the earring is; save NAME.mask.png or NAME.cut.png beside the photo, or use --segmenter"
    )]
    NoMask,
    #[error("unusable mask: {what} ({file})")]
    Mask { file: String, what: String },
    #[error("no mask: {0}; save one as NAME.mask.png beside the photo")]
    NotSegmented(&'static str),
    #[error("no face: {0}")]
    NoFace(PhotoPoseError),
    #[error("small face: {0}")]
    SmallFace(PhotoPoseError),
    #[error("face: {0}")]
    Face(PhotoPoseError),
    #[error("doubtful face: {0}")]
    Doubtful(PoseDoubt),
    #[error(
        "earring elsewhere: the mask shows nothing near an earlobe of the largest face; crop the photo or mend the mask"
    )]
    Elsewhere,
    #[error(
        "small earring: the mask has only {pixels:.0} pixels at the picture's size; use a larger size or a photo taken closer"
    )]
    Speck { pixels: f64 },
    #[error("no room: no square of the photo holds face and earring; use a wider photo")]
    NoRoom,
    #[error(
        "small photo: the square around the face is {side} pixels wide and would be enlarged to {size}; use a smaller size or a larger photo"
    )]
    Enlarged { side: u32, size: u32 },
}

impl Unfit {
    /// Without the path: the list names the photo, and a manifest tells nothing of the machine.
    pub(super) fn photo(error: LoadError) -> Self {
        Self::Photo(without_path(error))
    }
}

pub(super) fn without_path(error: LoadError) -> String {
    match error {
        LoadError::Read { source, .. } => source.to_string(),
        LoadError::Unusable { fault, .. } => fault.to_string(),
    }
}

/// Why no sample came of a photo: it is left out, or everything ends.
#[derive(Debug)]
pub(super) enum Stop {
    Unfit(Unfit),
    Failed(PrepareError),
}

impl Stop {
    pub(super) fn face(error: PhotoPoseError) -> Self {
        match error {
            // The machine's fault, not the photo's.
            PhotoPoseError::Vision(error @ VisionError::Network(_)) => Self::Failed(error.into()),
            PhotoPoseError::NoFace => Unfit::NoFace(error).into(),
            PhotoPoseError::TooSmall { .. } | PhotoPoseError::Vision(VisionError::TooSmall) => {
                Unfit::SmallFace(error).into()
            }
            error @ PhotoPoseError::Vision(_) => Unfit::Face(error).into(),
        }
    }
}

/// The pose, unless only something head-like was fitted.
pub(super) fn trusted(pose: PhotoPose) -> Result<PhotoPose, Stop> {
    if pose.fit.trust == Trust::Poor { Err(Unfit::Doubtful(PoseDoubt::Unsure).into()) } else { Ok(pose) }
}

impl From<Unfit> for Stop {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}

impl From<PrepareError> for Stop {
    fn from(error: PrepareError) -> Self {
        Self::Failed(error)
    }
}

impl From<CaptionerError> for Stop {
    fn from(error: CaptionerError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<SegmentError> for Stop {
    fn from(error: SegmentError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ImageError> for Stop {
    fn from(error: ImageError) -> Self {
        Self::Failed(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::BodyModel;
    use crate::picture::load_face;
    use crate::vision::{Eyes, HeadPoints, pose_from_photo};
    use std::path::Path;

    fn reason(stop: Stop) -> String {
        match stop {
            Stop::Unfit(unfit) => unfit.to_string(),
            Stop::Failed(error) => format!("everything ends: {error}"),
        }
    }

    #[test]
    fn faces_are_refused_in_the_eyes_own_words() {
        assert!(reason(Stop::face(PhotoPoseError::NoFace)).starts_with("no face: no face is found; "));
        let small = reason(Stop::face(PhotoPoseError::TooSmall { rows: 9.0 }));
        assert!(small.starts_with("small face: the face is only 9 pixels high"), "{small}");
        let broken = VisionError::Network(candle_core::Error::Msg("no memory".to_owned()));
        assert!(reason(Stop::face(broken.into())).starts_with("everything ends: "));
        let missing =
            LoadError::Read { path: "/home/me/a.jpg".into(), source: std::io::Error::other("gone") };
        assert_eq!(Unfit::photo(missing).to_string(), "unreadable: gone");
    }

    #[test]
    fn what_only_resembles_a_head_is_not_trusted() {
        let face = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample/face.png");
        let (eyes, head) = (Eyes::shipped().unwrap(), HeadPoints::of(&BodyModel::open_head().unwrap()));
        let pose = pose_from_photo(&eyes, &head, &load_face(&face).unwrap()).unwrap();
        let mut poor = pose.clone();
        poor.fit.trust = Trust::Poor;
        assert_eq!(trusted(pose.clone()).unwrap(), pose);
        let reason = reason(trusted(poor).unwrap_err());
        assert_eq!(reason, "doubtful face: the pose is uncertain; compare it with the photo");
    }
}

//! Why a photo becomes no sample.

use super::PrepareError;
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

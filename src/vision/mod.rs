//! Eyes: faces, their 68 landmarks, who they are, how their heads are turned.
//!
//! The same eyes read a designer's photos (where is the face, what pose is it) and judge Adorn's own finished
//! pictures, so what they measure is stated with its error. Networks are small, embedded and run on the
//! processor. This room refuses to know how pictures are painted, and windows.
//!
//! Frame `picture`: pixels of the picture that is looked at, x right, y down, (0, 0) the top left corner of the
//! top left pixel.

mod descriptor;
mod earrings;
mod eyes;
mod face_care;
mod finder;
mod head_fit;
mod landmarks;
mod layers;
mod look;
mod photo_pose;
mod search;
pub mod segment;
#[cfg(test)]
mod tests;
mod weights;

pub use earrings::{EarLook, EarState, find_earrings};
pub use eyes::Eyes;
pub use face_care::{FaceCare, care_for_face};
pub use head_fit::{HeadFit, HeadFitError, HeadPoints, Placing, Trust, look_at_head};
pub use photo_pose::{PhotoPose, PhotoPoseError, PoseDoubt, pose_from_photo};

use glam::DVec2;

/// iBUG's landmarks: 17 jaw, 10 brow, 9 nose, 12 eye, 20 mouth.
pub const LANDMARKS: usize = 68;

/// Numbers of a face descriptor.
pub const DESCRIPTOR: usize = 128;

/// Where a face was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceBox {
    /// Picture frame.
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    /// The finder's confidence, 0..=1.
    pub score: f32,
}

impl FaceBox {
    /// Common area over the area of the union, 0..=1.
    pub fn overlap(&self, other: &Self) -> f64 {
        let right = (self.left + self.width).min(other.left + other.width);
        let bottom = (self.top + self.height).min(other.top + other.height);
        let common =
            (right - self.left.max(other.left)).max(0.0) * (bottom - self.top.max(other.top)).max(0.0);
        common / (self.width * self.height + other.width * other.height - common)
    }

    fn is_finite(&self) -> bool {
        [self.left, self.top, self.width, self.height].into_iter().all(f64::is_finite)
    }
}

/// The 68 iBUG landmarks of a face, picture frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceLandmarks(pub [DVec2; LANDMARKS]);

/// For each landmark, the one that it becomes in a mirrored picture.
const MIRROR: [usize; LANDMARKS] = [
    16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 27, 28,
    29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40, 54, 53, 52, 51, 50, 49, 48,
    59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
];

impl FaceLandmarks {
    /// The same face in the mirrored picture of this width.
    pub fn mirrored(&self, width: u32) -> Self {
        Self(MIRROR.map(|other| DVec2::new(f64::from(width) - self.0[other].x, self.0[other].y)))
    }

    /// Corners of the rectangle that they fill, the top left one first.
    pub fn bounds(&self) -> (DVec2, DVec2) {
        self.0
            .iter()
            .fold((DVec2::INFINITY, DVec2::NEG_INFINITY), |(low, high), at| (low.min(*at), high.max(*at)))
    }

    /// Its longer side.
    pub fn extent(&self) -> f64 {
        let (low, high) = self.bounds();
        (high - low).max_element()
    }

    /// First and last row of the face, brow to chin: what the method calls the face's extent.
    pub fn rows(&self) -> (f64, f64) {
        let (low, high) = self.bounds();
        (low.y, high.y)
    }
}

/// What tells one person's face from another's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceDescriptor(pub [f32; DESCRIPTOR]);

impl FaceDescriptor {
    /// Two descriptors nearer to each other than this are one person's.
    ///
    /// Where dlib, whose network this is, and face-api draw the line for photos. Of 16,000 pairs of different
    /// generated portraits 8 % are nearer (3 % nearer than 0.5, where both errors are equal in `adorn evaluate
    /// faces`): portraits made by one model resemble each other more than people do.
    pub const SAME_PERSON: f32 = 0.6;

    /// Euclidean; small for the same person.
    pub fn distance(&self, other: &Self) -> f32 {
        let squares = self.0.iter().zip(&other.0).map(|(own, other)| (own - other).powi(2));
        squares.sum::<f32>().sqrt()
    }
}

/// Why eyes saw nothing, where looking for faces in a picture without any is no error but an empty list.
#[derive(Debug, thiserror::Error)]
pub enum VisionError {
    #[error("the {network} network has no tensor {tensor} of the right shape; install Adorn again")]
    Weights { network: &'static str, tensor: String },
    #[error("a network for looking at pictures failed: {0}; free some memory and try again")]
    Network(#[from] candle_core::Error),
    #[error("the face's box lies outside the picture; look for faces in this picture first")]
    Outside,
    #[error("the face is too small to look at; use a larger picture")]
    TooSmall,
}

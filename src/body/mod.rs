//! The body model: SMPL-X files and the shipped open head, one skinning path, landmarks, poses.
//!
//! World frame: metres, x to the subject's left, y up, z to the front. This room refuses to know cameras,
//! pictures and GPUs.

mod landmarks;
mod model;
mod npz;
mod pose_library;
mod skinning;

pub use landmarks::LANDMARKS;
pub use model::{BodyError, BodyModel};
pub use pose_library::{PoseFacing, PoseLibrary, PoseTemplate};
pub use skinning::{BodyParameters, PosedBody};

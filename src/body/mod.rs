//! The body model: SMPL-X files and the shipped open head, one skinning path, landmarks, poses.
//!
//! World frame: metres, x to the subject's left, y up, z to the front. This room refuses to know cameras,
//! pictures and GPUs.

mod head_pose;
mod landmarks;
mod lobe;
mod model;
mod npy_header;
mod npz;
mod open_head;
mod parameters;
mod people;
mod pose_file;
mod pose_library;
mod skinning;
mod smplx;

pub use head_pose::{head_angles, head_rotation};
pub use landmarks::LANDMARKS;
pub use model::{BodyError, BodyFault, BodyModel, JOINTS};
pub use npz::NpzError;
pub use parameters::{FittedPose, ParametersError, ParametersFault, is_body_fit, load_fitted_pose};
pub use people::{Part, PeopleBody};
pub use pose_library::{PoseFacing, PoseLibrary, PoseLibraryError, PoseTemplate};
pub use skinning::{BodyParameters, PosedBody};

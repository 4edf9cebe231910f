//! Linear blend skinning, shared by every body model.

use super::{BodyModel, LANDMARKS};
use crate::project::HeadAngles;
use glam::Vec3;

/// SMPL-X parameters: shape, expression, 55 joint rotations (axis-angle, radians), translation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BodyParameters {}

/// A body in one pose, world frame, metres.
#[derive(Debug, Clone, PartialEq)]
pub struct PosedBody {
    pub vertices: Vec<Vec3>,
    /// Unit, smooth, one per vertex.
    pub normals: Vec<Vec3>,
    /// 55 joints.
    pub joints: Vec<Vec3>,
    /// iBUG order 1..=68.
    pub landmarks: [Vec3; LANDMARKS],
    pub nose_tip: Vec3,
    /// Where an earring pierces the subject's left and right lobe.
    pub lobes: [Vec3; 2],
}

impl BodyModel {
    /// Poses the head by `angles`, shape and expression zero (METHOD 3).
    pub fn pose_head(&self, angles: HeadAngles) -> PosedBody {
        todo!("{angles:?}")
    }

    /// Poses the body by full SMPL-X parameters.
    pub fn pose(&self, parameters: &BodyParameters) -> PosedBody {
        todo!("{parameters:?}")
    }
}

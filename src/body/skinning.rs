//! Linear blend skinning, shared by every body model.
//!
//! The algorithm is SMPL-X's (smplx `lbs`): shape and expression move the rest body, joints follow, pose
//! correctives are added, each vertex is carried by its joints. Joint chains run in f64, vertices in f32.

use super::landmarks::NOSE_TIP;
use super::{BodyModel, JOINTS, LANDMARKS};
use glam::{DMat3, DQuat, DVec3, Mat3A, Vec3, Vec3A};

/// First joint of the left hand; the right one follows.
const HANDS_AT: usize = 25;

/// SMPL-X parameters: shape, expression, 55 joint rotations (axis-angle, radians), translation.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyParameters {
    /// Shape coefficients (beta); those beyond the model's own are ignored.
    pub shape: Vec<f32>,
    /// Expression coefficients (psi); likewise.
    pub expression: Vec<f32>,
    /// Axis-angle in radians, SMPL-X's joint order, each in its parent's frame. The first, SMPL-X's
    /// `global_orient`, is in the world frame: a fit made against a camera that looks along +z with y down
    /// must be turned half about x first, or its jaw line comes out mirrored.
    pub rotations: [Vec3; JOINTS],
    /// smplx's `flat_hand_mean`: hand rotations count from a flat hand, not from the model's mean one.
    pub flat_hands: bool,
    /// Added to everything, metres.
    pub translation: Vec3,
}

impl Default for BodyParameters {
    fn default() -> Self {
        Self {
            shape: Vec::new(),
            expression: Vec::new(),
            rotations: [Vec3::ZERO; JOINTS],
            flat_hands: false,
            translation: Vec3::ZERO,
        }
    }
}

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

impl PosedBody {
    /// Middle of the outer eye corners (iBUG 37, 46) and the nose's root (28), metres.
    pub fn eyes_middle(&self) -> Vec3 {
        (self.landmarks[36] + self.landmarks[45] + self.landmarks[27]) / 3.0
    }
}

impl BodyModel {
    /// Poses the body by full SMPL-X parameters.
    pub fn pose(&self, parameters: &BodyParameters) -> PosedBody {
        let mut vectors = parameters.rotations;
        if !parameters.flat_hands {
            for (vector, mean) in vectors[HANDS_AT..].iter_mut().zip(&self.hand_means) {
                *vector += *mean;
            }
        }
        let rotations = vectors.map(|vector| DMat3::from_quat(DQuat::from_scaled_axis(vector.as_dvec3())));
        let (vertices, joints) = self.shaped(&parameters.shape, &parameters.expression);
        self.skin(vertices, &joints, &rotations, parameters.translation)
    }

    /// Poses a shape by rotation matrices, for callers that compose them.
    pub(super) fn pose_shape_by(
        &self,
        shape: &[f32],
        expression: &[f32],
        rotations: &[DMat3; JOINTS],
    ) -> PosedBody {
        let (vertices, joints) = self.shaped(shape, expression);
        self.skin(vertices, &joints, rotations, Vec3::ZERO)
    }

    /// Rest vertices and joints of a shape with an expression.
    fn shaped(&self, shape: &[f32], expression: &[f32]) -> (Vec<Vec3>, [Vec3; JOINTS]) {
        let (mut vertices, mut joints) = (self.template.clone(), self.rest_joints);
        let own = self.shape.iter().zip(shape);
        for (direction, amount) in own.chain(self.expression.iter().zip(expression)) {
            if *amount != 0.0 {
                add_scaled(&mut vertices, &direction.vertices, *amount);
                add_scaled(&mut joints, &direction.joints, *amount);
            }
        }
        (vertices, joints)
    }

    /// Poses the mean shape by rotation matrices, for callers that compose them.
    pub(super) fn pose_by(&self, rotations: &[DMat3; JOINTS]) -> PosedBody {
        self.skin(self.template.clone(), &self.rest_joints, rotations, Vec3::ZERO)
    }

    /// Carries shaped rest vertices and joints into a pose.
    fn skin(
        &self,
        mut vertices: Vec<Vec3>,
        rest_joints: &[Vec3; JOINTS],
        rotations: &[DMat3; JOINTS],
        translation: Vec3,
    ) -> PosedBody {
        self.add_correctives(&mut vertices, rotations);
        let world = self.joint_frames(rest_joints, rotations);
        // A vertex at rest, seen from the joint at rest, carried along: A = G - G.R J.
        let carry = std::array::from_fn::<_, JOINTS, _>(|joint| {
            let (turn, place) = &world[joint];
            let offset = *place - *turn * rest_joints[joint].as_dvec3() + translation.as_dvec3();
            (Mat3A::from(turn.as_mat3()), Vec3A::from(offset.as_vec3()))
        });
        for (vertex, influences) in vertices.iter_mut().zip(self.weights.vertices()) {
            let rest = Vec3A::from(*vertex);
            let mut posed = Vec3A::ZERO;
            for (joint, weight) in influences {
                let (turn, offset) = &carry[usize::from(*joint)];
                posed += (*turn * rest + *offset) * *weight;
            }
            *vertex = posed.into();
        }
        let landmarks = self.landmarks.on(&vertices, &rotations.map(|turn| turn.as_mat3()));
        PosedBody {
            normals: smooth_normals(&vertices, &self.triangles),
            joints: world.iter().map(|(_, place)| place.as_vec3() + translation).collect(),
            nose_tip: landmarks[NOSE_TIP],
            landmarks,
            lobes: self.lobes.map(|lobe| vertices[lobe as usize]),
            vertices,
        }
    }

    /// Rotation and place of every joint in the world, G of smplx.
    fn joint_frames(&self, rest: &[Vec3; JOINTS], rotations: &[DMat3; JOINTS]) -> [(DMat3, DVec3); JOINTS] {
        let mut world = [(DMat3::IDENTITY, DVec3::ZERO); JOINTS];
        for joint in 0..JOINTS {
            let own = rest[joint].as_dvec3();
            world[joint] = match self.parents[joint] {
                None => (rotations[joint], own),
                Some(parent) => {
                    let (turn, place) = world[parent];
                    (turn * rotations[joint], place + turn * (own - rest[parent].as_dvec3()))
                }
            };
        }
        world
    }

    /// v += sum over p of `posedirs[p] (R - I)[p]`, joints 1..=54, each matrix row by row.
    fn add_correctives(&self, vertices: &mut [Vec3], rotations: &[DMat3; JOINTS]) {
        for (joint, directions) in self.correctives.chunks_exact(9).enumerate() {
            let change = (rotations[joint + 1] - DMat3::IDENTITY).as_mat3();
            let elements = [0, 1, 2].map(|row| change.row(row).to_array());
            for (amount, direction) in elements.as_flattened().iter().zip(directions) {
                if *amount != 0.0 {
                    add_scaled(vertices, direction, *amount);
                }
            }
        }
    }
}

fn add_scaled(points: &mut [Vec3], directions: &[Vec3], amount: f32) {
    for (point, direction) in points.iter_mut().zip(directions) {
        *point += *direction * amount;
    }
}

/// Each vertex's mean of its triangles' normals, weighted by their areas.
fn smooth_normals(vertices: &[Vec3], triangles: &[[u32; 3]]) -> Vec<Vec3> {
    let mut normals = vec![Vec3::ZERO; vertices.len()];
    for triangle in triangles {
        let [a, b, c] = triangle.map(|index| vertices[index as usize]);
        let normal = (b - a).cross(c - a);
        for index in triangle {
            normals[*index as usize] += normal;
        }
    }
    for normal in &mut normals {
        *normal = normal.normalize_or(Vec3::Z);
    }
    normals
}

/// The rotations of a body at rest.
pub(super) const AT_REST: [DMat3; JOINTS] = [DMat3::IDENTITY; JOINTS];

#[cfg(test)]
mod tests;

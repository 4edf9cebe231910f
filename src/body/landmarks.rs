//! The 68 iBUG landmarks: where they sit on a mesh, and the contour that slides with the head's turn.
//!
//! Landmarks 18..=68 are fixed surface points. The jaw line, 1..=17, is the silhouette a camera in front of
//! the body sees, so SMPL-X looks it up by the neck's yaw: 79 rows, 0..=39 for yaw 0..-39 degrees and 40..=78
//! for 1..39 (smplx `find_dynamic_lmk_idx_and_bcoords`). The yaw must be taken in the body frame: with the
//! camera's half turn about x in the root, the looked-up row comes out mirrored.

use glam::{Mat3, Vec3};

/// Number of landmarks: 17 contour, 10 brow, 9 nose, 12 eye, 20 mouth.
pub const LANDMARKS: usize = 68;
/// Landmarks of the jaw line, iBUG 1..=17.
pub(super) const CONTOUR: usize = 17;
/// Landmarks that do not slide, iBUG 18..=68.
pub(super) const FIXED: usize = LANDMARKS - CONTOUR;
/// Rows of SMPL-X's contour table.
pub(super) const CONTOUR_ROWS: usize = 79;
/// iBUG 31, the tip of the nose.
pub(super) const NOSE_TIP: usize = 30;
/// Joints whose rotations make the neck's yaw, root first.
const NECK_CHAIN: [usize; 5] = [0, 3, 6, 9, 12];

/// A point on a triangle of the mesh.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SurfacePoint {
    pub(super) vertices: [u32; 3],
    /// Barycentric, one a vertex.
    pub(super) weights: [f32; 3],
}

impl SurfacePoint {
    /// A vertex itself.
    pub(super) fn vertex(index: u32) -> Self {
        Self { vertices: [index; 3], weights: [1.0, 0.0, 0.0] }
    }

    pub(super) fn on(&self, vertices: &[Vec3]) -> Vec3 {
        let [a, b, c] = self.vertices.map(|index| vertices[index as usize]);
        a * self.weights[0] + b * self.weights[1] + c * self.weights[2]
    }
}

/// Where a mesh has its landmarks.
#[derive(Debug, Clone)]
pub(super) struct LandmarkMap {
    /// iBUG 18..=68.
    pub(super) fixed: [SurfacePoint; FIXED],
    /// iBUG 1..=17, one row for a static jaw line or [`CONTOUR_ROWS`].
    pub(super) contour: Vec<[SurfacePoint; CONTOUR]>,
}

impl LandmarkMap {
    /// iBUG order 1..=68. `rotations` are the joints' own, root in the body frame.
    pub(super) fn on(&self, vertices: &[Vec3], rotations: &[Mat3]) -> [Vec3; LANDMARKS] {
        let row = if self.contour.len() == CONTOUR_ROWS { contour_row(rotations) } else { 0 };
        let mut landmarks = [Vec3::ZERO; LANDMARKS];
        let contour = self.contour.get(row).into_iter().flatten();
        for (landmark, point) in landmarks.iter_mut().zip(contour.chain(&self.fixed)) {
            *landmark = point.on(vertices);
        }
        landmarks
    }
}

/// The contour table's row for the neck's yaw.
fn contour_row(rotations: &[Mat3]) -> usize {
    let neck = NECK_CHAIN.iter().fold(Mat3::IDENTITY, |chain, joint| chain * rotations[*joint]);
    let (first, second) = (neck.x_axis, neck.row(2).x);
    let yaw_deg = (-second).atan2(first.x.hypot(first.y)).to_degrees();
    row_of_yaw(yaw_deg)
}

fn row_of_yaw(yaw_deg: f32) -> usize {
    // torch rounds halves to even, so does this.
    let step = (-yaw_deg).clamp(-39.0, 39.0).round_ties_even();
    (if step >= 0.0 { step } else { 39.0 - step }) as usize
}

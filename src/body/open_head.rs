//! The open head's own file layout: a cropped MakeHuman head with its bones folded onto SMPL-X's joints.
//!
//! Fixed joints, four weights a vertex, landmarks that are vertices, no blend shapes. `assets/LICENSES.md`
//! says where it comes from; `tests/oracles/open_head/` rebuilds it.

use super::landmarks::{CONTOUR, FIXED, LANDMARKS, LandmarkMap, NOSE_TIP, SurfacePoint};
use super::model::{BodyFault, BodyModel, JOINTS, SkinWeights, indices, joints, parents, points, triangles};
use super::npz::Npz;
use glam::Vec3;
use std::io::{Read, Seek};

/// Arrays that the layout must have. `hm08_vertex`, the way back to the full mesh, is not needed here.
pub(super) const KEYS: [&str; 9] =
    ["v_template", "f", "J", "parents", "w_idx", "w_val", "ibug68", "nose", "lobe"];

/// Influences a vertex.
const INFLUENCES: usize = 4;

/// Reads and checks every array.
pub(super) fn read(npz: &mut Npz<impl Read + Seek>) -> Result<BodyModel, BodyFault> {
    let template = points(npz.floats("v_template")?)?;
    let count = template.len();
    let ibug = indices(&npz.integers("ibug68")?.shaped(&[Some(LANDMARKS)])?, count)?;
    let nose = indices(&npz.integers("nose")?.shaped(&[])?, count)?;
    if nose.first() != ibug.get(NOSE_TIP) {
        return Err(BodyFault::Nose);
    }
    // Piercing points left and right, then the lobes' lowest points.
    let lobe = indices(&npz.integers("lobe")?.shaped(&[Some(4)])?, count)?;
    Ok(BodyModel {
        triangles: triangles(npz.integers("f")?, count)?,
        rest_joints: joints(npz.floats("J")?)?,
        parents: parents("parents", &npz.integers("parents")?.shaped(&[Some(JOINTS)])?.data)?,
        weights: weights(npz, count)?,
        shape: Vec::new(),
        expression: Vec::new(),
        correctives: Vec::new(),
        hand_means: [Vec3::ZERO; 30],
        landmarks: landmarks(&ibug),
        lobes: [lobe[0], lobe[1]],
        template,
    })
}

fn weights(npz: &mut Npz<impl Read + Seek>, count: usize) -> Result<SkinWeights, BodyFault> {
    let joints = npz.integers("w_idx")?.shaped(&[Some(count), Some(INFLUENCES)])?;
    let joints = indices(&joints, JOINTS)?;
    let values = npz.floats("w_val")?.shaped(&[Some(count), Some(INFLUENCES)])?;
    let mut weights = SkinWeights::default();
    for (joints, values) in joints.chunks_exact(INFLUENCES).zip(values.data.chunks_exact(INFLUENCES)) {
        weights.push(joints.iter().zip(values).map(|(joint, weight)| (*joint as u8, *weight)))?;
    }
    Ok(weights)
}

fn landmarks(ibug: &[u32]) -> LandmarkMap {
    let mut contour = [SurfacePoint::vertex(0); CONTOUR];
    let mut fixed = [SurfacePoint::vertex(0); FIXED];
    for (point, index) in contour.iter_mut().chain(&mut fixed).zip(ibug) {
        *point = SurfacePoint::vertex(*index);
    }
    LandmarkMap { fixed, contour: vec![contour] }
}

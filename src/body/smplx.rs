//! SMPL-X's file layout, `SMPLX_NEUTRAL.npz`, as its users download it.
//!
//! Facts about keys, shapes and orders come from the public `smplx` loader; the file itself is the user's own
//! and never shipped. Arrays this program has no use for are not read.

use super::landmarks::{CONTOUR, CONTOUR_ROWS, FIXED, LandmarkMap, SurfacePoint};
use super::lobe::lobe_below;
use super::model::{
    BlendShape, BodyFault, BodyModel, JOINTS, SkinWeights, indices, parents, points, triangles,
};
use super::npz::{Array, Npz};
use glam::Vec3;
use std::io::{Read, Seek};

/// Arrays that the layout must have.
pub(super) const KEYS: [&str; 13] = [
    "v_template",
    "f",
    "shapedirs",
    "posedirs",
    "J_regressor",
    "weights",
    "kintree_table",
    "hands_meanl",
    "hands_meanr",
    "lmk_faces_idx",
    "lmk_bary_coords",
    "dynamic_lmk_faces_idx",
    "dynamic_lmk_bary_coords",
];

/// smplx's `lear` and `rear`: vertices on the left and right ear of the real mesh.
const EARS: [u32; 2] = [6, 616];

/// Columns of newer files: 300 of shape, then 100 of expression.
const LONG_COLUMNS: usize = 400;
/// Where expression starts in newer and older files (smplx's own rule).
const EXPRESSION_AT: [usize; 2] = [300, 10];
/// Elements of R - I over joints 1..=54.
const CORRECTIVES: usize = (JOINTS - 1) * 9;

/// Finds the pierced vertices of the left and right lobe in rest vertices and triangles.
type FindLobes = fn(&[Vec3], &[[u32; 3]]) -> Result<[u32; 2], BodyFault>;

/// The lobes of the real mesh.
pub(super) fn lobes(template: &[Vec3], triangles: &[[u32; 3]]) -> Result<[u32; 2], BodyFault> {
    let [left, right] = EARS.map(|ear| lobe_below(ear, template, triangles));
    Ok([left?, right?])
}

/// Reads and checks every array.
pub(super) fn read(npz: &mut Npz<impl Read + Seek>, lobes: FindLobes) -> Result<BodyModel, BodyFault> {
    let template = points(npz.floats("v_template")?)?;
    let count = template.len();
    let faces = triangles(npz.integers("f")?, count)?;
    let regressor = npz.floats("J_regressor")?.shaped(&[Some(JOINTS), Some(count)])?;
    let (shape, expression) = blend_shapes(npz, &regressor, count)?;
    let kintree = npz.integers("kintree_table")?.shaped(&[Some(2), Some(JOINTS)])?;
    Ok(BodyModel {
        rest_joints: regress(&regressor, &template),
        parents: parents("kintree_table", &kintree.data)?,
        weights: weights(npz, count)?,
        shape,
        expression,
        correctives: correctives(npz, count)?,
        hand_means: hand_means(npz)?,
        landmarks: landmarks(npz, &faces)?,
        lobes: lobes(&template, &faces)?,
        triangles: faces,
        template,
    })
}

/// J = regressor [55, V] x vertices [V, 3]. Most of the regressor is zero.
fn regress(regressor: &Array<f32>, vertices: &[Vec3]) -> [Vec3; JOINTS] {
    let mut joints = [Vec3::ZERO; JOINTS];
    for (joint, row) in joints.iter_mut().zip(regressor.data.chunks_exact(vertices.len().max(1))) {
        let mut sum = glam::DVec3::ZERO;
        for (weight, vertex) in row.iter().zip(vertices).filter(|(weight, _)| **weight != 0.0) {
            sum += vertex.as_dvec3() * f64::from(*weight);
        }
        *joint = sum.as_vec3();
    }
    joints
}

/// shapedirs [V, 3, columns] as one blend shape a column: shape, then expression.
fn blend_shapes(
    npz: &mut Npz<impl Read + Seek>,
    regressor: &Array<f32>,
    count: usize,
) -> Result<(Vec<BlendShape>, Vec<BlendShape>), BodyFault> {
    let directions = npz.floats("shapedirs")?.shaped(&[Some(count), Some(3), None])?;
    let columns = columns(&directions);
    let expression_at = EXPRESSION_AT[usize::from(columns.len() < LONG_COLUMNS)];
    let mut shape: Vec<BlendShape> = columns
        .into_iter()
        .map(|vertices| BlendShape { joints: regress(regressor, &vertices), vertices })
        .collect();
    let expression = shape.split_off(expression_at.min(shape.len()));
    Ok((shape, expression))
}

/// `[V, 3, columns]` turned around to `[columns][V]`.
fn columns(array: &Array<f32>) -> Vec<Vec<Vec3>> {
    let count = array.shape.last().copied().unwrap_or(0);
    let at = |vertex: usize, axis: usize, column: usize| array.data[(vertex * 3 + axis) * count + column];
    let vertices = array.shape.first().copied().unwrap_or(0);
    let column = |column| {
        let vertex = |vertex| Vec3::new(at(vertex, 0, column), at(vertex, 1, column), at(vertex, 2, column));
        (0..vertices).map(vertex).collect()
    };
    (0..count).map(column).collect()
}

fn correctives(npz: &mut Npz<impl Read + Seek>, count: usize) -> Result<Vec<Vec<Vec3>>, BodyFault> {
    Ok(columns(&npz.floats("posedirs")?.shaped(&[Some(count), Some(3), Some(CORRECTIVES)])?))
}

fn weights(npz: &mut Npz<impl Read + Seek>, count: usize) -> Result<SkinWeights, BodyFault> {
    let dense = npz.floats("weights")?.shaped(&[Some(count), Some(JOINTS)])?;
    let mut weights = SkinWeights::default();
    for row in dense.data.chunks_exact(JOINTS) {
        weights.push((0_u8..).zip(row.iter().copied()))?;
    }
    Ok(weights)
}

fn hand_means(npz: &mut Npz<impl Read + Seek>) -> Result<[Vec3; 30], BodyFault> {
    let mut means = [Vec3::ZERO; 30];
    let (left, right) = means.split_at_mut(15);
    for (hand, name) in [(left, "hands_meanl"), (right, "hands_meanr")] {
        let values = npz.floats(name)?.shaped(&[Some(45)])?;
        for (mean, value) in hand.iter_mut().zip(values.data.as_chunks::<3>().0) {
            *mean = Vec3::from_array(*value);
        }
    }
    Ok(means)
}

fn landmarks(npz: &mut Npz<impl Read + Seek>, faces: &[[u32; 3]]) -> Result<LandmarkMap, BodyFault> {
    let at = npz.integers("lmk_faces_idx")?.shaped(&[Some(FIXED)])?;
    let weights = npz.floats("lmk_bary_coords")?.shaped(&[Some(FIXED), Some(3)])?;
    let mut fixed = [SurfacePoint::vertex(0); FIXED];
    fixed.copy_from_slice(&surface_points(&at, &weights, faces)?);
    let at = npz.integers("dynamic_lmk_faces_idx")?.shaped(&[Some(CONTOUR_ROWS), Some(CONTOUR)])?;
    let weights = npz.floats("dynamic_lmk_bary_coords")?;
    let weights = weights.shaped(&[Some(CONTOUR_ROWS), Some(CONTOUR), Some(3)])?;
    let contour = surface_points(&at, &weights, faces)?.as_chunks::<CONTOUR>().0.to_vec();
    Ok(LandmarkMap { fixed, contour })
}

/// Face indices and barycentric weights as points on the mesh.
fn surface_points(
    at: &Array<i64>,
    weights: &Array<f32>,
    faces: &[[u32; 3]],
) -> Result<Vec<SurfacePoint>, BodyFault> {
    let face_indices = indices(at, faces.len())?;
    let points = face_indices.iter().zip(weights.data.as_chunks::<3>().0);
    Ok(points
        .map(|(face, weights)| SurfacePoint { vertices: faces[*face as usize], weights: *weights })
        .collect())
}

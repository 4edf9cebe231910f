//! The body of the rendered people: an upper body in the open head's layout that has shapes and expressions.
//!
//! `assets/LICENSES.md` says where it comes from; `tests/oracles/people/` rebuilds it. Shapes are named, so that
//! who uses them does not count columns.

use super::head_pose::head_turns;
use super::model::{BlendShape, BodyError, BodyFault, BodyModel, JOINTS, indices};
use super::npz::Npz;
use super::open_head;
use super::skinning::PosedBody;
use crate::project::HeadAngles;
use glam::{DMat3, Vec3};
use std::io::{Cursor, Read, Seek};

const BASIS: &[u8] = include_bytes!("../../assets/people/basis.npz");
const BASIS_PATH: &str = "assets/people/basis.npz";

/// Metres a step of the stored offsets.
const STEP: f32 = 5e-5;

/// SMPL-X's joints of the neck, the head and what hangs on it, and of the upper arms.
const NECK: u8 = 12;
const HEAD: [u8; 4] = [15, 22, 23, 24];
const ARMS: [usize; 2] = [16, 17];

/// How far the arms hang down from MakeHuman's rest pose, radians.
const ARMS_DOWN: f64 = 0.62;

/// What a vertex belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    Skin,
    LeftEye,
    RightEye,
    Teeth,
}

/// A body that people of all kinds can be made of.
#[derive(Debug, Clone)]
pub struct PeopleBody {
    model: BodyModel,
    shape_names: Vec<String>,
    expression_names: Vec<String>,
    /// One a vertex.
    pub parts: Vec<Part>,
    /// Outlines of the opening between the lids, left and right eye: along the upper lid from the corner that
    /// comes first in iBUG's order, back along the lower one.
    pub lids: [Vec<u32>; 2],
    /// Outer and inner outline of the lips, from the subject's right corner over the upper lip.
    pub lips: [Vec<u32>; 2],
    /// How much of each vertex goes with the head, and with the neck; the rest goes with the shoulders.
    pub carried: Vec<(f32, f32)>,
}

impl PeopleBody {
    /// The shipped one.
    pub fn shipped() -> Result<Self, BodyError> {
        Self::read(Cursor::new(BASIS)).map_err(|fault| BodyError::Unusable { path: BASIS_PATH.into(), fault })
    }

    fn read(reader: impl Read + Seek) -> Result<Self, BodyFault> {
        let mut npz = Npz::open(reader)?;
        let mut model = open_head::read(&mut npz)?;
        let count = model.template.len();
        model.shape = blend_shapes(&mut npz, "shapes", "shape_joints", count)?;
        model.expression = blend_shapes(&mut npz, "expressions", "expression_joints", count)?;
        let mut line = |name: &str| {
            let array = npz.integers(name)?.shaped(&[None])?;
            indices(&array, count)
        };
        let lids = [line("lid_left")?, line("lid_right")?];
        let lips = [line("lips_outer")?, line("lips_inner")?];
        let parts = npz.integers("part")?.shaped(&[Some(count)])?.data;
        let parts = parts
            .iter()
            .map(|part| match part {
                1 => Part::LeftEye,
                2 => Part::RightEye,
                3 | 4 => Part::Teeth,
                _ => Part::Skin,
            })
            .collect();
        let carried = model
            .weights
            .vertices()
            .map(|run| {
                let share = |joints: &[u8]| {
                    run.iter().filter(|(joint, _)| joints.contains(joint)).map(|(_, weight)| weight).sum()
                };
                (share(&HEAD), share(&[NECK]))
            })
            .collect();
        Ok(Self {
            shape_names: names(&mut npz, "shape_names")?,
            expression_names: names(&mut npz, "expression_names")?,
            parts,
            lids,
            lips,
            carried,
            model,
        })
    }

    /// Counter-clockwise seen from outside, indices into the vertices.
    pub fn triangles(&self) -> &[[u32; 3]] {
        self.model.triangles()
    }

    /// Coefficients for named shapes; names that the basis lacks are left out.
    pub fn shape<'a>(&self, amounts: impl IntoIterator<Item = (&'a str, f32)>) -> Vec<f32> {
        coefficients(&self.shape_names, amounts)
    }

    /// Likewise for expressions.
    pub fn expression<'a>(&self, amounts: impl IntoIterator<Item = (&'a str, f32)>) -> Vec<f32> {
        coefficients(&self.expression_names, amounts)
    }

    /// A shape with its head turned by `angles`, arms hanging.
    pub fn pose(&self, angles: HeadAngles, shape: &[f32], expression: &[f32]) -> PosedBody {
        let mut rotations = head_turns(angles);
        rotations[ARMS[0]] = DMat3::from_rotation_z(-ARMS_DOWN);
        rotations[ARMS[1]] = DMat3::from_rotation_z(ARMS_DOWN);
        self.model.pose_shape_by(shape, expression, &rotations)
    }

    /// Turns of head, neck and shoulders in the world at these angles.
    pub fn turns(angles: HeadAngles) -> [DMat3; 3] {
        let rotations = head_turns(angles);
        let neck = rotations[0] * rotations[usize::from(NECK)];
        [neck * rotations[usize::from(HEAD[0])], neck, rotations[0]]
    }
}

fn coefficients<'a>(names: &[String], amounts: impl IntoIterator<Item = (&'a str, f32)>) -> Vec<f32> {
    let mut coefficients = vec![0.0; names.len()];
    for (name, amount) in amounts {
        if let Some(index) = names.iter().position(|own| own == name) {
            coefficients[index] += amount;
        }
    }
    coefficients
}

/// Names in one array of bytes, a line each.
fn names(npz: &mut Npz<impl Read + Seek>, array: &str) -> Result<Vec<String>, BodyFault> {
    let bytes = npz.integers(array)?.shaped(&[None])?.data;
    let text: String = bytes.iter().map(|byte| char::from(*byte as u8)).collect();
    Ok(text.lines().map(str::to_owned).collect())
}

/// Offsets of vertices [K, V, 3] and joints [K, 55, 3] in steps.
fn blend_shapes(
    npz: &mut Npz<impl Read + Seek>,
    vertices: &str,
    joints: &str,
    count: usize,
) -> Result<Vec<BlendShape>, BodyFault> {
    let offsets = npz.integers(vertices)?.shaped(&[None, Some(count), Some(3)])?;
    let shapes = offsets.shape[0];
    let of_joints = npz.integers(joints)?.shaped(&[Some(shapes), Some(JOINTS), Some(3)])?;
    let point = |steps: &[i64; 3]| Vec3::from_array(steps.map(|step| step as f32 * STEP));
    let (rows, joint_rows) = (offsets.data.as_chunks::<3>().0, of_joints.data.as_chunks::<3>().0);
    Ok((0..shapes)
        .map(|index| BlendShape {
            vertices: rows[index * count..(index + 1) * count].iter().map(point).collect(),
            joints: std::array::from_fn(|joint| point(&joint_rows[index * JOINTS + joint])),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn angles(yaw_deg: f64) -> HeadAngles {
        HeadAngles { yaw_deg, ..HeadAngles::default() }
    }

    #[test]
    fn the_shipped_body_has_a_face_and_every_part() {
        let body = PeopleBody::shipped().unwrap();
        for part in [Part::Skin, Part::LeftEye, Part::RightEye, Part::Teeth] {
            assert!(body.parts.iter().filter(|own| **own == part).count() > 20, "{part:?}");
        }
        let posed = body.pose(angles(0.0), &[], &[]);
        let height = posed.landmarks[19].y - posed.landmarks[8].y;
        assert!((0.09..0.14).contains(&height), "{height}");
        assert!(posed.joints[23].x > 0.02 && posed.joints[24].x < -0.02);
    }

    #[test]
    fn names_find_their_shapes() {
        let body = PeopleBody::shipped().unwrap();
        let rest = body.pose(angles(0.0), &[], &[]);
        let width = |shape: &[f32]| {
            let posed = body.pose(angles(0.0), shape, &[]);
            posed.landmarks[35].x - posed.landmarks[31].x
        };
        let wide = width(&body.shape([("nose-scale-horiz-incr", 1.0)]));
        assert!(wide > 1.05 * (rest.landmarks[35].x - rest.landmarks[31].x));
        let smiling = body.pose(angles(0.0), &[], &body.expression([("smile", 1.0)]));
        assert!(smiling.landmarks[48].y > rest.landmarks[48].y + 0.002);
        assert!(body.shape([("no such shape", 1.0)]).iter().all(|amount| *amount == 0.0));
    }

    #[test]
    fn the_head_turns_by_what_was_asked_and_the_shoulders_by_less() {
        let [head, _, shoulders] = PeopleBody::turns(angles(50.0));
        assert!((head.z_axis.x.atan2(head.z_axis.z).to_degrees() - 50.0).abs() < 1e-9);
        assert!((shoulders.z_axis.x.atan2(shoulders.z_axis.z).to_degrees() - 20.0).abs() < 1e-9);
    }
}

//! Poses of the open head.

use super::*;
use crate::body::npz::Npz;
use crate::body::smplx;
use crate::project::HeadAngles;
use std::io::Cursor;

#[test]
fn the_open_head_at_rest_is_its_template() {
    let model = BodyModel::open_head().unwrap();
    let body = model.pose_head(HeadAngles::default());
    let worst = body.vertices.iter().zip(&model.template).map(|(a, b)| a.distance(*b)).fold(0.0, f32::max);
    assert!(worst < 1e-6, "{worst}");
    assert_eq!(body.joints.len(), JOINTS);
}

#[test]
fn normals_of_the_open_head_point_outwards() {
    let body = BodyModel::open_head().unwrap().pose_head(HeadAngles::default());
    let nose = body.vertices.iter().position(|vertex| *vertex == body.nose_tip).unwrap();
    assert!(body.normals[nose].z > 0.8, "{}", body.normals[nose]);
    assert!(body.normals.iter().all(|normal| (normal.length() - 1.0).abs() < 1e-4));
}

/// Random numbers in SMPL-X's layout and what PyPI smplx 0.1.28 makes of them; see the folder's README.
const FIXTURE: &[u8] = include_bytes!("../../../tests/fixtures/body/SMPLX_NEUTRAL.npz");
const EXPECTED: &[u8] = include_bytes!("../../../tests/fixtures/body/expected.npz");

/// smplx's joints output: 55 joints, 21 picked vertices, then iBUG 18..=68, then 1..=17.
const PICKED: usize = 21;
/// Metres.
const TOLERANCE: f32 = 1e-5;

struct Expected(Npz<Cursor<&'static [u8]>>);

impl Expected {
    fn points(&mut self, name: &str) -> Vec<Vec3> {
        self.0.floats(name).unwrap().data.as_chunks::<3>().0.iter().copied().map(Vec3::from_array).collect()
    }

    fn parameters(&mut self, flat_hands: bool) -> BodyParameters {
        let parts = [
            "global_orient",
            "body_pose",
            "jaw_pose",
            "leye_pose",
            "reye_pose",
            "left_hand_pose",
            "right_hand_pose",
        ];
        let rotations: Vec<Vec3> = parts.iter().flat_map(|part| self.points(&format!("in_{part}"))).collect();
        BodyParameters {
            shape: self.0.floats("in_betas").unwrap().data,
            expression: self.0.floats("in_expression").unwrap().data,
            rotations: rotations.try_into().unwrap(),
            flat_hands,
            translation: self.points("in_transl")[0],
        }
    }
}

fn farthest(ours: &[Vec3], theirs: &[Vec3]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| a.distance(*b)).fold(0.0, f32::max)
}

#[test]
fn smplx_files_are_posed_as_smplx_poses_them() {
    // The fixture's mesh is noise, so smplx's ear vertices (its picks 4 and 3) stand in for lobes.
    let mut npz = Npz::open(Cursor::new(FIXTURE)).unwrap();
    let model = smplx::read(&mut npz, |_, _| Ok([4, 3])).unwrap();
    let mut expected = Expected(Npz::open(Cursor::new(EXPECTED)).unwrap());
    for flat_hands in [false, true] {
        let body = model.pose(&expected.parameters(flat_hands));
        let vertices = expected.points(&format!("v{}", u8::from(flat_hands)));
        let joints = expected.points(&format!("j{}", u8::from(flat_hands)));
        let (own, rest) = joints.split_at(JOINTS);
        let (picked, landmarks) = rest.split_at(PICKED);
        let (fixed, contour) = landmarks.split_at(LANDMARKS - 17);
        assert!(farthest(&body.vertices, &vertices) < TOLERANCE);
        assert!(farthest(&body.joints, own) < TOLERANCE);
        assert!(farthest(&body.landmarks, &[contour, fixed].concat()) < TOLERANCE);
        // left_ear is pick 4, right_ear pick 3.
        assert!(farthest(&body.lobes, &[picked[4], picked[3]]) < TOLERANCE);
    }
}

#[test]
fn the_jaw_line_follows_the_yaw_and_not_its_mirror_image() {
    let mut npz = Npz::open(Cursor::new(FIXTURE)).unwrap();
    let model = smplx::read(&mut npz, |_, _| Ok([4, 3])).unwrap();
    let turned = |yaw_deg: f32| {
        let mut parameters = BodyParameters::default();
        parameters.rotations[0] = Vec3::Y * yaw_deg.to_radians();
        let body = model.pose(&parameters);
        // Back into the body frame, so that only the looked-up row differs.
        let back = Mat3A::from_rotation_y(-yaw_deg.to_radians());
        let root = body.joints[0];
        body.landmarks.map(|landmark| Vec3::from(back * Vec3A::from(landmark - root)))
    };
    let row = |row: usize| {
        let body = model.pose(&BodyParameters::default());
        let root = body.joints[0];
        model.landmarks.contour[row].map(|point| point.on(&body.vertices) - root)
    };
    // smplx: rows 0..=39 for yaw 0..-39, rows 40..=78 for yaw 1..39.
    assert!(farthest(&turned(-20.0)[..17], &row(20)) < TOLERANCE);
    assert!(farthest(&turned(20.0)[..17], &row(59)) < TOLERANCE);
    assert!(farthest(&turned(-75.0)[..17], &row(39)) < TOLERANCE);
    assert!(farthest(&turned(75.0)[..17], &row(78)) < TOLERANCE);
}

//! Body fits as other programs write them, made here, and everything that can be wrong with one.

use super::*;
use crate::body::head_rotation;
use std::io::Write;

const ASKED: HeadAngles = HeadAngles { yaw_deg: -38.0, pitch_deg: 9.0, roll_deg: -6.0 };

/// The rotations of a body whose head is turned as asked: a root, a share in spine and neck, the rest in the head.
fn rotations(half_turn: bool) -> ([f64; 3], [f64; 63]) {
    let axis = |turn: DMat3| DQuat::from_mat3(&turn).to_scaled_axis().to_array();
    let part = |share: f64| {
        head_rotation(HeadAngles {
            yaw_deg: share * ASKED.yaw_deg,
            pitch_deg: share * 5.0,
            roll_deg: share * 3.0,
        })
    };
    let (root, spine, neck) = (part(0.3), part(0.1), part(0.25));
    let head = (root * spine * neck).transpose() * head_rotation(ASKED);
    let mut body = [0.0; 63];
    for (joint, turn) in [(5, spine), (11, neck), (14, head)] {
        body[3 * joint..3 * joint + 3].copy_from_slice(&axis(turn));
    }
    // Arms and legs turn no head.
    body[3 * 15] = 1.2;
    body[0] = -0.4;
    let flip = DMat3::from_rotation_x(std::f64::consts::PI);
    (axis(if half_turn { flip * root } else { root }), body)
}

fn assert_asked(pose: FittedPose) {
    let off = [
        pose.angles.yaw_deg - ASKED.yaw_deg,
        pose.angles.pitch_deg - ASKED.pitch_deg,
        pose.angles.roll_deg - ASKED.roll_deg,
    ];
    assert!(off.iter().all(|off| off.abs() < 1e-3), "{pose:?}");
}

/// A zip of numpy arrays of f32.
fn npz(arrays: &[(&str, &[usize], &[f64])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, shape, numbers) in arrays {
        zip.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        let shape: String = shape.iter().map(|side| format!("{side},")).collect();
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}\n");
        zip.write_all(b"\x93NUMPY\x01\x00").unwrap();
        zip.write_all(&u16::try_from(header.len()).unwrap().to_le_bytes()).unwrap();
        zip.write_all(header.as_bytes()).unwrap();
        numbers.iter().for_each(|number| zip.write_all(&(*number as f32).to_le_bytes()).unwrap());
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn both_root_conventions_and_all_names_give_the_same_angles() {
    for half_turn in [false, true] {
        let (root, body) = rotations(half_turn);
        for (root_name, body_name) in [
            ("global_orient", "body_pose"),
            ("smplx_root_pose", "smplx_body_pose"),
            ("root_orient", "pose_body"),
        ] {
            let jaw = [0.2, 0.0, 0.0];
            let file = npz(&[
                (root_name, &[1, 3], &root),
                (body_name, &[1, 21, 3], &body),
                ("jaw_pose", &[3], &jaw),
            ]);
            let pose = fitted_pose(&file).unwrap();
            assert_asked(pose);
            assert_eq!((pose.camera_frame, pose.rows), (half_turn, 1));
            assert!((pose.jaw_deg - 11.459).abs() < 0.01);
            let text = serde_json::json!({ root_name: root, body_name: body.chunks(3).collect::<Vec<_>>() });
            assert_asked(fitted_pose(text.to_string().as_bytes()).unwrap());
        }
    }
}

#[test]
fn one_long_row_is_read_and_the_first_of_several_taken() {
    let (root, body) = rotations(false);
    let mut row = root.to_vec();
    row.extend(body);
    row.resize(WHOLE_LENGTH, 0.0);
    let mut rows = row.clone();
    rows.extend([0.5; WHOLE_LENGTH]);
    let pose = fitted_pose(&npz(&[("poses", &[2, 165], &rows)])).unwrap();
    assert_asked(pose);
    assert_eq!(pose.rows, 2);
    let people = serde_json::json!([{ "pose": row }, {}, {}]);
    let pose = fitted_pose(people.to_string().as_bytes()).unwrap();
    assert_eq!(pose.rows, 3);
    assert_asked(pose);
}

#[test]
fn the_chain_is_the_one_that_skinning_turns_the_head_by() {
    let (root, body) = rotations(false);
    let mut parameters = crate::body::BodyParameters::default();
    let vectors = std::iter::once(root.as_slice()).chain(body.chunks(3));
    for (joint, vector) in parameters.rotations.iter_mut().zip(vectors) {
        *joint = DVec3::from_slice(vector).as_vec3();
    }
    let model = crate::body::BodyModel::open_head().unwrap();
    let eyes = |body: &crate::body::PosedBody| (body.joints[23] - body.joints[24]).as_dvec3();
    let posed = eyes(&model.pose(&parameters));
    let asked = head_rotation(ASKED) * eyes(&model.pose_head(HeadAngles::default()));
    assert!(posed.distance(asked) < 1e-5, "{posed} {asked}");
}

#[test]
fn pickles_are_refused_with_advice() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("archive/data.pkl", zip::write::SimpleFileOptions::default()).unwrap();
    let torch = zip.finish().unwrap().into_inner();
    assert!(matches!(fitted_pose(&torch), Err(ParametersFault::Pickle)));
    let text = fitted_pose(b"\x80\x04\x95rest").unwrap_err().to_string();
    assert!(text.contains("pickle") && text.contains("numpy.savez"), "{text}");
}

#[test]
fn bad_files_are_named() {
    let (root, body) = rotations(false);
    let json = |value: Value| fitted_pose(value.to_string().as_bytes()).unwrap_err().to_string();
    assert!(json(serde_json::json!({})).contains("no global_orient"));
    assert!(json(serde_json::json!({ "global_orient": root })).contains("no body_pose"));
    let short = serde_json::json!({ "global_orient": root, "body_pose": [1.0, 2.0] });
    assert!(json(short).contains("body_pose has 2 numbers, not 63"));
    let huge = serde_json::json!({ "global_orient": [1e9, 0, 0], "body_pose": body.to_vec() });
    assert!(json(huge).contains("global_orient holds something that is no finite"));
    let words = serde_json::json!({ "global_orient": ["a", 0, 0], "body_pose": body.to_vec() });
    assert!(json(words).contains("global_orient holds something"));
    let lying = serde_json::json!({ "global_orient": [0, 0, 1.57], "body_pose": vec![0.0; 63] });
    assert!(json(lying).contains("sideways"));
    let endless = npz(&[("global_orient", &[3], &[f64::NAN; 3]), ("body_pose", &[63], &body)]);
    assert!(fitted_pose(&endless).unwrap_err().to_string().contains("not a number"));
    for bytes in [b"".as_slice(), b"MATLAB 5.0", b"{", b"[[[[", b"PK\x03\x04", b"[]", b"{\"pose\": 1}"] {
        assert!(fitted_pose(bytes).is_err());
    }
    let deep = "[".repeat(100_000);
    assert!(fitted_pose(deep.as_bytes()).is_err());
}

#[test]
fn a_missing_file_is_told_with_its_path() {
    let error = load_fitted_pose(Path::new("no/such.npz")).unwrap_err().to_string();
    assert!(error.ends_with("(no/such.npz)"), "{error}");
}

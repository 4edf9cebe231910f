//! Body files that are not what they should be.

use super::*;
use std::io::Write;
use zip::write::{SimpleFileOptions, ZipWriter};

const FIXTURE: &[u8] = include_bytes!("../../../tests/fixtures/body/SMPLX_NEUTRAL.npz");

/// `archive` with some arrays left out and some replaced by little-endian data of a type and shape.
fn changed(archive: &[u8], leave_out: &[&str], replace: &[(&str, &str, &str, Vec<u8>)]) -> Vec<u8> {
    let mut old = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let entry = old.by_index(index).unwrap();
        let name = entry.name().unwrap().trim_end_matches(".npy").to_owned();
        if !leave_out.contains(&name.as_str()) && !replace.iter().any(|(other, ..)| *other == name) {
            new.raw_copy_file(entry).unwrap();
        }
    }
    for (name, descr, shape, data) in replace {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        new.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        new.write_all(&[b"\x93NUMPY\x01\x00", length.as_slice(), header.as_bytes(), data].concat()).unwrap();
    }
    new.finish().unwrap().into_inner()
}

/// The error of an open head with one array replaced.
fn head_error(name: &str, descr: &str, shape: &str, data: Vec<u8>) -> String {
    let bytes = changed(OPEN_HEAD, &[], &[(name, descr, shape, data)]);
    BodyModel::read(Cursor::new(bytes)).unwrap_err().to_string()
}

#[test]
fn the_shipped_head_loads() {
    let model = BodyModel::open_head().unwrap();
    assert_eq!((model.template.len(), model.triangles().len()), (4587, 8908));
}

#[test]
fn a_head_from_disk_equals_the_shipped_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/body/openhead_min.npz");
    assert_eq!(BodyModel::load(&path).unwrap().template, BodyModel::open_head().unwrap().template);
}

#[test]
fn a_missing_file_is_an_error_that_ends_with_its_path() {
    let error = BodyModel::load(Path::new("no/such/body.npz")).unwrap_err().to_string();
    assert!(
        error.starts_with("cannot read the body file") && error.ends_with("(no/such/body.npz)"),
        "{error}"
    );
}

#[test]
fn a_picture_renamed_to_npz_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("SMPLX_NEUTRAL.npz");
    std::fs::write(&path, b"\x89PNG\r\n\x1a\n").unwrap();
    let error = BodyModel::load(&path).unwrap_err().to_string();
    assert!(error.contains("download or copy the file again") && !error.contains('\n'), "{error}");
}

#[test]
fn missing_arrays_are_named_for_the_closest_layout() {
    let read = |bytes: Vec<u8>| BodyModel::read(Cursor::new(bytes)).unwrap_err().to_string();
    let smplx = read(changed(FIXTURE, &["posedirs", "lmk_faces_idx"], &[]));
    assert!(smplx.contains("an SMPL-X body also needs posedirs, lmk_faces_idx; "), "{smplx}");
    let head = read(changed(OPEN_HEAD, &["lobe"], &[]));
    assert!(head.contains("an open head also needs lobe; "), "{head}");
}

#[test]
fn a_mesh_too_small_for_smplx_ears_is_refused() {
    // The parity fixture has 64 vertices; the real mesh's ears are 6 and 616.
    let error = BodyModel::read(Cursor::new(FIXTURE)).unwrap_err();
    assert!(matches!(error, BodyFault::NoLobe(_)), "{error}");
}

#[test]
fn indices_beyond_the_mesh_are_named() {
    let landmark = head_error("ibug68", "<u2", "(68,)", 4587_u16.to_le_bytes().repeat(68));
    assert!(
        landmark.starts_with("ibug68 names 4587, but there are only 4587, counted from 0; "),
        "{landmark}"
    );
    let negative = head_error("lobe", "<i4", "(4,)", (-1_i32).to_le_bytes().repeat(4));
    assert!(negative.starts_with("lobe names -1"), "{negative}");
    let face = head_error("f", "<u4", "(1, 3)", u32::MAX.to_le_bytes().repeat(3));
    assert!(face.starts_with("f names 4294967295"), "{face}");
    let nose = head_error("nose", "<u2", "()", 0_u16.to_le_bytes().to_vec());
    assert!(nose.starts_with("nose and the 31st of ibug68 name different vertices"), "{nose}");
}

#[test]
fn wrong_shapes_are_named() {
    let joints = head_error("J", "<f4", "(54, 3)", vec![0; 54 * 12]);
    assert!(joints.starts_with("the array J has the shape [54, 3], expected [55, 3]; "), "{joints}");
    let flat = head_error("v_template", "<f4", "(6,)", vec![0; 24]);
    assert!(flat.starts_with("the array v_template has the shape [6], expected [any, 3]; "), "{flat}");
}

#[test]
fn joints_that_are_no_tree_are_refused() {
    let own_parent: Vec<u8> = (0..55_i32).flat_map(i32::to_le_bytes).collect();
    assert!(head_error("parents", "<i4", "(55,)", own_parent).contains("not a tree"));
    assert!(head_error("parents", "<i4", "(55,)", (-1_i32).to_le_bytes().repeat(55)).contains("not a tree"));
}

#[test]
fn weights_that_do_not_add_up_are_refused() {
    let error = head_error("w_val", "<f4", "(4587, 4)", 0.3_f32.to_le_bytes().repeat(4587 * 4));
    assert!(error.starts_with("the skinning weights of vertex 0 do not add up to 1; "), "{error}");
}

#[test]
fn nan_in_a_mesh_is_refused() {
    let error = head_error("v_template", "<f4", "(4587, 3)", f32::NAN.to_le_bytes().repeat(4587 * 3));
    assert!(error.contains("v_template holds a number that is infinite or not a number"), "{error}");
}

#[test]
fn a_head_without_vertices_is_refused() {
    assert!(head_error("v_template", "<f4", "(0, 3)", Vec::new()).contains("there are only 0"));
}

#[test]
fn damaged_heads_never_panic() {
    for at in (0..OPEN_HEAD.len()).step_by(997) {
        assert!(BodyModel::read(Cursor::new(&OPEN_HEAD[..at])).is_err(), "cut at {at}");
        let mut bytes = OPEN_HEAD.to_vec();
        bytes[at] ^= 0xff;
        // Some bytes of a zip file mean nothing; what counts is that the call returns.
        if let Ok(model) = BodyModel::read(Cursor::new(bytes)) {
            assert_eq!(model.template.len(), 4587, "changed at {at}");
        }
    }
}

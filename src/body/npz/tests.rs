//! Good archives of every kind, and every kind of bad one.

use super::*;
use std::io::{Cursor, Write};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// An `.npy` file of format version 1.
fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    npy_with_header(&format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"), data)
}

fn npy_with_header(header: &str, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", length.as_slice(), header.as_bytes(), data].concat()
}

fn archive(method: CompressionMethod, arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("{name}.npy"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// An archive of one array `a`.
fn one(bytes: Vec<u8>) -> Npz<Cursor<Vec<u8>>> {
    Npz::open(Cursor::new(archive(CompressionMethod::Deflated, &[("a", bytes)]))).unwrap()
}

fn floats_error(bytes: Vec<u8>) -> String {
    one(bytes).floats("a").unwrap_err().to_string()
}

fn f32s(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn stored_and_deflated_arrays_read_alike() {
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let bytes =
            archive(method, &[("a", npy("'<f4'", false, "(2, 3)", &f32s(&[1., 2., 3., 4., 5., 6.])))]);
        let array = Npz::open(Cursor::new(bytes)).unwrap().floats("a").unwrap();
        assert_eq!((array.shape, array.data), (vec![2, 3], vec![1., 2., 3., 4., 5., 6.]));
    }
}

#[test]
fn fortran_order_is_turned_to_c_order() {
    // numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4)) as bytes.
    let column_major = [0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23];
    let array = one(npy("'|u1'", true, "(2, 3, 4)", &column_major)).integers("a").unwrap();
    assert_eq!(array.data, (0..24).collect::<Vec<i64>>());
}

#[test]
fn every_number_type_is_read() {
    let integers =
        |descr: &str, bytes: &[u8]| one(npy(descr, false, "(1,)", bytes)).integers("a").unwrap().data[0];
    assert_eq!(integers("'|u1'", &[200]), 200);
    assert_eq!(integers("'<i2'", &(-5_i16).to_le_bytes()), -5);
    assert_eq!(integers("'<u2'", &65_535_u16.to_le_bytes()), 65_535);
    assert_eq!(integers("'<i4'", &(-7_i32).to_le_bytes()), -7);
    assert_eq!(integers("'<u4'", &u32::MAX.to_le_bytes()), 4_294_967_295);
    assert_eq!(integers("'<i8'", &i64::MIN.to_le_bytes()), i64::MIN);
    assert_eq!(integers("\"<u8\"", &9_u64.to_le_bytes()), 9);
    let array = one(npy("'<f8'", false, "()", &0.25_f64.to_le_bytes())).floats("a").unwrap();
    assert_eq!((array.shape.len(), array.data), (0, vec![0.25]));
}

#[test]
fn header_versions_2_and_3_are_read() {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n";
    let length = u32::try_from(header.len()).unwrap().to_le_bytes();
    for version in [2_u8, 3] {
        let bytes =
            [b"\x93NUMPY", [version, 0].as_slice(), &length, header.as_bytes(), &f32s(&[4.0])].concat();
        assert_eq!(one(bytes).floats("a").unwrap().data, [4.0]);
    }
}

#[test]
fn object_arrays_are_refused_unread() {
    // The payload is a pickle that would run a program; even its absence does not matter.
    let bytes = npy("'|O'", false, "(3,)", b"\x80\x03cos\nsystem\n");
    assert!(floats_error(bytes).contains("pickled Python objects, which are never opened"));
    let mut npz = Npz::open(Cursor::new(archive(
        CompressionMethod::Deflated,
        &[
            ("joint2num", npy("'|O'", false, "()", b"\x80")),
            ("a", npy("'<f4'", false, "(1,)", &f32s(&[1.0]))),
        ],
    )))
    .unwrap();
    assert_eq!(npz.floats("a").unwrap().data, [1.0], "an object array beside it does no harm");
}

#[test]
fn other_types_are_refused_by_name() {
    assert!(
        floats_error(npy("'<i4'", false, "(1,)", &[0; 4])).contains("numbers of type <i4, not f32 or f64")
    );
    assert!(floats_error(npy("'>f4'", false, "(1,)", &[0; 4])).contains("only little-endian"));
    assert!(floats_error(npy("'<c8'", false, "(1,)", &[0; 8])).contains("only little-endian"));
    assert!(floats_error(npy("[('x', '<f4')]", false, "(1,)", &[0; 4])).contains("a table of several types"));
    let error = one(npy("'<f4'", false, "(1,)", &[0; 4])).integers("a").unwrap_err().to_string();
    assert!(error.contains("numbers of type <f4, not whole numbers"), "{error}");
}

#[test]
fn infinite_numbers_and_nan_are_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert!(
            floats_error(npy("'<f4'", false, "(2,)", &f32s(&[0.0, bad])))
                .contains("infinite or not a number")
        );
    }
    let beyond_f32 = npy("'<f8'", false, "(1,)", &1e300_f64.to_le_bytes());
    assert!(floats_error(beyond_f32).contains("infinite or not a number"));
}

#[test]
fn claimed_sizes_are_checked_before_memory_is_asked_for() {
    let claims =
        ["(1152921504606846976, 8)", "(18446744073709551615, 18446744073709551615)", "(1000000, 1000)"];
    for claim in claims {
        assert!(floats_error(npy("'<f4'", false, claim, &[])).contains("is too large"), "{claim}");
    }
    let just_fits = floats_error(npy("'<f4'", false, "(500000000,)", &[0; 8]));
    assert!(just_fits.contains("ends too early"), "{just_fits}");
}

#[test]
fn the_limit_counts_all_arrays_together() {
    let bytes = npy("'<f4'", false, "(1,)", &[0; 4]);
    let mut npz = one(bytes);
    npz.bytes_left = 7;
    assert!(npz.floats("a").is_ok());
    assert!(matches!(npz.floats("a"), Err(NpzError::TooLarge(_))));
}

#[test]
fn data_of_another_length_than_the_header_says_is_refused() {
    assert!(floats_error(npy("'<f4'", false, "(3,)", &[0; 11])).contains("ends too early"));
    // A bomb: megabytes of zeros behind a small claim are not unpacked.
    assert!(floats_error(npy("'<f4'", false, "(3,)", &vec![0; 8 << 20])).contains("longer than its header"));
}

#[test]
fn broken_headers_are_named() {
    let with_header = |header: &str| floats_error(npy_with_header(header, &[0; 16]));
    assert!(with_header("").contains("names no type"));
    assert!(with_header("{'descr': '<f4', 'shape': (4,)}").contains("names no order"));
    assert!(
        with_header("{'descr': '<f4', 'fortran_order': 1, 'shape': (4,)}").contains("neither True nor False")
    );
    for shape in ["4", "(-4,)", "(4.0,)", "(4", "(1,1,1,1,1,1,1,1,4)", "(99999999999999999999999,)"] {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}");
        assert!(with_header(&header).contains("shape cannot be read"), "{shape}");
    }
    assert!(floats_error(b"not numpy".to_vec()).contains("does not begin as one"));
    assert!(floats_error(b"\x93NUM".to_vec()).contains("header ends too early"));
    assert!(floats_error(b"\x93NUMPY\x01\x00\xff\xff".to_vec()).contains("longer than 16 KiB"));
    assert!(floats_error(b"\x93NUMPY\x09\x00\x01\x00 ".to_vec()).contains("newer than 3"));
    assert!(floats_error(b"\x93NUMPY\x01\x00\x02\x00\xff\xfe".to_vec()).contains("not text"));
}

#[test]
fn a_shape_other_than_the_wanted_one_is_named() {
    let array = one(npy("'<f4'", false, "(2, 2)", &f32s(&[0.0; 4]))).floats("a").unwrap();
    let error = array.shaped(&[None, Some(3)]).unwrap_err().to_string();
    assert_eq!(error, "the array a has the shape [2, 2], expected [any, 3]; choose an SMPL-X .npz file");
}

#[test]
fn archives_that_are_none_or_too_many_are_refused() {
    assert!(matches!(Npz::open(Cursor::new(b"plain text".to_vec())), Err(NpzError::Archive(_))));
    let names: Vec<String> = (0..=MAX_ENTRIES).map(|index| index.to_string()).collect();
    let arrays: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (name.as_str(), Vec::new())).collect();
    let full = archive(CompressionMethod::Stored, &arrays);
    assert!(matches!(Npz::open(Cursor::new(full)), Err(NpzError::TooManyEntries(257))));
}

#[test]
fn a_flipped_bit_is_noticed_by_the_checksum() {
    let mut bytes =
        archive(CompressionMethod::Stored, &[("a", npy("'<f4'", false, "(2,)", &f32s(&[1.0, 2.0])))]);
    let at = bytes.windows(8).position(|window| window == f32s(&[1.0, 2.0])).unwrap();
    bytes[at] ^= 1;
    assert!(matches!(Npz::open(Cursor::new(bytes)).unwrap().floats("a"), Err(NpzError::Unpack { .. })));
}

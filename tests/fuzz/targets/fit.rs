//! A body fit of any bytes: JSON, or after an odd first byte an npz.

#![no_main]

use adorn_fuzz::body::load_fitted_pose;
use adorn_fuzz::said;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, content)) = bytes.split_first() else { return };
    let ending = if first % 2 == 1 { ".npz" } else { ".json" };
    let file = tempfile::Builder::new().suffix(ending).tempfile().expect("room for a temporary file");
    std::fs::write(file.path(), content).expect("room for a temporary file");
    said(load_fitted_pose(file.path()));
});

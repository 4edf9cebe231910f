//! Every network, config by config.

use crate::adapter::{outputs, std_normed, unread};
use crate::fixture::{Case, Fixture};
use crate::table::{F32, Table, worst};
use candle_core::DType;

/// Each with what it may lose: 16 of its roundings, whose size is 2^-8 and 2^-11.
const HALVES: [(&str, DType, f32); 2] = [("bf16", DType::BF16, 6.25e-2), ("f16", DType::F16, 7.8125e-3)];

/// Compares a component's every case in f32, and its halves with its f32.
fn compare(component: &'static str, ignored: fn(&Case) -> usize) {
    let (fixture, home) = (Fixture::open(component), tempfile::tempdir().unwrap());
    let mut table = Table::new(component);
    for case in &fixture.cases {
        let file = home.path().join("weights.safetensors");
        case.write_weights(&file);
        assert_eq!(unread(component, case, &file), ignored(case), "{component}: {}", case.name);
        let full = outputs(component, case, &file, DType::F32);
        let (error, place) = worst(&full, &fixture.expected(case));
        table.row(&case.name, "f32", error, F32, if full.len() > 1 { &place } else { "" });
        for (label, dtype, allowed) in HALVES {
            let Some(theirs) = case.half.get(label) else { continue };
            let (error, _) = worst(&outputs(component, case, &file, dtype), &full);
            table.row(&case.name, label, error, allowed, &format!("PyTorch {theirs:.2e}"));
        }
    }
    table.finish();
}

#[test]
fn parity_of_the_text_encoder() {
    compare("text", |case| usize::from(case.name.contains("projection")));
}

/// `mask_token` is for training alone.
#[test]
fn parity_of_the_image_encoder() {
    compare("image", |_| 1);
}

#[test]
fn parity_of_the_autoencoder() {
    compare("vae", |_| 0);
}

#[test]
fn parity_of_the_denoiser() {
    compare("unet", |_| 0);
}

/// Stock ones by diffusers; branches by `tests/oracles/multi_branch.py`, which reads the equations on its own.
#[test]
fn parity_of_the_control_net() {
    compare("control_net", |_| 0);
}

#[test]
fn parity_of_std_norm() {
    let (fixture, mut table) = (Fixture::open("std_norm"), Table::new("std_norm"));
    for case in &fixture.cases {
        let (error, _) = worst(&std_normed(case), &fixture.expected(case));
        table.row(&case.name, "f32", error, F32, "");
    }
    table.finish();
}

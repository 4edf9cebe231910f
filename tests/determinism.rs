//! The same project, build and device kind give the same bytes, whatever the number of threads.
//!
//! candle asks the environment how many threads share a matrix product, and rayon's pool reads the same
//! variable once a process: only a process of its own really has another number.

#![expect(clippy::expect_used, reason = "a test that cannot prepare its files has failed")]

use image::{Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::json;
use std::path::Path;
use std::process::Command;

/// Runs `adorn` in `folder` on so many threads.
fn adorn(folder: &Path, threads: usize, arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_adorn"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("ADORN_LOG")
        .env_remove("CANDLE_NUM_THREADS")
        .env("RAYON_NUM_THREADS", threads.to_string())
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A project with a product and a face, so that every branch of the ControlNet has its part.
fn project(folder: &Path) {
    RgbaImage::from_fn(60, 120, |x, y| Rgba([212, 160 + (y / 4) as u8, x as u8, 255]))
        .save(folder.join("earring.png"))
        .expect("a product photo");
    RgbImage::from_fn(96, 96, |x, y| Rgb([x as u8, y as u8, (x * y % 251) as u8]))
        .save(folder.join("face.png"))
        .expect("a face");
    let project = json!({
        "format": 1,
        "canvas": { "width": 192, "height": 256 },
        "earrings": [{
            "id": 1, "file": "earring.png", "scale": 0.4, "real_height_mm": 40.0,
            "hook_in_product": { "x": 30.0, "y": 2.0 }, "hook_in_canvas": { "x": 110.0, "y": 130.0 },
        }],
        "scale": { "ratio": 0.5 },
        "face": { "file": "face.png" },
    });
    std::fs::write(folder.join("shop.adorn"), project.to_string()).expect("a project");
}

#[test]
fn one_to_four_threads_paint_the_same_bytes_in_every_type() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path();
    project(folder);
    adorn(folder, 1, &["bundle", "random", "--config", "mini", "--seed", "3", "--out", "b"]);
    // The trace holds every latent's bits, the file what a designer gets.
    let painted = |threads: usize, dtype: &str| {
        let rest = ["--bundle", "b", "--device", "cpu", "--dtype", dtype, "--steps", "1"];
        let files = ["render", "shop.adorn", "--out", "a.png", "--trace", "a.safetensors"];
        adorn(folder, threads, &[&files[..], &rest[..]].concat());
        ["a.png", "a.safetensors"].map(|name| std::fs::read(folder.join(name)).expect("a file"))
    };
    for (dtype, counts) in [("f32", 2..=4), ("f16", 3..=3), ("bf16", 3..=3)] {
        let alone = painted(1, dtype);
        for threads in counts {
            assert!(alone == painted(threads, dtype), "{dtype}: other bytes on {threads} threads");
        }
    }
}

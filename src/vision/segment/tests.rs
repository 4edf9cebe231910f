//! The port against PyTorch, files that are no ISNet, and masks as strokes.

use super::*;
use crate::project::{Stroke, StrokeKind};
use candle_core::{Device, Tensor};
use image::Luma;
use std::path::Path;

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vision/tiny_isnet.safetensors");

fn apart(a: &Tensor, b: &Tensor) -> f32 {
    let difference = (a - b).unwrap().abs().unwrap().flatten_all().unwrap();
    difference.max(0).unwrap().to_scalar().unwrap()
}

fn compare(model: &Path, pictures: &Path) -> f32 {
    let net = IsNet::open(model).unwrap();
    let tensors = candle_core::safetensors::load(pictures, &Device::Cpu).unwrap();
    let seen = net.forward(&tensors["input"]).unwrap();
    assert_eq!(seen.dims(), tensors["expected"].dims());
    apart(&seen, &tensors["expected"])
}

#[test]
fn a_narrow_isnet_sees_what_pytorch_sees() {
    let apart = compare(Path::new(TINY), Path::new(TINY));
    assert!(apart < 2e-5, "{apart}");
}

/// The same with real weights and ONNX Runtime's own result; `tests/oracles/README.md` has the commands.
#[test]
#[ignore = "needs a model from outside"]
fn a_real_isnet_sees_what_onnx_runtime_sees() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let (model, pictures) = (variable("ADORN_ISNET"), variable("ADORN_EXPECTED"));
    let apart = compare(Path::new(&model), Path::new(&pictures));
    println!("largest difference of the mask: {apart}");
    assert!(apart < 1e-4, "{apart}");
}

#[test]
fn files_that_are_no_isnet_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    assert!(matches!(IsNet::open(&path), Err(SegmentError::Read { .. })));
    std::fs::write(&path, b"no tensors at all").unwrap();
    assert!(matches!(IsNet::open(&path), Err(SegmentError::NoIsNet { .. })));
    let mut tensors = candle_core::safetensors::load(TINY, &Device::Cpu).unwrap();
    tensors.remove("stage3.rebnconv2.weight");
    candle_core::safetensors::save(&tensors, &path).unwrap();
    let Err(error) = IsNet::open(&path) else { panic!("a network with a hole") };
    assert!(error.to_string().contains("stage3.rebnconv2"), "{error}");
}

fn painted(strokes: &[Stroke], kind: StrokeKind, width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| {
        let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
        let near = |stroke: &&Stroke| {
            let [from, to] = [stroke.points[0], stroke.points[1]];
            (x - x.clamp(from.x, to.x)).hypot(y - from.y) <= stroke.radius
        };
        let hit = strokes.iter().filter(|stroke| stroke.kind == kind).any(|stroke| near(&stroke));
        Luma([if hit { 255 } else { 0 }])
    })
}

#[test]
fn strokes_cover_what_is_sure_and_nothing_else() {
    // A ring: sure inside the band, sure outside, soft between.
    let mask = GrayImage::from_fn(200, 160, |x, y| {
        let off = ((f64::from(x) - 100.0).hypot(f64::from(y) - 80.0) - 45.0).abs();
        Luma([(255.0 * ((22.0 - off) / 8.0).clamp(0.0, 1.0)) as u8])
    });
    let strokes = strokes_of(&mask);
    for (kind, sure) in [
        (StrokeKind::Include, (|value| value >= 243) as fn(u8) -> bool),
        (StrokeKind::Exclude, |value| value <= 12),
    ] {
        let painted = painted(&strokes, kind, 200, 160);
        let marked = |x: u32, y: u32| painted.get_pixel(x, y).0[0] == 255;
        let (mut hit, mut all) = (0, 0);
        for (x, y, value) in mask.enumerate_pixels() {
            assert!(!marked(x, y) || sure(value.0[0]), "{kind:?} at {x}, {y}");
            all += u32::from(sure(value.0[0]));
            hit += u32::from(marked(x, y));
        }
        assert!(hit * 10 > all * 7, "{kind:?}: {hit} of {all}");
    }
}

#[test]
fn strokes_reach_the_pictures_edge() {
    let halves = GrayImage::from_fn(90, 70, |x, _| Luma([if x < 45 { 255 } else { 0 }]));
    let strokes = strokes_of(&halves);
    let include = painted(&strokes, StrokeKind::Include, 90, 70);
    let exclude = painted(&strokes, StrokeKind::Exclude, 90, 70);
    for (x, y) in [(0, 0), (0, 69), (89, 0), (89, 69)] {
        let side = if x == 0 { &include } else { &exclude };
        assert_eq!(side.get_pixel(x, y).0, [255], "{x}, {y}");
    }
    assert_eq!(strokes_of(&GrayImage::new(0, 0)), []);
}

//! The ports against PyTorch, files that are no model, prompts of frames and strokes, and masks as strokes.

use super::prompts::{Point, PromptEncoder, Prompts};
use super::*;
use crate::project::{self, Other, Rectangle, Stroke, StrokeKind};
use candle_core::DType;
use candle_nn::VarBuilder;
use image::{Luma, Rgb, RgbImage};

const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vision/tiny_isnet.safetensors");
const PROMPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vision/sam_prompts.safetensors");

fn tensors(path: &Path) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(path, &Device::Cpu).unwrap()
}

fn apart(a: &Tensor, b: &Tensor) -> f32 {
    let difference = (a - b).unwrap().abs().unwrap().flatten_all().unwrap();
    difference.max(0).unwrap().to_scalar().unwrap()
}

fn compare(model: &Path, pictures: &Path) -> f32 {
    let net = IsNet::of(&tensors(model)).unwrap();
    let tensors = tensors(pictures);
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

fn prompts(tensors: &HashMap<String, Tensor>) -> Prompts {
    let points = |name: &str| -> Vec<Point> {
        tensors[name].to_vec2::<f32>().unwrap().iter().map(|point| (point[0], point[1])).collect()
    };
    let corners = points("corners");
    Prompts { corners: [corners[0], corners[1]], include: points("include"), exclude: points("exclude") }
}

#[test]
fn prompts_become_the_tokens_that_pytorch_makes() {
    let tensors = tensors(Path::new(PROMPTS));
    let encoder =
        PromptEncoder::new(&VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu)).unwrap();
    assert!(apart(&encoder.tokens(&prompts(&tensors)).unwrap(), &tensors["tokens"]) < 1e-4);
    let (grid, no_mask) = (encoder.grid().unwrap(), encoder.no_mask().unwrap());
    for (number, (row, column)) in [(0, 0), (0, 63), (63, 0), (63, 63)].into_iter().enumerate() {
        let cell = grid.get(0).unwrap().narrow(1, row, 1).unwrap().narrow(2, column, 1).unwrap();
        let expected = tensors["grid"].get(number).unwrap();
        assert!(apart(&cell.flatten_all().unwrap(), &expected) < 1e-4, "{row}, {column}");
    }
    let cell = no_mask.get(0).unwrap().narrow(1, 5, 1).unwrap().narrow(2, 7, 1).unwrap();
    assert_eq!(apart(&cell.flatten_all().unwrap(), &tensors["no_mask"]), 0.0);
}

/// MobileSAM's or SAM's whole network against its own PyTorch; `tests/oracles/README.md` has the commands.
#[test]
#[ignore = "needs a model from outside"]
fn a_real_sam_sees_what_pytorch_sees() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let net = Sam::of(tensors(Path::new(&variable("ADORN_SAM")))).unwrap();
    let tensors = tensors(Path::new(&variable("ADORN_EXPECTED")));
    let (height, width, _) = tensors["look"].dims3().unwrap();
    let codes = tensors["look"].flatten_all().unwrap().to_vec1::<u8>().unwrap();
    let look = RgbImage::from_raw(width as u32, height as u32, codes).unwrap();
    let prompts = prompts(&tensors);
    assert!(apart(&net.prompts.tokens(&prompts).unwrap(), &tensors["tokens"]) < 1e-4);
    let started = std::time::Instant::now();
    let logits = net.logits(&sam::input(&look).unwrap(), &prompts).unwrap();
    let off = apart(&logits, &tensors["logits"]);
    let shares = |logits: &Tensor| candle_nn::ops::sigmoid(logits).unwrap();
    let shares_off = apart(&shares(&logits), &shares(&tensors["logits"]));
    println!("largest difference: logit {off}, mask {shares_off}; {:?}", started.elapsed());
    // Half a code: candle approximates GELU where PyTorch does not.
    assert!(shares_off < 0.5 / 255.0, "{shares_off}");
}

#[test]
fn files_that_are_no_model_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let refused = |tensors: &HashMap<String, Tensor>| {
        candle_core::safetensors::save(tensors, &path).unwrap();
        open(&path).err().unwrap()
    };
    assert!(matches!(open(&path), Err(SegmentError::Read { .. })));
    fs::write(&path, b"no tensors at all").unwrap();
    assert!(matches!(open(&path), Err(SegmentError::Unfit { .. })));
    fs::write(&path, b"PK\x03\x04 mobile_sam.pt").unwrap();
    assert!(matches!(open(&path), Err(SegmentError::Pickle { .. })));

    let mut isnet = tensors(Path::new(TINY));
    isnet.remove("stage3.rebnconv2.weight");
    assert!(refused(&isnet).to_string().contains("stage3.rebnconv2"));
    isnet.remove("conv_in.weight");
    assert!(matches!(refused(&isnet), SegmentError::Unknown { .. }));

    let one = |name: &str, shape: &[usize]| {
        let tensor = Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
        HashMap::from([(name.to_owned(), tensor)])
    };
    let tiny = refused(&one("image_encoder.patch_embed.seq.0.c.weight", &[32, 3, 3, 3])).to_string();
    assert!(tiny.contains("image_encoder.patch_embed.seq.0.bn"), "{tiny}");
    let wide = refused(&one("image_encoder.patch_embed.proj.weight", &[1280, 3, 16, 16])).to_string();
    assert!(wide.contains("[1280, 3, 16, 16]"), "{wide}");
}

fn stroke_along(kind: StrokeKind, points: &[(f64, f64)]) -> Stroke {
    let points = points.iter().map(|(x, y)| project::Point { x: *x, y: *y }).collect();
    Stroke { kind, radius: 4.0, points, other: Other::default() }
}

#[test]
fn a_frame_and_strokes_become_prompts_of_the_look() {
    let photo = RgbImage::new(400, 300);
    let frame = Rectangle { left: 100.0, top: 50.0, right: 300.0, bottom: 250.0 };
    let long: Vec<(f64, f64)> = (0..80).map(|at| (110.0 + f64::from(at) * 2.0, 100.0)).collect();
    let strokes = [
        stroke_along(StrokeKind::Include, &long),
        stroke_along(StrokeKind::Exclude, &[(120.0, 240.0)]),
        stroke_along(StrokeKind::Exclude, &[(20.0, 20.0)]),
    ];
    let request = CutOutRequest { photo: &photo, frame: Some(frame), strokes: &strokes };
    let (window, look, asked) = sam::ask(&request).unwrap();
    // A fifth more on each side: 60..340 by 10..290, and 1024 / 280 pixels of the look a pixel.
    assert_eq!((window.left, window.top, window.width, window.height), (60, 10, 280, 280));
    assert_eq!(look.dimensions(), (1024, 1024));
    let place = |x: f64, y: f64| (((x - 60.0) * 1024.0 / 280.0) as f32, ((y - 10.0) * 1024.0 / 280.0) as f32);
    assert_eq!(asked.corners, [place(100.0, 50.0), place(300.0, 250.0)]);
    assert_eq!(asked.include, [10, 30, 50, 70].map(|at| place(110.0 + f64::from(at) * 2.0, 100.0)));
    assert_eq!(asked.exclude, [place(120.0, 240.0)], "what lies outside the look says nothing");
}

#[test]
fn without_a_frame_the_box_holds_the_whole_product_and_not_its_middle() {
    // A hoop, whose middle is ground.
    let photo = RgbImage::from_fn(256, 256, |x, y| {
        let away = (f64::from(x) - 140.0).hypot(f64::from(y) - 120.0);
        Rgb(if (50.0..60.0).contains(&away) { [150, 100, 20] } else { [240, 240, 240] })
    });
    let (_, _, asked) = sam::ask(&CutOutRequest { photo: &photo, frame: None, strokes: &[] }).unwrap();
    let expected = [(80.0, 60.0), (200.0, 180.0)].map(|(x, y): (f32, f32)| (x * 4.0, y * 4.0));
    for ((x, y), (x_expected, y_expected)) in asked.corners.into_iter().zip(expected) {
        assert!((x - x_expected).abs() < 12.0 && (y - y_expected).abs() < 12.0, "{:?}", asked.corners);
    }
    assert_eq!((asked.include, asked.exclude), (vec![], vec![]));
    let blank = RgbImage::from_pixel(64, 32, Rgb([200, 200, 200]));
    let (_, _, asked) = sam::ask(&CutOutRequest { photo: &blank, frame: None, strokes: &[] }).unwrap();
    assert_eq!(asked.corners, [(0.0, 0.0), (1023.0, 511.0)], "nothing found: everything is asked for");
}

#[test]
fn frames_that_hold_nothing_ask_for_nothing() {
    let photo = RgbImage::new(30, 20);
    for (left, right) in [(40.0, 50.0), (5.0, 5.0), (f64::NAN, f64::NAN), (9.0, 3.0)] {
        let frame = Some(Rectangle { left, top: 0.0, right, bottom: 20.0 });
        assert!(sam::ask(&CutOutRequest { photo: &photo, frame, strokes: &[] }).is_none());
    }
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

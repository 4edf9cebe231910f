//! The trace file as an outside checker reads it: `adorn render --trace` with a bundle, names and shapes of the
//! contract, and tensors that are what they are called.

#![expect(clippy::expect_used, reason = "a test that cannot prepare its files has failed")]

use safetensors::{Dtype, SafeTensors};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const SIDE: usize = 256;
const COLOUR: [u8; 3] = [212, 160, 60];
/// Product pixels, all of them opaque.
const PRODUCT: (u32, u32) = (24, 40);

type Trace = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn adorn(folder: &Path, arguments: &[&str]) {
    let program = env!("CARGO_BIN_EXE_adorn");
    let output = Command::new(program).args(arguments).current_dir(folder).output().expect("it starts");
    assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// A bar of one colour, the product's own size, with or without a face beside it.
fn write_project(folder: &Path, name: &str, face: bool) {
    let [r, g, b] = COLOUR;
    let product = image::RgbaImage::from_pixel(PRODUCT.0, PRODUCT.1, image::Rgba([r, g, b, 255]));
    product.save(folder.join("earring.png")).expect("a product photo");
    let portrait = image::RgbImage::from_fn(90, 120, |x, y| image::Rgb([x as u8 * 2, y as u8 * 2, 90]));
    portrait.save(folder.join("face.png")).expect("a face photo");
    let project = json!({
        "format": 1,
        "canvas": { "width": SIDE, "height": SIDE },
        "earrings": [{
            "id": 1, "file": "earring.png", "scale": 1.0, "real_height_mm": 40.0,
            "hook_in_product": { "x": 12.0, "y": 2.0 }, "hook_in_canvas": { "x": 150.0, "y": 130.0 },
        }],
        "scale": { "ratio": 0.5 },
        "pose": { "template": "front-straight" },
        "face": if face { json!({ "file": "face.png" }) } else { json!(null) },
        "prompt": "a woman", "negative_prompt": "blurry",
        "recipe": { "seed": 42, "steps": 2 },
    });
    std::fs::write(folder.join(name), project.to_string()).expect("a project");
}

fn render(folder: &Path, project: &str) -> Trace {
    let fixed = ["render", project, "--bundle", "mini", "--out", "a.png", "--trace", "a.safetensors"];
    adorn(folder, &fixed);
    let bytes = std::fs::read(folder.join("a.safetensors")).expect("a trace");
    let file = SafeTensors::deserialize(&bytes).expect("safetensors");
    let read = |(name, view): (String, safetensors::tensor::TensorView<'_>)| {
        assert_eq!(view.dtype(), Dtype::F32, "{name}");
        let values =
            view.data().chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().expect("four")));
        (name, (view.shape().to_vec(), values.collect()))
    };
    file.tensors().into_iter().map(read).collect()
}

fn shapes(trace: &Trace) -> Vec<(&str, &[usize])> {
    trace.iter().map(|(name, (shape, _))| (name.as_str(), shape.as_slice())).collect()
}

#[test]
fn a_trace_is_what_the_contract_says_with_and_without_a_face() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path();
    adorn(folder, &["bundle", "random", "--config", "mini", "--seed", "3", "--out", "mini"]);
    write_project(folder, "face.adorn", true);
    write_project(folder, "plain.adorn", false);
    let (with, without) = (render(folder, "face.adorn"), render(folder, "plain.adorn"));

    let common: [(&str, &[usize]); 9] = [
        ("decoded", &[1, 3, 256, 256]),
        ("hint", &[1, 4, 256, 256]),
        ("latents.1", &[1, 4, 32, 32]),
        ("latents.2", &[1, 4, 32, 32]),
        ("noise", &[1, 4, 32, 32]),
        ("pose_image", &[1, 3, 224, 224]),
        ("pose_tokens", &[1, 257, 64]),
        ("text_tokens", &[2, 77, 64]),
        ("timesteps", &[2]),
    ];
    let own: [(&str, &[usize]); 2] =
        [("appearance_image", &[1, 3, 224, 224]), ("appearance_tokens", &[1, 257, 64])];
    assert_eq!(shapes(&without), common);
    assert_eq!(shapes(&with), [&own[..], &common].concat());
    for name in ["hint", "noise", "pose_image", "pose_tokens", "text_tokens", "timesteps"] {
        assert_eq!(with[name], without[name], "{name} depends on the face");
    }
    assert_ne!(with["latents.1"], without["latents.1"]);
    for name in ["hint", "pose_image", "appearance_image"] {
        assert!(with[name].1.iter().all(|value| (0.0..=1.0).contains(value)), "{name}");
    }
    the_hint_is_what_the_composite_lays_back(folder, &without["hint"].1);
    the_unconditional_half_comes_first(folder, &without["text_tokens"].1);
}

/// At the network's own size the hint's earring is the finished file's, bit for bit, on black.
fn the_hint_is_what_the_composite_lays_back(folder: &Path, hint: &[f32]) {
    let finished = image::open(folder.join("a.png")).expect("a picture").to_rgb8();
    let plane = SIDE * SIDE;
    let stored =
        |place: usize| [0, 1, 2].map(|channel| (hint[channel * plane + place] * 255.0).round() as u8);
    let product: Vec<usize> = (0..plane).filter(|&place| stored(place) != [0; 3]).collect();
    assert_eq!(product.len() as u32, PRODUCT.0 * PRODUCT.1);
    for place in product {
        let pixel = finished.get_pixel((place % SIDE) as u32, (place / SIDE) as u32);
        assert_eq!((pixel.0, stored(place)), (COLOUR, COLOUR), "at {place}");
    }
    let band = &hint[3 * plane..];
    let full = |row: &&[f32]| row.iter().all(|&value| value == 1.0);
    let rows = band.chunks(SIDE).filter(full).count();
    assert!(rows > 0 && rows < SIDE && rows * SIDE == band.iter().filter(|&&value| value != 0.0).count());
}

/// Another negative prompt changes the first half alone.
fn the_unconditional_half_comes_first(folder: &Path, tokens: &[f32]) {
    let text = std::fs::read_to_string(folder.join("plain.adorn")).expect("a project");
    std::fs::write(folder.join("other.adorn"), text.replace("blurry", "dull")).expect("a project");
    let other = render(folder, "other.adorn");
    let (first, second) = tokens.split_at(tokens.len() / 2);
    let (other_first, other_second) = other["text_tokens"].1.split_at(first.len());
    assert_ne!(first, other_first);
    assert_eq!(second, other_second);
}

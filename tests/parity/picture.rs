//! A whole picture: a tiny, structurally complete bundle painted by the real engine in 30 steps, tensor by
//! tensor against PyTorch, which loaded the same folder.

use crate::fixture::{self, write_weights};
use crate::made;
use crate::table::{F32, Table, error, psnr};
use adorn::body::PosedBody;
use adorn::engine::device::{DTypeChoice, DeviceChoice};
use adorn::engine::diffusion::DiffusionEngine;
use adorn::engine::progress::Control;
use adorn::engine::{Engine, Generated, NetworkSize, Request};
use adorn::picture::Planes;
use adorn::project::{Ear, Recipe};
use adorn::scene::{Band, Camera, Misfit, Scene};
use candle_core::{Device, Tensor};
use glam::{DVec2, Vec3};
use safetensors::SafeTensors;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use tempfile::TempDir;

/// A finished picture's least agreement in f32, dB.
const LEAST_PSNR: f64 = 55.0;
/// The halves, each with its largest error and least PSNR (dB) against our f32.
const HALVES: [(&str, DTypeChoice, f32, f64); 2] =
    [("bf16", DTypeChoice::Bf16, 6.25e-2, 38.0), ("f16", DTypeChoice::F16, 7.8125e-3, 55.0)];
/// Pixels that are nominally -1..1.
const RANGE: f64 = 2.0;
/// What a face adds to the tensors that do not depend on one.
const CHANGED: [&str; 3] = ["decoded", "latents.30", "appearance_tokens"];

/// What the oracle said of its bundle and its run.
#[derive(Deserialize)]
struct Said {
    texts: BTreeMap<String, String>,
    weights: BTreeMap<String, Vec<(String, Vec<usize>)>>,
    width: u32,
    height: u32,
    seed: u64,
    steps: u32,
    guidance: f64,
    gamma: f64,
    prompt: String,
    negative: String,
}

struct Oracle {
    said: Said,
    tensors: HashMap<String, Tensor>,
    bundle: TempDir,
}

impl Oracle {
    /// Reads the fixture and writes its bundle.
    fn open() -> Self {
        let bytes = std::fs::read(fixture::folder().join("picture.safetensors")).unwrap();
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let said: Said = serde_json::from_str(&metadata.metadata().as_ref().unwrap()["picture"]).unwrap();
        let bundle = tempfile::tempdir().unwrap();
        let tokenizer = bundle.path().join("tokenizer");
        std::fs::create_dir(&tokenizer).unwrap();
        for name in ["vocab.json", "merges.txt"] {
            std::fs::copy(fixture::folder().join("tokenizer").join(name), tokenizer.join(name)).unwrap();
        }
        for (path, text) in &said.texts {
            let path = bundle.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        for (path, names) in &said.weights {
            let file = bundle.path().join(path).with_extension("safetensors");
            write_weights(names, &format!("picture/{path}"), &file);
        }
        Self { said, tensors: candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap(), bundle }
    }

    fn paint(&self, face: bool, dtype: DTypeChoice) -> Generated {
        let engine = DiffusionEngine::open(self.bundle.path(), DeviceChoice::Cpu, dtype).unwrap();
        let (said, size) = (&self.said, NetworkSize::new(self.said.width, self.said.height).unwrap());
        let (h, w) = (said.height as usize, said.width as usize);
        let mut hint = planes("hint", 4, h, w);
        // A scale map is a band of rows.
        let in_band = |row: usize| f32::from((h / 4..h / 2).contains(&row));
        hint.channel_mut(3).iter_mut().enumerate().for_each(|(i, value)| *value = in_band(i / w));
        let appearance = planes("appearance", 3, 224, 224);
        let recipe = Recipe {
            seed: said.seed,
            steps: Some(said.steps),
            guidance: Some(said.guidance),
            gamma: Some(said.gamma),
            ..Recipe::default()
        };
        let request = Request {
            size,
            hint: &hint,
            pose_image: &planes("pose", 3, 224, 224),
            appearance_image: face.then_some(&appearance),
            prompt: &said.prompt,
            negative_prompt: &said.negative,
            recipe: &recipe,
            scene: &unread_scene(),
            matte: &Planes::zeros(1, h, w),
            trace: true,
        };
        engine.generate(&request, &Control::silent()).unwrap()
    }

    fn expected(&self, face: bool, name: &str) -> &Tensor {
        let label = if face || !CHANGED.contains(&name) { "face" } else { "no face" };
        &self.tensors[&format!("{label}/{name}")]
    }
}

fn planes(name: &str, channels: usize, h: usize, w: usize) -> Planes {
    let values = made::uniform(&format!("picture/{name}"), channels * h * w);
    let mut planes = Planes::zeros(channels, h, w);
    for channel in 0..channels {
        let values = &values[channel * h * w..(channel + 1) * h * w];
        for (pixel, value) in planes.channel_mut(channel).iter_mut().zip(values) {
            *pixel = value * 0.5 + 0.5;
        }
    }
    planes
}

/// The diffusion engine reads no scene.
fn unread_scene() -> Scene {
    let body = PosedBody {
        vertices: Vec::new(),
        normals: Vec::new(),
        joints: Vec::new(),
        landmarks: [Vec3::ZERO; 68],
        nose_tip: Vec3::ZERO,
        lobes: [Vec3::ZERO; 2],
    };
    Scene {
        body,
        camera: Camera {
            focal: DVec2::ONE,
            centre: DVec2::ZERO,
            translation: Vec3::ZERO,
            width: 64,
            height: 64,
        },
        band: Band { top: 0.0, bottom: 1.0 },
        hook_in_canvas: None,
        lobe_in_canvas: DVec2::ZERO,
        ear: Ear::Left,
        misfit: Misfit::default(),
    }
}

fn traced(made: &Generated, name: &str) -> Tensor {
    let (shape, values) = &made.trace[name];
    Tensor::from_slice(values, shape.as_slice(), &Device::Cpu).unwrap()
}

fn picture_psnr(made: &Generated, expected: &Tensor) -> f64 {
    let shown = |x: &Tensor| x.clamp(-1f32, 1f32).unwrap();
    psnr(&shown(&traced(made, "decoded")), &shown(expected), RANGE)
}

/// A picture in a half against ours in f32: what 30 steps make of the roundings.
fn compare_half(oracle: &Oracle, full: &Generated, table: &mut Table) {
    for (label, dtype, allowed, least) in HALVES {
        let made = oracle.paint(true, dtype);
        let error = error(&traced(&made, "decoded"), &traced(full, "decoded"));
        let db = picture_psnr(&made, &traced(full, "decoded"));
        table.row("face: decoded", label, error, allowed, &format!("PSNR {db:.1} dB of at least {least}"));
        assert!(db >= least, "{label}: {db} dB");
    }
}

/// Every traced tensor within the bound, and the picture within 55 dB.
fn compare(oracle: &Oracle, face: bool, table: &mut Table) -> Generated {
    let made = oracle.paint(face, DTypeChoice::F32);
    let mut names = vec!["timesteps", "noise", "text_tokens", "pose_tokens"];
    let steps = if face { vec!["latents.1", "latents.2", "latents.10", "latents.20"] } else { Vec::new() };
    names.extend(face.then_some("appearance_tokens"));
    names.extend(steps);
    names.extend(["latents.30", "decoded"]);
    let whose = if face { "face" } else { "no face" };
    for name in names {
        let error = error(&traced(&made, name), oracle.expected(face, name));
        table.row(&format!("{whose}: {name}"), "f32", error, F32, "");
    }
    let db = picture_psnr(&made, oracle.expected(face, "decoded"));
    table.say(&format!("{whose}: picture, PSNR {db:.1} dB of at least {LEAST_PSNR}"));
    assert!(db >= LEAST_PSNR, "{whose}: {db} dB");
    made
}

#[test]
fn parity_of_a_whole_picture() {
    let (oracle, mut table) = (Oracle::open(), Table::new("picture, 30 steps, guidance 7"));
    let full = compare(&oracle, true, &mut table);
    compare_half(&oracle, &full, &mut table);
    compare(&oracle, false, &mut table);
    table.finish();
}

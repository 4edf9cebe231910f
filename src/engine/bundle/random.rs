//! Bundles of random weights at true shapes: for benchmarks, demos and tests, never for pictures that mean
//! something.
//!
//! Names and shapes come from the networks themselves. A tensor's numbers depend on the seed and its name
//! alone, so the same seed writes the same bytes on every machine.

use super::building::{Building, write_synced};
use super::{Component, Configs, Defaults, Manifest};
use crate::engine::EngineError;
use crate::engine::checkpoint::{Described, Writer};
use crate::engine::inventory::Entry;
use crate::engine::progress::{Control, Progress, Stage};
use crate::engine::tokenizer;
use candle_nn::Init;
use half::f16;
use safetensors::tensor::Dtype;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// How large the networks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RandomSize {
    /// Seconds a picture on two cores.
    Mini,
    /// Stable Diffusion 1.5 with a DINOv2.
    Sd15(Dinov2),
}

/// DINOv2's sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dinov2 {
    Small,
    Base,
    Large,
    Giant,
}

impl Dinov2 {
    /// Its settings, as far as its size decides them.
    fn config(self) -> Value {
        let (width, layers, heads) = match self {
            Self::Small => (384, 12, 6),
            Self::Base => (768, 12, 12),
            Self::Large => (1024, 24, 16),
            Self::Giant => (1536, 40, 24),
        };
        json!({"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads,
               "image_size": 518, "use_swiglu_ffn": self == Self::Giant})
    }
}

/// The number type of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileType {
    F32,
    F16,
}

impl FileType {
    pub(super) fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
        }
    }
}

/// Writes a bundle to `out`, which must not exist or be empty: built beside it, renamed at the end.
pub fn write_random(
    size: RandomSize,
    seed: u64,
    file_type: FileType,
    out: &Path,
    control: &Control,
) -> Result<(), EngineError> {
    let building = Building::beside(out)?;
    let mut files = write_small(size, building.path()).map_err(|error| building.failed(&error))?;
    let configs = Configs::read(building.path())?;
    for (done, component) in Component::ALL.into_iter().enumerate() {
        control.step(Progress::new(Stage::Preparing, done, Component::ALL.len()))?;
        let name = format!("{}/{}.safetensors", component.folder(), component.stem());
        let entries = configs.inventory(component)?;
        let path = building.path().join(&name);
        write_tensors(&entries, seed, component, file_type, &path, control, &building)?;
        files.push(name);
    }
    Ok(building.finish(manifest(size, seed), &files)?)
}

/// Configs, scheduler and tokenizer; their names.
pub(in crate::engine) fn write_small(size: RandomSize, folder: &Path) -> io::Result<Vec<String>> {
    let [text, image, unet, control_net, vae] = configs(size);
    let files = [
        ("text_encoder/config.json", text),
        ("image_encoder/config.json", image),
        ("unet/config.json", unet),
        ("controlnet/config.json", control_net),
        ("vae/config.json", vae),
        ("scheduler/scheduler_config.json", scheduler()),
        ("tokenizer/tokenizer.json", tokenizer::bytes_only()),
    ];
    for (name, value) in &files {
        let path = folder.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        write_synced(&path, serde_json::to_string_pretty(value)?.as_bytes())?;
    }
    Ok(files.iter().map(|(name, _)| (*name).to_owned()).collect())
}

fn manifest(size: RandomSize, seed: u64) -> Manifest {
    let (name, network_size, steps) = match size {
        RandomSize::Mini => ("random-mini", 256, 8),
        RandomSize::Sd15(_) => ("random-sd15", 512, 30),
    };
    Manifest {
        name: name.to_owned(),
        version: format!("seed-{seed}"),
        licence: "CC0-1.0".to_owned(),
        trained: false,
        network_size,
        defaults: Defaults { steps, ..Defaults::default() },
        ..Manifest::default()
    }
}

/// A safetensors file, one tensor in memory at a time.
fn write_tensors(
    entries: &BTreeMap<String, Entry>,
    seed: u64,
    component: Component,
    file_type: FileType,
    path: &Path,
    control: &Control,
    building: &Building,
) -> Result<(), EngineError> {
    let failed = |error: io::Error| building.failed(&error);
    let described: Vec<Described> = entries
        .iter()
        .map(|(name, entry)| Described {
            name: name.clone(),
            dtype: file_type.dtype(),
            shape: entry.shape.clone(),
        })
        .collect();
    let mut writer = Writer::create(path, described.iter()).map_err(failed)?;
    for (name, entry) in entries {
        control.check()?;
        let values = numbers(entry, seed, &format!("{}/{name}", component.folder()));
        match file_type {
            FileType::F32 => writer.put(bytemuck::cast_slice(&values)).map_err(failed)?,
            FileType::F16 => {
                let values: Vec<u16> = values.iter().map(|&x| f16::from_f32(x).to_bits()).collect();
                writer.put(bytemuck::cast_slice(&values)).map_err(failed)?;
            }
        }
    }
    Ok(writer.finish().map_err(failed)?)
}

/// Norms start at one and zero, biases at zero, matrices so that they keep their input's size. Convolutions
/// that training starts at zero get a tenth of that: control must be felt.
fn numbers(entry: &Entry, seed: u64, name: &str) -> Vec<f32> {
    let elements = entry.elements();
    if entry.shape.len() < 2 {
        let value = if let Init::Const(value) = entry.init { value as f32 } else { 0.0 };
        return vec![value; elements];
    }
    let inputs = entry.shape[1..].iter().product::<usize>().max(1) as f32;
    let gain = if matches!(entry.init, Init::Const(_)) { 0.1 } else { 1.0 };
    let spread = gain / inputs.sqrt();
    let mut state = name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    (0..elements).map(|_| spread * bell(&mut state)).collect()
}

/// Mean 0, deviation 1, near enough to normal: a sum of four uniform numbers from one SplitMix64 output.
fn bell(state: &mut u64) -> f32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    let sum: u64 = (0..4).map(|i| bits >> (16 * i) & 0xffff).sum();
    // Each has variance 1/12 over its range: four have 1/3.
    (sum as f32 / 65_536.0 - 2.0) * 3f32.sqrt()
}

/// Text, image, UNet, ControlNet, VAE.
fn configs(size: RandomSize) -> [Value; 5] {
    let net = match size {
        RandomSize::Mini => json!({
            "block_out_channels": [32, 64], "layers_per_block": 1, "cross_attention_dim": 64,
            "attention_head_dim": 4, "norm_num_groups": 8, "in_channels": 4, "norm_eps": 1e-5,
            "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D"]}),
        RandomSize::Sd15(_) => json!({
            "block_out_channels": [320, 640, 1280, 1280], "layers_per_block": 2,
            "cross_attention_dim": 768, "attention_head_dim": 8, "norm_num_groups": 32, "in_channels": 4,
            "norm_eps": 1e-5, "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
                                                  "CrossAttnDownBlock2D", "DownBlock2D"]}),
    };
    let (text, image, up, hint, vae) = match size {
        RandomSize::Mini => (
            json!({"vocab_size": 514, "hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 2,
                   "num_attention_heads": 4}),
            json!({"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3, "use_swiglu_ffn": false}),
            json!(["CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]),
            json!([8, 16, 16, 32]),
            json!({"block_out_channels": [16, 16, 32, 32], "layers_per_block": 1, "norm_num_groups": 8}),
        ),
        RandomSize::Sd15(image) => (
            json!({"vocab_size": 49408, "hidden_size": 768, "intermediate_size": 3072,
                   "num_hidden_layers": 12, "num_attention_heads": 12}),
            image.config(),
            json!(["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]),
            json!([16, 32, 96, 256]),
            json!({"block_out_channels": [128, 256, 512, 512], "layers_per_block": 2,
                   "norm_num_groups": 32}),
        ),
    };
    let text_rest = json!({"model_type": "clip_text_model", "max_position_embeddings": 77,
        "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5});
    let image_rest = json!({"model_type": "dinov2", "patch_size": 14, "mlp_ratio": 4, "hidden_act": "gelu",
        "layer_norm_eps": 1e-6, "qkv_bias": true, "num_channels": 3});
    let unet_rest = json!({"_class_name": "UNet2DConditionModel", "out_channels": 4,
        "mid_block_type": "UNetMidBlock2DCrossAttn", "up_block_types": up});
    let control_rest = json!({"_class_name": "ControlNetModel", "conditioning_channels": 4,
        "adorn_branches": ["pose", "appearance"], "conditioning_embedding_out_channels": hint});
    let vae_rest = json!({"_class_name": "AutoencoderKL", "in_channels": 3, "out_channels": 3,
        "latent_channels": 4, "scaling_factor": 0.18215, "down_block_types": vec!["DownEncoderBlock2D"; 4],
        "up_block_types": vec!["UpDecoderBlock2D"; 4], "act_fn": "silu"});
    [
        joined(text, text_rest),
        joined(image, image_rest),
        joined(net.clone(), unet_rest),
        joined(net, control_rest),
        joined(vae, vae_rest),
    ]
}

/// METHOD 7's.
pub(super) fn scheduler() -> Value {
    json!({"_class_name": "DDIMScheduler", "num_train_timesteps": 1000, "beta_start": 0.00085,
        "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1, "set_alpha_to_one": false,
        "timestep_spacing": "leading", "prediction_type": "epsilon", "clip_sample": false})
}

/// Both objects' entries in one.
pub(super) fn joined(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Object(mut first), Value::Object(second)) => {
            first.extend(second);
            Value::Object(first)
        }
        (first, _) => first,
    }
}

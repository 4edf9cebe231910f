//! A LoRA's file: for each layer that it changes, two thin matrices whose product is added to the weight
//! (Hu et al. 2021): `W + strength * alpha / rank * up * down`.

use super::names::{Layer, Networks};
use super::{AdapterError, damaged};
use crate::engine::bundle::Component;
use crate::engine::checkpoint::Checkpoint;
use candle_core::{DType, Device, Result as Computed, Tensor};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a tensor of a LoRA is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Down,
    Up,
    Alpha,
}

/// Endings of kohya's, diffusers' and PEFT's names.
const ROLES: [(&str, Role); 13] = [
    (".lora_linear_layer.down.weight", Role::Down),
    (".lora_linear_layer.up.weight", Role::Up),
    (".lora_down.weight", Role::Down),
    (".lora_up.weight", Role::Up),
    (".lora_A.weight", Role::Down),
    (".lora_B.weight", Role::Up),
    (".lora_A.default.weight", Role::Down),
    (".lora_B.default.weight", Role::Up),
    (".lora.down.weight", Role::Down),
    (".lora.up.weight", Role::Up),
    ("_lora.down.weight", Role::Down),
    ("_lora.up.weight", Role::Up),
    (".alpha", Role::Alpha),
];

/// Parts of names that only other kinds of file have.
const KINDS: [(&str, &str); 12] = [
    (".hada_w", "LoHa"),
    (".lokr_w", "LoKr"),
    (".dora_scale", "DoRA"),
    (".lora_magnitude_vector", "DoRA"),
    (".lora_mid.", "LoCon with Tucker decomposition"),
    (".oft_", "OFT"),
    (".a1.weight", "GLoRA"),
    (".on_input", "IA3"),
    (".diff", "file of whole weight differences"),
    ("emb_params", "textual inversion"),
    ("model.diffusion_model.", "whole checkpoint"),
    ("ip_adapter.", "IP-Adapter"),
];

/// Parts of names that only other families' layers have.
const FAMILIES: [(&str, &str); 7] = [
    ("lora_te2_", "Stable Diffusion XL"),
    ("text_encoder_2.", "Stable Diffusion XL"),
    ("_transformer_blocks_1_", "Stable Diffusion XL"),
    (".transformer_blocks.1.", "Stable Diffusion XL"),
    ("joint_blocks", "Stable Diffusion 3"),
    ("double_blocks", "Flux"),
    ("single_transformer_blocks", "Flux"),
];

/// The two matrices of a layer.
#[derive(Debug, Clone)]
struct Pair {
    down: String,
    up: String,
    /// alpha / rank.
    scale: f64,
}

/// An opened file that fits the networks.
pub struct Lora {
    file: Checkpoint,
    pairs: BTreeMap<Layer, Pair>,
    unmatched: usize,
    path: PathBuf,
}

impl std::fmt::Debug for Lora {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Lora({}, {} layers)", self.path.display(), self.pairs.len())
    }
}

/// Names of one layer's tensors.
#[derive(Default)]
struct Names {
    down: Option<String>,
    up: Option<String>,
    alpha: Option<String>,
}

impl Lora {
    /// Reads the header, matches every name and checks every shape.
    pub(super) fn open(path: &Path, networks: &Networks) -> Result<Self, AdapterError> {
        let file = Checkpoint::open(&[path.to_owned()])?;
        refuse_others(&file, path)?;
        let modules = modules(&file);
        let settings = Settings::read(&file, path)?;
        let (mut pairs, mut unmatched) = (BTreeMap::new(), 0);
        for (module, names) in modules {
            let Some(layer) = networks.layer(&module) else {
                unmatched += 1;
                continue;
            };
            let (Some(down), Some(up)) = (names.down, names.up) else {
                return Err(damaged(format!("half of layer {} is missing", layer.name), path));
            };
            let rank = rank(&file, &down, &up, networks.shape(&layer), &layer, path)?;
            let alpha = names.alpha.map(|name| scalar(&file, &name, path)).transpose()?;
            let scale = settings.scale(layer.component, alpha, rank);
            pairs.insert(layer, Pair { down, up, scale });
        }
        if pairs.is_empty() {
            return Err(AdapterError::Nothing { unmatched, path: path.to_owned() });
        }
        Ok(Self { file, pairs, unmatched, path: path.to_owned() })
    }

    /// Layers of the file that the networks do not have.
    pub fn unmatched(&self) -> usize {
        self.unmatched
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is added to the network's tensor `name` of shape `shape`, f32; none where nothing is.
    pub(super) fn change(
        &self,
        component: Component,
        name: &str,
        shape: &[usize],
        strength: f64,
        device: &Device,
    ) -> Computed<Option<Tensor>> {
        let layer = Layer { component, name: name.to_owned() };
        let Some(pair) = self.pairs.get(&layer) else { return Ok(None) };
        let (down, up) = (self.matrix(&pair.down, device)?, self.matrix(&pair.up, device)?);
        let product = (up.matmul(&down)? * (pair.scale * strength))?;
        product.reshape(shape).map(Some)
    }

    /// A tensor as a matrix of its first axis and all others, f32.
    fn matrix(&self, name: &str, device: &Device) -> Computed<Tensor> {
        let tensor = self.file.read(name, DType::F32, device)?;
        tensor.flatten_from(1)
    }
}

fn refuse_others(file: &Checkpoint, path: &Path) -> Result<(), AdapterError> {
    let holding = |pairs: &[(&str, &'static str)]| {
        pairs.iter().find(|(part, _)| file.names().any(|name| name.contains(part))).map(|(_, what)| *what)
    };
    if let Some(kind) = holding(&KINDS) {
        return Err(AdapterError::Kind { kind, path: path.to_owned() });
    }
    match holding(&FAMILIES) {
        Some(family) => Err(AdapterError::Family { family, path: path.to_owned() }),
        None => Ok(()),
    }
}

/// Every layer of the file by its name there.
fn modules(file: &Checkpoint) -> BTreeMap<String, Names> {
    let mut modules: BTreeMap<String, Names> = BTreeMap::new();
    for name in file.names() {
        let ending = ROLES.iter().find_map(|(ending, role)| Some((name.strip_suffix(ending)?, *role)));
        let (module, role) = ending.unwrap_or((name, Role::Alpha));
        let names = modules.entry(module.to_owned()).or_default();
        let place = match role {
            Role::Down => &mut names.down,
            Role::Up => &mut names.up,
            Role::Alpha => &mut names.alpha,
        };
        *place = Some(name.to_owned());
    }
    modules
}

/// The rank of a layer's matrices, whose shapes must give the layer's: linear ones, or the two convolutions
/// that a convolution is split into.
fn rank(
    file: &Checkpoint,
    down: &str,
    up: &str,
    layer_shape: &[usize],
    layer: &Layer,
    path: &Path,
) -> Result<usize, AdapterError> {
    let (down, up) = (file.shape(down).unwrap_or_default(), file.shape(up).unwrap_or_default());
    let rank = down.first().copied().unwrap_or(0);
    let tail = |shape: &[usize]| shape.iter().skip(1).product::<usize>();
    let fits = rank > 0
        && up.first() == layer_shape.first()
        && tail(up) == rank
        && down.get(1) == layer_shape.get(1)
        && tail(down) == tail(layer_shape);
    if fits {
        return Ok(rank);
    }
    let inputs = down.get(1).copied().unwrap_or(0);
    let family = match inputs {
        1024 if layer.name.contains("attn2.to_") => Some("Stable Diffusion 2"),
        2048 if layer.name.contains("attn2.to_") => Some("Stable Diffusion XL"),
        _ => None,
    };
    if let Some(family) = family {
        return Err(AdapterError::Family { family, path: path.to_owned() });
    }
    let found = vec![up.first().copied().unwrap_or(0), inputs];
    let (layer, expected) = (layer.name.clone(), layer_shape.to_vec());
    Err(AdapterError::Shape { layer, found, expected, path: path.to_owned() })
}

/// A tensor of one number.
fn scalar(file: &Checkpoint, name: &str, path: &Path) -> Result<f64, AdapterError> {
    let one = file.shape(name).is_some_and(|shape| shape.iter().product::<usize>() == 1);
    let read = || file.read(name, DType::F32, &Device::Cpu)?.flatten_all()?.get(0)?.to_scalar::<f32>();
    let value = if one { read().ok() } else { None };
    value
        .filter(|value| value.is_finite())
        .map(f64::from)
        .ok_or_else(|| damaged(format!("{name} is no number"), path))
}

/// What PEFT notes beside the tensors.
struct Settings(Map<String, Value>);

impl Settings {
    fn read(file: &Checkpoint, path: &Path) -> Result<Self, AdapterError> {
        let Some(text) = file.notes().get("lora_adapter_metadata").copied() else {
            return Ok(Self(Map::new()));
        };
        let settings: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| damaged("its notes are no JSON", path))?;
        let set = |ending: &str| {
            settings.iter().any(|(name, value)| {
                name.ends_with(ending)
                    && !(value.is_null() || value == false || value == &Value::Object(Map::new()))
            })
        };
        for (ending, kind) in [("use_dora", "DoRA"), ("alpha_pattern", "LoRA with an alpha a layer")] {
            if set(ending) {
                return Err(AdapterError::Kind { kind, path: path.to_owned() });
            }
        }
        Ok(Self(settings))
    }

    /// alpha / rank; alpha is the file's own, that of the notes, or the rank.
    fn scale(&self, component: Component, alpha: Option<f64>, rank: usize) -> f64 {
        let part = if component == Component::Text { "text_encoder" } else { "unet" };
        let noted = |name: &str| self.0.get(&format!("{part}.{name}"));
        let rank = rank as f64;
        let alpha = alpha.or_else(|| noted("lora_alpha").and_then(Value::as_f64)).unwrap_or(rank);
        let stable = noted("use_rslora").and_then(Value::as_bool).unwrap_or(false);
        if stable { alpha / rank.sqrt() } else { alpha / rank }
    }
}

//! Weights and inputs for the networks' tests: made from names, the same on every machine.

use super::unet::UNetConfig;
use super::{NetworkSize, Request};
use crate::body::PosedBody;
use crate::picture::Planes;
use crate::project::{Ear, Recipe};
use crate::scene::{Band, Camera, Misfit, Scene};
use candle_core::{DType, Device, Result, Shape, Tensor, Var};
use candle_nn::Init;
use candle_nn::var_builder::{SimpleBackend, VarBuilder};
use glam::{DVec2, Vec3};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Makes every tensor that is asked for, from its name.
#[derive(Clone, Default)]
pub(crate) struct Seeded {
    /// Tensors that start as zeros stay zeros.
    pub(crate) zeros: bool,
    /// Names that become variables, by a part of the name.
    pub(crate) trained: Option<&'static str>,
    pub(crate) variables: Arc<Mutex<BTreeMap<String, Var>>>,
}

impl Seeded {
    pub(crate) fn builder(&self) -> VarBuilder<'static> {
        self.builder_of(DType::F32)
    }

    pub(crate) fn builder_of(&self, dtype: DType) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), dtype, Device::Cpu)
    }
}

impl SimpleBackend for Seeded {
    fn get(&self, shape: Shape, name: &str, init: Init, dtype: DType, _: &Device) -> Result<Tensor> {
        let spread = match init {
            Init::Const(0.0) if self.zeros => 0.0,
            Init::Const(_) => 0.1,
            Init::Uniform { up, .. } => 2.0 * up,
            _ => 0.5,
        };
        let centre = if let Init::Const(centre) = init { centre } else { 0.0 };
        let tensor = ((noise(shape.dims(), name) * spread)? + centre)?.to_dtype(dtype)?;
        if self.trained.is_none_or(|part| !name.contains(part)) {
            return Ok(tensor);
        }
        let variable = Var::from_tensor(&tensor)?;
        let tensor = variable.as_tensor().clone();
        self.variables.lock().expect("no test panicked here").insert(name.to_owned(), variable);
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        candle_core::bail!("{name} without a shape")
    }

    fn contains_tensor(&self, _: &str) -> bool {
        true
    }
}

/// Numbers in -1..1, from a seed.
pub(crate) fn noise(shape: &[usize], seed: &str) -> Tensor {
    let mut state = seed
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let values: Vec<f32> = (0..shape.iter().product::<usize>()).map(|_| next()).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).expect("as many numbers as the shape holds")
}

/// Largest absolute difference.
pub(crate) fn difference(a: &Tensor, b: &Tensor) -> f32 {
    let gap = (a - b).expect("same shapes").abs().and_then(|gap| gap.flatten_all());
    gap.and_then(|gap| gap.max(0)?.to_scalar()).expect("finite numbers")
}

/// Length of the difference over that of `b`.
pub(crate) fn relative(a: &Tensor, b: &Tensor) -> f32 {
    let length = |x: &Tensor| x.sqr()?.sum_all()?.sqrt()?.to_scalar::<f32>();
    (a - b).and_then(|gap| Ok(length(&gap)? / length(b)?)).expect("same shapes")
}

/// Three levels, the coarsest without transformers: every kind of block in miniature.
pub(crate) fn tiny_unet() -> UNetConfig {
    let json = r#"{"block_out_channels": [8, 16, 16], "norm_num_groups": 4, "attention_head_dim": 2,
        "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
        "cross_attention_dim": 12, "layers_per_block": 1, "sample_size": 64}"#;
    serde_json::from_str(json).expect("a config as diffusers writes it")
}

/// Hands over a small request without a face, over an empty scene.
pub(crate) fn with_request(work: impl FnOnce(&Request<'_>)) {
    let body = PosedBody {
        vertices: Vec::new(),
        normals: Vec::new(),
        joints: Vec::new(),
        landmarks: [Vec3::ZERO; 68],
        nose_tip: Vec3::ZERO,
        lobes: [Vec3::ZERO; 2],
    };
    let (focal, centre) = (DVec2::ONE, DVec2::ZERO);
    let scene = Scene {
        body,
        camera: Camera { focal, centre, translation: Vec3::ZERO, width: 64, height: 64 },
        band: Band { top: 0.0, bottom: 1.0 },
        hook_in_canvas: None,
        lobe_in_canvas: DVec2::ZERO,
        ear: Ear::Left,
        misfit: Misfit::default(),
    };
    work(&Request {
        size: NetworkSize::new(64, 64).expect("a multiple of 8"),
        hint: &Planes::zeros(4, 64, 64),
        pose_image: &Planes::zeros(3, 224, 224),
        appearance_image: None,
        prompt: "",
        negative_prompt: "",
        recipe: &Recipe::default(),
        scene: &scene,
        matte: &Planes::zeros(1, 64, 64),
        trace: false,
    });
}

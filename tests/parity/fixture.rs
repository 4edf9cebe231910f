//! What an oracle left: cases with their configs, and the outputs it computed.

use crate::made;
use candle_core::{Device, Tensor, Var};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// A folder of fixtures.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity")
}

/// One network of made weights.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    config: serde_json::Value,
    /// Names and shapes of a weight file.
    weights: Vec<(String, Vec<usize>)>,
    /// Names, kinds and shapes.
    inputs: Vec<(String, String, Vec<usize>)>,
    /// What PyTorch's own bf16 and f16 are off its f32; empty where a half cannot hold the case.
    pub(crate) half: BTreeMap<String, f32>,
    numbers: BTreeMap<String, f64>,
    /// Sets this case's weights off the others'.
    #[serde(skip)]
    scope: String,
}

impl Case {
    pub(crate) fn config<T: DeserializeOwned>(&self) -> T {
        serde_json::from_value(self.config.clone()).unwrap()
    }

    pub(crate) fn number(&self, name: &str) -> f64 {
        self.numbers[name]
    }

    pub(crate) fn has(&self, input: &str) -> bool {
        self.inputs.iter().any(|(name, ..)| name == input)
    }

    pub(crate) fn input(&self, name: &str) -> Tensor {
        let (name, kind, shape) = self.inputs.iter().find(|(known, ..)| known == name).unwrap();
        made::input(kind, &format!("{}/{name}", self.scope), shape)
    }

    /// Every weight by name, made, as a variable, in the order of the file.
    pub(crate) fn variables(&self) -> Vec<(String, Var)> {
        let variable = |(name, shape): &(String, Vec<usize>)| {
            let values = made::weight(&format!("{}/{name}", self.scope), shape);
            let tensor = Tensor::from_vec(values, shape.as_slice(), &Device::Cpu).unwrap();
            (name.clone(), Var::from_tensor(&tensor).unwrap())
        };
        self.weights.iter().map(variable).collect()
    }

    /// The weight file, as another program would have saved it.
    pub(crate) fn write_weights(&self, path: &Path) {
        write_weights(&self.weights, &self.scope, path);
    }
}

/// A file of made weights.
pub(crate) fn write_weights(names: &[(String, Vec<usize>)], scope: &str, path: &Path) {
    let made = |(name, shape): &(String, Vec<usize>)| {
        let values = made::weight(&format!("{scope}/{name}"), shape);
        (name.clone(), shape.clone(), bytemuck::cast_slice(&values).to_vec())
    };
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = names.iter().map(made).collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize_to_file(views, None, path).unwrap();
}

/// One component's file.
pub(crate) struct Fixture {
    pub(crate) cases: Vec<Case>,
    tensors: HashMap<String, Tensor>,
}

impl Fixture {
    pub(crate) fn open(component: &str) -> Self {
        let bytes = std::fs::read(folder().join(component).with_extension("safetensors")).unwrap();
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let mut cases: Vec<Case> =
            serde_json::from_str(&metadata.metadata().as_ref().unwrap()["cases"]).unwrap();
        for case in &mut cases {
            case.scope = format!("{component}/{}", case.name);
        }
        Self { cases, tensors: candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap() }
    }

    /// A case's expected outputs by name.
    pub(crate) fn expected(&self, case: &Case) -> BTreeMap<String, Tensor> {
        let of = |(name, tensor): (&String, &Tensor)| {
            let (owner, output) = name.rsplit_once('/')?;
            (owner == case.name).then(|| (output.to_owned(), tensor.clone()))
        };
        self.tensors.iter().filter_map(of).collect()
    }
}

//! The tensors of a run, for whoever compares it with another program's (CONTRACTS).

use candle_core::{DType, Result, Tensor};
use std::collections::BTreeMap;

/// Tensors by name, each with its shape; stays empty unless asked for.
pub(super) struct Trace {
    wanted: bool,
    tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Trace {
    pub(super) fn new(wanted: bool) -> Self {
        Self { wanted, tensors: BTreeMap::new() }
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wanted
    }

    pub(super) fn keep(&mut self, name: &str, tensor: &Tensor) -> Result<()> {
        if self.wanted {
            let values = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
            self.tensors.insert(name.to_owned(), (tensor.dims().to_vec(), values));
        }
        Ok(())
    }

    pub(super) fn into_tensors(self) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
        self.tensors
    }
}

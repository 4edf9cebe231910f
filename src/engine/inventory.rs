//! The tensors a network asks for, without their numbers.
//!
//! An [`Inventory`] stands in for a weight file: it notes every name and shape and hands back one zero,
//! stretched, so a network of Stable Diffusion's size is listed in milliseconds. Whoever writes bundles or
//! counts parameters asks the networks themselves and keeps no second list.

use candle_core::{DType, Device, Result, Shape, Tensor};
use candle_nn::Init;
use candle_nn::var_builder::{SimpleBackend, VarBuilder};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One tensor that a network asked for.
#[derive(Debug, Clone)]
pub struct Entry {
    pub shape: Vec<usize>,
    /// How a fresh network starts it.
    pub init: Init,
}

impl Entry {
    /// Numbers it holds.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Notes what networks ask for.
#[derive(Debug, Clone, Default)]
pub struct Inventory(Arc<Mutex<BTreeMap<String, Entry>>>);

impl Inventory {
    /// A weight source that answers every name. It claims to hold none, so a network takes the newest of
    /// several names and the parts that its config asks for.
    pub fn builder(&self, dtype: DType) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), dtype, Device::Cpu)
    }

    /// Everything asked for so far, by name.
    pub fn entries(&self) -> BTreeMap<String, Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Numbers in all tensors together.
    pub fn parameters(&self) -> usize {
        self.entries().values().map(Entry::elements).sum()
    }
}

impl SimpleBackend for Inventory {
    fn get(&self, shape: Shape, name: &str, init: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        let entry = Entry { shape: shape.dims().to_vec(), init };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), entry);
        Tensor::zeros((), dtype, device)?.broadcast_as(shape)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        candle_core::bail!("an inventory knows no shapes, and {name} was asked for without one")
    }

    fn contains_tensor(&self, _: &str) -> bool {
        false
    }
}

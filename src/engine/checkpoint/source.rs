//! The two ways a network meets a checkpoint: taking its tensors, or only asking whether they fit.

use super::{Checkpoint, CheckpointError, Found};
use candle_core::{DType, Device, Error, Result, Shape, Tensor};
use candle_nn::Init;
use candle_nn::var_builder::{SimpleBackend, VarBuilder};
use safetensors::tensor::Dtype;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

impl Checkpoint {
    /// The tensor of this name, if it is there, has this shape and a type we read.
    pub(in crate::engine) fn fitting(
        &self,
        name: &str,
        expected: &[usize],
    ) -> std::result::Result<(Found<'_>, DType), CheckpointError> {
        let Some(found) = self.tensor(name) else {
            return Err(CheckpointError::NoTensor {
                tensor: name.to_owned(),
                expected: expected.to_vec(),
                path: self.first_path(),
            });
        };
        if !same_numbers(found.shape, expected) {
            return Err(CheckpointError::Shape {
                tensor: name.to_owned(),
                expected: expected.to_vec(),
                found: found.shape.to_vec(),
                path: found.path.to_owned(),
            });
        }
        let dtype = match found.dtype {
            Dtype::F32 => DType::F32,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            other => {
                return Err(CheckpointError::Type {
                    tensor: name.to_owned(),
                    found: format!("{other:?}"),
                    path: found.path.to_owned(),
                });
            }
        };
        Ok((found, dtype))
    }
}

impl Checkpoint {
    /// A tensor of any shape that is there.
    pub fn read(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        let shape = self.shape(name).unwrap_or_default();
        let (found, stored) = self.fitting(name, shape).map_err(Error::wrap)?;
        Tensor::from_raw_buffer(found.data, stored, shape, device)?.to_dtype(dtype)
    }
}

/// Equal shapes, or a linear layer's and a 1x1 convolution's: the same numbers in the same order.
fn same_numbers(found: &[usize], expected: &[usize]) -> bool {
    let matrix = |shape: &[usize]| match *shape {
        [outputs, inputs] | [outputs, inputs, 1, 1] => Some((outputs, inputs)),
        _ => None,
    };
    found == expected || (matrix(found).is_some() && matrix(found) == matrix(expected))
}

/// A weight source over a checkpoint.
pub struct Weights(Checkpoint);

impl Weights {
    pub fn new(checkpoint: Checkpoint) -> Self {
        Self(checkpoint)
    }

    /// A builder that turns tensors to `dtype` on `device` as networks ask for them.
    pub fn builder(checkpoint: Checkpoint, dtype: DType, device: &Device) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(Self(checkpoint)), dtype, device.clone())
    }
}

impl SimpleBackend for Weights {
    fn get(&self, shape: Shape, name: &str, _: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        let (found, stored) = self.0.fitting(name, shape.dims()).map_err(Error::wrap)?;
        let tensor = Tensor::from_raw_buffer(found.data, stored, shape.dims(), device)?.to_dtype(dtype);
        self.0.give_back(name);
        tensor
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        let shape = self.0.tensor(name).map(|found| found.shape.to_vec()).unwrap_or_default();
        self.get(Shape::from(shape), name, Init::Const(0.0), dtype, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.0.resolve(name).is_some()
    }
}

/// Answers like a checkpoint but reads no numbers, and notes all that does not fit.
#[derive(Clone)]
pub struct Probe {
    checkpoint: Arc<Checkpoint>,
    seen: Arc<Mutex<Seen>>,
}

/// What a network asked a [`Probe`] for.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Numbers in all tensors together.
    pub parameters: usize,
    /// One line for each tensor that is missing or does not fit.
    pub problems: Vec<String>,
    /// Asked for and found, by their names in the files.
    known: BTreeSet<String>,
}

impl Probe {
    pub fn new(checkpoint: Checkpoint) -> Self {
        Self { checkpoint: Arc::new(checkpoint), seen: Arc::default() }
    }

    /// A weight source of stretched zeros.
    pub fn builder(&self) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), DType::F32, Device::Cpu)
    }

    /// Tensors in the files that nobody asked for.
    pub fn extra(&self) -> usize {
        let known = self.seen().known;
        self.checkpoint.names().filter(|name| !known.contains(*name)).count()
    }

    /// Everything noted so far.
    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl SimpleBackend for Probe {
    fn get(&self, shape: Shape, name: &str, _: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.parameters += shape.elem_count();
        seen.known.extend(self.checkpoint.resolve(name).map(|(name, _)| name.to_owned()));
        if let Err(problem) = self.checkpoint.fitting(name, shape.dims()) {
            seen.problems.push(problem.to_string());
        }
        Tensor::zeros((), dtype, device)?.broadcast_as(shape)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        candle_core::bail!("a probe knows no shapes, and {name} was asked for without one")
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.checkpoint.resolve(name).is_some()
    }
}

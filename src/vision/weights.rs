//! Small networks' weights as they are shipped: a byte a number, spread over each tensor's own range.
//!
//! Beside a byte tensor `name` stands `name.affine` with its scale and smallest value; a tensor without one is
//! plain f32. Values come out as TensorFlow.js dequantises them, in double precision and then rounded.

use super::VisionError;
use candle_core::{DType, Device, Tensor};
use std::collections::HashMap;

/// A network's tensors by name, f32.
pub(super) struct Weights {
    /// The network's name, for errors.
    network: &'static str,
    tensors: HashMap<String, Tensor>,
}

/// A convolution's filters `[out, in, rows, columns]` and bias `[1, out, 1, 1]`.
#[derive(Debug)]
pub(super) struct Filters {
    pub(super) weight: Tensor,
    pub(super) bias: Tensor,
}

impl Weights {
    pub(super) fn read(network: &'static str, file: &[u8]) -> Result<Self, VisionError> {
        let stored = candle_core::safetensors::load_buffer(file, &Device::Cpu)?;
        let plain = stored.iter().filter(|(name, _)| !name.ends_with(".affine"));
        let tensors = plain
            .map(|(name, tensor)| Ok((name.clone(), spread(tensor, stored.get(&format!("{name}.affine")))?)))
            .collect::<candle_core::Result<_>>()?;
        Ok(Self { network, tensors })
    }

    pub(super) fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor, VisionError> {
        let tensor = self.tensors.get(name).filter(|tensor| tensor.dims() == shape);
        tensor.cloned().ok_or_else(|| VisionError::Weights { network: self.network, tensor: name.to_owned() })
    }

    /// `[1, channels, 1, 1]`.
    pub(super) fn per_channel(&self, name: &str, channels: usize) -> Result<Tensor, VisionError> {
        Ok(self.get(name, &[channels])?.reshape((1, channels, 1, 1))?)
    }

    /// Square filters of `size`.
    pub(super) fn filters(
        &self,
        name: &str,
        channels: [usize; 2],
        size: usize,
    ) -> Result<Filters, VisionError> {
        let [inputs, outputs] = channels;
        let weight = self.get(&format!("{name}.filters"), &[outputs, inputs, size, size])?;
        Ok(Filters { weight, bias: self.per_channel(&format!("{name}.bias"), outputs)? })
    }

    /// A 3 x 3 filter per channel and the mixing of channels after it, as the one convolution that they are
    /// together: candle has no fast way for the first.
    pub(super) fn separable(&self, name: &str, channels: [usize; 2]) -> Result<Filters, VisionError> {
        let [inputs, outputs] = channels;
        let depth = self.get(&format!("{name}.depthwise_filter"), &[inputs, 1, 3, 3])?;
        let mixing = self.get(&format!("{name}.pointwise_filter"), &[outputs, inputs, 1, 1])?;
        let weight = mixing.broadcast_mul(&depth.reshape((1, inputs, 3, 3))?)?;
        Ok(Filters { weight, bias: self.per_channel(&format!("{name}.bias"), outputs)? })
    }
}

/// Bytes to values; other tensors are f32 already.
fn spread(tensor: &Tensor, affine: Option<&Tensor>) -> candle_core::Result<Tensor> {
    let Some(affine) = affine else { return tensor.to_dtype(DType::F32) };
    let affine = affine.to_dtype(DType::F64)?;
    let [scale, smallest] = [affine.get(0)?.to_scalar::<f64>()?, affine.get(1)?.to_scalar::<f64>()?];
    tensor.to_dtype(DType::F64)?.affine(scale, smallest)?.to_dtype(DType::F32)
}

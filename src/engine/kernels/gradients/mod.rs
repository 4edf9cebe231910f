//! The same operations where gradients are asked for: candle's custom operations, forward and backward by
//! these kernels, so that candle's own autograd trains on them. f32 on the CPU.
//!
//! Nothing but the operands is kept between forward and backward; what else backward needs is computed again.
//! Sums over rows are taken in blocks of fixed length, so threads change no bit of a gradient either.

mod attention;
mod norm;
mod pointwise;
mod product;

use super::conv::Window;
use super::gemm::Curve;
use super::tensors::{Floats, floats, made, numbers};
use candle_core::{CpuStorage, DType, Layout, Result, Shape, Tensor};

pub(in crate::engine) use attention::attend;
pub(in crate::engine) use norm::{group_norm, layer_norm};
pub(in crate::engine) use pointwise::{bend, double, geglu};

/// Whether these work on `x`.
pub(in crate::engine) fn trainable(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}

/// `x w^T + bias` over the last axis: `x` `[.., inputs]`, `weight` `[outputs, inputs]`, `bias` `[outputs]`.
pub(in crate::engine) fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let y = x.contiguous()?.apply_op2(&weight.contiguous()?, product::Linear)?;
    with_bias(y, bias)
}

/// A 3x3 convolution of `x` `[b, h, w, inputs]`: `weight` `[outputs, inputs, 3, 3]`, `bias` `[outputs]`.
pub(in crate::engine) fn convolve(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    window: Window,
) -> Result<Tensor> {
    let y = x.contiguous()?.apply_op2(&weight.contiguous()?, product::Convolution { window })?;
    with_bias(y, Some(bias))
}

fn with_bias(y: Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    match bias {
        Some(bias) => y.apply_op2(&bias.contiguous()?, pointwise::AddBias),
        None => Ok(y),
    }
}

/// An operand's numbers.
fn operand<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    numbers(storage, layout.contiguous_offsets())
}

/// A result of `shape` that `work` fills.
fn result(shape: &[usize], work: impl FnOnce(&mut [f32])) -> (CpuStorage, Shape) {
    let mut out = vec![0.0; shape.iter().product()];
    work(&mut out);
    (CpuStorage::F32(out), Shape::from(shape))
}

/// Runs `work` on the numbers of operands and gradients.
fn with_numbers<const N: usize, T>(
    tensors: [&Tensor; N],
    work: impl FnOnce([&[f32]; N]) -> Result<T>,
) -> Result<T> {
    let dense = tensors.map(|tensor| tensor.detach().contiguous()).into_iter().collect::<Result<Vec<_>>>()?;
    let held: Vec<_> = dense.iter().map(floats).collect();
    let slices = held.iter().map(Floats::get).collect::<Result<Vec<_>>>()?;
    work(std::array::from_fn(|i| slices[i]))
}

/// The gradient of an operand, if it is asked for.
fn wanted(of: &Tensor, work: impl FnOnce() -> Result<Tensor>) -> Result<Option<Tensor>> {
    of.track_op().then(work).transpose()
}

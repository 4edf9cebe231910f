//! Kernels on candle's tensors: who may come in, and what shape goes out.

use super::attention::{self, Sizes};
use super::gemm::{Curve, Finish};
use super::norm::{self, Affine};
use super::pointwise;
use super::simd::Isa;
use candle_core::{CpuStorage, D, DType, Device, Result, Storage, Tensor};
use std::ops::Deref;

/// Whether kernels may work on `x`: f32 or a half type on the CPU, and nothing asks for gradients.
pub(in crate::engine) fn usable(x: &Tensor) -> bool {
    let known = matches!(x.dtype(), DType::F32 | DType::F16 | DType::BF16);
    x.device().is_cpu() && known && !x.track_op()
}

/// `work` on tensors of f32; the result has the first one's type. Half types only store numbers here: the
/// processor computes in f32.
fn in_f32<const N: usize>(
    tensors: [&Tensor; N],
    work: impl FnOnce([&Tensor; N]) -> Result<Tensor>,
) -> Result<Tensor> {
    let dtype = tensors.first().map_or(DType::F32, |tensor| tensor.dtype());
    let wide = tensors.map(|tensor| tensor.to_dtype(DType::F32)).into_iter().collect::<Result<Vec<_>>>()?;
    work(std::array::from_fn(|i| &wide[i]))?.to_dtype(dtype)
}

/// The numbers of a contiguous tensor, which nobody changes meanwhile.
pub(super) struct Floats<S> {
    storage: S,
    /// From, to.
    place: Option<(usize, usize)>,
}

pub(super) fn floats(x: &Tensor) -> Floats<impl Deref<Target = Storage>> {
    let (storage, layout) = x.storage_and_layout();
    Floats { storage, place: layout.contiguous_offsets() }
}

impl<S: Deref<Target = Storage>> Floats<S> {
    pub(super) fn get(&self) -> Result<&[f32]> {
        match &*self.storage {
            Storage::Cpu(all) => numbers(all, self.place),
            _ => candle_core::bail!("kernels take numbers on the CPU"),
        }
    }
}

/// The numbers from, to.
pub(super) fn numbers(all: &CpuStorage, place: Option<(usize, usize)>) -> Result<&[f32]> {
    match (all, place) {
        (CpuStorage::F32(all), Some((from, to))) => Ok(&all[from..to]),
        _ => candle_core::bail!("kernels take contiguous f32"),
    }
}

/// A tensor of `shape` that `work` fills.
pub(super) fn made(shape: &[usize], work: impl FnOnce(&mut [f32])) -> Result<Tensor> {
    let mut out = vec![0.0; shape.iter().product()];
    work(&mut out);
    Tensor::from_vec(out, shape, &Device::Cpu)
}

/// What follows a product: `(x w + bias + residual)`, bent.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::engine) struct Extras<'a> {
    /// `[outputs]`.
    pub(in crate::engine) bias: Option<&'a Tensor>,
    /// The result's shape.
    pub(in crate::engine) residual: Option<&'a Tensor>,
    pub(in crate::engine) curve: Curve,
}

impl Extras<'_> {
    pub(super) fn usable(&self) -> bool {
        self.bias.is_none_or(usable) && self.residual.is_none_or(usable)
    }

    /// Runs `work` with these as numbers, after checking them against the result's `shape`.
    pub(super) fn with(
        &self,
        shape: &[usize],
        work: impl FnOnce(Finish<'_>) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let outputs = shape.last().copied().unwrap_or(0);
        if let Some(residual) = self.residual.filter(|residual| residual.dims() != shape) {
            candle_core::bail!("{:?} cannot be added to {shape:?}", residual.dims());
        }
        if let Some(bias) = self.bias.filter(|bias| bias.elem_count() != outputs) {
            candle_core::bail!("a bias of {:?} does not fit {shape:?}", bias.dims());
        }
        let numbers = |tensor: &Tensor| tensor.to_dtype(DType::F32)?.contiguous();
        let bias = self.bias.map(numbers).transpose()?;
        let residual = self.residual.map(numbers).transpose()?;
        let bias = bias.as_ref().map(floats);
        let residual = residual.as_ref().map(floats);
        work(Finish {
            bias: bias.as_ref().map(Floats::get).transpose()?,
            residual: residual.as_ref().map(Floats::get).transpose()?,
            curve: self.curve,
        })
    }
}

/// `softmax(q k^T / sqrt(d)) v` by heads, all usable: `q` `[b, n, c]`, `k` and `v` `[b or 1, m, c]`.
pub(in crate::engine) fn attend(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: usize,
    causal: bool,
) -> Result<Tensor> {
    let sizes = Sizes::of(q.dims(), k.dims(), v.dims(), heads, causal)?;
    let shape = q.dims().to_vec();
    in_f32([q, k, v], |tensors| {
        let [q, k, v] = tensors.map(Tensor::contiguous);
        let (q, k, v) = (q?, k?, v?);
        let (q, k, v) = (floats(&q), floats(&k), floats(&v));
        let (q, k, v) = (q.get()?, k.get()?, v.get()?);
        made(&shape, |out| attention::attend(Isa::best(), sizes, q, k, v, out))
    })
}

/// Normalises groups of channels of `x` `[b, h, w, c]`, then bends; all usable, `weight` and `bias` `[c]`.
pub(in crate::engine) fn group_norm(
    x: &Tensor,
    (weight, bias): (&Tensor, &Tensor),
    groups: usize,
    eps: f64,
    curve: Curve,
) -> Result<Tensor> {
    let (_, h, w, channels) = x.dims4()?;
    if groups == 0 || channels % groups != 0 {
        candle_core::bail!("{channels} channels cannot be {groups} groups");
    }
    normalised(x, weight, bias, eps, |x, affine, out| {
        norm::group_norm(Isa::best(), x, h * w, groups, affine, curve, out);
    })
}

/// Mean and variance of groups of channels of `x` `[b, h, w, c]`, usable: `[b, 1, c]` each, repeated for a
/// group's channels, in f32.
pub(in crate::engine) fn group_moments(x: &Tensor, groups: usize) -> Result<(Tensor, Tensor)> {
    let (b, h, w, channels) = x.dims4()?;
    if groups == 0 || channels % groups != 0 || h * w == 0 {
        candle_core::bail!("{:?} cannot be {groups} groups", x.dims());
    }
    let x = x.to_dtype(DType::F32)?.contiguous()?;
    let numbers = floats(&x);
    let moments = norm::group_moments(Isa::best(), numbers.get()?, h * w, channels, groups);
    let one = |which: usize| {
        let values: Vec<f32> = moments.iter().map(|both| both[which] as f32).collect();
        Tensor::from_vec(values, (b, 1, channels), &Device::Cpu)
    };
    Ok((one(0)?, one(1)?))
}

/// `curve(gain x + shift)`: `x` `[b, h, w, c]`, `gain` and `shift` `[b, 1, c]`; all usable.
pub(in crate::engine) fn scaled(x: &Tensor, gain: &Tensor, shift: &Tensor, curve: Curve) -> Result<Tensor> {
    let (b, h, w, channels) = x.dims4()?;
    if gain.elem_count() != b * channels || shift.elem_count() != b * channels {
        candle_core::bail!("a line of {:?} does not fit {:?}", gain.dims(), x.dims());
    }
    in_f32([x, gain, shift], |tensors| {
        let [x, gain, shift] = tensors.map(Tensor::contiguous);
        let (x, gain, shift) = (x?, gain?, shift?);
        let (numbers, gain, shift) = (floats(&x), floats(&gain), floats(&shift));
        let (numbers, lines) = (numbers.get()?, (gain.get()?, shift.get()?));
        made(x.dims(), |out| norm::scaled(Isa::best(), numbers, [h * w, channels], lines, curve, out))
    })
}

/// Normalises each token of `x` `[.., c]`; all usable, `weight` and `bias` `[c]`.
pub(in crate::engine) fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    normalised(x, weight, bias, eps, |x, affine, out| norm::layer_norm(Isa::best(), x, affine, out))
}

fn normalised(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    eps: f64,
    work: impl FnOnce(&[f32], Affine<'_>, &mut [f32]),
) -> Result<Tensor> {
    let channels = x.dim(D::Minus1)?;
    if weight.elem_count() != channels || bias.elem_count() != channels {
        candle_core::bail!("a norm of {:?} cannot take {:?}", weight.dims(), x.dims());
    }
    in_f32([x, weight, bias], |tensors| {
        let [x, weight, bias] = tensors.map(Tensor::contiguous);
        let (x, weight, bias) = (x?, weight?, bias?);
        let (numbers, weight, bias) = (floats(&x), floats(&weight), floats(&bias));
        let affine = Affine { weight: weight.get()?, bias: bias.get()?, eps: eps as f32 };
        let numbers = numbers.get()?;
        made(x.dims(), |out| work(numbers, affine, out))
    })
}

/// `curve(x)`; usable.
pub(in crate::engine) fn bend(x: &Tensor, curve: Curve) -> Result<Tensor> {
    in_f32([x], |[x]| {
        let x = x.contiguous()?;
        let numbers = floats(&x);
        let numbers = numbers.get()?;
        made(x.dims(), |out| pointwise::bend(Isa::best(), numbers, curve, out))
    })
}

/// Of `x` `[.., 2c]`, usable: the first half times the exact GELU of the second, `[.., c]`.
pub(in crate::engine) fn geglu(x: &Tensor) -> Result<Tensor> {
    let width = x.dim(D::Minus1)? / 2;
    if x.dim(D::Minus1)? != 2 * width {
        candle_core::bail!("{:?} has no two halves", x.dims());
    }
    let mut shape = x.dims().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = width;
    }
    in_f32([x], |[x]| {
        let x = x.contiguous()?;
        let numbers = floats(&x);
        let numbers = numbers.get()?;
        made(&shape, |out| pointwise::geglu(Isa::best(), numbers, width, out))
    })
}

/// `x` `[b, h, w, c]`, usable, to `[b, 2h, 2w, c]`: each pixel four times.
pub(in crate::engine) fn double(x: &Tensor) -> Result<Tensor> {
    let (b, h, w, c) = x.dims4()?;
    in_f32([x], |[x]| {
        let x = x.contiguous()?;
        let numbers = floats(&x);
        let numbers = numbers.get()?;
        made(&[b, 2 * h, 2 * w, c], |out| pointwise::double(numbers, w, c, out))
    })
}

//! Normalisations, fused with the activation that follows them.

use super::{Activation, sum_dtype};
use crate::engine::kernels::gradients::{self, trainable};
use crate::engine::kernels::{self, Curve, usable};
use candle_core::{D, Result, Tensor};
use candle_nn::{Init, VarBuilder};

/// Scale and shift of a normalisation, `[channels]` each.
#[derive(Debug, Clone)]
struct Affine {
    weight: Tensor,
    bias: Tensor,
}

impl Affine {
    fn load(channels: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            weight: vb.get_with_hints(channels, "weight", Init::Const(1.0))?,
            bias: vb.get_with_hints(channels, "bias", Init::Const(0.0))?,
        })
    }

    /// Scales and shifts `x` `[.., channels]`.
    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        x.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)
    }

    fn usable_with(&self, x: &Tensor) -> bool {
        usable(x) && usable(&self.weight) && usable(&self.bias)
    }

    fn trainable_with(&self, x: &Tensor) -> bool {
        trainable(x) && trainable(&self.weight) && trainable(&self.bias)
    }

    fn tracked_with(&self, x: &Tensor) -> bool {
        x.track_op() || self.weight.track_op() || self.bias.track_op()
    }
}

/// Normalises each token over its channels.
#[derive(Debug, Clone)]
pub struct LayerNorm {
    affine: Affine,
    eps: f64,
}

impl LayerNorm {
    /// Reads `weight` and `bias`.
    pub fn load(channels: usize, eps: f64, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self { affine: Affine::load(channels, vb)?, eps })
    }

    /// `x` `[.., channels]`, same shape back.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if self.affine.usable_with(x) {
            return kernels::layer_norm(x, &self.affine.weight, &self.affine.bias, self.eps);
        }
        if self.affine.trainable_with(x) {
            return gradients::layer_norm(x, &self.affine.weight, &self.affine.bias, self.eps);
        }
        if self.affine.tracked_with(x) {
            let wide = x.to_dtype(sum_dtype(x.dtype()))?;
            let centred = wide.broadcast_sub(&wide.mean_keepdim(D::Minus1)?)?;
            let spread = (centred.sqr()?.mean_keepdim(D::Minus1)? + self.eps)?.sqrt()?;
            return self.affine.apply(&centred.broadcast_div(&spread)?.to_dtype(x.dtype())?);
        }
        // candle's fused kernel has no backward.
        candle_nn::ops::layer_norm(&x.contiguous()?, &self.affine.weight, &self.affine.bias, self.eps as f32)
    }
}

/// Normalises groups of channels over the whole picture.
#[derive(Debug, Clone)]
pub struct GroupNorm {
    affine: Affine,
    groups: usize,
    eps: f64,
}

impl GroupNorm {
    /// Reads `weight` and `bias`; `groups` divides `channels`.
    pub fn load(groups: usize, channels: usize, eps: f64, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self { affine: Affine::load(channels, vb)?, groups, eps })
    }

    /// `x` `[b, h, w, channels]`, same shape back.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if self.affine.usable_with(x) {
            return self.by_kernel(x, Curve::Straight);
        }
        if self.affine.trainable_with(x) {
            return self.by_gradients(x, Curve::Straight);
        }
        self.forward_plain(x)
    }

    fn by_gradients(&self, x: &Tensor, curve: Curve) -> Result<Tensor> {
        let affine = (&self.affine.weight, &self.affine.bias);
        gradients::group_norm(x, affine, self.groups, self.eps, curve)
    }

    fn by_kernel(&self, x: &Tensor, curve: Curve) -> Result<Tensor> {
        let affine = (&self.affine.weight, &self.affine.bias);
        kernels::group_norm(x, affine, self.groups, self.eps, curve)
    }

    /// By candle's own operations.
    fn forward_plain(&self, x: &Tensor) -> Result<Tensor> {
        let wide = pixels(x)?;
        let centred = wide.broadcast_sub(&self.group_mean(&wide)?)?;
        let variance = self.group_mean(&centred.sqr()?)?;
        self.scaled(&centred, &variance, x)
    }

    /// What [`Self::forward_silu_with`] needs to know of a picture, or of a part of it, `[b, h, w, channels]`.
    pub fn statistics(&self, x: &Tensor) -> Result<GroupStatistics> {
        if usable(x) {
            let (mean, variance) = kernels::group_moments(x, self.groups)?;
            return Ok(GroupStatistics { mean, variance, pixels: x.dim(1)? * x.dim(2)? });
        }
        let wide = pixels(x)?;
        let mean = self.group_mean(&wide)?;
        let variance = self.group_mean(&wide.broadcast_sub(&mean)?.sqr()?)?;
        Ok(GroupStatistics { mean, variance, pixels: wide.dim(1)? })
    }

    /// A part of a picture, normalised by the whole picture's statistics, then SiLU.
    pub fn forward_silu_with(&self, x: &Tensor, whole: &GroupStatistics) -> Result<Tensor> {
        if self.affine.usable_with(x) {
            let wide = whole.variance.dtype();
            let (weight, bias) = (self.affine.weight.to_dtype(wide)?, self.affine.bias.to_dtype(wide)?);
            let gain = weight.broadcast_div(&(&whole.variance + self.eps)?.sqrt()?)?;
            let shift = bias.broadcast_sub(&(&whole.mean * &gain)?)?;
            return kernels::scaled(x, &gain, &shift, Curve::Silu);
        }
        let centred = pixels(x)?.broadcast_sub(&whole.mean)?;
        Activation::Silu.apply(&self.scaled(&centred, &whole.variance, x)?)
    }

    /// `centred` over its deviation, scaled and shifted, with the shape and type of `like`.
    fn scaled(&self, centred: &Tensor, variance: &Tensor, like: &Tensor) -> Result<Tensor> {
        let spread = (variance + self.eps)?.sqrt()?;
        let weight = self.affine.weight.to_dtype(centred.dtype())?.broadcast_div(&spread)?;
        let bias = self.affine.bias.to_dtype(centred.dtype())?;
        let normed = centred.broadcast_mul(&weight)?.broadcast_add(&bias)?;
        normed.to_dtype(like.dtype())?.reshape(like.shape())
    }

    /// Mean over the picture and each group's channels, repeated for its channels: `[b, n, channels]` to
    /// `[b, 1, channels]`.
    fn group_mean(&self, x: &Tensor) -> Result<Tensor> {
        let (b, n, channels) = x.dims3()?;
        // Rows are summed as a matrix product: candle reduces outer axes one number at a time.
        let ones = Tensor::full(1.0 / n as f32, (1, n), x.device())?.to_dtype(x.dtype())?;
        let rows = ones.broadcast_as((b, 1, n))?.contiguous()?.matmul(x)?;
        let grouped = rows.reshape((b, self.groups, channels / self.groups))?;
        grouped.mean_keepdim(D::Minus1)?.broadcast_as(grouped.shape())?.reshape((b, 1, channels))
    }

    /// Normalised, then SiLU.
    pub fn forward_silu(&self, x: &Tensor) -> Result<Tensor> {
        if self.affine.usable_with(x) {
            return self.by_kernel(x, Curve::Silu);
        }
        if self.affine.trainable_with(x) {
            return self.by_gradients(x, Curve::Silu);
        }
        Activation::Silu.apply(&self.forward_plain(x)?)
    }
}

/// `[b, h, w, c]` as `[b, h * w, c]`, in the type that sums are taken in.
fn pixels(x: &Tensor) -> Result<Tensor> {
    let (b, h, w, channels) = x.dims4()?;
    x.reshape((b, h * w, channels))?.to_dtype(sum_dtype(x.dtype()))
}

/// Mean and variance of each group over a picture's pixels, repeated for the group's channels.
#[derive(Debug, Clone)]
pub struct GroupStatistics {
    /// `[b, 1, channels]`.
    mean: Tensor,
    /// Biased, `[b, 1, channels]`.
    variance: Tensor,
    pixels: usize,
}

impl GroupStatistics {
    /// The whole picture's, from those of the parts it was cut into; there must be one at least.
    pub fn pooled(parts: &[Self]) -> Result<Self> {
        let pixels = parts.iter().map(|part| part.pixels).sum::<usize>();
        let weighed = |part: &Self, x: &Tensor| x * (part.pixels as f64 / pixels as f64);
        let sum = |terms: Result<Vec<Tensor>>| Tensor::stack(&terms?, 0)?.sum(0);
        let mean = sum(parts.iter().map(|part| weighed(part, &part.mean)).collect())?;
        let spread = |part: &Self| weighed(part, &(&part.variance + (&part.mean - &mean)?.sqr()?)?);
        let variance = sum(parts.iter().map(spread).collect())?;
        Ok(Self { mean, variance, pixels })
    }
}

/// Unbiased standard deviation of each sample over tokens and channels, `[b, n, c]` to `[b, 1, 1]` f32.
///
/// `guard` bounds it from below, smoothly: `sqrt(var + guard^2)` has a finite gradient at a constant sample,
/// which a zero-initialised branch is.
pub fn guarded_std(x: &Tensor, guard: f64) -> Result<Tensor> {
    let (b, n, c) = x.dims3()?;
    let wide = x.to_dtype(sum_dtype(x.dtype()))?.reshape((b, n * c))?;
    let centred = wide.broadcast_sub(&wide.mean_keepdim(1)?)?;
    let variance = (centred.sqr()?.sum_keepdim(1)? / (n * c).saturating_sub(1).max(1) as f64)?;
    (variance + guard * guard)?.sqrt()?.reshape((b, 1, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device, Var};

    fn affine(channels: usize) -> Affine {
        let ramp = Tensor::arange(0u32, channels as u32, &Device::Cpu).unwrap().to_dtype(DType::F32).unwrap();
        Affine { weight: (&ramp + 0.5).unwrap(), bias: (&ramp * 0.1).unwrap() }
    }

    fn noise(shape: &[usize]) -> Tensor {
        let count = shape.iter().product::<usize>() as u32;
        let ramp = Tensor::arange(0u32, count, &Device::Cpu).unwrap().to_dtype(DType::F32).unwrap();
        ((ramp * 1.7).unwrap().sin().unwrap() * 3.0).unwrap().reshape(shape).unwrap()
    }

    fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
        let difference = (a - b).unwrap().abs().unwrap().flatten_all().unwrap();
        difference.max(0).unwrap().to_scalar().unwrap()
    }

    #[test]
    fn layer_norm_is_the_same_with_and_without_gradients() {
        let norm = LayerNorm { affine: affine(6), eps: 1e-5 };
        let x = noise(&[2, 3, 6]);
        let tracked = Var::from_tensor(&x).unwrap();
        let difference = largest_difference(&norm.forward(&x).unwrap(), &norm.forward(&tracked).unwrap());
        assert!(difference < 1e-5, "{difference}");
    }

    #[test]
    fn group_norm_agrees_with_candle_s_channels_first_one() {
        let (affine, x) = (affine(6), noise(&[2, 3, 5, 6]));
        let stock =
            candle_nn::GroupNorm::new(affine.weight.clone(), affine.bias.clone(), 6, 3, 1e-6).unwrap();
        let want =
            candle_core::Module::forward(&stock, &super::super::to_channels_first(&x).unwrap()).unwrap();
        let got = GroupNorm { affine, groups: 3, eps: 1e-6 }.forward(&x).unwrap();
        let difference = largest_difference(&got, &super::super::to_channels_last(&want).unwrap());
        assert!(difference < 1e-5, "{difference}");
    }

    #[test]
    fn parts_of_a_picture_are_normalised_as_the_whole_is() {
        let (norm, x) = (GroupNorm { affine: affine(6), groups: 3, eps: 1e-6 }, noise(&[2, 7, 5, 6]));
        let cuts = [(0, 1), (1, 4), (5, 2)].map(|(start, rows)| x.narrow(1, start, rows).unwrap());
        let parts: Vec<_> = cuts.iter().map(|part| norm.statistics(part).unwrap()).collect();
        let whole = GroupStatistics::pooled(&parts).unwrap();
        let got = cuts.map(|part| norm.forward_silu_with(&part, &whole).unwrap());
        let difference = largest_difference(&Tensor::cat(&got, 1).unwrap(), &norm.forward_silu(&x).unwrap());
        assert!(difference < 1e-5, "{difference}");
    }

    #[test]
    fn the_deviation_of_a_silent_branch_has_a_finite_gradient() {
        let silent = Var::zeros((1, 4, 3), DType::F32, &Device::Cpu).unwrap();
        let grads = guarded_std(&silent, 1e-6).unwrap().sum_all().unwrap().backward().unwrap();
        let grad = grads.get(&silent).unwrap().abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(grad.is_finite(), "{grad}");
    }
}

//! Normalisations: backward reads everything twice, once for sums and once to write.
//!
//! With `x^ = (x - mean) / deviation` and `y = curve(weight x^ + bias)`, and `du` the gradient before the curve:
//! the gradient of `x` is `(weight du - m1 - x^ m2) / deviation`, where `m1` and `m2` are the means of `weight du` and
//! of `weight du x^` over what was normalised together.

use super::super::norm::{self, Affine};
use super::super::simd::{Isa, Kernel, Simd};
use super::{Curve, made, operand, result, with_numbers};
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// Pixels or tokens whose sums are taken together: fixed, so that threads do not change the result.
const BLOCK: usize = 256;

type Gradients = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

/// Normalises groups of channels of `x` `[b, h, w, c]`, then bends; `weight` and `bias` `[c]`.
pub(in crate::engine) fn group_norm(
    x: &Tensor,
    (weight, bias): (&Tensor, &Tensor),
    groups: usize,
    eps: f64,
    curve: Curve,
) -> Result<Tensor> {
    let op = GroupNorm { groups, eps: eps as f32, curve };
    x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)
}

struct GroupNorm {
    groups: usize,
    eps: f32,
    curve: Curve,
}

impl CustomOp3 for GroupNorm {
    fn name(&self) -> &'static str {
        "group_norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        of_x: &Layout,
        weight: &CpuStorage,
        of_weight: &Layout,
        bias: &CpuStorage,
        of_bias: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, h, w, channels) = of_x.shape().dims4()?;
        let affine = affine(operand(weight, of_weight)?, operand(bias, of_bias)?, self.eps, channels)?;
        if self.groups == 0 || channels % self.groups != 0 || of_x.shape().elem_count() == 0 {
            candle_core::bail!("{:?} cannot be {} groups", of_x.dims(), self.groups);
        }
        let x = operand(x, of_x)?;
        Ok(result(of_x.dims(), |out| {
            norm::group_norm(Isa::best(), x, h * w, self.groups, affine, self.curve, out);
        }))
    }

    fn bwd(&self, x: &Tensor, weight: &Tensor, bias: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Gradients> {
        let (b, h, w, channels) = x.dims4()?;
        let pixels = h * w;
        let mut of_affine = vec![[0.0; 2]; channels];
        let dx = with_numbers([x, weight, bias, dy], |[numbers, weight, bias, dy]| {
            let affine = Affine { weight, bias, eps: self.eps };
            made(x.dims(), |out| {
                let moments = norm::group_moments(Isa::best(), numbers, pixels, channels, self.groups);
                for sample in 0..b {
                    let place = sample * pixels * channels..(sample + 1) * pixels * channels;
                    let lines = Lines::new(&moments[sample * channels..], affine);
                    let (x, dy) = (&numbers[place.clone()], &dy[place.clone()]);
                    let sums = self.sums(x, dy, &lines);
                    self.unscale(
                        x,
                        dy,
                        &lines,
                        &lines.slopes(weight, &sums, self.groups, pixels),
                        &mut out[place],
                    );
                    for (all, sums) in of_affine.iter_mut().zip(&sums) {
                        *all = [all[0] + sums[0], all[1] + sums[1]];
                    }
                }
            })
        })?;
        let [dbias, dweight] = vectors(&of_affine, bias)?;
        Ok((Some(dx), Some(dweight), Some(dbias)))
    }
}

fn affine<'a>(weight: &'a [f32], bias: &'a [f32], eps: f32, channels: usize) -> Result<Affine<'a>> {
    if weight.len() != channels || bias.len() != channels {
        candle_core::bail!("a norm of {} channels cannot take {channels}", weight.len());
    }
    Ok(Affine { weight, bias, eps })
}

/// The gradients of bias and weight as tensors.
fn vectors(both: &[[f64; 2]], like: &Tensor) -> Result<[Tensor; 2]> {
    let one = |which: usize| {
        let values: Vec<f32> = both.iter().map(|both| both[which] as f32).collect();
        Tensor::from_vec(values, like.shape(), like.device())
    };
    Ok([one(0)?, one(1)?])
}

/// A sample's lines, one for each channel.
#[derive(Default)]
struct Lines {
    /// `gain x + shift` is what is bent.
    gain: Vec<f32>,
    shift: Vec<f32>,
    /// `inverse x + centre` is `x^`.
    inverse: Vec<f32>,
    centre: Vec<f32>,
}

impl Lines {
    /// From as many of `moments` as there are channels.
    fn new(moments: &[[f64; 2]], affine: Affine<'_>) -> Self {
        let mut lines = Self::default();
        for ([mean, variance], (weight, bias)) in moments.iter().zip(affine.weight.iter().zip(affine.bias)) {
            let inverse = 1.0 / (variance + f64::from(affine.eps)).sqrt();
            let gain = f64::from(*weight) * inverse;
            lines.gain.push(gain as f32);
            lines.shift.push((f64::from(*bias) - mean * gain) as f32);
            lines.inverse.push(inverse as f32);
            lines.centre.push((-mean * inverse) as f32);
        }
        lines
    }

    /// The gradient of `x` is `gain du + slope x + level`: slopes and levels.
    fn slopes(&self, weight: &[f32], sums: &[[f64; 2]], groups: usize, pixels: usize) -> [Vec<f32>; 2] {
        let size = weight.len() / groups;
        let (mut slopes, mut levels) = (Vec::with_capacity(weight.len()), Vec::with_capacity(weight.len()));
        for first in (0..weight.len()).step_by(size) {
            let mean = |which: usize| {
                let sum: f64 = (first..first + size).map(|c| f64::from(weight[c]) * sums[c][which]).sum();
                sum / (size * pixels) as f64
            };
            let (plain, along) = (mean(0), mean(1));
            for c in first..first + size {
                let (inverse, centre) = (f64::from(self.inverse[c]), f64::from(self.centre[c]));
                slopes.push((-along * inverse * inverse) as f32);
                levels.push((-plain * inverse - along * inverse * centre) as f32);
            }
        }
        [slopes, levels]
    }
}

impl GroupNorm {
    /// Of one sample, for each channel: the sum of `du` and that of `du x^`.
    fn sums(&self, x: &[f32], dy: &[f32], lines: &Lines) -> Vec<[f64; 2]> {
        let channels = lines.gain.len();
        let blocks = x.par_chunks(BLOCK * channels).zip(dy.par_chunks(BLOCK * channels));
        let parts: Vec<_> = blocks
            .map(|(x, dy)| {
                let mut sums = [vec![0.0; channels], vec![0.0; channels]];
                Isa::best().run(Sum { x, dy, lines, curve: self.curve, sums: &mut sums });
                sums
            })
            .collect();
        added(&parts, channels)
    }

    /// The gradient of one sample.
    fn unscale(&self, x: &[f32], dy: &[f32], lines: &Lines, rests: &[Vec<f32>; 2], out: &mut [f32]) {
        let block = BLOCK * lines.gain.len();
        let inputs = x.par_chunks(block).zip(dy.par_chunks(block));
        out.par_chunks_mut(block).zip(inputs).for_each(|(out, (x, dy))| {
            Isa::best().run(Unscale { x, dy, lines, rests, curve: self.curve, out });
        });
    }
}

/// The blocks' sums together, in their order.
fn added(parts: &[[Vec<f32>; 2]], channels: usize) -> Vec<[f64; 2]> {
    let sum = |channel: usize, which: usize| parts.iter().map(|part| f64::from(part[which][channel])).sum();
    (0..channels).map(|channel| [sum(channel, 0), sum(channel, 1)]).collect()
}

struct Sum<'a> {
    x: &'a [f32],
    dy: &'a [f32],
    lines: &'a Lines,
    curve: Curve,
    sums: &'a mut [Vec<f32>; 2],
}

impl Kernel for Sum<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Lines { gain, shift, inverse, centre } = self.lines;
        let [plain, along] = self.sums;
        let channels = gain.len();
        for (x, dy) in self.x.chunks_exact(channels).zip(self.dy.chunks_exact(channels)) {
            for from in (0..channels).step_by(S::LANES) {
                let part = from..channels.min(from + S::LANES);
                let at = |line: &[f32]| s.load_some(&line[part.clone()]);
                let x = at(x);
                let du = s.mul(at(dy), self.curve.slope(s, s.mul_add(x, at(gain), at(shift))));
                let normed = s.mul_add(x, at(inverse), at(centre));
                let sums = (s.add(at(plain), du), s.mul_add(du, normed, at(along)));
                s.store_some(sums.0, &mut plain[part.clone()]);
                s.store_some(sums.1, &mut along[part.clone()]);
            }
        }
    }
}

struct Unscale<'a> {
    x: &'a [f32],
    dy: &'a [f32],
    lines: &'a Lines,
    /// Slopes and levels.
    rests: &'a [Vec<f32>; 2],
    curve: Curve,
    out: &'a mut [f32],
}

impl Kernel for Unscale<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Lines { gain, shift, .. } = self.lines;
        let [slope, level] = self.rests;
        let channels = gain.len();
        let inputs = self.x.chunks_exact(channels).zip(self.dy.chunks_exact(channels));
        for ((x, dy), out) in inputs.zip(self.out.chunks_exact_mut(channels)) {
            for from in (0..channels).step_by(S::LANES) {
                let part = from..channels.min(from + S::LANES);
                let at = |line: &[f32]| s.load_some(&line[part.clone()]);
                let (x, gain) = (at(x), at(gain));
                let du = s.mul(at(dy), self.curve.slope(s, s.mul_add(x, gain, at(shift))));
                let dx = s.mul_add(gain, du, s.mul_add(x, at(slope), at(level)));
                s.store_some(dx, &mut out[part.clone()]);
            }
        }
    }
}

/// Normalises each token of `x` `[.., c]`; `weight` and `bias` `[c]`.
pub(in crate::engine) fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, LayerNorm { eps: eps as f32 })
}

struct LayerNorm {
    eps: f32,
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer_norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        of_x: &Layout,
        weight: &CpuStorage,
        of_weight: &Layout,
        bias: &CpuStorage,
        of_bias: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let channels = of_x.dims().last().copied().unwrap_or(0);
        let affine = affine(operand(weight, of_weight)?, operand(bias, of_bias)?, self.eps, channels)?;
        let x = operand(x, of_x)?;
        Ok(result(of_x.dims(), |out| norm::layer_norm(Isa::best(), x, affine, out)))
    }

    fn bwd(&self, x: &Tensor, weight: &Tensor, bias: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Gradients> {
        let channels = weight.elem_count();
        let mut of_affine = Vec::new();
        let dx = with_numbers([x, weight, dy], |[numbers, weight, dy]| {
            made(x.dims(), |out| {
                let block = (BLOCK * channels).max(1);
                let inputs = numbers.par_chunks(block).zip(dy.par_chunks(block));
                let parts: Vec<_> = out
                    .par_chunks_mut(block)
                    .zip(inputs)
                    .map(|(out, (x, dy))| {
                        let mut sums = [vec![0.0; channels], vec![0.0; channels]];
                        Isa::best().run(Tokens { x, dy, weight, eps: self.eps, sums: &mut sums, out });
                        sums
                    })
                    .collect();
                of_affine = added(&parts, channels);
            })
        })?;
        let [dbias, dweight] = vectors(&of_affine, bias)?;
        Ok((Some(dx), Some(dweight), Some(dbias)))
    }
}

struct Tokens<'a> {
    x: &'a [f32],
    dy: &'a [f32],
    weight: &'a [f32],
    eps: f32,
    sums: &'a mut [Vec<f32>; 2],
    out: &'a mut [f32],
}

impl Kernel for Tokens<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let channels = self.weight.len();
        let [plain, along] = self.sums;
        let inputs = self.x.chunks_exact(channels).zip(self.dy.chunks_exact(channels));
        for ((x, dy), out) in inputs.zip(self.out.chunks_exact_mut(channels)) {
            let mean = norm::total(s, x, 0.0, false) / channels as f32;
            let inverse = 1.0 / (norm::total(s, x, mean, true) / channels as f32 + self.eps).sqrt();
            let (centre, scale) = (s.splat(mean), s.splat(inverse));
            let (mut first, mut second) = (s.splat(0.0), s.splat(0.0));
            for from in (0..channels).step_by(S::LANES) {
                let part = from..channels.min(from + S::LANES);
                let at = |line: &[f32]| s.load_some(&line[part.clone()]);
                // Lanes past the end hold zero in `dy`, and add nothing.
                let (dy, normed) = (at(dy), s.mul(s.sub(at(x), centre), scale));
                let weighed = s.mul(dy, at(self.weight));
                (first, second) = (s.add(first, weighed), s.mul_add(weighed, normed, second));
                let sums = (s.add(at(plain), dy), s.mul_add(dy, normed, at(along)));
                s.store_some(sums.0, &mut plain[part.clone()]);
                s.store_some(sums.1, &mut along[part.clone()]);
            }
            let mean_of = |sum: S::V| s.splat(s.sum(sum) / channels as f32);
            let (first, second) = (mean_of(first), mean_of(second));
            for from in (0..channels).step_by(S::LANES) {
                let part = from..channels.min(from + S::LANES);
                let at = |line: &[f32]| s.load_some(&line[part.clone()]);
                let normed = s.mul(s.sub(at(x), centre), scale);
                let rest = s.mul_add(normed, second, first);
                let dx = s.mul(s.sub(s.mul(at(dy), at(self.weight)), rest), scale);
                s.store_some(dx, &mut out[part.clone()]);
            }
        }
    }
}

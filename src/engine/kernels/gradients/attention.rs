//! Attention: backward makes the weights again, some queries at a time, and is six products a head.
//!
//! With `p = softmax(scale q k^T)` and `do` the gradient of `p v`: `dv = p^T do`, `dp = do v^T`,
//! `ds = scale p (dp - sum(p dp))`, `dq = ds k`, `dk = ds^T q`.

use super::super::attention::{self, Sizes};
use super::super::gemm::{Dense, Finish, Panels, multiply};
use super::super::math::exp2_of_small;
use super::super::simd::{Isa, Kernel, Simd};
use super::product::transposed;
use super::{operand, result, with_numbers};
use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// Scores of a head that exist at once: 4 MiB.
const SCORES: usize = 1 << 20;

/// `softmax(q k^T / sqrt(d)) v` by heads: `q` `[b, n, c]`, `k` and `v` `[b or 1, m, c]`.
pub(in crate::engine) fn attend(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: usize,
    causal: bool,
) -> Result<Tensor> {
    q.contiguous()?.apply_op3(&k.contiguous()?, &v.contiguous()?, Attend { heads, causal })
}

struct Attend {
    heads: usize,
    causal: bool,
}

impl Attend {
    fn sizes(&self, q: &[usize], k: &[usize], v: &[usize]) -> Result<Sizes> {
        Sizes::of(q, k, v, self.heads, self.causal)
    }
}

impl CustomOp3 for Attend {
    fn name(&self) -> &'static str {
        "attend"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        of_q: &Layout,
        k: &CpuStorage,
        of_k: &Layout,
        v: &CpuStorage,
        of_v: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let sizes = self.sizes(of_q.dims(), of_k.dims(), of_v.dims())?;
        let (q, k, v) = (operand(q, of_q)?, operand(k, of_k)?, operand(v, of_v)?);
        Ok(result(of_q.dims(), |out| attention::attend(Isa::best(), sizes, q, k, v, out)))
    }

    fn bwd(
        &self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let sizes = self.sizes(q.dims(), k.dims(), v.dims())?;
        let gradients: Vec<[Vec<f32>; 3]> = with_numbers([q, k, v, dy], |[q, k, v, dy]| {
            let heads = (0..sizes.batch * sizes.heads).into_par_iter();
            Ok(heads.map(|i| Head::new(sizes, i, [q, k, v, dy]).gradients(sizes)).collect())
        })?;
        let one = |which: usize, like: &Tensor| {
            let mut out = vec![0.0; like.elem_count()];
            for (i, head) in gradients.iter().enumerate() {
                add_head(&head[which], sizes, i, like.dims(), &mut out);
            }
            Tensor::from_vec(out, like.shape(), &Device::Cpu)
        };
        Ok((Some(one(0, q)?), Some(one(1, k)?), Some(one(2, v)?)))
    }
}

/// Adds a head's `[rows, width]` to where it lies in `[b or 1, rows, heads * width]`.
fn add_head(head: &[f32], sizes: Sizes, i: usize, dims: &[usize], out: &mut [f32]) {
    let Sizes { heads, width, .. } = sizes;
    let sample = if dims[0] == 1 { 0 } else { i / heads };
    for (row, from) in head.chunks_exact(width.max(1)).enumerate() {
        let at = ((sample * dims[1] + row) * heads + i % heads) * width;
        for (out, from) in out[at..at + width].iter_mut().zip(from) {
            *out += from;
        }
    }
}

/// One head of one sample: `[rows, width]` each.
struct Head {
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    dy: Vec<f32>,
}

impl Head {
    fn new(sizes: Sizes, i: usize, [q, k, v, dy]: [&[f32]; 4]) -> Self {
        let Sizes { queries, keys, heads, width, shared, .. } = sizes;
        let of = |x: &[f32], sample: usize, rows: usize| {
            let row = |row: usize| ((sample * rows + row) * heads + i % heads) * width;
            (0..rows).flat_map(|r| x[row(r)..row(r) + width].iter().copied()).collect::<Vec<_>>()
        };
        let (own, keyed) = (i / heads, if shared { 0 } else { i / heads });
        Self {
            q: of(q, own, queries),
            k: of(k, keyed, keys),
            v: of(v, keyed, keys),
            dy: of(dy, own, queries),
        }
    }

    /// Of queries, keys and values.
    fn gradients(&self, sizes: Sizes) -> [Vec<f32>; 3] {
        let Sizes { queries, keys, width, causal, .. } = sizes;
        let (isa, scale) = (Isa::best(), 1.0 / (width as f32).sqrt());
        let of_keys = Panels::pack(isa, &self.k, keys, width, 1);
        let of_values = Panels::pack(isa, &self.v, keys, width, 1);
        let by_key = Panels::gather(isa, &Dense { x: &self.k, inputs: width }, 0..width);
        let (mut dq, mut dk, mut dv) =
            (Vec::with_capacity(self.q.len()), vec![0.0; self.k.len()], vec![0.0; self.v.len()]);
        let step = (SCORES / keys.max(1)).max(1);
        for first in (0..queries).step_by(step) {
            let rows = first * width..queries.min(first + step) * width;
            let (q, dy) = (&self.q[rows.clone()], &self.dy[rows]);
            let mut weights = product(q, width, &of_keys, None);
            let mut of_scores = product(dy, width, &of_values, None);
            isa.run(Soften { first, keys, scale, causal, weights: &mut weights, of_scores: &mut of_scores });
            dq.extend(product(&of_scores, keys, &by_key, None));
            dk = across(&of_scores, keys, q, width, &dk);
            dv = across(&weights, keys, dy, width, &dv);
        }
        [dq, dk, dv]
    }
}

/// `x` `[rows, inputs]` times `panels`, added to `before`.
fn product(x: &[f32], inputs: usize, panels: &Panels, before: Option<&[f32]>) -> Vec<f32> {
    let mut out = vec![0.0; x.len() / inputs.max(1) * panels.outputs()];
    let finish = Finish { residual: before, ..Finish::default() };
    multiply(&Dense { x, inputs }, panels, finish, &mut out);
    out
}

/// `left^T right`, added to `before`: `left` `[rows, keys]`, `right` `[rows, width]`.
fn across(left: &[f32], keys: usize, right: &[f32], width: usize, before: &[f32]) -> Vec<f32> {
    let panels = Panels::gather(Isa::best(), &Dense { x: right, inputs: width }, 0..width);
    product(&transposed(left, keys), right.len() / width.max(1), &panels, Some(before))
}

/// Turns products `q k^T` into weights, and the weights' gradients into the products'.
struct Soften<'a> {
    /// The first query.
    first: usize,
    keys: usize,
    scale: f32,
    causal: bool,
    weights: &'a mut [f32],
    of_scores: &'a mut [f32],
}

impl Kernel for Soften<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let rows = self.weights.chunks_exact_mut(self.keys).zip(self.of_scores.chunks_exact_mut(self.keys));
        for (i, (weights, gradients)) in rows.enumerate() {
            let seen = if self.causal { (self.first + i + 1).min(self.keys) } else { self.keys };
            weights[seen..].fill(0.0);
            gradients[seen..].fill(0.0);
            soften(s, &mut weights[..seen], &mut gradients[..seen], self.scale);
        }
    }
}

#[inline(always)]
fn soften<S: Simd>(s: S, weights: &mut [f32], gradients: &mut [f32], scale: f32) {
    let largest = weights.iter().fold(f32::NEG_INFINITY, |most, score| most.max(*score));
    let (power, largest) = (s.splat(scale * std::f32::consts::LOG2_E), s.splat(largest));
    let (mut total, mut along) = (0.0, 0.0);
    for (weights, gradients) in weights.chunks_mut(S::LANES).zip(gradients.chunks(S::LANES)) {
        let weight = exp2_of_small(s, s.mul(s.sub(s.load_some(weights), largest), power));
        s.store_some(weight, weights);
        // Only what was stored counts: lanes past the end hold numbers too.
        let weight = s.load_some(weights);
        total += s.sum(weight);
        along += s.sum(s.mul(weight, s.load_some(gradients)));
    }
    let (inverse, mean, scale) = (s.splat(1.0 / total), s.splat(along / total), s.splat(scale));
    for (weights, gradients) in weights.chunks_mut(S::LANES).zip(gradients.chunks_mut(S::LANES)) {
        let weight = s.mul(s.load_some(weights), inverse);
        let gradient = s.mul(s.sub(s.load_some(gradients), mean), s.mul(weight, scale));
        s.store_some(weight, weights);
        s.store_some(gradient, gradients);
    }
}

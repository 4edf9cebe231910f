//! Scaled dot-product attention over a few queries at a time.

use super::sum_dtype;
use crate::engine::kernels::gradients::{self, trainable};
use crate::engine::kernels::{self, usable};
use candle_core::{D, DType, Device, Result, Tensor};

/// Scores held at once (batch x heads x queries x keys). 16 MiB in f32: stays near the cache, and a 64x64
/// latent's 8 x 4096 x 4096 never exists whole.
const SCORES_AT_ONCE: usize = 4 << 20;

/// Which keys a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    All,
    /// Those up to its own place.
    Causal,
}

/// `softmax(q k^T / sqrt(d)) v` for each head.
///
/// `q` `[b, n, c]`; `k`, `v` `[b, m, c]`, or `[1, m, c]` shared by the batch; `heads` divides `c`. The
/// result is `[b, n, c]`.
pub fn attend(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize, mask: Mask) -> Result<Tensor> {
    if [q, k, v].into_iter().all(usable) {
        return kernels::attend(q, k, v, heads, mask == Mask::Causal);
    }
    if [q, k, v].into_iter().all(trainable) {
        return gradients::attend(q, k, v, heads, mask == Mask::Causal);
    }
    let keys = k.dim(1)?;
    let per_query = (q.dim(0)? * heads * keys).max(1);
    attend_in_chunks(q, k, v, heads, mask, (SCORES_AT_ONCE / per_query).max(1))
}

fn attend_in_chunks(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: usize,
    mask: Mask,
    chunk: usize,
) -> Result<Tensor> {
    let (b, n, c) = q.dims3()?;
    let scale = 1.0 / ((c / heads) as f64).sqrt();
    let q = split_heads(&(q * scale)?, b, heads)?;
    let k = split_heads(k, b, heads)?.t()?;
    let v = split_heads(v, b, heads)?;
    let keys = v.dim(1)?;
    let mut rows = Vec::with_capacity(n.div_ceil(chunk));
    for start in (0..n).step_by(chunk) {
        let queries = chunk.min(n - start);
        let scores = q.narrow(1, start, queries)?.matmul(&k)?;
        let scores = scores.to_dtype(sum_dtype(scores.dtype()))?;
        let scores = match mask {
            Mask::All => scores,
            Mask::Causal => {
                let bias = causal_bias(start, queries, keys, q.device())?;
                scores.broadcast_add(&bias.to_dtype(scores.dtype())?)?
            }
        };
        rows.push(softmax(&scores)?.to_dtype(v.dtype())?.matmul(&v)?);
    }
    Tensor::cat(&rows, 1)?.reshape((b, heads, n, c / heads))?.transpose(1, 2)?.reshape((b, n, c))
}

/// `[b or 1, n, c]` to `[b * heads, n, c / heads]`.
fn split_heads(x: &Tensor, batch: usize, heads: usize) -> Result<Tensor> {
    let (b, n, c) = x.dims3()?;
    let x = if b == batch { x.clone() } else { x.broadcast_as((batch, n, c))? };
    x.reshape((batch, n, heads, c / heads))?.transpose(1, 2)?.reshape((batch * heads, n, c / heads))
}

/// Over the last axis.
fn softmax(scores: &Tensor) -> Result<Tensor> {
    if scores.track_op() {
        // candle's fused kernel has no backward. The subtracted maximum cancels, so it needs no gradient.
        let largest = scores.max_keepdim(D::Minus1)?.detach();
        let weights = scores.broadcast_sub(&largest)?.exp()?;
        return weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?);
    }
    candle_nn::ops::softmax_last_dim(scores)
}

/// `[queries, keys]`: 0 where a key stands no later than its query, else minus infinity.
fn causal_bias(start: usize, queries: usize, keys: usize, device: &Device) -> Result<Tensor> {
    let bias = |query: usize, key: usize| if key <= query { 0.0 } else { f32::NEG_INFINITY };
    let values: Vec<f32> =
        (start..start + queries).flat_map(|query| (0..keys).map(move |key| bias(query, key))).collect();
    Tensor::from_vec(values, (queries, keys), device)?.to_dtype(DType::F32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Var;

    fn waves(b: usize, n: usize, c: usize, pitch: f64) -> Tensor {
        let ramp =
            Tensor::arange(0u32, (b * n * c) as u32, &Device::Cpu).unwrap().to_dtype(DType::F32).unwrap();
        (ramp * pitch).unwrap().sin().unwrap().reshape((b, n, c)).unwrap()
    }

    fn values(x: &Tensor) -> Vec<f32> {
        x.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn close(a: &Tensor, b: &Tensor) -> bool {
        values(a).iter().zip(values(b)).all(|(a, b)| (a - b).abs() < 1e-6)
    }

    #[test]
    fn chunks_do_not_change_the_result() {
        let (q, k, v) = (waves(2, 13, 8, 0.7), waves(2, 11, 8, 1.3), waves(2, 11, 8, 2.9));
        let whole = attend_in_chunks(&q, &k, &v, 2, Mask::All, 13).unwrap();
        for chunk in [1, 4, 12] {
            assert!(
                close(&whole, &attend_in_chunks(&q, &k, &v, 2, Mask::All, chunk).unwrap()),
                "chunk {chunk}"
            );
        }
        let (k, v) = (waves(2, 13, 8, 1.3), waves(2, 13, 8, 2.9));
        let whole = attend_in_chunks(&q, &k, &v, 2, Mask::Causal, 13).unwrap();
        assert!(close(&whole, &attend_in_chunks(&q, &k, &v, 2, Mask::Causal, 5).unwrap()));
    }

    #[test]
    fn gradients_do_not_change_the_result() {
        let (q, k, v) = (waves(1, 6, 4, 0.7), waves(1, 5, 4, 1.3), waves(1, 5, 4, 2.9));
        let tracked = Var::from_tensor(&q).unwrap();
        let plain = attend(&q, &k, &v, 2, Mask::All).unwrap();
        assert!(close(&plain, &attend(&tracked, &k, &v, 2, Mask::All).unwrap()));
    }

    #[test]
    fn keys_of_one_sample_serve_the_whole_batch() {
        let (q, k, v) = (waves(2, 6, 4, 0.7), waves(1, 5, 4, 1.3), waves(1, 5, 4, 2.9));
        let both = attend(&q, &k, &v, 2, Mask::All).unwrap();
        let second = attend(&q.narrow(0, 1, 1).unwrap(), &k, &v, 2, Mask::All).unwrap();
        assert!(close(&both.narrow(0, 1, 1).unwrap(), &second));
    }

    #[test]
    fn a_causal_query_never_sees_what_follows() {
        let (q, v) = (waves(1, 4, 4, 0.7), waves(1, 4, 4, 2.9));
        let out = attend(&q, &q, &v, 1, Mask::Causal).unwrap();
        assert!(close(&out.narrow(1, 0, 1).unwrap(), &v.narrow(1, 0, 1).unwrap()));
    }
}

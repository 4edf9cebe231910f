//! The small set of fused operations that every network is written over.
//!
//! A network states *what* it computes; this module decides *how*, by device and dtype, so that faster
//! kernels replace plain candle operations here and nowhere else. Pictures and latents are channels-last
//! inside, `[b, h, w, c]`, tokens are `[b, n, c]`. Sums that lose precision (norms, softmax, standard
//! deviations) run in f32 whatever the dtype. Every operation stays on candle's autograd: in f32 on the
//! CPU by kernels with a backward of their own, else by candle's operations. This module refuses to know networks.

mod adamw;
mod attend;
mod conv;
mod linear;
mod norm;
mod resample;
#[cfg(test)]
mod tests;

pub use adamw::AdamW;
pub use attend::{Mask, attend};
pub use conv::{Conv2d, Padding};
pub use linear::{Activation, Embedding, Linear, geglu};
pub use norm::{GroupNorm, GroupStatistics, LayerNorm, guarded_std};
pub use resample::{bicubic_resize, upsample_nearest};

use candle_core::{DType, Result, Tensor};

/// The dtype in which sums over `dtype` are taken.
fn sum_dtype(dtype: DType) -> DType {
    match dtype {
        DType::F16 | DType::BF16 => DType::F32,
        wide => wide,
    }
}

/// `[b, c, h, w]`, the order at a network's border, to `[b, h, w, c]`.
pub fn to_channels_last(x: &Tensor) -> Result<Tensor> {
    x.permute((0, 2, 3, 1))?.contiguous()
}

/// `[b, h, w, c]` to `[b, c, h, w]`, the order at a network's border.
pub fn to_channels_first(x: &Tensor) -> Result<Tensor> {
    x.permute((0, 3, 1, 2))?.contiguous()
}

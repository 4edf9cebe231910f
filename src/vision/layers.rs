//! The few layers that the small networks share, in TensorFlow's conventions, on candle tensors `[1, c, h, w]`.

use super::weights::Filters;
use candle_core::{Result, Tensor};

/// Zeros around the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    None,
    /// One row and column on every side: a 3 x 3 filter keeps the size.
    Around,
    /// One row below and one column right: what TensorFlow's `same` does to an even size at stride 2.
    After,
}

pub(super) fn convolve(x: &Tensor, filters: &Filters, padding: Padding, stride: usize) -> Result<Tensor> {
    let x = match padding {
        Padding::After => x.pad_with_zeros(2, 0, 1)?.pad_with_zeros(3, 0, 1)?,
        Padding::None | Padding::Around => x.clone(),
    };
    let around = usize::from(padding == Padding::Around);
    x.conv2d(&filters.weight, around, stride, 1, 1)?.broadcast_add(&filters.bias)
}

/// The largest of each 2 x 2, `same`: odd sizes round up, stride 1 keeps the size. A repeated edge never beats
/// the edge itself, so it stands for TensorFlow's minus infinity.
pub(super) fn largest_of_four(x: &Tensor, stride: usize) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    let missing = |size: usize| if stride == 1 { 1 } else { size % 2 };
    let x = x.pad_with_same(2, 0, missing(height))?.pad_with_same(3, 0, missing(width))?;
    x.max_pool2d_with_stride(2, stride)
}

/// x where positive, a tenth of it where not.
pub(super) fn leaky(x: &Tensor) -> Result<Tensor> {
    x.maximum(&x.affine(0.100_000_001_490_116_12, 0.0)?)
}

//! The few layers that the small networks share, in TensorFlow's conventions, on candle tensors `[1, c, h, w]`.

use super::weights::{Filters, Separable};
use candle_core::{Device, Result, Tensor};

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

/// A 3 x 3 filter for each channel, then the mixing of channels.
pub(super) fn separable(x: &Tensor, filters: &Separable, padding: Padding, stride: usize) -> Result<Tensor> {
    convolve(&filter_channels(x, &filters.depth, padding, stride)?, &filters.mixing, Padding::None, 1)
}

/// candle runs one matrix product per group, which is a hundred times slower than these few sums.
fn filter_channels(x: &Tensor, depth: &[[f32; 9]], padding: Padding, stride: usize) -> Result<Tensor> {
    let x = match padding {
        Padding::None => x.contiguous()?,
        Padding::Around => x.pad_with_zeros(2, 1, 1)?.pad_with_zeros(3, 1, 1)?,
        Padding::After => x.pad_with_zeros(2, 0, 1)?.pad_with_zeros(3, 0, 1)?,
    };
    let (_, channels, height, width) = x.dims4()?;
    let (rows, columns) = ((height - 3) / stride + 1, (width - 3) / stride + 1);
    let values = x.flatten_all()?.to_vec1::<f32>()?;
    let mut filtered = vec![0.0; channels * rows * columns];
    for ((plane, filter), into) in
        values.chunks_exact(height * width).zip(depth).zip(filtered.chunks_exact_mut(rows * columns))
    {
        for (y, into) in into.chunks_exact_mut(columns).enumerate() {
            for (tap, weight) in filter.iter().enumerate() {
                let from = &plane[(y * stride + tap / 3) * width + tap % 3..];
                into.iter_mut()
                    .zip(from.iter().step_by(stride))
                    .for_each(|(sum, value)| *sum += weight * value);
            }
        }
    }
    Tensor::from_vec(filtered, (1, channels, rows, columns), &Device::Cpu)
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

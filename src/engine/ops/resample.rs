//! Changes of size.

use crate::engine::kernels::gradients::{self, trainable};
use crate::engine::kernels::{double, usable};
use candle_core::{Device, Result, Tensor};

/// Nearest neighbour: `x` `[b, h, w, c]` to `[b, height, width, c]`.
///
/// Source rows are chosen as PyTorch chooses them, `floor(row * (h / height))` in f32.
pub fn upsample_nearest(x: &Tensor, height: usize, width: usize) -> Result<Tensor> {
    let (b, h, w, c) = x.dims4()?;
    if (height, width) == (2 * h, 2 * w) {
        if usable(x) {
            return double(x);
        }
        if trainable(x) {
            return gradients::double(x);
        }
        let doubled = x.reshape((b, h, 1, w, 1, c))?.broadcast_as((b, h, 2, w, 2, c))?;
        return doubled.reshape((b, height, width, c));
    }
    let rows = nearest_sources(h, height, x.device())?;
    let columns = nearest_sources(w, width, x.device())?;
    x.contiguous()?.index_select(&rows, 1)?.index_select(&columns, 2)
}

fn nearest_sources(from: usize, to: usize, device: &Device) -> Result<Tensor> {
    let scale = from as f32 / to as f32;
    let source = |place: usize| ((place as f32 * scale) as usize).min(from - 1) as u32;
    Tensor::from_vec((0..to).map(source).collect::<Vec<u32>>(), to, device)
}

/// Bicubic with a = -0.75, pixel centres at halves, edges repeated, no antialias (PyTorch's `interpolate`
/// with `align_corners=False`): `x` `[h, w, c]` f32 to `[height, width, c]`.
pub fn bicubic_resize(x: &Tensor, height: usize, width: usize) -> Result<Tensor> {
    let (h, w, c) = x.dims3()?;
    let rows = bicubic_weights(h, height, x.device())?.matmul(&x.reshape((h, w * c))?)?;
    let rows = rows.reshape((height, w, c))?.transpose(0, 1)?.reshape((w, height * c))?;
    let columns = bicubic_weights(w, width, x.device())?.matmul(&rows)?;
    columns.reshape((width, height, c))?.transpose(0, 1)?.contiguous()
}

/// `[to, from]`: each row holds the four taps of one output.
fn bicubic_weights(from: usize, to: usize, device: &Device) -> Result<Tensor> {
    let mut weights = vec![0f32; to * from];
    let scale = from as f64 / to as f64;
    for (place, row) in weights.chunks_exact_mut(from).enumerate() {
        let centre = (place as f64 + 0.5) * scale - 0.5;
        let first = centre.floor() as i64 - 1;
        for tap in first..first + 4 {
            let source = tap.clamp(0, from as i64 - 1) as usize;
            row[source] += cubic(centre - tap as f64) as f32;
        }
    }
    Tensor::from_vec(weights, (to, from), device)
}

/// Keys' cubic convolution kernel with a = -0.75.
fn cubic(distance: f64) -> f64 {
    const A: f64 = -0.75;
    let x = distance.abs();
    if x <= 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubling_repeats_and_odd_sizes_choose_as_pytorch_does() {
        let x = Tensor::new(&[[[[1f32], [2.0], [3.0]]]], &Device::Cpu).unwrap();
        let row = |height, width| {
            let y = upsample_nearest(&x, height, width).unwrap();
            y.narrow(1, 0, 1).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        assert_eq!(row(2, 6), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
        assert_eq!(row(1, 5), [1.0, 1.0, 2.0, 2.0, 3.0]);
    }

    #[test]
    fn bicubic_keeps_constants_and_the_identity() {
        let x = Tensor::new(&[[[1f32], [4.0]], [[2.0], [8.0]]], &Device::Cpu).unwrap();
        assert_eq!(bicubic_resize(&x, 2, 2).unwrap().to_vec3::<f32>().unwrap(), x.to_vec3::<f32>().unwrap());
        let flat = (x.ones_like().unwrap() * 3.0).unwrap();
        let resized = bicubic_resize(&flat, 5, 3).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(resized.len(), 15);
        assert!(resized.iter().all(|value| (value - 3.0).abs() < 1e-5));
    }
}

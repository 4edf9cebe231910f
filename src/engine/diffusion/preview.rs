//! Tensors to pictures: the finished one, and a preview of it from latents alone.
//!
//! A latent pixel's colour is nearly linear in its channels. The preview's map is fitted once an engine, by
//! least squares over smooth random latents and what the bundle's own decoder makes of them.

use crate::engine::EngineError;
use crate::engine::noise::standard_normal;
use crate::engine::progress::Control;
use crate::engine::vae::Vae;
use candle_core::{DType, Device, Result, Tensor};
use image::RgbImage;

/// Side of the latents that the map is fitted on, and how many there are.
const SIDE: usize = 8;
const SAMPLES: usize = 2;

/// A little of the identity, so that channels that say the same do not upset the fit.
const RIDGE: f64 = 1e-3;

/// Red, green and blue in -1..1 from each latent channel, and a constant last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LatentPreview {
    weights: [Vec<f64>; 3],
}

impl LatentPreview {
    /// Fits the map to `vae`, for latents as the denoiser has them.
    pub(super) fn fit(
        vae: &Vae,
        channels: usize,
        device: &Device,
        control: &Control,
    ) -> std::result::Result<Self, EngineError> {
        let coarse = standard_normal(0, SAMPLES * channels * SIDE * SIDE / 4);
        let coarse = Tensor::from_vec(coarse, (SAMPLES, channels, SIDE / 2, SIDE / 2), device)?;
        let latents = coarse.upsample_nearest2d(SIDE, SIDE)?;
        let pictures = vae.decode(&(&latents / vae.scaling_factor())?, control)?.to_dtype(DType::F32)?;
        let block = pictures.dim(2)? / SIDE;
        let colours = pictures.avg_pool2d(block)?;
        let rows = |tensor: &Tensor| -> Result<Vec<Vec<f32>>> {
            tensor.permute((0, 2, 3, 1))?.flatten(0, 2)?.to_vec2::<f32>()
        };
        Ok(Self::solve(&rows(&latents)?, &rows(&colours)?))
    }

    /// Whether the decoder that it was fitted to gave numbers.
    pub(super) fn is_finite(&self) -> bool {
        self.weights.iter().flatten().all(|weight| weight.is_finite())
    }

    /// Least squares by the normal equations.
    fn solve(latents: &[Vec<f32>], colours: &[Vec<f32>]) -> Self {
        let unknowns = latents.first().map_or(0, Vec::len) + 1;
        let with_constant =
            |row: &[f32]| row.iter().map(|&x| f64::from(x)).chain([1.0]).collect::<Vec<f64>>();
        let mut system = vec![vec![0.0; unknowns + 3]; unknowns];
        for (row, colour) in latents.iter().zip(colours) {
            let row = with_constant(row);
            for (equation, &x) in system.iter_mut().zip(&row) {
                let right = colour.iter().map(|&c| f64::from(c));
                for (cell, y) in equation.iter_mut().zip(row.iter().copied().chain(right)) {
                    *cell += x * y;
                }
            }
        }
        for (i, equation) in system.iter_mut().enumerate() {
            equation[i] += RIDGE;
        }
        eliminate(&mut system);
        let column = |c: usize| system.iter().map(|equation| equation[unknowns + c]).collect();
        Self { weights: [column(0), column(1), column(2)] }
    }

    /// `latents` `[1, c, h, w]`, as the denoiser has them, to a picture of h by w pixels.
    pub(super) fn picture(&self, latents: &Tensor) -> Result<RgbImage> {
        let (_, channels, h, w) = latents.dims4()?;
        let rows = self.weights.concat().iter().map(|&weight| weight as f32).collect::<Vec<_>>();
        let rows = Tensor::from_vec(rows, (3, channels + 1), latents.device())?;
        let flat = latents.to_dtype(DType::F32)?.reshape((channels, h * w))?;
        let colours = rows.narrow(1, 0, channels)?.contiguous()?.matmul(&flat)?;
        let colours = colours.broadcast_add(&rows.narrow(1, channels, 1)?)?;
        to_picture(&colours.reshape((1, 3, h, w))?)
    }
}

/// Gauss-Jordan on a symmetric positive definite system, right-hand sides appended.
fn eliminate(system: &mut [Vec<f64>]) {
    for pivot in 0..system.len() {
        let scale = system[pivot][pivot];
        system[pivot].iter_mut().for_each(|cell| *cell /= scale);
        let row = system[pivot].clone();
        for (_, equation) in system.iter_mut().enumerate().filter(|(i, _)| *i != pivot) {
            let factor = equation[pivot];
            equation.iter_mut().zip(&row).for_each(|(cell, above)| *cell -= factor * above);
        }
    }
}

/// `[1, 3, h, w]` in -1..1, clamped, to 8-bit sRGB.
pub(super) fn to_picture(pixels: &Tensor) -> Result<RgbImage> {
    let (_, _, h, w) = pixels.dims4()?;
    let levels = ((pixels.to_dtype(DType::F32)?.clamp(-1f32, 1f32)? + 1.0)? * 127.5)?.round()?;
    let bytes = levels.squeeze(0)?.permute((1, 2, 0))?.flatten_all()?.to_dtype(DType::U8)?.to_vec1()?;
    RgbImage::from_raw(w as u32, h as u32, bytes)
        .ok_or_else(|| candle_core::Error::Msg(format!("no picture of {w} x {h}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_one_is_black_one_is_white_and_channels_keep_their_places() {
        let values = vec![-1.0f32, 1.0, 0.0, 5.0, -3.0, 1.0];
        let pixels = Tensor::from_vec(values, (1, 3, 1, 2), &Device::Cpu).unwrap();
        assert_eq!(to_picture(&pixels).unwrap().into_raw(), [0, 128, 0, 255, 255, 255]);
    }

    #[test]
    fn a_linear_decoder_is_found_again() {
        let noise = standard_normal(1, 4 * 64);
        let latents: Vec<Vec<f32>> = noise.chunks(4).map(<[f32]>::to_vec).collect();
        let truth = [[0.2, -0.1, 0.05, 0.3], [0.1, 0.1, -0.2, 0.0], [-0.3, 0.2, 0.1, 0.05]];
        let colour = |row: &[f32], c: usize| {
            truth[c].iter().zip(row).map(|(w, x)| w * x).sum::<f32>() + 0.1 * c as f32
        };
        let colours: Vec<Vec<f32>> =
            latents.iter().map(|row| (0..3).map(|c| colour(row, c)).collect()).collect();
        let preview = LatentPreview::solve(&latents, &colours);
        for (c, weights) in preview.weights.iter().enumerate() {
            for (found, expected) in weights.iter().zip(truth[c].iter().chain(&[0.1 * c as f32])) {
                assert!((found - f64::from(*expected)).abs() < 1e-3, "{found} {expected}");
            }
        }
    }

    #[test]
    fn a_preview_has_a_pixel_for_each_latent() {
        let preview = LatentPreview { weights: [vec![1.0, 0.0], vec![0.0, 0.0], vec![0.0, 1.0]] };
        let latents = Tensor::new(&[[[[-1.0f32, 0.0, 9.0]]]], &Device::Cpu).unwrap();
        let picture = preview.picture(&latents).unwrap();
        let pixels: Vec<_> = picture.pixels().map(|pixel| pixel.0).collect();
        assert_eq!(pixels, [[0, 128, 255], [128, 128, 255], [255, 128, 255]]);
    }
}

//! Tensors to pictures: the finished one, and a guess at it from latents alone.

use candle_core::{DType, Result, Tensor};
use image::RgbImage;

/// Red, green and blue of each latent channel: the linear fit for Stable Diffusion 1 that its users
/// commonly preview with. Good enough to see where things stand.
const COLOURS: [[f32; 3]; 4] =
    [[0.298, 0.207, 0.208], [0.187, 0.286, 0.173], [-0.158, 0.189, 0.264], [-0.184, -0.271, -0.473]];

/// A small picture of `latents` `[1, 4, h, w]`, a pixel each; none for other numbers of channels.
pub(super) fn guess(latents: &Tensor) -> Result<Option<RgbImage>> {
    let (_, channels, _, _) = latents.dims4()?;
    if channels != COLOURS.len() {
        return Ok(None);
    }
    let colours = Tensor::new(&COLOURS, latents.device())?.t()?;
    let (_, _, h, w) = latents.dims4()?;
    let flat = latents.to_dtype(DType::F32)?.reshape((channels, h * w))?;
    to_picture(&colours.contiguous()?.matmul(&flat)?.reshape((1, 3, h, w))?).map(Some)
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
    use candle_core::Device;

    #[test]
    fn minus_one_is_black_one_is_white_and_channels_keep_their_places() {
        let values = vec![-1.0f32, 1.0, 0.0, 5.0, -3.0, 1.0];
        let pixels = Tensor::from_vec(values, (1, 3, 1, 2), &Device::Cpu).unwrap();
        assert_eq!(to_picture(&pixels).unwrap().into_raw(), [0, 128, 0, 255, 255, 255]);
    }

    #[test]
    fn a_guess_has_a_pixel_a_latent() {
        let latents = Tensor::zeros((1, 4, 3, 5), DType::F32, &Device::Cpu).unwrap();
        let picture = guess(&latents).unwrap().unwrap();
        assert_eq!((picture.dimensions(), picture.get_pixel(0, 0).0), ((5, 3), [128, 128, 128]));
        assert!(guess(&latents.narrow(1, 0, 3).unwrap()).unwrap().is_none());
    }
}

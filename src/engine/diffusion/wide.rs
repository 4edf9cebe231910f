//! Networks in f32 beside those in a half type, for the part whose numbers a half type could not hold.
//!
//! Each loads from the bundle when it is first needed and stays: a model that overflows once does it again.

use crate::engine::EngineError;
use crate::engine::adapters::Adapters;
use crate::engine::bundle::Bundle;
use crate::engine::control_net::ControlNet;
use crate::engine::image_encoder::ImageEncoder;
use crate::engine::text::TextEncoder;
use crate::engine::unet::UNet;
use crate::engine::vae::Vae;
use candle_core::{DType, Device, Result as CandleResult, Tensor};
use std::sync::OnceLock;

/// The networks' copies in f32.
#[derive(Default)]
pub(super) struct WideCopies {
    text: OnceLock<TextEncoder>,
    image: OnceLock<ImageEncoder>,
    control_net: OnceLock<ControlNet>,
    unet: OnceLock<UNet>,
    vae: OnceLock<Vae>,
}

impl WideCopies {
    pub(super) fn text(
        &self,
        adapters: &Adapters,
        bundle: &Bundle,
        device: &Device,
    ) -> Result<&TextEncoder, EngineError> {
        loaded(&self.text, || adapters.text_encoder(bundle, DType::F32, device))
    }

    pub(super) fn image(&self, bundle: &Bundle, device: &Device) -> Result<&ImageEncoder, EngineError> {
        loaded(&self.image, || bundle.image_encoder(DType::F32, device))
    }

    pub(super) fn control_net(&self, bundle: &Bundle, device: &Device) -> Result<&ControlNet, EngineError> {
        loaded(&self.control_net, || bundle.control_net(DType::F32, device))
    }

    pub(super) fn unet(
        &self,
        adapters: &Adapters,
        bundle: &Bundle,
        device: &Device,
    ) -> Result<&UNet, EngineError> {
        loaded(&self.unet, || adapters.unet(bundle, DType::F32, device))
    }

    pub(super) fn vae(&self, bundle: &Bundle, device: &Device) -> Result<&Vae, EngineError> {
        loaded(&self.vae, || bundle.vae(DType::F32, device))
    }
}

/// Two threads may both load; one copy stays.
fn loaded<N>(place: &OnceLock<N>, load: impl FnOnce() -> Result<N, EngineError>) -> Result<&N, EngineError> {
    if let Some(network) = place.get() {
        return Ok(network);
    }
    let network = load()?;
    Ok(place.get_or_init(|| network))
}

/// Whether a network's result is one: every number finite, and some plane (the last two axes) not all alike.
/// A network that lost its numbers leaves NaN, or one value everywhere: the famous black picture.
pub(super) fn usable(x: &Tensor) -> CandleResult<bool> {
    let plane = x.dims().iter().rev().take(2).product::<usize>().max(1);
    let values: Vec<f32> = x.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
    let finite = values.iter().all(|value| value.is_finite());
    Ok(finite && values.chunks(plane).any(|plane| plane.iter().any(|value| *value != plane[0])))
}

/// [`usable`] for pixels, of which -1..1 is shown: a picture all black or white is none either.
pub(super) fn usable_picture(pixels: &Tensor) -> CandleResult<bool> {
    Ok(usable(pixels)? && usable(&pixels.clamp(-1f32, 1f32)?)?)
}

/// Whether every number is finite; cheap for large tensors, as one that is not spreads over the sum.
pub(super) fn finite(x: &Tensor) -> CandleResult<bool> {
    Ok(x.to_dtype(DType::F32)?.abs()?.mean_all()?.to_scalar::<f32>()?.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_infinity_and_flat_planes_are_no_result() {
        let of = |values: [f32; 4]| Tensor::from_slice(&values, (1, 2, 1, 2), &Device::Cpu).unwrap();
        assert!(usable(&of([0.0, 1.0, 0.0, 0.0])).unwrap());
        // Flat in each channel, though the channels differ.
        assert!(!usable(&of([0.5, 0.5, -1.0, -1.0])).unwrap());
        assert!(usable(&of([2.0, 3.0, 4.0, 5.0])).unwrap());
        assert!(!usable_picture(&of([2.0, 3.0, 4.0, 5.0])).unwrap());
        assert!(usable_picture(&of([2.0, 3.0, 4.0, 0.0])).unwrap());
        for bad in [f32::NAN, f32::INFINITY] {
            assert!(!usable(&of([0.0, 1.0, bad, 2.0])).unwrap());
            assert!(!finite(&of([0.0, 1.0, bad, 2.0])).unwrap());
        }
        let overflowing = Tensor::new(&[60_000f32, 70_000.0], &Device::Cpu).unwrap();
        assert!(finite(&overflowing).unwrap());
        assert!(!finite(&overflowing.to_dtype(DType::F16).unwrap()).unwrap());
    }
}

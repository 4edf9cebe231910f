//! Stable Diffusion's denoiser: diffusers' `UNet2DConditionModel`, any number of levels.
//!
//! It stays stock: text is all it attends to, and the ControlNet reaches it through added residuals. Input
//! and output are `[b, c, h, w]`; inside everything is channels-last and in the weights' dtype.

mod config;
mod decoder;
mod encoder;
pub(crate) mod residual;

pub use config::{Level, UNetConfig};
pub(super) use encoder::Encoder;

use super::EngineError;
use super::attention::{CrossContext, TransformerShape};
use super::control_net::ControlResiduals;
use super::ops::{to_channels_first, to_channels_last};
use super::progress::Control;
use candle_core::{DType, Tensor};
use candle_nn::VarBuilder;
use decoder::Decoder;
use encoder::Descent;

/// Predicts the noise in latents.
#[derive(Debug, Clone)]
pub struct UNet {
    encoder: Encoder,
    decoder: Decoder,
    dtype: DType,
}

impl UNet {
    /// Reads the weights from a builder rooted at the component, in its dtype.
    pub fn new(config: &UNetConfig, vb: VarBuilder<'_>) -> Result<Self, EngineError> {
        config.validate()?;
        let shape = TransformerShape::text_only(config)?;
        let encoder = Encoder::load(config, &shape, &vb)?;
        let decoder = Decoder::load(config, &shape, encoder.skip_channels(), encoder.transformers(), &vb)?;
        Ok(Self { encoder, decoder, dtype: vb.dtype() })
    }

    /// The noise in `latents` `[b, 4, h, w]` at the scheduler's `timestep`, same shape and dtype back.
    ///
    /// `text` is T_t, `[b, n, d]`. `residuals` must hold one for each skip, or it is an error.
    pub fn forward(
        &self,
        latents: &Tensor,
        timestep: f64,
        text: &Tensor,
        residuals: Option<&ControlResiduals>,
        control: &Control,
    ) -> Result<Tensor, EngineError> {
        let x = to_channels_last(&latents.to_dtype(self.dtype)?)?;
        let text = text.to_dtype(self.dtype)?;
        let context = CrossContext::Text(&text);
        let mut descent = self.encoder.forward(&x, None, timestep, context, control)?;
        if let Some(residuals) = residuals {
            add_residuals(&mut descent, residuals)?;
        }
        let noise = self.decoder.forward(descent, context, control)?;
        Ok(to_channels_first(&noise)?.to_dtype(latents.dtype())?)
    }
}

/// Adds a ControlNet's residuals to the skips and the middle.
fn add_residuals(descent: &mut Descent, residuals: &ControlResiduals) -> Result<(), EngineError> {
    let (expected, found) = (descent.skips.len(), residuals.down.len());
    if expected != found {
        return Err(EngineError::Residuals { expected, found });
    }
    for (skip, residual) in descent.skips.iter_mut().zip(&residuals.down) {
        *skip = (&*skip + residual)?;
    }
    descent.middle = (&descent.middle + &residuals.middle)?;
    Ok(())
}

//! The hint's way to the latents' size: `controlnet_cond_embedding`.

use super::ControlNetConfig;
use crate::engine::ops::{Activation, Conv2d, Padding};
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

/// Convolutions that halve a hint until it has the latents' size.
#[derive(Debug, Clone)]
pub(super) struct HintEmbedding {
    /// Each followed by SiLU.
    convs: Vec<Conv2d>,
    conv_out: Conv2d,
}

impl HintEmbedding {
    pub(super) fn load(config: &ControlNetConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let channels = &config.conditioning_embedding_out_channels;
        let mut convs = vec![Conv2d::load(config.conditioning_channels, channels[0], &vb.pp("conv_in"))?];
        for (i, pair) in channels.windows(2).enumerate() {
            let block = |half: usize| vb.pp(format!("blocks.{}", 2 * i + half));
            convs.push(Conv2d::load(pair[0], pair[0], &block(0))?);
            convs.push(Conv2d::load_halving(pair[0], pair[1], Padding::Around, &block(1))?);
        }
        let (last, out) = (channels[channels.len() - 1], config.net.block_out_channels[0]);
        Ok(Self { convs, conv_out: Conv2d::load_zero(last, out, &vb.pp("conv_out"))? })
    }

    /// `hint` `[b, H, W, channels]` to `[b, h, w, c]`.
    pub(super) fn forward(&self, hint: &Tensor) -> Result<Tensor> {
        let mut x = hint.clone();
        for conv in &self.convs {
            x = Activation::Silu.apply(&conv.forward(&x)?)?;
        }
        self.conv_out.forward(&x)
    }
}

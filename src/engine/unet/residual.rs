//! Blocks that U-shaped networks and the autoencoder share: residual blocks and changes of size.

use crate::engine::ops::{Conv2d, GroupNorm, Linear, Padding, upsample_nearest};
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

/// Sizes of a residual block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResidualShape {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) groups: usize,
    pub(crate) eps: f64,
    /// Width of the time embedding; the autoencoder has none.
    pub(crate) time: Option<usize>,
}

/// diffusers' `ResnetBlock2D`. The autoencoder takes large pictures through its layers in bands.
#[derive(Debug, Clone)]
pub(crate) struct ResidualBlock {
    pub(crate) norm1: GroupNorm,
    pub(crate) conv1: Conv2d,
    time_emb_proj: Option<Linear>,
    pub(crate) norm2: GroupNorm,
    pub(crate) conv2: Conv2d,
    pub(crate) conv_shortcut: Option<Linear>,
}

impl ResidualBlock {
    pub(crate) fn load(shape: ResidualShape, vb: &VarBuilder<'_>) -> Result<Self> {
        let ResidualShape { inputs, outputs, groups, eps, time } = shape;
        let time_layer = |width| Linear::load(width, outputs, &vb.pp("time_emb_proj"));
        let shortcut = || Linear::load_pointwise(inputs, outputs, None, &vb.pp("conv_shortcut"));
        Ok(Self {
            norm1: GroupNorm::load(groups, inputs, eps, &vb.pp("norm1"))?,
            conv1: Conv2d::load(inputs, outputs, &vb.pp("conv1"))?,
            time_emb_proj: time.map(time_layer).transpose()?,
            norm2: GroupNorm::load(groups, outputs, eps, &vb.pp("norm2"))?,
            conv2: Conv2d::load(outputs, outputs, &vb.pp("conv2"))?,
            conv_shortcut: (inputs != outputs).then(shortcut).transpose()?,
        })
    }

    /// What the time adds to every pixel, `[1, 1, 1, outputs]`, from SiLU of the time embedding `[1, width]`;
    /// none for a block that reads no time.
    pub(crate) fn shift(&self, time: &Tensor) -> Result<Option<Tensor>> {
        let Some(layer) = &self.time_emb_proj else { return Ok(None) };
        let shift = layer.forward(time)?;
        let (b, outputs) = shift.dims2()?;
        shift.reshape((b, 1, 1, outputs)).map(Some)
    }

    /// `x` `[b, h, w, inputs]` to `[b, h, w, outputs]`, with the time's [`Self::shift`].
    pub(crate) fn forward(&self, x: &Tensor, shift: Option<&Tensor>) -> Result<Tensor> {
        let mut hidden = self.conv1.forward(&self.norm1.forward_silu(x)?)?;
        if let Some(shift) = shift {
            hidden = hidden.broadcast_add(shift)?;
        }
        let hidden = self.norm2.forward_silu(&hidden)?;
        match &self.conv_shortcut {
            Some(shortcut) => self.conv2.forward_added(&hidden, &shortcut.forward(x)?),
            None => self.conv2.forward_added(&hidden, x),
        }
    }
}

/// Halves a picture: a convolution of stride 2, under `downsamplers.0`.
#[derive(Debug, Clone)]
pub(crate) struct Downsample(Conv2d);

impl Downsample {
    pub(crate) fn load(channels: usize, padding: Padding, vb: &VarBuilder<'_>) -> Result<Self> {
        Conv2d::load_halving(channels, channels, padding, &vb.pp("downsamplers.0.conv")).map(Self)
    }

    /// `x` `[b, h, w, c]` to half of each side.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.0.forward(x)
    }
}

/// Enlarges a picture: nearest neighbour, then a convolution, under `upsamplers.0`.
#[derive(Debug, Clone)]
pub(crate) struct Upsample(Conv2d);

impl Upsample {
    pub(crate) fn load(channels: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        Conv2d::load(channels, channels, &vb.pp("upsamplers.0.conv")).map(Self)
    }

    /// `x` `[b, h, w, c]` to `[b, height, width, c]`.
    pub(crate) fn forward(&self, x: &Tensor, height: usize, width: usize) -> Result<Tensor> {
        let (_, h, w, _) = x.dims4()?;
        if (height, width) == (2 * h, 2 * w) {
            return self.0.forward_doubled(x);
        }
        self.0.forward(&upsample_nearest(x, height, width)?)
    }
}

//! Pictures to latents and back: diffusers' `AutoencoderKL`.
//!
//! Both directions speak the autoencoder's own latents. The denoiser's are those times
//! [`Vae::scaling_factor`]; whoever stands between the two multiplies or divides, once. Pictures that are
//! large go through in bands of rows, with the whole picture's result.

mod bands;
mod config;

pub(super) use bands::{BAND, WHOLE};
pub use config::VaeConfig;

use super::EngineError;
use super::attention::PixelAttention;
use super::ops::{Conv2d, GroupNorm, Linear, Padding, to_channels_first, to_channels_last};
use super::progress::Control;
use super::unet::residual::{Downsample, ResidualBlock, ResidualShape, Upsample};
use bands::Bands;
use candle_core::{D, DType, Result, Tensor};
use candle_nn::VarBuilder;

/// diffusers' constant, which no config names.
const EPS: f64 = 1e-6;

/// Where diffusers clamps the logarithm of the variance.
const LOGVAR: std::ops::RangeInclusive<f64> = -30.0..=20.0;

/// What both halves' middles are: two residual blocks around an attention.
#[derive(Debug, Clone)]
struct Middle {
    first: ResidualBlock,
    attention: Option<PixelAttention>,
    last: ResidualBlock,
}

impl Middle {
    fn load(config: &VaeConfig, channels: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let shape = residual(config, channels, channels);
        let attention = || PixelAttention::load(channels, config.norm_num_groups, &vb.pp("attentions.0"));
        Ok(Self {
            first: ResidualBlock::load(shape, &vb.pp("resnets.0"))?,
            attention: config.mid_block_add_attention.then(attention).transpose()?,
            last: ResidualBlock::load(shape, &vb.pp("resnets.1"))?,
        })
    }

    fn forward(&self, x: &Tensor, control: &Control) -> std::result::Result<Tensor, EngineError> {
        let mut x = self.first.forward(x, None)?;
        control.check()?;
        if let Some(attention) = &self.attention {
            x = attention.forward(&x)?;
        }
        control.check()?;
        Ok(self.last.forward(&x, None)?)
    }
}

fn residual(config: &VaeConfig, inputs: usize, outputs: usize) -> ResidualShape {
    ResidualShape { inputs, outputs, groups: config.norm_num_groups, eps: EPS, time: None }
}

/// Residual blocks of one size, and the way to the next.
#[derive(Debug, Clone)]
struct Level<S> {
    channels: usize,
    blocks: Vec<ResidualBlock>,
    resize: Option<S>,
}

impl<S> Level<S> {
    /// `count` blocks, the first from `inputs` channels.
    fn load(
        config: &VaeConfig,
        count: usize,
        [inputs, channels]: [usize; 2],
        resize: Option<S>,
        vb: &VarBuilder<'_>,
    ) -> Result<Self> {
        let block = |i: usize| {
            let shape = residual(config, if i == 0 { inputs } else { channels }, channels);
            ResidualBlock::load(shape, &vb.pp(format!("resnets.{i}")))
        };
        Ok(Self { channels, blocks: (0..count).map(block).collect::<Result<_>>()?, resize })
    }

    fn blocks(&self, x: Bands, control: &Control) -> std::result::Result<Bands, EngineError> {
        self.blocks.iter().try_fold(x, |x, block| x.through(block, self.channels, control))
    }
}

#[derive(Debug, Clone)]
struct Encoder {
    conv_in: Conv2d,
    levels: Vec<Level<Downsample>>,
    middle: Middle,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Encoder {
    fn load(config: &VaeConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let channels = &config.block_out_channels;
        let (first, last) = (channels[0], channels[channels.len() - 1]);
        let mut levels = Vec::with_capacity(channels.len());
        let mut inputs = first;
        for (i, &outputs) in channels.iter().enumerate() {
            let vb = vb.pp(format!("down_blocks.{i}"));
            let halves = i + 1 < channels.len();
            let downsample = halves.then(|| Downsample::load(outputs, Padding::Trailing, &vb)).transpose()?;
            levels.push(Level::load(config, config.layers_per_block, [inputs, outputs], downsample, &vb)?);
            inputs = outputs;
        }
        Ok(Self {
            conv_in: Conv2d::load(config.in_channels, first, &vb.pp("conv_in"))?,
            levels,
            middle: Middle::load(config, last, &vb.pp("mid_block"))?,
            norm_out: GroupNorm::load(config.norm_num_groups, last, EPS, &vb.pp("conv_norm_out"))?,
            conv_out: Conv2d::load(last, config.latent_channels * 2, &vb.pp("conv_out"))?,
        })
    }

    /// `x` `[b, H, W, 3]` to moments `[b, h, w, 2 * latent channels]`; `limit` as in [`Bands::cut`].
    fn forward(
        &self,
        x: &Tensor,
        limit: usize,
        control: &Control,
    ) -> std::result::Result<Tensor, EngineError> {
        let first = self.levels.first().map_or(1, |level| level.channels);
        let mut x = Bands::cut(x, limit)?.convolved(&self.conv_in, first, control)?;
        for level in &self.levels {
            x = level.blocks(x, control)?;
            if let Some(downsample) = &level.resize {
                x = x.halved(downsample, control)?;
            }
        }
        let x = self.middle.forward(&x.joined()?, control)?;
        Ok(self.conv_out.forward(&self.norm_out.forward_silu(&x)?)?)
    }
}

#[derive(Debug, Clone)]
struct Decoder {
    conv_in: Conv2d,
    middle: Middle,
    levels: Vec<Level<Upsample>>,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Decoder {
    fn load(config: &VaeConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let channels = &config.block_out_channels;
        let (first, last) = (channels[0], channels[channels.len() - 1]);
        let mut levels = Vec::with_capacity(channels.len());
        let mut inputs = last;
        for (i, &outputs) in channels.iter().rev().enumerate() {
            let vb = vb.pp(format!("up_blocks.{i}"));
            let doubles = i + 1 < channels.len();
            let upsample = doubles.then(|| Upsample::load(outputs, &vb)).transpose()?;
            levels.push(Level::load(config, config.layers_per_block + 1, [inputs, outputs], upsample, &vb)?);
            inputs = outputs;
        }
        Ok(Self {
            conv_in: Conv2d::load(config.latent_channels, last, &vb.pp("conv_in"))?,
            middle: Middle::load(config, last, &vb.pp("mid_block"))?,
            levels,
            norm_out: GroupNorm::load(config.norm_num_groups, first, EPS, &vb.pp("conv_norm_out"))?,
            conv_out: Conv2d::load(first, config.out_channels, &vb.pp("conv_out"))?,
        })
    }

    /// `x` `[b, h, w, latent channels]` to `[b, H, W, 3]`; `limit` as in [`Bands::cut`].
    fn forward(
        &self,
        x: &Tensor,
        limit: usize,
        control: &Control,
    ) -> std::result::Result<Tensor, EngineError> {
        let middle = self.middle.forward(&self.conv_in.forward(x)?, control)?;
        let mut x = Bands::cut(&middle, limit)?;
        drop(middle);
        for level in &self.levels {
            x = level.blocks(x, control)?;
            if let Some(upsample) = &level.resize {
                x = x.doubled(upsample, control)?;
            }
        }
        Ok(x.normed_and_convolved(&self.norm_out, &self.conv_out, 1, control)?.joined()?)
    }
}

/// The normal distribution of a picture's latents, `[b, 4, h, w]` each.
#[derive(Debug, Clone)]
pub struct Latents {
    pub mean: Tensor,
    /// Logarithm of the variance, clamped as diffusers does.
    pub logvar: Tensor,
}

/// Both directions.
#[derive(Debug, Clone)]
pub struct Vae {
    encoder: Encoder,
    quant_conv: Option<Linear>,
    post_quant_conv: Option<Linear>,
    decoder: Decoder,
    scaling_factor: f64,
    dtype: DType,
}

impl Vae {
    /// Reads the weights from a builder rooted at the component, in its dtype.
    #[expect(clippy::needless_pass_by_value, reason = "handed over, as everywhere in candle")]
    pub fn new(config: &VaeConfig, vb: VarBuilder<'_>) -> std::result::Result<Self, EngineError> {
        config.validate()?;
        let pointwise = |asked: bool, channels: usize, name: &str| {
            asked.then(|| Linear::load_pointwise(channels, channels, None, &vb.pp(name))).transpose()
        };
        let latent = config.latent_channels;
        Ok(Self {
            encoder: Encoder::load(config, &vb.pp("encoder"))?,
            quant_conv: pointwise(config.use_quant_conv, latent * 2, "quant_conv")?,
            post_quant_conv: pointwise(config.use_post_quant_conv, latent, "post_quant_conv")?,
            decoder: Decoder::load(config, &vb.pp("decoder"))?,
            scaling_factor: config.scaling_factor,
            dtype: vb.dtype(),
        })
    }

    /// The denoiser's latents over the autoencoder's.
    pub fn scaling_factor(&self) -> f64 {
        self.scaling_factor
    }

    /// `pixels` `[b, 3, H, W]` in -1..1, sides multiples of 8, to the autoencoder's latents.
    pub fn encode(&self, pixels: &Tensor, control: &Control) -> std::result::Result<Latents, EngineError> {
        self.encode_in_bands(pixels, BAND, control)
    }

    fn encode_in_bands(
        &self,
        pixels: &Tensor,
        limit: usize,
        control: &Control,
    ) -> std::result::Result<Latents, EngineError> {
        let x = to_channels_last(&pixels.to_dtype(self.dtype)?)?;
        let mut moments = self.encoder.forward(&x, limit, control)?;
        if let Some(conv) = &self.quant_conv {
            moments = conv.forward(&moments)?;
        }
        let channels = moments.dim(D::Minus1)? / 2;
        let half = |start| to_channels_first(&moments.narrow(D::Minus1, start, channels)?);
        Ok(Latents {
            mean: half(0)?.to_dtype(pixels.dtype())?,
            logvar: half(channels)?.clamp(*LOGVAR.start(), *LOGVAR.end())?.to_dtype(pixels.dtype())?,
        })
    }

    /// The autoencoder's `latents` `[b, 4, h, w]` (the denoiser's divided by [`Self::scaling_factor`]) to
    /// pixels `[b, 3, 8h, 8w]`, nominally -1..1 and not clamped.
    pub fn decode(&self, latents: &Tensor, control: &Control) -> std::result::Result<Tensor, EngineError> {
        self.decode_in_bands(latents, BAND, control)
    }

    fn decode_in_bands(
        &self,
        latents: &Tensor,
        limit: usize,
        control: &Control,
    ) -> std::result::Result<Tensor, EngineError> {
        let mut x = to_channels_last(&latents.to_dtype(self.dtype)?)?;
        if let Some(conv) = &self.post_quant_conv {
            x = conv.forward(&x)?;
        }
        let pixels = self.decoder.forward(&x, limit, control)?;
        Ok(to_channels_first(&pixels)?.to_dtype(latents.dtype())?)
    }
}

#[cfg(test)]
mod tests;

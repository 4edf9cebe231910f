//! Pictures to latents and back: diffusers' `AutoencoderKL`.
//!
//! Both directions speak the autoencoder's own latents. The denoiser's are those times
//! [`Vae::scaling_factor`]; whoever stands between the two multiplies or divides, once.

mod config;

pub use config::VaeConfig;

use super::EngineError;
use super::attention::PixelAttention;
use super::ops::{Conv2d, GroupNorm, Linear, Padding, to_channels_first, to_channels_last};
use super::progress::Control;
use super::unet::residual::{Downsample, ResidualBlock, ResidualShape, Upsample};
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

/// One level's residual blocks, the first from `inputs` channels.
fn level(
    config: &VaeConfig,
    count: usize,
    inputs: usize,
    outputs: usize,
    vb: &VarBuilder<'_>,
) -> Result<Vec<ResidualBlock>> {
    let block = |i: usize| {
        let shape = residual(config, if i == 0 { inputs } else { outputs }, outputs);
        ResidualBlock::load(shape, &vb.pp(format!("resnets.{i}")))
    };
    (0..count).map(block).collect()
}

#[derive(Debug, Clone)]
struct Encoder {
    conv_in: Conv2d,
    levels: Vec<(Vec<ResidualBlock>, Option<Downsample>)>,
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
            let blocks = level(config, config.layers_per_block, inputs, outputs, &vb)?;
            let halves = i + 1 < channels.len();
            let downsample = halves.then(|| Downsample::load(outputs, Padding::Trailing, &vb)).transpose()?;
            levels.push((blocks, downsample));
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

    fn forward(&self, x: &Tensor, control: &Control) -> std::result::Result<Tensor, EngineError> {
        let mut x = self.conv_in.forward(x)?;
        for (blocks, downsample) in &self.levels {
            for block in blocks {
                control.check()?;
                x = block.forward(&x, None)?;
            }
            if let Some(downsample) = downsample {
                x = downsample.forward(&x)?;
            }
        }
        let x = self.middle.forward(&x, control)?;
        Ok(self.conv_out.forward(&self.norm_out.forward_silu(&x)?)?)
    }
}

#[derive(Debug, Clone)]
struct Decoder {
    conv_in: Conv2d,
    middle: Middle,
    levels: Vec<(Vec<ResidualBlock>, Option<Upsample>)>,
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
            let blocks = level(config, config.layers_per_block + 1, inputs, outputs, &vb)?;
            let doubles = i + 1 < channels.len();
            levels.push((blocks, doubles.then(|| Upsample::load(outputs, &vb)).transpose()?));
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

    fn forward(&self, x: &Tensor, control: &Control) -> std::result::Result<Tensor, EngineError> {
        let mut x = self.middle.forward(&self.conv_in.forward(x)?, control)?;
        for (blocks, upsample) in &self.levels {
            for block in blocks {
                control.check()?;
                x = block.forward(&x, None)?;
            }
            if let Some(upsample) = upsample {
                let (_, h, w, _) = x.dims4()?;
                control.check()?;
                x = upsample.forward(&x, h * 2, w * 2)?;
            }
        }
        control.check()?;
        Ok(self.conv_out.forward(&self.norm_out.forward_silu(&x)?)?)
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
        let x = to_channels_last(&pixels.to_dtype(self.dtype)?)?;
        let mut moments = self.encoder.forward(&x, control)?;
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
        let mut x = to_channels_last(&latents.to_dtype(self.dtype)?)?;
        if let Some(conv) = &self.post_quant_conv {
            x = conv.forward(&x)?;
        }
        let pixels = self.decoder.forward(&x, control)?;
        Ok(to_channels_first(&pixels)?.to_dtype(latents.dtype())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::inventory::Inventory;
    use crate::engine::testing::{Seeded, difference, noise};
    use candle_core::Device;
    use std::collections::HashMap;

    fn tiny() -> VaeConfig {
        let json = r#"{"block_out_channels": [8, 8, 16, 16], "norm_num_groups": 4, "layers_per_block": 1,
            "sample_size": 64, "_class_name": "AutoencoderKL"}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn stable_diffusion_s_autoencoder_has_its_known_number_of_parameters() {
        let inventory = Inventory::default();
        let vae = Vae::new(&VaeConfig::default(), inventory.builder(DType::F32)).unwrap();
        assert_eq!(inventory.parameters(), 83_653_863);
        assert_eq!(vae.scaling_factor(), 0.18215);
    }

    #[test]
    fn shapes_hold_both_ways_for_oblong_pictures() {
        let vae = Vae::new(&tiny(), Seeded::default().builder()).unwrap();
        let latents = vae.encode(&noise(&[1, 3, 64, 40], "pixels"), &Control::silent()).unwrap();
        assert_eq!(
            (latents.mean.dims(), latents.logvar.dims()),
            ([1, 4, 8, 5].as_slice(), [1, 4, 8, 5].as_slice())
        );
        let pixels = vae.decode(&latents.mean, &Control::silent()).unwrap();
        assert_eq!(pixels.dims(), [1, 3, 64, 40]);
    }

    #[test]
    fn older_files_attention_names_are_the_same_network() {
        let (inventory, seeded) = (Inventory::default(), Seeded::default().builder());
        Vae::new(&tiny(), inventory.builder(DType::F32)).unwrap();
        let named = |old: bool| {
            let tensors = inventory.entries().into_iter().map(|(name, entry)| {
                let tensor = seeded.get_with_hints(entry.shape, &name, entry.init).unwrap();
                let pairs = [
                    ("to_q.", "query."),
                    ("to_k.", "key."),
                    ("to_v.", "value."),
                    ("to_out.0.", "proj_attn."),
                ];
                let name = if old {
                    pairs.iter().fold(name, |name, (new, old)| name.replace(new, old))
                } else {
                    name
                };
                (name, tensor)
            });
            let tensors: HashMap<String, Tensor> = tensors.collect();
            Vae::new(&tiny(), VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu)).unwrap()
        };
        let decode = |vae: &Vae| vae.decode(&noise(&[1, 4, 4, 4], "latents"), &Control::silent()).unwrap();
        assert_eq!(difference(&decode(&named(true)), &decode(&named(false))), 0.0);
    }

    #[test]
    fn hostile_configs_are_refused() {
        assert!(VaeConfig { norm_num_groups: 3, ..tiny() }.validate().is_err());
        assert!(VaeConfig { block_out_channels: Vec::new(), ..tiny() }.validate().is_err());
        assert!(VaeConfig { scaling_factor: f64::NAN, ..tiny() }.validate().is_err());
        assert!(VaeConfig { layers_per_block: usize::MAX, ..tiny() }.validate().is_err());
        assert!(VaeConfig { shift_factor: Some(0.1), ..tiny() }.validate().is_err());
        let shifted: VaeConfig = serde_json::from_str(r#"{"latents_mean": [0, 0, 0, 0]}"#).unwrap();
        assert!(shifted.validate().unwrap_err().to_string().contains("latents_mean"));
        let other = VaeConfig { up_block_types: vec!["AttnUpDecoderBlock2D".to_owned(); 4], ..tiny() };
        assert!(other.validate().unwrap_err().to_string().contains("AttnUpDecoderBlock2D"));
    }
}

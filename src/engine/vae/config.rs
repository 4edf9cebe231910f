//! diffusers' `AutoencoderKL` config.json.

use crate::engine::config::{
    CHANNELS, ConfigError, LAYERS_PER_BLOCK, LEVELS, Usual, divides, in_range, only, usual,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What is not named here is ignored.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct VaeConfig {
    /// Channels of pictures.
    pub in_channels: usize,
    pub out_channels: usize,
    pub latent_channels: usize,
    pub down_block_types: Vec<String>,
    pub up_block_types: Vec<String>,
    /// Channels level by level, finest first.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks a level of the encoder; the decoder has one more.
    pub layers_per_block: usize,
    pub norm_num_groups: usize,
    pub act_fn: String,
    /// Latents as the denoiser sees them over latents as the autoencoder makes them.
    pub scaling_factor: f64,
    pub shift_factor: Option<f64>,
    pub use_quant_conv: bool,
    pub use_post_quant_conv: bool,
    pub mid_block_add_attention: bool,
    /// Everything else in the file.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Default for VaeConfig {
    /// Stable Diffusion 1.5.
    fn default() -> Self {
        Self {
            in_channels: 3,
            out_channels: 3,
            latent_channels: 4,
            down_block_types: vec!["DownEncoderBlock2D".to_owned(); 4],
            up_block_types: vec!["UpDecoderBlock2D".to_owned(); 4],
            block_out_channels: vec![128, 256, 512, 512],
            layers_per_block: 2,
            norm_num_groups: 32,
            act_fn: "silu".to_owned(),
            scaling_factor: 0.18215,
            shift_factor: None,
            use_quant_conv: true,
            use_post_quant_conv: true,
            mid_block_add_attention: true,
            other: Map::new(),
        }
    }
}

impl VaeConfig {
    /// Checks everything that the network is sized by.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let levels = self.block_out_channels.len();
        in_range("the number of block_out_channels", levels, LEVELS)?;
        in_range("norm_num_groups", self.norm_num_groups, CHANNELS)?;
        for &channels in &self.block_out_channels {
            in_range("block_out_channels", channels, CHANNELS)?;
            divides("norm_num_groups", self.norm_num_groups, "block_out_channels", channels)?;
        }
        in_range("layers_per_block", self.layers_per_block, LAYERS_PER_BLOCK)?;
        in_range("latent_channels", self.latent_channels, 1..=64)?;
        only("in_channels", &self.in_channels, &3)?;
        only("out_channels", &self.out_channels, &3)?;
        only("act_fn", &self.act_fn.as_str(), &"silu")?;
        only("shift_factor", &self.shift_factor.unwrap_or(0.0), &0.0)?;
        usual(&self.other, &[("latents_mean", Usual::Unset), ("latents_std", Usual::Unset)])?;
        kinds("down_block_types", &self.down_block_types, "DownEncoderBlock2D", levels)?;
        kinds("up_block_types", &self.up_block_types, "UpDecoderBlock2D", levels)?;
        if self.scaling_factor > 0.0 && self.scaling_factor < 1e3 {
            return Ok(());
        }
        Err(ConfigError::Number { what: "scaling_factor" })
    }
}

fn kinds(what: &'static str, found: &[String], only: &str, levels: usize) -> Result<(), ConfigError> {
    if found.len() != levels {
        return Err(ConfigError::Levels { what, expected: levels, found: found.len() });
    }
    match found.iter().find(|kind| *kind != only) {
        Some(kind) => Err(ConfigError::Unsupported { what, value: format!("{kind:?}") }),
        None => Ok(()),
    }
}

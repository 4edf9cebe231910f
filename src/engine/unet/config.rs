//! The config of Stable Diffusion's U-shaped network, which its ControlNet shares.

use crate::engine::config::{
    CHANNELS, ConfigError, DEPTH, LAYERS_PER_BLOCK, LEVELS, PerLevel, Usual, divides, in_range, only,
    small_positive, usual,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What other families of networks add, under names that these do not otherwise read.
const OTHER_FAMILIES: [(&str, Usual); 14] = [
    ("num_class_embeds", Usual::Unset),
    ("encoder_hid_dim_type", Usual::Unset),
    ("time_embedding_dim", Usual::Unset),
    ("time_embedding_act_fn", Usual::Unset),
    ("timestep_post_act", Usual::Unset),
    ("time_cond_proj_dim", Usual::Unset),
    ("cross_attention_norm", Usual::Unset),
    ("mid_block_only_cross_attention", Usual::Flag(false)),
    ("resnet_skip_time_act", Usual::Flag(false)),
    ("resnet_out_scale_factor", Usual::Number(1.0)),
    ("mid_block_scale_factor", Usual::Number(1.0)),
    ("conv_in_kernel", Usual::Number(3.0)),
    ("conv_out_kernel", Usual::Number(3.0)),
    ("attention_type", Usual::Word("default")),
];

/// What one level of the network is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Channels of the level's pictures.
    pub channels: usize,
    /// Attention heads, where the level attends.
    pub heads: usize,
    /// Whether a transformer follows each residual block.
    pub attends: bool,
}

/// diffusers' `UNet2DConditionModel` config.json; what is not named here is ignored.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct UNetConfig {
    /// Channels of the latents.
    pub in_channels: usize,
    pub out_channels: usize,
    pub down_block_types: Vec<String>,
    pub mid_block_type: Option<String>,
    pub up_block_types: Vec<String>,
    /// Channels level by level, finest first.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks a level on the way down; one more on the way up.
    pub layers_per_block: PerLevel<usize>,
    /// Width of the text tokens.
    pub cross_attention_dim: PerLevel<usize>,
    /// The number of heads, despite its name, unless `num_attention_heads` is there.
    pub attention_head_dim: PerLevel<usize>,
    pub num_attention_heads: Option<PerLevel<usize>>,
    pub transformer_layers_per_block: PerLevel<usize>,
    pub norm_num_groups: usize,
    pub norm_eps: f64,
    /// Transformers' way in and out: linear layers, or 1x1 convolutions.
    pub use_linear_projection: bool,
    /// Cosines first in the time embedding.
    pub flip_sin_to_cos: bool,
    pub freq_shift: f64,
    pub downsample_padding: usize,
    pub act_fn: String,
    pub only_cross_attention: PerLevel<bool>,
    pub dual_cross_attention: bool,
    pub center_input_sample: bool,
    pub resnet_time_scale_shift: String,
    pub time_embedding_type: Option<String>,
    pub class_embed_type: Option<String>,
    pub addition_embed_type: Option<String>,
    pub encoder_hid_dim: Option<usize>,
    /// Everything else in the file.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Default for UNetConfig {
    /// Stable Diffusion 1.5.
    fn default() -> Self {
        let repeated = |first: &str, rest: &str, cross_first: bool| {
            let mut kinds = vec![rest.to_owned(); 3];
            kinds.insert(if cross_first { 3 } else { 0 }, first.to_owned());
            kinds
        };
        Self {
            in_channels: 4,
            out_channels: 4,
            down_block_types: repeated("DownBlock2D", "CrossAttnDownBlock2D", true),
            mid_block_type: Some("UNetMidBlock2DCrossAttn".to_owned()),
            up_block_types: repeated("UpBlock2D", "CrossAttnUpBlock2D", false),
            block_out_channels: vec![320, 640, 1280, 1280],
            layers_per_block: PerLevel::Same(2),
            cross_attention_dim: PerLevel::Same(768),
            attention_head_dim: PerLevel::Same(8),
            num_attention_heads: None,
            transformer_layers_per_block: PerLevel::Same(1),
            norm_num_groups: 32,
            norm_eps: 1e-5,
            use_linear_projection: false,
            flip_sin_to_cos: true,
            freq_shift: 0.0,
            downsample_padding: 1,
            act_fn: "silu".to_owned(),
            only_cross_attention: PerLevel::Same(false),
            dual_cross_attention: false,
            center_input_sample: false,
            resnet_time_scale_shift: "default".to_owned(),
            time_embedding_type: None,
            class_embed_type: None,
            addition_embed_type: None,
            encoder_hid_dim: None,
            other: Map::new(),
        }
    }
}

impl UNetConfig {
    /// Checks everything that a network is sized by.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_down()?;
        let levels = self.block_out_channels.len();
        if self.up_block_types.len() != levels {
            let found = self.up_block_types.len();
            return Err(ConfigError::Levels { what: "up_block_types", expected: levels, found });
        }
        self.up_levels()?;
        in_range("out_channels", self.out_channels, CHANNELS)
    }

    /// The same for the half that a ControlNet has.
    pub fn validate_down(&self) -> Result<(), ConfigError> {
        in_range("in_channels", self.in_channels, CHANNELS)?;
        in_range("the number of block_out_channels", self.block_out_channels.len(), LEVELS)?;
        in_range("norm_num_groups", self.norm_num_groups, CHANNELS)?;
        small_positive("norm_eps", self.norm_eps)?;
        for level in self.down_levels()? {
            in_range("block_out_channels", level.channels, CHANNELS)?;
            divides("norm_num_groups", self.norm_num_groups, "block_out_channels", level.channels)?;
            in_range("the number of attention heads", level.heads, CHANNELS)?;
            if level.attends {
                divides("the number of attention heads", level.heads, "block_out_channels", level.channels)?;
            }
        }
        let last = self.deepest()?;
        divides("the number of attention heads", last.heads, "block_out_channels", last.channels)?;
        divides("2", 2, "the first of block_out_channels", self.block_out_channels[0])?;
        in_range("layers_per_block", self.layers()?, LAYERS_PER_BLOCK)?;
        in_range("cross_attention_dim", self.text_width()?, CHANNELS)?;
        self.validate_fixed()
    }

    /// Settings of other families of networks.
    fn validate_fixed(&self) -> Result<(), ConfigError> {
        let levels = self.block_out_channels.len();
        let transformers =
            self.transformer_layers_per_block.spread("transformer_layers_per_block", levels)?;
        in_range("transformer_layers_per_block", transformers[0], DEPTH)?;
        only("transformer_layers_per_block", &transformers, &vec![1; levels])?;
        let only_cross = self.only_cross_attention.spread("only_cross_attention", levels)?;
        only("only_cross_attention", &only_cross, &vec![false; levels])?;
        only("dual_cross_attention", &self.dual_cross_attention, &false)?;
        only("center_input_sample", &self.center_input_sample, &false)?;
        only("downsample_padding", &self.downsample_padding, &1)?;
        only("act_fn", &self.act_fn.as_str(), &"silu")?;
        only("resnet_time_scale_shift", &self.resnet_time_scale_shift.as_str(), &"default")?;
        let embedding = self.time_embedding_type.as_deref().unwrap_or("positional");
        only("time_embedding_type", &embedding, &"positional")?;
        // Null is no middle block at all.
        let mid = self.mid_block_type.as_deref().unwrap_or("none");
        only("mid_block_type", &mid, &"UNetMidBlock2DCrossAttn")?;
        only("class_embed_type", &self.class_embed_type, &None)?;
        only("addition_embed_type", &self.addition_embed_type, &None)?;
        only("encoder_hid_dim", &self.encoder_hid_dim, &None)?;
        usual(&self.other, &OTHER_FAMILIES)?;
        let waves = self.block_out_channels[0] as f64 / 2.0;
        if self.freq_shift >= 0.0 && self.freq_shift < waves {
            return Ok(());
        }
        Err(ConfigError::Unsupported { what: "freq_shift", value: self.freq_shift.to_string() })
    }

    /// The levels on the way down, finest first.
    pub fn down_levels(&self) -> Result<Vec<Level>, ConfigError> {
        self.levels("down_block_types", &self.down_block_types, "CrossAttnDownBlock2D", "DownBlock2D")
    }

    /// The levels on the way up, in the finest-first order too.
    pub fn up_levels(&self) -> Result<Vec<Level>, ConfigError> {
        let kinds: Vec<String> = self.up_block_types.iter().rev().cloned().collect();
        self.levels("up_block_types", &kinds, "CrossAttnUpBlock2D", "UpBlock2D")
    }

    /// The coarsest level, where the middle block works; it always attends.
    pub fn deepest(&self) -> Result<Level, ConfigError> {
        let level = self.down_levels()?.last().copied();
        level.ok_or(ConfigError::Levels { what: "block_out_channels", expected: 1, found: 0 })
    }

    /// Residual blocks a level on the way down.
    pub fn layers(&self) -> Result<usize, ConfigError> {
        self.uniform("layers_per_block", &self.layers_per_block)
    }

    /// Width of the text tokens.
    pub fn text_width(&self) -> Result<usize, ConfigError> {
        self.uniform("cross_attention_dim", &self.cross_attention_dim)
    }

    /// Width of the time embedding.
    pub fn time_width(&self) -> usize {
        self.block_out_channels[0] * 4
    }

    fn uniform(&self, what: &'static str, setting: &PerLevel<usize>) -> Result<usize, ConfigError> {
        let values = setting.spread(what, self.block_out_channels.len())?;
        only(what, &values, &vec![values[0]; values.len()])?;
        Ok(values[0])
    }

    fn levels(
        &self,
        what: &'static str,
        kinds: &[String],
        cross: &str,
        plain: &str,
    ) -> Result<Vec<Level>, ConfigError> {
        let count = self.block_out_channels.len();
        if kinds.len() != count {
            return Err(ConfigError::Levels { what, expected: count, found: kinds.len() });
        }
        let heads = self.num_attention_heads.as_ref().unwrap_or(&self.attention_head_dim);
        let heads = heads.spread("num_attention_heads", count)?;
        let level = |((kind, &channels), &heads): ((&String, &usize), &usize)| {
            if kind != cross && kind != plain {
                return Err(ConfigError::Unsupported { what, value: format!("{kind:?}") });
            }
            Ok(Level { channels, heads, attends: kind == cross })
        };
        kinds.iter().zip(&self.block_out_channels).zip(&heads).map(level).collect()
    }
}

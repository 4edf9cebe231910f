//! diffusers' `ControlNetModel` config.json, with the branches of this project.

use crate::engine::config::{CHANNELS, ConfigError, LEVELS, in_range, only};
use crate::engine::unet::UNetConfig;
use serde::Deserialize;

/// A cross-attention branch beside the text's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Branch {
    Pose,
    Appearance,
}

impl Branch {
    /// The tensor that only a file with this branch holds.
    pub(super) fn projection_weight(self) -> &'static str {
        match self {
            Self::Pose => "pose_proj.weight",
            Self::Appearance => "appearance_proj.weight",
        }
    }
}

/// What is not named here is ignored.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct ControlNetConfig {
    /// Channels of the hint.
    pub conditioning_channels: usize,
    /// Channels of the hint's embedding, finest first; each after the first halves the size.
    pub conditioning_embedding_out_channels: Vec<usize>,
    /// Branches beside the text's; absent: those that the file holds.
    pub adorn_branches: Option<Vec<Branch>>,
    pub controlnet_conditioning_channel_order: String,
    pub global_pool_conditions: bool,
    /// The way down that it copies; of this, what concerns the way up is not in the file.
    #[serde(flatten)]
    pub net: UNetConfig,
}

impl Default for ControlNetConfig {
    /// A stock one for Stable Diffusion 1.5.
    fn default() -> Self {
        Self {
            conditioning_channels: 3,
            conditioning_embedding_out_channels: vec![16, 32, 96, 256],
            adorn_branches: None,
            controlnet_conditioning_channel_order: "rgb".to_owned(),
            global_pool_conditions: false,
            net: UNetConfig::default(),
        }
    }
}

impl ControlNetConfig {
    /// Checks everything that the network is sized by.
    pub fn validate(&self) -> Result<(), ConfigError> {
        in_range("conditioning_channels", self.conditioning_channels, CHANNELS)?;
        let embedding = &self.conditioning_embedding_out_channels;
        in_range("the number of conditioning_embedding_out_channels", embedding.len(), LEVELS)?;
        for &channels in embedding {
            in_range("conditioning_embedding_out_channels", channels, CHANNELS)?;
        }
        let order = self.controlnet_conditioning_channel_order.as_str();
        only("controlnet_conditioning_channel_order", &order, &"rgb")?;
        only("global_pool_conditions", &self.global_pool_conditions, &false)?;
        self.net.validate_down()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_other_families_are_refused_by_name() {
        let with = |settings: &str| serde_json::from_str::<ControlNetConfig>(settings).unwrap().validate();
        assert_eq!(with(r#"{"num_class_embeds": null, "mid_block_scale_factor": 1.0}"#), Ok(()));
        for (name, value) in [
            ("num_class_embeds", "3"),
            ("mid_block_scale_factor", "2"),
            ("global_pool_conditions", "true"),
            ("controlnet_conditioning_channel_order", "\"bgr\""),
            ("mid_block_type", "null"),
        ] {
            let error = with(&format!("{{\"{name}\": {value}}}")).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}

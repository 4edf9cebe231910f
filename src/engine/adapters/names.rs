//! Whose layer a LoRA's name means. Trainers write the same layer in many ways; every way is computed from
//! the networks' own names, and none is guessed back.

use crate::engine::EngineError;
use crate::engine::bundle::{Component, Configs};
use crate::engine::checkpoint::UNetPlaces;
use crate::engine::config::ConfigError;
use crate::engine::unet::UNetConfig;
use std::collections::BTreeMap;

const WEIGHT: &str = ".weight";

/// A weight that a LoRA can change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Layer {
    pub(super) component: Component,
    /// As its network asks for it, `.weight` included.
    pub(super) name: String,
}

/// Denoiser and text encoder by all of their layers' names.
pub(super) struct Networks {
    shapes: BTreeMap<Layer, Vec<usize>>,
    /// kohya's names: dots are underscores.
    flat: BTreeMap<String, Layer>,
}

impl Networks {
    pub(super) fn of(configs: &Configs) -> Result<Self, EngineError> {
        let places = places(&configs.unet)?;
        let (mut shapes, mut flat) = (BTreeMap::new(), BTreeMap::new());
        for component in [Component::UNet, Component::Text] {
            for (name, entry) in configs.inventory(component)? {
                let Some(module) = name.strip_suffix(WEIGHT).filter(|_| entry.shape.len() > 1) else {
                    continue;
                };
                let layer = Layer { component, name: name.clone() };
                let mut known = |prefix: &str, module: &str| {
                    flat.insert(format!("{prefix}{}", module.replace('.', "_")), layer.clone());
                };
                if component == Component::Text {
                    known("lora_te_", module);
                    known("lora_te1_", module);
                } else {
                    known("lora_unet_", module);
                    if let Some(stored) = places.stored(&name) {
                        known("lora_unet_", stored.strip_suffix(WEIGHT).unwrap_or(&stored));
                    }
                }
                shapes.insert(layer, entry.shape);
            }
        }
        Ok(Self { shapes, flat })
    }

    /// The layer that a LoRA calls `module`.
    pub(super) fn layer(&self, module: &str) -> Option<Layer> {
        let module = module.strip_prefix("base_model.model.").unwrap_or(module);
        if let Some(layer) = self.flat.get(module) {
            return Some(layer.clone());
        }
        let (component, rest) = match module.split_once('.') {
            Some(("unet", rest)) => (Component::UNet, rest),
            Some(("text_encoder", rest)) => (Component::Text, rest),
            _ => (Component::UNet, module),
        };
        // Attention processors once held their LoRAs themselves.
        let rest = rest.replace(".processor.", ".");
        let ways =
            [format!("{rest}{WEIGHT}"), format!("{rest}.0{WEIGHT}"), format!("text_model.{rest}{WEIGHT}")];
        let layers = ways.into_iter().map(|name| Layer { component, name });
        layers.into_iter().find(|layer| self.shapes.contains_key(layer))
    }

    pub(super) fn shape(&self, layer: &Layer) -> &[usize] {
        self.shapes.get(layer).map_or(&[], Vec::as_slice)
    }
}

/// The denoiser's single-file numbering, in which some trainers name its layers.
fn places(config: &UNetConfig) -> Result<UNetPlaces, ConfigError> {
    let attends_up = config.up_levels()?.iter().rev().map(|level| level.attends).collect();
    Ok(UNetPlaces { layers: config.layers()?, attends_up, hint_blocks: 0 })
}

//! A bundle's networks over any weight source: real weights, a probe of them, or only their names.

use super::{Component, Configs};
use crate::engine::EngineError;
use crate::engine::control_net::ControlNet;
use crate::engine::image_encoder::ImageEncoder;
use crate::engine::inventory::{Entry, Inventory};
use crate::engine::text::TextEncoder;
use crate::engine::unet::UNet;
use crate::engine::vae::Vae;
use candle_core::DType;
use candle_nn::VarBuilder;
use std::collections::BTreeMap;

impl Configs {
    /// Asks `builder` for every tensor of a network, and lets go of it.
    pub(super) fn network(&self, component: Component, builder: VarBuilder<'_>) -> Result<(), EngineError> {
        match component {
            Component::Text => TextEncoder::new(&self.text, builder).map(drop),
            Component::Image => ImageEncoder::new(&self.image, builder).map(drop),
            Component::UNet => UNet::new(&self.unet, builder).map(drop),
            Component::ControlNet => {
                ControlNet::new(&self.control_net, self.image.hidden_size, builder).map(drop)
            }
            Component::Vae => Vae::new(&self.vae, builder).map(drop),
        }
    }

    /// Name and shape of every tensor that a network reads. The ControlNet's branches are those that its
    /// config lists.
    pub(in crate::engine) fn inventory(
        &self,
        component: Component,
    ) -> Result<BTreeMap<String, Entry>, EngineError> {
        let inventory = Inventory::default();
        self.network(component, inventory.builder(DType::F32))?;
        Ok(inventory.entries())
    }
}

//! The diffusion engine under LoRAs and textual inversions: what a recipe asks for is loaded when it asks.
//!
//! One picture is painted at a time: networks are exchanged in place, the old weights gone before the new ones
//! come, so memory never holds both.

use super::cache::Caches;
use super::wide::WideCopies;
use super::{DiffusionEngine, GUIDED, card_of, network_size_of};
use crate::engine::adapters::{AdapterSet, Adapters};
use crate::engine::bundle::Bundle;
use crate::engine::device::Picked;
use crate::engine::memory::{Planner, free};
use crate::engine::progress::{Control, Progress, Stage};
use crate::engine::{Engine, EngineCard, EngineError, Generated, MemoryOutlook, NetworkSize, Request};
use std::sync::{Mutex, PoisonError};

/// A bundle's engine that follows each recipe's LoRAs and textual inversions.
pub struct AdaptableEngine {
    bundle: Bundle,
    picked: Picked,
    planner: Planner,
    current: Mutex<Option<Current>>,
}

struct Current {
    set: AdapterSet,
    engine: DiffusionEngine,
}

impl AdaptableEngine {
    /// Over networks that are as the bundle has them.
    pub fn new(engine: DiffusionEngine) -> Self {
        Self {
            bundle: engine.bundle.clone(),
            picked: engine.picked.clone(),
            planner: engine.planner.clone(),
            current: Mutex::new(Some(Current { set: AdapterSet::default(), engine })),
        }
    }

    /// The networks under `set`, made from those at hand. Every file is checked before those are given up.
    fn changed(
        &self,
        at_hand: &mut Option<Current>,
        set: AdapterSet,
        control: &Control,
    ) -> Result<Current, EngineError> {
        let adapters = set.open(&self.bundle)?;
        let (engine, keeps_unet) = match at_hand.take() {
            Some(current) => (current.engine, current.set.same_loras(&set)),
            None => (self.reloaded()?, set.same_loras(&AdapterSet::default())),
        };
        Ok(Current { engine: engine.adapted(adapters, keeps_unet, control)?, set })
    }

    /// The bundle's own networks once more, after a change that did not end well.
    fn reloaded(&self) -> Result<DiffusionEngine, EngineError> {
        DiffusionEngine::load(self.bundle.clone(), self.picked.clone(), self.planner.clone())
    }
}

impl Engine for AdaptableEngine {
    fn card(&self) -> EngineCard {
        card_of(&self.bundle, &self.picked)
    }

    fn network_size(&self, canvas_width: u32, canvas_height: u32) -> NetworkSize {
        network_size_of(&self.bundle, canvas_width, canvas_height)
    }

    fn memory(&self, size: NetworkSize) -> Option<MemoryOutlook> {
        Some(MemoryOutlook { plan: self.planner.plan(size, GUIDED), free: free(&self.picked.device) })
    }

    fn generate(&self, request: &Request<'_>, control: &Control) -> Result<Generated, EngineError> {
        let set = AdapterSet::of(request.recipe);
        let mut slot = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let current = match slot.take_if(|current| current.set == set) {
            Some(current) => current,
            None => self.changed(&mut slot, set, control)?,
        };
        slot.insert(current).engine.generate(request, control)
    }
}

impl DiffusionEngine {
    /// The same engine with other weights for text and, unless it keeps them, denoiser. What was made with the
    /// old ones is forgotten.
    fn adapted(self, adapters: Adapters, keeps_unet: bool, control: &Control) -> Result<Self, EngineError> {
        let engine = self;
        let (dtype, device) = (engine.picked.dtype, &engine.picked.device);
        drop((engine.text, engine.wide, engine.caches));
        control.step(Progress::new(Stage::Loading, 0, 2))?;
        let text = adapters.text_encoder(&engine.bundle, dtype, device)?;
        control.step(Progress::new(Stage::Loading, 1, 2))?;
        let unet = if keeps_unet {
            engine.unet
        } else {
            drop(engine.unet);
            adapters.unet(&engine.bundle, dtype, device)?
        };
        control.step(Progress::new(Stage::Loading, 2, 2))?;
        let tokenizer = adapters.tokenizer(&engine.bundle)?;
        let (wide, caches) = (WideCopies::default(), Caches::default());
        Ok(Self { tokenizer, text, unet, adapters, wide, caches, ..engine })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Order;
    use super::*;
    use crate::engine::bundle::random::{FileType, RandomSize, write_random};
    use crate::engine::device::{DTypeChoice, DeviceChoice};
    use crate::engine::inventory::Entry;
    use crate::engine::progress::CancelFlag;
    use crate::engine::testing::noise;
    use crate::project::{Embedding, Lora, Other};
    use candle_core::Tensor;
    use std::collections::HashMap;
    use std::path::PathBuf;
    use std::sync::Arc;
    use tempfile::TempDir;

    struct Shop {
        home: TempDir,
        engine: AdaptableEngine,
    }

    impl Shop {
        fn new() -> Self {
            let home = tempfile::tempdir().unwrap();
            let folder = home.path().join("mini");
            write_random(RandomSize::Mini, 5, FileType::F32, &folder, &Control::silent()).unwrap();
            let engine = DiffusionEngine::open(&folder, DeviceChoice::Cpu, DTypeChoice::F32).unwrap();
            Self { home, engine: AdaptableEngine::new(engine) }
        }

        fn written(&self, name: &str, tensors: &HashMap<String, Tensor>) -> String {
            let path: PathBuf = self.home.path().join(name);
            candle_core::safetensors::save(tensors, &path).unwrap();
            path.to_string_lossy().into_owned()
        }

        /// A LoRA over every layer of the denoiser or of the text encoder.
        fn lora(&self, component: crate::engine::bundle::Component, prefix: &str) -> Lora {
            let mut tensors = HashMap::new();
            for (name, Entry { shape, .. }) in self.engine.bundle.configs.inventory(component).unwrap() {
                let Some(module) = name.strip_suffix(".weight").filter(|_| shape.len() > 1) else { continue };
                let flat = format!("{prefix}{}", module.replace('.', "_"));
                let (mut down, mut up) = (shape.clone(), vec![1; shape.len()]);
                (down[0], up[0], up[1]) = (2, shape[0], 2);
                tensors.insert(format!("{flat}.lora_down.weight"), (noise(&down, &flat) * 0.1).unwrap());
                tensors.insert(format!("{flat}.lora_up.weight"), noise(&up, name.as_str()));
            }
            let file = self.written(&format!("{prefix}.safetensors"), &tensors);
            Lora { file, strength: 0.7, other: Other::new() }
        }

        fn paint(&self, change: impl FnOnce(&mut Order)) -> Result<Vec<u8>, EngineError> {
            let mut order = Order::new(64, 64);
            change(&mut order);
            order.run(&self.engine, &Control::silent()).map(|done| done.picture.into_raw())
        }
    }

    #[test]
    fn a_lora_changes_the_picture_and_taking_it_off_restores_it_bit_for_bit() {
        use crate::engine::bundle::Component;
        let shop = Shop::new();
        let plain = shop.paint(|_| ()).unwrap();
        let (unet, text) = (shop.lora(Component::UNet, "lora_unet_"), shop.lora(Component::Text, "lora_te_"));
        let mut seen = vec![plain.clone()];
        for loras in [vec![unet.clone()], vec![text.clone()], vec![unet.clone(), text]] {
            let changed = shop.paint(|order| order.recipe.loras = loras).unwrap();
            assert!(!seen.contains(&changed), "picture {}", seen.len());
            seen.push(changed);
        }
        let silent = Lora { strength: 0.0, ..unet };
        assert_eq!(shop.paint(|order| order.recipe.loras = vec![silent]).unwrap(), plain);
        assert_eq!(shop.paint(|_| ()).unwrap(), plain);
    }

    #[test]
    fn a_learned_word_changes_the_picture_only_where_it_is_typed() {
        let shop = Shop::new();
        let plain = shop.paint(|_| ()).unwrap();
        let file = shop.written("word", &HashMap::from([("emb_params".to_owned(), noise(&[2, 64], "word"))]));
        let word = Embedding { file, token: "zirconia".to_owned(), other: Other::new() };
        let paint = |prompt: Option<&'static str>, words: &[Embedding]| {
            let change = |order: &mut Order| {
                order.recipe.embeddings = words.to_vec();
                order.prompt = prompt.unwrap_or(order.prompt);
            };
            shop.paint(change).unwrap()
        };
        let words = std::slice::from_ref(&word);
        assert_eq!(paint(None, words), plain);
        let typed = Some("A beautiful woman wears Zirconia");
        assert_ne!(paint(typed, words), paint(typed, &[]));
        assert_eq!(paint(None, &[]), plain);
    }

    #[test]
    fn a_file_that_cannot_be_used_leaves_the_engine_as_it_was() {
        let shop = Shop::new();
        let plain = shop.paint(|_| ()).unwrap();
        let wide =
            shop.written("wide", &HashMap::from([("emb_params".to_owned(), noise(&[2, 768], "wide"))]));
        let missing = Lora { file: "nothing.safetensors".to_owned(), strength: 1.0, other: Other::new() };
        let text = shop.paint(|order| order.recipe.loras = vec![missing]).unwrap_err().to_string();
        assert!(text.contains("nothing.safetensors"), "{text}");
        let word = Embedding { file: wide, token: "wide".to_owned(), other: Other::new() };
        let text = shop.paint(|order| order.recipe.embeddings = vec![word]).unwrap_err().to_string();
        assert!(text.contains("768 wide") && text.contains("64"), "{text}");
        assert_eq!(shop.paint(|_| ()).unwrap(), plain);
    }

    #[test]
    fn loading_is_told_and_an_engine_stopped_meanwhile_recovers() {
        let shop = Shop::new();
        let plain = shop.paint(|_| ()).unwrap();
        let mut order = Order::new(64, 64);
        order.recipe.loras = vec![shop.lora(crate::engine::bundle::Component::UNet, "lora_unet_")];
        let flag = CancelFlag::default();
        let (stop, stages) = (flag.clone(), Arc::new(Mutex::new(Vec::new())));
        let seen = Arc::clone(&stages);
        let control = Control::new(flag, move |progress| {
            seen.lock().unwrap().push(progress.stage);
            if progress.done == 1 {
                stop.cancel();
            }
        });
        assert!(matches!(order.run(&shop.engine, &control), Err(EngineError::Cancelled(_))));
        assert_eq!(*stages.lock().unwrap(), [Stage::Loading, Stage::Loading]);
        assert_eq!(shop.paint(|_| ()).unwrap(), plain);
    }
}

//! A LoRA or a textual inversion of any bytes, over a small bundle: an error in one line, or changed networks.

#![no_main]

use adorn_fuzz::engine::adapters::AdapterSet;
use adorn_fuzz::engine::bundle::Bundle;
use adorn_fuzz::project::{Embedding, Lora, Other, Recipe};
use adorn_fuzz::{as_weight_file, mini, said};
use candle_core::{DType, Device};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

static BUNDLE: OnceLock<Bundle> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let bundle = BUNDLE.get_or_init(|| Bundle::open(mini()).expect("a bundle of our own"));
    let path = as_weight_file(bytes);
    let file = path.path().to_string_lossy().into_owned();
    let (token, other) = ("word".to_owned(), Other::new);
    let lora = Lora { file: file.clone(), strength: 0.5, other: other() };
    let embedding = Embedding { file, token, other: other() };
    let recipes = [
        Recipe { loras: vec![lora], ..Recipe::default() },
        Recipe { embeddings: vec![embedding], ..Recipe::default() },
    ];
    for recipe in &recipes {
        let Some(adapters) = said(AdapterSet::of(recipe).open(bundle)) else { continue };
        let _ = adapters.notices();
        said(adapters.unet(bundle, DType::F32, &Device::Cpu));
        said(adapters.text_encoder(bundle, DType::F32, &Device::Cpu));
        said(adapters.tokenizer(bundle));
    }
});

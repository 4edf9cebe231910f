//! LoRAs and textual inversions against diffusers (`tests/oracles/adapters.py`), and files that are neither.

use super::*;
use crate::engine::bundle::Configs;
use crate::engine::checkpoint::Checkpoint;
use crate::engine::control_net::ControlNetConfig;
use crate::engine::image_encoder::ImageEncoderConfig;
use crate::engine::progress::Control;
use crate::engine::testing::noise;
use crate::engine::unet::UNetConfig;
use crate::engine::vae::VaeConfig;
use candle_core::Tensor;
use candle_nn::VarBuilder;
use std::collections::HashMap;
use tempfile::TempDir;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/engine").join(name)
}

/// The parity tests' own.
fn tokenizer() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity/tokenizer")
}

fn tensors(name: &str) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(fixture(&format!("adapters/{name}.safetensors")), &Device::Cpu).unwrap()
}

/// The oracle's networks, apart.
struct Base {
    home: TempDir,
    configs: Configs,
    all: HashMap<String, Tensor>,
    expected: HashMap<String, Tensor>,
}

impl Base {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let file = Checkpoint::open(&[fixture("adapters/base.safetensors")]).unwrap();
        let config = |name: &str| file.notes()[name].to_owned();
        let configs = Configs {
            text: serde_json::from_str(&config("text")).unwrap(),
            image: ImageEncoderConfig::default(),
            unet: serde_json::from_str::<UNetConfig>(&config("unet")).unwrap(),
            control_net: ControlNetConfig::default(),
            vae: VaeConfig::default(),
        };
        let all = tensors("base");
        for part in ["unet", "text"] {
            let own = |(name, tensor): (&String, &Tensor)| {
                Some((name.strip_prefix(&format!("{part}."))?.to_owned(), tensor.clone()))
            };
            let own: HashMap<String, Tensor> = all.iter().filter_map(own).collect();
            candle_core::safetensors::save(&own, home.path().join(part)).unwrap();
        }
        Self { home, configs, all, expected: tensors("expected") }
    }

    fn networks(&self) -> Networks {
        Networks::of(&self.configs).unwrap()
    }

    fn lora(&self, tensors: &[(&str, Tensor)]) -> Result<Lora, AdapterError> {
        let path = self.home.path().join("lora.safetensors");
        let tensors: HashMap<String, Tensor> =
            tensors.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone())).collect();
        candle_core::safetensors::save(&tensors, &path).unwrap();
        Lora::open(&path, &self.networks())
    }

    fn refusal(&self, tensors: &[(&str, Tensor)]) -> String {
        let text = self.lora(tensors).unwrap_err().to_string();
        assert!(!text.contains('\n') && text.ends_with("lora.safetensors)"), "{text}");
        text
    }

    fn builder(
        &self,
        component: Component,
        loras: Vec<(Arc<Lora>, f64)>,
        embeddings: &[Embedding],
    ) -> VarBuilder<'static> {
        let part = if component == Component::Text { "text" } else { "unet" };
        let base = Checkpoint::open(&[self.home.path().join(part)]).unwrap();
        let overlay = Overlay::over(base, component, loras, embeddings).unwrap();
        overlay.builder(DType::F32, &Device::Cpu)
    }

    fn unet(&self, loras: Vec<(Arc<Lora>, f64)>) -> Tensor {
        let net = UNet::new(&self.configs.unet, self.builder(Component::UNet, loras, &[])).unwrap();
        net.forward(&self.all["latents"], 501.0, &self.all["tokens"], None, &Control::silent()).unwrap()
    }

    fn text(&self, loras: Vec<(Arc<Lora>, f64)>) -> Tensor {
        let net = TextEncoder::new(&self.configs.text, self.builder(Component::Text, loras, &[])).unwrap();
        net.forward(&Tensor::new(&[[672u32, 17, 4, 59, 120, 673]], &Device::Cpu).unwrap()).unwrap()
    }

    #[track_caller]
    fn agrees(&self, name: &str, got: &Tensor) {
        let expected = self.expected.get(name).unwrap_or_else(|| &self.all[name]);
        let largest =
            |x: &Tensor| x.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap();
        let (gap, size) = (largest(&(got - expected).unwrap()), largest(expected));
        assert!(gap <= 1e-4 * size, "{name}: off by {gap} where the largest value is {size}");
    }
}

#[test]
fn loras_of_every_naming_agree_with_diffusers() {
    let base = Base::new();
    base.agrees("expected.unet", &base.unet(Vec::new()));
    base.agrees("expected.text", &base.text(Vec::new()));
    let networks = base.networks();
    let open = |name: &str, strength: f64| {
        let lora = Lora::open(&fixture(&format!("adapters/{name}.safetensors")), &networks).unwrap();
        assert_eq!(lora.unmatched(), 0, "{name}");
        (Arc::new(lora), strength)
    };
    for (name, loras) in [
        ("kohya", vec![open("kohya", 0.8)]),
        ("peft", vec![open("peft", 1.0)]),
        ("processor", vec![open("processor", -0.5)]),
        ("both", vec![open("kohya", 0.6), open("peft", 1.3)]),
    ] {
        base.agrees(&format!("{name}.unet"), &base.unet(loras.clone()));
        base.agrees(&format!("{name}.text"), &base.text(loras));
    }
}

#[test]
fn textual_inversions_agree_with_diffusers() {
    let base = Base::new();
    let file = Checkpoint::open(&[fixture("adapters/expected.safetensors")]).unwrap();
    let prompts: Vec<String> = serde_json::from_str(file.notes()["prompts"]).unwrap();
    let open = |name: &str, token: &str| {
        Embedding::open(&fixture(&format!("adapters/{name}.safetensors")), token, 12).unwrap()
    };
    let embeddings = [open("web", "web"), open("single", "<shiny>")];
    assert_eq!(embeddings.each_ref().map(Embedding::vectors), [3, 1]);
    let mut tokenizer = Tokenizer::from_folder(&tokenizer(), 77, 674).unwrap();
    tokenizer.add_placeholder("web", 674..677).unwrap();
    tokenizer.add_placeholder("<shiny>", 677..678).unwrap();
    let config = TextConfig { vocab_size: 678, ..base.configs.text.clone() };
    let net = TextEncoder::new(&config, base.builder(Component::Text, Vec::new(), &embeddings)).unwrap();
    for (i, prompt) in prompts.iter().enumerate() {
        let ids = tokenizer.encode(prompt).unwrap().ids;
        let expected =
            base.expected[&format!("inversion_ids.{i}")].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(ids.iter().map(|&id| id as f32).collect::<Vec<_>>(), expected, "{prompt}");
        let ids = Tensor::from_slice(&ids, (1, ids.len()), &Device::Cpu).unwrap();
        base.agrees(&format!("inversion.{i}"), &net.forward(&ids).unwrap());
    }
}

#[test]
fn weights_without_a_change_are_the_file_s_own_bits() {
    let base = Base::new();
    let lora = Lora::open(&fixture("adapters/processor.safetensors"), &base.networks()).unwrap();
    let builder = base.builder(Component::UNet, vec![(Arc::new(lora), 1.0)], &[]);
    let (mut same, mut changed) = (0, 0);
    for (name, entry) in base.configs.inventory(Component::UNet).unwrap() {
        let (got, own) = (builder.get(entry.shape, &name).unwrap(), &base.all[&format!("unet.{name}")]);
        let bits = |x: &Tensor| x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        if bits(&got) == bits(own) { same += 1 } else { changed += 1 }
    }
    assert!(same > 100 && changed == 8, "{same} {changed}");
}

/// Rank 2 over `down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k`, `[8, 12]`.
fn over_keys(inputs: usize) -> [(&'static str, Tensor); 2] {
    [
        (
            "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight",
            noise(&[2, inputs], "a"),
        ),
        (
            "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_up.weight",
            noise(&[8, 2], "b"),
        ),
    ]
}

#[test]
fn unknown_layers_are_counted_and_told() {
    let base = Base::new();
    let mut tensors = over_keys(12).to_vec();
    tensors.push(("lora_unet_down_blocks_7_resnets_0_conv1.lora_down.weight", noise(&[2, 3], "c")));
    tensors.push(("something.else", noise(&[1], "d")));
    let lora = Arc::new(base.lora(&tensors).unwrap());
    assert_eq!(lora.unmatched(), 2);
    let adapters = Adapters { loras: vec![(lora, 1.0)], embeddings: Vec::new() };
    assert!(
        adapters.notices()[0].contains("lora.safetensors also changes 2 layers"),
        "{:?}",
        adapters.notices()
    );
    let nothing = base.refusal(&[("lora_unet_x.lora_down.weight", noise(&[2, 3], "c"))]);
    assert!(nothing.contains("no layer"), "{nothing}");
}

#[test]
fn single_file_numbering_names_layers_too() {
    let base = Base::new();
    let [(_, down), (_, up)] = over_keys(12);
    let name = "lora_unet_input_blocks_1_1_transformer_blocks_0_attn2_to_k";
    let lora =
        base.lora(&[(&format!("{name}.lora_down.weight"), down), (&format!("{name}.lora_up.weight"), up)]);
    assert_eq!(lora.unwrap().unmatched(), 0);
}

#[test]
fn other_kinds_of_file_and_other_families_are_refused_by_name() {
    let base = Base::new();
    let one = || noise(&[1], "one");
    for (name, kind) in [
        ("lora_unet_mid_block.hada_w1_a", "LoHa"),
        ("lora_unet_mid_block.lokr_w1", "LoKr"),
        ("lora_unet_mid_block.dora_scale", "DoRA"),
        ("unet.mid_block.lora_magnitude_vector", "DoRA"),
        ("lora_unet_mid_block.lora_mid.weight", "Tucker"),
        ("lora_unet_mid_block.oft_diag", "OFT"),
        ("emb_params", "textual inversion"),
        ("lora_te2_text_model_encoder_layers_0_mlp_fc1.alpha", "Stable Diffusion XL"),
        ("lora_unet_double_blocks_0_img_attn_proj.alpha", "Flux"),
    ] {
        let text = base.refusal(&[(name, one())]);
        assert!(text.contains(kind), "{text}");
    }
    for (inputs, family) in [(2048, "Stable Diffusion XL"), (1024, "Stable Diffusion 2")] {
        let text = base.refusal(&over_keys(inputs));
        assert!(text.contains(family), "{text}");
    }
    let text = base.refusal(&over_keys(13));
    assert!(text.contains("does not fit") && text.contains("[8, 12]"), "{text}");
}

#[test]
fn damaged_loras_are_one_line_each() {
    let base = Base::new();
    let [down, up] = over_keys(12);
    let alpha = |value: f32| {
        let name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.alpha";
        (name, Tensor::new(value, &Device::Cpu).unwrap())
    };
    let half = base.refusal(std::slice::from_ref(&down));
    assert!(half.contains("half of layer"), "{half}");
    let endless = base.refusal(&[down.clone(), up.clone(), alpha(f32::INFINITY)]);
    assert!(endless.contains("no number"), "{endless}");
    let empty = (down.0, Tensor::zeros((0, 12), DType::F32, &Device::Cpu).unwrap());
    let none = (up.0, Tensor::zeros((8, 0), DType::F32, &Device::Cpu).unwrap());
    let text = base.refusal(&[empty, none]);
    assert!(text.contains("does not fit"), "{text}");
    // An alpha of 0 dimensions is how every trainer writes it.
    assert!(base.lora(&[down, up, alpha(1.0)]).is_ok());
}

#[test]
fn embeddings_of_other_shapes_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("word.safetensors");
    let refusal = |tensors: &[(&str, Tensor)]| {
        let tensors: HashMap<String, Tensor> =
            tensors.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone())).collect();
        candle_core::safetensors::save(&tensors, &path).unwrap();
        let text = Embedding::open(&path, "word", 12).unwrap_err().to_string();
        assert!(!text.contains('\n') && text.ends_with("word.safetensors)"), "{text}");
        text
    };
    let of = |shape: &[usize]| noise(shape, "vectors");
    assert!(refusal(&[("emb_params", of(&[2, 13]))]).contains("13 wide"));
    assert!(refusal(&[("emb_params", of(&[80, 12]))]).contains("80 vectors"));
    assert!(refusal(&[("emb_params", of(&[1, 2, 12]))]).contains("[1, 2, 12]"));
    assert!(refusal(&[("clip_l", of(&[1, 12])), ("clip_g", of(&[1, 12]))]).contains("Stable Diffusion XL"));
    assert!(refusal(&[("a", of(&[12])), ("b", of(&[12]))]).contains("2 tensors"));
}

#[test]
fn a_word_that_the_tokenizer_knows_cannot_be_taken() {
    let mut tokenizer = Tokenizer::from_folder(&tokenizer(), 77, 674).unwrap();
    assert!(tokenizer.add_placeholder("a</w>", 674..675).is_err());
    assert!(tokenizer.add_placeholder("sparkle", 674..675).is_ok());
    assert!(tokenizer.add_placeholder("sparkle", 675..676).is_err());
}

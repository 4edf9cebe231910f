//! Mini bundles taken apart into what people have, imported, and compared with what they were.

use super::super::Bundle;
use super::super::random::{RandomSize, write_random};
use super::*;
use crate::engine::checkpoint::CheckpointError;
use crate::engine::progress::CancelFlag;
use candle_core::{Device, Tensor};
use std::collections::HashMap;
use std::fs;
use tempfile::TempDir;

/// The mini denoiser's places, one residual block a level, counted by hand.
const UNET: [(&str, &str); 24] = [
    ("conv_in.", "input_blocks.0.0."),
    ("time_embedding.linear_1.", "time_embed.0."),
    ("time_embedding.linear_2.", "time_embed.2."),
    ("down_blocks.0.resnets.0.", "input_blocks.1.0."),
    ("down_blocks.0.attentions.0.", "input_blocks.1.1."),
    ("down_blocks.0.downsamplers.0.conv.", "input_blocks.2.0.op."),
    ("down_blocks.1.resnets.0.", "input_blocks.3.0."),
    ("down_blocks.1.attentions.0.", "input_blocks.3.1."),
    ("mid_block.resnets.0.", "middle_block.0."),
    ("mid_block.attentions.0.", "middle_block.1."),
    ("mid_block.resnets.1.", "middle_block.2."),
    ("up_blocks.0.resnets.0.", "output_blocks.0.0."),
    ("up_blocks.0.attentions.0.", "output_blocks.0.1."),
    ("up_blocks.0.resnets.1.", "output_blocks.1.0."),
    ("up_blocks.0.attentions.1.", "output_blocks.1.1."),
    ("up_blocks.0.upsamplers.0.conv.", "output_blocks.1.2.conv."),
    ("up_blocks.1.resnets.0.", "output_blocks.2.0."),
    ("up_blocks.1.attentions.0.", "output_blocks.2.1."),
    ("up_blocks.1.resnets.1.", "output_blocks.3.0."),
    ("up_blocks.1.attentions.1.", "output_blocks.3.1."),
    ("conv_norm_out.", "out.0."),
    ("conv_out.", "out.2."),
    ("controlnet_mid_block.", "middle_block_out.0."),
    ("controlnet_cond_embedding.conv_in.", "input_hint_block.0."),
];
const RESIDUAL: [(&str, &str); 6] = [
    (".norm1.", ".in_layers.0."),
    (".conv1.", ".in_layers.2."),
    (".time_emb_proj.", ".emb_layers.1."),
    (".norm2.", ".out_layers.0."),
    (".conv2.", ".out_layers.3."),
    (".conv_shortcut.", ".skip_connection."),
];
const VAE: [(&str, &str); 12] = [
    (".mid_block.resnets.0.", ".mid.block_1."),
    (".mid_block.resnets.1.", ".mid.block_2."),
    (".mid_block.attentions.0.", ".mid.attn_1."),
    (".conv_norm_out.", ".norm_out."),
    (".group_norm.", ".norm."),
    (".to_q.", ".q."),
    (".to_k.", ".k."),
    (".to_v.", ".v."),
    (".to_out.0.", ".proj_out."),
    (".conv_shortcut.", ".nin_shortcut."),
    (".downsamplers.0.conv.", ".downsample.conv."),
    (".upsamplers.0.conv.", ".upsample.conv."),
];

fn replaced(name: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(name.to_owned(), |name, (new, old)| name.replace(new, old))
}

fn ldm_unet(name: &str) -> String {
    let (new, old) = UNET.iter().find(|(new, _)| name.starts_with(new)).unwrap();
    let name = name.replacen(new, old, 1);
    if name.contains("transformer_blocks") { name } else { replaced(&name, &RESIDUAL) }
}

fn ldm_vae(name: &str) -> String {
    let mut name = replaced(name, &VAE);
    for i in 0..4 {
        name = name.replace(&format!("down_blocks.{i}.resnets."), &format!("down.{i}.block."));
        name = name.replace(&format!("up_blocks.{i}.resnets."), &format!("up.{}.block.", 3 - i));
        name = name.replace(&format!("down_blocks.{i}."), &format!("down.{i}."));
        name = name.replace(&format!("up_blocks.{i}."), &format!("up.{}.", 3 - i));
    }
    name
}

struct Mini {
    home: TempDir,
    folder: PathBuf,
}

impl Mini {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("mini");
        write_random(RandomSize::Mini, 1, FileType::F32, &folder, &Control::silent()).unwrap();
        Self { home, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn tensors(&self, component: Component) -> HashMap<String, Tensor> {
        let file = format!("{}/{}.safetensors", component.folder(), component.stem());
        candle_core::safetensors::load(self.folder.join(file), &Device::Cpu).unwrap()
    }

    /// As it would be passed around: one file, VAE attention as convolutions, and what trainers leave behind.
    fn single(&self, spoil: impl FnOnce(&mut HashMap<String, Tensor>)) -> PathBuf {
        let mut all = HashMap::new();
        for (name, tensor) in self.tensors(Component::UNet) {
            let name = ldm_unet(&name);
            let average = format!("model_ema.diffusion_model{}", name.replace('.', ""));
            all.insert(average, (&tensor * 2.0).unwrap());
            all.insert(format!("model.diffusion_model.{name}"), tensor);
        }
        for (name, tensor) in self.tensors(Component::Vae) {
            let is_attention = name.contains("attentions") && tensor.rank() == 2;
            let tensor =
                if is_attention { tensor.unsqueeze(2).unwrap().unsqueeze(3).unwrap() } else { tensor };
            all.insert(format!("first_stage_model.{}", ldm_vae(&name)), tensor);
        }
        for (name, tensor) in self.tensors(Component::Text) {
            all.insert(format!("cond_stage_model.transformer.{name}"), tensor);
        }
        all.insert("alphas_cumprod".to_owned(), Tensor::arange(0f32, 1000.0, &Device::Cpu).unwrap());
        let ids = Tensor::arange(0i64, 77, &Device::Cpu).unwrap();
        all.insert("cond_stage_model.transformer.text_model.embeddings.position_ids".to_owned(), ids);
        spoil(&mut all);
        let path = self.path("single.safetensors");
        candle_core::safetensors::save(&all, &path).unwrap();
        path
    }

    fn request(&self, model: PathBuf) -> ImportRequest {
        ImportRequest {
            model,
            control_net: Some(self.folder.join("controlnet")),
            image_encoder: Some(self.folder.join("image_encoder")),
            tokenizer: Some(self.folder.join("tokenizer")),
            // Heads and norm groups of the mini networks are not Stable Diffusion's.
            configs: Some(self.folder.clone()),
            ..ImportRequest::default()
        }
    }

    fn import(&self, request: &ImportRequest) -> Result<PathBuf, String> {
        let out = self.path("out");
        let outcome = import(request, &out, &Control::silent()).map_err(|error| error.to_string());
        let left: Vec<_> = fs::read_dir(self.home.path()).unwrap().flatten().map(|e| e.file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".bundle")), "{left:?}");
        outcome.map(|()| out)
    }

    fn refusal(&self, request: &ImportRequest) -> String {
        let text = self.import(request).unwrap_err();
        assert!(!text.contains('\n') && !self.path("out").exists(), "{text}");
        text
    }

    /// Whether an imported network's file is the mini bundle's, byte for byte.
    #[track_caller]
    fn same(&self, out: &Path, component: Component) {
        let file = format!("{}/{}.safetensors", component.folder(), component.stem());
        assert!(fs::read(out.join(&file)).unwrap() == fs::read(self.folder.join(&file)).unwrap(), "{file}");
    }
}

#[test]
fn a_single_file_comes_back_as_the_bundle_it_was_made_from() {
    let mini = Mini::new();
    let out = mini.import(&mini.request(mini.single(|_| ()))).unwrap();
    Component::ALL.into_iter().for_each(|component| mini.same(&out, component));
    let report = super::super::check(&out);
    assert!(report.is_usable() && report.verified && report.trained, "{report:?}");
    assert_eq!((report.name.as_str(), report.licence.as_str()), ("single", "not stated"));
    assert!(report.components.iter().all(|component| component.extra == 0));
}

#[test]
fn a_diffusers_folder_comes_back_too_with_its_manifest_s_words() {
    let mini = Mini::new();
    let words = ImportRequest { licence: Some("mine".to_owned()), ..ImportRequest::default() };
    let out = mini.import(&ImportRequest { model: mini.folder.clone(), ..words }).unwrap();
    Component::ALL.into_iter().for_each(|component| mini.same(&out, component));
    let manifest = Bundle::open(&out).unwrap().manifest;
    assert_eq!((manifest.name.as_str(), manifest.licence.as_str()), ("random-mini", "mine"));
    assert!(!manifest.trained && manifest.defaults.steps == 8);
}

#[test]
fn moving_averages_are_taken_where_asked_for_and_missed_where_not_there() {
    let mini = Mini::new();
    let request = ImportRequest { averages: true, ..mini.request(mini.single(|_| ())) };
    let out = mini.import(&request).unwrap();
    let file = out.join("unet/diffusion_pytorch_model.safetensors");
    let imported = candle_core::safetensors::load(file, &Device::Cpu).unwrap();
    let doubled = (&mini.tensors(Component::UNet)["conv_in.weight"] * 2.0).unwrap();
    assert_eq!(crate::engine::testing::difference(&imported["conv_in.weight"], &doubled), 0.0);
    fs::remove_dir_all(out).unwrap();
    let request = mini.request(mini.single(|all| all.retain(|name, _| !name.starts_with("model_ema"))));
    let text = mini.refusal(&ImportRequest { averages: true, ..request });
    assert!(text.contains("EMA"), "{text}");
}

#[test]
fn a_vae_of_its_own_stands_in_for_the_one_baked_in() {
    let mini = Mini::new();
    let single = mini.single(|all| all.retain(|name, _| !name.starts_with("first_stage_model")));
    let text = mini.refusal(&mini.request(single.clone()));
    assert!(text.contains("--vae"), "{text}");
    // A bare file with CompVis' names, and one with diffusers' older ones for the attention.
    let bare = mini.path("vae.safetensors");
    let old = |name: &str| {
        let pairs =
            [("to_q.", "query."), ("to_k.", "key."), ("to_v.", "value."), ("to_out.0.", "proj_attn.")];
        replaced(name, &pairs)
    };
    for rename in [ldm_vae as fn(&str) -> String, old, str::to_owned] {
        let renamed: HashMap<String, Tensor> =
            mini.tensors(Component::Vae).into_iter().map(|(name, tensor)| (rename(&name), tensor)).collect();
        candle_core::safetensors::save(&renamed, &bare).unwrap();
        let request = ImportRequest { vae: Some(bare.clone()), ..mini.request(single.clone()) };
        let out = mini.import(&request).unwrap();
        mini.same(&out, Component::Vae);
        fs::remove_dir_all(out).unwrap();
    }
}

#[test]
fn a_text_encoder_may_lack_its_inner_prefix() {
    let mini = Mini::new();
    let strip = |all: &mut HashMap<String, Tensor>| {
        *all = all
            .drain()
            .map(|(name, tensor)| (name.replace("transformer.text_model.", "transformer."), tensor))
            .collect();
    };
    let out = mini.import(&mini.request(mini.single(strip))).unwrap();
    mini.same(&out, Component::Text);
}

#[test]
fn a_control_net_may_be_a_file_of_either_naming() {
    let mini = Mini::new();
    let weights = mini.tensors(Component::ControlNet);
    let file = mini.path("control.safetensors");
    let ldm = |name: &str| match name.strip_prefix("controlnet_cond_embedding.blocks.") {
        Some(rest) => {
            let (i, leaf) = rest.split_once('.').unwrap();
            format!("control_model.input_hint_block.{}.{leaf}", 2 * (i.parse::<usize>().unwrap() + 1))
        }
        None if name.starts_with("controlnet_cond_embedding.conv_out.") => {
            name.replace("controlnet_cond_embedding.conv_out.", "control_model.input_hint_block.14.")
        }
        None if name.starts_with("controlnet_down_blocks.") => {
            let (i, leaf) = name["controlnet_down_blocks.".len()..].split_once('.').unwrap();
            format!("control_model.zero_convs.{i}.0.{leaf}")
        }
        None if name.starts_with("pose_proj.") || name.starts_with("appearance_proj.") => {
            format!("control_model.{name}")
        }
        None => format!("control_model.{}", ldm_unet(name)),
    };
    for renamed in [ldm as fn(&str) -> String, str::to_owned] {
        let renamed: HashMap<String, Tensor> =
            weights.iter().map(|(name, tensor)| (renamed(name), tensor.clone())).collect();
        candle_core::safetensors::save(&renamed, &file).unwrap();
        let request = ImportRequest { control_net: Some(file.clone()), ..mini.request(mini.folder.clone()) };
        let out = mini.import(&request).unwrap();
        mini.same(&out, Component::ControlNet);
        fs::remove_dir_all(out).unwrap();
    }
}

#[test]
fn settings_are_read_off_the_shapes() {
    let mini = Mini::new();
    let open = |path: &str| Checkpoint::open(&[mini.folder.join(path)]).unwrap();
    let unet = open("unet/diffusion_pytorch_model.safetensors").into_unet(false).unwrap();
    let found = infer::config(Component::UNet, &unet);
    assert_eq!(found["block_out_channels"], serde_json::json!([32, 64]));
    assert_eq!(found["up_block_types"], serde_json::json!(["CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]));
    assert_eq!((&found["layers_per_block"], &found["cross_attention_dim"]), (&1.into(), &64.into()));
    let control = open("controlnet/diffusion_pytorch_model.safetensors").into_unet(false).unwrap();
    let found = infer::config(Component::ControlNet, &control);
    assert_eq!(found["conditioning_embedding_out_channels"], serde_json::json!([8, 16, 16, 32]));
    let text = open("text_encoder/model.safetensors").into_text().unwrap();
    let found = infer::config(Component::Text, &text);
    assert_eq!((&found["vocab_size"], &found["num_hidden_layers"]), (&514.into(), &2.into()));
    let image = infer::config(Component::Image, &open("image_encoder/model.safetensors"));
    assert_eq!((&image["hidden_size"], &image["image_size"]), (&48.into(), &224.into()));
    let vae = open("vae/diffusion_pytorch_model.safetensors").into_vae().unwrap();
    let found = infer::config(Component::Vae, &vae);
    assert_eq!((&found["block_out_channels"][3], &found["use_quant_conv"]), (&32.into(), &true.into()));
}

#[test]
fn other_number_types_are_written_where_asked_for() {
    let mini = Mini::new();
    let request = ImportRequest { file_type: Some(FileType::F16), ..mini.request(mini.folder.clone()) };
    let out = mini.import(&request).unwrap();
    let half = out.join("vae/diffusion_pytorch_model.safetensors");
    let whole = mini.folder.join("vae/diffusion_pytorch_model.safetensors");
    assert!(fs::metadata(half).unwrap().len() < fs::metadata(whole).unwrap().len() * 6 / 10);
    assert!(super::super::check(&out).is_usable());
}

#[test]
fn missing_parts_say_what_to_give() {
    let mini = Mini::new();
    let request = mini.request(mini.single(|_| ()));
    for (request, part) in [
        (ImportRequest { control_net: None, ..request.clone() }, "--controlnet"),
        (ImportRequest { image_encoder: None, ..request.clone() }, "--image-encoder"),
        (ImportRequest { tokenizer: None, ..request.clone() }, "--tokenizer"),
        (ImportRequest { model: mini.path("nothing"), ..request }, "no such model"),
    ] {
        let text = mini.refusal(&request);
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_stock_control_net_is_told_from_ours() {
    let mini = Mini::new();
    let mut weights = mini.tensors(Component::ControlNet);
    let name = "controlnet_cond_embedding.conv_in.weight".to_owned();
    let three = weights[&name].narrow(1, 0, 3).unwrap().contiguous().unwrap();
    weights.insert(name, three);
    let file = mini.path("stock.safetensors");
    candle_core::safetensors::save(&weights, &file).unwrap();
    let text = mini.refusal(&ImportRequest { control_net: Some(file), ..mini.request(mini.folder.clone()) });
    assert!(text.contains("3 channels") && text.contains("stock"), "{text}");
}

#[test]
fn models_of_other_families_are_refused_by_name() {
    let mini = Mini::new();
    let one = || Tensor::zeros(1, candle_core::DType::F32, &Device::Cpu).unwrap();
    for (mark, family) in [
        ("conditioner.embedders.0.transformer.x", "Stable Diffusion XL"),
        ("cond_stage_model.model.transformer.resblocks.0.x", "Stable Diffusion 2"),
        ("model.diffusion_model.joint_blocks.0.x", "Stable Diffusion 3"),
        ("lora_unet_mid_block.lora_down.weight", "LoRA"),
        ("emb_params", "textual inversion"),
    ] {
        let request = mini.request(mini.single(|all| drop(all.insert(mark.to_owned(), one()))));
        let text = mini.refusal(&request);
        assert!(text.contains(family) && text.contains("single.safetensors"), "{text}");
    }
    let attention = "model.diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_k.weight";
    for (width, family) in [(1024, "Stable Diffusion 2"), (2048, "Stable Diffusion XL")] {
        let wide = Tensor::zeros((64, width), candle_core::DType::F32, &Device::Cpu).unwrap();
        let text =
            mini.refusal(&mini.request(mini.single(|all| drop(all.insert(attention.to_owned(), wide)))));
        assert!(text.contains(family), "{text}");
    }
    for (channels, family) in [(9, "inpainting"), (8, "instruction"), (5, "depth"), (7, "7 input channels")] {
        let wide = Tensor::zeros((32, channels, 3, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
        let name = "model.diffusion_model.input_blocks.0.0.weight".to_owned();
        let text = mini.refusal(&mini.request(mini.single(|all| drop(all.insert(name, wide)))));
        assert!(text.contains(family), "{text}");
    }
}

#[test]
fn a_tensor_that_is_missing_is_named_before_anything_is_written() {
    let mini = Mini::new();
    let name = "model.diffusion_model.middle_block.0.in_layers.0.weight";
    let out = mini.path("out");
    let request = mini.request(mini.single(|all| drop(all.remove(name))));
    let error = import(&request, &out, &Control::silent()).unwrap_err();
    let EngineError::Checkpoint(CheckpointError::NoTensor { tensor, .. }) = error else {
        panic!("{error}");
    };
    assert_eq!(tensor, "mid_block.resnets.0.norm1.weight");
}

#[test]
fn settings_and_tokenizers_that_do_not_fit_are_named_where_they_lie() {
    let mini = Mini::new();
    let request = mini.request(mini.single(|_| ()));
    let broken = mini.path("broken");
    fs::create_dir_all(broken.join("unet")).unwrap();
    let config = fs::read_to_string(mini.folder.join("unet/config.json")).unwrap();
    let spoiled = config.replace("\"norm_num_groups\": 8", "\"norm_num_groups\": 7");
    assert_ne!(spoiled, config);
    fs::write(broken.join("unet/config.json"), spoiled).unwrap();
    let text = mini.refusal(&ImportRequest { configs: Some(broken), ..request.clone() });
    assert!(text.contains("norm_num_groups") && text.ends_with("(unet/config.json)"), "{text}");
    let words = mini.path("words");
    fs::create_dir(&words).unwrap();
    fs::write(words.join("tokenizer.json"), "{}").unwrap();
    let text = mini.refusal(&ImportRequest { tokenizer: Some(words), ..request });
    assert!(text.contains("words/tokenizer.json"), "{text}");
}

#[test]
fn a_cancelled_import_leaves_nothing() {
    let mini = Mini::new();
    let flag = CancelFlag::default();
    flag.cancel();
    let out = mini.path("out");
    let outcome = import(&mini.request(mini.folder.clone()), &out, &Control::new(flag, |_| {}));
    assert!(matches!(outcome, Err(EngineError::Cancelled(_))));
    assert_eq!(fs::read_dir(mini.home.path()).unwrap().count(), 1);
}

//! Bundles made up, opened, spoiled and checked.

use super::random::{Dinov2, FileType, RandomSize, write_random};
use super::*;
use crate::engine::progress::{CancelFlag, Control};
use std::fs;
use tempfile::TempDir;

fn mini(seed: u64) -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("mini");
    write_random(RandomSize::Mini, seed, FileType::F32, &out, &Control::silent()).unwrap();
    (home, out)
}

/// Everything a report complains about.
fn problems(report: &Report) -> String {
    let components = report.components.iter().flat_map(|component| &component.problems);
    report.problems.iter().chain(components).cloned().collect::<Vec<_>>().join("\n")
}

/// One mini bundle after `spoil`, checked.
fn spoiled(spoil: impl FnOnce(&Path)) -> String {
    let (_home, folder) = mini(1);
    // Digests would speak first.
    fs::remove_file(folder.join(MANIFEST)).unwrap();
    spoil(&folder);
    let report = check(&folder);
    assert!(!report.is_usable());
    problems(&report)
}

#[test]
fn a_random_bundle_is_whole_verified_and_untrained() {
    let (_home, folder) = mini(1);
    let report = check(&folder);
    assert!(report.is_usable() && report.verified && !report.trained, "{}", problems(&report));
    assert!(report.components.iter().all(|component| component.parameters > 1000));
}

#[test]
fn a_seed_decides_every_byte() {
    let (first, again, other) = (mini(1), mini(1), mini(2));
    let digests_of = |folder: &Path| Bundle::open(folder).unwrap().manifest.sha256;
    assert_eq!(digests_of(&first.1), digests_of(&again.1));
    assert_ne!(digests_of(&first.1), digests_of(&other.1));
}

#[test]
fn a_full_folder_is_left_alone_and_a_cancelled_one_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("mine.txt"), "kept").unwrap();
    let write = |out: &Path, control: &Control| {
        write_random(RandomSize::Mini, 1, FileType::F16, out, control).unwrap_err()
    };
    let refused = write(home.path(), &Control::silent());
    assert!(matches!(refused, EngineError::Bundle(BundleError::Occupied(_))));
    let flag = CancelFlag::default();
    flag.cancel();
    let cancelled = write(&home.path().join("new"), &Control::new(flag, |_| {}));
    assert!(matches!(cancelled, EngineError::Cancelled(_)));
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["mine.txt"]);
}

#[test]
fn a_plain_diffusers_folder_opens_with_defaults_and_counts_as_unverified() {
    let (_home, folder) = mini(1);
    fs::remove_file(folder.join(MANIFEST)).unwrap();
    let report = check(&folder);
    assert!(report.is_usable() && !report.verified, "{}", problems(&report));
    let bundle = Bundle::open(&folder).unwrap();
    assert_eq!((bundle.manifest.name.as_str(), bundle.manifest.defaults.steps), ("mini", 30));
}

#[test]
fn a_changed_file_breaks_its_digest() {
    let (_home, folder) = mini(1);
    let path = folder.join("vae/diffusion_pytorch_model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    let report = check(&folder);
    assert!(
        !report.verified && problems(&report).contains("vae/diffusion_pytorch_model.safetensors changed")
    );
}

#[test]
fn a_manifest_cannot_point_outside_or_set_nonsense() {
    let (_home, folder) = mini(1);
    let write = |text: &str| fs::write(folder.join(MANIFEST), text).unwrap();
    write("[sha256]\n\"../secret\" = \"00\"\n");
    assert!(problems(&check(&folder)).contains("not inside the bundle"));
    write("[defaults]\nsteps = 0\n");
    assert!(problems(&check(&folder)).contains("defaults.steps is out of range"));
    write("name = [");
    assert!(problems(&check(&folder)).contains(MANIFEST));
}

/// A digest of one small file used to verify the whole bundle.
#[test]
fn a_manifest_verifies_only_what_it_lists() {
    let (_home, folder) = mini(1);
    let mut manifest = Bundle::open(&folder).unwrap().manifest;
    manifest.sha256.remove("vae/diffusion_pytorch_model.safetensors").unwrap();
    fs::write(folder.join(MANIFEST), toml::to_string(&manifest).unwrap()).unwrap();
    let report = check(&folder);
    assert!(report.is_usable() && !report.verified);
    assert_eq!(report.unlisted, ["vae/diffusion_pytorch_model.safetensors"]);
}

#[test]
fn tensors_that_nobody_reads_are_counted_and_no_problem() {
    let (_home, folder) = mini(1);
    let path = folder.join("text_encoder/model.safetensors");
    let mut tensors = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    let ids = candle_core::Tensor::arange(0i64, 77, &Device::Cpu).unwrap();
    tensors.insert("text_model.embeddings.position_ids".to_owned(), ids);
    candle_core::safetensors::save(&tensors, &path).unwrap();
    fs::remove_file(folder.join(MANIFEST)).unwrap();
    let report = check(&folder);
    assert!(report.is_usable(), "{}", problems(&report));
    assert_eq!(report.components.iter().map(|part| part.extra).collect::<Vec<_>>(), [1, 0, 0, 0, 0]);
}

#[test]
fn an_absurd_number_of_layers_is_refused_before_anything_is_sized() {
    for layers in ["4294967296", "1e300", "-1"] {
        let text = spoiled(|folder| {
            let path = folder.join("text_encoder/config.json");
            let config = fs::read_to_string(&path).unwrap();
            let setting = "\"num_hidden_layers\": ";
            let spoiled = config.replace(&format!("{setting}2"), &format!("{setting}{layers}"));
            assert_ne!(spoiled, config);
            fs::write(path, spoiled).unwrap();
        });
        assert!(text.contains("text_encoder/config.json") && !text.contains('\n'), "{text}");
    }
}

#[test]
fn a_file_in_a_bundle_s_place_says_how_to_make_one() {
    let (_home, folder) = mini(1);
    let text = problems(&check(&folder.join("vae/diffusion_pytorch_model.safetensors")));
    assert!(text.contains("adorn bundle import") && text.contains("vae"), "{text}");
}

#[test]
fn a_missing_file_is_named() {
    let text =
        spoiled(|folder| fs::remove_file(folder.join("unet/diffusion_pytorch_model.safetensors")).unwrap());
    assert!(text.contains("diffusion_pytorch_model.safetensors") && text.contains("unet"), "{text}");
    let text = spoiled(|folder| fs::remove_file(folder.join("tokenizer/tokenizer.json")).unwrap());
    assert!(text.contains("no tokenizer"), "{text}");
}

#[test]
fn a_wrong_shape_names_file_tensor_and_both_shapes() {
    let text = spoiled(|folder| {
        let path = folder.join("text_encoder/config.json");
        let config = fs::read_to_string(&path).unwrap().replace("\"vocab_size\": 514", "\"vocab_size\": 600");
        fs::write(path, config).unwrap();
    });
    for part in ["token_embedding.weight", "[514, 64]", "[600, 64]", "model.safetensors"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn truncated_weights_pickles_and_bad_json_are_one_line_each() {
    let weights = "controlnet/diffusion_pytorch_model.safetensors";
    let cut = spoiled(|folder| {
        let bytes = fs::read(folder.join(weights)).unwrap();
        fs::write(folder.join(weights), &bytes[..bytes.len() / 2]).unwrap();
    });
    let huge = spoiled(|folder| fs::write(folder.join(weights), (1u64 << 63).to_le_bytes()).unwrap());
    let pickle = spoiled(|folder| fs::write(folder.join(weights), b"PK\x03\x04archive!").unwrap());
    let json = spoiled(|folder| fs::write(folder.join("unet/config.json"), "{\"in_channels\": ").unwrap());
    for (text, part) in [(cut, weights), (huge, "claims"), (pickle, "pickle"), (json, "unet/config.json")] {
        assert!(text.contains(part) && !text.contains('\n'), "{text}");
    }
}

#[test]
fn parts_of_different_models_are_refused_together() {
    let text = spoiled(|folder| {
        let path = folder.join("vae/config.json");
        let config = fs::read_to_string(&path).unwrap();
        fs::write(path, config.replace("\"latent_channels\": 4", "\"latent_channels\": 8")).unwrap();
    });
    assert!(text.contains("do not belong together") && text.contains("latent channels"), "{text}");
}

#[test]
fn stable_diffusion_s_random_configs_are_valid() {
    let home = tempfile::tempdir().unwrap();
    random::write_small(RandomSize::Sd15(Dinov2::Base), home.path()).unwrap();
    assert_eq!(Configs::read(home.path()).unwrap().unet.block_out_channels, [320, 640, 1280, 1280]);
}

#[test]
fn folders_of_other_families_are_refused_by_name() {
    let unet = |from: &'static str, to: &'static str| {
        spoiled(move |folder| {
            let path = folder.join("unet/config.json");
            let config = fs::read_to_string(&path).unwrap();
            assert!(config.contains(from), "{config}");
            fs::write(path, config.replace(from, to)).unwrap();
        })
    };
    let width = "\"cross_attention_dim\": 64";
    for (text, family) in [
        (unet(width, "\"cross_attention_dim\": 1024"), "Stable Diffusion 2"),
        (unet(width, "\"cross_attention_dim\": 2048"), "Stable Diffusion XL"),
        (
            unet(width, "\"cross_attention_dim\": 64, \"addition_embed_type\": \"text_time\""),
            "Stable Diffusion XL",
        ),
        (unet("\"in_channels\": 4", "\"in_channels\": 9"), "inpainting"),
        (unet("\"in_channels\": 4", "\"in_channels\": 12"), "12 input channels"),
        (spoiled(|folder| fs::create_dir(folder.join("text_encoder_2")).unwrap()), "Stable Diffusion XL"),
    ] {
        assert!(text.contains(family) && !text.contains('\n'), "{text}");
    }
}

/// Stable Diffusion 2-v is refused as what it is; velocities alone are no reason.
#[test]
fn a_scheduler_that_predicts_velocities_is_usable() {
    let (_home, folder) = mini(1);
    fs::remove_file(folder.join(MANIFEST)).unwrap();
    let path = folder.join("scheduler/scheduler_config.json");
    let config = fs::read_to_string(&path).unwrap();
    fs::write(&path, config.replace("\"epsilon\"", "\"v_prediction\"")).unwrap();
    assert!(check(&folder).is_usable());
    fs::write(&path, config.replace("\"epsilon\"", "\"sideways\"")).unwrap();
    let text = problems(&check(&folder));
    assert!(text.contains("sideways") && !text.contains('\n'), "{text}");
}

#[test]
fn a_manifest_that_is_a_bomb_is_one_line() {
    let (_home, folder) = mini(1);
    let deep = format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let dotted = format!("{} = 1", vec!["a"; 50_000].join("."));
    let large = format!("name = \"{}\"", "x".repeat(2 << 20));
    let twice = "name = \"a\"\nname = \"b\"".to_owned();
    let endless = "[defaults]\nguidance = inf".to_owned();
    let nothing = "[defaults]\ngamma = nan".to_owned();
    for text in [deep, dotted, large, twice, endless, nothing] {
        fs::write(folder.join(MANIFEST), text).unwrap();
        let text = problems(&check(&folder));
        assert!(text.contains(MANIFEST) && !text.contains('\n') && text.len() < 1000, "{text}");
    }
}

#[test]
fn settings_that_are_a_bomb_are_one_line() {
    for bomb in ["[".repeat(200_000), format!("{{\"a\":{}", "{\"a\":".repeat(100_000)), "\u{0}".repeat(100)] {
        let text = spoiled(|folder| fs::write(folder.join("unet/config.json"), bomb).unwrap());
        assert!(text.contains("unet/config.json") && !text.contains('\n'), "{text}");
    }
}

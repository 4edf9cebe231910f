//! Bands against the whole picture, and the shapes and names of the autoencoder.

use super::*;
use crate::engine::inventory::Inventory;
use crate::engine::progress::CancelFlag;
use crate::engine::testing::{Seeded, difference, noise};
use candle_core::Device;
use std::collections::HashMap;

fn tiny() -> VaeConfig {
    let json = r#"{"block_out_channels": [8, 8, 16, 16], "norm_num_groups": 4, "layers_per_block": 1,
        "sample_size": 64, "_class_name": "AutoencoderKL"}"#;
    serde_json::from_str(json).unwrap()
}

#[test]
fn stable_diffusion_s_autoencoder_has_its_known_number_of_parameters() {
    let inventory = Inventory::default();
    let vae = Vae::new(&VaeConfig::default(), inventory.builder(DType::F32)).unwrap();
    assert_eq!(inventory.parameters(), 83_653_863);
    assert_eq!(vae.scaling_factor(), 0.18215);
}

#[test]
fn shapes_hold_both_ways_for_oblong_pictures() {
    let vae = Vae::new(&tiny(), Seeded::default().builder()).unwrap();
    let latents = vae.encode(&noise(&[1, 3, 64, 40], "pixels"), &Control::silent()).unwrap();
    assert_eq!(
        (latents.mean.dims(), latents.logvar.dims()),
        ([1, 4, 8, 5].as_slice(), [1, 4, 8, 5].as_slice())
    );
    let pixels = vae.decode(&latents.mean, &Control::silent()).unwrap();
    assert_eq!(pixels.dims(), [1, 3, 64, 40]);
}

#[test]
fn older_files_attention_names_are_the_same_network() {
    let (inventory, seeded) = (Inventory::default(), Seeded::default().builder());
    Vae::new(&tiny(), inventory.builder(DType::F32)).unwrap();
    let named = |old: bool| {
        let tensors = inventory.entries().into_iter().map(|(name, entry)| {
            let tensor = seeded.get_with_hints(entry.shape, &name, entry.init).unwrap();
            let pairs =
                [("to_q.", "query."), ("to_k.", "key."), ("to_v.", "value."), ("to_out.0.", "proj_attn.")];
            let name =
                if old { pairs.iter().fold(name, |name, (new, old)| name.replace(new, old)) } else { name };
            (name, tensor)
        });
        let tensors: HashMap<String, Tensor> = tensors.collect();
        Vae::new(&tiny(), VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu)).unwrap()
    };
    let decode = |vae: &Vae| vae.decode(&noise(&[1, 4, 4, 4], "latents"), &Control::silent()).unwrap();
    assert_eq!(difference(&decode(&named(true)), &decode(&named(false))), 0.0);
}

#[test]
fn hostile_configs_are_refused() {
    assert!(VaeConfig { norm_num_groups: 3, ..tiny() }.validate().is_err());
    assert!(VaeConfig { block_out_channels: Vec::new(), ..tiny() }.validate().is_err());
    assert!(VaeConfig { scaling_factor: f64::NAN, ..tiny() }.validate().is_err());
    assert!(VaeConfig { layers_per_block: usize::MAX, ..tiny() }.validate().is_err());
    assert!(VaeConfig { shift_factor: Some(0.1), ..tiny() }.validate().is_err());
    let shifted: VaeConfig = serde_json::from_str(r#"{"latents_mean": [0, 0, 0, 0]}"#).unwrap();
    assert!(shifted.validate().unwrap_err().to_string().contains("latents_mean"));
    let other = VaeConfig { up_block_types: vec!["AttnUpDecoderBlock2D".to_owned(); 4], ..tiny() };
    assert!(other.validate().unwrap_err().to_string().contains("AttnUpDecoderBlock2D"));
}

/// Numbers so few that every picture is cut into bands of the fewest rows.
const NARROW: usize = 1;

#[test]
fn bands_decode_to_the_whole_picture() {
    let vae = Vae::new(&tiny(), Seeded::default().builder()).unwrap();
    let control = Control::silent();
    // Two samples, oblong and odd; the last has bands of several sizes on its way.
    for (shape, limit) in [([2, 4, 4, 4], NARROW), ([1, 4, 5, 3], NARROW), ([1, 4, 7, 9], 9 * 1024)] {
        let latents = noise(&shape, "latents");
        let whole = vae.decode_in_bands(&latents, usize::MAX, &control).unwrap();
        let bands = vae.decode_in_bands(&latents, limit, &control).unwrap();
        assert_eq!(bands.dims(), [shape[0], 3, shape[2] * 8, shape[3] * 8]);
        let gap = difference(&bands, &whole);
        assert!(gap < 2e-5, "{shape:?}: {gap}");
    }
}

#[test]
fn bands_encode_to_the_whole_picture() {
    let vae = Vae::new(&tiny(), Seeded::default().builder()).unwrap();
    let control = Control::silent();
    for shape in [[2, 3, 32, 32], [1, 3, 40, 24], [1, 3, 72, 16]] {
        let pixels = noise(&shape, "pixels");
        let whole = vae.encode_in_bands(&pixels, usize::MAX, &control).unwrap();
        let bands = vae.encode_in_bands(&pixels, NARROW, &control).unwrap();
        let gap = difference(&bands.mean, &whole.mean).max(difference(&bands.logvar, &whole.logvar));
        assert!(gap < 2e-5, "{shape:?}: {gap}");
    }
}

#[test]
fn half_precision_bands_stay_as_near_as_half_precision_is() {
    let vae = Vae::new(&tiny(), Seeded::default().builder_of(DType::BF16)).unwrap();
    let (latents, control) = (noise(&[1, 4, 5, 3], "latents"), Control::silent());
    let whole = vae.decode_in_bands(&latents, usize::MAX, &control).unwrap();
    let gap = difference(&vae.decode_in_bands(&latents, NARROW, &control).unwrap(), &whole);
    assert!(gap < 0.05, "{gap}");
}

#[test]
fn work_on_bands_stops_when_asked() {
    let vae = Vae::new(&tiny(), Seeded::default().builder()).unwrap();
    let flag = CancelFlag::default();
    let control = Control::new(flag.clone(), |_| {});
    let bands = Bands::cut(&noise(&[1, 32, 4, 4], "picture"), NARROW).unwrap();
    let convolve = || bands.convolved(&vae.decoder.conv_in, 16, &control).map(drop);
    assert!(convolve().is_ok());
    flag.cancel();
    assert!(matches!(convolve(), Err(EngineError::Cancelled(_))));
}

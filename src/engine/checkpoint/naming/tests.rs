//! Names against diffusers' own conversion, at Stable Diffusion 1.5's size (`tests/oracles/names.py`), and
//! networks of other depths against a numbering counted by hand.

use super::*;
use crate::engine::control_net::{ControlNet, ControlNetConfig};
use crate::engine::inventory::Inventory;
use crate::engine::text::{TextConfig, TextEncoder};
use crate::engine::unet::{UNet, UNetConfig};
use crate::engine::vae::{Vae, VaeConfig};
use candle_core::DType;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
struct Expected {
    count: usize,
    sha256: String,
    /// Pairs to look at where the digest differs.
    some: Vec<(String, String)>,
}

fn asked(build: impl FnOnce(&Inventory)) -> Vec<String> {
    let inventory = Inventory::default();
    build(&inventory);
    inventory.entries().into_keys().collect()
}

fn unet_names() -> Vec<String> {
    asked(|inventory| drop(UNet::new(&UNetConfig::default(), inventory.builder(DType::F32)).unwrap()))
}

#[track_caller]
fn agrees(what: &str, names: &[String], naming: &Naming) {
    let text = include_str!("../../../../tests/fixtures/engine/ldm_names.json");
    let expected: BTreeMap<String, Expected> = serde_json::from_str(text).unwrap();
    let expected = &expected[what];
    let likeliest = |name: &String| (naming.stored(name).swap_remove(0), name.clone());
    let pairs: BTreeSet<(String, String)> = names.iter().map(likeliest).collect();
    for pair in &expected.some {
        assert!(pairs.contains(pair), "{what}: {pair:?}");
    }
    let lines: String = pairs.iter().map(|(old, new)| format!("{old} {new}\n")).collect();
    let digest: String = Sha256::digest(lines).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((pairs.len(), digest.as_str()), (expected.count, expected.sha256.as_str()), "{what}");
}

fn sd15() -> UNetPlaces {
    UNetPlaces { layers: 2, attends_up: vec![false, true, true, true], hint_blocks: 6 }
}

#[test]
fn every_name_of_stable_diffusion_is_diffusers_own() {
    let unet = unet_names();
    let root = "model.diffusion_model.";
    agrees("unet", &unet, &Naming::UNet { root, places: sd15(), averages: false });
    agrees("unet_ema", &unet, &Naming::UNet { root, places: sd15(), averages: true });
    let vae = asked(|inventory| {
        drop(Vae::new(&VaeConfig::default(), inventory.builder(DType::F32)).unwrap());
    });
    let places = VaePlaces { levels: 4, layers: 2 };
    agrees("vae", &vae, &Naming::Vae { root: "first_stage_model.", places });
    let stock = ControlNetConfig { conditioning_channels: 4, ..ControlNetConfig::default() };
    let control = asked(|inventory| {
        drop(ControlNet::new(&stock, 768, inventory.builder(DType::F32)).unwrap());
    });
    let root = "control_model.";
    agrees("control_net", &control, &Naming::UNet { root, places: sd15(), averages: false });
    let text = asked(|inventory| {
        drop(TextEncoder::new(&TextConfig::default(), inventory.builder(DType::F32)).unwrap());
    });
    agrees("text", &text, &Naming::Text);
}

#[test]
fn the_numbering_is_read_off_a_file_of_any_depth() {
    for (layers, attends_up) in [
        (1, vec![true]),
        (1, vec![false, true]),
        (2, vec![false, true, true, true]),
        (3, vec![true, false, true, false, true]),
    ] {
        let levels = attends_up.len();
        let places = UNetPlaces { layers, attends_up, hint_blocks: 0 };
        let mut names = BTreeSet::new();
        for i in 0..levels {
            let half = |name: String| places.stored(&name).unwrap();
            names.extend((0..layers).map(|j| half(format!("down_blocks.{i}.resnets.{j}.norm1.weight"))));
            names.extend((0..=layers).map(|j| half(format!("up_blocks.{i}.resnets.{j}.norm1.weight"))));
            if i + 1 < levels {
                names.insert(half(format!("down_blocks.{i}.downsamplers.0.conv.weight")));
            }
            if places.attends_up[i] {
                names.insert(half(format!("up_blocks.{i}.attentions.0.norm.weight")));
            }
        }
        assert_eq!(UNetPlaces::of(|name| names.contains(name)), Some(places));
    }
    assert_eq!(UNetPlaces::of(|_| false), None);
    assert_eq!(UNetPlaces::of(|_| true), None);
}

#[test]
fn a_shallow_network_s_blocks_stand_where_they_are_counted_by_hand() {
    let places = UNetPlaces { layers: 1, attends_up: vec![true, false], hint_blocks: 0 };
    let pairs = [
        ("down_blocks.0.resnets.0.conv1.weight", "input_blocks.1.0.in_layers.2.weight"),
        ("down_blocks.0.downsamplers.0.conv.bias", "input_blocks.2.0.op.bias"),
        ("down_blocks.1.attentions.0.proj_in.weight", "input_blocks.3.1.proj_in.weight"),
        ("up_blocks.0.upsamplers.0.conv.weight", "output_blocks.1.2.conv.weight"),
        ("up_blocks.1.resnets.1.conv_shortcut.bias", "output_blocks.3.0.skip_connection.bias"),
    ];
    for (asked, stored) in pairs {
        assert_eq!(places.stored(asked).as_deref(), Some(stored));
    }
    for none in
        ["", "down_blocks", "down_blocks.x.resnets.0.norm1.weight", "up_blocks.9.upsamplers.0.conv.bias"]
    {
        assert_eq!(places.stored(none), None);
    }
}

//! Numbers that get lost: found where they are lost, once more in f32, and said.

use super::*;
use crate::engine::bundle::Component;
use candle_core::Device;
use std::collections::HashMap;

/// Multiplies a tensor of a bundle's file.
fn scale(folder: &Path, component: Component, name: &str, factor: f64) {
    let file = folder.join(component.folder()).join(component.stem()).with_extension("safetensors");
    let mut tensors: HashMap<String, Tensor> = candle_core::safetensors::load(&file, &Device::Cpu).unwrap();
    let tensor = tensors.get_mut(name).unwrap_or_else(|| panic!("no {name}"));
    *tensor = (&*tensor * factor).unwrap();
    candle_core::safetensors::save(&tensors, &file).unwrap();
}

fn open_half(folder: &Path) -> DiffusionEngine {
    DiffusionEngine::open(folder, DeviceChoice::Cpu, DTypeChoice::F16).unwrap()
}

/// A layer in the middle of each part that no half type holds; what follows makes its numbers small again.
type Layer = (Component, &'static str, &'static [(&'static str, f64)]);
const LAYERS: [Layer; 5] = [
    (
        Component::Text,
        "the text encoder",
        &[
            ("text_model.encoder.layers.0.mlp.fc1.weight", 1e7),
            ("text_model.encoder.layers.0.mlp.fc2.weight", 1e-7),
        ],
    ),
    (
        Component::Image,
        "the image encoder",
        &[("encoder.layer.0.mlp.fc1.weight", 1e7), ("encoder.layer.0.mlp.fc2.weight", 1e-7)],
    ),
    (Component::ControlNet, "the ControlNet at step 1", &[("mid_block.resnets.0.conv1.weight", 1e7)]),
    (Component::UNet, "the denoiser at step 1", &[("mid_block.resnets.0.conv1.weight", 1e7)]),
    (Component::Vae, "the decoder", &[("decoder.mid_block.resnets.0.conv1.weight", 1e7)]),
];

#[test]
fn the_part_that_f16_cannot_hold_is_run_again_in_f32_and_no_other() {
    let (_home, folder) = bundle();
    let order = Order { recipe: Recipe { steps: Some(2), ..Recipe::default() }, ..Order::new(64, 64) };
    assert!(order.paint(&open_half(&folder)).notices.is_empty());
    for (component, part, changes) in LAYERS {
        for &(name, factor) in changes {
            scale(&folder, component, name, factor);
        }
        let engine = open_half(&folder);
        let made = order.paint(&engine);
        assert_eq!(made.notices.len(), 1, "{:?}", made.notices);
        assert!(made.notices[0].starts_with(part) && made.notices[0].contains("f32"), "{:?}", made.notices);
        // Copies and caches from before change neither the picture nor what is said about it.
        let again = order.paint(&engine);
        assert_eq!((&made.picture, &made.notices), (&again.picture, &again.notices), "{part}");
        let single = order.paint(&open(&folder));
        assert!(single.notices.is_empty(), "{:?}", single.notices);
        for &(name, factor) in changes {
            scale(&folder, component, name, 1.0 / factor);
        }
    }
}

#[test]
fn what_f32_cannot_hold_either_ends_in_one_line_that_names_the_part() {
    let (_home, folder) = bundle();
    let order = Order { recipe: Recipe { steps: Some(1), ..Recipe::default() }, ..Order::new(64, 64) };
    for (component, part, changes) in LAYERS {
        let (name, _) = changes[0];
        let file = folder.join(component.folder()).join(component.stem()).with_extension("safetensors");
        let whole = fs::read(&file).unwrap();
        scale(&folder, component, name, f64::NAN);
        for engine in [open(&folder), open_half(&folder)] {
            let error = order.run(&engine, &Control::silent()).unwrap_err();
            let text = error.to_string();
            assert!(matches!(error, EngineError::NotFinite { .. }), "{text}");
            assert!(
                text.starts_with(part) && text.contains("check the bundle") && !text.contains('\n'),
                "{text}"
            );
        }
        fs::write(&file, whole).unwrap();
    }
}

#[test]
fn previews_of_a_decoder_that_f16_cannot_hold_are_no_black_squares() {
    let (_home, folder) = bundle();
    let (component, _, changes) = LAYERS[4];
    scale(&folder, component, changes[0].0, changes[0].1);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&seen);
    let keep = move |progress: Progress| heard.lock().unwrap().extend(progress.preview);
    Order::new(64, 64).run(&open_half(&folder), &Control::new(CancelFlag::default(), keep)).unwrap();
    for preview in seen.lock().unwrap().iter() {
        assert!(preview.pixels().any(|pixel| pixel != preview.get_pixel(0, 0)));
    }
}

#[test]
fn a_flat_picture_is_no_picture() {
    for (component, name, part) in [
        (Component::UNet, "conv_out.weight", "the denoiser at step 1"),
        (Component::Vae, "decoder.conv_out.weight", "the decoder"),
    ] {
        let (_home, folder) = bundle();
        scale(&folder, component, name, 0.0);
        let error = Order::new(64, 64).run(&open(&folder), &Control::silent()).unwrap_err().to_string();
        assert!(error.starts_with(part), "{error}");
    }
}

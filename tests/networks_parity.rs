//! The networks against PyTorch: same weights, same inputs, outputs within 1e-4 of the largest value.
//!
//! `tests/oracles/README.md` says what made the fixtures.

#![expect(clippy::unwrap_used, reason = "a test, helpers included")]

use adorn::engine::control_net::{BranchTokens, ControlNet, ControlNetConfig, ControlResiduals, alpha};
use adorn::engine::image_encoder::{ImageEncoder, ImageEncoderConfig};
use adorn::engine::progress::Control;
use adorn::engine::text::{TextConfig, TextEncoder};
use adorn::engine::unet::{UNet, UNetConfig};
use adorn::engine::vae::{Vae, VaeConfig};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use safetensors::SafeTensors;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::path::PathBuf;

/// One oracle's file: config, weights, inputs and expected outputs.
struct Fixture {
    config: String,
    tensors: HashMap<String, Tensor>,
}

impl Fixture {
    fn open(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/engine");
        let bytes = std::fs::read(folder.join(name).with_extension("safetensors")).unwrap();
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let config = metadata.metadata().as_ref().unwrap()["config"].clone();
        Self { config, tensors: candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap() }
    }

    fn config<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.config).unwrap()
    }

    fn weights(&self) -> VarBuilder<'static> {
        let weight = |(name, tensor): (&String, &Tensor)| {
            name.strip_prefix("weights.").map(|name| (name.to_owned(), tensor.clone()))
        };
        let weights: HashMap<String, Tensor> = self.tensors.iter().filter_map(weight).collect();
        VarBuilder::from_tensors(weights, DType::F32, &Device::Cpu)
    }

    fn tensor(&self, name: &str) -> Tensor {
        self.tensors[name].clone()
    }

    #[track_caller]
    fn agrees(&self, name: &str, got: &Tensor) {
        let expected = self.tensor(name);
        assert_eq!(got.dims(), expected.dims(), "{name}");
        let largest =
            |x: &Tensor| x.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap();
        let (gap, size) = (largest(&(got - &expected).unwrap()), largest(&expected));
        assert!(gap <= 1e-4 * size, "{name}: off by {gap} where the largest value is {size}");
    }

    #[track_caller]
    fn residuals_agree(&self, got: &ControlResiduals) {
        let first = |x: &Tensor| x.permute((0, 3, 1, 2)).unwrap();
        for (i, residual) in got.down.iter().enumerate() {
            self.agrees(&format!("down.{i}"), &first(residual));
        }
        assert!(!self.tensors.contains_key(&format!("down.{}", got.down.len())));
        self.agrees("middle", &first(&got.middle));
    }
}

#[test]
fn text_encoder_agrees_with_transformers() {
    for name in ["text_quick_gelu", "text_gelu"] {
        let fixture = Fixture::open(name);
        let net = TextEncoder::new(&fixture.config::<TextConfig>(), fixture.weights()).unwrap();
        let ids = fixture.tensor("ids").to_dtype(DType::U32).unwrap();
        fixture.agrees("expected", &net.forward(&ids).unwrap());
    }
}

#[test]
fn image_encoder_agrees_with_transformers() {
    for name in ["image_interpolated", "image_swiglu"] {
        let fixture = Fixture::open(name);
        let net = ImageEncoder::new(&fixture.config::<ImageEncoderConfig>(), fixture.weights()).unwrap();
        fixture.agrees("expected", &net.forward(&fixture.tensor("pixels")).unwrap());
    }
}

#[test]
fn autoencoder_agrees_with_diffusers() {
    let fixture = Fixture::open("vae");
    let vae = Vae::new(&fixture.config::<VaeConfig>(), fixture.weights()).unwrap();
    let latents = vae.encode(&fixture.tensor("pixels"), &Control::silent()).unwrap();
    fixture.agrees("mean", &latents.mean);
    fixture.agrees("logvar", &latents.logvar);
    fixture.agrees("decoded", &vae.decode(&fixture.tensor("latents"), &Control::silent()).unwrap());
}

#[test]
fn denoiser_agrees_with_diffusers_at_even_and_odd_sizes() {
    for name in ["unet", "unet_odd"] {
        let fixture = Fixture::open(name);
        let net = UNet::new(&fixture.config::<UNetConfig>(), fixture.weights()).unwrap();
        let (latents, text) = (fixture.tensor("latents"), fixture.tensor("text"));
        let noise = net.forward(&latents, 501.0, &text, None, &Control::silent()).unwrap();
        fixture.agrees("expected", &noise);
    }
}

#[test]
fn a_stock_control_net_agrees_with_diffusers() {
    let fixture = Fixture::open("control_net");
    let net = ControlNet::new(&fixture.config::<ControlNetConfig>(), 10, fixture.weights()).unwrap();
    let tokens = BranchTokens { text: fixture.tensor("text"), pose: None, appearance: None };
    let hint = net.embed_hint(&fixture.tensor("hint")).unwrap();
    let (context, latents) = (net.context(&tokens).unwrap(), fixture.tensor("latents"));
    let residuals = net.forward(&latents, 301.0, &context, &hint, 0.0, 0.6, &Control::silent()).unwrap();
    fixture.residuals_agree(&residuals);
}

/// The oracle writes Eq. 7 to 10 into diffusers' blocks on its own.
#[test]
fn three_branches_agree_with_the_equations_in_pytorch() {
    let fixture = Fixture::open("multi_branch");
    let listed = fixture.config::<ControlNetConfig>();
    let found = ControlNetConfig { adorn_branches: None, ..listed.clone() };
    for config in [listed, found] {
        let net = ControlNet::new(&config, 10, fixture.weights()).unwrap();
        let tokens = BranchTokens {
            text: fixture.tensor("text"),
            pose: net.pose_tokens(&fixture.tensor("pose")).unwrap(),
            appearance: net.appearance_tokens(&fixture.tensor("appearance")).unwrap(),
        };
        let hint = net.embed_hint(&fixture.tensor("hint")).unwrap();
        let (context, latents) = (net.context(&tokens).unwrap(), fixture.tensor("latents"));
        let weight = alpha(500.0, 400.0);
        let residuals =
            net.forward(&latents, 500.0, &context, &hint, weight, 1.0, &Control::silent()).unwrap();
        fixture.residuals_agree(&residuals);
    }
}

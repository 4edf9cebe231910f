//! How the engine's networks are opened and called: the only place here that knows.

use crate::fixture::Case;
use adorn::engine::EngineError;
use adorn::engine::attention::std_norm;
use adorn::engine::checkpoint::{Checkpoint, Probe, Weights};
use adorn::engine::control_net::{BranchTokens, ControlNet, ControlNetConfig};
use adorn::engine::image_encoder::{self, ImageEncoder, ImageEncoderConfig};
use adorn::engine::progress::Control;
use adorn::engine::text::{self, TextConfig, TextEncoder};
use adorn::engine::unet::{UNet, UNetConfig};
use adorn::engine::vae::{Vae, VaeConfig};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use std::collections::BTreeMap;
use std::path::Path;

/// A network's outputs by name, f32.
pub(crate) type Outputs = BTreeMap<String, Tensor>;

/// What a component's network makes of a case's inputs, from its weight file.
pub(crate) fn outputs(component: &str, case: &Case, file: &Path, dtype: DType) -> Outputs {
    let builder = Weights::builder(open(component, file), dtype, &Device::Cpu);
    let outputs = run(&Net::load(component, case, builder), case).unwrap();
    outputs.into_iter().map(|(name, tensor)| (name, tensor.to_dtype(DType::F32).unwrap())).collect()
}

/// What a component's network makes of a case's inputs with weights that are variables.
pub(crate) fn tracked(component: &str, case: &Case, builder: VarBuilder<'_>) -> Outputs {
    run(&Net::load(component, case, builder), case).unwrap()
}

/// How many tensors of a case's file the network leaves unread.
pub(crate) fn unread(component: &str, case: &Case, file: &Path) -> usize {
    let probe = Probe::new(open(component, file));
    Net::load(component, case, probe.builder());
    assert_eq!(probe.seen().problems, Vec::<String>::new(), "{component}: {}", case.name);
    probe.extra()
}

fn open(component: &str, file: &Path) -> Checkpoint {
    let checkpoint = Checkpoint::open(&[file.to_owned()]).unwrap();
    match component {
        "text" => checkpoint.with_optional_prefix(text::PREFIX),
        "image" => checkpoint.with_optional_prefix(image_encoder::PREFIX),
        _ => checkpoint,
    }
}

enum Net {
    Text(TextEncoder),
    Image(ImageEncoder),
    Vae(Vae),
    UNet(UNet),
    ControlNet(ControlNet),
}

impl Net {
    fn load(component: &str, case: &Case, vb: VarBuilder<'_>) -> Self {
        match component {
            "text" => Self::Text(TextEncoder::new(&case.config::<TextConfig>(), vb).unwrap()),
            "image" => Self::Image(ImageEncoder::new(&case.config::<ImageEncoderConfig>(), vb).unwrap()),
            "vae" => Self::Vae(Vae::new(&case.config::<VaeConfig>(), vb).unwrap()),
            "unet" => Self::UNet(UNet::new(&case.config::<UNetConfig>(), vb).unwrap()),
            "control_net" => {
                let width = if case.has("pose") { case.number("image_width") as usize } else { 1 };
                let config: ControlNetConfig = case.config();
                Self::ControlNet(ControlNet::new(&config, width, vb).unwrap())
            }
            other => unreachable!("{other} is no network"),
        }
    }
}

fn run(net: &Net, case: &Case) -> Result<Outputs, EngineError> {
    let quiet = Control::silent();
    let one = |name: &str, tensor: Tensor| Outputs::from([(name.to_owned(), tensor)]);
    Ok(match net {
        Net::Text(net) => one("last", net.forward(&case.input("ids"))?),
        Net::Image(net) => one("tokens", net.forward(&case.input("pixels"))?),
        Net::Vae(net) => {
            let latents = net.encode(&((case.input("pixels") * 2.0)? - 1.0)?, &quiet)?;
            let decoded = net.decode(&case.input("latents"), &quiet)?;
            let named = [("mean", latents.mean), ("logvar", latents.logvar), ("decoded", decoded)];
            named.map(|(name, tensor)| (name.to_owned(), tensor)).into()
        }
        Net::UNet(net) => {
            let (latents, text) = (case.input("latents"), case.input("text"));
            one("noise", net.forward(&latents, case.number("timestep"), &text, None, &quiet)?)
        }
        Net::ControlNet(net) => control(net, case, &quiet)?,
    })
}

fn control(net: &ControlNet, case: &Case, quiet: &Control) -> Result<Outputs, EngineError> {
    let dino = |name: &str| case.has(name).then(|| case.input(name));
    let pose = dino("pose").map(|dino| net.pose_tokens(&dino)).transpose()?.flatten();
    let appearance = dino("appearance").map(|dino| net.appearance_tokens(&dino)).transpose()?.flatten();
    let named = [("pose_tokens", &pose), ("appearance_tokens", &appearance)];
    let named = named.into_iter().filter_map(|(name, tokens)| Some((name.to_owned(), tokens.clone()?)));
    let mut outputs: Outputs = named.collect();
    let alpha = if case.has("pose") { case.number("alpha") } else { 0.0 };
    let context = net.context(&BranchTokens { text: case.input("text"), pose, appearance })?;
    let hint = net.embed_hint(&case.input("hint"))?;
    let (latents, timestep) = (case.input("latents"), case.number("timestep"));
    let residuals =
        net.forward(&latents, timestep, &context, &hint, alpha, case.number("strength"), quiet)?;
    let first = |x: &Tensor| x.permute((0, 3, 1, 2))?.contiguous();
    for (i, residual) in residuals.down.iter().enumerate() {
        outputs.insert(format!("down.{i}"), first(residual)?);
    }
    outputs.insert("middle".to_owned(), first(&residuals.middle)?);
    Ok(outputs)
}

/// STD-Norm of a case's made tensors, in f32.
pub(crate) fn std_normed(case: &Case) -> Outputs {
    let scaled = |name: &str, scale: &str| {
        let scale = Tensor::new(case.number(scale) as f32, &Device::Cpu).unwrap();
        case.input(name).broadcast_mul(&scale).unwrap()
    };
    let offset = Tensor::new(case.number("offset") as f32, &Device::Cpu).unwrap();
    let y = scaled("y", "scale").broadcast_add(&offset).unwrap();
    Outputs::from([("normed".to_owned(), std_norm(&y, &scaled("like", "like")).unwrap())])
}

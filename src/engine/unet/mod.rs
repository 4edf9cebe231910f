//! Stable Diffusion's denoiser: diffusers' `UNet2DConditionModel`, any number of levels.
//!
//! It stays stock: text is all it attends to, and the ControlNet reaches it through added residuals. Input
//! and output are `[b, c, h, w]`; inside everything is channels-last and in the weights' dtype.

mod config;
mod decoder;
mod encoder;
pub(crate) mod residual;
mod time;

pub use config::{Level, UNetConfig};
pub(super) use encoder::Encoder;
pub use time::StepTime;

use super::EngineError;
use super::attention::{BranchKeys, CrossContext, PreparedContext, Source, TransformerShape};
use super::control_net::ControlResiduals;
use super::ops::{to_channels_first, to_channels_last};
use super::progress::Control;
use candle_core::{DType, Tensor};
use candle_nn::VarBuilder;
use decoder::Decoder;
use encoder::Descent;

/// Predicts the noise in latents.
#[derive(Debug, Clone)]
pub struct UNet {
    encoder: Encoder,
    decoder: Decoder,
    dtype: DType,
}

impl UNet {
    /// Reads the weights from a builder rooted at the component, in its dtype.
    #[expect(clippy::needless_pass_by_value, reason = "handed over, as everywhere in candle")]
    pub fn new(config: &UNetConfig, vb: VarBuilder<'_>) -> Result<Self, EngineError> {
        config.validate()?;
        let shape = TransformerShape::text_only(config)?;
        let encoder = Encoder::load(config, &shape, &vb)?;
        let decoder = Decoder::load(config, &shape, encoder.skip_channels(), encoder.transformers(), &vb)?;
        Ok(Self { encoder, decoder, dtype: vb.dtype() })
    }

    /// Keys and values of T_t, `[b, n, d]`, in every transformer.
    pub fn keys(&self, text: &Tensor) -> Result<BranchKeys, EngineError> {
        let text = text.to_dtype(self.dtype)?;
        self.decoder.keys(&text, self.encoder.keys(Source::Text, &text)?)
    }

    /// What residual blocks read at the scheduler's `timestep`.
    pub fn time(&self, timestep: f64) -> Result<StepTime, EngineError> {
        let blocks = self.encoder.residual_blocks().chain(self.decoder.residual_blocks());
        Ok(StepTime::new(&self.encoder.time_embedding(timestep)?, blocks)?)
    }

    /// [`Self::forward_prepared`] with nothing prepared: for whoever takes one step alone.
    ///
    /// `text` is T_t, `[b, n, d]`.
    pub fn forward(
        &self,
        latents: &Tensor,
        timestep: f64,
        text: &Tensor,
        residuals: Option<&ControlResiduals>,
        control: &Control,
    ) -> Result<Tensor, EngineError> {
        let context = PreparedContext { text: self.keys(text)?, pose: None, appearance: None };
        self.forward_prepared(latents, &self.time(timestep)?, &context, residuals, control)
    }

    /// The noise in `latents` `[b, 4, h, w]` at a time, same shape and dtype back.
    ///
    /// `time` and the keys in `context` are this network's own. `residuals` must hold one for each skip, or it
    /// is an error.
    pub fn forward_prepared(
        &self,
        latents: &Tensor,
        time: &StepTime,
        context: &PreparedContext,
        residuals: Option<&ControlResiduals>,
        control: &Control,
    ) -> Result<Tensor, EngineError> {
        let x = to_channels_last(&latents.to_dtype(self.dtype)?)?;
        let (context, mut shifts) = (CrossContext { prepared: context, alpha: 0.0 }, time.shifts());
        let mut descent = self.encoder.forward(&x, None, &mut shifts, context, control)?;
        if let Some(residuals) = residuals {
            add_residuals(&mut descent, residuals)?;
        }
        let noise = self.decoder.forward(descent, &mut shifts, context, control)?;
        Ok(to_channels_first(&noise)?.to_dtype(latents.dtype())?)
    }
}

/// Adds a ControlNet's residuals to the skips and the middle.
fn add_residuals(descent: &mut Descent, residuals: &ControlResiduals) -> Result<(), EngineError> {
    let (expected, found) = (descent.skips.len(), residuals.down.len());
    if expected != found {
        return Err(EngineError::Residuals { expected, found });
    }
    for (skip, residual) in descent.skips.iter_mut().zip(&residuals.down) {
        *skip = (&*skip + residual.to_dtype(skip.dtype())?)?;
    }
    descent.middle = (&descent.middle + residuals.middle.to_dtype(descent.middle.dtype())?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::config::{ConfigError, PerLevel};
    use crate::engine::inventory::Inventory;
    use crate::engine::progress::CancelFlag;
    use crate::engine::testing::{Seeded, difference, noise, relative, tiny_unet};
    use candle_core::Var;

    fn run(net: &UNet, h: usize, w: usize, residuals: Option<&ControlResiduals>) -> Tensor {
        let (latents, text) = (noise(&[2, 4, h, w], "latents"), noise(&[2, 7, 12], "text"));
        net.forward(&latents, 501.0, &text, residuals, &Control::silent()).unwrap()
    }

    #[test]
    fn stable_diffusion_s_denoiser_has_its_known_number_of_parameters() {
        let inventory = Inventory::default();
        let net = UNet::new(&UNetConfig::default(), inventory.builder(DType::F32)).unwrap();
        assert_eq!(inventory.parameters(), 859_520_964);
        assert_eq!(inventory.entries().len(), 686);
        assert_eq!(net.encoder.skip_channels().len(), 12);
    }

    #[test]
    fn shapes_hold_for_square_oblong_and_odd_latents() {
        let net = UNet::new(&tiny_unet(), Seeded::default().builder()).unwrap();
        for (h, w) in [(8, 8), (8, 12), (9, 7), (5, 10)] {
            assert_eq!(run(&net, h, w, None).dims(), [2, 4, h, w]);
        }
    }

    #[test]
    fn linear_projections_are_the_same_network() {
        let linear = UNetConfig { use_linear_projection: true, ..tiny_unet() };
        let net = UNet::new(&tiny_unet(), Seeded::default().builder()).unwrap();
        let other = UNet::new(&linear, Seeded::default().builder()).unwrap();
        assert!(difference(&run(&net, 8, 8, None), &run(&other, 8, 8, None)) < 1e-6);
    }

    #[test]
    fn half_precision_stays_near_single() {
        let single = UNet::new(&tiny_unet(), Seeded::default().builder()).unwrap();
        let exact = run(&single, 8, 8, None);
        for (dtype, bound) in [(DType::F16, 0.005), (DType::BF16, 0.06)] {
            let half = UNet::new(&tiny_unet(), Seeded::default().builder_of(dtype)).unwrap();
            let gap = relative(&run(&half, 8, 8, None), &exact);
            assert!(gap < bound, "{dtype:?}: {gap}");
        }
    }

    #[test]
    fn a_wrong_number_of_residuals_is_an_error_and_not_a_shorter_list() {
        let net = UNet::new(&tiny_unet(), Seeded::default().builder()).unwrap();
        let residuals = ControlResiduals { down: Vec::new(), middle: noise(&[1], "none") };
        let (latents, text) = (noise(&[1, 4, 8, 8], "latents"), noise(&[1, 7, 12], "text"));
        let outcome = net.forward(&latents, 1.0, &text, Some(&residuals), &Control::silent());
        assert!(matches!(outcome, Err(EngineError::Residuals { expected: 6, found: 0 })), "{outcome:?}");
    }

    #[test]
    fn gradients_reach_every_residual_through_the_frozen_network() {
        let net = UNet::new(&tiny_unet(), Seeded::default().builder()).unwrap();
        // 9 x 7 latents halve to 5 x 4 and 3 x 2.
        let shapes = [[9, 7, 8], [9, 7, 8], [5, 4, 8], [5, 4, 16], [3, 2, 16], [3, 2, 16], [3, 2, 16]];
        let residual = |[h, w, c]: [usize; 3]| Var::from_tensor(&noise(&[2, h, w, c], "residual")).unwrap();
        let variables = shapes.map(residual);
        let loss = |middle: &Tensor| {
            let down = variables[..6].iter().map(|variable| variable.as_tensor().clone()).collect();
            let residuals = ControlResiduals { down, middle: middle.clone() };
            run(&net, 9, 7, Some(&residuals)).sqr().unwrap().sum_all().unwrap()
        };
        let middle = variables[6].as_tensor();
        let grads = loss(middle).backward().unwrap();
        for variable in &variables {
            let size = grads.get(variable).unwrap().sqr().unwrap().sum_all().unwrap();
            let size = size.to_scalar::<f32>().unwrap();
            assert!(size.is_finite() && size > 0.0, "{size}");
        }
        let direction = noise(&[2, 3, 2, 16], "direction");
        let step = (&direction * 1e-2).unwrap();
        let at =
            |middle: Result<Tensor, candle_core::Error>| loss(&middle.unwrap()).to_scalar::<f32>().unwrap();
        let slope = (at(middle + &step) - at(middle - &step)) / 2e-2;
        let along = (grads.get(middle).unwrap() * direction).unwrap().sum_all().unwrap();
        let along = along.to_scalar::<f32>().unwrap();
        assert!((slope - along).abs() < 0.02 * slope.abs().max(1.0), "{slope} by steps, {along} by autograd");
    }

    #[test]
    fn a_sample_s_place_in_the_batch_changes_no_bit_of_its_noise() {
        let net = UNet::new(&tiny_unet(), Seeded::default().builder()).unwrap();
        let (latents, text) = (noise(&[2, 4, 32, 24], "latents"), noise(&[2, 7, 12], "text"));
        let at = |x: &Tensor, places: &[u32]| {
            x.index_select(&Tensor::new(places, x.device()).unwrap(), 0).unwrap()
        };
        let painted = |places: &[u32]| {
            let (latents, text) = (at(&latents, places), at(&text, places));
            net.forward(&latents, 501.0, &text, None, &Control::silent()).unwrap()
        };
        let straight = painted(&[0, 1]);
        assert_eq!(difference(&straight, &at(&painted(&[1, 0]), &[1, 0])), 0.0);
        assert_eq!(difference(&at(&straight, &[1]), &painted(&[1])), 0.0);
    }

    #[test]
    fn keys_of_two_prompts_joined_are_the_keys_of_both() {
        let net = UNet::new(&tiny_unet(), Seeded::default().builder()).unwrap();
        let text = noise(&[2, 77, 12], "text");
        let of = |place| net.keys(&text.narrow(0, place, 1).unwrap()).unwrap();
        let (joined, both) = (BranchKeys::joined(&of(0), &of(1)).unwrap(), net.keys(&text).unwrap());
        // Two transformers on the way down, one in the middle, four on the way up.
        assert_eq!(joined.tensors().count(), 2 * 7);
        for (joined, both) in joined.tensors().zip(both.tensors()) {
            assert_eq!(difference(joined, both), 0.0);
        }
    }

    #[test]
    fn gradients_pass_through_what_was_prepared() {
        // Text's keys and values, and the time's layers, of a network that is being trained.
        for part in ["attn2.to_k", "attn2.to_v", "time_embedding", "time_emb_proj"] {
            let source = Seeded { trained: Some(part), ..Seeded::default() };
            let net = UNet::new(&tiny_unet(), source.builder()).unwrap();
            let grads = run(&net, 8, 8, None).sqr().unwrap().sum_all().unwrap().backward().unwrap();
            let variables = source.variables.lock().unwrap();
            assert!(!variables.is_empty(), "{part}");
            for (name, variable) in variables.iter() {
                let grad = grads.get(variable).unwrap_or_else(|| panic!("no gradient for {name}"));
                let size = grad.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
                assert!(size.is_finite() && size > 0.0, "{name}: {size}");
            }
        }
    }

    #[test]
    fn a_cancelled_control_stops_the_network() {
        let net = UNet::new(&tiny_unet(), Seeded::default().builder()).unwrap();
        let cancel = CancelFlag::default();
        cancel.cancel();
        let control = Control::new(cancel, |_| {});
        let (latents, text) = (noise(&[1, 4, 8, 8], "latents"), noise(&[1, 7, 12], "text"));
        let outcome = net.forward(&latents, 1.0, &text, None, &control);
        assert!(matches!(outcome, Err(EngineError::Cancelled(_))));
    }

    #[test]
    fn hostile_configs_are_refused_before_anything_is_sized() {
        let refused = |change: fn(&mut UNetConfig)| {
            let mut config = tiny_unet();
            change(&mut config);
            config.validate().unwrap_err()
        };
        assert!(matches!(refused(|c| c.norm_num_groups = 0), ConfigError::Range { .. }));
        assert!(matches!(refused(|c| c.norm_num_groups = 3), ConfigError::Division { .. }));
        assert!(matches!(refused(|c| c.attention_head_dim = PerLevel::Same(0)), ConfigError::Range { .. }));
        assert!(matches!(
            refused(|c| c.attention_head_dim = PerLevel::Same(3)),
            ConfigError::Division { .. }
        ));
        assert!(matches!(refused(|c| c.block_out_channels.clear()), ConfigError::Range { .. }));
        assert!(matches!(refused(|c| c.block_out_channels[1] = usize::MAX), ConfigError::Range { .. }));
        assert!(matches!(
            refused(|c| c.layers_per_block = PerLevel::Same(1 << 40)),
            ConfigError::Range { .. }
        ));
        assert!(matches!(refused(|c| drop(c.up_block_types.pop())), ConfigError::Levels { .. }));
        assert!(matches!(
            refused(|c| c.transformer_layers_per_block = PerLevel::Same(2)),
            ConfigError::Unsupported { .. }
        ));
        assert!(refused(|c| c.mid_block_type = None).to_string().contains("mid_block_type"));
        assert!(refused(|c| c.freq_shift = 4.0).to_string().contains("freq_shift"));
        let error = refused(|c| c.down_block_types[0] = "AttnDownBlock2D".to_owned()).to_string();
        assert!(error.contains("AttnDownBlock2D") && !error.contains('\n'), "{error}");
    }

    /// diffusers writes all of these into every file; where they differ, the network is another one.
    #[test]
    fn settings_of_other_families_are_refused_by_name() {
        let with = |settings: &str| serde_json::from_str::<UNetConfig>(settings).unwrap().validate();
        let stock = r#"{"num_class_embeds": null, "resnet_out_scale_factor": 1, "conv_in_kernel": 3,
            "attention_type": "default", "mid_block_only_cross_attention": null, "sample_size": 64}"#;
        assert_eq!(with(stock), Ok(()));
        for (name, value) in [
            ("num_class_embeds", "4"),
            ("time_cond_proj_dim", "256"),
            ("conv_out_kernel", "1"),
            ("resnet_out_scale_factor", "1.4"),
            ("resnet_skip_time_act", "true"),
            ("attention_type", "\"gated\""),
            ("mid_block_type", "null"),
            ("resnet_time_scale_shift", "\"scale_shift\""),
        ] {
            let error = with(&format!("{{\"{name}\": {value}}}")).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn heads_may_be_given_level_by_level() {
        let config = UNetConfig { num_attention_heads: Some(PerLevel::Each(vec![1, 2, 4])), ..tiny_unet() };
        let heads = |levels: Vec<Level>| levels.iter().map(|level| level.heads).collect::<Vec<_>>();
        assert_eq!(heads(config.down_levels().unwrap()), [1, 2, 4]);
        assert_eq!(heads(config.up_levels().unwrap()), [1, 2, 4]);
    }
}

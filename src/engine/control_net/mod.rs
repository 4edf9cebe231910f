//! The ControlNet: a copy of the denoiser's way down that reads the hint and attends to three branches.
//!
//! Stock text-only ControlNets (diffusers' `ControlNetModel`) load too. What does not change while a picture
//! is painted is computed once, by the caller's choice: tokens, the embedded hint, every block's keys. This
//! module refuses to know the sampler: it is told alpha, and returns residuals.

mod config;
mod hint;

pub use super::attention::{BranchKeys, BranchTokens, PreparedContext, Source};
pub use config::{Branch, ControlNetConfig};

use super::EngineError;
use super::attention::{CrossContext, TransformerShape};
use super::ops::{Linear, to_channels_last};
use super::progress::Control;
use super::unet::{Encoder, StepTime};
use candle_core::{DType, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use hint::HintEmbedding;

/// What the denoiser adds on its way: one picture a skip, finest first, and one for the middle. `[b, h, w, c]`.
#[derive(Debug, Clone)]
pub struct ControlResiduals {
    pub down: Vec<Tensor>,
    pub middle: Tensor,
}

/// A hint ready to join latents, `[b, h, w, c]` at the latents' size.
#[derive(Debug, Clone)]
pub struct HintTokens(pub(super) Tensor);

/// Turns a hint and tokens into residuals for the denoiser.
#[derive(Debug, Clone)]
pub struct ControlNet {
    encoder: Encoder,
    hint: HintEmbedding,
    down: Vec<Linear>,
    middle: Linear,
    pose_proj: Option<Linear>,
    appearance_proj: Option<Linear>,
    dtype: DType,
}

impl ControlNet {
    /// Reads the weights from a builder rooted at the component, in its dtype. `image_width` is the width of
    /// the image encoder's tokens, which the branches' projections take.
    ///
    /// Branches are those that the config lists, or without a list those that the file holds.
    #[expect(clippy::needless_pass_by_value, reason = "handed over, as everywhere in candle")]
    pub fn new(
        config: &ControlNetConfig,
        image_width: usize,
        vb: VarBuilder<'_>,
    ) -> std::result::Result<Self, EngineError> {
        config.validate()?;
        let has = |branch: Branch| match &config.adorn_branches {
            Some(listed) => listed.contains(&branch),
            None => vb.contains_tensor(branch.projection_weight()),
        };
        let net = &config.net;
        let mut shape = TransformerShape::text_only(net)?;
        (shape.pose, shape.appearance) = (has(Branch::Pose), has(Branch::Appearance));
        let encoder = Encoder::load(net, &shape, &vb)?;
        let zero = |channels, vb: VarBuilder<'_>| {
            Linear::load_pointwise(channels, channels, Some(Init::Const(0.0)), &vb)
        };
        let down = encoder.skip_channels().iter().enumerate();
        let down = down.map(|(i, &channels)| zero(channels, vb.pp(format!("controlnet_down_blocks.{i}"))));
        let project = |name: &str| Linear::load(image_width, shape.context, &vb.pp(name));
        Ok(Self {
            hint: HintEmbedding::load(config, &vb.pp("controlnet_cond_embedding"))?,
            down: down.collect::<Result<_>>()?,
            middle: zero(net.deepest()?.channels, vb.pp("controlnet_mid_block"))?,
            pose_proj: shape.pose.then(|| project("pose_proj")).transpose()?,
            appearance_proj: shape.appearance.then(|| project("appearance_proj")).transpose()?,
            encoder,
            dtype: vb.dtype(),
        })
    }

    /// Whether the branch is there.
    pub fn has(&self, branch: Branch) -> bool {
        match branch {
            Branch::Pose => self.pose_proj.is_some(),
            Branch::Appearance => self.appearance_proj.is_some(),
        }
    }

    /// Eq. 7. T_p = DINOv2(I_p) W_p: `dino` `[b, n, D]` to `[b, n, d]`; none without a pose branch.
    pub fn pose_tokens(&self, dino: &Tensor) -> Result<Option<Tensor>> {
        self.project(self.pose_proj.as_ref(), dino)
    }

    /// Eq. 7. T_a = DINOv2(I_a) W_a: `dino` `[b, n, D]` to `[b, n, d]`; none without an appearance branch.
    pub fn appearance_tokens(&self, dino: &Tensor) -> Result<Option<Tensor>> {
        self.project(self.appearance_proj.as_ref(), dino)
    }

    fn project(&self, layer: Option<&Linear>, dino: &Tensor) -> Result<Option<Tensor>> {
        layer.map(|layer| layer.forward(&dino.to_dtype(self.dtype)?)).transpose()
    }

    /// `hint` `[b, 4, H, W]` at eight times the latents' size, values 0..1.
    pub fn embed_hint(&self, hint: &Tensor) -> Result<HintTokens> {
        self.hint.forward(&to_channels_last(&hint.to_dtype(self.dtype)?)?).map(HintTokens)
    }

    /// Keys and values of one branch's tokens `[b, n, d]` in every block; no block has any where the branch is
    /// not there.
    pub fn keys(&self, source: Source, tokens: &Tensor) -> Result<BranchKeys> {
        self.encoder.keys(source, &tokens.to_dtype(self.dtype)?)
    }

    /// Keys and values for a picture's tokens; those of a branch that is not there are left out.
    pub fn context(&self, tokens: &BranchTokens) -> Result<PreparedContext> {
        let of = |source, there: bool, tokens: &Option<Tensor>| {
            let tokens = tokens.as_ref().filter(|_| there);
            tokens.map(|tokens| self.keys(source, tokens)).transpose()
        };
        Ok(PreparedContext {
            text: self.keys(Source::Text, &tokens.text)?,
            pose: of(Source::Pose, self.has(Branch::Pose), &tokens.pose)?,
            appearance: of(Source::Appearance, self.has(Branch::Appearance), &tokens.appearance)?,
        })
    }

    /// What residual blocks read at the scheduler's `timestep`.
    pub fn time(&self, timestep: f64) -> Result<StepTime> {
        self.encoder.time(timestep)
    }

    /// [`Self::forward_prepared`] at the scheduler's `timestep`: for whoever takes one step alone.
    #[expect(clippy::too_many_arguments, reason = "one denoising step's inputs, each of its own type")]
    pub fn forward(
        &self,
        latents: &Tensor,
        timestep: f64,
        context: &PreparedContext,
        hint: &HintTokens,
        alpha: f64,
        strength: f64,
        control: &Control,
    ) -> std::result::Result<ControlResiduals, EngineError> {
        self.forward_prepared(latents, &self.time(timestep)?, context, hint, alpha, strength, control)
    }

    /// Residuals for `latents` `[b, 4, h, w]` at a time; `time` and the keys in `context` are this network's own.
    ///
    /// `alpha` weighs appearance (Eq. 10 times the designer's strength; 0 skips the branch), `strength`
    /// every residual. Hint and tokens may be of one sample for the whole batch.
    #[expect(clippy::too_many_arguments, reason = "one denoising step's inputs, each of its own type")]
    pub fn forward_prepared(
        &self,
        latents: &Tensor,
        time: &StepTime,
        context: &PreparedContext,
        hint: &HintTokens,
        alpha: f64,
        strength: f64,
        control: &Control,
    ) -> std::result::Result<ControlResiduals, EngineError> {
        let x = to_channels_last(&latents.to_dtype(self.dtype)?)?;
        let context = CrossContext { prepared: context, alpha };
        let descent = self.encoder.forward(&x, Some(&hint.0), &mut time.shifts(), context, control)?;
        let weighed = |(layer, x): (&Linear, &Tensor)| layer.forward(x)? * strength;
        let down = self.down.iter().zip(&descent.skips).map(weighed).collect::<Result<_>>()?;
        Ok(ControlResiduals { down, middle: weighed((&self.middle, &descent.middle))? })
    }
}

/// Eq. 10. The appearance branch's weight at the scheduler's training timestep `t` (0..=999).
///
/// `gamma` 0 is legal: alpha is then 1 at t = 0 only. Anything below counts as 0.
pub fn alpha(t: f64, gamma: f64) -> f64 {
    let gamma = gamma.max(0.0);
    if t <= gamma {
        1.0
    } else if t >= 2.0 * gamma {
        0.0
    } else {
        1.0 - (t - gamma) / gamma
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::attention::std_norm;
    use crate::engine::inventory::Inventory;
    use crate::engine::testing::{Seeded, difference, noise, tiny_unet};
    use crate::engine::unet::UNet;

    fn tiny(branches: &[Branch]) -> ControlNetConfig {
        ControlNetConfig {
            conditioning_channels: 4,
            conditioning_embedding_out_channels: vec![4, 4, 8, 8],
            adorn_branches: Some(branches.to_vec()),
            net: tiny_unet(),
            ..ControlNetConfig::default()
        }
    }

    fn tokens(appearance: bool) -> BranchTokens {
        BranchTokens {
            text: noise(&[2, 7, 12], "text"),
            pose: Some(noise(&[1, 5, 12], "pose")),
            appearance: appearance.then(|| noise(&[1, 5, 12], "appearance")),
        }
    }

    fn run(net: &ControlNet, tokens: &BranchTokens, alpha: f64, strength: f64) -> ControlResiduals {
        let hint = net.embed_hint(&noise(&[1, 4, 64, 80], "hint")).unwrap();
        let (context, latents) = (net.context(tokens).unwrap(), noise(&[2, 4, 8, 10], "latents"));
        net.forward(&latents, 301.0, &context, &hint, alpha, strength, &Control::silent()).unwrap()
    }

    const BOTH: [Branch; 2] = [Branch::Pose, Branch::Appearance];

    #[test]
    fn alpha_follows_equation_10_at_every_timestep() {
        let table = include_str!("../../../tests/fixtures/engine/alpha.json");
        let table: std::collections::BTreeMap<String, Vec<f64>> = serde_json::from_str(table).unwrap();
        assert_eq!(table.len(), 6);
        for (gamma, expected) in table {
            assert_eq!(expected.len(), 1000);
            for (t, expected) in expected.into_iter().enumerate() {
                let ours = alpha(t as f64, gamma.parse().unwrap());
                assert!((ours - expected).abs() < 1e-11, "gamma {gamma}, t {t}: {ours} for {expected}");
            }
        }
    }

    #[test]
    fn alpha_of_gamma_0_is_1_at_the_last_moment_only() {
        assert_eq!((alpha(0.0, 0.0), alpha(1.0, 0.0), alpha(999.0, 0.0)), (1.0, 0.0, 0.0));
        assert_eq!(alpha(1.0, f64::NAN), 0.0);
    }

    #[test]
    fn a_stock_control_net_has_its_known_number_of_parameters() {
        let inventory = Inventory::default();
        let net = ControlNet::new(&ControlNetConfig::default(), 768, inventory.builder(DType::F32)).unwrap();
        assert_eq!(inventory.parameters(), 361_279_120);
        assert_eq!(net.down.len(), 12);
        assert!(!net.has(Branch::Pose) && !net.has(Branch::Appearance));
    }

    #[test]
    fn branches_add_exactly_their_own_tensors() {
        let (stock, ours) = (Inventory::default(), Inventory::default());
        ControlNet::new(&tiny(&[]), 20, stock.builder(DType::F32)).unwrap();
        ControlNet::new(&tiny(&BOTH), 20, ours.builder(DType::F32)).unwrap();
        let stock = stock.entries();
        let added: Vec<String> =
            ours.entries().into_keys().filter(|name| !stock.contains_key(name)).collect();
        // Three transformers with seven tensors a branch, and two projections.
        assert_eq!(added.len(), 2 * (3 * 7 + 2));
        assert!(
            added
                .contains(&"mid_block.attentions.0.transformer_blocks.0.attn2_pose.to_out.0.bias".to_owned())
        );
        assert!(added.iter().all(|name| name.contains("pose") || name.contains("appearance")), "{added:?}");
    }

    #[test]
    fn residuals_fit_the_denoiser_and_zero_convolutions_leave_it_alone() {
        let zeros = Seeded { zeros: true, ..Seeded::default() };
        let control_net = ControlNet::new(&tiny(&BOTH), 20, zeros.builder()).unwrap();
        let denoiser = UNet::new(&tiny_unet(), Seeded::default().builder()).unwrap();
        let (latents, text) = (noise(&[2, 4, 8, 10], "latents"), noise(&[2, 7, 12], "text"));
        let paint = |residuals: Option<&ControlResiduals>| {
            denoiser.forward(&latents, 301.0, &text, residuals, &Control::silent()).unwrap()
        };
        let silent = run(&control_net, &tokens(true), 1.0, 1.0);
        assert_eq!(difference(&paint(None), &paint(Some(&silent))), 0.0);
        let trained = ControlNet::new(&tiny(&BOTH), 20, Seeded::default().builder()).unwrap();
        // Which is why an engine may leave the whole network out at strength 0.
        let muted = run(&trained, &tokens(true), 1.0, 0.0);
        assert_eq!(difference(&paint(None), &paint(Some(&muted))), 0.0);
        let loud = run(&trained, &tokens(true), 1.0, 1.0);
        assert!(difference(&paint(None), &paint(Some(&loud))) > 1e-3);
    }

    #[test]
    fn appearance_is_left_out_without_tokens_or_at_alpha_0() {
        let net = ControlNet::new(&tiny(&BOTH), 20, Seeded::default().builder()).unwrap();
        let absent = run(&net, &tokens(false), 1.0, 1.0).middle;
        // Had the branch been computed and multiplied by 0, these would still be in the sum.
        let nothing = (noise(&[1, 5, 12], "appearance") * f64::NAN).unwrap();
        let poisoned = BranchTokens { appearance: Some(nothing), ..tokens(true) };
        let values = |x: &Tensor| x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(values(&absent), values(&run(&net, &poisoned, 0.0, 1.0).middle));
        assert!(
            run(&net, &poisoned, 0.5, 1.0).middle.sum_all().unwrap().to_scalar::<f32>().unwrap().is_nan()
        );
        assert!(difference(&absent, &run(&net, &tokens(true), 0.5, 1.0).middle) > 1e-4);
    }

    #[test]
    fn strength_scales_every_residual() {
        let net = ControlNet::new(&tiny(&BOTH), 20, Seeded::default().builder()).unwrap();
        let (full, half) = (run(&net, &tokens(true), 1.0, 1.0), run(&net, &tokens(true), 1.0, 0.5));
        for (full, half) in full.down.iter().chain([&full.middle]).zip(half.down.iter().chain([&half.middle]))
        {
            assert!(difference(&(full * 0.5).unwrap(), half) < 1e-6);
        }
    }

    /// `[a, b]` and `[b, a]`, bit for bit; alone, within rounding.
    #[test]
    fn a_sample_s_place_in_the_batch_changes_no_bit_of_its_residuals() {
        let net = ControlNet::new(&tiny(&BOTH), 20, Seeded::default().builder()).unwrap();
        let hint = net.embed_hint(&noise(&[1, 4, 256, 192], "hint")).unwrap();
        let (latents, text) = (noise(&[2, 4, 32, 24], "latents"), noise(&[2, 7, 12], "text"));
        let at = |x: &Tensor, places: &[u32]| {
            x.index_select(&Tensor::new(places, x.device()).unwrap(), 0).unwrap()
        };
        let residuals = |places: &[u32]| {
            let tokens = BranchTokens { text: at(&text, places), ..tokens(true) };
            let (context, latents) = (net.context(&tokens).unwrap(), at(&latents, places));
            net.forward(&latents, 301.0, &context, &hint, 0.7, 1.0, &Control::silent()).unwrap()
        };
        let (straight, swapped, alone) = (residuals(&[0, 1]), residuals(&[1, 0]), residuals(&[1]));
        let all =
            |of: &ControlResiduals| of.down.iter().cloned().chain([of.middle.clone()]).collect::<Vec<_>>();
        for ((a, b), one) in all(&straight).iter().zip(&all(&swapped)).zip(&all(&alone)) {
            assert_eq!(difference(a, &at(b, &[1, 0])), 0.0);
            assert_eq!(difference(&at(a, &[1]), one), 0.0);
        }
    }

    #[test]
    fn std_norm_gives_appearance_the_text_s_deviation_whatever_its_own() {
        let text = noise(&[2, 9, 6], "y_t");
        let deviation = |x: &Tensor, sample: usize| {
            let values = x.get(sample).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f32>();
            (squares / (values.len() - 1) as f32).sqrt()
        };
        for scale in [1e-3, 1.0, 1e4] {
            let normed = std_norm(&(noise(&[2, 9, 6], "y_a") * scale).unwrap(), &text).unwrap();
            for sample in 0..2 {
                let (got, want) = (deviation(&normed, sample), deviation(&text, sample));
                assert!((got - want).abs() < 1e-4 * want, "scale {scale}: {got} for {want}");
            }
        }
        let silent = std_norm(&text.zeros_like().unwrap(), &text).unwrap();
        assert_eq!(difference(&silent, &text.zeros_like().unwrap()), 0.0);
    }

    #[test]
    fn gradients_reach_branches_and_projections() {
        // Three transformers with five tensors a branch's attention; one weight a projection.
        for (part, leaves) in
            [("attn2_pose", 15), ("attn2_appearance", 15), ("pose_proj", 2), ("appearance_proj", 2)]
        {
            let source = Seeded { trained: Some(part), ..Seeded::default() };
            let net = ControlNet::new(&tiny(&BOTH), 20, source.builder()).unwrap();
            let dino = noise(&[1, 5, 20], "dino");
            let tokens = BranchTokens {
                pose: net.pose_tokens(&dino).unwrap(),
                appearance: net.appearance_tokens(&dino).unwrap(),
                ..tokens(true)
            };
            let loss = run(&net, &tokens, 0.7, 1.0).middle.sqr().unwrap().mean_all().unwrap();
            let grads = loss.backward().unwrap();
            let variables = source.variables.lock().unwrap();
            assert_eq!(variables.len(), leaves, "{part}");
            for (name, variable) in variables.iter() {
                let grad = grads.get(variable).unwrap_or_else(|| panic!("no gradient for {name}"));
                let size = grad.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
                assert!(size.is_finite() && size > 0.0, "{name}: {size}");
            }
        }
    }
}

//! The ControlNet: a copy of the denoiser's way down that reads the hint and attends to three branches.
//!
//! Stock text-only ControlNets (diffusers' `ControlNetModel`) load too. What does not change while a picture
//! is painted is computed once, by the caller's choice: tokens, the embedded hint, every block's keys. This
//! module refuses to know the sampler: it is told alpha, and returns residuals.

mod config;
mod hint;

pub use super::attention::BranchTokens;
pub use config::{Branch, ControlNetConfig};

use super::EngineError;
use super::attention::{BranchKeys, CrossContext, TransformerShape};
use super::ops::{Linear, to_channels_last};
use super::progress::Control;
use super::unet::Encoder;
use candle_core::{DType, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use hint::HintEmbedding;

/// What the denoiser adds on its way: one picture a skip, finest first, and one for the middle. `[b, h, w, c]`.
#[derive(Debug, Clone)]
pub struct ControlResiduals {
    pub down: Vec<Tensor>,
    pub middle: Tensor,
}

/// Keys and values of every block's branches, for one picture's tokens.
#[derive(Debug, Clone)]
pub struct BranchContext(Vec<BranchKeys>);

/// A hint ready to join latents, `[b, h, w, c]` at the latents' size.
#[derive(Debug, Clone)]
pub struct HintTokens(Tensor);

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

    /// Keys and values for a picture's tokens; those of a branch that is not there are left out.
    pub fn context(&self, tokens: &BranchTokens) -> Result<BranchContext> {
        let cast = |tokens: &Option<Tensor>| tokens.as_ref().map(|t| t.to_dtype(self.dtype)).transpose();
        let tokens = BranchTokens {
            text: tokens.text.to_dtype(self.dtype)?,
            pose: cast(&tokens.pose)?,
            appearance: cast(&tokens.appearance)?,
        };
        self.encoder.keys(&tokens).map(BranchContext)
    }

    /// Residuals for `latents` `[b, 4, h, w]` at the scheduler's `timestep`.
    ///
    /// `alpha` weighs appearance (Eq. 10 times the designer's strength; 0 skips the branch), `strength`
    /// every residual. Hint and tokens may be of one sample for the whole batch.
    #[expect(clippy::too_many_arguments, reason = "one denoising step's inputs, each of its own type")]
    pub fn forward(
        &self,
        latents: &Tensor,
        timestep: f64,
        context: &BranchContext,
        hint: &HintTokens,
        alpha: f64,
        strength: f64,
        control: &Control,
    ) -> std::result::Result<ControlResiduals, EngineError> {
        let x = to_channels_last(&latents.to_dtype(self.dtype)?)?;
        let context = CrossContext::Branches { keys: &context.0, alpha };
        let descent = self.encoder.forward(&x, Some(&hint.0), timestep, context, control)?;
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

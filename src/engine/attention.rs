//! The transformers that stand between residual blocks, with one or three cross-attention branches.
//!
//! Stable Diffusion's own network attends to text alone. In the ControlNet every block also attends to pose
//! and appearance (METHOD 5, Eq. 8 and 9). Keys and values of tokens do not change while a picture is painted,
//! so networks never see tokens: they are given [`PreparedContext`], made once.

use super::config::ConfigError;
use super::ops::{GroupNorm, LayerNorm, Linear, Mask, attend, geglu, guarded_std};
use super::unet::{Level, UNetConfig};
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

/// diffusers' constants, which no config names.
const LAYER_NORM_EPS: f64 = 1e-5;
const GROUP_NORM_EPS: f64 = 1e-6;

/// Smallest deviation that STD-Norm divides by (METHOD 5).
const STD_GUARD: f64 = 1e-6;

/// What all transformers of a network share.
#[derive(Debug, Clone, Copy)]
pub struct TransformerShape {
    /// Width of the context tokens.
    pub context: usize,
    pub groups: usize,
    /// Ways in and out are linear layers on disk, not 1x1 convolutions.
    pub linear_projection: bool,
    pub pose: bool,
    pub appearance: bool,
}

impl TransformerShape {
    /// A network's transformers, without branches.
    pub fn text_only(config: &UNetConfig) -> std::result::Result<Self, ConfigError> {
        Ok(Self {
            context: config.text_width()?,
            groups: config.norm_num_groups,
            linear_projection: config.use_linear_projection,
            pose: false,
            appearance: false,
        })
    }
}

/// Tokens to attend to, each `[b, n, c]`, or `[1, n, c]` for the whole batch.
#[derive(Debug, Clone)]
pub struct BranchTokens {
    /// T_t.
    pub text: Tensor,
    /// T_p; none leaves the branch out.
    pub pose: Option<Tensor>,
    /// T_a; none leaves the branch out.
    pub appearance: Option<Tensor>,
}

/// What a branch attends to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Text,
    Pose,
    Appearance,
}

/// Keys and values of one attention, `[b, m, c]` each.
#[derive(Debug, Clone)]
pub struct KeyValue {
    key: Tensor,
    value: Tensor,
}

/// One branch's keys and values in every transformer of a network, in the order in which pictures pass them.
#[derive(Debug, Clone)]
pub struct BranchKeys(pub(super) Vec<KeyValue>);

impl BranchKeys {
    /// `first`'s samples, then `last`'s.
    pub fn joined(first: &Self, last: &Self) -> Result<Self> {
        let pairs = first.0.iter().zip(&last.0);
        let joined = pairs.map(|(a, b)| {
            Ok(KeyValue {
                key: Tensor::cat(&[&a.key, &b.key], 0)?,
                value: Tensor::cat(&[&a.value, &b.value], 0)?,
            })
        });
        joined.collect::<Result<_>>().map(Self)
    }

    /// Everything it holds.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        self.0.iter().flat_map(|pair| [&pair.key, &pair.value])
    }

    fn at(&self, place: usize) -> Result<&KeyValue> {
        match self.0.get(place) {
            Some(keys) => Ok(keys),
            None => candle_core::bail!("no prepared keys for transformer {place} of {}", self.0.len()),
        }
    }
}

/// What a network's transformers attend to while a picture is painted; a branch without keys is left out.
#[derive(Debug, Clone)]
pub struct PreparedContext {
    pub text: BranchKeys,
    pub pose: Option<BranchKeys>,
    pub appearance: Option<BranchKeys>,
}

/// A prepared context in one forward pass.
#[derive(Debug, Clone, Copy)]
pub struct CrossContext<'a> {
    pub prepared: &'a PreparedContext,
    /// Weight of the appearance branch (Eq. 10); 0 skips it.
    pub alpha: f64,
}

/// Multi-head attention.
#[derive(Debug, Clone)]
struct Attention {
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
    heads: usize,
}

impl Attention {
    fn load(channels: usize, context: usize, heads: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            to_q: Linear::load_no_bias(channels, channels, &vb.pp("to_q"))?,
            to_k: Linear::load_no_bias(context, channels, &vb.pp("to_k"))?,
            to_v: Linear::load_no_bias(context, channels, &vb.pp("to_v"))?,
            to_out: Linear::load(channels, channels, &vb.pp("to_out.0"))?,
            heads,
        })
    }

    fn keys(&self, tokens: &Tensor) -> Result<KeyValue> {
        Ok(KeyValue { key: self.to_k.forward(tokens)?, value: self.to_v.forward(tokens)? })
    }

    /// `x` `[b, n, c]` to `[b, n, c]`, before its projection out.
    fn attended(&self, x: &Tensor, keys: &KeyValue) -> Result<Tensor> {
        attend(&self.to_q.forward(x)?, &keys.key, &keys.value, self.heads, Mask::All)
    }
}

/// One cross-attention branch: its own norm, queries, keys, values and way out.
#[derive(Debug, Clone)]
struct Branch {
    norm: LayerNorm,
    attention: Attention,
}

impl Branch {
    /// Reads `norm2{suffix}` and `attn2{suffix}`.
    fn load(
        channels: usize,
        context: usize,
        heads: usize,
        suffix: &str,
        vb: &VarBuilder<'_>,
    ) -> Result<Self> {
        Ok(Self {
            norm: LayerNorm::load(channels, LAYER_NORM_EPS, &vb.pp(format!("norm2{suffix}")))?,
            attention: Attention::load(channels, context, heads, &vb.pp(format!("attn2{suffix}")))?,
        })
    }

    /// Eq. 8. Y_b = CA_b(LN_b(X), T_b): `x` `[b, n, c]` to `[b, n, c]`.
    fn forward(&self, x: &Tensor, keys: &KeyValue) -> Result<Tensor> {
        self.attention.to_out.forward(&self.attention.attended(&self.norm.forward(x)?, keys)?)
    }
}

/// STD-Norm: Y'_a = Y_a / std(Y_a) * std(Y_t), per sample. `y` and `like` are `[b, n, c]`.
pub fn std_norm(y: &Tensor, like: &Tensor) -> Result<Tensor> {
    let gain = (guarded_std(like, STD_GUARD)? / guarded_std(y, STD_GUARD)?)?;
    y.to_dtype(gain.dtype())?.broadcast_mul(&gain)?.to_dtype(y.dtype())
}

/// Self-attention, cross-attention and a gated feed-forward layer.
#[derive(Debug, Clone)]
struct TransformerBlock {
    norm1: LayerNorm,
    attn1: Attention,
    text: Branch,
    pose: Option<Branch>,
    appearance: Option<Branch>,
    norm3: LayerNorm,
    ff_in: Linear,
    ff_out: Linear,
}

impl TransformerBlock {
    fn load(channels: usize, heads: usize, shape: &TransformerShape, vb: &VarBuilder<'_>) -> Result<Self> {
        let branch = |suffix: &str| Branch::load(channels, shape.context, heads, suffix, vb);
        Ok(Self {
            norm1: LayerNorm::load(channels, LAYER_NORM_EPS, &vb.pp("norm1"))?,
            attn1: Attention::load(channels, channels, heads, &vb.pp("attn1"))?,
            text: branch("")?,
            pose: shape.pose.then(|| branch("_pose")).transpose()?,
            appearance: shape.appearance.then(|| branch("_appearance")).transpose()?,
            norm3: LayerNorm::load(channels, LAYER_NORM_EPS, &vb.pp("norm3"))?,
            ff_in: Linear::load(channels, channels * 8, &vb.pp("ff.net.0.proj"))?,
            ff_out: Linear::load(channels * 4, channels, &vb.pp("ff.net.2"))?,
        })
    }

    /// Keys and values of `tokens` `[b, n, c]`; none where the branch is not there.
    fn keys(&self, source: Source, tokens: &Tensor) -> Result<Option<KeyValue>> {
        let branch = match source {
            Source::Text => Some(&self.text),
            Source::Pose => self.pose.as_ref(),
            Source::Appearance => self.appearance.as_ref(),
        };
        branch.map(|branch| branch.attention.keys(tokens)).transpose()
    }

    /// `x` `[b, n, c]` to `[b, n, c]`.
    fn forward(&self, x: &Tensor, context: CrossContext<'_>, place: usize) -> Result<Tensor> {
        let normed = self.norm1.forward(x)?;
        let own = self.attn1.attended(&normed, &self.attn1.keys(&normed)?)?;
        let x = self.attn1.to_out.forward_added(&own, x)?;
        let x = self.branches(&x, context, place)?;
        let gated = geglu(&self.ff_in.forward(&self.norm3.forward(&x)?)?)?;
        self.ff_out.forward_added(&gated, &x)
    }

    /// Eq. 9. X + Y_t + Y_p + alpha * Y'_a, all branches seeing the same X.
    fn branches(&self, x: &Tensor, context: CrossContext<'_>, place: usize) -> Result<Tensor> {
        let CrossContext { prepared, alpha } = context;
        let text = self.text.forward(x, prepared.text.at(place)?)?;
        let mut sum = (x + &text)?;
        if let (Some(branch), Some(keys)) = (&self.pose, &prepared.pose) {
            sum = (sum + branch.forward(x, keys.at(place)?)?)?;
        }
        if alpha != 0.0
            && let (Some(branch), Some(keys)) = (&self.appearance, &prepared.appearance)
        {
            sum = (sum + (std_norm(&branch.forward(x, keys.at(place)?)?, &text)? * alpha)?)?;
        }
        Ok(sum)
    }
}

/// A picture's pixels as tokens through one transformer block, added to the picture.
#[derive(Debug, Clone)]
pub struct Transformer {
    norm: GroupNorm,
    proj_in: Linear,
    block: TransformerBlock,
    proj_out: Linear,
    place: usize,
}

impl Transformer {
    /// `place` counts a network's transformers in the order in which pictures pass them.
    pub fn load(level: Level, shape: &TransformerShape, place: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let channels = level.channels;
        let projection = |name: &str| {
            if shape.linear_projection {
                Linear::load(channels, channels, &vb.pp(name))
            } else {
                Linear::load_pointwise(channels, channels, None, &vb.pp(name))
            }
        };
        Ok(Self {
            norm: GroupNorm::load(shape.groups, channels, GROUP_NORM_EPS, &vb.pp("norm"))?,
            proj_in: projection("proj_in")?,
            block: TransformerBlock::load(channels, level.heads, shape, &vb.pp("transformer_blocks.0"))?,
            proj_out: projection("proj_out")?,
            place,
        })
    }

    /// Keys and values of `tokens` `[b, n, c]` in one branch; none where it is not there.
    pub fn keys(&self, source: Source, tokens: &Tensor) -> Result<Option<KeyValue>> {
        self.block.keys(source, tokens)
    }

    /// `x` `[b, h, w, c]`, same shape back.
    pub fn forward(&self, x: &Tensor, context: CrossContext<'_>) -> Result<Tensor> {
        let (b, h, w, c) = x.dims4()?;
        let tokens = self.proj_in.forward(&self.norm.forward(x)?.reshape((b, h * w, c))?)?;
        let tokens = self.block.forward(&tokens, context, self.place)?;
        self.proj_out.forward_added(&tokens.reshape((b, h, w, c))?, x)
    }
}

/// The autoencoder's attention: one head, biases, and its own group norm.
#[derive(Debug, Clone)]
pub struct PixelAttention {
    norm: GroupNorm,
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
}

impl PixelAttention {
    /// Reads today's names (`to_q` ..) or, where those are absent, those of older files (`query` ..).
    pub fn load(channels: usize, groups: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let old = vb.contains_tensor("query.weight") && !vb.contains_tensor("to_q.weight");
        let names =
            if old { ["query", "key", "value", "proj_attn"] } else { ["to_q", "to_k", "to_v", "to_out.0"] };
        let [to_q, to_k, to_v, to_out] = names.map(|name| Linear::load(channels, channels, &vb.pp(name)));
        Ok(Self {
            norm: GroupNorm::load(groups, channels, GROUP_NORM_EPS, &vb.pp("group_norm"))?,
            to_q: to_q?,
            to_k: to_k?,
            to_v: to_v?,
            to_out: to_out?,
        })
    }

    /// `x` `[b, h, w, c]`, same shape back.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (b, h, w, c) = x.dims4()?;
        let normed = self.norm.forward(x)?.reshape((b, h * w, c))?;
        let (q, k, v) =
            (self.to_q.forward(&normed)?, self.to_k.forward(&normed)?, self.to_v.forward(&normed)?);
        let attended = attend(&q, &k, &v, 1, Mask::All)?;
        self.to_out.forward_added(&attended.reshape((b, h, w, c))?, x)
    }
}

//! What stays the same from step to step, made once a picture or found in the caches.
//!
//! A picture starts with the engine's networks. One whose numbers a half type could not hold is replaced by its
//! copy in f32, for the rest of this picture only: what came before never decides a picture's bytes.

use super::cache::{Key, key};
use super::trace::Trace;
use super::wide::usable;
use super::{DiffusionEngine, Dropped};
use crate::engine::control_net::{Branch, BranchKeys, ControlNet, HintTokens, PreparedContext, Source};
use crate::engine::progress::Control;
use crate::engine::unet::UNet;
use crate::engine::{EngineError, Request};
use crate::picture::Planes;
use candle_core::{DType, Tensor};
use std::cell::{OnceCell, RefCell};

/// An encoder's tokens and the key of what they were made from.
pub(super) struct Tokens {
    key: Key,
    tensor: Tensor,
}

/// What the networks of a step are given, before either prepares it for itself.
pub(super) struct Sources<'a> {
    /// T_t `[1, n, d]`.
    prompt: Tokens,
    /// None without guidance.
    negative: Option<Tokens>,
    /// DINOv2's `[1, n, D]`; none where the ControlNet is left out.
    pose: Option<Tokens>,
    /// None without a face that counts.
    face: Option<Tokens>,
    hint: &'a Planes,
}

/// A ControlNet and what it reads at every step.
pub(super) struct ControlSide<'a> {
    pub(super) net: &'a ControlNet,
    /// For the cache of times.
    pub(super) dtype: DType,
    pub(super) hint: HintTokens,
    /// One context for the whole batch, or one for each half.
    pub(super) contexts: Vec<PreparedContext>,
}

/// A denoiser and what it reads at every step.
pub(super) struct UNetSide<'a> {
    pub(super) net: &'a UNet,
    /// For the cache of times.
    pub(super) dtype: DType,
    pub(super) context: PreparedContext,
}

/// What stays the same from step to step.
pub(super) struct Conditions<'a> {
    sources: Sources<'a>,
    /// None where the control strength is 0.
    control: Option<ControlSide<'a>>,
    unet: UNetSide<'a>,
    wide_control: OnceCell<ControlSide<'a>>,
    wide_unet: OnceCell<UNetSide<'a>>,
    notices: RefCell<Vec<String>>,
    pub(super) guidance: f64,
    pub(super) gamma: f64,
    pub(super) appearance_strength: f64,
    pub(super) control_strength: f64,
}

impl<'a> Conditions<'a> {
    /// Latents a step: the unconditional one first under guidance.
    pub(super) fn batch(&self) -> usize {
        if self.sources.negative.is_some() { 2 } else { 1 }
    }

    pub(super) fn control(&self) -> Option<&ControlSide<'a>> {
        self.wide_control.get().or(self.control.as_ref())
    }

    pub(super) fn unet(&self) -> &UNetSide<'a> {
        self.wide_unet.get().unwrap_or(&self.unet)
    }

    /// The ControlNet in f32 from now on, unless it is already.
    pub(super) fn widen_control(&self, engine: &'a DiffusionEngine, part: &str) -> Result<(), EngineError> {
        if self.wide_control.get().is_some() || engine.picked.dtype == DType::F32 {
            return Err(EngineError::NotFinite { part: part.to_owned() });
        }
        let net = engine.wide.control_net(&engine.bundle, &engine.picked.device)?;
        let side = engine.control_side(net, DType::F32, &self.sources)?;
        self.wide_control.get_or_init(|| side);
        self.tell(engine.widened(part));
        Ok(())
    }

    /// The denoiser in f32 from now on, unless it is already.
    pub(super) fn widen_unet(&self, engine: &'a DiffusionEngine, part: &str) -> Result<(), EngineError> {
        if self.wide_unet.get().is_some() || engine.picked.dtype == DType::F32 {
            return Err(EngineError::NotFinite { part: part.to_owned() });
        }
        let net = engine.wide.unet(&engine.adapters, &engine.bundle, &engine.picked.device)?;
        let side = engine.unet_side(net, DType::F32, &self.sources)?;
        self.wide_unet.get_or_init(|| side);
        self.tell(engine.widened(part));
        Ok(())
    }

    /// Something that people should know about this picture; said once.
    pub(super) fn tell(&self, notice: String) {
        let mut notices = self.notices.borrow_mut();
        if !notices.contains(&notice) {
            notices.push(notice);
        }
    }

    pub(super) fn into_notices(self) -> Vec<String> {
        self.notices.into_inner()
    }
}

impl DiffusionEngine {
    pub(super) fn conditions<'a>(
        &'a self,
        request: &Request<'a>,
        trace: &mut Trace,
        control: &Control,
    ) -> Result<Conditions<'a>, EngineError> {
        let (recipe, defaults) = (request.recipe, &self.bundle.manifest.defaults);
        let guidance = recipe.guidance.unwrap_or(defaults.guidance);
        let controlled = recipe.control_strength != 0.0;
        let face = request.appearance_image.filter(|_| controlled && recipe.appearance_strength != 0.0);
        let image = |picture: Option<&Planes>| picture.map(|p| self.image_tokens(p, control)).transpose();
        let sources = Sources {
            prompt: self.text_tokens(request.prompt, control)?,
            negative: if guidance == 1.0 {
                None
            } else {
                Some(self.text_tokens(request.negative_prompt, control)?)
            },
            pose: image(controlled.then_some(request.pose_image))?,
            face: image(face)?,
            hint: request.hint,
        };
        self.keep_sources(request, &sources, trace, control)?;
        let control_side = match controlled {
            true => Some(self.control_side(&self.control_net, self.picked.dtype, &sources)?),
            false => None,
        };
        let conditions = Conditions {
            control: control_side,
            unet: self.unet_side(&self.unet, self.picked.dtype, &sources)?,
            sources,
            wide_control: OnceCell::new(),
            wide_unet: OnceCell::new(),
            notices: RefCell::default(),
            guidance,
            gamma: recipe.gamma.unwrap_or(defaults.gamma),
            appearance_strength: recipe.appearance_strength,
            control_strength: recipe.control_strength,
        };
        self.tell_of_sources(request, &conditions)?;
        Ok(conditions)
    }

    /// Adapters that fit in part, prompts that were cut, and encoders that had to run in f32: tokens from the cache say so too.
    fn tell_of_sources(&self, request: &Request<'_>, conditions: &Conditions<'_>) -> Result<(), EngineError> {
        self.adapters.notices().into_iter().for_each(|notice| conditions.tell(notice));
        for prompt in [request.prompt, request.negative_prompt] {
            if let Some(notice) = self.prompt_notice(prompt)? {
                conditions.tell(notice);
            }
        }
        let Sources { prompt, negative, pose, face, .. } = &conditions.sources;
        let texts = [Some(prompt), negative.as_ref()].map(|tokens| (TEXT, tokens));
        let images = [pose.as_ref(), face.as_ref()].map(|tokens| (IMAGE, tokens));
        for (part, tokens) in texts.into_iter().chain(images) {
            if tokens.is_some_and(|tokens| tokens.tensor.dtype() != self.picked.dtype) {
                conditions.tell(self.widened(part));
            }
        }
        Ok(())
    }

    /// The text encoder's tokens, in f32 where the engine's type could not hold them.
    fn text_tokens(&self, prompt: &str, control: &Control) -> Result<Tokens, EngineError> {
        control.check()?;
        let ids = self.tokenizer.encode(prompt)?.ids;
        let key = key("text", bytemuck::cast_slice(&ids));
        let tensor = self.caches.tokens.get_or(key, || {
            let ids = Tensor::from_slice(&ids, (1, ids.len()), &self.picked.device)?;
            let wide =
                || Ok(self.wide.text(&self.adapters, &self.bundle, &self.picked.device)?.forward(&ids)?);
            Ok(self.rescued(TEXT, usable, || Ok(self.text.forward(&ids)?), wide)?.0)
        })?;
        Ok(Tokens { key, tensor })
    }

    /// DINOv2's tokens of a picture, likewise; the same for both branches.
    fn image_tokens(&self, picture: &Planes, control: &Control) -> Result<Tokens, EngineError> {
        control.check()?;
        let key = key("image", bytemuck::cast_slice(picture.data()));
        let tensor = self.caches.tokens.get_or(key, || {
            let picture = self.tensor(picture)?;
            let wide = || Ok(self.wide.image(&self.bundle, &self.picked.device)?.forward(&picture)?);
            Ok(self.rescued(IMAGE, usable, || Ok(self.image.forward(&picture)?), wide)?.0)
        })?;
        Ok(Tokens { key, tensor })
    }

    /// What `narrow` gives, or where that is not `good`, what `wide` gives in f32; and whether it had to.
    pub(super) fn rescued(
        &self,
        part: &str,
        good: fn(&Tensor) -> candle_core::Result<bool>,
        narrow: impl FnOnce() -> Result<Tensor, EngineError>,
        wide: impl FnOnce() -> Result<Tensor, EngineError>,
    ) -> Result<(Tensor, bool), EngineError> {
        let result = narrow()?;
        if good(&result)? {
            return Ok((result, false));
        }
        let lost = || EngineError::NotFinite { part: part.to_owned() };
        if self.picked.dtype == DType::F32 {
            return Err(lost());
        }
        let result = wide()?;
        if good(&result)? { Ok((result, true)) } else { Err(lost()) }
    }

    /// What people are told about a part that had to run in f32.
    pub(super) fn widened(&self, part: &str) -> String {
        let dtype = self.picked.dtype.as_str();
        format!("{part} gave numbers that {dtype} cannot hold and was run again in f32, which takes longer")
    }

    /// A ControlNet with its hint and keys; `dtype` is the network's.
    pub(super) fn control_side<'a>(
        &'a self,
        net: &'a ControlNet,
        dtype: DType,
        sources: &Sources<'_>,
    ) -> Result<ControlSide<'a>, EngineError> {
        let keys = |source, tokens: &Tokens| {
            self.caches.keys.get_or(key(&format!("control {source:?} {dtype:?}"), &tokens.key), || {
                let projected = match source {
                    Source::Text => None,
                    Source::Pose => net.pose_tokens(&tokens.tensor)?,
                    Source::Appearance => net.appearance_tokens(&tokens.tensor)?,
                };
                Ok(net.keys(source, projected.as_ref().unwrap_or(&tokens.tensor))?)
            })
        };
        let branch = |source, there: bool, tokens: Option<&Tokens>| {
            tokens.filter(|_| there).map(|tokens| keys(source, tokens)).transpose()
        };
        let pose = branch(Source::Pose, net.has(Branch::Pose), sources.pose.as_ref())?;
        let appearance = branch(Source::Appearance, net.has(Branch::Appearance), sources.face.as_ref())?;
        let context = |text: BranchKeys, appearance: Option<&BranchKeys>| PreparedContext {
            text,
            pose: pose.clone(),
            appearance: appearance.cloned(),
        };
        let prompt = keys(Source::Text, &sources.prompt)?;
        let drops = self.bundle.manifest.guidance.drop.contains(&Dropped::Appearance);
        let contexts = match &sources.negative {
            None => vec![context(prompt, appearance.as_ref())],
            Some(negative) => {
                let negative = keys(Source::Text, negative)?;
                if drops && appearance.is_some() {
                    vec![context(negative, None), context(prompt, appearance.as_ref())]
                } else {
                    vec![context(BranchKeys::joined(&negative, &prompt)?, appearance.as_ref())]
                }
            }
        };
        let [_, h, w] = sources.hint.shape();
        let kind = format!("hint {h} x {w} {dtype:?}");
        let hint = self.caches.hints.get_or(key(&kind, bytemuck::cast_slice(sources.hint.data())), || {
            Ok(net.embed_hint(&self.tensor(sources.hint)?)?)
        })?;
        Ok(ControlSide { net, dtype, hint, contexts })
    }

    /// A denoiser with its keys; `dtype` is the network's.
    pub(super) fn unet_side<'a>(
        &'a self,
        net: &'a UNet,
        dtype: DType,
        sources: &Sources<'_>,
    ) -> Result<UNetSide<'a>, EngineError> {
        let keys = |tokens: &Tokens| {
            let key = key(&format!("unet {dtype:?}"), &tokens.key);
            self.caches.keys.get_or(key, || net.keys(&tokens.tensor))
        };
        let prompt = keys(&sources.prompt)?;
        let text = match &sources.negative {
            Some(negative) => BranchKeys::joined(&keys(negative)?, &prompt)?,
            None => prompt,
        };
        Ok(UNetSide { net, dtype, context: PreparedContext { text, pose: None, appearance: None } })
    }

    /// The trace's inputs and tokens (CONTRACTS), some of which only a trace needs.
    fn keep_sources(
        &self,
        request: &Request<'_>,
        sources: &Sources<'_>,
        trace: &mut Trace,
        control: &Control,
    ) -> Result<(), EngineError> {
        if !trace.is_wanted() {
            return Ok(());
        }
        trace.keep("hint", &self.tensor(request.hint)?)?;
        trace.keep("pose_image", &self.tensor(request.pose_image)?)?;
        if let Some(face) = request.appearance_image {
            trace.keep("appearance_image", &self.tensor(face)?)?;
        }
        let negative = self.text_tokens(request.negative_prompt, control)?.tensor.to_dtype(DType::F32)?;
        let prompt = sources.prompt.tensor.to_dtype(DType::F32)?;
        trace.keep("text_tokens", &Tensor::cat(&[negative, prompt], 0)?)?;
        let pose = sources.pose.as_ref().map(|dino| self.control_net.pose_tokens(&dino.tensor));
        let face = sources.face.as_ref().map(|dino| self.control_net.appearance_tokens(&dino.tensor));
        for (name, tokens) in [("pose_tokens", pose), ("appearance_tokens", face)] {
            if let Some(tokens) = tokens.transpose()?.flatten() {
                trace.keep(name, &tokens)?;
            }
        }
        Ok(())
    }
}

/// What parts are called before people.
const TEXT: &str = "the text encoder";
const IMAGE: &str = "the image encoder";

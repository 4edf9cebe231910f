//! Which of a file's names is meant by the name that a network asks for.

use super::ldm_unet::{UNetPlaces, averaged};
use super::ldm_vae::VaePlaces;
use super::{Checkpoint, CheckpointError};

/// Where a single file keeps its denoiser; ControlNets have their own name or none.
const UNET_ROOTS: [&str; 3] = ["model.diffusion_model.", "control_model.", ""];
const VAE_ROOTS: [&str; 2] = ["first_stage_model.", ""];
const TEXT_ROOT: &str = "cond_stage_model.transformer.";
/// What some text encoders' files put before their names, and some not.
const TEXT_PREFIX: &str = "text_model.";

/// diffusers' names of the autoencoder's attention, today's and those of older files.
const OLD_ATTENTION: [(&str, &str); 4] =
    [(".to_q.", ".query."), (".to_k.", ".key."), (".to_v.", ".value."), (".to_out.0.", ".proj_attn.")];

/// How a file's names differ from those that networks ask for.
pub(super) enum Naming {
    Own,
    /// Put before the names, or left out (no dot).
    Prefix(&'static str),
    UNet {
        root: &'static str,
        places: UNetPlaces,
        averages: bool,
    },
    Vae {
        root: &'static str,
        places: VaePlaces,
    },
    /// diffusers' own, the attention's possibly as it once named them.
    DiffusersVae,
    Text,
}

impl Naming {
    /// The names that the file may have for `asked`, likeliest first.
    pub(super) fn stored(&self, asked: &str) -> Vec<String> {
        match self {
            Self::Own => vec![asked.to_owned()],
            Self::Prefix(prefix) => {
                let bare = asked.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
                let other = bare.map_or_else(|| format!("{prefix}.{asked}"), str::to_owned);
                vec![asked.to_owned(), other]
            }
            Self::UNet { root, places, averages } => {
                let stored = places.stored(asked).into_iter();
                stored.map(|name| if *averages { averaged(&name) } else { format!("{root}{name}") }).collect()
            }
            Self::Vae { root, places } => {
                places.stored(asked).into_iter().map(|name| format!("{root}{name}")).collect()
            }
            Self::DiffusersVae => {
                let old = OLD_ATTENTION.iter().find(|(new, _)| asked.contains(new));
                let old = old.map(|(new, old)| asked.replace(new, old));
                std::iter::once(asked.to_owned()).chain(old).collect()
            }
            Self::Text => {
                let bare = asked.strip_prefix(TEXT_PREFIX).unwrap_or(asked);
                vec![format!("{TEXT_ROOT}{TEXT_PREFIX}{bare}"), format!("{TEXT_ROOT}{bare}")]
            }
        }
    }
}

impl Checkpoint {
    /// Whether it holds moving averages of the denoiser beside the last weights.
    pub fn has_averages(&self) -> bool {
        self.names().any(|name| name.starts_with("model_ema.diffusion_model"))
    }

    /// The denoiser or ControlNet in it, asked for by diffusers' names. `averages` takes the moving averages.
    pub fn into_unet(mut self, averages: bool) -> Result<Self, CheckpointError> {
        if self.has("conv_in.weight") && self.has("down_blocks.0.resnets.0.conv1.weight") {
            return Ok(self);
        }
        let root = UNET_ROOTS.into_iter().find(|root| self.has(&format!("{root}input_blocks.0.0.weight")));
        let places = root.and_then(|root| UNetPlaces::of(|name| self.has(&format!("{root}{name}"))));
        let (Some(root), Some(places)) = (root, places) else {
            return Err(self.lacks("denoiser or ControlNet", "choose a Stable Diffusion 1.5 file"));
        };
        if averages && !self.has_averages() {
            return Err(self.lacks("moving averages (EMA)", "leave --ema out"));
        }
        self.naming = Naming::UNet { root, places, averages };
        Ok(self)
    }

    /// The autoencoder in it, asked for by diffusers' names.
    pub fn into_vae(mut self) -> Result<Self, CheckpointError> {
        if self.has("encoder.down_blocks.0.resnets.0.conv1.weight") {
            self.naming = Naming::DiffusersVae;
            return Ok(self);
        }
        let root = VAE_ROOTS.into_iter().find(|root| self.has(&format!("{root}encoder.conv_in.weight")));
        let places = root.and_then(|root| VaePlaces::of(|name| self.has(&format!("{root}{name}"))));
        let (Some(root), Some(places)) = (root, places) else {
            return Err(self.lacks("autoencoder", "give its own file with --vae"));
        };
        self.naming = Naming::Vae { root, places };
        Ok(self)
    }

    /// The text encoder in it, asked for by Hugging Face's names.
    pub fn into_text(mut self) -> Result<Self, CheckpointError> {
        self.naming = Naming::Text;
        if self.has("text_model.embeddings.token_embedding.weight") {
            return Ok(self);
        }
        self.naming = Naming::Prefix("text_model");
        if self.has("text_model.embeddings.token_embedding.weight") {
            return Ok(self);
        }
        Err(self
            .lacks("CLIP text encoder", "choose a whole Stable Diffusion 1.5 file, or a diffusers folder"))
    }

    fn lacks(&self, part: &'static str, advice: &'static str) -> CheckpointError {
        CheckpointError::NoPart { part, advice, path: self.first_path() }
    }
}

#[cfg(test)]
mod tests;

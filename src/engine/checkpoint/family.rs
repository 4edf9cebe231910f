//! Which models are not of the Stable Diffusion 1.5 family: told by their names and shapes, so that people
//! read what they have instead of which tensor was missed first.

use super::{Checkpoint, CheckpointError};
use std::fmt;

/// A model, or a file, of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    Sdxl,
    Sd2,
    Sd3,
    Flux,
    Inpainting,
    InstructPix2Pix,
    Depth,
    /// A denoiser whose input has this many channels.
    Channels(usize),
    Lora,
    Embedding,
}

impl fmt::Display for Foreign {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Sdxl => "a Stable Diffusion XL model",
            Self::Sd2 => "a Stable Diffusion 2 model",
            Self::Sd3 => "a Stable Diffusion 3 model",
            Self::Flux => "a Flux model",
            Self::Inpainting => "an inpainting model (9 input channels)",
            Self::InstructPix2Pix => "an instruction-editing model (8 input channels)",
            Self::Depth => "a depth-guided model (5 input channels)",
            Self::Channels(count) => return write!(formatter, "a denoiser with {count} input channels"),
            Self::Lora => "a LoRA, no whole model",
            Self::Embedding => "a textual inversion, no whole model",
        };
        formatter.write_str(name)
    }
}

/// Single-file names that only one family has.
const MARKS: [(&str, Foreign); 8] = [
    ("conditioner.embedders.", Foreign::Sdxl),
    ("model.diffusion_model.label_emb.", Foreign::Sdxl),
    ("cond_stage_model.model.", Foreign::Sd2),
    ("model.diffusion_model.joint_blocks.", Foreign::Sd3),
    ("model.diffusion_model.double_blocks.", Foreign::Flux),
    ("double_blocks.", Foreign::Flux),
    ("lora_unet_", Foreign::Lora),
    ("emb_params", Foreign::Embedding),
];

impl Foreign {
    /// By the width of the text tokens that cross attention takes.
    pub fn of_text_width(width: usize) -> Option<Self> {
        match width {
            1024 => Some(Self::Sd2),
            1280 | 2048 => Some(Self::Sdxl),
            _ => None,
        }
    }

    /// By the channels into a denoiser that gives back fewer.
    pub fn of_input_channels(count: usize) -> Self {
        match count {
            9 => Self::Inpainting,
            8 => Self::InstructPix2Pix,
            5 => Self::Depth,
            other => Self::Channels(other),
        }
    }
}

impl Checkpoint {
    /// Refuses a file of another family by its names and, asked for as a denoiser, by its shapes.
    pub fn check_family(&self) -> Result<(), CheckpointError> {
        let marked = |(mark, model): &(&str, Foreign)| {
            self.names().any(|name| name.starts_with(mark)).then_some(*model)
        };
        let by_name = MARKS.iter().find_map(marked).or_else(|| {
            let lora = |name: &str| name.contains(".lora_A.") || name.contains(".lora.down.");
            self.names().any(lora).then_some(Foreign::Lora)
        });
        match by_name {
            Some(model) => Err(self.foreign(model)),
            None => Ok(()),
        }
    }

    /// Refuses a denoiser of another family by its shapes.
    pub fn check_denoiser(&self) -> Result<(), CheckpointError> {
        let attention = "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight";
        let width = self.shape(attention).and_then(|shape| shape.get(1).copied());
        if let Some(model) = width.and_then(Foreign::of_text_width) {
            return Err(self.foreign(model));
        }
        let (into, out) = (self.shape("conv_in.weight"), self.shape("conv_out.weight"));
        match (into.and_then(|shape| shape.get(1)), out.and_then(|shape| shape.first())) {
            (Some(into), Some(out)) if into != out => Err(self.foreign(Foreign::of_input_channels(*into))),
            _ => Ok(()),
        }
    }

    fn foreign(&self, model: Foreign) -> CheckpointError {
        CheckpointError::Family { model, path: self.first_path() }
    }
}

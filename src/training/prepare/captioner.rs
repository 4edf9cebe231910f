//! BLIP (Li et al. 2022) from the user's disk: captions for photos without a text.
//!
//! candle's network in the folder that Hugging Face gives it: `config.json`, `model.safetensors`, `tokenizer.json`. Words
//! are chosen one after the other, always the likeliest, as transformers' `generate` does unless told otherwise.
//! Nothing of this is shipped.

use super::PrepareError;
use crate::engine::checkpoint::{Checkpoint, CheckpointError, Weights};
use crate::engine::files::read_text;
use crate::picture::pillow_bicubic;
use crate::project::digest_of_file;
use candle_core::{D, DType, Device, Module, Tensor};
use candle_nn::{Activation, VarBuilder};
use candle_transformers::models::blip::{BlipForConditionalGeneration, Config, VisionConfig};
use candle_transformers::models::blip_text;
use image::RgbImage;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use tokenizers::Tokenizer;

/// Tokens of the longest caption.
const LONGEST: usize = 30;

/// Bytes of `config.json` and of `tokenizer.json`.
const CONFIG_LIMIT: u64 = 1 << 20;
const TOKENIZER_LIMIT: u64 = 64 << 20;

/// What a photo's values, 0..=1, are centred on and divided by: CLIP's.
const MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
const DEVIATION: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// The last layer's weights, which many files leave out because they are also the words' own.
const LAST: &str = "text_decoder.cls.predictions.decoder.weight";
const WORDS: &str = "text_decoder.bert.embeddings.word_embeddings.weight";

/// Why a captioner cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CaptionerError {
    #[error(
        "the captioner's file cannot be used: {reason}; copy BLIP's folder again, with config.json and tokenizer.json ({})",
        path.display()
    )]
    File { reason: String, path: PathBuf },
    #[error(transparent)]
    Weights(#[from] CheckpointError),
    #[error("the captioner does not fit: {what}; use BLIP's captioning model, base or large ({})", path.display())]
    Unfit { what: String, path: PathBuf },
    #[error("the captioner failed: {0}; free some memory and try again")]
    Network(#[from] candle_core::Error),
}

/// `config.json`, as far as it matters. What files leave out is what BLIP has.
#[derive(Debug, Deserialize)]
struct Settings {
    text_config: TextSettings,
    vision_config: VisionSettings,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
struct TextSettings {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    layer_norm_eps: f64,
    /// The token that captions begin with, and the one that ends them.
    bos_token_id: u32,
    sep_token_id: u32,
}

impl Default for TextSettings {
    fn default() -> Self {
        Self {
            vocab_size: 30_524,
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            max_position_embeddings: 512,
            layer_norm_eps: 1e-12,
            bos_token_id: 30_522,
            sep_token_id: 102,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default)]
struct VisionSettings {
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    image_size: usize,
    patch_size: usize,
    layer_norm_eps: f64,
}

impl Default for VisionSettings {
    fn default() -> Self {
        Self {
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            image_size: 384,
            patch_size: 16,
            layer_norm_eps: 1e-5,
        }
    }
}

impl Settings {
    fn read(path: &Path) -> Result<Self, CaptionerError> {
        let wrong = |reason: String| CaptionerError::File { reason, path: path.to_owned() };
        let text = read_text(path, CONFIG_LIMIT).map_err(|error| wrong(error.to_string()))?;
        let settings: Self = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if settings.is_sane() { Ok(settings) } else { Err(wrong("its sizes are no network's".to_owned())) }
    }

    /// Nothing divides by zero, and nothing is made by these numbers alone that fills the memory.
    fn is_sane(&self) -> bool {
        let (text, vision) = (&self.text_config, &self.vision_config);
        let divides = |part: usize, whole: usize| part > 0 && whole > 0 && whole.is_multiple_of(part);
        let begin_and_end = [text.bos_token_id, text.sep_token_id];
        divides(text.num_attention_heads, text.hidden_size)
            && divides(vision.num_attention_heads, vision.hidden_size)
            && divides(vision.patch_size, vision.image_size)
            && vision.image_size <= 1024
            && vision.image_size / vision.patch_size <= 64
            && (LONGEST..=4096).contains(&text.max_position_embeddings)
            && begin_and_end.iter().all(|id| (*id as usize) < text.vocab_size)
    }

    fn config(&self) -> Config {
        let (text, vision) = (&self.text_config, &self.vision_config);
        Config {
            text_config: blip_text::Config {
                vocab_size: text.vocab_size,
                hidden_size: text.hidden_size,
                encoder_hidden_size: vision.hidden_size,
                intermediate_size: text.intermediate_size,
                projection_dim: text.hidden_size,
                num_hidden_layers: text.num_hidden_layers,
                num_attention_heads: text.num_attention_heads,
                max_position_embeddings: text.max_position_embeddings,
                hidden_act: Activation::Gelu,
                layer_norm_eps: text.layer_norm_eps,
                is_decoder: true,
            },
            vision_config: VisionConfig {
                hidden_size: vision.hidden_size,
                intermediate_size: vision.intermediate_size,
                projection_dim: vision.hidden_size,
                num_hidden_layers: vision.num_hidden_layers,
                num_attention_heads: vision.num_attention_heads,
                image_size: vision.image_size,
                patch_size: vision.patch_size,
                hidden_act: Activation::Gelu,
                layer_norm_eps: vision.layer_norm_eps,
            },
            // Of the two projections that captioning has no use for.
            projection_dim: text.hidden_size,
            image_text_hidden_size: text.hidden_size,
        }
    }
}

/// A network from the user's disk.
pub(super) struct Captioner {
    model: BlipForConditionalGeneration,
    tokenizer: Tokenizer,
    /// Of the square that it looks at, pixels.
    side: u32,
    begin: u32,
    end: u32,
    /// Of all its files.
    pub(super) sha256: Vec<String>,
}

impl Captioner {
    pub(super) fn open(folder: &Path) -> Result<Self, PrepareError> {
        let (config, words) = (folder.join("config.json"), folder.join("tokenizer.json"));
        let (settings, tokenizer) = (Settings::read(&config)?, tokenizer(&words)?);
        let checkpoint = Checkpoint::find(folder, "model").map_err(CaptionerError::from)?;
        let weights: Vec<_> = checkpoint.paths().map(Path::to_owned).collect();
        let model = network(checkpoint, &settings.config())
            .map_err(|error| CaptionerError::Unfit { what: error.to_string(), path: folder.to_owned() })?;
        let sha256 = [config, words]
            .into_iter()
            .chain(weights)
            .map(|path| digest_of_file(&path).map_err(|source| PrepareError::Read { path, source }));
        Ok(Self {
            model,
            tokenizer,
            side: settings.vision_config.image_size as u32,
            begin: settings.text_config.bos_token_id,
            end: settings.text_config.sep_token_id,
            sha256: sha256.collect::<Result<_, _>>()?,
        })
    }

    /// What a picture shows, in words; empty if the network has nothing to say.
    pub(super) fn caption(&self, picture: &RgbImage) -> Result<String, CaptionerError> {
        let ids = self.ids(&self.input(picture)?)?;
        let fault = |error: tokenizers::Error| candle_core::Error::Msg(error.to_string());
        Ok(self.tokenizer.decode(&ids, true).map_err(fault)?)
    }

    /// `[1, 3, side, side]`.
    fn input(&self, picture: &RgbImage) -> candle_core::Result<Tensor> {
        let (small, side) = (pillow_bicubic(picture, self.side, self.side), self.side as usize);
        let codes = Tensor::from_slice(small.as_raw(), (side, side, 3), &Device::Cpu)?;
        let [mean, deviation] = [MEAN, DEVIATION].map(|three| Tensor::new(&three, &Device::Cpu));
        let values = (codes.to_dtype(DType::F32)? / 255.0)?;
        let centred = values.broadcast_sub(&mean?)?.broadcast_div(&deviation?)?;
        centred.permute((2, 0, 1))?.unsqueeze(0)?.contiguous()
    }

    /// Tokens between begin and end.
    fn ids(&self, input: &Tensor) -> candle_core::Result<Vec<u32>> {
        // A copy shares the numbers; what it remembers of a caption is its own.
        let mut model = self.model.clone();
        let seen = model.vision_model().forward(input)?;
        let mut ids = vec![self.begin];
        while ids.len() < LONGEST {
            let last = Tensor::new(&ids[ids.len() - 1..], &Device::Cpu)?.unsqueeze(0)?;
            let logits = model.text_decoder().forward(&last, &seen)?;
            let next = logits.argmax(D::Minus1)?.flatten_all()?.to_vec1::<u32>()?;
            match next[..] {
                [next] if next != self.end => ids.push(next),
                _ => break,
            }
        }
        Ok(ids.split_off(1))
    }
}

fn tokenizer(path: &Path) -> Result<Tokenizer, CaptionerError> {
    let wrong = |reason: String| CaptionerError::File { reason, path: path.to_owned() };
    let text = read_text(path, TOKENIZER_LIMIT).map_err(|error| wrong(error.to_string()))?;
    Tokenizer::from_bytes(text).map_err(|error| wrong(error.to_string()))
}

fn network(checkpoint: Checkpoint, config: &Config) -> candle_core::Result<BlipForConditionalGeneration> {
    let is_tied = !checkpoint.has(LAST);
    let weights: VarBuilder<'_> = Weights::builder(checkpoint, DType::F32, &Device::Cpu);
    let own = move |name: &str| if is_tied && name == LAST { WORDS.to_owned() } else { name.to_owned() };
    BlipForConditionalGeneration::new(config, weights.rename_f(own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vision/tiny_blip");

    fn apart(one: &Tensor, other: &Tensor) -> f32 {
        (one - other).unwrap().abs().unwrap().max_all().unwrap().to_scalar().unwrap()
    }

    #[test]
    fn a_narrow_blip_says_what_transformers_says() {
        let expected =
            candle_core::safetensors::load(format!("{TINY}/expected.safetensors"), &Device::Cpu).unwrap();
        let picture = &expected["picture"];
        let (height, width, _) = picture.dims3().unwrap();
        let codes: Vec<f32> = picture.flatten_all().unwrap().to_vec1().unwrap();
        let codes = codes.into_iter().map(|code| code as u8).collect();
        let picture = RgbImage::from_raw(width as u32, height as u32, codes).unwrap();
        let mut captioner = Captioner::open(Path::new(TINY)).unwrap();

        let input = captioner.input(&picture).unwrap();
        assert!(apart(&input, &expected["pixels"]) < 0.016, "a code at most");
        let pixels = &expected["pixels"];
        let theirs: Vec<u32> = expected["ids"].to_vec1().unwrap();
        let ours = captioner.ids(pixels).unwrap();
        // They stop sooner.
        assert_eq!(ours[..theirs.len() - 1], theirs[1..]);
        assert!(captioner.caption(&picture).unwrap().starts_with("n n nmbbbbbnbbb n nb nbb"));

        let mut model = captioner.model.clone();
        let seen = model.vision_model().forward(pixels).unwrap();
        let asked = Tensor::new(&theirs[..theirs.len() - 1], &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let logits = model.text_decoder().forward(&asked, &seen).unwrap().squeeze(0).unwrap();
        let apart = apart(&logits, &expected["logits"]);
        assert!(apart < 1e-4, "{apart}");

        captioner.end = ours[3];
        assert_eq!(captioner.ids(pixels).unwrap(), ours[..3]);
    }

    #[test]
    fn folders_that_hold_no_captioner_are_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let reason = || Captioner::open(folder.path()).err().unwrap().to_string();
        assert!(reason().contains("config.json"), "{}", reason());
        for name in ["config.json", "tokenizer.json"] {
            fs::copy(format!("{TINY}/{name}"), folder.path().join(name)).unwrap();
        }
        assert!(reason().contains("safetensors"), "{}", reason());
        fs::copy(format!("{TINY}/expected.safetensors"), folder.path().join("model.safetensors")).unwrap();
        assert!(reason().contains("does not fit"), "{}", reason());
        let config = fs::read_to_string(folder.path().join("config.json")).unwrap();
        let broken = config.replace("\"patch_size\": 8", "\"patch_size\": 0");
        assert_ne!(broken, config);
        fs::write(folder.path().join("config.json"), broken).unwrap();
        assert!(reason().contains("no network's"), "{}", reason());
        fs::write(folder.path().join("config.json"), "{").unwrap();
        assert!(reason().contains("EOF"), "{}", reason());
    }
}

//! The prompt's encoder: CLIP's text transformer (Hugging Face `CLIPTextModel`).
//!
//! It takes token ids and knows no words; the tokenizer stands elsewhere.

use super::EngineError;
use super::config::{CHANNELS, ConfigError, DEPTH, Usual, divides, in_range, small_positive, usual};
use super::ops::{Activation, Embedding, LayerNorm, Linear, Mask, attend};
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Every tensor's name starts so here. Some files leave it out; whoever opens such a file adds it.
pub const PREFIX: &str = "text_model";

/// `CLIPTextConfig`; what is not named here is ignored.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct TextConfig {
    pub vocab_size: usize,
    /// Width of the tokens.
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    /// Longest prompt in tokens.
    pub max_position_embeddings: usize,
    /// `quick_gelu` or `gelu`.
    pub hidden_act: String,
    pub layer_norm_eps: f64,
    /// Everything else in the file.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Default for TextConfig {
    /// ViT-L/14's text half, as in Stable Diffusion 1.5.
    fn default() -> Self {
        Self {
            vocab_size: 49_408,
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            max_position_embeddings: 77,
            hidden_act: "quick_gelu".to_owned(),
            layer_norm_eps: 1e-5,
            other: Map::new(),
        }
    }
}

impl TextConfig {
    /// Checks everything that the network is sized by.
    pub fn validate(&self) -> std::result::Result<(), ConfigError> {
        in_range("vocab_size", self.vocab_size, 1..=1_000_000)?;
        in_range("hidden_size", self.hidden_size, CHANNELS)?;
        in_range("intermediate_size", self.intermediate_size, 1..=65_536)?;
        in_range("num_hidden_layers", self.num_hidden_layers, DEPTH)?;
        in_range("max_position_embeddings", self.max_position_embeddings, 1..=4096)?;
        divides("num_attention_heads", self.num_attention_heads, "hidden_size", self.hidden_size)?;
        small_positive("layer_norm_eps", self.layer_norm_eps)?;
        // A whole CLIP's settings stand one level deeper; and padding is never hidden from the words.
        usual(&self.other, &[("text_config", Usual::Unset), ("use_attention_mask", Usual::Flag(false))])?;
        self.activation().map(|_| ())
    }

    fn activation(&self) -> std::result::Result<Activation, ConfigError> {
        match self.hidden_act.as_str() {
            "quick_gelu" => Ok(Activation::QuickGelu),
            "gelu" => Ok(Activation::Gelu),
            other => Err(ConfigError::Unsupported { what: "hidden_act", value: format!("{other:?}") }),
        }
    }
}

#[derive(Debug, Clone)]
struct Layer {
    norm1: LayerNorm,
    /// Queries, keys, values, way out.
    attention: [Linear; 4],
    norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
}

impl Layer {
    fn load(config: &TextConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let (width, eps) = (config.hidden_size, config.layer_norm_eps);
        let part = |name: &str| Linear::load(width, width, &vb.pp("self_attn").pp(name));
        Ok(Self {
            norm1: LayerNorm::load(width, eps, &vb.pp("layer_norm1"))?,
            attention: [part("q_proj")?, part("k_proj")?, part("v_proj")?, part("out_proj")?],
            norm2: LayerNorm::load(width, eps, &vb.pp("layer_norm2"))?,
            fc1: Linear::load(width, config.intermediate_size, &vb.pp("mlp.fc1"))?,
            fc2: Linear::load(config.intermediate_size, width, &vb.pp("mlp.fc2"))?,
        })
    }

    fn forward(&self, x: &Tensor, heads: usize, activation: Activation) -> Result<Tensor> {
        let [q, k, v, out] = &self.attention;
        let normed = self.norm1.forward(x)?;
        let (q, k, v) = (q.forward(&normed)?, k.forward(&normed)?, v.forward(&normed)?);
        let x = out.forward_added(&attend(&q, &k, &v, heads, Mask::Causal)?, x)?;
        let hidden = self.fc1.forward_activated(&self.norm2.forward(&x)?, activation)?;
        self.fc2.forward_added(&hidden, &x)
    }
}

/// Turns token ids into T_t.
#[derive(Debug, Clone)]
pub struct TextEncoder {
    tokens: Embedding,
    positions: Embedding,
    layers: Vec<Layer>,
    final_norm: LayerNorm,
    heads: usize,
    activation: Activation,
}

impl TextEncoder {
    /// Reads the weights from a builder rooted at the component, names starting with [`PREFIX`].
    #[expect(clippy::needless_pass_by_value, reason = "handed over, as everywhere in candle")]
    pub fn new(config: &TextConfig, vb: VarBuilder<'_>) -> std::result::Result<Self, EngineError> {
        config.validate()?;
        let (vb, width) = (vb.pp(PREFIX), config.hidden_size);
        let embeddings = vb.pp("embeddings");
        let layer = |i| Layer::load(config, &vb.pp(format!("encoder.layers.{i}")));
        Ok(Self {
            tokens: Embedding::load(config.vocab_size, width, &embeddings.pp("token_embedding"))?,
            positions: Embedding::load(
                config.max_position_embeddings,
                width,
                &embeddings.pp("position_embedding"),
            )?,
            layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_>>()?,
            final_norm: LayerNorm::load(width, config.layer_norm_eps, &vb.pp("final_layer_norm"))?,
            heads: config.num_attention_heads,
            activation: config.activation()?,
        })
    }

    /// T_t, the last hidden state after the final layer norm: `ids` `[b, n]` u32 to `[b, n, d]` in the
    /// weights' dtype. More tokens than positions, or an id outside the vocabulary, is an error.
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        let (_, n) = ids.dims2()?;
        let mut x = self.tokens.forward(ids)?.broadcast_add(&self.positions.first(n)?)?;
        for layer in &self.layers {
            x = layer.forward(&x, self.heads, self.activation)?;
        }
        self.final_norm.forward(&x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::inventory::Inventory;
    use crate::engine::testing::{Seeded, difference};
    use candle_core::{DType, Device};

    fn tiny() -> TextConfig {
        let json = r#"{"vocab_size": 50, "hidden_size": 12, "intermediate_size": 24, "num_hidden_layers": 2,
            "num_attention_heads": 3, "max_position_embeddings": 9, "torch_dtype": "float32"}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn clip_s_text_half_has_its_known_number_of_parameters() {
        let inventory = Inventory::default();
        TextEncoder::new(&TextConfig::default(), inventory.builder(DType::F32)).unwrap();
        assert_eq!(inventory.parameters(), 123_060_480);
        assert!(inventory.entries().contains_key("text_model.encoder.layers.11.self_attn.out_proj.bias"));
    }

    #[test]
    fn later_words_do_not_change_earlier_tokens() {
        let net = TextEncoder::new(&tiny(), Seeded::default().builder()).unwrap();
        let encode =
            |last: u32| net.forward(&Tensor::new(&[[3u32, 7, 1, last]], &Device::Cpu).unwrap()).unwrap();
        let (a, b) = (encode(4), encode(40));
        assert_eq!(a.dims(), [1, 4, 12]);
        assert!(difference(&a.narrow(1, 0, 3).unwrap(), &b.narrow(1, 0, 3).unwrap()) < 1e-6);
        assert!(difference(&a, &b) > 1e-3);
    }

    #[test]
    fn too_long_prompts_and_unknown_tokens_are_errors() {
        let net = TextEncoder::new(&tiny(), Seeded::default().builder()).unwrap();
        assert!(net.forward(&Tensor::zeros((1, 10), DType::U32, &Device::Cpu).unwrap()).is_err());
        assert!(net.forward(&Tensor::new(&[[50u32]], &Device::Cpu).unwrap()).is_err());
    }

    #[test]
    fn hostile_configs_are_refused() {
        assert!(TextConfig { num_attention_heads: 0, ..tiny() }.validate().is_err());
        assert!(TextConfig { num_attention_heads: 5, ..tiny() }.validate().is_err());
        assert!(TextConfig { hidden_size: 1 << 40, ..tiny() }.validate().is_err());
        assert!(TextConfig { layer_norm_eps: f64::NAN, ..tiny() }.validate().is_err());
        let whole: TextConfig = serde_json::from_str(r#"{"text_config": {"hidden_size": 12}}"#).unwrap();
        assert!(whole.validate().unwrap_err().to_string().contains("text_config"));
        assert!(TextConfig { hidden_act: "relu".to_owned(), ..tiny() }.validate().is_err());
    }
}

//! The image encoder behind pose and appearance tokens: DINOv2 (Hugging Face `Dinov2Model`, no registers).

use super::EngineError;
use super::config::{CHANNELS, ConfigError, DEPTH, Usual, divides, in_range, only, small_positive, usual};
use super::ops::{Activation, LayerNorm, Linear, Mask, attend, bicubic_resize};
use candle_core::{D, DType, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Some files put this before every name; whoever opens such a file takes it off.
pub const PREFIX: &str = "dinov2";

/// Side of the pictures that the method encodes, in pixels.
pub const SIDE: usize = 224;

/// ImageNet's mean and deviation of red, green, blue: what DINOv2 was trained on.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// `Dinov2Config`; what is not named here is ignored.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct ImageEncoderConfig {
    /// Width of the tokens.
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    /// Width of the feed-forward layers over that of the tokens.
    pub mlp_ratio: f64,
    pub hidden_act: String,
    pub layer_norm_eps: f64,
    /// Side of the training pictures in pixels, which the position embeddings cover.
    pub image_size: usize,
    /// Side of a patch in pixels.
    pub patch_size: usize,
    pub num_channels: usize,
    pub qkv_bias: bool,
    /// The giant's gated feed-forward layers.
    pub use_swiglu_ffn: bool,
    /// Everything else in the file.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Default for ImageEncoderConfig {
    /// What `Dinov2Config` assumes for a missing entry.
    fn default() -> Self {
        Self {
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            mlp_ratio: 4.0,
            hidden_act: "gelu".to_owned(),
            layer_norm_eps: 1e-6,
            image_size: 224,
            patch_size: 14,
            num_channels: 3,
            qkv_bias: true,
            use_swiglu_ffn: false,
            other: Map::new(),
        }
    }
}

impl ImageEncoderConfig {
    /// Checks everything that the network is sized by.
    pub fn validate(&self) -> std::result::Result<(), ConfigError> {
        in_range("hidden_size", self.hidden_size, CHANNELS)?;
        in_range("num_hidden_layers", self.num_hidden_layers, DEPTH)?;
        divides("num_attention_heads", self.num_attention_heads, "hidden_size", self.hidden_size)?;
        small_positive("layer_norm_eps", self.layer_norm_eps)?;
        in_range("image_size", self.image_size, 1..=4096)?;
        in_range("patch_size", self.patch_size, 1..=self.image_size)?;
        divides("patch_size", self.patch_size, "the method's picture side", SIDE)?;
        usual(&self.other, &[("num_register_tokens", Usual::Number(0.0))])?;
        only("num_channels", &self.num_channels, &3)?;
        only("hidden_act", &self.hidden_act.as_str(), &"gelu")?;
        if !(self.mlp_ratio > 0.0 && self.mlp_ratio <= 64.0) {
            return Err(ConfigError::Number { what: "mlp_ratio" });
        }
        in_range("mlp_ratio times hidden_size", self.feed_forward_width(), 1..=262_144)
    }

    fn feed_forward_width(&self) -> usize {
        (self.hidden_size as f64 * self.mlp_ratio) as usize
    }
}

/// The two kinds of feed-forward layer.
#[derive(Debug, Clone)]
enum FeedForward {
    Plain { fc1: Linear, fc2: Linear },
    SwiGlu { weights_in: Linear, weights_out: Linear },
}

impl FeedForward {
    fn load(config: &ImageEncoderConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let (width, inner) = (config.hidden_size, config.feed_forward_width());
        if config.use_swiglu_ffn {
            // Two thirds of the width, to a multiple of 8, as in the original.
            let inner = (inner * 2 / 3).div_ceil(8) * 8;
            return Ok(Self::SwiGlu {
                weights_in: Linear::load(width, inner * 2, &vb.pp("weights_in"))?,
                weights_out: Linear::load(inner, width, &vb.pp("weights_out"))?,
            });
        }
        Ok(Self::Plain {
            fc1: Linear::load(width, inner, &vb.pp("fc1"))?,
            fc2: Linear::load(inner, width, &vb.pp("fc2"))?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Plain { fc1, fc2 } => fc2.forward(&fc1.forward_activated(x, Activation::Gelu)?),
            Self::SwiGlu { weights_in, weights_out } => {
                let both = weights_in.forward(x)?;
                let inner = both.dim(D::Minus1)? / 2;
                let gate = both.narrow(D::Minus1, 0, inner)?.contiguous()?.silu()?;
                weights_out.forward(&(gate * both.narrow(D::Minus1, inner, inner)?)?)
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Layer {
    norm1: LayerNorm,
    /// Queries, keys, values, way out.
    attention: [Linear; 4],
    scale1: Tensor,
    norm2: LayerNorm,
    feed_forward: FeedForward,
    scale2: Tensor,
}

impl Layer {
    fn load(config: &ImageEncoderConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let (width, eps) = (config.hidden_size, config.layer_norm_eps);
        let inward = |name: &str| {
            let vb = vb.pp("attention.attention").pp(name);
            if config.qkv_bias {
                Linear::load(width, width, &vb)
            } else {
                Linear::load_no_bias(width, width, &vb)
            }
        };
        let out = Linear::load(width, width, &vb.pp("attention.output.dense"))?;
        let scale = |name: &str| vb.pp(name).get_with_hints(width, "lambda1", Init::Const(1.0));
        Ok(Self {
            norm1: LayerNorm::load(width, eps, &vb.pp("norm1"))?,
            attention: [inward("query")?, inward("key")?, inward("value")?, out],
            scale1: scale("layer_scale1")?,
            norm2: LayerNorm::load(width, eps, &vb.pp("norm2"))?,
            feed_forward: FeedForward::load(config, &vb.pp("mlp"))?,
            scale2: scale("layer_scale2")?,
        })
    }

    fn forward(&self, x: &Tensor, heads: usize) -> Result<Tensor> {
        let [q, k, v, out] = &self.attention;
        let normed = self.norm1.forward(x)?;
        let (q, k, v) = (q.forward(&normed)?, k.forward(&normed)?, v.forward(&normed)?);
        let attended = out.forward(&attend(&q, &k, &v, heads, Mask::All)?)?;
        let x = (x + attended.broadcast_mul(&self.scale1)?)?;
        &x + self.feed_forward.forward(&self.norm2.forward(&x)?)?.broadcast_mul(&self.scale2)?
    }
}

/// Turns a picture into a class token and one token a patch.
#[derive(Debug, Clone)]
pub struct ImageEncoder {
    /// `[width, 3, patch, patch]`.
    patch_weight: Tensor,
    patch_bias: Tensor,
    cls_token: Tensor,
    /// `[1, 1 + patches, width]`, of the training grid.
    positions: Tensor,
    layers: Vec<Layer>,
    norm: LayerNorm,
    heads: usize,
    patch: usize,
}

impl ImageEncoder {
    /// Reads the weights from a builder rooted at the component, names without [`PREFIX`].
    #[expect(clippy::needless_pass_by_value, reason = "handed over, as everywhere in candle")]
    pub fn new(config: &ImageEncoderConfig, vb: VarBuilder<'_>) -> std::result::Result<Self, EngineError> {
        config.validate()?;
        let (width, patch, embeddings) = (config.hidden_size, config.patch_size, vb.pp("embeddings"));
        let grid = config.image_size / patch;
        let small = Init::Randn { mean: 0.0, stdev: 0.02 };
        let projection = embeddings.pp("patch_embeddings.projection");
        let layer = |i| Layer::load(config, &vb.pp(format!("encoder.layer.{i}")));
        let positions = (1, 1 + grid * grid, width);
        Ok(Self {
            patch_weight: projection.get_with_hints((width, 3, patch, patch), "weight", small)?,
            patch_bias: projection.get_with_hints(width, "bias", Init::Const(0.0))?,
            cls_token: embeddings.get_with_hints((1, 1, width), "cls_token", small)?,
            positions: embeddings.get_with_hints(positions, "position_embeddings", small)?,
            layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_>>()?,
            norm: LayerNorm::load(width, config.layer_norm_eps, &vb.pp("layernorm"))?,
            heads: config.num_attention_heads,
            patch,
        })
    }

    /// Tokens after the final layer norm, class token first: `pixels` `[b, 3, H, W]` in 0..1 (224x224 in the
    /// method; sides that patches divide) to `[b, 1 + patches, D]` in the weights' dtype.
    pub fn forward(&self, pixels: &Tensor) -> Result<Tensor> {
        let (patches, rows, columns) = self.patches(&normalised(pixels)?)?;
        let (b, _, width) = patches.dims3()?;
        let cls = self.cls_token.broadcast_as((b, 1, width))?;
        let tokens = Tensor::cat(&[&cls.contiguous()?, &patches], 1)?;
        let mut x = tokens.broadcast_add(&self.positions_for(rows, columns)?)?;
        for layer in &self.layers {
            x = layer.forward(&x, self.heads)?;
        }
        self.norm.forward(&x)
    }

    /// Patch embeddings `[b, rows * columns, D]`, with rows and columns. `pixels` `[b, 3, H, W]` f32.
    fn patches(&self, pixels: &Tensor) -> Result<(Tensor, usize, usize)> {
        let ((b, channels, h, w), side) = (pixels.dims4()?, self.patch);
        let (rows, columns) = (h / side, w / side);
        // A convolution whose stride is its size is a product over each patch's own pixels.
        let x = pixels.reshape((b * channels, rows, side, columns, side))?.transpose(2, 3)?;
        let x = x.reshape((b, channels, rows * columns, side * side))?.transpose(1, 2)?;
        let x = x.reshape((b * rows * columns, channels * side * side))?;
        let width = self.patch_bias.dim(0)?;
        let weight = self.patch_weight.reshape((width, channels * side * side))?;
        let embedded = x.to_dtype(weight.dtype())?.matmul(&weight.t()?)?.broadcast_add(&self.patch_bias)?;
        Ok((embedded.reshape((b, rows * columns, width))?, rows, columns))
    }

    /// Position embeddings of a grid, `[1, 1 + rows * columns, D]`; the stored grid's when it is the same.
    fn positions_for(&self, rows: usize, columns: usize) -> Result<Tensor> {
        let (_, stored, width) = self.positions.dims3()?;
        let grid = (stored - 1).isqrt();
        if (grid, grid) == (rows, columns) {
            return Ok(self.positions.clone());
        }
        let patches = self.positions.narrow(1, 1, stored - 1)?.reshape((grid, grid, width))?;
        let resized = bicubic_resize(&patches.to_dtype(DType::F32)?, rows, columns)?;
        let resized = resized.reshape((1, rows * columns, width))?.to_dtype(self.positions.dtype())?;
        Tensor::cat(&[&self.positions.narrow(1, 0, 1)?.contiguous()?, &resized], 1)
    }
}

/// 0..1 to DINOv2's range. `[b, 3, H, W]`, in f32.
fn normalised(pixels: &Tensor) -> Result<Tensor> {
    let device = pixels.device();
    let mean = Tensor::new(&MEAN, device)?.reshape((1, 3, 1, 1))?;
    let deviation = Tensor::new(&DEVIATION, device)?.reshape((1, 3, 1, 1))?;
    pixels.to_dtype(DType::F32)?.broadcast_sub(&mean)?.broadcast_div(&deviation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::inventory::Inventory;
    use crate::engine::testing::{Seeded, noise};

    fn tiny() -> ImageEncoderConfig {
        let json = r#"{"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 70,
            "patch_size": 14, "layerscale_value": 1.0, "drop_path_rate": 0.0}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_picture_gives_a_class_token_and_one_a_patch_at_any_stored_grid() {
        for image_size in [70, 224, 518] {
            let config = ImageEncoderConfig { image_size, ..tiny() };
            let net = ImageEncoder::new(&config, Seeded::default().builder()).unwrap();
            let tokens = net.forward(&noise(&[1, 3, 224, 224], "pixels")).unwrap();
            assert_eq!(tokens.dims(), [1, 257, 8]);
        }
    }

    #[test]
    fn the_giant_s_gated_layers_have_its_known_width() {
        let giant = ImageEncoderConfig {
            hidden_size: 1536,
            num_hidden_layers: 1,
            num_attention_heads: 24,
            use_swiglu_ffn: true,
            ..tiny()
        };
        let inventory = Inventory::default();
        ImageEncoder::new(&giant, inventory.builder(DType::F32)).unwrap();
        let entries = inventory.entries();
        assert_eq!(entries["encoder.layer.0.mlp.weights_in.weight"].shape, [8192, 1536]);
        assert_eq!(entries["encoder.layer.0.mlp.weights_out.weight"].shape, [1536, 4096]);
    }

    #[test]
    fn normalisation_is_imagenet_s() {
        let grey = Tensor::full(0.5f32, (1, 3, 1, 1), &candle_core::Device::Cpu).unwrap();
        let values = normalised(&grey).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (value, expected) in values.iter().zip([0.015 / 0.229, 0.044 / 0.224, 0.094 / 0.225]) {
            assert!((value - expected).abs() < 1e-6, "{values:?}");
        }
    }

    #[test]
    fn hostile_configs_are_refused() {
        assert!(ImageEncoderConfig { num_attention_heads: 0, ..tiny() }.validate().is_err());
        assert!(ImageEncoderConfig { patch_size: 0, ..tiny() }.validate().is_err());
        assert!(ImageEncoderConfig { patch_size: 15, ..tiny() }.validate().is_err());
        assert!(ImageEncoderConfig { mlp_ratio: f64::INFINITY, ..tiny() }.validate().is_err());
        let registers: ImageEncoderConfig = serde_json::from_str(r#"{"num_register_tokens": 4}"#).unwrap();
        assert!(registers.validate().unwrap_err().to_string().contains("num_register_tokens"));
        assert!(ImageEncoderConfig { image_size: usize::MAX, ..tiny() }.validate().is_err());
    }
}

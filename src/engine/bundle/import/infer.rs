//! Settings of a network, read off its tensors' shapes. What shapes do not tell (heads, norm groups, the
//! latents' scale) is Stable Diffusion 1.5's.

use super::super::random::joined;
use crate::engine::bundle::Component;
use crate::engine::checkpoint::Checkpoint;
use serde_json::{Value, json};

/// The most of anything that is counted here (`engine::config`).
const MOST: usize = 128;
/// Channels of one head of CLIP's and DINOv2's encoders.
const HEAD: usize = 64;

/// `config.json` of a network whose weights answer to diffusers' or Hugging Face's names.
pub(super) fn config(component: Component, weights: &Checkpoint) -> Value {
    match component {
        Component::Text => text(weights),
        Component::Image => image(weights),
        Component::UNet => joined(net(weights), unet(weights)),
        Component::ControlNet => joined(net(weights), control_net(weights)),
        Component::Vae => vae(weights),
    }
}

/// A tensor's length along an axis, 0 where there is none; the network's own check then says what is missing.
fn side(weights: &Checkpoint, name: &str, axis: usize) -> usize {
    weights.shape(name).and_then(|shape| shape.get(axis).copied()).unwrap_or(0)
}

/// How many of `name(0)`, `name(1)` .. are there in a row.
fn count(weights: &Checkpoint, name: impl Fn(usize) -> String) -> usize {
    (0..MOST).take_while(|&i| weights.has(&name(i))).count()
}

fn levels(weights: &Checkpoint, half: &str) -> Vec<usize> {
    let conv = |i: usize| format!("{half}.{i}.resnets.0.conv1.weight");
    (0..count(weights, conv)).map(|i| side(weights, &conv(i), 0)).collect()
}

fn kinds(weights: &Checkpoint, half: &str, cross: &str, plain: &str) -> Vec<String> {
    let attends = |i: usize| weights.has(&format!("{half}.{i}.attentions.0.norm.weight"));
    let kind = |i: usize| if attends(i) { cross.to_owned() } else { plain.to_owned() };
    (0..levels(weights, half).len()).map(kind).collect()
}

/// What a denoiser and its ControlNet have in common.
fn net(weights: &Checkpoint) -> Value {
    let attention = "mid_block.attentions.0";
    let linear = weights.shape(&format!("{attention}.proj_in.weight")).is_some_and(|shape| shape.len() == 2);
    json!({
        "in_channels": side(weights, "conv_in.weight", 1),
        "block_out_channels": levels(weights, "down_blocks"),
        "down_block_types": kinds(weights, "down_blocks", "CrossAttnDownBlock2D", "DownBlock2D"),
        "layers_per_block": count(weights, |j| format!("down_blocks.0.resnets.{j}.conv1.weight")),
        "cross_attention_dim":
            side(weights, &format!("{attention}.transformer_blocks.0.attn2.to_k.weight"), 1),
        "use_linear_projection": linear, "attention_head_dim": 8, "norm_num_groups": 32, "norm_eps": 1e-5,
    })
}

fn unet(weights: &Checkpoint) -> Value {
    json!({
        "_class_name": "UNet2DConditionModel", "mid_block_type": "UNetMidBlock2DCrossAttn",
        "out_channels": side(weights, "conv_out.weight", 0),
        "up_block_types": kinds(weights, "up_blocks", "CrossAttnUpBlock2D", "UpBlock2D"),
    })
}

fn control_net(weights: &Checkpoint) -> Value {
    let embedding = "controlnet_cond_embedding";
    let first = side(weights, &format!("{embedding}.conv_in.weight"), 0);
    // Every second convolution leads to the next level.
    let steps = count(weights, |i| format!("{embedding}.blocks.{}.weight", 2 * i + 1));
    let width = |i: usize| side(weights, &format!("{embedding}.blocks.{}.weight", 2 * i + 1), 0);
    let widths: Vec<usize> = std::iter::once(first).chain((0..steps).map(width)).collect();
    json!({
        "_class_name": "ControlNetModel",
        "conditioning_channels": side(weights, &format!("{embedding}.conv_in.weight"), 1),
        "conditioning_embedding_out_channels": widths,
    })
}

fn vae(weights: &Checkpoint) -> Value {
    let channels = levels(weights, "encoder.down_blocks");
    json!({
        "_class_name": "AutoencoderKL", "in_channels": 3, "out_channels": 3, "act_fn": "silu",
        "latent_channels": side(weights, "decoder.conv_in.weight", 1),
        "down_block_types": vec!["DownEncoderBlock2D"; channels.len()],
        "up_block_types": vec!["UpDecoderBlock2D"; channels.len()],
        "layers_per_block": count(weights, |j| format!("encoder.down_blocks.0.resnets.{j}.conv1.weight")),
        "block_out_channels": channels, "norm_num_groups": 32, "scaling_factor": 0.18215,
        "use_quant_conv": weights.has("quant_conv.weight"),
        "use_post_quant_conv": weights.has("post_quant_conv.weight"),
    })
}

fn text(weights: &Checkpoint) -> Value {
    let width = side(weights, "text_model.embeddings.token_embedding.weight", 1);
    json!({
        "model_type": "clip_text_model", "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
        "vocab_size": side(weights, "text_model.embeddings.token_embedding.weight", 0),
        "max_position_embeddings": side(weights, "text_model.embeddings.position_embedding.weight", 0),
        "hidden_size": width, "num_attention_heads": (width / HEAD).max(1),
        "intermediate_size": side(weights, "text_model.encoder.layers.0.mlp.fc1.weight", 0),
        "num_hidden_layers":
            count(weights, |i| format!("text_model.encoder.layers.{i}.layer_norm1.weight")),
    })
}

fn image(weights: &Checkpoint) -> Value {
    let projection = "embeddings.patch_embeddings.projection.weight";
    let (width, patch) = (side(weights, projection, 0), side(weights, projection, 2));
    let grid = side(weights, "embeddings.position_embeddings", 1).saturating_sub(1).isqrt();
    let gated = weights.has("encoder.layer.0.mlp.weights_in.weight");
    json!({
        "model_type": "dinov2", "hidden_act": "gelu", "layer_norm_eps": 1e-6, "num_channels": 3,
        "mlp_ratio": 4, "hidden_size": width, "num_attention_heads": (width / HEAD).max(1),
        "patch_size": patch, "image_size": grid * patch, "use_swiglu_ffn": gated,
        "qkv_bias": weights.has("encoder.layer.0.attention.attention.query.bias"),
        "num_hidden_layers": count(weights, |i| format!("encoder.layer.{i}.norm1.weight")),
    })
}

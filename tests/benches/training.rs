//! How long a training step takes on this processor: `cargo bench --bench training`.
//!
//! Forward, backward and AdamW of a denoiser of 36 million weights on 32 latents of 32x32: one line, median
//! seconds, and the share of each part. `tests/oracles/bench_training.py` times PyTorch on the same network
//! and, given our program, runs both in turn and prints the ratio.

#![expect(clippy::expect_used, reason = "a measurement that cannot be taken has failed")]
#![expect(clippy::print_stdout, reason = "the line is what it is for")]

use adorn::engine::keep_pages;
use adorn::engine::ops::AdamW;
use adorn::engine::progress::Control;
use adorn::engine::unet::{UNet, UNetConfig};
use candle_core::{DType, Device, Tensor};
use candle_nn::{ParamsAdamW, VarBuilder, VarMap};
use std::time::Instant;

/// The twin of the one in `bench_training.py`.
const CONFIG: &str = r#"{
    "in_channels": 4, "out_channels": 4, "block_out_channels": [96, 192, 288], "layers_per_block": 2,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "cross_attention_dim": 256, "attention_head_dim": 6, "norm_num_groups": 32
}"#;
const BATCH: usize = 32;

fn main() {
    // `cargo test --benches` asks every bench for a list.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let steps: usize = std::env::var("ADORN_BENCH_STEPS").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    let _kept = keep_pages();
    let config: UNetConfig = serde_json::from_str(CONFIG).expect("a config");
    let variables = VarMap::new();
    let builder = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let net = UNet::new(&config, builder).expect("a network");
    let mut optimizer = AdamW::new(variables.all_vars(), ParamsAdamW::default()).expect("an optimizer");
    let random = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).expect("random numbers");
    let (latents, noise) = (random(&[BATCH, 4, 32, 32]), random(&[BATCH, 4, 32, 32]));
    let text = random(&[BATCH, 77, 256]);
    let mut times = Vec::new();
    // One step more, unseen: the first one asks the system for memory.
    for _ in 0..=steps {
        let start = Instant::now();
        let predicted = net.forward(&latents, 500.0, &text, None, &Control::silent()).expect("a prediction");
        let loss = (predicted - &noise).expect("one shape").sqr().expect("a square");
        let loss = loss.mean_all().expect("a mean");
        let forward = start.elapsed().as_secs_f64();
        let gradients = loss.backward().expect("gradients");
        let backward = start.elapsed().as_secs_f64();
        optimizer.step(&gradients).expect("a step");
        let all = start.elapsed().as_secs_f64();
        times.push([all, forward, backward - forward, all - backward]);
    }
    times.remove(0);
    times.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let [all, forward, backward, update] = times[times.len() / 2];
    let weights: usize = variables.all_vars().iter().map(|var| var.elem_count()).sum();
    println!(
        "{all:.3} s (forward {forward:.3}, backward {backward:.3}, AdamW {update:.3}), {weights} weights"
    );
}

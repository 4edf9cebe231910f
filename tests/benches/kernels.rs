//! How fast the networks' operations are on this processor: `cargo bench --bench kernels`.
//!
//! One line an operation: name, best milliseconds of several runs, GFLOP/s, and the share of the fastest
//! line, which stands for what the processor can do. `ADORN_KERNELS` picks an instruction set and
//! `RAYON_NUM_THREADS` the number of threads. `tests/oracles/bench_kernels.py` times PyTorch on the same
//! shapes and, given this table, prints the ratios.

#![expect(clippy::expect_used, reason = "a measurement that cannot be taken has failed")]
#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use adorn::engine::ops::{Activation, Conv2d, GroupNorm, LayerNorm, Linear, Mask, attend, geglu};
use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Name, best seconds, arithmetic.
struct Line {
    name: String,
    seconds: f64,
    flops: f64,
}

fn random(shape: &[usize]) -> Tensor {
    Tensor::randn(0f32, 1.0, shape, &Device::Cpu).expect("random numbers")
}

fn layer(shapes: &[(&str, &[usize])]) -> VarBuilder<'static> {
    let tensors: HashMap<String, Tensor> =
        shapes.iter().map(|(name, shape)| ((*name).to_owned(), random(shape))).collect();
    VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu)
}

fn line(name: String, flops: usize, mut work: impl FnMut() -> Result<Tensor>) -> Line {
    let mut best = f64::INFINITY;
    let start = Instant::now();
    work().expect("the operation runs");
    for runs in 0.. {
        let run = Instant::now();
        work().expect("the operation runs");
        best = best.min(run.elapsed().as_secs_f64());
        if runs >= 4 && start.elapsed() > Duration::from_secs(1) {
            break;
        }
    }
    Line { name, seconds: best, flops: flops as f64 }
}

fn convolutions() -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (channels, side) in [(320, 64), (640, 32), (1280, 16), (512, 64), (256, 256), (128, 512)] {
        let weights = layer(&[("weight", &[channels, channels, 3, 3]), ("bias", &[channels])]);
        let (conv, x) = (Conv2d::load(channels, channels, &weights)?, random(&[1, side, side, channels]));
        let flops = 2 * side * side * channels * channels * 9;
        lines.push(line(format!("conv {channels} {side}"), flops, || conv.forward(&x)));
    }
    Ok(lines)
}

fn products() -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (rows, inputs, outputs) in
        [(4096, 320, 320), (4096, 320, 2560), (4096, 1280, 320), (1024, 640, 640), (2048, 2048, 2048)]
    {
        let weights = layer(&[("weight", &[outputs, inputs]), ("bias", &[outputs])]);
        let (linear, x) = (Linear::load(inputs, outputs, &weights)?, random(&[rows, inputs]));
        let name = format!("linear {rows} {inputs} {outputs}");
        lines.push(line(name, 2 * rows * inputs * outputs, || linear.forward(&x)));
    }
    Ok(lines)
}

fn attentions() -> Vec<Line> {
    let sizes = [
        (8, 4096, 4096, 40),
        (8, 1024, 1024, 80),
        (8, 4096, 77, 40),
        (8, 4096, 257, 40),
        (1, 4096, 4096, 512),
    ];
    let one = |(heads, n, m, width): (usize, usize, usize, usize)| {
        let (q, k) = (random(&[1, n, heads * width]), random(&[1, m, heads * width]));
        let v = random(&[1, m, heads * width]);
        let name = format!("attention {heads} {n} {m} {width}");
        line(name, 4 * heads * n * m * width, || attend(&q, &k, &v, heads, Mask::All))
    };
    sizes.map(one).into()
}

fn others() -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (channels, side) in [(320, 64), (128, 512)] {
        let norm =
            GroupNorm::load(32, channels, 1e-5, &layer(&[("weight", &[channels]), ("bias", &[channels])]))?;
        let x = random(&[1, side, side, channels]);
        lines.push(line(format!("group_norm_silu {channels} {side}"), 0, || norm.forward_silu(&x)));
    }
    let norm = LayerNorm::load(320, 1e-5, &layer(&[("weight", &[320]), ("bias", &[320])]))?;
    let x = random(&[4096, 320]);
    lines.push(line("layer_norm 4096 320".to_owned(), 0, || norm.forward(&x)));
    let x = random(&[4096, 2560]);
    lines.push(line("geglu 4096 2560".to_owned(), 0, || geglu(&x)));
    lines.push(line("gelu 4096 2560".to_owned(), 0, || Activation::Gelu.apply(&x)));
    Ok(lines)
}

fn main() -> Result<()> {
    let mut lines = convolutions()?;
    lines.extend(products()?);
    lines.extend(attentions());
    lines.extend(others()?);
    let rate = |line: &Line| line.flops / line.seconds / 1e9;
    let fastest = lines.iter().map(rate).fold(1e-9, f64::max);
    for line in &lines {
        let (ms, rate) = (line.seconds * 1e3, rate(line));
        println!("{}\t{ms:.3}\t{rate:.0}\t{:.2}", line.name, rate / fastest);
    }
    Ok(())
}

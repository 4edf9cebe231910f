//! ISNet (Qin et al. 2022, "Highly Accurate Dichotomous Image Segmentation"): a U of small Us.
//!
//! Weights come from an ONNX file by `tests/oracles/isnet/convert.py`, batch normalisation folded in. All widths come
//! from the file. Layers `[1, c, h, w]`; every convolution but the sides' is followed by a ReLU.

use super::window::{Window, grey};
use super::{SegmentError, Segmenter};
use crate::picture::cutout::CutOutRequest;
use crate::picture::resize_rgb;
use candle_core::{DType, Device, Result, Tensor};
use image::GrayImage;
use std::collections::HashMap;

/// A tensor that no other model has.
pub(super) const MARK: &str = "conv_in.weight";

/// Side of the network's look, as it was trained.
const SIDE: u32 = 1024;

/// Wider layers than any ISNet's, by far.
const WIDEST: usize = 2048;

/// A stage's small U: how often it halves its picture; without halving it widens its filters instead.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Convolutions on the way down, the last one dilated.
    Halving(usize),
    Dilated,
}

/// Stages on the way down, halved in between, and their twins on the way up.
const DOWN: [(&str, Shape); 6] = [
    ("stage1", Shape::Halving(7)),
    ("stage2", Shape::Halving(6)),
    ("stage3", Shape::Halving(5)),
    ("stage4", Shape::Halving(4)),
    ("stage5", Shape::Dilated),
    ("stage6", Shape::Dilated),
];
const UP: [(&str, Shape); 5] = [
    ("stage5d", Shape::Dilated),
    ("stage4d", Shape::Halving(4)),
    ("stage3d", Shape::Halving(5)),
    ("stage2d", Shape::Halving(6)),
    ("stage1d", Shape::Halving(7)),
];

/// A network from the user's disk.
pub(super) struct IsNet {
    /// Weight `[out, in, 3, 3]` and bias `[1, out, 1, 1]` by the convolution's name.
    convolutions: HashMap<String, (Tensor, Tensor)>,
}

impl IsNet {
    pub(super) fn of(tensors: &HashMap<String, Tensor>) -> Result<Self> {
        let mut convolutions = HashMap::new();
        for (name, weight) in tensors {
            let Some(name) = name.strip_suffix(".weight") else { continue };
            let (outputs, inputs, height, width) = weight.dims4()?;
            if (height, width) != (3, 3) || outputs.max(inputs) > WIDEST {
                candle_core::bail!("{name} is no 3 x 3 convolution of known width");
            }
            let Some(bias) = tensors.get(&format!("{name}.bias")) else {
                candle_core::bail!("{name} has no bias");
            };
            let bias = bias.to_dtype(DType::F32)?.reshape((1, outputs, 1, 1))?;
            convolutions.insert(name.to_owned(), (weight.to_dtype(DType::F32)?, bias));
        }
        let net = Self { convolutions };
        // A small look finds whatever is missing or does not fit, before a photo waits for it.
        net.forward(&Tensor::zeros((1, 3, 64, 64), DType::F32, &Device::Cpu)?)?;
        Ok(net)
    }

    /// `[1, 3, h, w]`, codes / 255 - 0.5, to `[1, 1, h, w]`, 0..=1.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (_, _, height, width) = x.dims4()?;
        let mut x = self.convolve("conv_in", x, 1, 2)?;
        let mut seen = Vec::new();
        for (index, (name, shape)) in DOWN.into_iter().enumerate() {
            let input = if index == 0 { x } else { halved(&x)? };
            x = self.stage(name, shape, &input)?;
            seen.push(x.clone());
        }
        seen.pop();
        for (name, shape) in UP {
            let Some(twin) = seen.pop() else { break };
            x = self.stage(name, shape, &Tensor::cat(&[&like(&x, &twin)?, &twin], 1)?)?;
        }
        let side = self.convolve("side1", &x, 1, 1)?;
        candle_nn::ops::sigmoid(&side.upsample_bilinear2d(height, width, false)?)
    }

    fn convolve(&self, name: &str, x: &Tensor, dilation: usize, stride: usize) -> Result<Tensor> {
        let Some((weight, bias)) = self.convolutions.get(name) else {
            candle_core::bail!("it has no convolution {name}");
        };
        x.conv2d(weight, dilation, stride, dilation, 1)?.broadcast_add(bias)
    }

    fn block(&self, stage: &str, name: &str, x: &Tensor, dilation: usize) -> Result<Tensor> {
        self.convolve(&format!("{stage}.rebnconv{name}"), x, dilation, 1)?.relu()
    }

    /// A small U, and what went into it added to what comes out.
    fn stage(&self, stage: &str, shape: Shape, x: &Tensor) -> Result<Tensor> {
        let depth = match shape {
            Shape::Halving(depth) => depth,
            Shape::Dilated => 4,
        };
        let dilation = |level: usize| match shape {
            Shape::Halving(depth) => 1 + usize::from(level == depth),
            Shape::Dilated => 1 << (level - 1),
        };
        let input = self.block(stage, "in", x, 1)?;
        let mut seen: Vec<Tensor> = Vec::new();
        let mut x = input.clone();
        for level in 1..=depth {
            if matches!(shape, Shape::Halving(depth) if level > 1 && level < depth) {
                x = halved(&x)?;
            }
            x = self.block(stage, &level.to_string(), &x, dilation(level))?;
            seen.push(x.clone());
        }
        seen.pop();
        for level in (1..depth).rev() {
            let Some(twin) = seen.pop() else { break };
            let both = Tensor::cat(&[&like(&x, &twin)?, &twin], 1)?;
            let wide = if matches!(shape, Shape::Dilated) { dilation(level) } else { 1 };
            x = self.block(stage, &format!("{level}d"), &both, wide)?;
        }
        x + input
    }
}

/// The largest of each 2 x 2; odd sizes round up.
fn halved(x: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    x.pad_with_same(2, 0, height % 2)?.pad_with_same(3, 0, width % 2)?.max_pool2d(2)
}

/// `x` as large as `other`.
fn like(x: &Tensor, other: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = other.dims4()?;
    if x.dims()[2..] == [height, width] { Ok(x.clone()) } else { x.upsample_bilinear2d(height, width, false) }
}

impl Segmenter for IsNet {
    /// Strokes tell this network nothing.
    fn segment(&self, request: &CutOutRequest<'_>) -> std::result::Result<GrayImage, SegmentError> {
        let window = Window::of(request.photo, request.frame);
        if window.is_empty() {
            return Ok(GrayImage::new(request.photo.width(), request.photo.height()));
        }
        let small = resize_rgb(&window.crop(request.photo), SIDE, SIDE);
        let side = SIDE as usize;
        let codes = Tensor::from_slice(small.as_raw(), (side, side, 3), &Device::Cpu)?;
        let look = (codes.to_dtype(DType::F32)?.permute((2, 0, 1))?.unsqueeze(0)? / 255.0)?;
        let seen = grey(&self.forward(&(look - 0.5)?.contiguous()?)?)?;
        Ok(window.place(request.photo, &seen))
    }
}

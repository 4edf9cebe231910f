//! ISNet (Qin et al. 2022, "Highly Accurate Dichotomous Image Segmentation"): a U of small Us.
//!
//! Weights come from an ONNX file by `tests/oracles/isnet/convert.py`, batch normalisation folded in. All widths come
//! from the file. Layers `[1, c, h, w]`; every convolution but the sides' is followed by a ReLU.

use super::{SegmentError, Segmenter};
use crate::picture::resize_rgb;
use crate::project::Rectangle;
use candle_core::{DType, Device, Result, Tensor};
use image::imageops::{FilterType, crop_imm, replace, resize};
use image::{GrayImage, Luma, RgbImage};
use std::collections::HashMap;
use std::path::Path;

/// Side of the network's look, as it was trained.
const SIDE: u32 = 1024;

/// Larger files and wider layers than any ISNet's, by far.
const LARGEST_FILE: u64 = 1 << 30;
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
pub struct IsNet {
    /// Weight `[out, in, 3, 3]` and bias `[1, out, 1, 1]` by the convolution's name.
    convolutions: HashMap<String, (Tensor, Tensor)>,
}

impl IsNet {
    pub fn open(path: &Path) -> std::result::Result<Self, SegmentError> {
        let fault = |error| SegmentError::Read { error, path: path.to_owned() };
        let about = std::fs::metadata(path).map_err(fault)?;
        // Asked before opening: opening a pipe would wait for its writer.
        if !about.is_file() {
            return Err(fault(std::io::Error::other("it is no file")));
        }
        if about.len() > LARGEST_FILE {
            return Err(SegmentError::TooLarge { size: about.len(), path: path.to_owned() });
        }
        let no_isnet = |what: String| SegmentError::NoIsNet { what, path: path.to_owned() };
        let net =
            Self::read(&std::fs::read(path).map_err(fault)?).map_err(|error| no_isnet(error.to_string()))?;
        // A small look finds whatever is missing or does not fit, before a photo waits for it.
        let look = Tensor::zeros((1, 3, 64, 64), DType::F32, &Device::Cpu)?;
        net.forward(&look).map_err(|error| no_isnet(error.to_string()))?;
        Ok(net)
    }

    fn read(file: &[u8]) -> Result<Self> {
        let tensors = candle_core::safetensors::load_buffer(file, &Device::Cpu)?;
        let mut convolutions = HashMap::new();
        for (name, weight) in &tensors {
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
        Ok(Self { convolutions })
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
    fn segment(
        &self,
        photo: &RgbImage,
        frame: Option<Rectangle>,
    ) -> std::result::Result<GrayImage, SegmentError> {
        let mut mask = GrayImage::new(photo.width(), photo.height());
        let (left, top, width, height) = window(photo, frame);
        if width == 0 || height == 0 {
            return Ok(mask);
        }
        let part = crop_imm(photo, left, top, width, height).to_image();
        let small = resize_rgb(&part, SIDE, SIDE);
        let side = SIDE as usize;
        let codes = Tensor::from_slice(small.as_raw(), (side, side, 3), &Device::Cpu)?;
        let look = (codes.to_dtype(DType::F32)?.permute((2, 0, 1))?.unsqueeze(0)? / 255.0)?;
        let seen = self.forward(&(look - 0.5)?.contiguous()?)?.flatten_all()?.to_vec1::<f32>()?;
        let at = |x: u32, y: u32| seen.get((y * SIDE + x) as usize).copied().unwrap_or(0.0);
        let seen = GrayImage::from_fn(SIDE, SIDE, |x, y| Luma([(255.0 * at(x, y)).round() as u8]));
        replace(&mut mask, &resize(&seen, width, height, FilterType::Triangle), left.into(), top.into());
        Ok(mask)
    }
}

/// Left, top, width and height of the frame's part of the photo.
fn window(photo: &RgbImage, frame: Option<Rectangle>) -> (u32, u32, u32, u32) {
    let (width, height) = photo.dimensions();
    let Some(frame) = frame else { return (0, 0, width, height) };
    // A number that is none becomes 0, and the window empty.
    let along = |from: f64, to: f64, length: u32| {
        let (from, to) = (from.clamp(0.0, length.into()) as u32, to.clamp(0.0, length.into()).ceil() as u32);
        (from, to.saturating_sub(from))
    };
    let ((left, width), (top, height)) =
        (along(frame.left, frame.right, width), along(frame.top, frame.bottom, height));
    (left, top, width, height)
}

//! What tells one face from another: a residual network over a 150 x 150 look at the aligned face.
//!
//! The recognition network of face-api (MIT), dlib's ResNet.

use super::landmarks::MEAN;
use super::layers::{Padding, convolve};
use super::look::{Place, Window, look};
use super::weights::{Filters, Weights};
use super::{DESCRIPTOR, FaceDescriptor, VisionError};
use candle_core::Tensor;
use image::RgbImage;

const FILE: &[u8] = include_bytes!("../../assets/vision/face_descriptor.safetensors");

const SIDE: usize = 150;

/// Name, channels in, channels out of the residual layers; those called `down` halve the size.
const LAYERS: [(&str, usize, usize); 14] = [
    ("conv32_1", 32, 32),
    ("conv32_2", 32, 32),
    ("conv32_3", 32, 32),
    ("conv64_down", 32, 64),
    ("conv64_1", 64, 64),
    ("conv64_2", 64, 64),
    ("conv64_3", 64, 64),
    ("conv128_down", 64, 128),
    ("conv128_1", 128, 128),
    ("conv128_2", 128, 128),
    ("conv256_down", 128, 256),
    ("conv256_1", 256, 256),
    ("conv256_2", 256, 256),
    ("conv256_down_out", 256, 256),
];

/// A convolution and its batch normalisation, folded into a scale and a shift a channel.
struct Scaled {
    filters: Filters,
    scale: Tensor,
    shift: Tensor,
}

struct Residual {
    first: Scaled,
    second: Scaled,
    halves: bool,
}

pub(super) struct DescriptorNetwork {
    first: Scaled,
    layers: Vec<Residual>,
    /// `[256, 128]`.
    last: Tensor,
}

impl DescriptorNetwork {
    pub(super) fn shipped() -> Result<Self, VisionError> {
        let weights = Weights::read("face descriptor", FILE)?;
        let layers =
            LAYERS.iter().map(|(name, inputs, outputs)| residual(&weights, name, [*inputs, *outputs]));
        Ok(Self {
            first: scaled(&weights, "conv32_down", [3, 32], 7)?,
            layers: layers.collect::<Result<_, _>>()?,
            last: weights.get("fc", &[DESCRIPTOR, 256])?.t()?.contiguous()?,
        })
    }

    pub(super) fn descriptor(
        &self,
        picture: &RgbImage,
        window: Window,
    ) -> Result<FaceDescriptor, VisionError> {
        let x = look(picture, window, Place::Centre, SIDE, MEAN)?;
        let numbers = self.forward(&x)?.flatten_all()?.to_vec1::<f32>()?;
        let mut descriptor = [0.0; DESCRIPTOR];
        descriptor.iter_mut().zip(numbers).for_each(|(own, number)| *own = number);
        Ok(FaceDescriptor(descriptor))
    }

    /// `[1, 3, 150, 150]` to `[1, 128]`.
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let x = self.first.forward(x, Padding::None, 2)?.relu()?;
        let mut x = x.max_pool2d_with_stride(3, 2)?;
        for layer in &self.layers {
            x = layer.forward(&x)?;
        }
        x.mean((2, 3))?.matmul(&self.last)
    }
}

impl Scaled {
    fn forward(&self, x: &Tensor, padding: Padding, stride: usize) -> candle_core::Result<Tensor> {
        convolve(x, &self.filters, padding, stride)?.broadcast_mul(&self.scale)?.broadcast_add(&self.shift)
    }
}

impl Residual {
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let (padding, stride) = if self.halves { (Padding::None, 2) } else { (Padding::Around, 1) };
        let y = self.first.forward(x, padding, stride)?.relu()?;
        let y = self.second.forward(&y, Padding::Around, 1)?;
        if !self.halves {
            return (y + x)?.relu();
        }
        // A 3 x 3 filter without padding falls one short of an average over 2 x 2 at even sizes, and there are
        // more channels than before: zeros fill both.
        let short = x.avg_pool2d(2)?;
        let (_, channels, height, width) = short.dims4()?;
        let y = y.pad_with_zeros(2, 0, height - y.dim(2)?)?.pad_with_zeros(3, 0, width - y.dim(3)?)?;
        let short = short.pad_with_zeros(1, 0, y.dim(1)? - channels)?;
        (y + short)?.relu()
    }
}

fn scaled(weights: &Weights, name: &str, channels: [usize; 2], size: usize) -> Result<Scaled, VisionError> {
    Ok(Scaled {
        filters: weights.filters(&format!("{name}.conv"), channels, size)?,
        scale: weights.per_channel(&format!("{name}.scale.weights"), channels[1])?,
        shift: weights.per_channel(&format!("{name}.scale.biases"), channels[1])?,
    })
}

fn residual(weights: &Weights, name: &str, [inputs, outputs]: [usize; 2]) -> Result<Residual, VisionError> {
    Ok(Residual {
        first: scaled(weights, &format!("{name}.conv1"), [inputs, outputs], 3)?,
        second: scaled(weights, &format!("{name}.conv2"), [outputs, outputs], 3)?,
        halves: name.contains("down"),
    })
}

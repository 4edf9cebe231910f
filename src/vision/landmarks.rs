//! The 68 landmarks of a face: four dense blocks and one linear layer over a 112 x 112 look at the face's box.
//!
//! The landmark network of face-api (MIT).

use super::layers::{Padding, convolve};
use super::look::{Place, Window, look};
use super::weights::{Filters, Weights};
use super::{FaceLandmarks, LANDMARKS, VisionError};
use candle_core::Tensor;
use glam::DVec2;
use image::RgbImage;

const FILE: &[u8] = include_bytes!("../../assets/vision/face_landmarks.safetensors");

const SIDE: usize = 112;

/// Mean colour of both networks that look at a face's box.
pub(super) const MEAN: [f32; 3] = [122.782, 117.001, 104.298];

/// Channels into and out of the dense blocks.
const CHANNELS: [usize; 5] = [3, 32, 64, 128, 256];

pub(super) struct LandmarkNetwork {
    /// Four convolutions each.
    blocks: Vec<Vec<Filters>>,
    /// `[256, 136]`.
    weight: Tensor,
    /// `[1, 136]`.
    bias: Tensor,
}

impl LandmarkNetwork {
    pub(super) fn shipped() -> Result<Self, VisionError> {
        let weights = Weights::read("face landmarks", FILE)?;
        let numbers = 2 * LANDMARKS;
        let blocks = CHANNELS.windows(2).enumerate();
        Ok(Self {
            blocks: blocks
                .map(|(index, pair)| block(&weights, &format!("dense{index}"), [pair[0], pair[1]]))
                .collect::<Result<_, _>>()?,
            weight: weights.get("fc.weights", &[numbers, CHANNELS[4]])?.t()?.contiguous()?,
            bias: weights.get("fc.bias", &[numbers])?.reshape((1, numbers))?,
        })
    }

    /// In the window's own pixels, from its top left corner.
    pub(super) fn landmarks(&self, picture: &RgbImage, window: Window) -> Result<FaceLandmarks, VisionError> {
        let x = look(picture, window, Place::Centre, SIDE, MEAN)?;
        let numbers = self.forward(&x)?.flatten_all()?.to_vec1::<f32>()?;
        let longest = f64::from(window.longest());
        let before = |length: u32| (longest - f64::from(length)) / 2.0;
        let black = DVec2::new(before(window.width), before(window.height));
        let mut landmarks = [DVec2::ZERO; LANDMARKS];
        for (landmark, pair) in landmarks.iter_mut().zip(numbers.chunks_exact(2)) {
            *landmark = DVec2::new(f64::from(pair[0]), f64::from(pair[1])) * longest - black;
        }
        Ok(FaceLandmarks(landmarks))
    }

    /// `[1, 3, 112, 112]` to `[1, 136]`: shares of the padded square, x and y in turn.
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let mut x = x.clone();
        for block in &self.blocks {
            x = dense(&x, block)?;
        }
        x.mean((2, 3))?.matmul(&self.weight)?.broadcast_add(&self.bias)
    }
}

fn block(weights: &Weights, name: &str, [inputs, outputs]: [usize; 2]) -> Result<Vec<Filters>, VisionError> {
    let first = format!("{name}.conv0");
    let first = if inputs == CHANNELS[0] {
        weights.filters(&first, [inputs, outputs], 3)?
    } else {
        weights.separable(&first, [inputs, outputs])?
    };
    let others = (1..4).map(|index| weights.separable(&format!("{name}.conv{index}"), [outputs, outputs]));
    std::iter::once(Ok(first)).chain(others).collect()
}

/// Halves the size; every further convolution sees the sum of all before it.
fn dense(x: &Tensor, block: &[Filters]) -> candle_core::Result<Tensor> {
    let [first, others @ ..] = block else { return Ok(x.clone()) };
    let mut sum = convolve(x, first, Padding::After, 2)?.relu()?;
    let mut seen = sum.clone();
    for filters in others {
        sum = (sum + convolve(&seen, filters, Padding::Around, 1)?)?;
        seen = sum.relu()?;
    }
    Ok(seen)
}

//! The face finder: a small network of separable convolutions whose grid of cells each guess five boxes.
//!
//! The tiny face detector of face-api (MIT), a relative of YOLO v2. `find` equals the original; what Adorn adds
//! for small and tilted faces is in `search`.

use super::layers::{Padding, convolve, largest_of_four, leaky};
use super::look::{Place, Window, look};
use super::weights::{Filters, Weights};
use super::{FaceBox, VisionError};
use candle_core::Tensor;
use image::RgbImage;

const FILE: &[u8] = include_bytes!("../../assets/vision/face_finder.safetensors");

/// Side of the network's square look at a picture, its own default.
pub(super) const SIDE: usize = 416;

/// A box below this score is no face: the original's default.
pub(super) const SCORE: f32 = 0.5;

/// Boxes that share more of their union than this are the same face.
const SAME: f64 = 0.4;

const MEAN: [f32; 3] = [117.001, 114.697, 97.404];

/// Widths and heights of the five guesses, in cells.
const ANCHORS: [[f64; 2]; 5] = [
    [1.603231, 2.094468],
    [6.041143, 7.080126],
    [2.882459, 3.518061],
    [4.266906, 5.178857],
    [9.041765, 10.66308],
];

/// Numbers of a guess: centre, size, score.
const GUESS: usize = 5;

/// Channels between the separable convolutions.
const CHANNELS: [usize; 6] = [16, 32, 64, 128, 256, 512];

pub(super) struct Finder {
    first: Filters,
    separable: Vec<Filters>,
    last: Filters,
}

impl Finder {
    pub(super) fn shipped() -> Result<Self, VisionError> {
        let weights = Weights::read("face finder", FILE)?;
        let pairs = CHANNELS.windows(2).enumerate();
        let separable =
            pairs.map(|(index, pair)| weights.separable(&format!("conv{}", index + 1), [pair[0], pair[1]]));
        Ok(Self {
            first: weights.filters("conv0", [3, CHANNELS[0]], 3)?,
            separable: separable.collect::<Result<_, _>>()?,
            last: weights.filters("conv8", [512, ANCHORS.len() * GUESS], 1)?,
        })
    }

    /// Faces of a window, best first, picture frame. `side` is a multiple of 32.
    pub(super) fn find(
        &self,
        picture: &RgbImage,
        window: Window,
        side: usize,
        score: f32,
    ) -> Result<Vec<FaceBox>, VisionError> {
        let guesses = self.forward(&look(picture, window, Place::Corner, side, MEAN)?)?;
        Ok(without_doubles(boxes(&guesses, window, side, score)?))
    }

    /// `[1, 3, side, side]` to `[1, 25, cells, cells]`, cells = side / 32.
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let mut x = leaky(&convolve(x, &self.first, Padding::None, 1)?)?;
        for (index, filters) in self.separable.iter().enumerate() {
            x = leaky(&convolve(&largest_of_four(&x, 2)?, filters, Padding::Around, 1)?)?;
            if index + 1 == self.separable.len() {
                x = largest_of_four(&x, 1)?;
            }
        }
        convolve(&x, &self.last, Padding::None, 1)
    }
}

/// Guesses above `score`, cell by cell.
fn boxes(guesses: &Tensor, window: Window, side: usize, score: f32) -> Result<Vec<FaceBox>, VisionError> {
    let cells = guesses.dim(2)?;
    let values = guesses.squeeze(0)?.permute((1, 2, 0))?.contiguous()?.flatten_all()?.to_vec1::<f32>()?;
    // The original rounds the padded look's two sides to whole network pixels and stretches by the quotient.
    let scale = side as f64 / f64::from(window.longest());
    let pixels = |length: u32| f64::from(length) * side as f64 / (f64::from(length) * scale).round().max(1.0);
    let (width, height) = (pixels(window.width), pixels(window.height));
    let found = values.chunks_exact(GUESS).enumerate().filter_map(|(index, guess)| {
        let confidence = sigmoid(f64::from(guess[4]));
        let (cell, anchor) = (index / ANCHORS.len(), ANCHORS[index % ANCHORS.len()]);
        let centre = [cell % cells, cell / cells];
        let along = |axis: usize, length: f64| {
            let middle = (centre[axis] as f64 + sigmoid(f64::from(guess[axis]))) / cells as f64 * length;
            let size = f64::from(guess[2 + axis]).exp() * anchor[axis] / cells as f64 * length;
            (middle - size / 2.0, size)
        };
        let ((left, width), (top, height)) = (along(0, width), along(1, height));
        (confidence > f64::from(score)).then(|| FaceBox {
            left: left + f64::from(window.left),
            top: top + f64::from(window.top),
            width,
            height,
            score: confidence as f32,
        })
    });
    Ok(found.filter(FaceBox::is_finite).collect())
}

/// Best first; a box that mostly repeats a better one is left out.
pub(super) fn without_doubles(mut boxes: Vec<FaceBox>) -> Vec<FaceBox> {
    boxes.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<FaceBox> = Vec::new();
    for face in boxes {
        if kept.iter().all(|better| better.overlap(&face) <= SAME) {
            kept.push(face);
        }
    }
    kept
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

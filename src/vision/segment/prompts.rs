//! SAM's prompts: points and a box as tokens (Kirillov et al. 2023, "Segment Anything", appendix A).
//!
//! Written here because candle's own prompt encoder joins a box's two corners into one token of double width.

use candle_core::{D, DType, Result, Tensor};
use candle_nn::VarBuilder;
use std::f64::consts::TAU;

/// Length of a token.
pub(super) const WIDTH: usize = 256;

/// Sides of the network's look and of its inner picture.
pub(super) const SIDE: usize = 1024;
const INNER: usize = 64;

/// Pixels of the look, x right and y down.
pub(super) type Point = (f32, f32);

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prompts {
    /// Top left and bottom right corner of what holds the thing.
    pub(super) corners: [Point; 2],
    /// On the thing, and beside it.
    pub(super) include: Vec<Point>,
    pub(super) exclude: Vec<Point>,
}

pub(super) struct PromptEncoder {
    /// `[2, WIDTH / 2]`: random frequencies.
    frequencies: Tensor,
    /// `[1, WIDTH]` each: beside, on, top left, bottom right.
    kinds: Vec<Tensor>,
    /// `[1, WIDTH]`.
    no_mask: Tensor,
}

impl PromptEncoder {
    pub(super) fn new(weights: &VarBuilder<'_>) -> Result<Self> {
        let frequencies = weights.get((2, WIDTH / 2), "pe_layer.positional_encoding_gaussian_matrix")?;
        let kind = |number: usize| weights.get((1, WIDTH), &format!("point_embeddings.{number}.weight"));
        let kinds = (0..4).map(kind).collect::<Result<_>>()?;
        Ok(Self { frequencies, kinds, no_mask: weights.get((1, WIDTH), "no_mask_embed.weight")? })
    }

    /// `[1, n, WIDTH]`: points in the order exclude, include, then the corners.
    pub(super) fn tokens(&self, prompts: &Prompts) -> Result<Tensor> {
        let [first, last] = prompts.corners;
        let groups = [&prompts.exclude[..], &prompts.include[..], &[first], &[last]];
        let mut tokens = Vec::new();
        for (points, kind) in groups.into_iter().zip(&self.kinds) {
            if points.is_empty() {
                continue;
            }
            // A pixel's middle, as a share of the side.
            let share = |place: f32| (place + 0.5) / SIDE as f32;
            let places: Vec<f32> = points.iter().flat_map(|(x, y)| [share(*x), share(*y)]).collect();
            let places = Tensor::from_vec(places, (points.len(), 2), self.frequencies.device())?;
            tokens.push(self.places(&places)?.broadcast_add(kind)?);
        }
        Tensor::cat(&tokens, 0)?.unsqueeze(0)
    }

    /// `[1, WIDTH, INNER, INNER]`: where each cell of the inner picture lies.
    pub(super) fn grid(&self) -> Result<Tensor> {
        let middle = |cell: usize| (cell as f32 + 0.5) / INNER as f32;
        let cells = (0..INNER * INNER).flat_map(|cell| [middle(cell % INNER), middle(cell / INNER)]);
        let cells =
            Tensor::from_vec(cells.collect::<Vec<f32>>(), (INNER * INNER, 2), self.frequencies.device())?;
        self.places(&cells)?.t()?.reshape((1, WIDTH, INNER, INNER))
    }

    /// `[1, WIDTH, INNER, INNER]`: that no mask is known yet.
    pub(super) fn no_mask(&self) -> Result<Tensor> {
        self.no_mask.reshape((1, WIDTH, 1, 1))?.expand((1, WIDTH, INNER, INNER))
    }

    /// Places `[n, 2]`, 0..=1, as sines and cosines `[n, WIDTH]`.
    fn places(&self, places: &Tensor) -> Result<Tensor> {
        let turns = (places.to_dtype(DType::F32)?.affine(2.0, -1.0)?.matmul(&self.frequencies)? * TAU)?;
        Tensor::cat(&[turns.sin()?, turns.cos()?], D::Minus1)
    }
}

//! Matrix products against weights that were put in order once.
//!
//! Every number is summed by one thread, over k upwards in blocks of fixed length: neither the number of
//! threads nor a row's neighbours change a bit of it.

use super::math::{gated, gelu};
use super::memory::{Aligned, Shared, with_scratch};
use super::simd::{DEPTH, Form, Isa, Kernel, STRIDE, Simd, Tile};
use rayon::prelude::*;
use std::ops::Range;

/// What is done to a product before it is written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Finish<'a> {
    /// `[outputs]`, added to every row.
    pub(crate) bias: Option<&'a [f32]>,
    /// `[rows, outputs]`, added.
    pub(crate) residual: Option<&'a [f32]>,
    pub(crate) curve: Curve,
}

/// What bends a sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Curve {
    #[default]
    Straight,
    Silu,
    Gelu,
    QuickGelu,
}

impl Curve {
    #[inline(always)]
    pub(super) fn of<S: Simd>(self, s: S, x: S::V) -> S::V {
        match self {
            Self::Straight => x,
            Self::Silu => gated(s, x, 1.0),
            Self::Gelu => gelu(s, x),
            Self::QuickGelu => gated(s, x, 1.702),
        }
    }
}

/// The left-hand matrix `[rows, inputs]`, however it is stored.
pub(super) trait Rows: Sync {
    fn rows(&self) -> usize;
    /// Writes `row`'s numbers from `k` on into `to`.
    fn copy(&self, row: usize, k: usize, to: &mut [f32]);
}

/// Rows that follow each other.
pub(super) struct Dense<'a> {
    pub(super) x: &'a [f32],
    pub(super) inputs: usize,
}

impl Rows for Dense<'_> {
    fn rows(&self) -> usize {
        self.x.len() / self.inputs.max(1)
    }

    #[inline(always)]
    fn copy(&self, row: usize, k: usize, to: &mut [f32]) {
        let from = row * self.inputs + k;
        to.copy_from_slice(&self.x[from..from + to.len()]);
    }
}

/// Weights in the order in which tiles read them: panels of outputs, in each `[inputs, width]`.
#[derive(Debug, Clone)]
pub(super) struct Panels {
    data: Aligned,
    inputs: usize,
    outputs: usize,
    isa: Isa,
}

impl Panels {
    /// From `weight` `[outputs, channels, taps]`; inputs are then counted tap by tap.
    pub(super) fn pack(isa: Isa, weight: &[f32], outputs: usize, channels: usize, taps: usize) -> Self {
        let (wide, inputs) = (isa.shape().wide, channels * taps);
        let mut panels = Self::empty(isa, inputs, outputs);
        panels.each_mut().enumerate().for_each(|(p, panel)| {
            let width = panel.len() / inputs;
            for (lane, output) in (p * wide..outputs).take(width).enumerate() {
                let row = &weight[output * inputs..(output + 1) * inputs];
                for (c, row) in row.chunks_exact(taps).enumerate() {
                    for (tap, &value) in row.iter().enumerate() {
                        panel[(tap * channels + c) * width + lane] = value;
                    }
                }
            }
        });
        panels
    }

    /// From some `columns` of `rows`, each row an input: the right side of a product over rows.
    pub(super) fn gather(isa: Isa, rows: &impl Rows, columns: Range<usize>) -> Self {
        let mut panels = Self::empty(isa, rows.rows(), columns.len());
        let (wide, inputs, outputs) = (isa.shape().wide, panels.inputs, panels.outputs);
        let data = Shared::new(panels.data.floats_mut());
        (0..inputs.div_ceil(GATHERED)).into_par_iter().for_each(|block| {
            with_scratch(outputs, |row| {
                for k in block * GATHERED..inputs.min((block + 1) * GATHERED) {
                    rows.copy(k, columns.start, row);
                    for (p, part) in row.chunks(wide).enumerate() {
                        let width = panel_width(isa, outputs, p);
                        // SAFETY: row `k` of panel `p` is this block's alone.
                        let to = unsafe { data.part(p * wide * inputs + k * width, part.len()) };
                        to.copy_from_slice(part);
                    }
                }
            });
        });
        panels
    }

    fn empty(isa: Isa, inputs: usize, outputs: usize) -> Self {
        let data = Aligned::zeros(outputs.next_multiple_of(isa.shape().lanes) * inputs);
        Self { data, inputs, outputs, isa }
    }

    fn len(&self) -> usize {
        self.outputs.next_multiple_of(self.isa.shape().lanes) * self.inputs
    }

    fn each_mut(&mut self) -> impl IndexedParallelIterator<Item = &mut [f32]> {
        let (len, panel) = (self.len(), self.isa.shape().wide * self.inputs);
        self.data.floats_mut()[..len].par_chunks_mut(panel.max(1))
    }

    /// Back to `[outputs, channels, taps]`.
    pub(super) fn unpack(&self, taps: usize) -> Vec<f32> {
        let channels = self.inputs / taps.max(1);
        let mut weight = vec![0.0; self.outputs * self.inputs];
        weight.par_chunks_mut(self.inputs.max(1)).enumerate().for_each(|(output, row)| {
            let (p, lane) = (output / self.isa.shape().wide, output % self.isa.shape().wide);
            let (panel, width) = self.panel(p);
            for (i, value) in row.iter_mut().enumerate() {
                let (c, tap) = (i / taps, i % taps);
                *value = panel[(tap * channels + c) * width + lane];
            }
        });
        weight
    }

    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    fn count(&self) -> usize {
        self.outputs.div_ceil(self.isa.shape().wide)
    }

    /// A panel and its width.
    #[inline(always)]
    fn panel(&self, p: usize) -> (&[f32], usize) {
        let width = panel_width(self.isa, self.outputs, p);
        let from = p * self.isa.shape().wide * self.inputs;
        (&self.data.floats()[from..from + width * self.inputs], width)
    }
}

/// The last panel may be one vector wide.
#[inline(always)]
fn panel_width(isa: Isa, outputs: usize, p: usize) -> usize {
    let shape = isa.shape();
    if outputs - p * shape.wide <= shape.lanes { shape.lanes } else { shape.wide }
}

/// Rows that a thread gathers at once.
const GATHERED: usize = 64;

/// Most tiles of rows in a block: what a core's own cache holds beside a panel.
const TILES: usize = 18;

/// Columns in a block: likewise, and enough to be worth gathering the rows for.
const COLUMNS: usize = 640;

/// `out` `[rows, outputs]` becomes `rows` times the weights.
pub(super) fn multiply(rows: &impl Rows, weights: &Panels, finish: Finish<'_>, out: &mut [f32]) {
    let (isa, shape, count) = (weights.isa, weights.isa.shape(), rows.rows());
    assert_eq!(out.len(), count * weights.outputs);
    if out.is_empty() {
        return;
    }
    let tiles = count.div_ceil(shape.rows);
    let threads = rayon::current_num_threads();
    let down = tiles.div_ceil(TILES).next_multiple_of(threads).min(tiles);
    let panels = weights.count();
    let across = panels.div_ceil((COLUMNS / shape.wide).max(1));
    let out = Shared::new(out);
    (0..down * across).into_par_iter().for_each(|task| {
        let (block, group) = (task / across, task % across);
        let (tiles, panels) = (share(tiles, down, block), share(panels, across, group));
        let left = tiles.len() * shape.rows * STRIDE;
        let sums = tiles.len() * shape.rows * panels.len() * shape.wide;
        with_scratch(left + sums, |scratch| {
            let (left, sums) = scratch.split_at_mut(left);
            isa.run(Block { rows, weights, finish, out, tiles, panels, left, sums });
        });
    });
}

/// The `i`th of `parts` nearly equal parts of `0..whole`.
pub(super) fn share(whole: usize, parts: usize, i: usize) -> Range<usize> {
    whole * i / parts..whole * (i + 1) / parts
}

/// Some rows times some columns.
struct Block<'a, R> {
    rows: &'a R,
    weights: &'a Panels,
    finish: Finish<'a>,
    out: Shared<'a>,
    tiles: Range<usize>,
    panels: Range<usize>,
    left: &'a mut [f32],
    /// Tile by tile, panel by panel.
    sums: &'a mut [f32],
}

impl<R: Rows> Kernel for Block<'_, R> {
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let inputs = self.weights.inputs;
        let depth = inputs.div_ceil(inputs.div_ceil(DEPTH).max(1)).max(1);
        for k in (0..inputs.max(1)).step_by(depth) {
            self.accumulate(s, k, depth.min(inputs - k));
        }
        self.write(s);
    }
}

impl<R: Rows> Block<'_, R> {
    /// Adds the products of `depth` inputs from `k` on.
    #[inline(always)]
    fn accumulate<S: Simd>(&mut self, s: S, k: usize, depth: usize) {
        let first = self.tiles.start * S::ROWS;
        let rows = (self.rows.rows() - first).min(self.tiles.len() * S::ROWS);
        for row in 0..rows {
            self.rows.copy(first + row, k, &mut self.left[row * STRIDE..row * STRIDE + depth]);
        }
        let size = S::ROWS * S::LANES * S::VECTORS;
        let mut sums = self.sums.chunks_exact_mut(size);
        for panel in self.panels.clone() {
            let (panel, width) = self.weights.panel(panel);
            let b = &panel[k * width..(k + depth) * width];
            let form = if width > S::LANES { Form::Wide } else { Form::Narrow };
            for (a, c) in self.left.chunks_exact(S::ROWS * STRIDE).zip(&mut sums) {
                s.tile(Tile { a, b, depth, c, c_stride: width, fresh: k == 0 }, form);
            }
        }
    }

    /// Finishes the sums into the result.
    #[inline(always)]
    fn write<S: Simd>(&self, s: S) {
        let outputs = self.weights.outputs;
        let size = S::ROWS * S::LANES * S::VECTORS;
        for (p, panel) in self.panels.clone().enumerate() {
            let (from, width) = (panel * S::LANES * S::VECTORS, self.weights.panel(panel).1);
            let columns = width.min(outputs - from);
            for (t, tile) in self.tiles.clone().enumerate() {
                let sums = &self.sums[(p * self.tiles.len() + t) * size..];
                for r in 0..S::ROWS.min(self.rows.rows() - tile * S::ROWS) {
                    let at = (tile * S::ROWS + r) * outputs + from;
                    // SAFETY: blocks share neither rows and columns nor, therefore, any number of the result.
                    let out = unsafe { self.out.part(at, columns) };
                    self.finish.row(s, &sums[r * width..r * width + width], from, at, out);
                }
            }
        }
    }
}

impl Finish<'_> {
    /// A row of sums, whose first column is `column` and whose place in the result is `at`.
    #[inline(always)]
    fn row<S: Simd>(&self, s: S, sums: &[f32], column: usize, at: usize, out: &mut [f32]) {
        let columns = out.len();
        for (i, out) in out.chunks_mut(S::LANES).enumerate() {
            let from = i * S::LANES;
            let mut sum = s.load(&sums[from..]);
            if let Some(bias) = self.bias {
                sum = s.add(sum, s.load_some(&bias[column + from..column + columns]));
            }
            if let Some(residual) = self.residual {
                sum = s.add(sum, s.load_some(&residual[at + from..at + columns]));
            }
            s.store_some(self.curve.of(s, sum), out);
        }
    }
}

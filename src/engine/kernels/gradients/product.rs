//! Matrix products and convolutions: both gradients are products themselves.

use super::super::conv::{Window, Windows};
use super::super::gemm::{Dense, Finish, Panels, Rows, multiply};
use super::super::memory::Shared;
use super::super::simd::Isa;
use super::{made, operand, result, wanted, with_numbers};
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;
use std::ops::Range;

/// Floats of a gathered right side that exist at once: 64 MiB.
const GATHERED: usize = 16 << 20;

/// `x w^T`: `x` `[.., inputs]`, `w` `[outputs, inputs]`.
pub(super) struct Linear;

impl CustomOp2 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        of_x: &Layout,
        w: &CpuStorage,
        of_w: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (outputs, inputs) = of_w.shape().dims2()?;
        let mut shape = of_x.dims().to_vec();
        match shape.last_mut() {
            Some(last) if *last == inputs => *last = outputs,
            _ => candle_core::bail!("a layer of {:?} cannot take {:?}", of_w.dims(), of_x.dims()),
        }
        let (x, w) = (operand(x, of_x)?, operand(w, of_w)?);
        let panels = Panels::pack(Isa::best(), w, outputs, inputs, 1);
        Ok(result(&shape, |out| multiply(&Dense { x, inputs }, &panels, Finish::default(), out)))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (outputs, inputs) = w.dims2()?;
        let dx = wanted(x, || {
            with_numbers([w, dy], |[w, dy]| {
                let panels = Panels::gather(Isa::best(), &Dense { x: w, inputs }, 0..inputs);
                let rows = Dense { x: dy, inputs: outputs };
                made(x.dims(), |out| multiply(&rows, &panels, Finish::default(), out))
            })
        })?;
        let dw = wanted(w, || {
            with_numbers([x, dy], |[x, dy]| {
                let rows = Dense { x, inputs };
                made(w.dims(), |out| {
                    over_rows(dy, outputs, &rows, inputs, |columns, part| {
                        place(part, columns, inputs, out);
                    });
                })
            })
        })?;
        Ok((dx, dw))
    }
}

/// A 3x3 convolution of `x` `[b, h, w, inputs]` with `w` `[outputs, inputs, 3, 3]`.
pub(super) struct Convolution {
    pub(super) window: Window,
}

impl Convolution {
    fn windows<'a>(&self, x: &'a [f32], dims: &[usize]) -> Windows<'a> {
        Windows { x, batch: dims[0], h: dims[1], w: dims[2], channels: dims[3], window: self.window }
    }

    /// The gradient of the picture that the window walks over, `[b, h', w', inputs]`, from that of the result,
    /// `dy` `[b, oh, ow, outputs]`: a convolution too, of `dy` with zeros where the stride stepped over pixels.
    fn of_picture(&self, w: &[f32], dy: &[f32], of_dy: [usize; 4], seen: [usize; 2], out: &mut [f32]) {
        let ([batch, oh, ow, outputs], stride) = (of_dy, self.window.stride);
        let inputs = w.len() / (9 * outputs);
        let spread = |n: usize| (n - 1) * stride + 1;
        let (h, wide) = (spread(oh), spread(ow));
        let apart;
        let dy = if stride == 1 {
            dy
        } else {
            apart = spread_out(dy, of_dy, stride, [h, wide]);
            &apart
        };
        let before = 2 - self.window.before;
        // What the last window did not reach has no gradient: as many more zeros follow.
        let after = (seen[0] + 2 - h - before).max(seen[1] + 2 - wide - before);
        let window = Window { stride: 1, before, after, doubled: false };
        let rows = Cropped { rows: Windows { x: dy, batch, h, w: wide, channels: outputs, window }, seen };
        let panels = Panels::pack(Isa::best(), &turned(w, outputs, inputs), inputs, outputs, 9);
        multiply(&rows, &panels, Finish::default(), out);
    }
}

impl CustomOp2 for Convolution {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        of_x: &Layout,
        w: &CpuStorage,
        of_w: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let ((batch, h, wide, channels), (outputs, inputs, _, _)) =
            (of_x.shape().dims4()?, of_w.shape().dims4()?);
        if channels != inputs || of_w.dims()[2..] != [3, 3] {
            candle_core::bail!("a convolution of {:?} cannot take {:?}", of_w.dims(), of_x.dims());
        }
        let (x, w) = (operand(x, of_x)?, operand(w, of_w)?);
        let panels = Panels::pack(Isa::best(), w, outputs, inputs, 9);
        let shape = [batch, self.window.side(h), self.window.side(wide), outputs];
        let rows = self.windows(x, of_x.dims());
        Ok(result(&shape, |out| multiply(&rows, &panels, Finish::default(), out)))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        y: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let ((batch, h, wide, inputs), outputs) = (x.dims4()?, w.dim(0)?);
        let (_, oh, ow, _) = y.dims4()?;
        let dx = wanted(x, || {
            let times = if self.window.doubled { 2 } else { 1 };
            let seen = [times * h, times * wide];
            let of_seen = with_numbers([w, dy], |[w, dy]| {
                let shape = [batch, seen[0], seen[1], inputs];
                made(&shape, |out| self.of_picture(w, dy, [batch, oh, ow, outputs], seen, out))
            })?;
            if self.window.doubled { super::pointwise::halved(&of_seen) } else { Ok(of_seen) }
        })?;
        let dw = wanted(w, || {
            with_numbers([x, dy], |[numbers, dy]| {
                let rows = self.windows(numbers, x.dims());
                made(w.dims(), |out| {
                    over_rows(dy, outputs, &rows, 9 * inputs, |columns, part| {
                        place_taps(part, columns, inputs, out);
                    });
                })
            })
        })?;
        Ok((dx, dw))
    }
}

/// `dy^T rows`: the sum over rows of `dy` `[rows, outputs]` times `rows` `[rows, inputs]`, handed to `keep` in
/// parts: some columns, and `[outputs, columns]`.
fn over_rows(
    dy: &[f32],
    outputs: usize,
    rows: &impl Rows,
    inputs: usize,
    mut keep: impl FnMut(Range<usize>, &[f32]),
) {
    let count = dy.len() / outputs.max(1);
    let across = transposed(dy, outputs);
    let left = Dense { x: &across, inputs: count };
    let step = (GATHERED / count.max(1)).max(1).next_multiple_of(64);
    for start in (0..inputs).step_by(step) {
        let columns = start..inputs.min(start + step);
        let panels = Panels::gather(Isa::best(), rows, columns.clone());
        let mut part = vec![0.0; outputs * columns.len()];
        multiply(&left, &panels, Finish::default(), &mut part);
        keep(columns, &part);
    }
}

/// Puts `part` `[outputs, columns]` into `out` `[outputs, inputs]`.
fn place(part: &[f32], columns: Range<usize>, inputs: usize, out: &mut [f32]) {
    for (part, out) in part.chunks_exact(columns.len()).zip(out.chunks_exact_mut(inputs)) {
        out[columns.clone()].copy_from_slice(part);
    }
}

/// Puts `part` `[outputs, columns]`, columns counted tap by tap, into `out` `[outputs, inputs, 3, 3]`.
fn place_taps(part: &[f32], columns: Range<usize>, inputs: usize, out: &mut [f32]) {
    let rows = part.par_chunks_exact(columns.len()).zip(out.par_chunks_exact_mut(9 * inputs));
    rows.for_each(|(part, out)| {
        for (column, &value) in columns.clone().zip(part) {
            out[column % inputs * 9 + column / inputs] = value;
        }
    });
}

/// `[rows, columns]` to `[columns, rows]`.
pub(super) fn transposed(x: &[f32], columns: usize) -> Vec<f32> {
    /// Of a square that stays in the nearest cache.
    const SIDE: usize = 32;
    let rows = x.len() / columns.max(1);
    let mut out = vec![0.0; x.len()];
    let shared = Shared::new(&mut out);
    (0..rows.div_ceil(SIDE)).into_par_iter().for_each(|block| {
        let block = block * SIDE..rows.min((block + 1) * SIDE);
        for start in (0..columns).step_by(SIDE) {
            for column in start..columns.min(start + SIDE) {
                // SAFETY: these rows of this column are this block's alone.
                let to = unsafe { shared.part(column * rows + block.start, block.len()) };
                for (to, row) in to.iter_mut().zip(block.clone()) {
                    *to = x[row * columns + column];
                }
            }
        }
    });
    out
}

/// `w` `[outputs, inputs, 3, 3]` as `[inputs, outputs, 3, 3]`, each window turned by half a turn.
fn turned(w: &[f32], outputs: usize, inputs: usize) -> Vec<f32> {
    let mut out = vec![0.0; w.len()];
    out.par_chunks_exact_mut((9 * outputs).max(1)).enumerate().for_each(|(input, out)| {
        for (output, out) in out.chunks_exact_mut(9).enumerate() {
            let window = &w[(output * inputs + input) * 9..][..9];
            for (to, from) in out.iter_mut().zip(window.iter().rev()) {
                *to = *from;
            }
        }
    });
    out
}

/// `dy` `[b, oh, ow, channels]` on a grid `[b, h, w, channels]` of every `stride`th pixel, zeros between.
fn spread_out(dy: &[f32], [_, oh, ow, channels]: [usize; 4], stride: usize, [h, w]: [usize; 2]) -> Vec<f32> {
    let samples = dy.len() / (oh * ow * channels).max(1);
    let mut out = vec![0.0; samples * h * w * channels];
    for (line, from) in dy.chunks_exact(ow * channels).enumerate() {
        let at = (line / oh * h + line % oh * stride) * w * channels;
        for (to, from) in out[at..].chunks_mut(stride * channels).zip(from.chunks_exact(channels)) {
            to[..channels].copy_from_slice(from);
        }
    }
    out
}

/// Windows of which only the first rows and columns of each result count.
struct Cropped<'a> {
    rows: Windows<'a>,
    /// Rows and columns that count.
    seen: [usize; 2],
}

impl Rows for Cropped<'_> {
    fn rows(&self) -> usize {
        self.rows.batch * self.seen[0] * self.seen[1]
    }

    #[inline(always)]
    fn copy(&self, row: usize, k: usize, to: &mut [f32]) {
        let [h, w] = self.seen;
        let (oh, ow) = (self.rows.window.side(self.rows.h), self.rows.window.side(self.rows.w));
        let (line, column) = (row / w, row % w);
        self.rows.copy((line / h * oh + line % h) * ow + column, k, to);
    }
}

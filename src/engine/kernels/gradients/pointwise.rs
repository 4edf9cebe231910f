//! Functions of single numbers, biases, and doubled pictures.

use super::super::math::{gated_slope, gelu, gelu_slope};
use super::super::pointwise;
use super::super::simd::{Isa, Kernel, Simd};
use super::{Curve, made, operand, result, wanted, with_numbers};
use candle_core::{CpuStorage, CustomOp1, CustomOp2, D, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// Numbers that a thread takes at once.
const BLOCK: usize = 1 << 14;

/// Rows whose sums are taken together: fixed, so that threads do not change the result.
const ROWS: usize = 512;

impl Curve {
    /// The derivative at `x`.
    #[inline(always)]
    pub(super) fn slope<S: Simd>(self, s: S, x: S::V) -> S::V {
        match self {
            Self::Straight => s.splat(1.0),
            Self::Silu => gated_slope(s, x, 1.0),
            Self::Gelu => gelu_slope(s, x),
            Self::QuickGelu => gated_slope(s, x, 1.702),
        }
    }
}

/// `curve(x)`.
pub(in crate::engine) fn bend(x: &Tensor, curve: Curve) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Bend { curve })
}

struct Bend {
    curve: Curve,
}

impl CustomOp1 for Bend {
    fn name(&self) -> &'static str {
        "bend"
    }

    fn cpu_fwd(&self, x: &CpuStorage, of_x: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = operand(x, of_x)?;
        Ok(result(of_x.dims(), |out| pointwise::bend(Isa::best(), x, self.curve, out)))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        with_numbers([x, dy], |[numbers, dy]| {
            made(x.dims(), |out| {
                let parts =
                    out.par_chunks_mut(BLOCK).zip(numbers.par_chunks(BLOCK).zip(dy.par_chunks(BLOCK)));
                parts.for_each(|(out, (x, dy))| Isa::best().run(Unbend { x, dy, curve: self.curve, out }));
            })
        })
        .map(Some)
    }
}

struct Unbend<'a> {
    x: &'a [f32],
    dy: &'a [f32],
    curve: Curve,
    out: &'a mut [f32],
}

impl Kernel for Unbend<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let inputs = self.x.chunks(S::LANES).zip(self.dy.chunks(S::LANES));
        for ((x, dy), out) in inputs.zip(self.out.chunks_mut(S::LANES)) {
            let slope = self.curve.slope(s, s.load_some(x));
            s.store_some(s.mul(slope, s.load_some(dy)), out);
        }
    }
}

/// Of `x` `[.., 2c]`: the first half times the exact GELU of the second, `[.., c]`.
pub(in crate::engine) fn geglu(x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Geglu)
}

struct Geglu;

impl CustomOp1 for Geglu {
    fn name(&self) -> &'static str {
        "geglu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, of_x: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut shape = of_x.dims().to_vec();
        let width = match shape.last_mut() {
            Some(last) if *last % 2 == 0 => {
                *last /= 2;
                *last
            }
            _ => candle_core::bail!("{:?} has no two halves", of_x.dims()),
        };
        let x = operand(x, of_x)?;
        Ok(result(&shape, |out| pointwise::geglu(Isa::best(), x, width, out)))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let width = dy.dim(D::Minus1)?.max(1);
        with_numbers([x, dy], |[numbers, dy]| {
            made(x.dims(), |out| {
                let rows = (BLOCK / width).max(1);
                let (twice, once) = (2 * rows * width, rows * width);
                let parts = out.par_chunks_mut(twice).zip(numbers.par_chunks(twice).zip(dy.par_chunks(once)));
                parts.for_each(|(out, (x, dy))| Isa::best().run(Ungate { x, dy, width, out }));
            })
        })
        .map(Some)
    }
}

struct Ungate<'a> {
    x: &'a [f32],
    dy: &'a [f32],
    width: usize,
    out: &'a mut [f32],
}

impl Kernel for Ungate<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.width;
        let rows = self.x.chunks_exact(2 * width).zip(self.dy.chunks_exact(width));
        for ((x, dy), out) in rows.zip(self.out.chunks_exact_mut(2 * width)) {
            let ((x, gate), (dx, dgate)) = (x.split_at(width), out.split_at_mut(width));
            let inputs = x.chunks(S::LANES).zip(gate.chunks(S::LANES)).zip(dy.chunks(S::LANES));
            let outputs = dx.chunks_mut(S::LANES).zip(dgate.chunks_mut(S::LANES));
            for (((x, gate), dy), (dx, dgate)) in inputs.zip(outputs) {
                let (gate, dy) = (s.load_some(gate), s.load_some(dy));
                s.store_some(s.mul(dy, gelu(s, gate)), dx);
                s.store_some(s.mul(s.mul(dy, s.load_some(x)), gelu_slope(s, gate)), dgate);
            }
        }
    }
}

/// `y + b` over the last axis: `y` `[.., n]`, `b` `[n]`.
pub(super) struct AddBias;

impl CustomOp2 for AddBias {
    fn name(&self) -> &'static str {
        "bias"
    }

    fn cpu_fwd(
        &self,
        y: &CpuStorage,
        of_y: &Layout,
        b: &CpuStorage,
        of_b: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (y, b) = (operand(y, of_y)?, operand(b, of_b)?);
        if of_y.dims().last() != Some(&b.len()) || b.is_empty() {
            candle_core::bail!("a bias of {:?} does not fit {:?}", of_b.dims(), of_y.dims());
        }
        let block = (BLOCK / b.len()).max(1) * b.len();
        Ok(result(of_y.dims(), |out| {
            out.par_chunks_mut(block).zip(y.par_chunks(block)).for_each(|(out, y)| {
                for (out, y) in out.chunks_exact_mut(b.len()).zip(y.chunks_exact(b.len())) {
                    for ((out, y), b) in out.iter_mut().zip(y).zip(b) {
                        *out = y + b;
                    }
                }
            });
        }))
    }

    fn bwd(
        &self,
        y: &Tensor,
        b: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let db = wanted(b, || {
            with_numbers([dy], |[dy]| {
                Tensor::from_vec(column_sums(dy, b.elem_count()), b.shape(), b.device())
            })
        })?;
        Ok((wanted(y, || Ok(dy.clone()))?, db))
    }
}

/// Sums of each column of `x` `[rows, columns]`, block of rows by block, then the blocks' in their order.
fn column_sums(x: &[f32], columns: usize) -> Vec<f32> {
    let blocks = x.par_chunks((ROWS * columns).max(1));
    let sums = blocks.map(|rows| {
        let mut sums = vec![0.0; columns];
        for row in rows.chunks_exact(columns) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
        sums
    });
    let parts: Vec<Vec<f32>> = sums.collect();
    let sum = |column: usize| parts.iter().map(|part| f64::from(part[column])).sum::<f64>() as f32;
    (0..columns).map(sum).collect()
}

/// `x` `[b, h, w, c]` to `[b, 2h, 2w, c]`: each pixel four times.
pub(in crate::engine) fn double(x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Double)
}

struct Double;

impl CustomOp1 for Double {
    fn name(&self) -> &'static str {
        "double"
    }

    fn cpu_fwd(&self, x: &CpuStorage, of_x: &Layout) -> Result<(CpuStorage, Shape)> {
        let (b, h, w, c) = of_x.shape().dims4()?;
        let x = operand(x, of_x)?;
        Ok(result(&[b, 2 * h, 2 * w, c], |out| pointwise::double(x, w, c, out)))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        halved(dy).map(Some)
    }
}

/// The sum of each square of four pixels: `[b, 2h, 2w, c]` to `[b, h, w, c]`.
pub(super) fn halved(dy: &Tensor) -> Result<Tensor> {
    let (b, h, w, c) = dy.dims4()?;
    let (h, w) = (h / 2, w / 2);
    with_numbers([dy], |[dy]| {
        made(&[b, h, w, c], |out| {
            let line = 2 * w * c;
            if line == 0 {
                return;
            }
            out.par_chunks_mut(w * c).zip(dy.par_chunks(2 * line)).for_each(|(out, lines)| {
                let (above, below) = lines.split_at(line);
                let squares = above.chunks_exact(2 * c).zip(below.chunks_exact(2 * c));
                for (out, (above, below)) in out.chunks_exact_mut(c).zip(squares) {
                    for (i, out) in out.iter_mut().enumerate() {
                        *out = (above[i] + above[c + i]) + (below[i] + below[c + i]);
                    }
                }
            });
        })
    })
}

//! Functions of single numbers, and doubled pictures.

use super::gemm::Curve;
use super::simd::{Isa, Kernel, Simd};
use rayon::prelude::*;

/// Numbers that a thread takes at once.
const BLOCK: usize = 1 << 14;

/// `out` becomes `curve(x)`.
pub(super) fn bend(isa: Isa, x: &[f32], curve: Curve, out: &mut [f32]) {
    out.par_chunks_mut(BLOCK).zip(x.par_chunks(BLOCK)).for_each(|(out, x)| isa.run(Bend { x, curve, out }));
}

struct Bend<'a> {
    x: &'a [f32],
    curve: Curve,
    out: &'a mut [f32],
}

impl Kernel for Bend<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (x, out) in self.x.chunks(S::LANES).zip(self.out.chunks_mut(S::LANES)) {
            s.store_some(self.curve.of(s, s.load_some(x)), out);
        }
    }
}

/// `out` `[rows, width]` becomes the first half of each row of `x` `[rows, 2 width]` times the exact GELU of
/// the second.
pub(super) fn geglu(isa: Isa, x: &[f32], width: usize, out: &mut [f32]) {
    let rows = (BLOCK / width.max(1)).max(1);
    let (from, to) = ((rows * width * 2).max(1), (rows * width).max(1));
    out.par_chunks_mut(to).zip(x.par_chunks(from)).for_each(|(out, x)| isa.run(Gate { x, width, out }));
}

struct Gate<'a> {
    x: &'a [f32],
    width: usize,
    out: &'a mut [f32],
}

impl Kernel for Gate<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (x, out) in self.x.chunks_exact(2 * self.width).zip(self.out.chunks_exact_mut(self.width)) {
            let (x, gate) = x.split_at(self.width);
            let inputs = x.chunks(S::LANES).zip(gate.chunks(S::LANES));
            for ((x, gate), out) in inputs.zip(out.chunks_mut(S::LANES)) {
                let gate = Curve::Gelu.of(s, s.load_some(gate));
                s.store_some(s.mul(s.load_some(x), gate), out);
            }
        }
    }
}

/// Each pixel of `x` `[lines, w, channels]` twice in both directions, `[2 lines, 2 w, channels]`.
pub(super) fn double(x: &[f32], w: usize, channels: usize, out: &mut [f32]) {
    let line = w * channels;
    if line == 0 {
        return;
    }
    out.par_chunks_mut(4 * line).zip(x.par_chunks(line)).for_each(|(out, x)| {
        let (above, below) = out.split_at_mut(2 * line);
        for (out, x) in above.chunks_exact_mut(2 * channels).zip(x.chunks_exact(channels)) {
            out[..channels].copy_from_slice(x);
            out[channels..].copy_from_slice(x);
        }
        below.copy_from_slice(above);
    });
}

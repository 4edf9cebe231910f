//! Attention by blocks of keys and queries: softmax is taken as the keys pass by, and no whole row of
//! scores ever exists.
//!
//! Scores lie with a row for each key and a lane for each query: every lane has a softmax of its own, and
//! the weights are the right-hand side of the next product as they stand. Blocks have fixed lengths, so the
//! result depends neither on threads nor on the rest of the batch.

use super::math::exp2_of_small;
use super::memory::{Aligned, Shared, with_scratch};
use super::simd::{Form, Isa, Kernel, Shape, Simd, Tile};
use candle_core::Result;
use rayon::prelude::*;

/// Keys that are looked at together: whole tiles of every instruction set, scores within the nearest cache.
const KEYS: usize = 168;

/// Vectors that a lane's state may have.
const MOST_VECTORS: usize = 2;

/// Sizes of an attention.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) batch: usize,
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    pub(crate) heads: usize,
    /// Channels of one head.
    pub(crate) width: usize,
    /// Keys and values of one sample serve the batch.
    pub(crate) shared: bool,
    /// A query sees the keys up to its own place.
    pub(crate) causal: bool,
}

impl Sizes {
    /// Of `q` `[b, n, c]` with `k` and `v` `[b or 1, m, c]`; `heads` must divide `c`.
    pub(super) fn of(q: &[usize], k: &[usize], v: &[usize], heads: usize, causal: bool) -> Result<Self> {
        match (q, k) {
            (&[batch, queries, channels], &[samples, keys, of_keys])
                if k == v
                    && of_keys == channels
                    && (samples == batch || samples == 1)
                    && heads > 0
                    && channels % heads == 0 =>
            {
                let (width, shared) = (channels / heads, samples != batch);
                Ok(Self { batch, queries, keys, heads, width, shared, causal })
            }
            _ => candle_core::bail!("{heads} heads cannot attend from {q:?} to {k:?} and {v:?}"),
        }
    }

    fn samples(&self) -> usize {
        if self.shared { self.batch.min(1) } else { self.batch }
    }
}

/// `out` `[b, n, c]` becomes `softmax(q k^T / sqrt(width)) v` by heads: `q` `[b, n, c]`, `k` and `v`
/// `[b or 1, m, c]`.
pub(super) fn attend(isa: Isa, sizes: Sizes, q: &[f32], k: &[f32], v: &[f32], out: &mut [f32]) {
    let Sizes { batch, queries, keys, heads, width, shared, .. } = sizes;
    assert!(q.len() == batch * queries * heads * width && out.len() == q.len());
    assert!(k.len() == sizes.samples() * keys * heads * width && v.len() == k.len());
    if out.is_empty() || keys == 0 {
        out.fill(0.0);
        return;
    }
    let shape = isa.shape();
    let heads_of_all = (0..sizes.samples() * heads).into_par_iter();
    let packed: Vec<Packed> = heads_of_all.map(|i| Packed::new(shape, sizes, i, k, v)).collect();
    let blocks = queries.div_ceil(shape.wide);
    let out = Shared::new(out);
    (0..batch * heads * blocks).into_par_iter().for_each(|task| {
        let (b, first) = (task / blocks, task % blocks * shape.wide);
        let (b, head) = (b / heads, b % heads);
        let packed = &packed[if shared { head } else { b * heads + head }];
        let count = (queries - first).min(shape.wide);
        with_scratch((2 * width.next_multiple_of(shape.rows) + KEYS) * shape.wide, |scratch| {
            isa.run(Block { sizes, q, packed, out, b, head, first, count, scratch });
        });
    });
}

/// A head's keys and values as left-hand sides, in columns of a tile's rows.
struct Packed {
    /// Tiles of keys, in each `[width, rows]`.
    keys: Aligned,
    /// Tiles of channels, in each `[keys, rows]`.
    values: Aligned,
}

impl Packed {
    fn new(shape: Shape, sizes: Sizes, i: usize, k: &[f32], v: &[f32]) -> Self {
        let (Sizes { keys: count, heads, width, .. }, rows) = (sizes, shape.rows);
        let mut keys = Aligned::zeros(count.next_multiple_of(rows) * width);
        let mut values = Aligned::zeros(width.next_multiple_of(rows) * count);
        let (to_keys, to_values) = (keys.floats_mut(), values.floats_mut());
        for place in 0..count {
            let from = ((i / heads * count + place) * heads + i % heads) * width;
            let tile = &mut to_keys[place / rows * width * rows + place % rows..];
            for (to, &key) in tile.iter_mut().step_by(rows).zip(&k[from..from + width]) {
                *to = key;
            }
            for (t, values) in v[from..from + width].chunks(rows).enumerate() {
                to_values[(t * count + place) * rows..][..values.len()].copy_from_slice(values);
            }
        }
        Self { keys, values }
    }
}

/// As many queries of one head as a tile is wide.
struct Block<'a> {
    sizes: Sizes,
    q: &'a [f32],
    packed: &'a Packed,
    out: Shared<'a>,
    b: usize,
    head: usize,
    /// The first query.
    first: usize,
    count: usize,
    scratch: &'a mut [f32],
}

/// What softmax knows of each query so far.
struct Lanes<S: Simd> {
    largest: [S::V; MOST_VECTORS],
    total: [S::V; MOST_VECTORS],
}

impl Kernel for Block<'_> {
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let Sizes { keys, width, causal, .. } = self.sizes;
        let (wide, channels) = (S::LANES * S::VECTORS, width.next_multiple_of(S::ROWS));
        let scratch = std::mem::take(&mut self.scratch);
        let (queries, rest) = scratch.split_at_mut(width * wide);
        let (scores, sums) = rest.split_at_mut(KEYS * wide);
        let sums = &mut sums[..channels * wide];
        self.transpose_queries(queries, wide);
        sums.fill(0.0);
        let mut lanes = Lanes::<S> {
            largest: [s.splat(f32::NEG_INFINITY); MOST_VECTORS],
            total: [s.splat(0.0); MOST_VECTORS],
        };
        let seen = if causal { (self.first + self.count).min(keys) } else { keys };
        for start in (0..seen).step_by(KEYS) {
            let count = KEYS.min(seen - start);
            self.score(s, queries, start, count, scores);
            let scores = &mut scores[..count * wide];
            if causal {
                self.hide(scores, wide, start);
            }
            soften(s, scores, &mut lanes, sums);
            for (t, c) in sums.chunks_exact_mut(S::ROWS * wide).enumerate() {
                let a = &self.packed.values.floats()[(t * keys + start) * S::ROWS..];
                let tile = Tile { a, b: scores, depth: count, c, c_stride: wide, fresh: false };
                s.tile(tile, Form::Columns);
            }
        }
        self.write(s, &lanes, sums, queries);
    }
}

impl Block<'_> {
    /// Where query `i`'s channels of this head start.
    #[inline(always)]
    fn place(&self, i: usize) -> usize {
        let Sizes { queries, heads, width, .. } = self.sizes;
        ((self.b * queries + self.first + i) * heads + self.head) * width
    }

    /// `[width, wide]`, scaled so that weights are powers of two.
    #[inline(always)]
    fn transpose_queries(&self, to: &mut [f32], wide: usize) {
        let scale = std::f32::consts::LOG2_E / (self.sizes.width as f32).sqrt();
        for lane in 0..wide {
            // Lanes without a query of their own repeat the last one: their numbers stay ordinary.
            let from = self.place(lane.min(self.count - 1));
            let query = &self.q[from..from + self.sizes.width];
            for (to, from) in to[lane..].iter_mut().step_by(wide).zip(query) {
                *to = from * scale;
            }
        }
    }

    /// Scores of `count` keys from `start` on, which starts a tile.
    #[inline(always)]
    fn score<S: Simd>(&self, s: S, b: &[f32], start: usize, count: usize, scores: &mut [f32]) {
        let (width, wide) = (self.sizes.width, S::LANES * S::VECTORS);
        let tiles = self.packed.keys.floats()[start * width..].chunks_exact(S::ROWS * width);
        let scores = scores.chunks_exact_mut(S::ROWS * wide).take(count.div_ceil(S::ROWS));
        for (a, c) in tiles.zip(scores) {
            s.tile(Tile { a, b, depth: width, c, c_stride: wide, fresh: true }, Form::Columns);
        }
    }

    /// Hides the keys that stand after their query.
    #[inline(always)]
    fn hide(&self, scores: &mut [f32], wide: usize, start: usize) {
        for (key, scores) in scores.chunks_exact_mut(wide).enumerate() {
            let before = (start + key).saturating_sub(self.first).min(wide);
            scores[..before].fill(f32::NEG_INFINITY);
        }
    }

    /// Writes the weighted means, in a row for each channel, into the result. `turned` is free for use.
    #[inline(always)]
    fn write<S: Simd>(&self, s: S, lanes: &Lanes<S>, sums: &mut [f32], turned: &mut [f32]) {
        let (width, wide) = (self.sizes.width, S::LANES * S::VECTORS);
        for row in sums.chunks_exact_mut(wide) {
            for (sum, total) in row.chunks_exact_mut(S::LANES).zip(lanes.total) {
                s.store(s.div(s.load(sum), total), sum);
            }
        }
        for lane in 0..self.count {
            let turned = &mut turned[..width];
            for (to, &from) in turned.iter_mut().zip(sums[lane..].iter().step_by(wide)) {
                *to = from;
            }
            // SAFETY: no other block has these queries of this head.
            unsafe { self.out.part(self.place(lane), width) }.copy_from_slice(turned);
        }
    }
}

/// Turns scores, a row for each key, into weights, and brings what was summed before to the same scale.
#[inline(always)]
fn soften<S: Simd>(s: S, scores: &mut [f32], lanes: &mut Lanes<S>, sums: &mut [f32]) {
    let wide = S::LANES * S::VECTORS;
    for v in 0..S::VECTORS {
        let part = v * S::LANES..(v + 1) * S::LANES;
        // Several chains at once: one alone would wait for its own last step.
        let (old, low) = (lanes.largest[v], s.splat(f32::NEG_INFINITY));
        let mut most = [old, low, low, low];
        for rows in scores.chunks(4 * wide) {
            for (most, row) in most.iter_mut().zip(rows.chunks_exact(wide)) {
                *most = s.max(*most, s.load(&row[part.clone()]));
            }
        }
        let most = s.max(s.max(most[0], most[1]), s.max(most[2], most[3]));
        let mut sum = s.splat(0.0);
        for row in scores.chunks_exact_mut(wide) {
            let score = &mut row[part.clone()];
            let weight = exp2_of_small(s, s.sub(s.load(score), most));
            sum = s.add(sum, weight);
            s.store(weight, score);
        }
        let shrink = exp2_of_small(s, s.sub(old, most));
        lanes.largest[v] = most;
        lanes.total[v] = s.mul_add(lanes.total[v], shrink, sum);
        for row in sums.chunks_exact_mut(wide) {
            let sum = &mut row[part.clone()];
            s.store(s.mul(s.load(sum), shrink), sum);
        }
    }
}

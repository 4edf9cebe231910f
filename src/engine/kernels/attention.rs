//! Attention by blocks of queries and keys: softmax is taken as the keys pass by, and no whole row of
//! scores ever exists.
//!
//! Blocks have fixed lengths, so the result depends neither on threads nor on the rest of the batch.

use super::gemm::Panels;
use super::math::exp2;
use super::memory::{Shared, with_scratch};
use super::simd::{DEPTH, Isa, Kernel, STRIDE, Shape, Simd, Tile};
use rayon::prelude::*;

/// Keys that are looked at together: a left-hand block's width.
const KEYS: usize = 256;

/// Tiles of queries that are looked at together.
const TILES: usize = 4;

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

/// `out` `[b, n, c]` becomes `softmax(q k^T / sqrt(width)) v` by heads: `q` `[b, n, c]`, `k` and `v`
/// `[b or 1, m, c]`.
pub(super) fn attend(isa: Isa, sizes: Sizes, q: &[f32], k: &[f32], v: &[f32], out: &mut [f32]) {
    let Sizes { batch, queries, keys, heads, width, shared, .. } = sizes;
    let samples = if shared { batch.min(1) } else { batch };
    assert!(q.len() == batch * queries * heads * width && out.len() == q.len());
    assert!(k.len() == samples * keys * heads * width && v.len() == k.len());
    if out.is_empty() || keys == 0 {
        out.fill(0.0);
        return;
    }
    let head = |i: usize| {
        let part = |x: &[f32], place: usize| {
            let at = ((i / heads * keys + place) * heads + i % heads) * width;
            at..at + width.min(x.len())
        };
        Packed {
            keys: Panels::gather(isa, width, keys, |place| &k[part(k, place)]),
            values: Panels::spread(isa, keys, width, |place| &v[part(v, place)]),
        }
    };
    let packed: Vec<Packed> = (0..samples * heads).into_par_iter().map(head).collect();
    let rows = TILES * isa.shape().rows;
    let blocks = queries.div_ceil(rows);
    let out = Shared::new(out);
    (0..batch * heads * blocks).into_par_iter().for_each(|task| {
        let (b, block) = (task / blocks, task % blocks);
        let (b, head) = (b / heads, b % heads);
        let packed = &packed[if shared { head } else { b * heads + head }];
        let count = (queries - block * rows).min(rows);
        let room = Room::new(isa.shape(), width);
        with_scratch(room.floats(), |scratch| {
            isa.run(Block { sizes, q, packed, out, b, head, first: block * rows, count, room, scratch });
        });
    });
}

/// A head's keys, transposed, and values as right-hand sides.
struct Packed {
    keys: Panels,
    values: Panels,
}

/// Where a block's numbers lie in its scratch.
#[derive(Clone, Copy)]
struct Room {
    rows: usize,
    /// Blocks of a query's channels.
    depths: usize,
    /// Columns of a row of sums.
    columns: usize,
}

impl Room {
    fn new(shape: Shape, width: usize) -> Self {
        let columns = width.next_multiple_of(shape.lanes);
        Self { rows: TILES * shape.rows, depths: width.div_ceil(DEPTH), columns }
    }

    fn floats(self) -> usize {
        self.rows * (self.depths * STRIDE + STRIDE + self.columns + 2)
    }
}

/// Some queries of one head.
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
    room: Room,
    scratch: &'a mut [f32],
}

impl Kernel for Block<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Room { rows, depths, columns } = self.room;
        let (queries, rest) = self.scratch.split_at_mut(rows * depths * STRIDE);
        let (scores, rest) = rest.split_at_mut(rows * STRIDE);
        let (sums, rest) = rest.split_at_mut(rows * columns);
        let (largest, totals) = rest.split_at_mut(rows);
        largest.fill(f32::NEG_INFINITY);
        totals.fill(0.0);
        sums.fill(0.0);
        let Sizes { keys, heads, width, causal, .. } = self.sizes;
        let channels = heads * width;
        let at = |row: usize| (self.b * self.sizes.queries + self.first + row) * channels + self.head * width;
        // Powers of two are taken of the scores.
        let scale = std::f32::consts::LOG2_E / (width as f32).sqrt();
        for row in 0..self.count {
            for (d, part) in self.q[at(row)..at(row) + width].chunks(DEPTH).enumerate() {
                let to = &mut queries[(d * rows + row) * STRIDE..][..part.len()];
                for (to, from) in to.iter_mut().zip(part) {
                    *to = from * scale;
                }
            }
        }
        let seen = if causal { (self.first + self.count).min(keys) } else { keys };
        for start in (0..seen).step_by(KEYS) {
            let count = KEYS.min(seen - start);
            score(s, queries, rows, &self.packed.keys, width, start..start + count, scores);
            for row in 0..self.count {
                let visible = if causal { (self.first + row + 1).saturating_sub(start) } else { count };
                let (scores, sums) = (&mut scores[row * STRIDE..], &mut sums[row * columns..]);
                let sums = &mut sums[..columns];
                let state = (&mut largest[row], &mut totals[row]);
                soften(s, &mut scores[..count], visible.min(count), state, sums);
            }
            gather(s, scores, &self.packed.values, start..start + count, sums, columns);
        }
        for row in 0..self.count {
            // SAFETY: no other block has these queries of this head.
            let out = unsafe { self.out.part(at(row), width) };
            let inverse = s.splat(1.0 / totals[row]);
            for (i, out) in out.chunks_mut(S::LANES).enumerate() {
                let sum = s.load(&sums[row * columns + i * S::LANES..]);
                s.store_some(s.mul(sum, inverse), out);
            }
        }
    }
}

/// Scores of all queries against some keys, which start a panel.
#[inline(always)]
fn score<S: Simd>(
    s: S,
    queries: &[f32],
    rows: usize,
    keys: &Panels,
    width: usize,
    some: std::ops::Range<usize>,
    scores: &mut [f32],
) {
    let wide = S::LANES * S::VECTORS;
    for p in some.start / wide..some.end.div_ceil(wide) {
        let (panel, columns) = keys.panel(p);
        for (d, queries) in queries.chunks_exact(rows * STRIDE).enumerate() {
            let depth = DEPTH.min(width - d * DEPTH);
            let b = &panel[d * DEPTH * columns..(d * DEPTH + depth) * columns];
            let tiles = queries.chunks_exact(S::ROWS * STRIDE);
            for (a, c) in tiles.zip(scores.chunks_exact_mut(S::ROWS * STRIDE)) {
                let c = &mut c[p * wide - some.start..];
                s.tile(Tile { a, b, depth, c, c_stride: STRIDE, fresh: d == 0 }, columns > S::LANES);
            }
        }
    }
}

/// Turns the first `visible` of a query's scores into weights and the others into zeros, and brings what was
/// summed before to the same scale. `state` is the largest score so far and the sum of the weights.
#[inline(always)]
fn soften<S: Simd>(
    s: S,
    scores: &mut [f32],
    visible: usize,
    (largest, total): (&mut f32, &mut f32),
    sums: &mut [f32],
) {
    let (scores, hidden) = scores.split_at_mut(visible);
    hidden.fill(0.0);
    if scores.is_empty() {
        return;
    }
    let mut most = s.splat(*largest);
    let mut chunks = scores.chunks_exact(S::LANES);
    for chunk in &mut chunks {
        most = s.max(most, s.load(chunk));
    }
    let most = chunks.remainder().iter().fold(s.largest(most), |most, &score| most.max(score));
    let (old, new) = (*largest, s.splat(most));
    let mut sum = s.splat(0.0);
    let mut chunks = scores.chunks_exact_mut(S::LANES);
    for chunk in &mut chunks {
        let weight = exp2(s, s.sub(s.load(chunk), new));
        sum = s.add(sum, weight);
        s.store(weight, chunk);
    }
    let mut rest = 0.0;
    let last = chunks.into_remainder();
    if !last.is_empty() {
        s.store_some(exp2(s, s.sub(s.load_some(last), new)), last);
        rest = last.iter().sum();
    }
    let sum = s.sum(sum) + rest;
    if old == most {
        *total += sum;
        return;
    }
    let shrink = if old == f32::NEG_INFINITY { 0.0 } else { (old - most).exp2() };
    *total = *total * shrink + sum;
    *largest = most;
    for sums in sums.chunks_exact_mut(S::LANES) {
        s.store(s.mul(s.load(sums), s.splat(shrink)), sums);
    }
}

/// Adds the values of some keys by weight.
#[inline(always)]
fn gather<S: Simd>(
    s: S,
    weights: &[f32],
    values: &Panels,
    some: std::ops::Range<usize>,
    sums: &mut [f32],
    columns: usize,
) {
    for p in 0..values.count() {
        let (panel, width) = values.panel(p);
        let b = &panel[some.start * width..some.end * width];
        let tiles = weights.chunks_exact(S::ROWS * STRIDE);
        for (a, c) in tiles.zip(sums.chunks_exact_mut(S::ROWS * columns)) {
            let c = &mut c[p * S::LANES * S::VECTORS..];
            s.tile(Tile { a, b, depth: some.len(), c, c_stride: columns, fresh: false }, width > S::LANES);
        }
    }
}

//! Normalisations over channels-last pictures and over tokens.

use super::gemm::Curve;
use super::memory::with_scratch;
use super::simd::{Isa, Kernel, Simd};
use rayon::prelude::*;

/// Pixels whose sums are taken together: fixed, so that threads do not change the result.
const PIXELS: usize = 512;

/// Scale and shift of a normalisation, `[channels]` each, and what is added to the variance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Affine<'a> {
    pub(crate) weight: &'a [f32],
    pub(crate) bias: &'a [f32],
    pub(crate) eps: f32,
}

/// Count, mean and summed squared deviation of some numbers.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Chan's parallel formula.
    fn and(self, other: Self) -> Self {
        let count = self.count + other.count;
        if count == 0.0 {
            return self;
        }
        let gap = other.mean - self.mean;
        Self {
            count,
            mean: self.mean + gap * other.count / count,
            squares: self.squares + other.squares + gap * gap * self.count * other.count / count,
        }
    }
}

/// Normalises groups of channels over each sample of `x` `[b, pixels, channels]`, then bends by `curve`.
pub(super) fn group_norm(
    isa: Isa,
    x: &[f32],
    pixels: usize,
    groups: usize,
    affine: Affine<'_>,
    curve: Curve,
    out: &mut [f32],
) {
    let channels = affine.weight.len();
    let moments = group_moments(isa, x, pixels, channels, groups);
    let (mut gains, mut shifts) = (Vec::with_capacity(moments.len()), Vec::with_capacity(moments.len()));
    for (i, [mean, variance]) in moments.into_iter().enumerate() {
        let gain = f64::from(affine.weight[i % channels]) / (variance + f64::from(affine.eps)).sqrt();
        gains.push(gain as f32);
        shifts.push((f64::from(affine.bias[i % channels]) - mean * gain) as f32);
    }
    scaled(isa, x, [pixels, channels], (&gains, &shifts), curve, out);
}

/// Mean and variance of each sample's groups, repeated for the group's channels: `[b, channels]`.
pub(super) fn group_moments(
    isa: Isa,
    x: &[f32],
    pixels: usize,
    channels: usize,
    groups: usize,
) -> Vec<[f64; 2]> {
    let size = (channels / groups.max(1)).max(1);
    let parts_of = |x: &[f32]| -> Vec<Vec<Moments>> {
        let parts = x.par_chunks((PIXELS * channels).max(1));
        parts.map(|x| moments(isa, x, channels)).collect()
    };
    let samples = x.par_chunks((pixels * channels).max(1)).map(parts_of);
    let samples: Vec<Vec<Vec<Moments>>> = samples.collect();
    let group = |parts: &[Vec<Moments>], first: usize| {
        let all = parts.iter().flat_map(|part| &part[first..first + size]);
        let Moments { count, mean, squares } = all.fold(Moments::default(), |all, &some| all.and(some));
        [mean, squares / count]
    };
    let mut repeated = Vec::with_capacity(samples.len() * channels);
    for parts in &samples {
        for first in (0..channels).step_by(size) {
            repeated.extend(std::iter::repeat_n(group(parts, first), size));
        }
    }
    repeated
}

/// Each channel's moments over some pixels.
fn moments(isa: Isa, x: &[f32], channels: usize) -> Vec<Moments> {
    let mut moments = vec![Moments::default(); channels];
    with_scratch(3 * channels, |scratch| isa.run(Sums { x, channels, scratch, moments: &mut moments }));
    moments
}

/// `curve(gain x + shift)`, `gain` and `shift` `[b, channels]`.
pub(super) fn scaled(
    isa: Isa,
    x: &[f32],
    [pixels, channels]: [usize; 2],
    (gains, shifts): (&[f32], &[f32]),
    curve: Curve,
    out: &mut [f32],
) {
    if x.is_empty() {
        return;
    }
    let (sample, block) = (pixels * channels, PIXELS * channels);
    let lines = gains.par_chunks(channels).zip(shifts.par_chunks(channels));
    out.par_chunks_mut(sample).zip(x.par_chunks(sample)).zip(lines).for_each(|((out, x), (gain, shift))| {
        out.par_chunks_mut(block).zip(x.par_chunks(block)).for_each(|(out, x)| {
            isa.run(Apply { x, gain, shift, curve, out });
        });
    });
}

/// Each channel's moments over some pixels.
struct Sums<'a> {
    x: &'a [f32],
    channels: usize,
    scratch: &'a mut [f32],
    moments: &'a mut [Moments],
}

impl Kernel for Sums<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // Deviations from the first pixel: sums of squares then lose nothing to a large mean.
        let (first, rest) = self.scratch.split_at_mut(self.channels);
        let (sums, squares) = rest.split_at_mut(self.channels);
        first.copy_from_slice(&self.x[..self.channels]);
        sums.fill(0.0);
        squares.fill(0.0);
        for pixel in self.x.chunks_exact(self.channels) {
            let state =
                first.chunks(S::LANES).zip(sums.chunks_mut(S::LANES)).zip(squares.chunks_mut(S::LANES));
            for (x, ((first, sum), square)) in pixel.chunks(S::LANES).zip(state) {
                if x.len() == S::LANES {
                    let gap = s.sub(s.load(x), s.load(first));
                    s.store(s.add(s.load(sum), gap), sum);
                    s.store(s.mul_add(gap, gap, s.load(square)), square);
                } else {
                    let gap = s.sub(s.load_some(x), s.load_some(first));
                    s.store_some(s.add(s.load_some(sum), gap), sum);
                    s.store_some(s.mul_add(gap, gap, s.load_some(square)), square);
                }
            }
        }
        let count = (self.x.len() / self.channels) as f64;
        for (channel, moments) in self.moments.iter_mut().enumerate() {
            let mean = f64::from(sums[channel]) / count;
            *moments = Moments {
                count,
                mean: f64::from(first[channel]) + mean,
                squares: (f64::from(squares[channel]) - mean * mean * count).max(0.0),
            };
        }
    }
}

/// `curve(gain x + shift)` channel by channel.
struct Apply<'a> {
    x: &'a [f32],
    gain: &'a [f32],
    shift: &'a [f32],
    curve: Curve,
    out: &'a mut [f32],
}

impl Kernel for Apply<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let channels = self.gain.len();
        for (x, out) in self.x.chunks_exact(channels).zip(self.out.chunks_exact_mut(channels)) {
            line(s, x, self.gain, self.shift, self.curve, out);
        }
    }
}

#[inline(always)]
fn line<S: Simd>(s: S, x: &[f32], gain: &[f32], shift: &[f32], curve: Curve, out: &mut [f32]) {
    let lines = gain.chunks(S::LANES).zip(shift.chunks(S::LANES));
    for ((x, out), (gain, shift)) in x.chunks(S::LANES).zip(out.chunks_mut(S::LANES)).zip(lines) {
        if x.len() == S::LANES {
            let y = s.mul_add(s.load(x), s.load(gain), s.load(shift));
            s.store(curve.of(s, y), out);
        } else {
            let y = s.mul_add(s.load_some(x), s.load_some(gain), s.load_some(shift));
            s.store_some(curve.of(s, y), out);
        }
    }
}

/// Tokens that a thread takes at once.
const TOKENS: usize = 32;

/// Normalises each token of `x` `[.., channels]`.
pub(super) fn layer_norm(isa: Isa, x: &[f32], affine: Affine<'_>, out: &mut [f32]) {
    let block = (affine.weight.len() * TOKENS).max(1);
    out.par_chunks_mut(block).zip(x.par_chunks(block)).for_each(|(out, x)| {
        isa.run(Tokens { x, affine, out });
    });
}

struct Tokens<'a> {
    x: &'a [f32],
    affine: Affine<'a>,
    out: &'a mut [f32],
}

impl Kernel for Tokens<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Affine { weight, bias, eps } = self.affine;
        let channels = weight.len();
        for (x, out) in self.x.chunks_exact(channels).zip(self.out.chunks_exact_mut(channels)) {
            let mean = total(s, x, 0.0, false) / channels as f32;
            let inverse = 1.0 / (total(s, x, mean, true) / channels as f32 + eps).sqrt();
            let (mean, inverse) = (s.splat(mean), s.splat(inverse));
            let lines = weight.chunks(S::LANES).zip(bias.chunks(S::LANES));
            for ((x, out), (weight, bias)) in x.chunks(S::LANES).zip(out.chunks_mut(S::LANES)).zip(lines) {
                let centred = s.mul(s.sub(s.load_some(x), mean), inverse);
                s.store_some(s.mul_add(centred, s.load_some(weight), s.load_some(bias)), out);
            }
        }
    }
}

/// The sum of `x - mean`, or of its squares.
#[inline(always)]
pub(super) fn total<S: Simd>(s: S, x: &[f32], mean: f32, squared: bool) -> f32 {
    let centre = s.splat(mean);
    let mut sum = s.splat(0.0);
    let mut chunks = x.chunks_exact(S::LANES);
    for x in &mut chunks {
        let gap = s.sub(s.load(x), centre);
        sum = if squared { s.mul_add(gap, gap, sum) } else { s.add(sum, gap) };
    }
    let rest = chunks.remainder().iter().map(|x| x - mean);
    s.sum(sum) + rest.map(|gap| if squared { gap * gap } else { gap }).sum::<f32>()
}

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
    let sample = pixels * channels;
    if x.is_empty() {
        return;
    }
    let lines: Vec<Vec<f32>> = x
        .par_chunks(sample)
        .map(|x| {
            let parts: Vec<Vec<Moments>> = x
                .par_chunks(PIXELS * channels)
                .map(|x| {
                    let mut moments = vec![Moments::default(); channels];
                    with_scratch(3 * channels, |scratch| {
                        isa.run(Sums { x, channels, scratch, moments: &mut moments });
                    });
                    moments
                })
                .collect();
            lines_of(&parts, groups, affine)
        })
        .collect();
    let block = PIXELS * channels;
    out.par_chunks_mut(sample).zip(x.par_chunks(sample)).zip(&lines).for_each(|((out, x), line)| {
        let (gain, shift) = line.split_at(channels);
        out.par_chunks_mut(block).zip(x.par_chunks(block)).for_each(|(out, x)| {
            isa.run(Apply { x, gain, shift, curve, out });
        });
    });
}

/// The line `gain x + shift` of each channel: all gains, then all shifts.
fn lines_of(parts: &[Vec<Moments>], groups: usize, affine: Affine<'_>) -> Vec<f32> {
    let channels = affine.weight.len();
    let size = channels / groups.max(1);
    let mut lines = vec![0.0; 2 * channels];
    for first in (0..channels).step_by(size.max(1)) {
        let group = first..first + size;
        let all = parts.iter().flat_map(|part| &part[group.clone()]);
        let Moments { count, mean, squares } = all.fold(Moments::default(), |all, &some| all.and(some));
        let inverse = 1.0 / (squares / count + f64::from(affine.eps)).sqrt();
        for channel in group {
            let gain = f64::from(affine.weight[channel]) * inverse;
            lines[channel] = gain as f32;
            lines[channels + channel] = (f64::from(affine.bias[channel]) - mean * gain) as f32;
        }
    }
    lines
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
fn total<S: Simd>(s: S, x: &[f32], mean: f32, squared: bool) -> f32 {
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

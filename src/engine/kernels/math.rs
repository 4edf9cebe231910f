//! Functions of vectors that no instruction computes.

use super::simd::Simd;

/// `2^x`, within 2.1e-7 of itself; 0 in effect below -126, at most 2^127. Not-a-number stays what it is:
/// minimum and maximum are their second operand where either is none.
#[inline(always)]
pub(super) fn exp2<S: Simd>(s: S, x: S::V) -> S::V {
    exp2_of_small(s, s.min(s.splat(127.0), x))
}

/// [`exp2`] of what is known not to exceed 127.
#[inline(always)]
pub(super) fn exp2_of_small<S: Simd>(s: S, x: S::V) -> S::V {
    // Fitted to 2^r on -0.5..=0.5 so that the largest relative error is least: 7.5e-8 before rounding.
    const TERMS: [f32; 6] =
        [0.001_327_647_2, 0.009_675_542, 0.055_507_13, 0.240_221_2, 0.693_146_94, 1.000_000_1];
    let x = s.max(s.splat(-126.0), x);
    let whole = s.round(x);
    let rest = s.sub(x, whole);
    let mut power = s.splat(TERMS[0]);
    for term in &TERMS[1..] {
        power = s.mul_add(power, rest, s.splat(*term));
    }
    s.scale(power, whole)
}

/// `x * sigmoid(gain * x)`.
#[inline(always)]
pub(super) fn gated<S: Simd>(s: S, x: S::V, gain: f32) -> S::V {
    let power = exp2(s, s.mul(x, s.splat(-gain * std::f32::consts::LOG2_E)));
    s.div(x, s.add(power, s.splat(1.0)))
}

/// The derivative of [`gated`] by `x`.
#[inline(always)]
pub(super) fn gated_slope<S: Simd>(s: S, x: S::V, gain: f32) -> S::V {
    let power = exp2(s, s.mul(x, s.splat(-gain * std::f32::consts::LOG2_E)));
    let one = s.splat(1.0);
    let gate = s.div(one, s.add(power, one));
    // gate + x gain gate (1 - gate)
    s.mul_add(s.mul(s.mul(x, s.splat(gain)), gate), s.sub(one, gate), gate)
}

/// `x * P(normal <= x)`: the GELU by erf.
#[inline(always)]
pub(super) fn gelu<S: Simd>(s: S, x: S::V) -> S::V {
    let zero = s.splat(0.0);
    let size = s.max(x, s.sub(zero, x));
    s.sub(s.max(x, zero), s.mul(size, upper_tail(s, size)))
}

/// The derivative of [`gelu`]: `P(normal <= x) + x density(x)`.
#[inline(always)]
pub(super) fn gelu_slope<S: Simd>(s: S, x: S::V) -> S::V {
    // 1 / sqrt(2 pi), and -1/2 in powers of two.
    const DENSITY: f32 = 0.398_942_3;
    const FALL: f32 = -0.5 * std::f32::consts::LOG2_E;
    let (zero, one) = (s.splat(0.0), s.splat(1.0));
    let size = s.max(x, s.sub(zero, x));
    let tail = upper_tail(s, size);
    // 1 above zero, else 0.
    let above = s.max(zero, s.min(one, s.mul(x, s.splat(f32::MAX))));
    let below = s.mul_add(above, s.mul_add(tail, s.splat(-2.0), one), tail);
    let density = s.mul(exp2(s, s.mul(s.mul(x, x), s.splat(FALL))), s.splat(DENSITY));
    s.mul_add(x, density, below)
}

/// `P(normal > size)` for `size >= 0`.
///
/// By erfc(z) = t exp(-z^2 + p(t)), t = 1 / (1 + z / 2) (Numerical Recipes, 6.2: 1.2e-7 relative).
#[inline(always)]
fn upper_tail<S: Simd>(s: S, size: S::V) -> S::V {
    const TERMS: [f32; 10] = [
        0.170_872_77,
        -0.822_152_2,
        1.488_515_9,
        -1.135_204,
        0.278_868_07,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_7,
        -1.265_512_2,
    ];
    let z = s.mul(size, s.splat(std::f32::consts::FRAC_1_SQRT_2));
    let t = s.div(s.splat(1.0), s.mul_add(z, s.splat(0.5), s.splat(1.0)));
    let mut exponent = s.splat(TERMS[0]);
    for term in &TERMS[1..] {
        exponent = s.mul_add(exponent, t, s.splat(*term));
    }
    let exponent = s.sub(exponent, s.mul(z, z));
    let erfc = s.mul(t, exp2(s, s.mul(exponent, s.splat(std::f32::consts::LOG2_E))));
    s.mul(erfc, s.splat(0.5))
}

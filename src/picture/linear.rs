//! sRGB codes and linear light, exactly and fast.
//!
//! Light adds up in linear values only, so every blend and every resampling of this room decodes first and
//! encodes last. Tables make that cheap; the encoder still rounds to the very code that the formula gives.

use glam::Vec4;
use std::sync::LazyLock;

/// IEC 61966-2-1: sRGB 0..=1 to linear light 0..=1.
fn decode_formula(encoded: f64) -> f64 {
    if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

/// IEC 61966-2-1: sRGB 0..=1 to linear light 0..=1, for values between codes; others are clamped.
pub(crate) fn decoded(code: f32) -> f32 {
    let code = code.clamp(0.0, 1.0);
    if code <= 0.04045 { code / 12.92 } else { ((code + 0.055) / 1.055).powf(2.4) }
}

/// IEC 61966-2-1: linear light 0..=1 to sRGB 0..=1, for values between codes; others are clamped.
pub(crate) fn encoded(light: f32) -> f32 {
    let light = light.clamp(0.0, 1.0);
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

static DECODE: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|code| decode_formula(code as f64 / 255.0) as f32));

/// Buckets of linear light in which the encoder looks up its first guess. The curve rises by at most
/// 12.92 * 255 = 3295 codes per unit, so a bucket holds at most one step.
const BUCKETS: usize = 4096;

struct Encoder {
    /// Code at the lower edge of each bucket.
    first: [u8; BUCKETS + 1],
    /// The linear value from which `code + 1` is nearer than `code`.
    next_from: [f32; 256],
}

static ENCODE: LazyLock<Encoder> = LazyLock::new(|| {
    let mut next_from = [f32::INFINITY; 256];
    for (code, from) in next_from.iter_mut().enumerate().take(255) {
        *from = decode_formula((code as f64 + 0.5) / 255.0) as f32;
    }
    let first = std::array::from_fn(|bucket| {
        let edge = bucket as f32 / BUCKETS as f32;
        next_from.iter().take_while(|from| edge >= **from).count() as u8
    });
    Encoder { first, next_from }
});

/// Both tables, fetched once for a loop over pixels.
#[derive(Clone, Copy)]
pub(crate) struct Linear {
    decode: &'static [f32; 256],
    encode: &'static Encoder,
}

impl Linear {
    pub(crate) fn new() -> Self {
        Self { decode: &DECODE, encode: &ENCODE }
    }

    /// The linear light of an sRGB code, 0..=1.
    #[inline]
    pub(crate) fn decode(self, code: u8) -> f32 {
        self.decode[usize::from(code)]
    }

    /// The nearest sRGB code; light outside 0..=1 is clamped, NaN is black.
    #[inline]
    pub(crate) fn encode(self, light: f32) -> u8 {
        let light = if light > 0.0 { light.min(1.0) } else { 0.0 };
        let code = self.encode.first[(light * BUCKETS as f32) as usize];
        code + u8::from(light >= self.encode.next_from[usize::from(code)])
    }

    /// Straight 8-bit RGBA to premultiplied linear light.
    #[inline]
    pub(crate) fn premultiplied(self, [red, green, blue, alpha]: [u8; 4]) -> Vec4 {
        if alpha == 0 {
            return Vec4::ZERO;
        }
        let light = Vec4::new(self.decode(red), self.decode(green), self.decode(blue), 1.0);
        light * (f32::from(alpha) / 255.0)
    }

    /// Premultiplied linear light to straight 8-bit RGBA; what rounds to alpha 0 is transparent black.
    #[inline]
    pub(crate) fn straight(self, light: Vec4) -> [u8; 4] {
        let alpha = (light.w.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        if alpha == 0 {
            return [0; 4];
        }
        let colour = light / light.w;
        [self.encode(colour.x), self.encode(colour.y), self.encode(colour.z), alpha]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode_formula(light: f64) -> f64 {
        if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
    }

    #[test]
    fn every_code_survives_the_round_trip() {
        let linear = Linear::new();
        for code in 0..=255 {
            assert_eq!(linear.encode(linear.decode(code)), code);
        }
    }

    #[test]
    fn the_table_encodes_what_the_formula_encodes() {
        let linear = Linear::new();
        for step in 0..=200_000 {
            let light = step as f32 / 200_000.0;
            let exact = encode_formula(f64::from(light)) * 255.0;
            let off = (f64::from(linear.encode(light)) - exact).abs();
            // The decode and encode formulas of the standard meet with a gap of 3e-8 at the linear part's end.
            assert!(off <= 0.5 + 1e-3, "{light}: {exact} became {}", linear.encode(light));
        }
    }

    #[test]
    fn light_from_outside_its_range_is_clamped() {
        let linear = Linear::new();
        assert_eq!([-1.0, 0.0, 2.0, f32::INFINITY, f32::NAN].map(|x| linear.encode(x)), [0, 0, 255, 255, 0]);
    }

    #[test]
    fn straight_pixels_survive_premultiplication() {
        let linear = Linear::new();
        for alpha in [3, 128, 255] {
            let pixel = [255, 188, 37, alpha];
            assert_eq!(linear.straight(linear.premultiplied(pixel)), pixel);
        }
        assert_eq!(linear.straight(linear.premultiplied([9, 9, 9, 0])), [0; 4]);
    }
}

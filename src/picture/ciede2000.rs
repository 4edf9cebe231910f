//! How different two colours look: sRGB to CIELAB (D65) to Delta E 2000.
//!
//! After Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference Formula: Implementation Notes, Supplementary
//! Test Data, and Mathematical Observations", Color Research and Application 30(1), 2005; kL = kC = kH = 1.
//! A difference of 1 is about what an eye can just tell side by side.

use super::linear::Linear;

/// A colour in CIELAB under D65: lightness 0..=100, then green to red and blue to yellow.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Lab {
    pub l: f64,
    pub a: f64,
    pub b: f64,
}

/// Linear sRGB to XYZ, rows X, Y, Z (IEC 61966-2-1). A row's sum is D65's white, so white and greys have no hue.
const XYZ: [[f64; 3]; 3] = [
    [0.412_456_4, 0.357_576_1, 0.180_437_5],
    [0.212_672_9, 0.715_152_2, 0.072_175_0],
    [0.019_333_9, 0.119_192_0, 0.950_304_1],
];

impl Lab {
    /// The colour of 8-bit sRGB codes.
    pub fn of(codes: [u8; 3]) -> Self {
        let linear = Linear::new();
        let light = codes.map(|code| f64::from(linear.decode(code)));
        let [x, y, z] = XYZ.map(|row| {
            let share = row[0] * light[0] + row[1] * light[1] + row[2] * light[2];
            curve(share / row.iter().sum::<f64>())
        });
        Self { l: 116.0 * y - 16.0, a: 500.0 * (x - y), b: 200.0 * (y - z) }
    }

    /// Moved by a difference of two colours.
    pub(super) fn moved(self, by: [f64; 3]) -> Self {
        Self { l: self.l + by[0], a: self.a + by[1], b: self.b + by[2] }
    }

    /// What leads from `other` here.
    pub(super) fn minus(self, other: Self) -> [f64; 3] {
        [self.l - other.l, self.a - other.a, self.b - other.b]
    }
}

/// CIE 15: a cube root that ends in a straight line.
fn curve(share: f64) -> f64 {
    const EPSILON: f64 = 216.0 / 24_389.0;
    const KAPPA: f64 = 24_389.0 / 27.0;
    if share > EPSILON { share.cbrt() } else { (KAPPA * share + 16.0) / 116.0 }
}

/// Delta E 2000 of two colours. Equation numbers are the paper's.
pub fn ciede2000(one: Lab, other: Lab) -> f64 {
    let chroma = f64::midpoint(one.a.hypot(one.b), other.a.hypot(other.b));
    // Eq. 4 to 7: greys get more chroma.
    let stretch = 1.5 - 0.5 * seventh_power_share(chroma);
    let polar = |colour: Lab| {
        let a = colour.a * stretch;
        let hue = if a == 0.0 && colour.b == 0.0 { 0.0 } else { degrees(colour.b.atan2(a)) };
        (a.hypot(colour.b), hue)
    };
    let ((chroma_one, hue_one), (chroma_other, hue_other)) = (polar(one), polar(other));
    let colourless = chroma_one * chroma_other == 0.0;
    // Eq. 8 to 11.
    let lightness_step = other.l - one.l;
    let chroma_step = chroma_other - chroma_one;
    let turn = if colourless { 0.0 } else { short_way(hue_other - hue_one) };
    let hue_step = 2.0 * (chroma_one * chroma_other).sqrt() * (turn / 2.0).to_radians().sin();
    // Eq. 12 to 14.
    let lightness = f64::midpoint(one.l, other.l);
    let chroma = f64::midpoint(chroma_one, chroma_other);
    let hue = if colourless { hue_one + hue_other } else { mean_hue(hue_one, hue_other) };
    // Eq. 15 to 21.
    let cosine = |factor: f64, shift: f64| (factor * hue + shift).to_radians().cos();
    let weight = 1.0 - 0.17 * cosine(1.0, -30.0) + 0.24 * cosine(2.0, 0.0) + 0.32 * cosine(3.0, 6.0)
        - 0.20 * cosine(4.0, -63.0);
    let from_grey = (lightness - 50.0).powi(2);
    let lightness_scale = 1.0 + 0.015 * from_grey / (20.0 + from_grey).sqrt();
    let chroma_scale = 1.0 + 0.045 * chroma;
    let hue_scale = 1.0 + 0.015 * chroma * weight;
    let blue = 30.0 * (-((hue - 275.0) / 25.0).powi(2)).exp();
    let rotation = -(2.0 * blue).to_radians().sin() * 2.0 * seventh_power_share(chroma);
    // Eq. 22.
    let (l, c, h) = (lightness_step / lightness_scale, chroma_step / chroma_scale, hue_step / hue_scale);
    (l * l + c * c + h * h + rotation * c * h).max(0.0).sqrt()
}

/// sqrt(C^7 / (C^7 + 25^7)).
fn seventh_power_share(chroma: f64) -> f64 {
    let power = chroma.powi(7);
    (power / (power + 25_f64.powi(7))).sqrt()
}

/// An angle in degrees, 0..360.
fn degrees(radians: f64) -> f64 {
    radians.to_degrees().rem_euclid(360.0)
}

/// The same turn, -180..=180.
fn short_way(turn: f64) -> f64 {
    match turn {
        turn if turn > 180.0 => turn - 360.0,
        turn if turn < -180.0 => turn + 360.0,
        turn => turn,
    }
}

/// Eq. 14: half way on the shorter arc.
fn mean_hue(one: f64, other: f64) -> f64 {
    let sum = one + other;
    match (one - other).abs() {
        apart if apart <= 180.0 => sum / 2.0,
        _ if sum < 360.0 => (sum + 360.0) / 2.0,
        _ => (sum - 360.0) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The 34 pairs of Sharma, Wu and Dalal, table 1.
    const PAIRS: &str = "
        50.0000 2.6772 -79.7751 50.0000 0.0000 -82.7485 2.0425
        50.0000 3.1571 -77.2803 50.0000 0.0000 -82.7485 2.8615
        50.0000 2.8361 -74.0200 50.0000 0.0000 -82.7485 3.4412
        50.0000 -1.3802 -84.2814 50.0000 0.0000 -82.7485 1.0000
        50.0000 -1.1848 -84.8006 50.0000 0.0000 -82.7485 1.0000
        50.0000 -0.9009 -85.5211 50.0000 0.0000 -82.7485 1.0000
        50.0000 0.0000 0.0000 50.0000 -1.0000 2.0000 2.3669
        50.0000 -1.0000 2.0000 50.0000 0.0000 0.0000 2.3669
        50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0009 7.1792
        50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0010 7.1792
        50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0011 7.2195
        50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0012 7.2195
        50.0000 -0.0010 2.4900 50.0000 0.0009 -2.4900 4.8045
        50.0000 -0.0010 2.4900 50.0000 0.0010 -2.4900 4.8045
        50.0000 -0.0010 2.4900 50.0000 0.0011 -2.4900 4.7461
        50.0000 2.5000 0.0000 50.0000 0.0000 -2.5000 4.3065
        50.0000 2.5000 0.0000 73.0000 25.0000 -18.0000 27.1492
        50.0000 2.5000 0.0000 61.0000 -5.0000 29.0000 22.8977
        50.0000 2.5000 0.0000 56.0000 -27.0000 -3.0000 31.9030
        50.0000 2.5000 0.0000 58.0000 24.0000 15.0000 19.4535
        50.0000 2.5000 0.0000 50.0000 3.1736 0.5854 1.0000
        50.0000 2.5000 0.0000 50.0000 3.2972 0.0000 1.0000
        50.0000 2.5000 0.0000 50.0000 1.8634 0.5757 1.0000
        50.0000 2.5000 0.0000 50.0000 3.2592 0.3350 1.0000
        60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
        63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
        61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
        35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
        22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
        36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
        90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
        90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
        6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
        2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082";

    fn pairs() -> Vec<(Lab, Lab, f64)> {
        let rows = PAIRS.trim().lines().map(|line| {
            let numbers: Vec<f64> =
                line.split_whitespace().map(|word| word.parse().expect("a number")).collect();
            let colour = |at: usize| Lab { l: numbers[at], a: numbers[at + 1], b: numbers[at + 2] };
            (colour(0), colour(3), numbers[6])
        });
        rows.collect()
    }

    #[test]
    fn the_published_pairs_differ_as_published() {
        assert_eq!(pairs().len(), 34);
        for (one, other, published) in pairs() {
            for found in [ciede2000(one, other), ciede2000(other, one)] {
                assert!((found - published).abs() < 5.1e-5, "{one:?} {other:?}: {found} for {published}");
            }
            assert_eq!(ciede2000(one, one), 0.0);
        }
    }

    #[test]
    fn known_srgb_colours_have_known_places() {
        // Bruce Lindbloom's values for sRGB's primaries under D65.
        for (codes, [l, a, b]) in [
            ([255, 255, 255], [100.0, 0.0, 0.0]),
            ([0, 0, 0], [0.0, 0.0, 0.0]),
            ([255, 0, 0], [53.2408, 80.0925, 67.2032]),
            ([0, 255, 0], [87.7347, -86.1827, 83.1793]),
            ([0, 0, 255], [32.2970, 79.1875, -107.8602]),
            ([128, 128, 128], [53.585, 0.0, 0.0]),
        ] {
            let found = Lab::of(codes);
            let off = found.minus(Lab { l, a, b }).map(f64::abs);
            assert!(off.iter().all(|off| *off < 0.02), "{codes:?}: {found:?}");
        }
    }
}

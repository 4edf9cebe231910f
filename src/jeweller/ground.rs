//! What products are photographed on.

use crate::project::{Dice, mixed};
use glam::{Vec3, vec3};

/// Standard deviation of a good sensor's noise, sRGB codes.
const GRAIN: f32 = 1.1;

/// JPEG quality of shops' photos.
const JPEG_QUALITY: u8 = 94;

/// A plain ground; the eight kinds that a cut-out must cope with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ground {
    White,
    LightGrey,
    DarkGrey,
    /// Bright at the left, a third darker at the right.
    Across,
    /// Bright above, much darker below.
    Down,
    /// White under a soft shadow of the piece.
    Shadow,
    /// Laid paper: grain and faint lines.
    Paper,
    /// A card of a strong colour.
    Card,
}

impl Ground {
    pub const ALL: [Self; 8] = [
        Self::White,
        Self::LightGrey,
        Self::DarkGrey,
        Self::Across,
        Self::Down,
        Self::Shadow,
        Self::Paper,
        Self::Card,
    ];

    /// As tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::White => "white",
            Self::LightGrey => "light grey",
            Self::DarkGrey => "dark grey",
            Self::Across => "gradient across",
            Self::Down => "gradient down",
            Self::Shadow => "soft shadow",
            Self::Paper => "paper",
            Self::Card => "coloured card",
        }
    }

    /// What stands behind the name.
    pub(super) fn sweep(self) -> Sweep {
        // Every lamp falls off a little towards the corners: 1 - 0.1 ((x - 0.45)^2 + (y - 0.4)^2).
        let plain = Sweep {
            colour: Vec3::splat(0.93),
            light: [0.963_75, 0.09, 0.08, -0.10, -0.10],
            grain: 0.0,
            shadow: CastShadow::NONE,
            noise: GRAIN,
            jpeg_quality: JPEG_QUALITY,
        };
        let soft = |depth: f32| CastShadow { depth, ..CastShadow::NONE };
        match self {
            Self::White => plain,
            Self::LightGrey => Sweep { colour: vec3(0.60, 0.60, 0.61), ..plain },
            Self::DarkGrey => Sweep { colour: vec3(0.060, 0.061, 0.064), ..plain },
            Self::Across => {
                Sweep { colour: vec3(0.62, 0.60, 0.57), light: [1.22, -0.44, 0.0, 0.0, 0.0], ..plain }
            }
            Self::Down => {
                Sweep { colour: vec3(0.46, 0.47, 0.49), light: [1.5, 0.0, -0.6, 0.0, -0.4], ..plain }
            }
            Self::Shadow => Sweep { colour: vec3(0.84, 0.83, 0.82), shadow: soft(0.55), ..plain },
            Self::Paper => Sweep {
                colour: vec3(0.68, 0.64, 0.57),
                light: [1.0, 0.0, 0.0, 0.0, 0.0],
                grain: 1.0,
                shadow: soft(0.20),
                ..plain
            },
            Self::Card => Sweep { colour: vec3(0.055, 0.235, 0.34), shadow: soft(0.20), ..plain },
        }
    }
}

/// A piece's soft shadow; lengths as parts of the photo's side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CastShadow {
    /// The light that it keeps from the ground, 0..=1.
    pub depth: f32,
    /// How far right and down of the piece it falls.
    pub falls: (f32, f32),
    /// Standard deviation of its edge.
    pub softness: f32,
}

impl CastShadow {
    const NONE: Self = Self { depth: 0.0, falls: (1.0 / 26.0, 1.0 / 18.0), softness: 1.0 / 42.0 };
}

/// A seamless ground under its lamps, and the camera that looks at it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sweep {
    /// Linear sRGB; the piece mirrors it.
    pub colour: Vec3,
    /// What the lamps make of it over the photo, places 0..1 right and down: terms 1, x, y, x^2, y^2.
    pub light: [f32; 5],
    /// How much of laid paper's fibres and lines it has; paper has 1.
    pub grain: f32,
    pub shadow: CastShadow,
    /// Standard deviation of the sensor's noise, sRGB codes.
    pub noise: f32,
    /// 1..=100.
    pub jpeg_quality: u8,
}

impl Sweep {
    /// One of many plain grounds as shops have them: same number, same ground.
    pub fn any(number: u64) -> Self {
        let mut dice = Dice::named(number, 71);
        let grey = dice.between(0.02, 1.0);
        let colour = match dice.share() {
            // Whites and greys are what shops use most, then tinted papers, then strong cards.
            ..0.35 => Vec3::splat(dice.between(0.80, 1.0)),
            0.35..0.6 => Vec3::splat(grey),
            0.6..0.8 => grey * vec3(1.0, dice.between(0.86, 1.06), dice.between(0.70, 1.12)),
            _ => vec3(dice.between(0.01, 0.9), dice.between(0.01, 0.9), dice.between(0.01, 0.9)),
        };
        let steep = if dice.chance(0.35) { 0.7 } else { 0.12 };
        let (across, down) = (dice.between(-steep, steep), dice.between(-steep, steep));
        let light =
            [1.0 - (across + down) / 2.0, across, down, dice.between(-0.2, 0.1), dice.between(-0.2, 0.1)];
        Self {
            colour,
            light,
            grain: if dice.chance(0.7) { 0.0 } else { dice.between(0.2, 1.6) },
            shadow: CastShadow {
                depth: if dice.chance(0.4) { 0.0 } else { dice.between(0.05, 0.7) },
                falls: (dice.between(-0.05, 0.06), dice.between(-0.01, 0.08)),
                softness: dice.between(0.006, 0.035),
            },
            noise: dice.between(0.3, 2.6),
            jpeg_quality: dice.between(72.0, 99.0) as u8,
        }
    }

    /// Linear light at a place (0..1 across and down) and pixel of the photo.
    pub(super) fn light(&self, (x, y): (f32, f32), pixel: (usize, usize), seed: u64) -> Vec3 {
        let [flat, across, down, across_twice, down_twice] = self.light;
        let light = flat + across * x + down * y + across_twice * x * x + down_twice * y * y;
        let paper = if self.grain > 0.0 { 1.0 + self.grain * (paper(pixel, seed) - 1.0) } else { 1.0 };
        self.colour * light.max(0.0) * paper
    }
}

/// Fibres and the lines of the sieve: 1 on average.
fn paper((column, row): (usize, usize), seed: u64) -> f32 {
    let fibre = |scale: usize, channel: u64| {
        // Bilinear noise on a lattice of `scale` pixels.
        let (x, y) = (column / scale, row / scale);
        let (tx, ty) = ((column % scale) as f32 / scale as f32, (row % scale) as f32 / scale as f32);
        let at = |dx: usize, dy: usize| grain(seed ^ 0x5eed, (x + dx, y + dy), channel);
        let upper = at(0, 0) * (1.0 - tx) + at(1, 0) * tx;
        let lower = at(0, 1) * (1.0 - tx) + at(1, 1) * tx;
        upper * (1.0 - ty) + lower * ty
    };
    let lines = (row as f32 * 0.9).sin();
    1.0 + 0.018 * fibre(2, 7) + 0.018 * fibre(7, 8) + 0.008 * lines
}

/// Noise of mean 0 and deviation 1, nearly normal, a function of its place alone.
pub(super) fn grain(seed: u64, (column, row): (usize, usize), channel: u64) -> f32 {
    let bits = bits_at(seed, (column as u64, row as u64), channel);
    // Four uniform numbers of 16 bits: their sum has variance 4 / 12.
    let sum: u64 = (0..4).map(|part| (bits >> (16 * part)) & 0xffff).sum();
    (sum as f32 / 65_535.0 - 2.0) * 3_f32.sqrt()
}

/// Numbers of a place, mixed.
fn bits_at(seed: u64, (column, row): (u64, u64), channel: u64) -> u64 {
    let place = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(column << 32 | row);
    mixed(place.wrapping_add(channel << 58))
}

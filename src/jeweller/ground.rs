//! What products are photographed on.

use glam::{Vec3, vec3};

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

    /// What the piece mirrors of it, linear sRGB.
    pub(super) fn mean(self) -> Vec3 {
        match self {
            Self::White => Vec3::splat(0.93),
            Self::LightGrey => vec3(0.60, 0.60, 0.61),
            Self::DarkGrey => vec3(0.060, 0.061, 0.064),
            Self::Across => vec3(0.62, 0.60, 0.57),
            Self::Down => vec3(0.46, 0.47, 0.49),
            Self::Shadow => vec3(0.84, 0.83, 0.82),
            Self::Paper => vec3(0.68, 0.64, 0.57),
            Self::Card => vec3(0.055, 0.235, 0.34),
        }
    }

    /// Depth of the piece's shadow on it, 0..1.
    pub(super) fn shadow(self) -> f32 {
        match self {
            Self::Shadow => 0.55,
            Self::Paper | Self::Card => 0.20,
            _ => 0.0,
        }
    }

    /// Linear light at a place (0..1 across and down) and pixel of the photo.
    pub(super) fn light(self, (x, y): (f32, f32), pixel: (usize, usize), seed: u64) -> Vec3 {
        let mean = self.mean();
        match self {
            Self::Across => mean * (1.22 - 0.44 * x),
            Self::Down => mean * (1.5 - 1.0 * y * (0.6 + 0.4 * y)),
            Self::Paper => mean * paper(pixel, seed),
            // Every lamp falls off a little towards the corners.
            _ => mean * (1.0 - 0.10 * ((x - 0.45).powi(2) + (y - 0.4).powi(2))),
        }
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
    // Splitmix64's finaliser (Steele, Lea and Flood 2014) over the place's numbers.
    let mut bits = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add((column as u64) << 32 | row as u64)
        .wrapping_add(channel << 58);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    // Four uniform numbers of 16 bits: their sum has variance 4 / 12.
    let sum: u64 = (0..4).map(|part| (bits >> (16 * part)) & 0xffff).sum();
    (sum as f32 / 65_535.0 - 2.0) * 3_f32.sqrt()
}

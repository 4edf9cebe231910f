//! From light to the picture's bytes: exposure, a film's curve, grain, falling off to the corners.

use super::noise::noise;
use crate::picture::encoded;
use glam::{Vec2, Vec3, vec3};
use image::RgbImage;
use rayon::prelude::*;

/// What the camera makes of light.
#[derive(Debug, Clone, Copy)]
pub(super) struct Film {
    pub(super) exposure: f32,
    /// Standard deviation of the grain in the mid tones, of 1.
    pub(super) grain: f32,
    /// Loss in the corners, of 1.
    pub(super) vignette: f32,
    /// Picked so that no two pictures share their grain.
    pub(super) seed: u64,
}

impl Film {
    /// Scene light, row by row, to sRGB bytes.
    pub(super) fn develop(&self, light: &[Vec3], width: u32, height: u32) -> RgbImage {
        let mut picture = RgbImage::new(width, height);
        let row_bytes = (width as usize * 3).max(1);
        let pixels: &mut [u8] = &mut picture;
        pixels.par_chunks_mut(row_bytes).enumerate().for_each(|(row, line)| {
            for (column, pixel) in line.chunks_exact_mut(3).enumerate() {
                let at = row * width as usize + column;
                let place = Vec2::new(
                    (column as f32 + 0.5) / width as f32 - 0.5,
                    (row as f32 + 0.5) / height as f32 - 0.5,
                );
                let fall = 1.0 - self.vignette * (2.0 * place.length_squared()).min(1.0);
                let code = curve(light[at] * (self.exposure * fall)).map(encoded);
                pixel.copy_from_slice(&self.grained(code, column, row));
            }
        });
        picture
    }

    /// Grain: fine for each colour, coarser for all, strongest in the mid tones.
    fn grained(&self, code: Vec3, column: usize, row: usize) -> [u8; 3] {
        let seed = (self.seed % 9973) as f32;
        let at = Vec3::new(column as f32 * 0.71, row as f32 * 0.71, seed);
        let fine = |lane: f32| noise(Vec3::new(column as f32 * 1.31, row as f32 * 1.31, seed + lane));
        let shared = noise(at) + 0.7 * fine(11.5);
        let colour = vec3(fine(3.3), fine(5.7), fine(8.1));
        let middle = 0.35 + 1.3 * code * (Vec3::ONE - code);
        let noisy = code + (Vec3::splat(shared) * 1.6 + colour * 0.7) * (self.grain * middle);
        noisy.to_array().map(|value| (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8)
    }
}

/// A film's curve on linear light: a soft toe, a long shoulder; mid grey stays (after Hable's parametrisation of
/// the filmic curve, fitted by Narkowicz 2015), hue kept by bending the brightest colour most.
fn curve(light: Vec3) -> Vec3 {
    let bend = |x: f32| {
        let x = x.max(0.0) * 0.70;
        (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)
    };
    let each = vec3(bend(light.x), bend(light.y), bend(light.z));
    // Bending channels apart burns colours out; bending all alike leaves them flat. Real film lies between.
    let top = light.max_element().max(1e-6);
    let alike = light * (bend(top) / top);
    each.lerp(alike, 0.35).clamp(Vec3::ZERO, Vec3::ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_light_is_never_darker_and_white_is_reached() {
        let codes: Vec<f32> = (0..60).map(|i| encoded(curve(Vec3::splat(i as f32 * 0.1)).x)).collect();
        assert!(codes.windows(2).all(|pair| pair[1] >= pair[0]));
        assert!(codes[0] < 0.01 && codes[59] > 0.97, "{} {}", codes[0], codes[59]);
    }

    #[test]
    fn grain_is_there_and_small() {
        let film = Film { exposure: 1.0, grain: 0.01, vignette: 0.0, seed: 4 };
        let picture = film.develop(&[Vec3::splat(0.3); 64 * 64], 64, 64);
        let values: Vec<f32> = picture.pixels().map(|pixel| f32::from(pixel.0[1])).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let spread = (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32).sqrt();
        assert!((0.5..6.0).contains(&spread), "{spread}");
    }
}

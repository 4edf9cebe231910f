//! Product photos as shops take them: a piece on a plain ground, and the exact matte behind the photo.
//!
//! The piece is traced once ([`expose`]); the light it has from its room and the light it mirrors of the ground
//! are kept apart, so that one [`Exposure`] gives a photo on every ground. A photo is foreground over ground
//! in linear light with the exposure's own alpha, then what cameras add: a little blur of the lens (of
//! foreground and alpha alike, before they meet the ground), grain of the sensor, and JPEG.

use super::assembly::Assembly;
use super::design::Design;
use super::ground::{CastShadow, Ground, Sweep, grain};
use super::light::{self, Room};
use super::trace::{self, Subject};
use crate::picture::encoded;
use glam::{Vec3, Vec4};
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage, RgbaImage};
use rayon::prelude::*;

/// Samples along each side of a pixel that an edge may pass through.
const SAMPLES: u32 = 4;

/// The part of the photo's side that the piece fills.
const FILLS: f32 = 0.78;

/// Standard deviation of the lens's blur, pixels.
const LENS: f32 = 0.5;

/// Light beyond which the film shows no difference.
const BRIGHTEST: f32 = 6.0;

/// A piece, photographed on no ground yet.
pub struct Exposure {
    side: u32,
    /// Premultiplied linear light and alpha: what the piece shows of its room.
    own: Vec<Vec4>,
    /// Premultiplied: what a white ground would add by reflection.
    ground: Vec<Vec3>,
}

/// A photo and the truth about it.
#[derive(Debug, Clone)]
pub struct GroundedPhoto {
    pub photo: RgbImage,
    /// Straight alpha; colours of the foreground alone, sRGB.
    pub truth: RgbaImage,
}

/// Photographs a piece in the middle of a square of `side_px` (32..=2048).
pub fn expose(design: &Design, side_px: u32) -> Exposure {
    let side = side_px.clamp(32, 2048);
    let piece = design.build();
    let (low, high) = piece.bounds();
    let extent = high - low;
    let px_per_mm = FILLS * side as f32 / extent.x.max(extent.y);
    let middle = (low + high) / 2.0;
    let mut seen = vec![(Vec4::ZERO, Vec3::ZERO); (side * side) as usize];
    seen.par_chunks_exact_mut(side as usize).enumerate().for_each(|(row, line)| {
        for (column, pixel) in line.iter_mut().enumerate() {
            *pixel = photograph(&piece, |x, y| {
                let x = (column as f32 + x - side as f32 / 2.0) / px_per_mm + middle.x;
                let y = (side as f32 / 2.0 - row as f32 - y) / px_per_mm + middle.y;
                (x, y)
            });
        }
    });
    let (mut own, mut ground): (Vec<_>, Vec<_>) = seen.into_iter().unzip();
    blur(&mut own, side as usize, LENS);
    blur(&mut ground, side as usize, LENS);
    Exposure { side, own, ground }
}

/// One pixel; `place` turns a place in it, 0..1, into millimetres. Where its corners all meet the piece, or the
/// piece is out of reach, its other samples need no rays.
fn photograph(piece: &Assembly, place: impl Fn(f32, f32) -> (f32, f32)) -> (Vec4, Vec3) {
    let (left, top) = place(0.0, 0.0);
    let (x, y) = place(0.5, 0.5);
    let reach = (x - left).hypot(y - top);
    if trace::passes_by(piece, x, y, reach) {
        return (Vec4::ZERO, Vec3::ZERO);
    }
    let (mut own, mut ground, mut hits) = (Vec3::ZERO, Vec3::ZERO, 0);
    let mut look = |column: u32, row: u32| {
        let inside = |step: u32| (step as f32 + 0.5) / SAMPLES as f32;
        let (x, y) = place(inside(column), inside(row));
        if let Some(seen) = trace::look(piece, Room::Ground, x, y) {
            // Sparks of stones outshine the film by far; a camera's highlights end too.
            own += seen.own.min(Vec3::splat(BRIGHTEST));
            ground += seen.ground;
            hits += 1;
        }
        hits
    };
    let last = SAMPLES - 1;
    let corners = [(0, 0), (last, 0), (0, last), (last, last)];
    let met = corners.map(|(column, row)| look(column, row));
    let mut count = corners.len() as u32;
    if met[3] < count {
        for at in 0..SAMPLES * SAMPLES {
            let sample = (at % SAMPLES, at / SAMPLES);
            if !corners.contains(&sample) {
                look(sample.0, sample.1);
                count += 1;
            }
        }
    }
    ((own / count as f32).extend(hits as f32 / count as f32), ground / count as f32)
}

/// A Gaussian over columns, then rows; beyond the border there is nothing.
fn blur<T>(values: &mut Vec<T>, side: usize, deviation: f32)
where
    T: Copy + Default + Send + Sync + std::ops::Add<Output = T> + std::ops::Mul<f32, Output = T>,
{
    let radius = (3.0 * deviation).ceil() as i64;
    let bell: Vec<f32> =
        (-radius..=radius).map(|at| (-0.5 * (at as f32 / deviation).powi(2)).exp()).collect();
    let sum: f32 = bell.iter().sum();
    // Each pass writes its lines as columns, so two passes are both directions.
    for _ in 0..2 {
        let mut turned = vec![T::default(); values.len()];
        turned.par_chunks_exact_mut(side).enumerate().for_each(|(column, line)| {
            for (row, value) in line.iter_mut().enumerate() {
                let tap = |(step, weight): (usize, &f32)| {
                    let at = column as i64 + step as i64 - radius;
                    (0..side as i64).contains(&at).then(|| values[row * side + at as usize] * (weight / sum))
                };
                let taps = bell.iter().enumerate().filter_map(tap);
                *value = taps.fold(T::default(), |sum, tap| sum + tap);
            }
        });
        *values = turned;
    }
}

impl Exposure {
    /// Rows and columns of the photo.
    pub fn side(&self) -> u32 {
        self.side
    }

    /// The photo on a ground. `seed` chooses its grain; same seed, same bytes.
    pub fn on(&self, ground: Ground, seed: u64) -> GroundedPhoto {
        self.over(&ground.sweep(), seed)
    }

    /// The same on a ground that has no name.
    pub fn over(&self, sweep: &Sweep, seed: u64) -> GroundedPhoto {
        let (side, colour) = (self.side as usize, sweep.colour);
        let shadow = self.shadow(sweep.shadow);
        let mut photo = RgbImage::new(self.side, self.side);
        let mut truth = RgbaImage::new(self.side, self.side);
        let lines = photo.par_chunks_exact_mut(3 * side).zip(truth.par_chunks_exact_mut(4 * side));
        lines.enumerate().for_each(|(row, (photo, truth))| {
            let pixels = photo.as_chunks_mut::<3>().0.iter_mut().zip(truth.as_chunks_mut::<4>().0);
            for (column, (photo, truth)) in pixels.enumerate() {
                let at = row * side + column;
                let alpha = self.own[at].w;
                let light = self.own[at].truncate() + self.ground[at] * colour;
                // Developed unpremultiplied: a half covered pixel is as bright as its piece.
                let seen = light::develop(light / alpha.max(1e-6)) * alpha;
                let place = (column as f32 / side as f32, row as f32 / side as f32);
                let behind = sweep.light(place, (column, row), seed) * (1.0 - shadow[at]);
                let mixed = seen + behind * (1.0 - alpha);
                *photo = std::array::from_fn(|channel| {
                    let noise = sweep.noise * grain(seed, (column, row), channel as u64);
                    (255.0 * encoded(mixed[channel]) + noise).round().clamp(0.0, 255.0) as u8
                });
                let code = (255.0 * alpha).round() as u8;
                if code > 0 {
                    let own = (seen / alpha).to_array().map(light::encode);
                    *truth = [own[0], own[1], own[2], code];
                }
            }
        });
        GroundedPhoto { photo: through_jpeg(photo, sweep.jpeg_quality), truth }
    }

    /// How much light the piece keeps from the ground, 0..1.
    fn shadow(&self, shadow: CastShadow) -> Vec<f32> {
        let side = self.side as usize;
        let mut kept = vec![0.0; side * side];
        if shadow.depth <= 0.0 {
            return kept;
        }
        let pixels = |part: f32| (part * side as f32) as i64;
        let (right, down) = (pixels(shadow.falls.0), pixels(shadow.falls.1));
        let inside = |at: i64| (0..side as i64).contains(&at).then_some(at as usize);
        for (at, kept) in kept.iter_mut().enumerate() {
            let from = (inside((at % side) as i64 - right), inside((at / side) as i64 - down));
            if let (Some(column), Some(row)) = from {
                *kept = shadow.depth * self.own[row * side + column].w;
            }
        }
        blur(&mut kept, side, shadow.softness * side as f32);
        kept
    }
}

/// The photo, saved by a camera and opened again; as it is if that fails.
fn through_jpeg(photo: RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    let saved = photo.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality));
    let opened = saved.and_then(|()| image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg));
    opened.map_or(photo, image::DynamicImage::into_rgb8)
}

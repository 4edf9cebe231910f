//! The procedural jeweller: product photos of earrings that never existed, with exact mattes.
//!
//! The paper's training set is a shop's and stays there. What stands here can be made by anyone, anywhere: matte,
//! hook and size are known because they were computed. Training and evaluation are to draw from it; it refuses
//! to know people, models and windows.
//!
//! A piece is described in millimetres ([`JewelSpec`]), built as a signed distance field with a cut stone,
//! and photographed from the front by an orthographic camera in a tent of softboxes and black flags: polished
//! metal is a picture of its surroundings, so the studio is half of the jewellery. Rays are traced through up
//! to four reflections, the stone by refraction and total reflection inside its facets. No random numbers:
//! the same piece gives the same pixels, and there is no noise to clean.
//!
//! The demo's product, `assets/sample/earring.png`, is [`JewelSpec::default`] at [`SAMPLE_HEIGHT_PX`]. After a
//! change here, write it anew with
//! `cargo test --lib write_the_sample_earring -- --ignored`.

mod assembly;
mod design;
mod forms;
mod ground;
mod light;
mod photo;
mod shape;
mod solid;
mod stone;
mod trace;
mod worn;

pub use design::{Design, Family, catalogue};
pub use ground::{CastShadow, Ground, Sweep};
pub use photo::{Exposure, GroundedPhoto, expose};
pub use stone::Gem;
pub use worn::{Hung, Jewel, Piercing, Pixel, Shadow, Surroundings, Worn};

use crate::project::Point;
use image::RgbaImage;
use light::Room;
use rayon::prelude::*;
use shape::Piece;
use trace::Subject;

/// Rows of the demo's product file.
pub const SAMPLE_HEIGHT_PX: u32 = 900;

/// Height of the demo's earring: its matte, in millimetres.
pub const SAMPLE_HEIGHT_MM: f64 = 29.626;

/// Where the demo's earring passes through the lobe, in pixels of its file.
pub const SAMPLE_HOOK: Point = Point { x: 267.5, y: 97.591 };

/// Samples along each side of a pixel.
const SAMPLES: u32 = 5;

/// Transparent pixels around the matte at 900 rows, scaled with the picture.
const MARGIN: f64 = 14.0 / 900.0;

/// What the metal reflects best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Metal {
    #[default]
    Gold,
    RoseGold,
    Silver,
    /// Gold alloyed with palladium, not plated with rhodium: greyer and warmer than silver.
    WhiteGold,
}

impl Metal {
    pub const ALL: [Self; 4] = [Self::Gold, Self::Silver, Self::RoseGold, Self::WhiteGold];

    /// As tables and captions name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gold => "gold",
            Self::RoseGold => "rose gold",
            Self::Silver => "silver",
            Self::WhiteGold => "white gold",
        }
    }
}

/// A pearl drop in an oval hoop under a set stone; lengths in millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JewelSpec {
    pub metal: Metal,
    /// Diameter of the brilliant in the stud, 2..=8.
    pub stone_mm: f32,
    /// Inner width of the oval hoop, 8..=40.
    pub hoop_mm: f32,
    /// Height of the hoop over its width, 1..=1.6.
    pub hoop_stretch: f32,
    /// Thickness of the hoop's wire at its top and at its bottom, 0.6..=4.
    pub wire_mm: (f32, f32),
    /// Diameter of the pearl, 3..=14.
    pub pearl_mm: f32,
}

impl Default for JewelSpec {
    fn default() -> Self {
        Self {
            metal: Metal::Gold,
            stone_mm: 4.6,
            hoop_mm: 13.4,
            hoop_stretch: 1.34,
            wire_mm: (1.0, 2.2),
            pearl_mm: 8.4,
        }
    }
}

/// A product photo and what is known about it.
#[derive(Debug, Clone)]
pub struct Product {
    /// 8-bit sRGB, straight alpha.
    pub pixels: RgbaImage,
    /// The stud's centre: where the earring passes through the lobe, product pixels.
    pub hook_in_product: Point,
    /// Height of the matte (rows with alpha >= 0.5), millimetres.
    pub height_mm: f64,
}

/// Where a piece stands in its picture.
struct Frame {
    width_px: u32,
    height_px: u32,
    px_per_mm: f64,
    /// The stud's centre, product pixels.
    origin: Point,
}

impl Frame {
    fn around(piece: &Piece, height_px: u32) -> Self {
        let height_px = height_px.clamp(16, 4096);
        let (low, high) = piece.bounds();
        let margin = (f64::from(height_px) * MARGIN).max(1.0);
        let px_per_mm = (f64::from(height_px) - 2.0 * margin) / f64::from(high.y - low.y);
        let width_px = (f64::from(high.x - low.x) * px_per_mm + 2.0 * margin).ceil() as u32;
        // The piece is symmetric: its middle is the picture's.
        let origin = Point { x: f64::from(width_px) / 2.0, y: margin + f64::from(high.y) * px_per_mm };
        Self { width_px, height_px, px_per_mm, origin }
    }
}

/// Photographs a piece on transparent ground, `height_px` rows high (16..=4096).
pub fn render_product(spec: &JewelSpec, height_px: u32) -> Product {
    let piece = Piece::new(spec);
    let frame = Frame::around(&piece, height_px);
    let mut pixels = RgbaImage::new(frame.width_px, frame.height_px);
    pixels.par_chunks_exact_mut(frame.width_px as usize * 4).enumerate().for_each(|(row, line)| {
        for (column, pixel) in line.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            *pixel = photograph(&piece, &frame, column, row);
        }
    });
    let height_mm = f64::from(matte_rows(&pixels)) / frame.px_per_mm;
    Product { pixels, hook_in_product: frame.origin, height_mm }
}

/// One pixel: a grid of samples, averaged in premultiplied linear light.
fn photograph(piece: &Piece, frame: &Frame, column: usize, row: usize) -> [u8; 4] {
    let Frame { origin, px_per_mm, .. } = frame;
    let mut light = glam::Vec3::ZERO;
    let mut hits = 0;
    for index in 0..SAMPLES * SAMPLES {
        let inside = |step: u32| (f64::from(step) + 0.5) / f64::from(SAMPLES);
        let x = (column as f64 + inside(index % SAMPLES) - origin.x) / px_per_mm;
        let y = (origin.y - row as f64 - inside(index / SAMPLES)) / px_per_mm;
        if let Some(seen) = trace::look(piece, Room::Tent, x as f32, y as f32) {
            light += light::develop(seen.own);
            hits += 1;
        }
    }
    if hits == 0 {
        return [0; 4];
    }
    let colour = light / hits as f32;
    let alpha = (f64::from(hits) / f64::from(SAMPLES * SAMPLES) * 255.0).round() as u8;
    [light::encode(colour.x), light::encode(colour.y), light::encode(colour.z), alpha]
}

fn matte_rows(pixels: &RgbaImage) -> u32 {
    pixels.rows().filter(|row| row.clone().any(|pixel| pixel.0[3] >= 128)).count() as u32
}

#[cfg(test)]
mod tests;

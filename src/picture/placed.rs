//! The earring on the canvas: rastered once, from the product's own pixels.
//!
//! At scale 1, unturned and on whole pixels the raster is a copy, bit for bit (mirrored: the exact flip);
//! otherwise it is resampled in linear light. Nothing else in the program scales or turns a product. What is
//! fully transparent is transparent black, whatever colour the file hid there.

use super::ProductPhoto;
use super::linear::Linear;
use super::resample::{Patch, cut, shrink};
use super::similarity::{Similarity, rows_of};
use crate::project::{CanvasSize, Earring, Point};
use image::RgbaImage;
use rayon::prelude::*;
use std::ops::Range;

/// One product and how it lies on the canvas.
#[derive(Debug, Clone, Copy)]
pub struct Placement<'a> {
    pub photo: &'a ProductPhoto,
    pub earring: &'a Earring,
}

/// All of a variant's earrings, rastered at canvas size.
#[derive(Debug, Clone)]
pub struct PlacedEarring {
    pixels: RgbaImage,
}

impl PlacedEarring {
    /// Rasters `placements` back to front. An earring whose numbers make no sense (a scale that is not above
    /// zero, a position that is not finite) is left out: the document's own checks name it.
    pub fn raster(placements: &[Placement<'_>], canvas: CanvasSize) -> Self {
        let mut pixels = RgbaImage::new(canvas.width, canvas.height);
        let shown = |placement: &&Placement<'_>| canvas.width > 0 && placement.photo.pixels.width() > 0;
        for placement in placements.iter().filter(shown) {
            if let Some(similarity) = Similarity::of(placement.earring) {
                lay(&mut pixels, &placement.photo.pixels, &similarity);
            }
        }
        Self { pixels }
    }

    /// A raster that exists already: canvas-sized, straight alpha.
    pub fn from_pixels(pixels: RgbaImage) -> Self {
        Self { pixels }
    }

    /// Canvas-sized, 8-bit sRGB, straight alpha; alpha is the matte M.
    pub fn pixels(&self) -> &RgbaImage {
        &self.pixels
    }

    /// First and one-past-last canvas row with matte >= 0.5; none if nothing is on the canvas.
    pub fn rows(&self) -> Option<(u32, u32)> {
        rows_of(&self.pixels)
    }

    /// The smallest box around every pixel with any matte: columns and rows, end exclusive.
    pub fn bounds(&self) -> Option<(Range<u32>, Range<u32>)> {
        let mut found: Option<(Range<u32>, Range<u32>)> = None;
        for (x, y, _) in self.pixels.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[3] > 0) {
            let (columns, rows) = found.get_or_insert((x..x + 1, y..y + 1));
            *columns = columns.start.min(x)..columns.end.max(x + 1);
            *rows = rows.start..y + 1;
        }
        found
    }

    /// M, row by row, 0..=1.
    pub fn matte(&self) -> Vec<f32> {
        self.pixels.pixels().map(|pixel| f32::from(pixel.0[3]) / 255.0).collect()
    }
}

/// Rasters one product over what lies on the canvas already.
fn lay(canvas: &mut RgbaImage, product: &RgbaImage, similarity: &Similarity) {
    if let Some(origin) = similarity.whole_pixel_origin(product.dimensions()) {
        return copy(canvas, product, origin, similarity.mirror());
    }
    let Some((columns, rows)) = covered(canvas, product, similarity) else { return };
    if similarity.is_upright() && !similarity.mirror() && similarity.scale() < 1.0 {
        let origin = similarity.canvas_from_product(Point::default());
        let signed = |range: &Range<u32>| i64::from(range.start)..i64::from(range.end);
        let patch =
            shrink(product, similarity.scale(), [origin.x, origin.y], signed(&columns), signed(&rows));
        return draw(canvas, columns, rows, |x, y| {
            patch.data
                [(i64::from(y) - patch.top) as usize * patch.width + (i64::from(x) - patch.left) as usize]
        });
    }
    // Shrunk first, along its own axes, by a filter as wide as the minification; turned second.
    let shrunk = similarity.scale().min(1.0);
    let patch = needed_patch(product, similarity, shrunk, &columns, &rows);
    draw(canvas, columns, rows, |x, y| {
        let at = similarity.product_from_canvas(Point { x: f64::from(x) + 0.5, y: f64::from(y) + 0.5 });
        patch.sample(at.x * shrunk, at.y * shrunk)
    });
}

/// The canvas pixels that the product can touch: columns and rows, end exclusive; none if it lies outside.
fn covered(
    canvas: &RgbaImage,
    product: &RgbaImage,
    similarity: &Similarity,
) -> Option<(Range<u32>, Range<u32>)> {
    let (width, height) = (f64::from(product.width()), f64::from(product.height()));
    // Less than a quarter of a pixel has nothing to show, and its filter would be wider than any picture.
    if similarity.scale() * width.max(height) < 0.25 {
        return None;
    }
    let corners = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)]
        .map(|(x, y)| similarity.canvas_from_product(Point { x, y }));
    let span = |values: [f64; 4], length: u32| {
        let margin = 2.0 + 2.0 * similarity.scale();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min) - margin;
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max) + margin;
        let range =
            low.clamp(0.0, f64::from(length)) as u32..high.ceil().clamp(0.0, f64::from(length)) as u32;
        (!range.is_empty()).then_some(range)
    };
    Some((span(corners.map(|p| p.x), canvas.width())?, span(corners.map(|p| p.y), canvas.height())?))
}

/// The part of the product, shrunk to `shrunk`, that the canvas box looks at.
fn needed_patch(
    product: &RgbaImage,
    similarity: &Similarity,
    shrunk: f64,
    columns: &Range<u32>,
    rows: &Range<u32>,
) -> Patch {
    let corners = [
        (columns.start, rows.start),
        (columns.end, rows.start),
        (columns.start, rows.end),
        (columns.end, rows.end),
    ]
    .map(|(x, y)| similarity.product_from_canvas(Point { x: f64::from(x), y: f64::from(y) }));
    let span = |values: [f64; 4], length: u32| {
        let (first, last) = (-2.0, (f64::from(length) * shrunk).ceil() + 2.0);
        let low = values.iter().copied().fold(f64::INFINITY, f64::min) * shrunk - 3.0;
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max) * shrunk + 3.0;
        let start = low.clamp(first, last).floor() as i64;
        start..(high.clamp(first, last).ceil() as i64).max(start)
    };
    let columns = span(corners.map(|p| p.x), product.width());
    let rows = span(corners.map(|p| p.y), product.height());
    if shrunk < 1.0 {
        shrink(product, shrunk, [0.0, 0.0], columns, rows)
    } else {
        cut(product, columns, rows)
    }
}

/// Lays `light` (premultiplied, linear) over the canvas box.
fn draw(
    canvas: &mut RgbaImage,
    columns: Range<u32>,
    rows: Range<u32>,
    light: impl Fn(u32, u32) -> glam::Vec4 + Sync,
) {
    let stride = canvas.width() as usize * 4;
    let (from, to) = (columns.start as usize * 4, columns.end as usize * 4);
    let (first, count) = (rows.start as usize, rows.len());
    canvas.par_chunks_exact_mut(stride).enumerate().skip(first).take(count).for_each(|(y, line)| {
        let linear = Linear::new();
        for (x, ground) in columns.clone().zip(line[from..to].as_chunks_mut().0) {
            *ground = over(linear, linear.straight(light(x, y as u32)), *ground);
        }
    });
}

/// Copies the product's own codes, its top left pixel (mirrored: its top right one) at `origin`.
fn copy(canvas: &mut RgbaImage, product: &RgbaImage, (left, top): (i64, i64), mirror: bool) {
    let linear = Linear::new();
    let (width, height) = (i64::from(product.width()), i64::from(product.height()));
    let clip = |at: i64, length: u32| at.clamp(0, i64::from(length));
    let (from, to) = (clip(left, canvas.width()), clip(left + width, canvas.width()));
    let (first, last) = (clip(top, canvas.height()), clip(top + height, canvas.height()));
    let (stride, product_stride) = (canvas.width() as usize * 4, product.width() as usize * 4);
    let lines = product.as_raw().par_chunks_exact(product_stride.max(1)).skip((first - top).max(0) as usize);
    let grounds = canvas.par_chunks_exact_mut(stride).skip(first as usize).take((last - first) as usize);
    grounds.zip(lines).for_each(|(ground, line)| {
        let ground = ground[from as usize * 4..to as usize * 4].as_chunks_mut().0;
        let line = line.as_chunks().0;
        for (column, ground) in (from - left..).zip(ground) {
            let column = if mirror { width - 1 - column } else { column };
            *ground = over(linear, line[column as usize], *ground);
        }
    });
}

/// Porter and Duff's "over" of straight-alpha pixels, in linear light. Opaque covers exactly; what is
/// transparent leaves no colour behind.
fn over(linear: Linear, pixel: [u8; 4], ground: [u8; 4]) -> [u8; 4] {
    match (pixel[3], ground[3]) {
        (0, _) => ground,
        (255, _) | (_, 0) => pixel,
        _ => {
            let front = linear.premultiplied(pixel);
            linear.straight(front + linear.premultiplied(ground) * (1.0 - front.w))
        }
    }
}

#[cfg(test)]
mod tests;

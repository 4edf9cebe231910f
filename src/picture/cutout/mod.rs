//! Cutting a product out of its photo: straight alpha, clean edges, empty hoops.
//!
//! Strict ID holds from the first step: where the cut-out is opaque its pixels are the photo's own, bit for bit;
//! where it is clear alpha is exactly 0. Only the pixels of the edge, where product and ground are mixed, get
//! colours of their own, because the ground's part has to leave them.
//!
//! The ground is modelled from the photo's border (`ground`), what differs from it is labelled, and the edge is
//! unmixed (`edge`). The label comes from a trained eye that is shown photo and ground ([`Matting`]); without
//! one it is the shortest border between what differs and what does not (`label`). All of it on the processor, the
//! same on any number of threads. The designer's strokes and frame win over all of it. Large photos are looked
//! at small and unmixed at full size. This module refuses to know files, networks and windows.

mod edge;
mod evidence;
mod grid;
mod ground;
mod label;
mod preview;
mod quality;
mod view;

pub use evidence::{Evidence, Matting, PLANES};
pub use preview::{Backdrop, lay_on};
pub use quality::{Doubt, EdgeQuality};

use crate::picture::linear::Linear;
use crate::project::{Rectangle, Stroke};
use edge::{BAND, EdgeModel};
use glam::Vec3;
use grid::Grid;
use ground::GroundModel;
use image::{RgbImage, RgbaImage};
use quality::EdgeSum;
use rayon::prelude::*;
use view::{Mark, View};

/// A photo, and what the designer pointed at.
#[derive(Debug, Clone, Copy)]
pub struct CutOutRequest<'a> {
    pub photo: &'a RgbImage,
    /// The product lies in it, but for what include strokes mark.
    pub frame: Option<Rectangle>,
    /// Later strokes win over earlier ones.
    pub strokes: &'a [Stroke],
}

/// A product without its ground.
#[derive(Debug, Clone, PartialEq)]
pub struct CutOut {
    /// As large as the photo, straight alpha. Opaque pixels are the photo's own; clear ones are 0, 0, 0, 0.
    pub pixels: RgbaImage,
    pub quality: EdgeQuality,
    pub doubts: Vec<Doubt>,
}

/// A photo without transparency, ready to be cut out; none if the product was cut out before, whose matte is to
/// be kept as it is.
pub fn opaque(photo: &RgbaImage) -> Option<RgbImage> {
    let mut opaque = RgbImage::new(photo.width(), photo.height());
    for (own, pixel) in opaque.pixels_mut().zip(photo.pixels()) {
        let [red, green, blue, alpha] = pixel.0;
        if alpha < 255 {
            return None;
        }
        own.0 = [red, green, blue];
    }
    Some(opaque)
}

/// Cuts the product out, with a trained eye's help if there is one. `check` is asked now and then and can stop the
/// work.
pub fn cut_out<E, C>(
    request: &CutOutRequest<'_>,
    matting: Option<&dyn Matting>,
    check: C,
) -> Result<CutOut, E>
where
    E: Send,
    C: Fn() -> Result<(), E> + Sync,
{
    check()?;
    let (width, height) = request.photo.dimensions();
    if width == 0 || height == 0 {
        return Ok(CutOut {
            pixels: RgbaImage::new(width, height),
            quality: EdgeQuality::of(0.0),
            doubts: vec![Doubt::NothingFound],
        });
    }
    let view = View::of(request);
    let (colours, marks) = (view.colours(request.photo), view.marks(request));
    check()?;
    let ground = GroundModel::of(&colours, &marks);
    check()?;
    let deviations = label::deviations(&colours, &ground);
    let learned = matting.and_then(|matting| {
        let evidence = Evidence::of(&colours, &ground, &deviations);
        let alpha = matting.alpha(&evidence).filter(|alpha| alpha.len() == marks.data.len())?;
        Some(Grid { width: marks.width, height: marks.height, data: alpha })
    });
    check()?;
    let label = match &learned {
        Some(alpha) => label::learned(alpha, &marks, &deviations),
        None => label::label(&colours, &ground, &marks, &deviations),
    };
    check()?;
    let edges = EdgeModel::of(&colours, &ground, &marks, &label, learned);
    check()?;
    let (pixels, sum) = paint(request, &view, &edges, &check)?;
    let quality = sum.quality();
    let doubts = quality::doubts(&view, request, &ground, &marks, &edges.depth, &pixels, quality);
    Ok(CutOut { pixels, quality, doubts })
}

/// What a photo says to a trained eye: for its lessons.
#[cfg(test)]
pub(crate) fn evidence(request: &CutOutRequest<'_>) -> Evidence {
    let view = View::of(request);
    let (colours, marks) = (view.colours(request.photo), view.marks(request));
    let ground = GroundModel::of(&colours, &marks);
    Evidence::of(&colours, &ground, &label::deviations(&colours, &ground))
}

/// The photo's pixels with their alpha, row by row at full size.
fn paint<E, C>(
    request: &CutOutRequest<'_>,
    view: &View,
    edges: &EdgeModel,
    check: &C,
) -> Result<(RgbaImage, EdgeSum), E>
where
    E: Send,
    C: Fn() -> Result<(), E> + Sync,
{
    let (width, height) = request.photo.dimensions();
    let mut pixels = RgbaImage::new(width, height);
    let stride = width as usize * 3;
    let first = view.rows.start;
    let lines = pixels.par_chunks_exact_mut(width as usize * 4).enumerate();
    let lines = lines.skip(first).take(view.rows.len());
    let sums: Vec<EdgeSum> = lines
        .map(|(row, line)| {
            if row % 16 == 0 {
                check()?;
            }
            let codes = &request.photo.as_raw()[row * stride..(row + 1) * stride];
            Ok(paint_row(request, view, edges, row, codes, line))
        })
        .collect::<Result<_, E>>()?;
    Ok((pixels, sums.into_iter().fold(EdgeSum::default(), EdgeSum::and)))
}

fn paint_row(
    request: &CutOutRequest<'_>,
    view: &View,
    edges: &EdgeModel,
    row: usize,
    codes: &[u8],
    line: &mut [u8],
) -> EdgeSum {
    let linear = Linear::new();
    let factor = view.factor as f32;
    let mut sum = EdgeSum::default();
    let mut marks = vec![Mark::Free; view.columns.len()];
    view::mark_line(request, row as f64 + 0.5, view.columns.start as f64, 1.0, &mut marks);
    let y = (row as f32 + 0.5 - view.rows.start as f32) / factor;
    for (at, mark) in marks.into_iter().enumerate() {
        let column = view.columns.start + at;
        let code = [codes[3 * column], codes[3 * column + 1], codes[3 * column + 2]];
        let x = (at as f32 + 0.5) / factor;
        let depth = edges.depth.near(x as isize, y as isize);
        let pixel = match mark {
            Mark::Product => own(code),
            Mark::Ground => [0; 4],
            Mark::Free if depth >= BAND => own(code),
            Mark::Free if depth <= -BAND => [0; 4],
            Mark::Free => {
                let edge = edges.look(Vec3::from_array(code.map(|code| linear.decode(code))), x, y, factor);
                sum.add(&edge);
                let alpha = (255.0 * edge.alpha).round() as u8;
                match alpha {
                    255 => own(code),
                    0 => [0; 4],
                    _ => {
                        let [red, green, blue] = edge.colour.to_array().map(|light| linear.encode(light));
                        [red, green, blue, alpha]
                    }
                }
            }
        };
        line[4 * column..4 * column + 4].copy_from_slice(&pixel);
    }
    sum
}

fn own([red, green, blue]: [u8; 3]) -> [u8; 4] {
    [red, green, blue, 255]
}

#[cfg(test)]
mod tests;

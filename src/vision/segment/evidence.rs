//! A model's sure parts as strokes, which is what the cut-out takes.
//!
//! A stroke's brush never leaves the sure part: it is drawn along those pixels whose surroundings are all sure. What
//! is nearer to the model's border than the brush stays open, and the cut-out decides it. Beyond the picture's own
//! edge everything is as sure as at it.

use crate::project::{Other, Point, Stroke, StrokeKind};
use image::GrayImage;

/// A value from which on a pixel surely belongs, and up to which it surely does not.
const SURE: (u8, u8) = (243, 12);

/// The brush's radius as a share of the mask's longer side, and at least, pixels.
const BRUSH: f64 = 1.0 / 160.0;
const LEAST_BRUSH: u32 = 2;

/// Include and exclude strokes of a soft mask, pixels of the photo that the mask is of.
pub fn strokes_of(mask: &GrayImage) -> Vec<Stroke> {
    let longer = mask.width().max(mask.height());
    let radius = ((f64::from(longer) * BRUSH).round() as u32).max(LEAST_BRUSH);
    let mut strokes = Vec::new();
    for (kind, sure) in [
        (StrokeKind::Exclude, (|value| value <= SURE.1) as fn(u8) -> bool),
        (StrokeKind::Include, |value| value >= SURE.0),
    ] {
        // A row in every brush, so that neighbouring strokes overlap.
        for row in (0..mask.height()).step_by(radius as usize) {
            strokes
                .extend(runs(mask, row, radius, sure).into_iter().map(|run| stroke(kind, row, radius, run)));
        }
    }
    strokes
}

/// Columns of a row where all pixels within `radius`, rows above and below too, are sure: first and last.
fn runs(mask: &GrayImage, row: u32, radius: u32, sure: fn(u8) -> bool) -> Vec<(u32, u32)> {
    let width = mask.width();
    let rows = row.saturating_sub(radius)..=(row + radius).min(mask.height() - 1);
    let open = |column: u32| rows.clone().all(|row| sure(mask.get_pixel(column, row).0[0]));
    let mut runs = Vec::new();
    let mut from = None;
    for column in 0..=width {
        match (column < width && open(column), from) {
            (true, None) => from = Some(column),
            (false, Some(first)) => {
                // The brush reaches `radius` further than its line on both sides.
                let start = if first == 0 { 0 } else { first + radius };
                let end = if column == width { width } else { column.saturating_sub(radius) };
                if start < end {
                    runs.push((start, end - 1));
                }
                from = None;
            }
            _ => {}
        }
    }
    runs
}

fn stroke(kind: StrokeKind, row: u32, radius: u32, (first, last): (u32, u32)) -> Stroke {
    let point = |column: u32| Point { x: f64::from(column) + 0.5, y: f64::from(row) + 0.5 };
    Stroke {
        kind,
        radius: f64::from(radius),
        points: vec![point(first), point(last)],
        other: Other::default(),
    }
}

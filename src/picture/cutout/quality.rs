//! What a cut-out is worth, in a number with a meaning and in plain words.

use super::CutOutRequest;
use super::edge::Edge;
use super::grid::Grid;
use super::ground::GroundModel;
use super::view::{Mark, View};
use image::RgbaImage;
use serde::Serialize;
use std::fmt;

/// How clearly the photo itself shows where the product ends.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
pub struct EdgeQuality {
    /// The part of the edge that product and ground decide by their colours, 0..=1; the rest was drawn from
    /// the shape around it. 0 where there is no edge.
    pub score: f64,
}

impl EdgeQuality {
    pub(super) fn of(score: f64) -> Self {
        Self { score }
    }

    /// The score in a few words.
    pub fn words(self) -> &'static str {
        match self.score {
            0.85.. => "the edge is clear",
            0.70..0.85 => "the edge is mostly clear",
            0.50..0.70 => "parts of the edge are drawn by shape alone; look at it",
            _ => "the edge is a guess; mark the product with strokes",
        }
    }
}

/// A reason to look at a cut-out closely, or to help it with strokes or a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    NothingFound,
    TouchesBorder,
    FillsPhoto,
    LikeGround,
    BusyGround,
}

impl fmt::Display for Doubt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NothingFound => "nothing was found in the photo; mark the product with strokes",
            Self::TouchesBorder => "the product touches the border of the photo; use a photo that shows it whole",
            Self::FillsPhoto => {
                "the product fills nearly all of the photo; use one with more ground around it, or mark the ground with strokes"
            }
            Self::LikeGround => {
                "product and ground have nearly the same colour; mark the product with strokes"
            }
            Self::BusyGround => {
                "the ground is not plain; draw a frame around the product or mark it with strokes"
            }
        })
    }
}

/// Certainty summed along the edge.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EdgeSum {
    certain: f64,
    length: f64,
}

impl EdgeSum {
    /// Counts a pixel as far as it is mixed.
    pub(super) fn add(&mut self, edge: &Edge) {
        let mixed = f64::from(4.0 * edge.alpha * (1.0 - edge.alpha));
        self.certain += mixed * f64::from(edge.certainty);
        self.length += mixed;
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self { certain: self.certain + other.certain, length: self.length + other.length }
    }

    pub(super) fn quality(self) -> EdgeQuality {
        EdgeQuality::of(if self.length > 0.0 { self.certain / self.length } else { 0.0 })
    }
}

/// Deviation of the border above which a ground is not plain, sRGB 0..=1.
const BUSY: f32 = 0.05;

/// The reasons to doubt a finished cut-out.
pub(super) fn doubts(
    view: &View,
    request: &CutOutRequest<'_>,
    ground: &GroundModel,
    marks: &Grid<Mark>,
    depth: &Grid<f32>,
    pixels: &RgbaImage,
    quality: EdgeQuality,
) -> Vec<Doubt> {
    let pointed = marks.data.contains(&Mark::Product);
    let opaque = pixels.pixels().filter(|pixel| pixel.0[3] >= 128).count();
    let looked_at = view.columns.len() * view.rows.len();
    let mut doubts = Vec::new();
    if opaque == 0 {
        doubts.push(Doubt::NothingFound);
    }
    if touches(view, request, depth) {
        doubts.push(Doubt::TouchesBorder);
    }
    if opaque * 100 > 92 * looked_at || ground.share < 0.35 {
        doubts.push(Doubt::FillsPhoto);
    }
    if opaque > 0 && quality.score < 0.5 && !pointed {
        doubts.push(Doubt::LikeGround);
    }
    if ground.unevenness > BUSY || ground.share < 0.6 {
        doubts.push(Doubt::BusyGround);
    }
    doubts
}

/// Whether product runs out of the photo: by more than a few stray pixels of one side.
fn touches(view: &View, request: &CutOutRequest<'_>, depth: &Grid<f32>) -> bool {
    const STRAY: usize = 2;
    let (width, height) = request.photo.dimensions();
    let (right, bottom) = (depth.width - 1, depth.height - 1);
    let inside = |column: usize, row: usize| depth.at(column, row) > 0.0;
    let across = |row: usize| (0..=right).filter(|column| inside(*column, row)).count() > STRAY;
    let down = |column: usize| (0..=bottom).filter(|row| inside(column, *row)).count() > STRAY;
    (view.rows.start == 0 && across(0))
        || (view.rows.end == height as usize && across(bottom))
        || (view.columns.start == 0 && down(0))
        || (view.columns.end == width as usize && down(right))
}

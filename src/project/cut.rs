//! How a product is cut out of a photo without transparency: which photo, and what a designer pointed at.

use super::{Other, Point};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The photo that an earring's file was cut out of, and how: enough to cut it out again with more strokes, and
/// to name the photo where the product's pixels come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CutFrom {
    /// The photo, relative to the project file.
    pub file: String,
    /// What of the photo holds the product; none: all of it.
    #[serde(default)]
    pub frame: Option<Rectangle>,
    /// In the order in which they were drawn: a later one counts where it lies over an earlier one.
    #[serde(default)]
    pub strokes: Vec<Stroke>,
    #[serde(flatten)]
    pub other: Other,
}

/// What a stroke says about the pixels under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrokeKind {
    /// They belong to it: to the product, or to what is taken out of a face photo.
    Include,
    /// They do not: background, or what stays.
    Exclude,
}

/// A round brush drawn along a line; pixels of the photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stroke {
    pub kind: StrokeKind,
    /// Of the brush, > 0.
    pub radius: f64,
    /// One point is a dab.
    pub points: Vec<Point>,
    #[serde(flatten)]
    pub other: Other,
}

/// An axis-aligned rectangle in pixels of the photo, `left < right` and `top < bottom`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rectangle {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

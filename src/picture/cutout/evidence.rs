//! What a photo and its ground say about the product, laid out for a trained eye.
//!
//! The eye itself lives with the networks; this room only asks it, and does without it.

use super::grid::Grid;
use super::ground::GroundModel;
use glam::Vec3;

/// Planes of an [`Evidence`].
pub const PLANES: usize = 8;

/// Deviations from the ground beyond which more say nothing.
const MOST: f32 = 8.0;

/// A photo as it is looked at, each value 0..=1, planes of `height` rows of `width`: red, green and blue of the photo,
/// the same of the smooth ground under it (sRGB, no shadows), whether ground was followed there from the photo's border, and how far
/// the photo is from the ground in the ground's own deviations (8 and more are 1).
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    pub width: usize,
    pub height: usize,
    pub planes: Vec<f32>,
}

/// An eye that has learned what products look like in front of plain grounds.
pub trait Matting: Send + Sync {
    /// How much of each pixel is product, 0..=1, row by row; none if it cannot tell.
    fn alpha(&self, evidence: &Evidence) -> Option<Vec<f32>>;
}

impl Evidence {
    pub(super) fn of(colours: &Grid<Vec3>, ground: &GroundModel, deviations: &Grid<f32>) -> Self {
        let channel = |grid: &Grid<Vec3>, index: usize| grid.data.iter().map(move |own| own[index]).collect();
        let planes: [Vec<f32>; PLANES] = [
            channel(colours, 0),
            channel(colours, 1),
            channel(colours, 2),
            channel(&ground.surface, 0),
            channel(&ground.surface, 1),
            channel(&ground.surface, 2),
            ground.followed.data.iter().map(|followed| f32::from(u8::from(*followed))).collect(),
            deviations.data.iter().map(|own| (own / MOST).min(1.0)).collect(),
        ];
        Self { width: colours.width, height: colours.height, planes: planes.concat() }
    }
}

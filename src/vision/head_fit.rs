//! How a head is turned, measured from its 68 landmarks.
//!
//! The body model's landmarks are laid over the picture's: turn, place and size of the head, how near the
//! camera stands, and the few ways in which faces differ most (longer, wider, flatter, brows, nose, open
//! mouth) are fitted together, each of the latter held back by how much people vary. What the landmarks leave open
//! becomes the angles' uncertainty; where the landmarks are a network's, its own error (by how far the head is
//! turned) and what several looks disagree about stand in its place. `points` knows the head, `solve` the
//! arithmetic, `find` where to look.
//!
//! Angles are against the **line of sight to the face**, not against the camera's axis: a face at the
//! picture's edge that looks straight into the camera has yaw 0. So neither focal length nor crop needs to be
//! known; perspective is one number, the camera's nearness, fitted with the rest. METHOD 3's pose image has
//! the nose on its axis, where both are the same.

mod find;
mod points;
mod solve;

use super::FaceLandmarks;
use crate::body::LANDMARKS;
use crate::project::HeadAngles;
pub use find::look_at_head;
use glam::{DMat3, DVec2, DVec3};
pub use points::HeadPoints;

/// Faces less high than this have landmarks that say nothing, pixels.
const SMALLEST_FACE: f64 = 8.0;

/// How far a measurement can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// Something head-like was fitted; do not judge by it.
    Poor,
    /// Good for a first pose, to be looked at.
    Fair,
    /// As good as the stated uncertainty.
    Good,
}

/// A head's turn, and where its parts lie.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadFit {
    /// Against the line of sight to the face.
    pub angles: HeadAngles,
    /// One standard deviation of each angle, degrees.
    pub sigma_deg: HeadAngles,
    /// Root mean square of the landmarks' distances from the fitted head's, pixels; robust, so that a
    /// few lost landmarks do not count.
    pub residual_px: f64,
    /// Where earrings hang: the subject's left and right lobe, picture frame, hidden or not.
    pub lobes_in_picture: [DVec2; 2],
    /// First and last row of the face, brow to chin, picture frame.
    pub face_rows: (f64, f64),
    pub trust: Trust,
    /// The fitted head's landmarks, picture frame.
    pub landmarks: FaceLandmarks,
    /// The fitted head in the picture.
    pub placing: Placing,
    /// Its width, height and depth over the model's.
    pub proportions: DVec3,
    /// How firmly the landmarks stay on the face when the box they are looked for in is moved: 1 for a face
    /// seen clearly, about 0 where there is none. 1 where landmarks came from elsewhere.
    pub steady: f64,
}

/// Why landmarks could not be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadFitError {
    #[error(
        "the landmarks are no face: they are not finite or lie within {SMALLEST_FACE} pixels; choose a picture with a larger face"
    )]
    NoExtent,
}

/// From the head at rest to the picture: `u = place + scale * (x, -y) / (1 - nearness * z)` with (x, y, z) =
/// `turn` times the point, metres, z towards the camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placing {
    pub turn: DMat3,
    /// Where the head's middle lies, picture frame.
    pub place: DVec2,
    /// Pixels a metre at the head's middle.
    pub scale: f64,
    /// One over the camera's distance, 1/m.
    pub nearness: f64,
}

/// Closest that a camera is taken to stand: parts of the head are never behind it.
const LEAST_DEPTH: f64 = 0.2;

impl Placing {
    /// A point of the shaped head, from its middle, in the picture.
    pub fn project(&self, point: DVec3) -> DVec2 {
        let turned = self.turn * point;
        let depth = (1.0 - self.nearness * turned.z).max(LEAST_DEPTH);
        self.place + DVec2::new(turned.x, -turned.y) * (self.scale / depth)
    }
}

impl HeadPoints {
    /// Fits the head to landmarks of a picture of this size.
    pub fn fit(&self, landmarks: &FaceLandmarks, picture_size: (u32, u32)) -> Result<HeadFit, HeadFitError> {
        let (top, bottom) = landmarks.rows();
        let finite = landmarks.0.iter().all(|landmark| landmark.is_finite());
        if !finite || landmarks.extent() < SMALLEST_FACE {
            return Err(HeadFitError::NoExtent);
        }
        let solution = solve::best(self, landmarks);
        let placing = solution.placing();
        let fitted = self.landmarks_in(&solution);
        let inside = inside_share(landmarks, picture_size);
        let relative = solution.residual_px / (placing.scale * points::FACE_HEIGHT);
        Ok(HeadFit {
            angles: solution.angles(),
            sigma_deg: solution.sigma_deg(),
            residual_px: solution.residual_px,
            lobes_in_picture: self.lobes_in(&solution),
            face_rows: (top, bottom),
            trust: trust(relative, solution.sigma_deg(), inside),
            landmarks: fitted,
            placing,
            proportions: solution.proportions(),
            steady: 1.0,
        })
    }
}

/// Share of the landmarks that lie in the picture.
fn inside_share(landmarks: &FaceLandmarks, (width, height): (u32, u32)) -> f64 {
    let size = DVec2::new(f64::from(width), f64::from(height));
    let inside = |at: &&DVec2| at.cmpge(DVec2::ZERO).all() && at.cmple(size).all();
    landmarks.0.iter().filter(inside).count() as f64 / LANDMARKS as f64
}

/// Residuals in face heights beyond which a fit is loose, and beyond which it is no face at all.
const LOOSE: f64 = 0.030;
const NO_FACE: f64 = 0.060;

fn trust(relative_residual: f64, sigma: HeadAngles, inside: f64) -> Trust {
    let widest = sigma.yaw_deg.max(sigma.pitch_deg).max(sigma.roll_deg);
    if relative_residual > NO_FACE || inside < 0.7 || widest > 15.0 {
        Trust::Poor
    } else if relative_residual > LOOSE || inside < 0.97 || widest > 7.0 {
        Trust::Fair
    } else {
        Trust::Good
    }
}

#[cfg(test)]
mod tests;

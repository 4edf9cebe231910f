//! What can be measured in a finished picture.

use super::Layout;
use crate::engine::progress::Control;
use crate::picture::{Exactness, Expansion, Seam, expansion, seam};
use crate::project::HeadAngles;
use crate::workflow::{Studio, WorkflowError};
use image::RgbImage;

/// Everything measured in one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    pub product: Exactness,
    pub sight: Sight,
    /// Whether the face photo shows a face to compare with.
    pub photo_has_face: bool,
    /// None where the product leaves no room, or where it was not looked at.
    pub seam: Option<Seam>,
    pub expansion: Option<Expansion>,
}

/// What the eyes saw where a face was asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Sight {
    /// They did not look, for this reason.
    NotLooked(String),
    NoFace,
    Face(SeenFace),
}

/// A face as the eyes see it, canvas frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeenFace {
    /// The finder's confidence, 0..=1; none if the head was found without it.
    pub score: Option<f32>,
    /// First and last row, brow to chin.
    pub rows: (f64, f64),
    /// Against the line of sight.
    pub angles: HeadAngles,
    /// Whether the head's fit can be relied on.
    pub trusted: bool,
    /// Distance of its descriptor from the face photo's; none without a photo or from the side.
    pub identity: Option<f64>,
}

/// A finished picture and what it was made of.
#[derive(Debug, Clone, Copy)]
pub struct Finished<'a> {
    pub layout: &'a Layout,
    /// I_g at canvas size.
    pub generated: &'a RgbImage,
    /// I_f.
    pub pixels: &'a RgbImage,
    pub exactness: Exactness,
    /// Whom the model was to resemble.
    pub face_photo: Option<&'a RgbImage>,
}

impl Findings {
    /// Nothing but the product was looked at.
    pub fn of_product(exactness: Exactness, reason: &str) -> Self {
        Self {
            product: exactness,
            sight: Sight::NotLooked(reason.to_owned()),
            photo_has_face: false,
            seam: None,
            expansion: None,
        }
    }
}

/// Measures everything.
pub fn look(finished: &Finished<'_>, _studio: &Studio, control: &Control) -> Result<Findings, WorkflowError> {
    let placed = &finished.layout.placed;
    let mut findings = Findings::of_product(finished.exactness, "nobody looked for a face");
    findings.seam = seam(finished.pixels, placed);
    control.check()?;
    findings.expansion = expansion(finished.generated, placed);
    control.check()?;
    Ok(findings)
}

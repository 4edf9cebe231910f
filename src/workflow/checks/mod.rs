//! Is the finished picture what was asked for? Adorn looks at its own pictures and says so in plain words.
//!
//! `look` measures, `judge` compares with what was asked and says pass, doubt or fail; the two are apart so that
//! every judgement can be tested without eyes. A check that cannot be judged says why and is never a failure.
//! Values are rounded before they are kept, so that a record does not hang on the last bit of a float.

mod face;
mod judge;
mod look;

pub use judge::{Asked, judge};
pub use look::{Findings, Finished, SeenFace, Sight, look};

use super::{Layout, Studio, WorkflowError};
use crate::engine::EngineKind;
use crate::engine::progress::Control;
use crate::project::Variant;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// What was found out about a finished picture.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Checks {
    /// For sorting, the best first; see [`Checks::score`].
    pub score: f64,
    /// Always in the same order.
    pub list: Vec<Check>,
}

/// One question about a picture, and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub name: CheckName,
    pub verdict: CheckVerdict,
    /// What was measured, in `unit`; none where nothing could be. Measured values stand here too where they
    /// are not judged.
    pub value: Option<f64>,
    /// Up to this value the check passes; none where there is no such number.
    pub limit: Option<f64>,
    /// As it is written after a number: ` px`, ` %`, `°`; empty for counts and shares.
    pub unit: String,
    /// For a designer: what was found, and what it was held against.
    pub words: String,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// Is every product pixel the product's own?
    Product,
    /// Is there a face where one was asked for?
    Face,
    /// Is it as high as the scale band?
    FaceSize,
    /// Is it turned as the pose asks?
    Pose,
    /// Is it the person of the face photo?
    Identity,
    /// Does the picture change at the product's outline?
    Seam,
    /// Was more product painted around the product?
    Expansion,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    Pass,
    /// A person should look.
    Doubt,
    Fail,
    /// Not judged; the words say why.
    NotApplicable,
}

impl CheckName {
    /// As a card or a line calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Face => "face",
            Self::FaceSize => "face size",
            Self::Pose => "pose",
            Self::Identity => "identity",
            Self::Seam => "seam",
            Self::Expansion => "expansion",
        }
    }

    /// Weight of a check's closeness in the score: what spoils an ad most weighs most.
    fn weight(self) -> f64 {
        match self {
            Self::Product => 0.0,
            Self::Face => 1.0,
            Self::FaceSize | Self::Pose | Self::Identity => 2.0,
            Self::Seam | Self::Expansion => 3.0,
        }
    }
}

impl CheckVerdict {
    /// As a line shows it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Doubt => "doubt",
            Self::Fail => "fail",
            Self::NotApplicable => "not judged",
        }
    }
}

impl Checks {
    fn new(list: Vec<Check>) -> Self {
        let score = score(&list);
        Self { score, list }
    }

    pub fn get(&self, name: CheckName) -> Option<&Check> {
        self.list.iter().find(|check| check.name == name)
    }

    /// Whether everything that could be judged passed. A doubt is no pass.
    pub fn all_pass(&self) -> bool {
        let judged = |check: &&Check| check.verdict != CheckVerdict::NotApplicable;
        self.list.iter().filter(judged).all(|check| check.verdict == CheckVerdict::Pass)
    }

    /// How many ended so.
    pub fn count(&self, verdict: CheckVerdict) -> usize {
        self.list.iter().filter(|check| check.verdict == verdict).count()
    }
}

/// Checks passed, and as its fraction the weighted mean closeness of the judged ones: 1 for a value of 0,
/// falling to 0 at twice the limit. One more pass outweighs any closeness.
fn score(list: &[Check]) -> f64 {
    let (mut passed, mut sum, mut weights) = (0.0, 0.0, 0.0);
    for check in list {
        match check.verdict {
            CheckVerdict::NotApplicable => continue,
            CheckVerdict::Pass => passed += 1.0,
            CheckVerdict::Doubt | CheckVerdict::Fail => {}
        }
        let closeness = match (check.value, check.limit) {
            (Some(value), Some(limit)) if limit > 0.0 => (1.0 - value / (2.0 * limit)).clamp(0.0, 1.0),
            _ => f64::from(u8::from(check.verdict == CheckVerdict::Pass)),
        };
        sum += check.name.weight() * closeness;
        weights += check.name.weight();
    }
    rounded(passed + if weights > 0.0 { 0.999 * sum / weights } else { 0.0 })
}

/// Looks at a finished picture of a variant and judges it. A layout preview is not looked at: it is wanted at
/// once, and its porcelain has no eyes.
pub(super) fn check(
    finished: &Finished<'_>,
    variant: &Variant,
    kind: EngineKind,
    studio: &Studio,
    control: &Control,
) -> Result<Checks, WorkflowError> {
    let findings = match kind {
        EngineKind::Layout => Findings::of_product(finished.exactness, ""),
        EngineKind::Untrained | EngineKind::Trained => look(finished, studio, control)?,
    };
    let asked = Asked {
        canvas: variant.canvas,
        band: finished.layout.scene.band,
        angles: finished.layout.angles,
        kind,
        face_photo: variant.face.is_some(),
    };
    Ok(judge(&asked, &findings))
}

/// To a thousandth.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// One line a check: "seam: pass, no fringe around the product ...".
impl fmt::Display for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}, {}", self.name.label(), self.verdict.label(), self.words)
    }
}

/// Checks out of a record that another version wrote: what is not understood counts as not there, so that a
/// record never becomes unreadable by them.
pub(super) fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Checks>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(deserializer)?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()))
}

#[cfg(test)]
mod tests;

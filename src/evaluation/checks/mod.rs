//! The checks of a finished picture, checked: how often each finds a fault that was planted, and how often it
//! cries wolf over a picture that has none.
//!
//! The truth is painted: people of many looks at known turns and sizes, wearing rendered earrings. Portraits,
//! where there are some, stand for the ground of real pictures: the product is hung beside the jaw, and the
//! fringe and leak that are found there are false alarms.

mod advert;
mod faces;
mod grounds;
mod tally;

use super::{Effort, EvaluationError, Report};
use crate::engine::progress::{Control, Progress, Stage as Step};
use crate::workflow::{Findings, Studio, look};
use advert::{Advert, Stage};
use std::path::PathBuf;

/// Turns of the heads, degrees: those of the pose library, and some near the borders of the classes.
const YAWS: [f64; 9] = [-75.0, -60.0, -45.0, -22.0, 0.0, 18.0, 35.0, 60.0, 75.0];
/// Shares of the canvas's height that faces fill.
const SHARES: [f64; 3] = [0.34, 0.46, 0.6];
/// People that are painted unless told otherwise; each once at every turn.
const PEOPLE: usize = 4;

/// One advert, what the checks found in it, and who wears it.
struct Case {
    person: u64,
    advert: Advert,
    findings: Findings,
}

pub(super) fn measure(effort: &Effort, control: &Control) -> Result<Report, EvaluationError> {
    let studio = Studio::shipped(PathBuf::from("."))?;
    let stage = Stage::new(&studio);
    let people = effort.count.unwrap_or(PEOPLE);
    let total = people * YAWS.len();
    let mut cases = Vec::new();
    for index in 0..total {
        control.step(Progress::new(Step::Painting, index, total))?;
        let (person, yaw) = ((index / YAWS.len()) as u64, YAWS[index % YAWS.len()]);
        let portrait = stage.person(person, yaw, SHARES[index % SHARES.len()])?;
        let advert = stage.advert(&portrait, index);
        let findings = look(&advert.finished(), &studio, control)?;
        cases.push(Case { person, advert, findings });
    }
    let photos = faces::photos(effort.portraits.as_deref(), people * YAWS.len())?;
    let mut report = Report::default();
    faces::measure(&cases, &stage, &studio, &photos, control, &mut report)?;
    grounds::measure(&cases, &stage, &studio, &photos, control, &mut report)?;
    Ok(report)
}

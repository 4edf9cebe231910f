//! Findings against what was asked: verdicts, limits and plain words.
//!
//! Limits are meant to stand above the error that each measure itself has where the truth is known: `adorn
//! evaluate checks` states those errors, and how often a fault is missed or a sound picture blamed at these limits.

use super::look::{Findings, SeenFace, Sight};
use super::{Check, CheckName, CheckVerdict, Checks, rounded};
use crate::body::PoseFacing;
use crate::engine::EngineKind;
use crate::picture::{Exactness, Expansion, Seam};
use crate::project::{CanvasSize, HeadAngles};
use crate::scene::Band;
use crate::vision::FaceDescriptor;

/// Difference of the face's height from the band's, % of the band.
const SIZE_PASS: f64 = 10.0;
const SIZE_DOUBT: f64 = 20.0;
/// Difference of the yaw, degrees.
const YAW_PASS: f64 = 15.0;
const YAW_DOUBT: f64 = 30.0;
/// A face near the border of its class may be seen on the other side of it, degrees.
const YAW_BORDER: f64 = 8.0;
/// What the eyes themselves are off by: a pose on the border of its class is not blamed for it.
const YAW_OWN_ERROR: f64 = 3.0;
/// Distance of the descriptors, up to which it may still be the same person.
const MAYBE_SAME_PERSON: f64 = 0.7;
/// CIEDE2000, mean over the outline: where it is worst, hair and jaws behind a product reach what a fringe does.
const SEAM_PASS: f64 = 3.0;
const SEAM_DOUBT: f64 = 6.0;
/// Product painted beyond the product, % of its area.
const EXPANSION_PASS: f64 = 3.0;
const EXPANSION_DOUBT: f64 = 10.0;
/// Share of the outline that must differ from its ground for the expansion to be told.
const JUDGED_ENOUGH: f64 = 0.5;
/// METHOD 2's classes of the face's height, shares of the canvas's.
const SMALL_BELOW: f64 = 0.4;
const BIG_FROM: f64 = 0.7;
/// A band may leave the canvas by this share of itself and still be measured.
const BAND_OUTSIDE: f64 = 0.1;

/// What the picture was to show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked {
    pub canvas: CanvasSize,
    pub band: Band,
    pub angles: HeadAngles,
    /// What the painter's pictures are worth.
    pub kind: EngineKind,
    /// Whether there is a face photo to resemble.
    pub face_photo: bool,
}

/// Judges a picture by what was found in it.
pub fn judge(asked: &Asked, findings: &Findings) -> Checks {
    let face = match &findings.sight {
        Sight::Face(face) => Some(face),
        Sight::NoFace | Sight::NotLooked(_) => None,
    };
    let mut list = vec![
        product(&findings.product),
        found(asked, &findings.sight),
        size(asked, face),
        pose(asked, face),
        identity(asked, findings, face),
        seam(findings.seam.as_ref()),
        expansion(findings.expansion.as_ref()),
    ];
    if let Some(reason) = not_judged(asked.kind) {
        list.iter_mut().filter(|check| check.name != CheckName::Product).for_each(|check| {
            check.verdict = CheckVerdict::NotApplicable;
            check.words = match check.value {
                Some(_) => format!("{reason}; measured: {}", check.words),
                None => reason.to_owned(),
            };
        });
    }
    Checks::new(list)
}

/// Why pictures of this kind are measured at most.
fn not_judged(kind: EngineKind) -> Option<&'static str> {
    match kind {
        EngineKind::Layout => Some("layout preview"),
        EngineKind::Untrained => Some("untrained weights"),
        EngineKind::Trained => None,
    }
}

fn check(name: CheckName, verdict: CheckVerdict, words: impl Into<String>) -> Check {
    Check { name, verdict, value: None, limit: None, unit: String::new(), words: words.into() }
}

fn not_applicable(name: CheckName, words: &str) -> Check {
    check(name, CheckVerdict::NotApplicable, words)
}

impl Check {
    fn measured(self, value: f64, limit: f64, unit: &str) -> Self {
        Self { value: Some(rounded(value)), limit: Some(limit), unit: unit.to_owned(), ..self }
    }
}

/// A head that was not seen clearly blames nobody.
fn unless_unsure(verdict: CheckVerdict, face: &SeenFace) -> CheckVerdict {
    match verdict {
        CheckVerdict::Fail if !face.trusted => CheckVerdict::Doubt,
        verdict => verdict,
    }
}

/// Share of the band that lies beyond the canvas, so much of it that a face there cannot be judged.
fn beyond_canvas(asked: &Asked) -> bool {
    let (top, bottom) = (asked.band.top, asked.band.bottom);
    let outside = (-top).max(bottom - f64::from(asked.canvas.height)).max(0.0);
    outside > BAND_OUTSIDE * (bottom - top)
}

/// Up to `pass`, up to `doubt`, beyond.
fn graded(value: f64, pass: f64, doubt: f64) -> CheckVerdict {
    match value {
        value if value <= pass => CheckVerdict::Pass,
        value if value <= doubt => CheckVerdict::Doubt,
        _ => CheckVerdict::Fail,
    }
}

fn product(exactness: &Exactness) -> Check {
    let Exactness { compared, differing, max_difference } = *exactness;
    if compared == 0 {
        return not_applicable(CheckName::Product, "no pixel is the product's alone");
    }
    let (verdict, words) = match differing {
        0 => (CheckVerdict::Pass, format!("all {compared} product pixels are its own")),
        _ => {
            let words = format!(
                "{differing} of {compared} product pixels are not its own, by up to {max_difference}"
            );
            (CheckVerdict::Fail, words)
        }
    };
    check(CheckName::Product, verdict, words).measured(differing as f64, 0.0, " px")
}

fn found(asked: &Asked, sight: &Sight) -> Check {
    match sight {
        Sight::NotLooked(reason) => {
            check(CheckName::Face, CheckVerdict::Doubt, format!("nobody could look for a face: {reason}"))
        }
        Sight::NoFace if beyond_canvas(asked) => {
            not_applicable(CheckName::Face, "the face leaves the canvas, and none was found")
        }
        Sight::NoFace => {
            check(CheckName::Face, CheckVerdict::Fail, "no face was found where one was asked for")
        }
        Sight::Face(face) => {
            let words = if face.trusted { "a face was found" } else { "something like a face was found" };
            let verdict = if face.trusted { CheckVerdict::Pass } else { CheckVerdict::Doubt };
            let value = Some(rounded(face.steady));
            Check { value, ..check(CheckName::Face, verdict, words) }
        }
    }
}

fn size(asked: &Asked, face: Option<&SeenFace>) -> Check {
    let name = CheckName::FaceSize;
    let Some(face) = face else { return not_applicable(name, "there is no face to measure") };
    let (height, wanted) = (face.rows.1 - face.rows.0, asked.band.bottom - asked.band.top);
    let canvas = f64::from(asked.canvas.height);
    let error = 100.0 * (height / wanted - 1.0);
    let (is, was) = (size_class(height / canvas), size_class(wanted / canvas));
    let class = if is == was { format!("{is}, as asked") } else { format!("{is} instead of {was}") };
    let side = if error >= 0.0 { "higher" } else { "lower" };
    let words = format!(
        "the face is {height:.0} px high, {:.0} px or {:.0} % {side} than the band ({class})",
        (height - wanted).abs(),
        error.abs()
    );
    let verdict = match graded(error.abs(), SIZE_PASS, SIZE_DOUBT) {
        _ if beyond_canvas(asked) => CheckVerdict::NotApplicable,
        verdict => unless_unsure(verdict, face),
    };
    let words = if beyond_canvas(asked) { format!("the face leaves the canvas; {words}") } else { words };
    check(name, verdict, words).measured(error.abs(), SIZE_PASS, " %")
}

/// METHOD 2's class of a face's height over the canvas's.
fn size_class(ratio: f64) -> &'static str {
    match ratio {
        ratio if ratio < SMALL_BELOW => "small",
        ratio if ratio < BIG_FROM => "middle",
        _ => "big",
    }
}

fn pose(asked: &Asked, face: Option<&SeenFace>) -> Check {
    let name = CheckName::Pose;
    let Some(face) = face else { return not_applicable(name, "there is no face to measure") };
    let error = (face.angles.yaw_deg - asked.angles.yaw_deg).abs();
    let (is, was) = (PoseFacing::of(face.angles), PoseFacing::of(asked.angles));
    let class = match is == was {
        true => format!("{}, as asked", facing(is)),
        false => format!("{} instead of {}", facing(is), facing(was)),
    };
    let verdict = match graded(error, YAW_PASS, YAW_DOUBT) {
        CheckVerdict::Pass if is != was && error > YAW_BORDER => CheckVerdict::Fail,
        CheckVerdict::Pass if is != was && error > YAW_OWN_ERROR => CheckVerdict::Doubt,
        CheckVerdict::Doubt if is != was => CheckVerdict::Fail,
        verdict => verdict,
    };
    let verdict = unless_unsure(verdict, face);
    let words = format!(
        "the head is turned {:.0}°, {error:.0}° off the pose's {:.0}° ({class})",
        face.angles.yaw_deg, asked.angles.yaw_deg
    );
    check(name, verdict, words).measured(error, YAW_PASS, "°")
}

fn facing(facing: PoseFacing) -> &'static str {
    match facing {
        PoseFacing::Left => "left",
        PoseFacing::Front => "front",
        PoseFacing::Right => "right",
    }
}

fn identity(asked: &Asked, findings: &Findings, face: Option<&SeenFace>) -> Check {
    let name = CheckName::Identity;
    match face.and_then(|face| face.identity) {
        _ if !asked.face_photo => not_applicable(name, "no face photo to resemble"),
        None if face.is_none() => not_applicable(name, "there is no face to compare"),
        None if !findings.photo_has_face => not_applicable(name, "no face was found in the face photo"),
        None => not_applicable(name, "the face is turned too far to be compared"),
        Some(distance) => {
            let same = rounded(f64::from(FaceDescriptor::SAME_PERSON));
            let verdict = graded(distance, same, MAYBE_SAME_PERSON);
            let who = match verdict {
                CheckVerdict::Pass => "looks like the person of the face photo",
                CheckVerdict::Doubt => "may be the person of the face photo",
                _ => "looks like somebody else than the face photo",
            };
            check(name, verdict, format!("{who} (distance {distance:.2})")).measured(distance, same, "")
        }
    }
}

fn seam(seam: Option<&Seam>) -> Check {
    let name = CheckName::Seam;
    let Some(Seam { mean, worst, .. }) = seam.copied() else {
        return not_applicable(name, "there is no room around the product to look at");
    };
    let verdict = graded(mean, SEAM_PASS, SEAM_DOUBT);
    let what = match verdict {
        CheckVerdict::Pass => "no fringe around the product",
        CheckVerdict::Doubt => "a faint fringe around the product",
        _ => "a visible fringe around the product",
    };
    let words = format!("{what} (colour difference {mean:.1} on average, {worst:.1} where it is worst)");
    check(name, verdict, words).measured(mean, SEAM_PASS, " ΔE")
}

fn expansion(expansion: Option<&Expansion>) -> Check {
    let name = CheckName::Expansion;
    let Some(Expansion { share, reach, judged }) = expansion.copied() else {
        return not_applicable(name, "there is no room around the product to look at");
    };
    let percent = 100.0 * share;
    let measured = |check: Check| check.measured(percent, EXPANSION_PASS, " %");
    if judged < JUDGED_ENOUGH {
        return measured(not_applicable(name, "product and ground have nearly the same colour"));
    }
    let verdict = graded(percent, EXPANSION_PASS, EXPANSION_DOUBT);
    let words = match percent {
        0.0 => "nothing like the product was painted beyond it".to_owned(),
        _ => {
            format!("product was painted beyond the product: {percent:.0} % of its area, up to {reach:.0} px")
        }
    };
    measured(check(name, verdict, words))
}

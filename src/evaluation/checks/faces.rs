//! Size, pose and person: what the eyes say where the truth is known, and verdicts on planted differences.

use super::advert::Stage;
use super::tally::{Tally, mean, mean_and_worst, table, tally_row, tally_table};
use super::{Case, Report};
use crate::body::PoseFacing;
use crate::engine::EngineKind;
use crate::engine::progress::Control;
use crate::evaluation::{EvaluationError, Table, portraits};
use crate::picture::load_face;
use crate::project::CanvasSize;
use crate::scene::Band;
use crate::workflow::{Asked, CheckName, CheckVerdict, Finished, SeenFace, Sight, Studio, judge, look};
use image::RgbImage;
use std::path::Path;

/// The asked band as a share of the true face's height: faces that are too large and too small.
const RATIOS: [f64; 9] = [0.5, 0.67, 0.8, 0.91, 1.0, 1.1, 1.25, 1.5, 2.0];
/// Degrees by which the asked pose differs from the true one.
const TURNS: [f64; 7] = [0.0, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0];

pub(super) fn measure(
    cases: &[Case],
    stage: &Stage<'_>,
    studio: &Studio,
    photos: &[RgbImage],
    control: &Control,
    report: &mut Report,
) -> Result<(), EvaluationError> {
    report.tables.push(errors(cases));
    report.tables.push(classes(cases));
    report.tables.push(sizes(cases));
    report.tables.push(poses(cases));
    report.tables.push(people(cases, stage, studio, photos, control)?);
    Ok(())
}

fn seen(case: &Case) -> Option<&SeenFace> {
    match &case.findings.sight {
        Sight::Face(face) => Some(face),
        Sight::NoFace | Sight::NotLooked(_) => None,
    }
}

/// What the picture truly shows, as if it had been asked for.
fn true_asked(case: &Case) -> Asked {
    let canvas = CanvasSize { width: case.advert.pixels.width(), height: case.advert.pixels.height() };
    let band = Band { top: case.advert.rows.0, bottom: case.advert.rows.1 };
    let angles = case.advert.layout.angles;
    Asked { canvas, band, angles, kind: EngineKind::Trained, face_photo: false }
}

fn verdict(case: &Case, asked: &Asked, name: CheckName) -> CheckVerdict {
    judge(asked, &case.findings).get(name).map_or(CheckVerdict::NotApplicable, |check| check.verdict)
}

/// Found, and how well measured, by the head's turn.
fn errors(cases: &[Case]) -> Table {
    let mut table = table(
        "Faces of painted people: found and measured",
        &[
            "turned",
            "pictures",
            "found",
            "height, mean",
            "mean error",
            "95 % below",
            "yaw, mean",
            "mean error",
            "95 % below",
        ],
    );
    for (name, range) in [
        ("to 10°", 0.0..10.0),
        ("10 to 30°", 10.0..30.0),
        ("30 to 50°", 30.0..50.0),
        ("50 to 90°", 50.0..90.0),
    ] {
        let within = |case: &&Case| range.contains(&case.advert.layout.angles.yaw_deg.abs());
        let group: Vec<_> = cases.iter().filter(within).collect();
        let faces: Vec<_> = group.iter().filter_map(|case| Some((*case, seen(case)?))).collect();
        let height = |(case, face): &(&Case, &SeenFace)| {
            100.0 * ((face.rows.1 - face.rows.0) / (case.advert.rows.1 - case.advert.rows.0) - 1.0)
        };
        let yaw = |(case, face): &(&Case, &SeenFace)| face.angles.yaw_deg - case.advert.layout.angles.yaw_deg;
        let heights: Vec<_> = faces.iter().map(height).collect();
        let yaws: Vec<_> = faces.iter().map(yaw).collect();
        let ((size, size_worst), (turn, turn_worst)) = (mean_and_worst(&heights), mean_and_worst(&yaws));
        table.rows.push(vec![
            name.to_owned(),
            group.len().to_string(),
            faces.len().to_string(),
            format!("{:+.1} %", mean(&heights)),
            format!("{size:.1} %"),
            format!("{size_worst:.1} %"),
            format!("{:+.1}°", mean(&yaws)),
            format!("{turn:.1}°"),
            format!("{turn_worst:.1}°"),
        ]);
    }
    table
}

/// METHOD 3's classes as they were seen, by those that were painted.
fn classes(cases: &[Case]) -> Table {
    let mut table = table(
        "Pose classes of painted people",
        &[
            "painted",
            "pictures",
            "seen left",
            "seen front",
            "seen right",
            "not found",
            "seen in another class",
        ],
    );
    let facings = [PoseFacing::Left, PoseFacing::Front, PoseFacing::Right];
    for (painted, name) in facings.into_iter().zip(["left", "front", "right"]) {
        let own = cases.iter().filter(|case| PoseFacing::of(case.advert.layout.angles) == painted);
        let looks: Vec<_> = own.map(|case| seen(case).map(|face| PoseFacing::of(face.angles))).collect();
        let count = |facing: Option<PoseFacing>| looks.iter().filter(|look| **look == facing).count();
        let found = looks.len() - count(None);
        let wrong = found - count(Some(painted));
        let share = 100.0 * wrong as f64 / found.max(1) as f64;
        let mut row = vec![name.to_owned(), looks.len().to_string()];
        row.extend(facings.map(|facing| count(Some(facing)).to_string()));
        row.extend([count(None).to_string(), format!("{wrong} of {found} ({share:.0} %)")]);
        table.rows.push(row);
    }
    table
}

/// A band of another height than the face's.
fn sizes(cases: &[Case]) -> Table {
    let mut table = tally_table("Face size: a face so many times as high as asked", "times");
    for ratio in RATIOS {
        let mut tally = Tally::default();
        for case in cases.iter().filter(|case| seen(case).is_some()) {
            let truth = true_asked(case);
            let middle = f64::midpoint(truth.band.top, truth.band.bottom);
            let half = (truth.band.bottom - truth.band.top) / 2.0 / ratio;
            let band = Band { top: middle - half, bottom: middle + half };
            tally.add(verdict(case, &Asked { band, ..truth }, CheckName::FaceSize));
        }
        table.rows.push(tally_row(format!("{ratio:.2}"), &tally));
    }
    table
}

/// A pose that is turned further than the head, to either side.
fn poses(cases: &[Case]) -> Table {
    let mut table = tally_table("Pose: a head turned so much off the pose", "off by");
    for turn in TURNS {
        let mut tally = Tally::default();
        for case in cases.iter().filter(|case| seen(case).is_some()) {
            for side in [-1.0, 1.0] {
                let mut asked = true_asked(case);
                asked.angles.yaw_deg += side * turn;
                tally.add(verdict(case, &asked, CheckName::Pose));
            }
        }
        table.rows.push(tally_row(format!("{turn:.0}°"), &tally));
    }
    table
}

/// The same person's face photo, and another's.
fn people(
    cases: &[Case],
    stage: &Stage<'_>,
    studio: &Studio,
    photos: &[RgbImage],
    control: &Control,
) -> Result<Table, EvaluationError> {
    let mut table = tally_table("Identity", "the face photo shows");
    let mut same = Tally::default();
    let mut other = Tally::default();
    let people = cases.iter().map(|case| case.person + 1).max().unwrap_or(0);
    let faces = (0..people).map(|person| stage.person(person, 8.0, 0.5).map(|portrait| portrait.picture));
    let faces = faces.collect::<Result<Vec<_>, _>>()?;
    for case in cases {
        let own = case.person as usize;
        let finished = case.advert.finished();
        compare(&finished, &faces[own], case, studio, control, &mut same)?;
        // One person alone has nobody to be told from.
        if faces.len() > 1 {
            compare(&finished, &faces[(own + 1) % faces.len()], case, studio, control, &mut other)?;
        }
    }
    table.rows.push(tally_row("the painted person, turned otherwise".to_owned(), &same));
    table.rows.push(tally_row("another painted person".to_owned(), &other));
    if photos.len() < 2 {
        return Ok(table);
    }
    let mut same = Tally::default();
    let mut other = Tally::default();
    for (index, photo) in photos.iter().enumerate() {
        let case = &cases[index % cases.len()];
        let mirrored = image::imageops::flip_horizontal(photo);
        let darker = image::imageops::brighten(&mirrored, -24);
        let finished = Finished { pixels: photo, generated: photo, ..case.advert.finished() };
        compare(&finished, &darker, case, studio, control, &mut same)?;
        let next = &photos[(index + 1) % photos.len()];
        compare(&finished, next, case, studio, control, &mut other)?;
    }
    table.rows.push(tally_row("the same portrait, mirrored and darker".to_owned(), &same));
    table.rows.push(tally_row("another portrait".to_owned(), &other));
    Ok(table)
}

fn compare(
    finished: &Finished<'_>,
    photo: &RgbImage,
    case: &Case,
    studio: &Studio,
    control: &Control,
    tally: &mut Tally,
) -> Result<(), EvaluationError> {
    let finished = Finished { face_photo: Some((photo, None)), ..*finished };
    let findings = look(&finished, studio, control)?;
    let checks = judge(&Asked { face_photo: true, ..true_asked(case) }, &findings);
    tally.add(checks.get(CheckName::Identity).map_or(CheckVerdict::NotApplicable, |check| check.verdict));
    Ok(())
}

/// At most so many portraits of the folder, if there is one.
pub(super) fn photos(folder: Option<&Path>, most: usize) -> Result<Vec<RgbImage>, EvaluationError> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    portraits::chosen(folder, most)?.iter().map(|file| Ok(load_face(file)?)).collect()
}

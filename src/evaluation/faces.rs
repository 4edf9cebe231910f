//! How well faces are found, how still their landmarks stand, and whether descriptors tell people apart.
//!
//! Photos of the same person under known changes stand for other photos of that person: they are nearer to each
//! other than real ones, so the identity threshold comes from what different people share, too. Painted people
//! are seen at several turns, but all have one skull, painted over: their identities are a hard case.

mod change;
mod seen;
mod sheet;
mod tables;

use super::{Effort, EvaluationError, Report, portraits};
use crate::body::BodyModel;
use crate::engine::progress::{Control, Progress, Stage};
use crate::mannequin::{Look, MannequinEngine, Sitting, portrait};
use crate::picture::load_face;
use crate::project::{CanvasSize, HeadAngles};
use crate::render::sheet::contact_sheet;
use crate::scene::Band;
use crate::vision::Eyes;
use rayon::prelude::*;
use seen::{Seen, see};
use std::path::Path;

/// Painted people, each at every turn.
const PEOPLE: usize = 4;
const YAWS_DEG: [f64; 5] = [-40.0, -20.0, 0.0, 20.0, 40.0];
/// Side of a painted picture.
const SIDE: u32 = 384;
const FACE: Band = Band { top: 120.0, bottom: 270.0 };
/// From camera to nose, metres.
const DISTANCE: f32 = 2.0;

/// Portraits looked at; each costs some 9 seconds of one core, for it is looked at about 25 times.
const PORTRAITS: usize = 36;
/// Pictures looked at between two reports of progress.
const BATCH: usize = 6;
/// Tiles in a row of the sheet, and on the sheet.
const COLUMNS: u32 = 10;
const TILES: usize = 200;

/// Measures the part.
pub(super) fn measure(effort: &Effort, control: &Control) -> Result<Report, EvaluationError> {
    let eyes = Eyes::shipped()?;
    let mut report = Report::default();
    match &effort.portraits {
        Some(folder) => {
            let seen = looked_at(&eyes, folder, effort.count.unwrap_or(PORTRAITS), control)?;
            report.tables = tables::of("portraits", &seen);
            report.tables.push(tables::identity("portraits", &seen));
            report.sheets.push(("faces-portraits".to_owned(), sheet_of(&seen)));
        }
        None => {
            let people = painted(&eyes, effort.count.unwrap_or(PEOPLE), control)?;
            let seen: Vec<Seen> = people.into_iter().flatten().collect();
            report.tables = tables::of("painted people", &seen);
            report.tables.push(tables::turned(&seen, YAWS_DEG.len()));
            report.sheets.push(("faces-painted".to_owned(), sheet_of(&seen)));
        }
    }
    Ok(report)
}

fn sheet_of(seen: &[Seen]) -> image::RgbImage {
    let every = seen.len().div_ceil(TILES).max(1);
    let tiles: Vec<_> = seen.iter().step_by(every).map(|seen| seen.tile.clone()).collect();
    contact_sheet(&tiles, COLUMNS, 2)
}

/// Up to `count` portraits of a folder, evenly chosen.
fn looked_at(
    eyes: &Eyes,
    folder: &Path,
    count: usize,
    control: &Control,
) -> Result<Vec<Seen>, EvaluationError> {
    let chosen = portraits::chosen(folder, count)?;
    let mut seen = Vec::new();
    for batch in chosen.chunks(BATCH) {
        control.step(Progress::new(Stage::Painting, seen.len(), chosen.len()))?;
        let looks = batch.par_iter().map(|path| Ok(see(eyes, &load_face(path)?)?));
        seen.extend(looks.collect::<Result<Vec<_>, EvaluationError>>()?);
    }
    Ok(seen)
}

/// Person by person, turn by turn.
fn painted(eyes: &Eyes, people: usize, control: &Control) -> Result<Vec<Vec<Seen>>, EvaluationError> {
    let model = BodyModel::open_head()?;
    let engine = MannequinEngine::new(&model);
    let person = |person: usize| {
        control.step(Progress::new(Stage::Painting, person, people))?;
        let turn = |yaw_deg: &f64| {
            let sitting = Sitting {
                look: Look::person(person as u64),
                angles: HeadAngles { yaw_deg: *yaw_deg, ..HeadAngles::default() },
                canvas: CanvasSize { width: SIDE, height: SIDE },
                face: FACE,
                distance: DISTANCE,
            };
            Ok(see(eyes, &portrait(&engine, &model, &sitting)?.picture)?)
        };
        YAWS_DEG.iter().map(turn).collect()
    };
    (0..people).map(person).collect()
}

//! How well head angles, face extent and lobes are measured: the head's own landmarks, painted people, portraits.
//!
//! Truth is what was painted: angles against the line of sight, the projected landmarks' rows, the projected
//! lobes. Painted people differ in colour, shape, light, wall, tilt and distance, and are looked at twice: freely, and
//! where they are expected, as the program's own pictures are.

mod draw;
mod geometry;
mod portraits;
mod score;

use super::{Effort, EvaluationError, Report, Table};
use crate::body::BodyModel;
use crate::engine::progress::{Control, Progress, Stage};
use crate::mannequin::{Look, MannequinEngine, Portrait, Sitting, portrait};
use crate::project::{CanvasSize, HeadAngles};
use crate::render::sheet::contact_sheet;
use crate::scene::Band;
use crate::vision::{Eyes, FaceBox, HeadFit, HeadPoints, look_at_head};
use glam::DVec2;
use image::{Rgb, RgbImage};
use score::{Miss, Scores};

/// People painted, each at every turn.
const PEOPLE: usize = 5;
/// Number of the first one: the people before were looked at when the measurement was calibrated.
const FIRST_PERSON: u64 = 100;
/// Portraits looked at.
const PORTRAITS: usize = 60;
/// Turns, degrees: -90 to 90.
const YAWS: std::ops::RangeInclusive<i32> = -9..=9;
const YAW_STEP: f64 = 10.0;
/// Pitch and roll, one after the other.
const TILTS: [(f64, f64); 5] = [(0.0, 0.0), (12.0, 0.0), (-12.0, 4.0), (0.0, 12.0), (6.0, -10.0)];
const SIDE: u32 = 384;
/// Heights of the face, pixels brow to chin.
const HEIGHTS: [f64; 3] = [150.0, 120.0, 190.0];
const DISTANCES: [f32; 3] = [8.0, 1.2, 2.5];
/// Side of a picture on the sheet.
const TILE: u32 = 128;

/// Measures the part.
pub(super) fn measure(effort: &Effort, control: &Control) -> Result<Report, EvaluationError> {
    let model = BodyModel::open_head()?;
    let head = HeadPoints::of(&model);
    let eyes = Eyes::shipped()?;
    let mut report = Report::default();
    report.tables.push(geometry::table(&model, &head));
    let people = effort.count.unwrap_or(PEOPLE).max(1);
    let engine = MannequinEngine::new(&model);
    let (mut free, mut expected) = (Scores::default(), Scores::default());
    let (mut tiles, mut done) = (Vec::new(), 0);
    let total = people * YAWS.count();
    for person in 0..people {
        for step in YAWS {
            let truth = portrait(&engine, &model, &sitting(person, step))?;
            let about = where_expected(&truth, person);
            let faces = eyes.faces(&truth.picture)?;
            let seen = look_at_head(&eyes, &head, &truth.picture, &faces, None)?;
            free.add(truth.angles.yaw_deg, seen.as_ref().map(|fit| miss(&truth, fit)));
            let at = look_at_head(&eyes, &head, &truth.picture, &faces, Some(about))?;
            expected.add(truth.angles.yaw_deg, at.as_ref().map(|fit| miss(&truth, fit)));
            tiles.push(draw::tile(&truth.picture, seen.as_ref().or(at.as_ref()), seen.is_some(), TILE));
            done += 1;
            control.step(Progress::new(Stage::Painting, done, total))?;
        }
    }
    let title = |how: &str| format!("Painted people, {how}: {people} people at {} turns", YAWS.count());
    report.tables.extend(free.tables(&title("looked at freely")));
    report.tables.extend(expected.tables(&title("looked at where the face is expected")));
    report.tables.push(empty_pictures(&eyes, &head)?);
    let columns = u32::try_from(YAWS.count()).unwrap_or(1);
    report.sheets.push(("pose-people".to_owned(), contact_sheet(&tiles, columns, 2)));
    if let Some(folder) = &effort.portraits {
        let most = effort.count.unwrap_or(PORTRAITS);
        let (table, sheet) = portraits::look_at_all(&eyes, &head, folder, most, control)?;
        report.tables.push(table);
        report.sheets.push(("pose-portraits".to_owned(), sheet));
    }
    Ok(report)
}

fn sitting(person: usize, step: i32) -> Sitting {
    let index = person + usize::try_from(step - YAWS.start()).unwrap_or(0);
    let (pitch_deg, roll_deg) = TILTS[index % TILTS.len()];
    let height = HEIGHTS[person % HEIGHTS.len()];
    let top = 0.36 * f64::from(SIDE) - 20.0 * f64::from(u8::from(height > 160.0));
    Sitting {
        look: Look::person(FIRST_PERSON + person as u64),
        angles: HeadAngles { yaw_deg: f64::from(step) * YAW_STEP, pitch_deg, roll_deg },
        canvas: CanvasSize { width: SIDE, height: SIDE },
        face: Band { top, bottom: top + height },
        distance: DISTANCES[person % DISTANCES.len()],
    }
}

/// The box around the true landmarks, a little off: no caller knows it better than by a tenth.
fn where_expected(truth: &Portrait, person: usize) -> FaceBox {
    let at = truth.landmarks;
    let (low, high) = at.iter().fold((at[0], at[0]), |(low, high), at| (low.min(*at), high.max(*at)));
    let side = (high - low).max_element() * 1.1;
    let off = [DVec2::new(0.10, -0.06), DVec2::new(-0.08, 0.08), DVec2::new(0.04, 0.10)][person % 3] * side;
    let corner = low.midpoint(high) - DVec2::splat(side / 2.0) + off;
    FaceBox { left: corner.x, top: corner.y, width: side, height: side, score: 0.0 }
}

fn miss(truth: &Portrait, fit: &HeadFit) -> Miss {
    let height = truth.face_rows.1 - truth.face_rows.0;
    let off = |fitted: f64, true_one: f64| fitted - true_one;
    // The lobe that the camera sees: the subject's left one for a head turned to the picture's left.
    let shown = usize::from(truth.angles.yaw_deg > 0.0);
    let seen_height = fit.face_rows.1 - fit.face_rows.0;
    Miss {
        angles: [
            // Towards the front is negative, whichever way the head is turned.
            off(fit.angles.yaw_deg, truth.angles.yaw_deg) * truth.angles.yaw_deg.signum(),
            off(fit.angles.pitch_deg, truth.angles.pitch_deg),
            off(fit.angles.roll_deg, truth.angles.roll_deg),
        ],
        sigma: [fit.sigma_deg.yaw_deg, fit.sigma_deg.pitch_deg, fit.sigma_deg.roll_deg],
        extent_px: off(seen_height, height),
        extent_share: off(seen_height, height) / height,
        lobe_share: fit.lobes_in_picture[shown].distance(truth.lobes[shown]) / height,
        steady: fit.steady,
        trust: fit.trust,
    }
}

/// sRGB of a pixel: column, row, which of the pictures.
type Colour = fn(u32, u32, u32) -> [u8; 3];

/// What is seen in pictures without a face: walls, stripes, noise, balls.
fn empty_pictures(eyes: &Eyes, head: &HeadPoints) -> Result<Table, EvaluationError> {
    let kinds: [(&str, Colour); 5] = [
        ("plain", |_, _, seed| [(40 * seed) as u8; 3]),
        ("gradient", |x, y, seed| [(x / 2) as u8, (y / 2) as u8, (40 * seed) as u8]),
        ("stripes", |x, y, seed| {
            [if ((x + seed * y / 3) / (8 + 6 * seed)).is_multiple_of(2) { 220 } else { 40 }; 3]
        }),
        ("noise", |x, y, seed| {
            let mixed = (x.wrapping_mul(374_761_393) ^ y.wrapping_mul(668_265_263) ^ (seed * 977))
                .wrapping_mul(1_274_126_177);
            [(mixed >> 24) as u8, (mixed >> 16) as u8, (mixed >> 8) as u8]
        }),
        ("balls", |x, y, seed| {
            let (cell, half) = (60 + 30 * seed, 30 + 15 * seed);
            let (dx, dy) = ((x % cell).abs_diff(half), (y % cell).abs_diff(half));
            let inside = half * half - (half * half).min(dx * dx + dy * dy);
            [60 + (150 * inside / (half * half)) as u8, 50, 40]
        }),
    ];
    let mut rows = Vec::new();
    for (name, colour) in kinds {
        let mut seen = 0;
        for seed in 1..=4 {
            let picture = RgbImage::from_fn(320, 320, |x, y| Rgb(colour(x, y, seed)));
            seen += usize::from(look_at_head(eyes, head, &picture, &eyes.faces(&picture)?, None)?.is_some());
        }
        rows.push(vec![name.to_owned(), "4".to_owned(), seen.to_string()]);
    }
    Ok(Table {
        title: "Pictures without a face".to_owned(),
        columns: ["picture", "looked at", "a face seen"].map(str::to_owned).to_vec(),
        rows,
    })
}

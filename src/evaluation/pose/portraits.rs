//! Portraits without known angles: nearly all look at the camera, and a mirrored one has mirrored angles.

use super::draw;
use super::score::{mean, mean_size, most};
use crate::engine::progress::{Control, Progress, Stage};
use crate::evaluation::{EvaluationError, Table, portraits};
use crate::picture::load_face;
use crate::render::sheet::contact_sheet;
use crate::vision::{Eyes, HeadFit, HeadPoints, look_at_head};
use image::RgbImage;
use image::imageops::flip_horizontal;
use std::path::Path;

const COLUMNS: u32 = 10;
const TILE: u32 = 160;

/// Looks at up to `most_of_them` portraits of a folder, evenly chosen.
pub(super) fn look_at_all(
    eyes: &Eyes,
    head: &HeadPoints,
    folder: &Path,
    most_of_them: usize,
    control: &Control,
) -> Result<(Table, RgbImage), EvaluationError> {
    let chosen = portraits::chosen(folder, most_of_them)?;
    let (mut fits, mut apart, mut tiles) = (Vec::new(), Vec::new(), Vec::new());
    for (done, path) in chosen.iter().enumerate() {
        control.step(Progress::new(Stage::Painting, done, chosen.len()))?;
        let picture = load_face(path)?;
        let fit = look_at_head(eyes, head, &picture, &eyes.faces(&picture)?, None)?;
        let twin = flip_horizontal(&picture);
        let mirrored = look_at_head(eyes, head, &twin, &eyes.faces(&twin)?, None)?;
        if let (Some(own), Some(other)) = (&fit, &mirrored) {
            apart.push(own.angles.yaw_deg + other.angles.yaw_deg);
        }
        tiles.push(draw::tile(&picture, fit.as_ref(), true, TILE));
        fits.extend(fit);
    }
    Ok((table(chosen.len(), &fits, &apart), contact_sheet(&tiles, COLUMNS, 2)))
}

fn table(looked_at: usize, fits: &[HeadFit], apart: &[f64]) -> Table {
    let spread = |angle: fn(&HeadFit) -> f64| {
        let values: Vec<f64> = fits.iter().map(angle).collect();
        let middle = mean(&values);
        let squares: Vec<f64> = values.iter().map(|value| (value - middle).powi(2)).collect();
        format!("{middle:.1} ± {:.1}", mean(&squares).sqrt())
    };
    let residual: Vec<f64> =
        fits.iter().map(|fit| 100.0 * fit.residual_px / (fit.face_rows.1 - fit.face_rows.0)).collect();
    let row = vec![
        looked_at.to_string(),
        fits.len().to_string(),
        spread(|fit| fit.angles.yaw_deg),
        spread(|fit| fit.angles.pitch_deg),
        spread(|fit| fit.angles.roll_deg),
        format!("{:.1} / {:.1}", mean(&residual), most(&residual)),
        format!("{:.1} / {:.1}", mean_size(apart), most(apart)),
        spread(|fit| fit.steady),
    ];
    let columns = [
        "portraits",
        "seen",
        "yaw",
        "pitch",
        "roll",
        "residual % mean / 95 %",
        "yaw + mirrored yaw, mean / 95 %",
        "steady",
    ];
    Table {
        title: "Portraits, most of them frontal: mean ± standard deviation, degrees".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: vec![row],
    }
}

//! The fit alone, without networks: the model's own landmarks, exact and with noise.

use super::score::{mean_size, most};
use crate::body::{BodyModel, LANDMARKS};
use crate::evaluation::Table;
use crate::project::HeadAngles;
use crate::scene::Camera;
use crate::vision::{FaceLandmarks, HeadPoints};
use glam::DVec2;

/// Standard deviation of the noise, in heights of the face.
const NOISE: f64 = 0.01;
/// Ends of the ranges of |yaw|, degrees.
const RANGES: [(f64, f64); 5] = [(0.0, 20.0), (20.0, 40.0), (40.0, 60.0), (60.0, 75.0), (75.0, 91.0)];

pub(super) fn table(model: &BodyModel, head: &HeadPoints) -> Table {
    let mut rows = Vec::new();
    for (noise, name) in [(0.0, "exact"), (NOISE, "1 % noise")] {
        for (from, to) in RANGES {
            let mut off: [Vec<f64>; 3] = Default::default();
            for (index, angles) in turns().into_iter().enumerate() {
                if (from..to).contains(&angles.yaw_deg.abs()) {
                    let seen = projected(model, angles, noise, index as u64);
                    let Ok(fit) = head.fit(&seen, (1024, 1024)) else { continue };
                    off[0].push(fit.angles.yaw_deg - angles.yaw_deg);
                    off[1].push(fit.angles.pitch_deg - angles.pitch_deg);
                    off[2].push(fit.angles.roll_deg - angles.roll_deg);
                }
            }
            let mut row =
                vec![name.to_owned(), format!("{from:.0}..{:.0}", to.min(90.0)), off[0].len().to_string()];
            row.extend(
                off.iter().flat_map(|off| [mean_size(off), most(off)]).map(|value| format!("{value:.1}")),
            );
            rows.push(row);
        }
    }
    let columns = [
        "landmarks",
        "|yaw|",
        "heads",
        "yaw mean",
        "yaw 95 %",
        "pitch mean",
        "pitch 95 %",
        "roll mean",
        "roll 95 %",
    ];
    Table {
        title: "The fit alone: the body model's own landmarks; degrees".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    }
}

fn turns() -> Vec<HeadAngles> {
    let mut turns = Vec::new();
    for step in -9..=9 {
        for pitch_deg in [-15.0, 0.0, 15.0] {
            for roll_deg in [-10.0, 0.0, 10.0] {
                turns.push(HeadAngles { yaw_deg: 10.0 * f64::from(step), pitch_deg, roll_deg });
            }
        }
    }
    turns
}

/// What the paper's camera sees, four times as large.
fn projected(model: &BodyModel, angles: HeadAngles, noise: f64, seed: u64) -> FaceLandmarks {
    let body = model.pose_head(angles);
    let camera = Camera::paper(&body).scaled(DVec2::splat(4.0));
    let exact = FaceLandmarks(body.landmarks.map(|landmark| camera.project(landmark).0));
    let (top, bottom) = exact.rows();
    let mut state = seed;
    let mut even = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    // The sum of twelve even numbers is near enough to normal.
    let mut normal = || (0..12).map(|_| even()).sum::<f64>() - 6.0;
    let spread = noise * (bottom - top);
    FaceLandmarks(std::array::from_fn::<_, LANDMARKS, _>(|index| {
        exact.0[index] + DVec2::new(normal(), normal()) * spread
    }))
}

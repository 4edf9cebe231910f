//! How well products are cut out: jewels of every family on every kind of ground, their mattes exactly known.
//!
//! - IoU: pixels that are at least half product, found against true.
//! - Band: mean |alpha error| over the pixels within 2 of an edge (where the true alpha spans one half or more
//!   in a 5 x 5 window, or is itself between 0 and 1).
//! - Mixed: the same over the truly mixed pixels alone, the hardest ones.
//! - Colour: mean CIEDE2000 of the edge's colours after the ground was taken out, over truly mixed pixels with
//!   alpha of at least a tenth that were kept, weighted by alpha.

mod draw;
#[cfg(test)]
mod lessons;
mod score;

use super::{Effort, EvaluationError, Report, Table};
use crate::engine::ProductMatting;
use crate::engine::progress::{Control, Progress, Stage};
use crate::jeweller::{Design, Exposure, Family, Ground, catalogue, expose};
use crate::picture::cutout::{CutOutRequest, cut_out};
use draw::Sheets;
use score::Score;
use std::time::Instant;

/// Pieces of each family.
const EACH: usize = 4;
/// Side of a photo, pixels.
const SIDE: u32 = 768;
/// Side of the photos that are timed.
const TIMED_SIDE: u32 = 1024;

/// A photo that was cut out.
struct Case {
    family: Family,
    ground: Ground,
    name: String,
    score: Score,
    seconds: f64,
    /// What the cut-out said of itself.
    quality: f64,
}

/// Measures the part.
pub(super) fn measure(effort: &Effort, control: &Control) -> Result<Report, EvaluationError> {
    let each = u32::try_from(effort.count.unwrap_or(EACH)).unwrap_or(u32::MAX).clamp(1, 100);
    let designs = catalogue(each);
    let mut cases = Vec::new();
    let mut sheets = Sheets::new();
    for (index, design) in designs.iter().enumerate() {
        control.step(Progress::new(Stage::Painting, index, designs.len()))?;
        let exposure = expose(design, SIDE);
        let variant = index as u32 % each;
        for ground in Ground::ALL {
            cases.push(look(design, variant, &exposure, ground, &mut sheets, control)?);
        }
    }
    let timed = timed(&designs, control)?;
    let tables = vec![
        overall(&cases, &timed),
        by("Cut-out by ground", &cases, |case| case.ground.name()),
        by("Cut-out by family", &cases, |case| case.family.name()),
        by_quality(&cases),
    ];
    Ok(Report { tables, sheets: sheets.finish() })
}

fn look(
    design: &Design,
    variant: u32,
    exposure: &Exposure,
    ground: Ground,
    sheets: &mut Sheets,
    control: &Control,
) -> Result<Case, EvaluationError> {
    let shown = exposure.on(ground, u64::from(variant) * 64 + ground as u64);
    let request = CutOutRequest { photo: &shown.photo, frame: None, strokes: &[] };
    let begin = Instant::now();
    let found = cut_out(&request, Some(ProductMatting::shipped()?), || control.check())?;
    let seconds = begin.elapsed().as_secs_f64();
    let score = Score::of(&shown, &found.pixels);
    let name = format!("{} {} on {}", design.family.name(), variant + 1, ground.name());
    sheets.take(variant, &name, &shown, &found.pixels, score.iou);
    let quality = found.quality.score;
    Ok(Case { family: design.family, ground, name, score, seconds, quality })
}

/// The target is stated for two cores, whatever this machine has; where threads cannot be had, this thread does.
fn on_two_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().num_threads(2).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Seconds that photos of `TIMED_SIDE` take: one piece on every ground.
fn timed(designs: &[Design], control: &Control) -> Result<Vec<f64>, EvaluationError> {
    let mut seconds = Vec::new();
    let Some(design) = designs.iter().find(|design| design.family == Family::Chandelier) else {
        return Ok(seconds);
    };
    let exposure = expose(design, TIMED_SIDE);
    let matting = ProductMatting::shipped()?;
    for ground in Ground::ALL {
        let photo = exposure.on(ground, ground as u64).photo;
        let begin = Instant::now();
        let request = CutOutRequest { photo: &photo, frame: None, strokes: &[] };
        on_two_threads(|| cut_out(&request, Some(matting), || control.check()))?;
        seconds.push(begin.elapsed().as_secs_f64());
    }
    Ok(seconds)
}

fn mean(cases: &[&Case], of: impl Fn(&Case) -> f64) -> f64 {
    cases.iter().map(|case| of(case)).sum::<f64>() / cases.len().max(1) as f64
}

fn most(cases: &[&Case], of: impl Fn(&Case) -> f64) -> f64 {
    cases.iter().map(|case| of(case)).fold(f64::NEG_INFINITY, f64::max)
}

const COLUMNS: [&str; 10] = [
    "photos",
    "IoU",
    "worst IoU",
    "band",
    "worst band",
    "mixed",
    "colour (dE00)",
    "worst colour",
    "seconds",
    "score",
];

fn row(name: &str, cases: &[&Case]) -> Vec<String> {
    vec![
        name.to_owned(),
        cases.len().to_string(),
        format!("{:.4}", mean(cases, |case| case.score.iou)),
        format!("{:.4}", -most(cases, |case| -case.score.iou)),
        format!("{:.3}", mean(cases, |case| case.score.band)),
        format!("{:.3}", most(cases, |case| case.score.band)),
        format!("{:.3}", mean(cases, |case| case.score.mixed)),
        format!("{:.1}", mean(cases, |case| case.score.colour)),
        format!("{:.1}", most(cases, |case| case.score.colour)),
        format!("{:.2}", mean(cases, |case| case.seconds)),
        format!("{:.2}", mean(cases, |case| case.quality)),
    ]
}

fn by<'a>(title: &str, cases: &'a [Case], key: impl Fn(&Case) -> &'a str) -> Table {
    let mut names: Vec<&str> = Vec::new();
    for case in cases {
        if !names.contains(&key(case)) {
            names.push(key(case));
        }
    }
    let rows = names.iter().map(|name| {
        let own: Vec<&Case> = cases.iter().filter(|case| key(case) == *name).collect();
        row(name, &own)
    });
    let columns = std::iter::once("").chain(COLUMNS).map(str::to_owned).collect();
    Table { title: title.to_owned(), columns, rows: rows.collect() }
}

fn overall(cases: &[Case], timed: &[f64]) -> Table {
    let all: Vec<&Case> = cases.iter().collect();
    let worst = all.iter().min_by(|one, other| one.score.iou.total_cmp(&other.score.iou));
    let worst = worst.map_or("", |case| case.name.as_str());
    let broken: usize = all.iter().map(|case| case.score.broken).sum();
    let timed_mean = timed.iter().sum::<f64>() / timed.len().max(1) as f64;
    let timed_most = timed.iter().fold(0.0_f64, |most, seconds| most.max(*seconds));
    let (qualities, errors): (Vec<f64>, Vec<f64>) =
        all.iter().map(|case| (case.quality, case.score.band)).unzip();
    let rows = [
        ("photos", all.len().to_string(), String::new()),
        ("IoU, mean", format!("{:.4}", mean(&all, |case| case.score.iou)), ">= 0.97".to_owned()),
        ("IoU, worst", format!("{:.4}", -most(&all, |case| -case.score.iou)), worst.to_owned()),
        (
            "alpha error on the band, mean",
            format!("{:.4}", mean(&all, |case| case.score.band)),
            "<= 0.08".to_owned(),
        ),
        (
            "alpha error on mixed pixels, mean",
            format!("{:.4}", mean(&all, |case| case.score.mixed)),
            String::new(),
        ),
        (
            "colour error of the edge, mean dE00",
            format!("{:.2}", mean(&all, |case| case.score.colour)),
            String::new(),
        ),
        ("seconds at 1024 x 1024 on two threads, mean", format!("{timed_mean:.2}"), "< 1.5".to_owned()),
        ("seconds at 1024 x 1024 on two threads, most", format!("{timed_most:.2}"), String::new()),
        ("opaque pixels that are not the photo's, or hidden colours", broken.to_string(), "0".to_owned()),
        (
            "correlation of score and alpha error",
            format!("{:.2}", correlation(&qualities, &errors)),
            String::new(),
        ),
    ];
    let rows = rows.into_iter().map(|(what, value, target)| vec![what.to_owned(), value, target]).collect();
    let title = format!("Cut-out of jewels, photos of {SIDE} x {SIDE}");
    Table { title, columns: ["", "measured", "target or case"].map(str::to_owned).to_vec(), rows }
}

/// What the score promises: cases by score, a third each.
fn by_quality(cases: &[Case]) -> Table {
    let mut sorted: Vec<&Case> = cases.iter().collect();
    sorted.sort_by(|one, other| other.quality.total_cmp(&one.quality));
    let third = sorted.len().div_ceil(3).max(1);
    let rows = sorted.chunks(third).map(|own| {
        let (high, low) =
            (own.first().map_or(0.0, |case| case.quality), own.last().map_or(0.0, |case| case.quality));
        row(&format!("{high:.2} to {low:.2}"), own)
    });
    let columns = std::iter::once("score").chain(COLUMNS).map(str::to_owned).collect();
    Table { title: "What the edge's score says".to_owned(), columns, rows: rows.collect() }
}

/// Pearson's; 0 if either does not vary.
fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let count = one.len().max(1) as f64;
    let middle = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (own, others) = (middle(one), middle(other));
    let product = |a: &[f64], a_mean: f64, b: &[f64], b_mean: f64| {
        a.iter().zip(b).map(|(a, b)| (a - a_mean) * (b - b_mean)).sum::<f64>()
    };
    let spread = (product(one, own, one, own) * product(other, others, other, others)).sqrt();
    if spread > 0.0 { product(one, own, other, others) / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlation_knows_its_ends() {
        assert!((correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]) - 1.0).abs() < 1e-12);
        assert!((correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]) + 1.0).abs() < 1e-12);
        assert_eq!(correlation(&[1.0, 1.0], &[3.0, 2.0]), 0.0);
    }
}

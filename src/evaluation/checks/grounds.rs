//! What lies around the product: planted fringes and leaks of known size, flipped pixels, and sound pictures,
//! in which every fault found is a false alarm. Ends in a sheet to look at.

use super::advert::{Advert, Stage};
use super::tally::{TALLY, Tally, mean, mean_and_worst, table, tally_row, tally_table};
use super::{Case, Report};
use crate::engine::EngineKind;
use crate::engine::progress::Control;
use crate::evaluation::{EvaluationError, Table};
use crate::picture::{Corner, caption, exactness, expansion, seam};
use crate::project::{CanvasSize, HeadAngles};
use crate::render::sheet::contact_sheet;
use crate::scene::Band;
use crate::workflow::{Asked, Check, CheckName, CheckVerdict, Comparison, Findings, Studio, judge};
use glam::DVec2;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, crop_imm, resize};
use image::{ImageFormat, RgbImage};

/// Planted fringes: CIEDE2000, on a ring of this many pixels.
const FRINGES: [f64; 7] = [0.0, 2.0, 4.0, 6.0, 8.0, 12.0, 20.0];
const FRINGE_WIDTH: f64 = 5.0;
/// Planted leaks: pixels beyond the product.
const LEAKS: [f64; 7] = [0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0];
/// JPEG qualities.
const QUALITIES: [u8; 4] = [95, 85, 75, 50];
/// Rows of the sheet, and the side of its tiles in pixels.
const SHEET_ROWS: usize = 5;
const TILE: u32 = 256;

pub(super) fn measure(
    cases: &[Case],
    stage: &Stage<'_>,
    studio: &Studio,
    photos: &[RgbImage],
    control: &Control,
    report: &mut Report,
) -> Result<(), EvaluationError> {
    let on_photos = on_photos(stage, studio, photos);
    let painted: Vec<_> = cases.iter().map(|case| &case.advert).collect();
    let real: Vec<_> = on_photos.iter().collect();
    report.tables.push(sound(cases));
    report.tables.push(flips(cases));
    for (name, adverts) in [("painted people", &painted), ("portraits", &real)] {
        if !adverts.is_empty() {
            control.check()?;
            report.tables.push(fringes(name, adverts));
            control.check()?;
            report.tables.push(leaks(name, adverts));
        }
    }
    report.tables.push(lossy(&painted));
    report.sheets.push(("checks".to_owned(), sheet(&painted)));
    if !real.is_empty() {
        report.sheets.push(("checks-portraits".to_owned(), sheet(&real)));
    }
    Ok(())
}

/// Products beside the jaws of portraits; those without a face that is found are left out.
fn on_photos(stage: &Stage<'_>, studio: &Studio, photos: &[RgbImage]) -> Vec<Advert> {
    let Ok(eyes) = studio.eyes() else { return Vec::new() };
    let hung = |(index, photo): (usize, &RgbImage)| {
        let face = eyes.faces(photo).ok()?.first().copied()?;
        let landmarks = eyes.landmarks(photo, &face).ok()?;
        let (top, bottom) = landmarks.rows();
        // The jaw line's second landmark lies just under the ear.
        let jaw = landmarks.0[if index % 2 == 0 { 1 } else { 15 }];
        let out = if index % 2 == 0 { -0.06 } else { 0.06 };
        let hook = jaw + DVec2::new(out * (bottom - top), 0.0);
        let placed = stage.hang(index, hook, 0.36 * (bottom - top), photo.dimensions());
        placed.bounds()?;
        Some(stage.dress(photo, placed, Band { top, bottom }, HeadAngles::default()))
    };
    photos.iter().enumerate().filter_map(hung).collect()
}

fn asked(advert: &Advert) -> Asked {
    let (width, height) = advert.pixels.dimensions();
    let band = Band { top: advert.rows.0, bottom: advert.rows.1 };
    Asked {
        canvas: CanvasSize { width, height },
        band,
        angles: advert.layout.angles,
        kind: EngineKind::Trained,
        face_photo: false,
    }
}

fn check(advert: &Advert, findings: &Findings, name: CheckName) -> Check {
    let checks = judge(&asked(advert), findings);
    checks.get(name).cloned().unwrap_or_else(|| checks.list[0].clone())
}

fn only_product(advert: &Advert) -> Findings {
    Findings::of_product(exactness(&advert.pixels, &advert.layout.placed), "")
}

/// Every check on pictures that have nothing wrong.
fn sound(cases: &[Case]) -> Table {
    let mut table = tally_table("Painted people with nothing wrong: false alarms", "check");
    let names = [
        CheckName::Product,
        CheckName::Face,
        CheckName::FaceSize,
        CheckName::Pose,
        CheckName::Seam,
        CheckName::Expansion,
    ];
    for name in names {
        let mut tally = Tally::default();
        for case in cases {
            tally.add(check(&case.advert, &case.findings, name).verdict);
        }
        table.rows.push(tally_row(name.label().to_owned(), &tally));
    }
    table
}

/// Single samples of product pixels changed by one code.
fn flips(cases: &[Case]) -> Table {
    let mut table = tally_table("Product: samples changed by one code", "samples");
    for count in [1, 3] {
        let mut tally = Tally::default();
        for case in cases {
            let placed = &case.advert.layout.placed;
            let opaque: Vec<_> =
                placed.pixels().enumerate_pixels().filter(|(_, _, pixel)| pixel.0[3] == 255).collect();
            let mut pixels = case.advert.pixels.clone();
            for flip in 0..count.min(opaque.len()) {
                let (x, y, _) = opaque[(flip * 7919 + case.person as usize * 104_729) % opaque.len()];
                pixels.get_pixel_mut(x, y).0[flip % 3] ^= 1;
            }
            let findings = Findings::of_product(exactness(&pixels, placed), "");
            tally.add(check(&case.advert, &findings, CheckName::Product).verdict);
        }
        table.rows.push(tally_row(count.to_string(), &tally));
    }
    table
}

/// Planted fringes, measured and judged.
fn fringes(on: &str, adverts: &[&Advert]) -> Table {
    let title = format!("Seam on {on}: a ring of {FRINGE_WIDTH:.0} px of another colour, CIEDE2000");
    let columns: Vec<_> =
        ["planted", "true mean", "measured mean", "measured worst"].into_iter().chain(TALLY).collect();
    let mut table = table(&title, &columns);
    for planted in FRINGES {
        let mut tally = Tally::default();
        let (mut truths, mut means, mut worsts) = (Vec::new(), Vec::new(), Vec::new());
        for advert in adverts {
            let (picture, truth) = advert.with_fringe(FRINGE_WIDTH, planted);
            let found = seam(&picture, &advert.layout.placed);
            truths.push(truth);
            means.extend(found.map(|found| found.mean));
            worsts.extend(found.map(|found| found.worst));
            let findings = Findings { seam: found, ..only_product(advert) };
            tally.add(check(advert, &findings, CheckName::Seam).verdict);
        }
        let mut row = vec![format!("{planted:.0}")];
        row.extend([mean(&truths), mean(&means), mean(&worsts)].map(|value| format!("{value:.1}")));
        row.extend(tally.cells());
        table.rows.push(row);
    }
    table
}

/// Planted leaks, measured and judged.
fn leaks(on: &str, adverts: &[&Advert]) -> Table {
    let title = format!("Expansion on {on}: the product painted so many px beyond itself");
    let columns: Vec<_> = ["planted", "true E", "measured E", "mean error of E", "measured reach"]
        .into_iter()
        .chain(TALLY)
        .collect();
    let mut table = table(&title, &columns);
    for planted in LEAKS {
        let mut tally = Tally::default();
        let (mut truths, mut shares, mut errors, mut reaches) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for advert in adverts {
            let (picture, truth) = advert.with_leak(planted);
            let found = expansion(&picture, &advert.layout.placed);
            let findings = Findings { expansion: found, ..only_product(advert) };
            let verdict = check(advert, &findings, CheckName::Expansion).verdict;
            tally.add(verdict);
            if let Some(found) = found.filter(|_| verdict != CheckVerdict::NotApplicable) {
                truths.push(100.0 * truth);
                shares.push(100.0 * found.share);
                errors.push(100.0 * (found.share - truth));
                reaches.push(found.reach);
            }
        }
        let mut row = vec![format!("{planted:.0} px")];
        row.extend(
            [mean(&truths), mean(&shares), mean_and_worst(&errors).0].map(|value| format!("{value:.0} %")),
        );
        row.push(format!("{:.1} px", mean(&reaches)));
        row.extend(tally.cells());
        table.rows.push(row);
    }
    table
}

/// What JPEG does to product pixels: what a lossy delivery is held against.
fn lossy(adverts: &[&Advert]) -> Table {
    let columns = ["quality", "mean difference", "largest mean", "largest difference"];
    let mut table = table("Product pixels saved as JPEG, of 255", &columns);
    for quality in QUALITIES {
        let (mut means, mut most) = (Vec::new(), 0);
        for advert in adverts {
            let Some(saved) = as_jpeg(&advert.pixels, quality) else { continue };
            let found = Comparison::of(&saved, &advert.layout.placed);
            means.push(found.mean_difference);
            most = most.max(found.max_difference);
        }
        let largest = means.iter().copied().fold(0.0, f64::max);
        table.rows.push(vec![
            quality.to_string(),
            format!("{:.1}", mean(&means)),
            format!("{largest:.1}"),
            most.to_string(),
        ]);
    }
    table
}

fn as_jpeg(picture: &RgbImage, quality: u8) -> Option<RgbImage> {
    let mut bytes = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality)).ok()?;
    image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).ok().map(image::DynamicImage::into_rgb8)
}

/// A row an advert: the whole, then the product close up with nothing planted, two fringes and two leaks, each
/// with what the checks say.
fn sheet(adverts: &[&Advert]) -> RgbImage {
    let mut tiles = Vec::new();
    let step = (adverts.len() / SHEET_ROWS).max(1);
    for advert in adverts.iter().step_by(step).take(SHEET_ROWS) {
        tiles.push(resize(&advert.pixels, TILE, TILE, FilterType::CatmullRom));
        let mut tile = |picture: &RgbImage, planted: String, check: Check| {
            let mut close = close_up(picture, advert);
            let value = check.value.map_or(String::new(), |value| format!("{value:.1}{} ", check.unit));
            caption(&mut close, &planted, Corner::TopLeft);
            caption(&mut close, &format!("{value}{}", check.verdict.label()), Corner::BottomLeft);
            tiles.push(close);
        };
        for planted in [0.0, 6.0, 12.0] {
            let (picture, truth) = advert.with_fringe(FRINGE_WIDTH, planted);
            let findings = Findings { seam: seam(&picture, &advert.layout.placed), ..only_product(advert) };
            tile(&picture, format!("fringe {truth:.1}"), check(advert, &findings, CheckName::Seam));
        }
        for planted in [0.0, 2.0, 5.0] {
            let (picture, truth) = advert.with_leak(planted);
            let found = expansion(&picture, &advert.layout.placed);
            let findings = Findings { expansion: found, ..only_product(advert) };
            let planted = format!("leak {planted:.0} px, {:.0} %", 100.0 * truth);
            tile(&picture, planted, check(advert, &findings, CheckName::Expansion));
        }
    }
    contact_sheet(&tiles, 7, 6)
}

/// The product and what lies around it, enlarged without smoothing.
fn close_up(picture: &RgbImage, advert: &Advert) -> RgbImage {
    let Some((columns, rows)) = advert.layout.placed.bounds() else { return RgbImage::new(TILE, TILE) };
    let side = (columns.len().max(rows.len()) as u32 + 48).min(picture.width()).min(picture.height());
    let corner = |from: u32, to: u32, length: u32| {
        u32::midpoint(from, to).saturating_sub(side / 2).min(length.saturating_sub(side))
    };
    let left = corner(columns.start, columns.end, picture.width());
    let top = corner(rows.start, rows.end, picture.height());
    resize(&crop_imm(picture, left, top, side, side).to_image(), TILE, TILE, FilterType::Nearest)
}

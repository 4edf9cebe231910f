//! How well earrings are found in face photos and taken out: bare ears that are given jewels of known mattes.
//!
//! The truth is made: the jeweller's pearl hoops, in many sizes and metals, are hung at the lobes of portraits, or
//! of painted people without a folder, at their real size. Counted are earrings found, bare lobes accused, how much
//! of the matte the strokes cover, and how far what is painted lies from the photo before the earring came. Ears at
//! which something is seen before any jewel is hung are told apart: portraits may wear their own.

use super::{Effort, EvaluationError, Report, Table, portraits};
use crate::body::BodyModel;
use crate::engine::progress::{Control, Progress, Stage};
use crate::jeweller::{JewelSpec, Metal, Product, render_product};
use crate::mannequin::{Look, MannequinEngine, Sitting, portrait};
use crate::picture::{Lab, ciede2000, inpaint, load_face, stroke_mask};
use crate::project::{CanvasSize, HeadAngles};
use crate::render::sheet::contact_sheet;
use crate::scene::Band;
use crate::vision::{EarState, Eyes, FaceCare, HeadFit, HeadPoints, care_for_face, look_at_head};
use glam::DVec2;
use image::{GrayImage, Luma, Rgb, RgbImage, imageops};
use std::path::Path;

/// Photos looked at.
const PHOTOS: usize = 24;
/// Side of a painted person's photo, and of the rows that its face takes.
const SIDE: u32 = 512;
const FACE_ROWS: (f64, f64) = (170.0, 390.0);
/// Turns of the painted people, degrees.
const YAWS: [f64; 5] = [0.0, -18.0, 24.0, -35.0, 10.0];
/// Rows of a jewel's own photo.
const JEWEL_ROWS: u32 = 240;
/// Rows of photos on the sheet, and the side of each.
const SHEET_ROWS: usize = 40;
const TILE: u32 = 220;

/// Sums over all photos.
#[derive(Default)]
struct Tally {
    photos: usize,
    without_face: usize,
    bare: [usize; 3],
    worn: [usize; 3],
    covered: Vec<f64>,
    overlap: Vec<f64>,
    left_over: Vec<f64>,
    before: Vec<f64>,
    distances: [Vec<f64>; 2],
}

/// Measures the part.
pub(super) fn measure(effort: &Effort, control: &Control) -> Result<Report, EvaluationError> {
    let model = BodyModel::open_head()?;
    let (eyes, head) = (Eyes::shipped()?, HeadPoints::of(&model));
    let count = effort.count.unwrap_or(PHOTOS).max(1);
    let photos = match &effort.portraits {
        Some(folder) => photos_of(folder, count)?,
        None => painted(&model, count)?,
    };
    let (mut tally, mut tiles) = (Tally::default(), Vec::new());
    for (index, photo) in photos.iter().enumerate() {
        control.step(Progress::new(Stage::Painting, index, photos.len()))?;
        let jewel = render_product(&spec(index), JEWEL_ROWS);
        tiles.extend(look(&eyes, &head, photo, &jewel, &mut tally, control)?);
    }
    tiles.truncate(SHEET_ROWS * 4);
    let source = if effort.portraits.is_some() { "portraits" } else { "painted people" };
    let sheet = contact_sheet(&tiles, 8, 2);
    Ok(Report { tables: vec![tally.table(source)], sheets: vec![("appearance".to_owned(), sheet)] })
}

/// Looks at a photo as it is and with jewels hung, and returns four pictures for the sheet.
fn look(
    eyes: &Eyes,
    head: &HeadPoints,
    photo: &RgbImage,
    jewel: &Product,
    tally: &mut Tally,
    control: &Control,
) -> Result<Vec<RgbImage>, EvaluationError> {
    tally.photos += 1;
    let (Some(before), Some(fit)) =
        (care_for_face(eyes, head, photo)?, look_at_head(eyes, head, photo, &eyes.faces(photo)?, None)?)
    else {
        tally.without_face += 1;
        return Ok(Vec::new());
    };
    let bare = [0, 1].map(|ear| before.ears[ear].state);
    bare.iter().for_each(|state| count(&mut tally.bare, *state));
    let (worn, truth) = hang(photo, &fit, jewel, bare.map(|state| state == EarState::Bare));
    let Some(after) = care_for_face(eyes, head, &worn)? else { return Ok(Vec::new()) };
    let (width, height) = photo.dimensions();
    let covered = stroke_mask(&after.remove(), width, height);
    let clean = inpaint(&worn, &covered, || control.check())?;
    for ear in [0, 1] {
        let truth = &truth[ear];
        if truth.pixels().any(|pixel| pixel.0[0] > 127) {
            count(&mut tally.worn, after.ears[ear].state);
            tally.measure_ear(photo, [&worn, &clean], truth, &covered);
        }
    }
    tally.measure_person(eyes, [photo, &worn, &clean], &before)?;
    let marked = marked(&worn, &covered);
    Ok([photo, &worn, &marked, &clean].map(|picture| tile(picture, &before)).to_vec())
}

fn count(counts: &mut [usize; 3], state: EarState) {
    match state {
        EarState::Earring => counts[0] += 1,
        EarState::Unsure => counts[1] += 1,
        EarState::Bare => counts[2] += 1,
        EarState::Hidden | EarState::TooSmall => {}
    }
}

/// Hangs the jewel at the bare lobes, at its real size; the mattes of both ears.
fn hang(photo: &RgbImage, fit: &HeadFit, jewel: &Product, bare: [bool; 2]) -> (RgbImage, [GrayImage; 2]) {
    let mut worn = photo.clone();
    let px_per_mm = fit.placing.scale / 1000.0;
    let rows = f64::from(jewel.pixels.height());
    // The matte fills the jewel's photo but for a small margin.
    let scale = px_per_mm * jewel.height_mm / rows;
    let [width, height] = [jewel.pixels.width(), jewel.pixels.height()]
        .map(|length| (f64::from(length) * scale).round().clamp(1.0, 2000.0) as u32);
    let pixels = imageops::resize(&jewel.pixels, width, height, imageops::FilterType::Triangle);
    let hook = DVec2::new(jewel.hook_in_product.x, jewel.hook_in_product.y) * scale;
    let mattes = [0, 1].map(|ear| {
        let mut matte = GrayImage::new(photo.width(), photo.height());
        if !bare[ear] {
            return matte;
        }
        let corner = fit.lobes_in_picture[ear] - hook;
        for (x, y, pixel) in pixels.enumerate_pixels() {
            let (x, y) = (corner.x as i64 + i64::from(x), corner.y as i64 + i64::from(y));
            let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { continue };
            if x < photo.width() && y < photo.height() {
                let alpha = f32::from(pixel.0[3]) / 255.0;
                let under = worn.get_pixel(x, y).0;
                let blend = |c: usize| f32::from(pixel.0[c]) * alpha + f32::from(under[c]) * (1.0 - alpha);
                worn.put_pixel(x, y, Rgb([0, 1, 2].map(|c| (blend(c) + 0.5) as u8)));
                matte.put_pixel(x, y, Luma([pixel.0[3]]));
            }
        }
        matte
    });
    (worn, mattes)
}

impl Tally {
    /// One ear with a jewel: how much of it is covered, and what is left of it.
    fn measure_ear(
        &mut self,
        photo: &RgbImage,
        [worn, clean]: [&RgbImage; 2],
        truth: &GrayImage,
        covered: &GrayImage,
    ) {
        let inside = || truth.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] > 127);
        let all = inside().count() as f64;
        let both = inside().filter(|(x, y, _)| covered.get_pixel(*x, *y).0[0] > 0).count() as f64;
        let mean = |picture: &RgbImage| {
            let off = |x: u32, y: u32| {
                ciede2000(Lab::of(photo.get_pixel(x, y).0), Lab::of(picture.get_pixel(x, y).0))
            };
            inside().map(|(x, y, _)| off(x, y)).sum::<f64>() / all
        };
        if both > 0.0 {
            self.before.push(mean(worn));
            // The strokes of this ear alone: those on its half of the picture.
            let (sum, count) =
                inside().fold((0.0, 0.0), |(sum, count), (x, _, _)| (sum + f64::from(x), count + 1.0));
            let left_half = sum / count < f64::from(photo.width()) / 2.0;
            let own = |x: u32| (f64::from(x) < f64::from(photo.width()) / 2.0) == left_half;
            let drawn =
                covered.enumerate_pixels().filter(|(x, _, pixel)| pixel.0[0] > 0 && own(*x)).count() as f64;
            self.covered.push(both / all);
            self.overlap.push(both / (all + drawn - both));
            self.left_over.push(mean(clean));
        }
    }

    /// Whether the person is still the same: descriptor distances of the photo with and without the jewel.
    fn measure_person(
        &mut self,
        eyes: &Eyes,
        [photo, worn, clean]: [&RgbImage; 3],
        care: &FaceCare,
    ) -> Result<(), EvaluationError> {
        let own = eyes.descriptor(photo, &care.face)?;
        for (distances, picture) in self.distances.iter_mut().zip([worn, clean]) {
            distances.push(f64::from(own.distance(&eyes.descriptor(picture, &care.face)?)));
        }
        Ok(())
    }

    fn table(&self, source: &str) -> Table {
        let share = |counts: [usize; 3]| {
            let all = counts.iter().sum::<usize>();
            format!("{} found, {} unsure, {} bare of {all}", counts[0], counts[1], counts[2])
        };
        let mean = |values: &[f64]| match values.len() {
            0 => "none".to_owned(),
            count => format!("{:.3} (mean of {count})", values.iter().sum::<f64>() / count as f64),
        };
        let row = |name: &str, value: String| vec![name.to_owned(), value];
        Table {
            title: format!("Earrings in face photos: {} {source}", self.photos),
            columns: ["measure", "result"].map(str::to_owned).to_vec(),
            rows: vec![
                row("no face found", self.without_face.to_string()),
                row("ears as they came (they may wear earrings of their own)", share(self.bare)),
                row("ears that were bare, with a jewel hung", share(self.worn)),
                row("share of the matte covered, where anything is", mean(&self.covered)),
                row("IoU of strokes and matte, where anything is covered", mean(&self.overlap)),
                row("CIEDE2000 under the matte, jewel against bare photo", mean(&self.before)),
                row("the same after it was taken out", mean(&self.left_over)),
                row("descriptor distance, with jewel to bare photo", mean(&self.distances[0])),
                row("the same after it was taken out", mean(&self.distances[1])),
            ],
        }
    }
}

fn marked(picture: &RgbImage, covered: &GrayImage) -> RgbImage {
    let mut marked = picture.clone();
    let pairs = marked.pixels_mut().zip(covered.pixels());
    pairs.filter(|(_, covered)| covered.0[0] > 0).for_each(|(pixel, _)| pixel.0 = [255, 0, 255]);
    marked
}

fn tile(picture: &RgbImage, care: &FaceCare) -> RgbImage {
    let [left, top, side] = [care.crop.left, care.crop.top, care.crop.side].map(|length| length as u32);
    let crop = imageops::crop_imm(picture, left, top, side, side).to_image();
    imageops::resize(&crop, TILE, TILE, imageops::FilterType::Triangle)
}

/// Up to `count` photos of the folder and its folders, evenly chosen.
fn photos_of(folder: &Path, count: usize) -> Result<Vec<RgbImage>, EvaluationError> {
    portraits::chosen(folder, count)?.iter().map(|file| Ok(load_face(file)?)).collect()
}

/// A piece that differs from its neighbours in metal, size, wire and pearl.
fn spec(number: usize) -> JewelSpec {
    let metal = Metal::ALL[number % 3];
    let (hoop_mm, pearl_mm) = [(13.4, 8.4), (9.0, 5.0), (22.0, 6.0), (30.0, 4.0), (16.0, 12.0)][number % 5];
    JewelSpec { metal, hoop_mm, pearl_mm, ..JewelSpec::default() }
}

fn painted(model: &BodyModel, count: usize) -> Result<Vec<RgbImage>, EvaluationError> {
    let engine = MannequinEngine::new(model);
    let paint = |number: usize| {
        let sitting = Sitting {
            look: Look::person(number as u64),
            angles: HeadAngles { yaw_deg: YAWS[number % YAWS.len()], pitch_deg: 0.0, roll_deg: 0.0 },
            canvas: CanvasSize { width: SIDE, height: SIDE },
            face: Band { top: FACE_ROWS.0, bottom: FACE_ROWS.1 },
            distance: 2.0,
        };
        Ok(portrait(&engine, model, &sitting)?.picture)
    };
    (0..count).map(paint).collect()
}

//! Earrings in a face photo: what hangs at a lobe and is neither skin nor hair nor anything else around.
//!
//! Around each lobe that the head's fit shows, a strip of the photo is resampled to a fixed number of cells a
//! millimetre. A cell is suspicious when its colour is found nowhere beside the strip's hanging column and stands out
//! from its neighbourhood; suspicious cells that hang together, start at the lobe and end inside the strip are an
//! earring, if they are bright or colourful enough not to be a lock of hair. Classical and small: it is meant for
//! plain cases, and says when it is unsure, so that the designer draws strokes instead. `strip` measures, this file
//! judges.

mod strip;

use super::HeadFit;
use crate::picture::strokes_over;
use crate::project::Stroke;
use glam::DVec2;
use image::{GrayImage, Luma, RgbImage};
use strip::{COLUMNS, LOBE, ROWS, Strip};

/// A head turned further than this hides its far ear, degrees.
const HIDES_FAR_EAR_DEG: f64 = 26.0;

/// Fewer pixels a millimetre show no earring's edge.
const LEAST_PX_PER_MM: f64 = 0.7;

/// Evidence from which a cell belongs to a candidate, and from which it speaks for one.
const WEAK: f32 = 0.75;
const STRONG: f32 = 1.25;

/// Strong cells of an earring, and of something that may be one.
const SURE_CELLS: usize = 60;
const UNSURE_CELLS: usize = 22;

/// Cells of an earring near the lobe.
const STARTING_CELLS: usize = 8;

/// Largest share of the strip that an earring covers.
const MOST_OF_STRIP: f64 = 0.16;

/// Where an earring is looked for that runs into something else, as a dress: aside and below, cells.
const APART: (i32, i32) = (18, 80);

/// Largest share of that part that is covered by an earring.
const MOST_OF_PART: f64 = 0.3;

/// How far from the lobe an earring starts: aside, above and below, cells.
const START: (i32, i32, i32) = (20, 14, 36);

/// Lightness and chroma (CIELAB) of what may be a lock of hair.
const HAIR_LIGHTNESS: f32 = 32.0;
const HAIR_CHROMA: f32 = 16.0;

/// Margin of a removal stroke around what was found, millimetres.
const MARGIN_MM: f64 = 1.1;

/// What an ear shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EarState {
    /// The head hides it, or it lies outside the photo.
    Hidden,
    /// The face is too small for an earring to be told.
    TooSmall,
    Bare,
    /// Something is there that may be an earring.
    Unsure,
    Earring,
}

/// One ear of a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct EarLook {
    pub state: EarState,
    /// What covers the earring, or what may be one; pixels of the photo. Empty for other states.
    pub strokes: Vec<Stroke>,
}

impl EarLook {
    fn without(state: EarState) -> Self {
        Self { state, strokes: Vec::new() }
    }
}

/// Looks for earrings at both lobes: the subject's left and right.
pub(super) fn find_earrings(photo: &RgbImage, head: &HeadFit) -> [EarLook; 2] {
    [0, 1].map(|ear| look_at_ear(photo, head, ear))
}

fn look_at_ear(photo: &RgbImage, head: &HeadFit, ear: usize) -> EarLook {
    // Yaw > 0: the nose points to the picture's right, where the subject's left ear then hides.
    let towards_far = if ear == 0 { head.angles.yaw_deg } else { -head.angles.yaw_deg };
    let lobe = head.lobes_in_picture[ear];
    let size = DVec2::new(f64::from(photo.width()), f64::from(photo.height()));
    let inside = lobe.cmpge(DVec2::ZERO).all() && lobe.cmplt(size).all();
    if towards_far > HIDES_FAR_EAR_DEG || !inside {
        return EarLook::without(EarState::Hidden);
    }
    let px_per_mm = head.placing.scale / 1000.0;
    if !(LEAST_PX_PER_MM..1e3).contains(&px_per_mm) {
        return EarLook::without(EarState::TooSmall);
    }
    let outward = if ear == 0 { 1.0 } else { -1.0 };
    let strip = Strip::new(photo, lobe, px_per_mm, outward);
    let (state, cells) = judge(&strip);
    let strokes = if cells.is_empty() { Vec::new() } else { cover(photo, &strip, &cells, px_per_mm) };
    EarLook { state, strokes }
}

/// The best verdict over all candidates, and the cells of those that share it.
fn judge(strip: &Strip) -> (EarState, Vec<usize>) {
    let mut best = (EarState::Bare, Vec::new());
    for candidate in candidates(strip) {
        let (state, candidate) = verdict(strip, candidate);
        if state > best.0 {
            best = (state, candidate);
        } else if state == best.0 && state != EarState::Bare {
            best.1.extend(candidate);
        }
    }
    best
}

/// What a candidate is, and what of it hangs at the lobe.
fn verdict(strip: &Strip, candidate: Vec<usize>) -> (EarState, Vec<usize>) {
    let strong = |cells: &[usize]| cells.iter().filter(|cell| strip.evidence[**cell] > STRONG).count();
    let starts = candidate.iter().filter(|cell| {
        let (aside, down) = from_lobe(**cell);
        aside.abs() < START.0 && (-START.1..START.2).contains(&down)
    });
    if strong(&candidate) < UNSURE_CELLS || starts.count() < STARTING_CELLS {
        return (EarState::Bare, candidate);
    }
    if sprawls(&candidate) {
        let part: Vec<usize> = candidate.into_iter().filter(|cell| is_apart(*cell)).collect();
        let whole = (0..COLUMNS * ROWS).filter(|cell| is_apart(*cell)).count();
        let plain = part.len() as f64 <= MOST_OF_PART * whole as f64 && strong(&part) >= SURE_CELLS;
        return (if plain { EarState::Unsure } else { EarState::Bare }, part);
    }
    let hairy = |cell: &&usize| strip.may_be_hair(**cell, HAIR_LIGHTNESS, HAIR_CHROMA);
    let is_hairy = candidate.iter().filter(hairy).count() * 2 >= candidate.len();
    let sure = strong(&candidate) >= SURE_CELLS && !is_hairy;
    (if sure { EarState::Earring } else { EarState::Unsure }, candidate)
}

/// How far a cell lies aside and below the lobe.
fn from_lobe(cell: usize) -> (i32, i32) {
    ((cell % COLUMNS) as i32 - LOBE.0 as i32, (cell / COLUMNS) as i32 - LOBE.1 as i32)
}

fn is_apart(cell: usize) -> bool {
    let (aside, down) = from_lobe(cell);
    aside.abs() < APART.0 && (-START.1..APART.1).contains(&down)
}

/// Whether a candidate is too much for an earring, or goes on beyond the strip.
fn sprawls(candidate: &[usize]) -> bool {
    let at_edge = candidate.iter().filter(|cell| {
        let (x, y) = (*cell % COLUMNS, *cell / COLUMNS);
        x == 0 || y == 0 || x + 1 == COLUMNS || y + 1 == ROWS
    });
    candidate.len() as f64 > MOST_OF_STRIP * (COLUMNS * ROWS) as f64 || at_edge.count() > 2
}

/// Suspicious cells that touch each other or nearly so.
fn candidates(strip: &Strip) -> Vec<Vec<usize>> {
    let mut open: Vec<bool> = strip.evidence.iter().map(|evidence| *evidence > WEAK).collect();
    let mut candidates = Vec::new();
    for first in 0..open.len() {
        if !std::mem::take(&mut open[first]) {
            continue;
        }
        let mut candidate = vec![first];
        let mut next = 0;
        while let Some(cell) = candidate.get(next).copied() {
            next += 1;
            let (x, y) = (cell % COLUMNS, cell / COLUMNS);
            for y in y.saturating_sub(2)..(y + 3).min(ROWS) {
                for x in x.saturating_sub(2)..(x + 3).min(COLUMNS) {
                    if std::mem::take(&mut open[y * COLUMNS + x]) {
                        candidate.push(y * COLUMNS + x);
                    }
                }
            }
        }
        candidates.push(candidate);
    }
    candidates
}

/// Strokes of the photo over the cells.
fn cover(photo: &RgbImage, strip: &Strip, cells: &[usize], px_per_mm: f64) -> Vec<Stroke> {
    let mut found = vec![false; COLUMNS * ROWS];
    cells.iter().for_each(|cell| found[*cell] = true);
    let (low, high) = strip.bounds(photo);
    let (width, height) = (high.0 - low.0, high.1 - low.1);
    let mask = GrayImage::from_fn(width, height, |x, y| {
        let at = DVec2::new(f64::from(low.0 + x) + 0.5, f64::from(low.1 + y) + 0.5);
        let is = strip.cell_at(at).is_some_and(|cell| found[cell]);
        Luma([u8::from(is) * 255])
    });
    let mut strokes = strokes_over(&mask, (MARGIN_MM * px_per_mm).max(1.5));
    for point in strokes.iter_mut().flat_map(|stroke| &mut stroke.points) {
        point.x += f64::from(low.0);
        point.y += f64::from(low.1);
    }
    strokes
}

#[cfg(test)]
mod tests;

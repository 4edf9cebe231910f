//! Earrings in a face photo: what hangs at a lobe and is neither skin nor hair nor anything else around.
//!
//! Around each lobe that the head's fit shows, a strip of the photo is resampled to a fixed number of cells a
//! millimetre. A cell is suspicious when its colour is found nowhere beside the strip's hanging column and stands out
//! from its neighbourhood; suspicious cells that hang together near the lobe are a candidate, whose size, shape and
//! surroundings are weighed (`candidate`). Classical and small: it is meant for plain cases, and says when it is
//! unsure, so that the designer draws strokes instead. `strip` measures, this file judges.

mod candidate;
mod strip;

use super::HeadFit;
use crate::picture::strokes_over;
use crate::project::Stroke;
use candidate::Candidate;
use glam::DVec2;
use image::{GrayImage, Luma, RgbImage};
use strip::{COLUMNS, LOBE, ROWS, Strip};

/// A head turned further than this hides its far ear, degrees.
const HIDES_FAR_EAR_DEG: f64 = 26.0;

/// Fewer pixels a millimetre show no earring's edge.
const LEAST_PX_PER_MM: f64 = 0.7;

/// Evidence from which a cell belongs to a candidate, from low to high: where an earring runs into something else, as a
/// dress, its brighter parts still stand apart.
const LEVELS: [f32; 3] = [0.75, 1.4, 2.4];

/// A candidate's fewest cells, and its largest share of the strip.
const FEWEST_CELLS: usize = 22;
const MOST_OF_STRIP: f64 = 0.16;

/// Cells near the lobe that a candidate has at least, and how near: inside, outside, above and below, cells. The head's
/// fit sees lobes too far outside rather than too far inside.
const STARTING_CELLS: usize = 8;
const START: (i32, i32, i32, i32) = (36, 20, 20, 36);

/// How far apart cells of one candidate lie at most, cells.
const REACH: usize = 3;

/// Scores of an earring, and of something that may be one.
const SURE: f32 = 0.7;
const UNSURE: f32 = -2.0;

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
pub fn find_earrings(photo: &RgbImage, head: &HeadFit) -> [EarLook; 2] {
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
    let candidates = candidates(strip);
    for (state, least) in [(EarState::Earring, SURE), (EarState::Unsure, UNSURE)] {
        let alike = candidates.iter().filter(|candidate| candidate.score > least);
        let mut cells: Vec<usize> = alike.flat_map(|candidate| candidate.cells.iter().copied()).collect();
        if !cells.is_empty() {
            cells.sort_unstable();
            cells.dedup();
            return (state, cells);
        }
    }
    (EarState::Bare, Vec::new())
}

/// What may be an earring by its size and place, at every level.
fn candidates(strip: &Strip) -> Vec<Candidate> {
    let most = (MOST_OF_STRIP * (COLUMNS * ROWS) as f64) as usize;
    let groups = LEVELS.into_iter().flat_map(|level| groups(strip, level));
    groups
        .filter(|cells| (FEWEST_CELLS..=most).contains(&cells.len()))
        .filter(|cells| cells.iter().filter(|cell| is_near_lobe(**cell)).count() >= STARTING_CELLS)
        .map(|cells| Candidate::new(strip, cells))
        .collect()
}

fn is_near_lobe(cell: usize) -> bool {
    let (outside, below) = ((cell % COLUMNS) as i32 - LOBE.0 as i32, (cell / COLUMNS) as i32 - LOBE.1 as i32);
    (-START.0..START.1).contains(&outside) && (-START.2..START.3).contains(&below)
}

/// Cells of at least this evidence that touch each other or nearly so.
fn groups(strip: &Strip, level: f32) -> Vec<Vec<usize>> {
    let mut open: Vec<bool> = strip.evidence.iter().map(|evidence| *evidence > level).collect();
    let mut groups = Vec::new();
    for first in 0..open.len() {
        if !std::mem::take(&mut open[first]) {
            continue;
        }
        let mut group = vec![first];
        let mut next = 0;
        while let Some(cell) = group.get(next).copied() {
            next += 1;
            let (x, y) = (cell % COLUMNS, cell / COLUMNS);
            for y in y.saturating_sub(REACH)..(y + REACH + 1).min(ROWS) {
                for x in x.saturating_sub(REACH)..(x + REACH + 1).min(COLUMNS) {
                    if std::mem::take(&mut open[y * COLUMNS + x]) {
                        group.push(y * COLUMNS + x);
                    }
                }
            }
        }
        groups.push(group);
    }
    groups
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

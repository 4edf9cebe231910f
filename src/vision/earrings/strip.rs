//! The strip of a photo in which an earring hangs, in cells of half a millimetre, and how suspicious each cell is.

use crate::picture::Lab;
use glam::{DVec2, Vec3};
use image::RgbImage;
use rayon::prelude::*;

/// Cells a millimetre.
const CELLS_PER_MM: f64 = 2.0;

/// The strip: from 20 mm inside the lobe to 26 mm outside, from 16 mm above to 72 mm below.
pub(super) const COLUMNS: usize = 92;
pub(super) const ROWS: usize = 176;

/// The lobe's cell.
pub(super) const LOBE: (usize, usize) = (40, 32);

/// The column in which earrings hang: colours beside it, and above it, are surroundings.
const HANGS_ASIDE: usize = 30;
const HANGS_ABOVE: usize = 20;

/// Lightness counts less than colour: shading changes it.
const WEIGHTS: Vec3 = Vec3::new(0.6, 1.3, 1.3);

/// Reach of the neighbourhood's median, cells.
const REACH: usize = 5;

/// Difference from all surroundings that is suspicious, weighted CIELAB.
const FOREIGN: f32 = 8.0;

/// Difference from the neighbourhood that is suspicious, at least; more where the whole strip is busy.
const STANDS_OUT: f32 = 9.0;
const BUSY: f32 = 2.5;

/// A colour so foreign needs no edge: the inside of a large drop.
const VERY_FOREIGN: f32 = 2.2;

/// One surrounding cell of so many may look like the earring by chance, as where a hoop crosses the edge.
const CHANCE: usize = 60;

/// A resampled strip.
pub(super) struct Strip {
    /// Where the first cell's corner lies, and how far apart cells lie, picture frame.
    corner: DVec2,
    step: DVec2,
    /// CIELAB, unweighted.
    lab: Vec<Vec3>,
    /// Difference from the neighbourhood, weighted CIELAB.
    pub(super) edges: Vec<f32>,
    /// 1: suspicious.
    pub(super) evidence: Vec<f32>,
}

impl Strip {
    /// `outward`: 1 where the ear points to the picture's right, -1 to its left.
    pub(super) fn new(photo: &RgbImage, lobe: DVec2, px_per_mm: f64, outward: f64) -> Self {
        let cell = px_per_mm / CELLS_PER_MM;
        let step = DVec2::new(cell * outward, cell);
        let corner = lobe - DVec2::new(LOBE.0 as f64 + 0.5, LOBE.1 as f64 + 0.5) * step;
        let middle = |index: usize| {
            corner + DVec2::new((index % COLUMNS) as f64 + 0.5, (index / COLUMNS) as f64 + 0.5) * step
        };
        let lab: Vec<Vec3> = (0..COLUMNS * ROWS)
            .into_par_iter()
            .map(|index| mean_colour(photo, middle(index), cell))
            .collect();
        let (edges, evidence) = evidence(&lab);
        Self { corner, step, lab, edges, evidence }
    }

    /// The cell that holds a point of the picture.
    pub(super) fn cell_at(&self, point: DVec2) -> Option<usize> {
        let at = ((point - self.corner) / self.step).floor();
        let inside = at.cmpge(DVec2::ZERO).all() && at.x < COLUMNS as f64 && at.y < ROWS as f64;
        inside.then(|| at.y as usize * COLUMNS + at.x as usize)
    }

    /// The strip's pixels in the photo: first, and one past the last.
    pub(super) fn bounds(&self, photo: &RgbImage) -> ((u32, u32), (u32, u32)) {
        let far = self.corner + DVec2::new(COLUMNS as f64, ROWS as f64) * self.step;
        let (low, high) = (self.corner.min(far).floor().max(DVec2::ZERO), self.corner.max(far).ceil());
        // `as` saturates.
        let (left, top) = ((low.x as u32).min(photo.width()), (low.y as u32).min(photo.height()));
        (
            (left, top),
            ((high.x as u32).clamp(left, photo.width()), (high.y as u32).clamp(top, photo.height())),
        )
    }

    pub(super) fn chroma(&self, cell: usize) -> f32 {
        self.lab[cell].y.hypot(self.lab[cell].z)
    }

    /// Whether a cell is as dark and as grey as a lock of hair.
    pub(super) fn may_be_hair(&self, cell: usize, (lightness, chroma): (f32, f32)) -> bool {
        self.lab[cell].x < lightness && self.chroma(cell) < chroma
    }

    /// How far cells lie from their median colour, mean, weighted CIELAB.
    pub(super) fn spread(&self, cells: &[usize]) -> f32 {
        let colours: Vec<Vec3> = cells.iter().map(|cell| self.lab[*cell] * WEIGHTS).collect();
        let median = median(&colours);
        colours.iter().map(|colour| colour.distance(median)).sum::<f32>() / colours.len().max(1) as f32
    }
}

/// The mean of up to 4x4 samples of a cell; beyond the photo's edge its last pixels go on.
fn mean_colour(photo: &RgbImage, middle: DVec2, cell: f64) -> Vec3 {
    let samples = (cell.ceil() as usize).clamp(1, 4);
    let mut sum = Vec3::ZERO;
    for index in 0..samples * samples {
        let share = |at: usize| (at as f64 + 0.5) / samples as f64 - 0.5;
        let at = middle + DVec2::new(share(index % samples), share(index / samples)) * cell;
        let (x, y) =
            ((at.x.max(0.0) as u32).min(photo.width() - 1), (at.y.max(0.0) as u32).min(photo.height() - 1));
        let Lab { l, a, b } = Lab::of(photo.get_pixel(x, y).0);
        sum += Vec3::new(l as f32, a as f32, b as f32);
    }
    sum / (samples * samples) as f32
}

/// What stands out from its neighbourhood, and how suspicious it is.
fn evidence(lab: &[Vec3]) -> (Vec<f32>, Vec<f32>) {
    let colours: Vec<Vec3> = lab.iter().map(|colour| *colour * WEIGHTS).collect();
    let around: Vec<Vec3> = surroundings().map(|cell| colours[cell]).collect();
    let foreign: Vec<f32> = colours.par_iter().map(|colour| foreignness(*colour, &around)).collect();
    let edges: Vec<f32> = (0..colours.len())
        .into_par_iter()
        .map(|cell| colours[cell].distance(median_around(&colours, cell)))
        .collect();
    let mut sorted = edges.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let busy = sorted.get(sorted.len() * 7 / 10).copied().unwrap_or(0.0);
    let stands_out = STANDS_OUT.max(BUSY * busy);
    let together = |(foreign, edge): (&f32, &f32)| {
        let both = (1.5 * edge / stands_out).min(foreign / FOREIGN);
        both.max(foreign / (VERY_FOREIGN * FOREIGN))
    };
    let evidence = foreign.iter().zip(&edges).map(together).collect();
    (edges, evidence)
}

/// Every fourth cell each way outside the hanging column.
fn surroundings() -> impl Iterator<Item = usize> {
    let cells = (0..ROWS).step_by(4).flat_map(|y| (0..COLUMNS).step_by(4).map(move |x| (x, y)));
    let hangs = |(x, y): (usize, usize)| x.abs_diff(LOBE.0) < HANGS_ASIDE && y + HANGS_ABOVE > LOBE.1;
    cells.filter(move |cell| !hangs(*cell)).map(|(x, y)| y * COLUMNS + x)
}

/// Distance to the surroundings' nearest colours, but for a few.
fn foreignness(colour: Vec3, around: &[Vec3]) -> f32 {
    let mut squares: Vec<f32> = around.iter().map(|other| colour.distance_squared(*other)).collect();
    let place = (around.len() / CHANCE).max(2).min(squares.len().saturating_sub(1));
    if squares.is_empty() {
        return 0.0;
    }
    squares.select_nth_unstable_by(place, f32::total_cmp).1.sqrt()
}

fn median_around(colours: &[Vec3], cell: usize) -> Vec3 {
    let (x, y) = (cell % COLUMNS, cell / COLUMNS);
    let columns = x.saturating_sub(REACH)..(x + REACH + 1).min(COLUMNS);
    let rows = y.saturating_sub(REACH)..(y + REACH + 1).min(ROWS);
    let cells: Vec<Vec3> =
        rows.flat_map(|y| columns.clone().map(move |x| colours[y * COLUMNS + x])).collect();
    median(&cells)
}

/// Channel by channel; of nothing it is black.
fn median(colours: &[Vec3]) -> Vec3 {
    let median = |channel: usize| {
        let mut values: Vec<f32> = colours.iter().map(|colour| colour[channel]).collect();
        let middle = values.len() / 2;
        if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(middle, f32::total_cmp).1 }
    };
    Vec3::new(median(0), median(1), median(2))
}

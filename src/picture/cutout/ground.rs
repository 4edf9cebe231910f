//! What the ground looks like where the product hides it.
//!
//! Studio grounds are smooth: a surface of second degree over the photo, fitted robustly to its border, carries
//! gradients and the falling off of lamps. Shadows are smooth too, but only near the product; so the ground is
//! followed from the border inward as long as it changes softly and keeps its hue (a shadow darkens, it does
//! not colour), and what was followed is spread over the rest.

use super::grid::{Grid, distance, largest_near, median, parts, reached, spread};
use super::view::Mark;
use glam::{DVec3, Vec3};
use rayon::prelude::*;

/// Border that the surface is fitted to, as a part of the shorter side.
const BORDER: f32 = 0.03;

/// Samples that the surface is fitted to.
const SAMPLES: usize = 12_000;

/// Terms of the surface: 1, x, y, x^2, x y, y^2.
const TERMS: usize = 6;

/// The noise that every photo is believed to have, sRGB 0..=1.
const LEAST_NOISE: f32 = 0.008;

/// The noise from which a ground has a grain to be known by.
const COARSE: f32 = 0.009;

/// The part of the ground's grain that ground must have everywhere.
const GRAINY: f32 = 0.8;

/// Slope beyond the noise's that a soft shadow may have, sRGB 0..=1 over the photo's shorter side; and its limits
/// a pixel.
const SOFT_SLOPE: f32 = 10.0;
const SLOPES: (f32, f32) = (0.008, 0.03);

/// How dark a shadow may be, as a part of the ground's sRGB value.
const DARKEST_SHADOW: f32 = 0.30;

/// Gaps that the ground is not followed through, pixels on either side.
const NARROW: f32 = 2.0;

/// Distance from followed ground beyond which a guess gets no worse, pixels.
const FAR: f32 = 10.0;

/// Pixels that an enclosed piece of ground must have after its rim is taken off.
const LEAST_ENCLOSED: usize = 40;

/// How much darker than the followed shadows an enclosed ground may be, as a part of the ground.
const SHADE_SLACK: f32 = 0.04;

/// How much steeper than soft shadows an edge is.
const SHARP: f32 = 1.4;

/// How far the mean hue of an enclosed ground may be off, sRGB 0..=1.
const SAME_HUE: f32 = 0.008;

/// The ground, and how well it is known.
pub(super) struct GroundModel {
    /// sRGB 0..=1 at every work pixel, product or not.
    pub(super) colours: Grid<Vec3>,
    /// The smooth surface alone, without shadows: what no product can have misled.
    pub(super) surface: Grid<Vec3>,
    /// Pixels that were followed from the border and are ground as plainly as can be.
    pub(super) followed: Grid<bool>,
    /// Deviation of the ground's pixels from `colours`, sRGB 0..=1.
    pub(super) noise: f32,
    /// The same, more where `colours` is a guess.
    pub(super) tolerance: Grid<f32>,
    /// Deviation of the border from the smooth surface, sRGB 0..=1: how plain the ground is.
    pub(super) unevenness: f32,
    /// Part of the border that looks like ground, 0..=1.
    pub(super) share: f32,
}

impl GroundModel {
    pub(super) fn of(colours: &Grid<Vec3>, marks: &Grid<Mark>) -> Self {
        let samples = samples(colours, marks);
        let surface = Surface::fit(&samples, colours);
        let noise = pixel_noise(colours, &samples);
        let noise = noise.max(surface.spread.min(0.03));
        // Grain would pass for edges: the coarser the ground, the smoother it is looked at.
        let smooth = colours.smoothed(if noise > COARSE { 3 } else { 1 });
        let slopes = slopes(&smooth);
        let steepest = steepest(&slopes, &samples);
        let mut open = open(&smooth, &slopes, &surface, marks, (steepest, 0.012 + 2.0 * noise));
        if noise > COARSE {
            keep_grainy(&mut open, colours, &smooth, marks, &samples);
        }
        let followed = follow(&open, marks, &smooth, &surface, (&slopes, steepest));
        let inner = inner(&followed);
        let weights = inner.map(|inner| if inner { 1.0 } else { 0.0 });
        let (unevenness, share) = (surface.spread, surface.share);
        let surface = Grid::from_fn(colours.width, colours.height, |column, row| surface.at(column, row));
        let off = Grid::from_fn(colours.width, colours.height, |column, row| {
            colours.at(column, row) - surface.at(column, row)
        });
        let off = spread(&off, &weights, 2);
        let local = Grid::from_fn(colours.width, colours.height, |column, row| {
            (surface.at(column, row) + off.at(column, row)).clamp(Vec3::ZERO, Vec3::ONE)
        });
        let noise = deviation(colours, &local, &weights).unwrap_or(unevenness).max(LEAST_NOISE);
        // Away from what was followed, the ground may go on changing as it does here.
        let (far, change) = (distance(&inner, FAR), self::slopes(&local));
        let tolerance = Grid::from_fn(colours.width, colours.height, |column, row| {
            noise.hypot(far.at(column, row) * change.at(column, row).min(SLOPES.1) * 0.5)
        });
        Self { colours: local, surface, followed, noise, tolerance, unevenness, share }
    }
}

/// Pixels to fit to: those marked as ground, and the border but for what is marked as product.
fn samples(colours: &Grid<Vec3>, marks: &Grid<Mark>) -> Vec<usize> {
    let (width, height) = (colours.width, colours.height);
    let border = (BORDER * width.min(height) as f32).ceil().max(2.0) as usize;
    let on_border = |index: usize| {
        let (column, row) = (index % width, index / width);
        column.min(width - 1 - column).min(row).min(height - 1 - row) < border
    };
    let marked = (0..marks.data.len()).filter(|index| marks.data[*index] == Mark::Ground);
    let mut chosen: Vec<usize> = marked.collect();
    // A frame or strokes that show enough ground make the border's guess needless.
    if chosen.len() < 16 * TERMS || chosen.len() * 200 < colours.data.len() {
        chosen.extend(
            (0..marks.data.len()).filter(|index| marks.data[*index] == Mark::Free && on_border(*index)),
        );
    }
    let step = chosen.len().div_ceil(SAMPLES).max(1);
    // An odd step, so that columns of a regular ground are not met in step.
    chosen.into_iter().step_by(step | 1).collect()
}

/// A polynomial of second degree for each colour.
struct Surface {
    terms: [Vec3; TERMS],
    /// 1 over the half sides.
    scale: (f32, f32),
    spread: f32,
    share: f32,
}

impl Surface {
    fn fit(samples: &[usize], colours: &Grid<Vec3>) -> Self {
        let scale = (2.0 / colours.width as f32, 2.0 / colours.height as f32);
        let mut surface = Self { terms: [Vec3::ZERO; TERMS], scale, spread: 0.0, share: 0.0 };
        if samples.is_empty() {
            return surface;
        }
        let at = |index: usize| (index % colours.width, index / colours.width);
        let middle = |channel: usize| {
            median(&mut samples.iter().map(|index| colours.data[*index][channel]).collect::<Vec<_>>())
        };
        surface.terms[0] = Vec3::new(middle(0), middle(1), middle(2));
        let mut residuals = vec![0.0; samples.len()];
        for round in 0..12 {
            for (residual, index) in residuals.iter_mut().zip(samples) {
                let (column, row) = at(*index);
                *residual = (colours.data[*index] - surface.at(column, row)).length();
            }
            let spread = (1.2 * median(&mut residuals.clone())).max(LEAST_NOISE / 2.0);
            surface.spread = spread;
            surface.share = residuals.iter().filter(|residual| **residual < 4.0 * spread + 0.02).count()
                as f32
                / samples.len() as f32;
            // First the absolute residuals' fit, which nothing far off can draw away; then Tukey's.
            let weight = |residual: f32| match round {
                0..6 => 1.0 / (residual + 0.3 * spread),
                _ => (1.0 - (residual / (4.5 * spread)).powi(2)).max(0.0).powi(2),
            };
            let weighted = samples.iter().zip(&residuals).map(|(index, residual)| {
                let (column, row) = at(*index);
                (surface.basis(column, row), colours.data[*index], weight(*residual))
            });
            match solve(weighted) {
                Some(terms) => surface.terms = terms,
                None => break,
            }
        }
        surface
    }

    fn basis(&self, column: usize, row: usize) -> [f32; TERMS] {
        let x = (column as f32 + 0.5) * self.scale.0 - 1.0;
        let y = (row as f32 + 0.5) * self.scale.1 - 1.0;
        [1.0, x, y, x * x, x * y, y * y]
    }

    fn at(&self, column: usize, row: usize) -> Vec3 {
        let sum = self.basis(column, row).into_iter().zip(self.terms).map(|(basis, term)| term * basis);
        sum.sum::<Vec3>().clamp(Vec3::ZERO, Vec3::ONE)
    }
}

/// Weighted least squares by Cholesky's factors, held a little towards flat.
fn solve(samples: impl Iterator<Item = ([f32; TERMS], Vec3, f32)>) -> Option<[Vec3; TERMS]> {
    let mut normal = [[0.0_f64; TERMS]; TERMS];
    let mut right = [DVec3::ZERO; TERMS];
    for (basis, colour, weight) in samples {
        for i in 0..TERMS {
            let own = f64::from(basis[i] * weight);
            for (sum, other) in normal[i].iter_mut().zip(basis) {
                *sum += own * f64::from(other);
            }
            right[i] += colour.as_dvec3() * own;
        }
    }
    let hold = 1e-4 * normal[0][0] + 1e-9;
    for (i, line) in normal.iter_mut().enumerate().skip(1) {
        line[i] += hold;
    }
    for i in 0..TERMS {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| normal[i][k] * normal[j][k]).sum();
            let rest = normal[i][j] - known;
            normal[i][j] = if i == j { rest.max(0.0).sqrt() } else { rest / normal[j][j] };
        }
        if normal[i][i] < 1e-9 {
            return None;
        }
    }
    for i in 0..TERMS {
        let known: DVec3 = (0..i).map(|k| right[k] * normal[i][k]).sum();
        right[i] = (right[i] - known) / normal[i][i];
    }
    for i in (0..TERMS).rev() {
        let known: DVec3 = (i + 1..TERMS).map(|k| right[k] * normal[k][i]).sum();
        right[i] = (right[i] - known) / normal[i][i];
    }
    Some(right.map(DVec3::as_vec3))
}

/// Deviation of single pixels from the mean of their neighbours, over the samples.
fn pixel_noise(colours: &Grid<Vec3>, samples: &[usize]) -> f32 {
    let mut off: Vec<f32> = samples
        .iter()
        .map(|index| {
            let (x, y) = ((index % colours.width) as isize, (index / colours.width) as isize);
            let around = colours.near(x - 1, y)
                + colours.near(x + 1, y)
                + colours.near(x, y - 1)
                + colours.near(x, y + 1);
            (colours.data[*index] - around * 0.25).length()
        })
        .collect();
    median(&mut off)
}

/// How much the colour changes a pixel.
fn slopes(smooth: &Grid<Vec3>) -> Grid<f32> {
    Grid::from_fn(smooth.width, smooth.height, |column, row| {
        let (x, y) = (column as isize, row as isize);
        let across = (smooth.near(x + 1, y) - smooth.near(x - 1, y)).length() / 2.0;
        let down = (smooth.near(x, y + 1) - smooth.near(x, y - 1)).length() / 2.0;
        across.hypot(down)
    })
}

/// The slope that grain and soft shadows stay below.
fn steepest(slopes: &Grid<f32>, samples: &[usize]) -> f32 {
    let mut grain: Vec<f32> = samples.iter().map(|index| slopes.data[*index]).collect();
    let soft = SOFT_SLOPE / slopes.width.min(slopes.height) as f32;
    soft.clamp(SLOPES.0, SLOPES.1) + 1.5 * median(&mut grain)
}

/// Where the photo could be ground in more or less shadow: the surface's hue within `near`, no brighter,
/// changing less than `steepest`.
fn open(
    smooth: &Grid<Vec3>,
    slopes: &Grid<f32>,
    surface: &Surface,
    marks: &Grid<Mark>,
    (steepest, near): (f32, f32),
) -> Grid<bool> {
    Grid::from_fn(smooth.width, smooth.height, |column, row| {
        match marks.at(column, row) {
            Mark::Ground => return true,
            Mark::Product => return false,
            Mark::Free => {}
        }
        let (colour, ground) = (smooth.at(column, row), surface.at(column, row));
        let share = colour.dot(ground) / ground.length_squared().max(1e-4);
        let hue_off = (colour - ground * share).length();
        let brighter = (share - 1.0) * ground.length();
        hue_off < near && brighter < near && share > DARKEST_SHADOW && slopes.at(column, row) < steepest
    })
}

/// A coarse ground keeps its grain in a shadow; what is smooth there is product.
fn keep_grainy(
    open: &mut Grid<bool>,
    colours: &Grid<Vec3>,
    smooth: &Grid<Vec3>,
    marks: &Grid<Mark>,
    samples: &[usize],
) {
    let grain = Grid::from_fn(colours.width, colours.height, |column, row| {
        (colours.at(column, row) - smooth.at(column, row)).length()
    });
    // Grain is an average over some hundred pixels; a quarter of the size is enough to take it at.
    let half = grain.halved();
    let average = half.halved().smoothed(6);
    let grain = average.doubled(half.width, half.height).doubled(colours.width, colours.height);
    let least = GRAINY * median(&mut samples.iter().map(|index| grain.data[*index]).collect::<Vec<_>>());
    for (index, open) in open.data.iter_mut().enumerate() {
        *open &= grain.data[index] > least || marks.data[index] == Mark::Ground;
    }
}

/// The open pixels that are connected to the border by more than narrow gaps, and the insides of hoops: enclosed
/// ones that are no darker than the shadows that were followed and end at sharp edges.
fn follow(
    open: &Grid<bool>,
    marks: &Grid<Mark>,
    smooth: &Grid<Vec3>,
    surface: &Surface,
    (slopes, steepest): (&Grid<f32>, f32),
) -> Grid<bool> {
    let wide = distance(&open.map(|open| !open), NARROW + 1.0).map(|far| far > NARROW);
    let seeds = Grid::from_fn(open.width, open.height, |column, row| {
        let at_border = column == 0 || row == 0 || column + 1 == open.width || row + 1 == open.height;
        at_border || marks.at(column, row) == Mark::Ground
    });
    let mut core = reached(&wide, &seeds);
    let ground = |index: usize| surface.at(index % smooth.width, index / smooth.width);
    let share = |index: usize| {
        let ground = ground(index);
        smooth.data[index].dot(ground) / ground.length_squared().max(1e-4)
    };
    let lowest = |shares: &mut [f32], part: usize| {
        let rank = shares.len() / part;
        *shares.select_nth_unstable_by(rank, f32::total_cmp).1
    };
    let followed = (0..core.data.len()).step_by(7).filter(|index| core.data[*index]);
    let mut followed: Vec<f32> = followed.map(share).collect();
    if followed.len() > 50 {
        let darkest = lowest(&mut followed, 100) - SHADE_SLACK;
        let enclosed = Grid {
            data: wide.data.iter().zip(&core.data).map(|(wide, core)| *wide && !core).collect(),
            ..wide
        };
        let steepest_near = largest_near(slopes, NARROW as isize + 3);
        for part in parts(&enclosed).iter().filter(|part| part.len() >= LEAST_ENCLOSED) {
            let mut shares: Vec<f32> = part.iter().map(|index| share(*index)).collect();
            let rim =
                part.iter().filter(|index| enclosed.neighbours(**index).any(|next| !enclosed.data[next]));
            let mut ends: Vec<f32> = rim.map(|index| steepest_near.data[*index]).collect();
            let hue_off: Vec3 =
                part.iter().map(|index| smooth.data[*index] - ground(*index) * share(*index)).sum();
            let same_hue = hue_off.length() < SAME_HUE * part.len() as f32;
            if same_hue && lowest(&mut shares, 8) > darkest && median(&mut ends) > SHARP * steepest {
                part.iter().for_each(|index| core.data[*index] = true);
            }
        }
    }
    let close = distance(&core, NARROW + 1.0);
    Grid::from_fn(open.width, open.height, |column, row| {
        open.at(column, row) && close.at(column, row) <= NARROW
    })
}

/// Without the pixels next to anything else, which may hold some of it.
fn inner(inside: &Grid<bool>) -> Grid<bool> {
    distance(&inside.map(|inside| !inside), 2.5).map(|far| far > 2.0)
}

/// The deviation of followed pixels from the local ground; none if there are none.
fn deviation(colours: &Grid<Vec3>, local: &Grid<Vec3>, weights: &Grid<f32>) -> Option<f32> {
    let step = (weights.data.len() / 40_000).max(1) | 1;
    let chosen = (0..weights.data.len()).into_par_iter().step_by(step);
    let mut off: Vec<f32> = chosen
        .filter(|index| weights.data[*index] > 0.0)
        .map(|index| (colours.data[index] - local.data[index]).length())
        .collect();
    // The median length of three equal normal deviates is 1.54 of one's deviation; all three count as one here.
    (off.len() > 20).then(|| median(&mut off))
}

//! Which pixels are product: likelihood against the ground, made whole by short borders.
//!
//! The label is the smallest of a convex energy: every pixel pays for disagreeing with its likelihood, and the
//! border of the label pays for its length, less where the photo has an edge. The relaxation of a graph cut over
//! the reals (Chambolle and Pock 2011, with the exact threshold of Chan, Esedoglu and Nikolova 2006) takes a
//! fixed number of steps, in parallel, with the same result on any number of threads.
//!
//! What the ground encloses and what encloses ground is then judged part by part: the inside of a hoop shows
//! the ground, flat and sharply bounded; a highlight that happens to have the ground's colour does not.

use super::grid::{Grid, distance, largest_near, median, parts};
use super::ground::GroundModel;
use super::view::Mark;
use glam::{Vec2, Vec3};
use rayon::prelude::*;

/// Deviations from the ground at which a pixel is as likely product as ground.
const EVEN: f32 = 3.2;

/// What a pixel of border costs where the photo is flat, in likelihoods.
const LENGTH_COST: f32 = 0.4;

/// How far a contrast disturbs the ground beside it, pixels, and its part that does.
const RINGING: isize = 3;
const RINGS: f32 = 0.013;

/// Steps of the relaxation at the coarsest, middle and finest level.
const STEPS: [usize; 3] = [60, 40, 20];

/// Pixels that a hole must have.
const LEAST_HOLE: usize = 6;

/// The part of its walls' contrast that a small hole may differ from the ground by.
const WALL_SHINE: f32 = 0.045;

/// A trained eye's alpha below which a pixel is ground without doubt.
const PLAINLY_GROUND: f32 = 0.1;

/// How far pixels are from their ground, in deviations of the ground itself. Next to a strong contrast it deviates
/// more: JPEG rings there.
pub(super) fn deviations(colours: &Grid<Vec3>, ground: &GroundModel) -> Grid<f32> {
    allowing(colours, ground, RINGS)
}

/// The same between walls that shine into it through a blurred lens.
fn between_walls(colours: &Grid<Vec3>, ground: &GroundModel) -> Grid<f32> {
    allowing(colours, ground, WALL_SHINE)
}

/// Deviations where a part of the strongest contrast nearby is allowed for.
fn allowing(colours: &Grid<Vec3>, ground: &GroundModel, part: f32) -> Grid<f32> {
    let off = Grid::from_fn(colours.width, colours.height, |column, row| {
        (colours.at(column, row) - ground.colours.at(column, row)).length()
    });
    let strongest = largest_near(&off, RINGING);
    Grid::from_fn(colours.width, colours.height, |column, row| {
        off.at(column, row) / ground.tolerance.at(column, row).hypot(part * strongest.at(column, row))
    })
}

/// What a pixel's own deviations are, and what they are between walls.
struct Deviations<'a> {
    own: &'a Grid<f32>,
    between_walls: Grid<f32>,
}

/// Product or not, for every work pixel.
pub(super) fn label(
    colours: &Grid<Vec3>,
    ground: &GroundModel,
    marks: &Grid<Mark>,
    deviations: &Grid<f32>,
) -> Grid<bool> {
    let costs = costs(ground, marks, deviations);
    let lengths = lengths(colours, ground.noise);
    let share = shortest(&costs, &lengths, 0);
    let mut label = share.map(|share| share > 0.5);
    let both = Deviations { own: deviations, between_walls: between_walls(colours, ground) };
    fill(&mut label, colours, ground, marks, &both);
    pierce(&mut label, colours, ground, &both);
    finished(label, marks, deviations)
}

/// The same from a trained eye's alpha. What it has doubts about and product encloses is product.
pub(super) fn learned(alpha: &Grid<f32>, marks: &Grid<Mark>, deviations: &Grid<f32>) -> Grid<bool> {
    let mut label = alpha.map(|alpha| alpha > 0.5);
    for part in enclosed(&label) {
        let is_plain = part.iter().any(|index| alpha.data[*index] < PLAINLY_GROUND);
        let is_marked = part.iter().any(|index| marks.data[*index] == Mark::Ground);
        if !is_plain && !is_marked {
            part.iter().for_each(|index| label.data[*index] = true);
        }
    }
    finished(label, marks, deviations)
}

/// Parts that are not product and do not reach the photo's border.
fn enclosed(label: &Grid<bool>) -> Vec<Vec<usize>> {
    let (width, height) = (label.width, label.height);
    let at_border = |index: &usize| {
        let (column, row) = (index % width, index / width);
        column == 0 || row == 0 || column + 1 == width || row + 1 == height
    };
    let mut parts = parts(&label.map(|label| !label));
    parts.retain(|part| !part.iter().any(at_border));
    parts
}

fn finished(mut label: Grid<bool>, marks: &Grid<Mark>, deviations: &Grid<f32>) -> Grid<bool> {
    drop_specks(&mut label, marks, deviations);
    for (label, mark) in label.data.iter_mut().zip(&marks.data) {
        *label = (*label || *mark == Mark::Product) && *mark != Mark::Ground;
    }
    label
}

/// What calling a pixel product costs: -4 where it surely is, 1 where it looks like ground.
fn costs(ground: &GroundModel, marks: &Grid<Mark>, deviations: &Grid<f32>) -> Grid<f32> {
    Grid::from_fn(marks.width, marks.height, |column, row| match marks.at(column, row) {
        Mark::Product => -50.0,
        Mark::Ground => 50.0,
        Mark::Free => {
            let off = deviations.at(column, row) / EVEN;
            let cost = (1.0 - off * off).max(-4.0);
            // Enclosed, the same colour says less: metal mirrors the ground.
            if cost > 0.0 && !ground.followed.at(column, row) { 0.4 * cost } else { cost }
        }
    })
}

/// What a border between a pixel and its right and lower neighbour costs.
fn lengths(colours: &Grid<Vec3>, noise: f32) -> Grid<f32> {
    let edge = 4.0 * noise + 0.02;
    Grid::from_fn(colours.width, colours.height, |column, row| {
        let (x, y, own) = (column as isize, row as isize, colours.at(column, row));
        let step =
            (colours.near(x + 1, y) - own).length_squared() + (colours.near(x, y + 1) - own).length_squared();
        LENGTH_COST * (0.12 + 0.88 * (-step / (2.0 * edge * edge)).exp())
    })
}

/// The relaxed label, 0..=1, from coarse to fine.
fn shortest(costs: &Grid<f32>, lengths: &Grid<f32>, level: usize) -> Grid<f32> {
    let (width, height) = (costs.width, costs.height);
    let coarsest = level + 1 == STEPS.len() || width.min(height) < 16;
    let start = if coarsest {
        costs.map(|cost| if cost < 0.0 { 1.0 } else { 0.0 })
    } else {
        // A border of the halved grid is half as many pixels for a quarter as many likelihoods.
        let (costs, lengths) = (costs.halved(), lengths.halved().map(|length| 0.5 * length));
        shortest(&costs, &lengths, level + 1).doubled(width, height)
    };
    descend(start, costs, lengths, STEPS[STEPS.len() - 1 - level])
}

/// Chambolle and Pock's primal-dual steps.
fn descend(start: Grid<f32>, costs: &Grid<f32>, lengths: &Grid<f32>, steps: usize) -> Grid<f32> {
    // The product of both steps times 8, the norm of the gradient, must stay below 1.
    const STEP: f32 = 0.35;
    let width = start.width;
    let mut share = start;
    let mut ahead = share.clone();
    let mut flow = Grid::filled(width, share.height, Vec2::ZERO);
    for _ in 0..steps {
        flow.data.par_chunks_exact_mut(width).enumerate().for_each(|(row, line)| {
            for (column, flow) in line.iter_mut().enumerate() {
                let (x, y, own) = (column as isize, row as isize, ahead.at(column, row));
                let slope = Vec2::new(ahead.near(x + 1, y) - own, ahead.near(x, y + 1) - own);
                *flow = (*flow + slope * STEP).clamp_length_max(lengths.at(column, row));
            }
        });
        let lines = share.data.par_chunks_exact_mut(width).zip(ahead.data.par_chunks_exact_mut(width));
        lines.enumerate().for_each(|(row, (share, ahead))| {
            for (column, (share, ahead)) in share.iter_mut().zip(ahead).enumerate() {
                let own = flow.at(column, row);
                let left = if column > 0 { flow.at(column - 1, row).x } else { 0.0 };
                let above = if row > 0 { flow.at(column, row - 1).y } else { 0.0 };
                let outward = own.x - left + own.y - above;
                let before = *share;
                *share = (before + STEP * (outward - costs.at(column, row))).clamp(0.0, 1.0);
                *ahead = 2.0 * *share - before;
            }
        });
    }
    share
}

/// Gives enclosed ground to the product unless it is a hole.
fn fill(
    label: &mut Grid<bool>,
    colours: &Grid<Vec3>,
    ground: &GroundModel,
    marks: &Grid<Mark>,
    deviations: &Deviations<'_>,
) {
    for part in enclosed(label) {
        let open =
            part.iter().any(|index| marks.data[*index] == Mark::Ground || ground.followed.data[*index]);
        if !open && !is_hole(&part, label, colours, ground, deviations) {
            part.iter().for_each(|index| label.data[*index] = true);
        }
    }
}

/// Opens the small holes, as in the links of a chain, that blur has tinted.
fn pierce(label: &mut Grid<bool>, colours: &Grid<Vec3>, ground: &GroundModel, deviations: &Deviations<'_>) {
    let tinted = Grid::from_fn(label.width, label.height, |column, row| {
        label.at(column, row) && deviations.between_walls.at(column, row) < EVEN
    });
    let walled = tinted.map(|tinted| !tinted);
    for part in parts(&tinted) {
        let enclosed = part.iter().all(|index| label.neighbours(*index).all(|next| label.data[next]));
        if enclosed && is_hole(&part, &walled, colours, ground, deviations) {
            part.iter().for_each(|index| label.data[*index] = false);
        }
    }
}

/// Whether enclosed ground is the real one: it has the ground's very colour, spreads as the ground's noise does,
/// and ends at an edge.
fn is_hole(
    part: &[usize],
    walled: &Grid<bool>,
    colours: &Grid<Vec3>,
    ground: &GroundModel,
    deviations: &Deviations<'_>,
) -> bool {
    if part.len() < LEAST_HOLE {
        return false;
    }
    let off: Vec3 = part.iter().map(|index| colours.data[*index] - ground.colours.data[*index]).sum();
    let off = off.length() / part.len() as f32;
    let mut own: Vec<f32> = part.iter().map(|index| deviations.between_walls.data[*index]).collect();
    // Two pixels outward, an edge has left the ground's colour behind.
    let (mut beyond, mut walls): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
    for index in part {
        let (x, y) = ((index % walled.width) as isize, (index / walled.width) as isize);
        for (dx, dy) in [(3, 0), (-3, 0), (0, 3), (0, -3)] {
            if walled.near(x + dx / 3, y + dy / 3) {
                let steps = (1..=3).map(|step| deviations.own.near(x + dx / 3 * step, y + dy / 3 * step));
                beyond.push(steps.fold(0.0, f32::max));
                let wall = (1..=3).map(|step| {
                    let (x, y) = (x + dx / 3 * step, y + dy / 3 * step);
                    (colours.near(x, y) - ground.colours.near(x, y)).length()
                });
                walls.push(wall.fold(0.0, f32::max));
            }
        }
    }
    // The walls shine into a small hole a little.
    let wall = WALL_SHINE * median(&mut walls);
    off < (1.2 * ground.noise).max(0.014).max(wall) && median(&mut own) < 2.2 && median(&mut beyond) > 6.0
}

/// Takes dust out: parts that are tiny beside the largest one and near nothing.
fn drop_specks(label: &mut Grid<bool>, marks: &Grid<Mark>, deviations: &Grid<f32>) {
    let parts = parts(label);
    let largest = parts.iter().map(Vec::len).max().unwrap_or(0);
    let wanted = |part: &[usize]| {
        let marked = part.iter().any(|index| marks.data[*index] == Mark::Product);
        let strongest = part.iter().map(|index| deviations.data[*index]).fold(0.0, f32::max);
        marked || (part.len() >= 8.max(largest / 500) && strongest > 1.6 * EVEN)
    };
    let kept: Vec<bool> = parts.iter().map(|part| wanted(part)).collect();
    let mut whole = Grid::filled(label.width, label.height, false);
    for (part, _) in parts.iter().zip(&kept).filter(|(_, kept)| **kept) {
        part.iter().for_each(|index| whole.data[*index] = true);
    }
    // A link of a chain that came loose belongs to its neighbour.
    let close = distance(&whole, 5.0);
    for (part, kept) in parts.iter().zip(kept) {
        let loose = part.len() >= 4 && part.iter().any(|index| close.data[*index] < 4.5);
        if !kept && !loose {
            part.iter().for_each(|index| label.data[*index] = false);
        }
    }
}

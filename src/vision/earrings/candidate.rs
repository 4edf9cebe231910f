//! How much a group of suspicious cells looks like an earring: ten measures, weighed together.
//!
//! The weights are a logistic regression over groups that were cut out of jewels hung on every other one of 115
//! AI-made portraits, and over what is suspicious at those portraits' bare ears. Where a group lies does not count,
//! but for that it starts near the lobe: lobes are only estimated.

use super::strip::{COLUMNS, ROWS, Strip};

/// Evidence of a cell that speaks for an earring.
const STRONG: f32 = 1.25;

/// What may be a lock of hair: lightness and chroma below these, CIELAB.
const HAIR: (f32, f32) = (32.0, 16.0);

/// The ring around a group that tells what it hangs before: from and to, cells away.
const RING: (usize, usize) = (2, 5);

/// Cells on the strip's edge beyond which more say nothing new.
const MOST_AT_EDGE: usize = 10;

/// Cells that hang together.
pub(super) struct Candidate {
    pub(super) cells: Vec<usize>,
    /// Logarithm of the odds that it is an earring.
    pub(super) score: f32,
}

impl Candidate {
    pub(super) fn new(strip: &Strip, cells: Vec<usize>) -> Self {
        let score = score(strip, &cells);
        Self { cells, score }
    }
}

fn score(strip: &Strip, cells: &[usize]) -> f32 {
    let count = cells.len().max(1) as f32;
    let strong = cells.iter().filter(|cell| strip.evidence[**cell] > STRONG).count();
    let elsewhere = strip.evidence.iter().filter(|evidence| **evidence > STRONG).count() - strong;
    let (width, height) = extent(cells);
    let at_edge = cells.iter().filter(|cell| is_at_edge(**cell)).count().min(MOST_AT_EDGE);
    let edge = cells.iter().map(|cell| strip.edges[*cell]).sum::<f32>() / count;
    let hairy = cells.iter().filter(|cell| strip.may_be_hair(**cell, HAIR)).count() as f32 / count;
    let weighed = [
        (1.36, count.ln()),
        (0.75, (strong as f32).ln_1p()),
        (2.58, width as f32 / 40.0),
        (-0.73, height as f32 / 40.0),
        (-0.83, at_edge as f32 / 3.0),
        (0.72, edge / 9.0),
        (-0.84, colourful(strip, cells) / 20.0),
        (-1.05, strip.spread(&ring(cells)) / 10.0),
        (-2.01, hairy),
        (-0.44, (elsewhere as f32).ln_1p() / 2.0),
    ];
    weighed.iter().map(|(weight, measure)| weight * measure).sum::<f32>() - 9.54
}

/// Columns and rows from the first cell to the last.
fn extent(cells: &[usize]) -> (usize, usize) {
    let along = |place: fn(usize) -> usize| {
        let (first, last) = cells
            .iter()
            .fold((usize::MAX, 0), |(first, last), cell| (first.min(place(*cell)), last.max(place(*cell))));
        (last + 1).saturating_sub(first)
    };
    (along(|cell| cell % COLUMNS), along(|cell| cell / COLUMNS))
}

fn is_at_edge(cell: usize) -> bool {
    let (x, y) = (cell % COLUMNS, cell / COLUMNS);
    x == 0 || y == 0 || x + 1 == COLUMNS || y + 1 == ROWS
}

/// The chroma that a fifth of the cells exceed.
fn colourful(strip: &Strip, cells: &[usize]) -> f32 {
    let mut chromas: Vec<f32> = cells.iter().map(|cell| strip.chroma(*cell)).collect();
    chromas.sort_unstable_by(f32::total_cmp);
    chromas.get(chromas.len() * 4 / 5).copied().unwrap_or(0.0)
}

/// The cells around a group.
fn ring(cells: &[usize]) -> Vec<usize> {
    let mut away = vec![usize::MAX; COLUMNS * ROWS];
    for cell in cells {
        let (x, y) = (cell % COLUMNS, cell / COLUMNS);
        for row in y.saturating_sub(RING.1)..(y + RING.1 + 1).min(ROWS) {
            for column in x.saturating_sub(RING.1)..(x + RING.1 + 1).min(COLUMNS) {
                let near = &mut away[row * COLUMNS + column];
                *near = (*near).min(row.abs_diff(y).max(column.abs_diff(x)));
            }
        }
    }
    (0..away.len()).filter(|cell| (RING.0 + 1..=RING.1).contains(&away[*cell])).collect()
}

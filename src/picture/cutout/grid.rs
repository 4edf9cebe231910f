//! Fields over pixels, and what is done to them everywhere: pyramids, distances, connected parts.

use rayon::prelude::*;
use std::ops::{Add, Mul, Sub};

/// Values over the pixels of the working picture, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid<T> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) data: Vec<T>,
}

impl<T: Copy + Send + Sync> Grid<T> {
    pub(super) fn filled(width: usize, height: usize, value: T) -> Self {
        Self { width, height, data: vec![value; width * height] }
    }

    /// The value of every pixel is a function of its column and row.
    pub(super) fn from_fn(width: usize, height: usize, value: impl Fn(usize, usize) -> T + Sync) -> Self {
        let rows = (0..height).into_par_iter();
        let line = |row: usize| (0..width).map(|column| value(column, row)).collect::<Vec<_>>();
        let lines: Vec<_> = rows.map(line).collect();
        Self { width, height, data: lines.concat() }
    }

    pub(super) fn at(&self, column: usize, row: usize) -> T {
        self.data[row * self.width + column]
    }

    /// The value at the nearest pixel inside.
    pub(super) fn near(&self, column: isize, row: isize) -> T {
        let column = column.clamp(0, self.width as isize - 1) as usize;
        let row = row.clamp(0, self.height as isize - 1) as usize;
        self.at(column, row)
    }

    pub(super) fn map<U: Copy + Send + Sync>(&self, of: impl Fn(T) -> U + Sync) -> Grid<U> {
        Grid {
            width: self.width,
            height: self.height,
            data: self.data.par_iter().map(|value| of(*value)).collect(),
        }
    }

    /// Pixels next to `index` along rows and columns.
    pub(super) fn neighbours(&self, index: usize) -> impl Iterator<Item = usize> {
        let (column, row) = (index % self.width, index / self.width);
        [
            (column > 0).then(|| index - 1),
            (column + 1 < self.width).then_some(index + 1),
            (row > 0).then(|| index - self.width),
            (row + 1 < self.height).then_some(index + self.width),
        ]
        .into_iter()
        .flatten()
    }
}

/// What can be averaged.
pub(super) trait Value:
    Copy + Send + Sync + Default + Add<Output = Self> + Sub<Output = Self> + Mul<f32, Output = Self>
{
}

impl<T> Value for T where
    T: Copy + Send + Sync + Default + Add<Output = Self> + Sub<Output = Self> + Mul<f32, Output = Self>
{
}

impl<T: Value> Grid<T> {
    /// Between pixels; pixel centres lie at halves.
    pub(super) fn between(&self, x: f32, y: f32) -> T {
        let (x, y) = (x - 0.5, y - 0.5);
        let (column, row) = (x.floor(), y.floor());
        let (right, down) = (x - column, y - row);
        let (column, row) = (column as isize, row as isize);
        let upper = self.near(column, row) * (1.0 - right) + self.near(column + 1, row) * right;
        let lower = self.near(column, row + 1) * (1.0 - right) + self.near(column + 1, row + 1) * right;
        upper * (1.0 - down) + lower * down
    }

    /// The binomial 1 2 1 over columns and rows, `times` times.
    pub(super) fn smoothed(&self, times: usize) -> Self {
        let mut smooth = self.clone();
        for _ in 0..times {
            let source = smooth;
            let across = Self::from_fn(source.width, source.height, |column, row| {
                let (x, y) = (column as isize, row as isize);
                (source.near(x - 1, y) + source.near(x + 1, y)) * 0.25 + source.at(column, row) * 0.5
            });
            smooth = Self::from_fn(source.width, source.height, |column, row| {
                let (x, y) = (column as isize, row as isize);
                (across.near(x, y - 1) + across.near(x, y + 1)) * 0.25 + across.at(column, row) * 0.5
            });
        }
        smooth
    }

    /// Half as large, by means of 2 x 2.
    pub(super) fn halved(&self) -> Self {
        Self::from_fn(self.width.div_ceil(2), self.height.div_ceil(2), |column, row| {
            let (x, y) = (2 * column as isize, 2 * row as isize);
            (self.near(x, y) + self.near(x + 1, y) + self.near(x, y + 1) + self.near(x + 1, y + 1)) * 0.25
        })
    }

    /// As large as asked for, from one half as large.
    pub(super) fn doubled(&self, width: usize, height: usize) -> Self {
        Self::from_fn(width, height, |column, row| {
            self.between((column as f32 + 0.5) / 2.0, (row as f32 + 0.5) / 2.0)
        })
    }
}

/// Spreads the values that are known (weight 1) smoothly over those that are not (weight 0): means are pulled
/// up a pyramid and pushed down where nothing is known (Gortler and others 1996). Detail finer than
/// 2^`floor` pixels is dropped.
pub(super) fn spread<T: Value>(values: &Grid<T>, weights: &Grid<f32>, floor: usize) -> Grid<T> {
    let weighted = Grid {
        width: values.width,
        height: values.height,
        data: values.data.par_iter().zip(&weights.data).map(|(value, weight)| *value * *weight).collect(),
    };
    spread_weighted(&weighted, weights, floor)
}

fn spread_weighted<T: Value>(values: &Grid<T>, weights: &Grid<f32>, floor: usize) -> Grid<T> {
    let own = |index: usize| values.data[index] * (1.0 / weights.data[index].max(1e-6));
    let (width, height) = (values.width, values.height);
    if width.max(height) == 1 {
        return Grid { width, height, data: vec![own(0)] };
    }
    let (coarse_values, coarse_weights) = (values.halved(), weights.halved());
    // A few known pixels of a block are worth as much as a full block.
    let full = coarse_weights.map(|weight| (4.0 * weight).min(1.0));
    let scaled = Grid::from_fn(coarse_values.width, coarse_values.height, |column, row| {
        let weight = coarse_weights.at(column, row);
        coarse_values.at(column, row) * (full.at(column, row) / weight.max(1e-6))
    });
    let coarse = spread_weighted(&scaled, &full, floor.saturating_sub(1)).doubled(width, height);
    if floor > 0 {
        return coarse;
    }
    Grid::from_fn(width, height, |column, row| {
        let index = row * width + column;
        let weight = weights.data[index].min(1.0);
        own(index) * weight + coarse.data[index] * (1.0 - weight)
    })
}

/// Distance from each pixel to the nearest one where `there` holds, in pixels up to `most` (chamfer 1 and
/// square root of 2: within 6 % of Euclid).
pub(super) fn distance(there: &Grid<bool>, most: f32) -> Grid<f32> {
    const DIAGONAL: f32 = std::f32::consts::SQRT_2;
    let (width, height) = (there.width, there.height);
    let mut far = there.map(|there| if there { 0.0 } else { most });
    let relax = |far: &mut Grid<f32>, column: usize, row: usize, from: [(isize, isize, f32); 4]| {
        let mut least = far.at(column, row);
        for (dx, dy, step) in from {
            let (x, y) = (column as isize + dx, row as isize + dy);
            if x >= 0 && x < width as isize && y >= 0 && y < height as isize {
                least = least.min(far.at(x as usize, y as usize) + step);
            }
        }
        far.data[row * width + column] = least;
    };
    for row in 0..height {
        for column in 0..width {
            relax(&mut far, column, row, [(-1, 0, 1.0), (0, -1, 1.0), (-1, -1, DIAGONAL), (1, -1, DIAGONAL)]);
        }
    }
    for row in (0..height).rev() {
        for column in (0..width).rev() {
            relax(&mut far, column, row, [(1, 0, 1.0), (0, 1, 1.0), (1, 1, DIAGONAL), (-1, 1, DIAGONAL)]);
        }
    }
    far
}

/// The largest value within `radius` columns and rows.
pub(super) fn largest_near(values: &Grid<f32>, radius: isize) -> Grid<f32> {
    let across = Grid::from_fn(values.width, values.height, |column, row| {
        let (x, y) = (column as isize, row as isize);
        (-radius..=radius).fold(0.0, |most: f32, step| most.max(values.near(x + step, y)))
    });
    Grid::from_fn(values.width, values.height, |column, row| {
        let (x, y) = (column as isize, row as isize);
        (-radius..=radius).fold(0.0, |most: f32, step| most.max(across.near(x, y + step)))
    })
}

/// Every pixel that can be reached from `seeds` through pixels where `open` holds, seeds among them.
pub(super) fn reached(open: &Grid<bool>, seeds: &Grid<bool>) -> Grid<bool> {
    let mut reached = Grid::filled(open.width, open.height, false);
    let mut front: Vec<usize> =
        (0..open.data.len()).filter(|index| open.data[*index] && seeds.data[*index]).collect();
    front.iter().for_each(|index| reached.data[*index] = true);
    while let Some(index) = front.pop() {
        for next in open.neighbours(index) {
            if open.data[next] && !reached.data[next] {
                reached.data[next] = true;
                front.push(next);
            }
        }
    }
    reached
}

/// Connected pixels where `inside` holds, part by part, in the order of their first pixels.
pub(super) fn parts(inside: &Grid<bool>) -> Vec<Vec<usize>> {
    let mut taken = Grid::filled(inside.width, inside.height, false);
    let mut parts = Vec::new();
    for start in 0..inside.data.len() {
        if !inside.data[start] || taken.data[start] {
            continue;
        }
        taken.data[start] = true;
        let (mut part, mut done) = (vec![start], 0);
        while let Some(index) = part.get(done).copied() {
            done += 1;
            for next in inside.neighbours(index) {
                if inside.data[next] && !taken.data[next] {
                    taken.data[next] = true;
                    part.push(next);
                }
            }
        }
        parts.push(part);
    }
    parts
}

/// The middle of the values by size; 0 of none. Changes their order.
pub(super) fn median(values: &mut [f32]) -> f32 {
    let middle = values.len() / 2;
    match values {
        [] => 0.0,
        _ => *values.select_nth_unstable_by(middle, f32::total_cmp).1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_spreads_over_what_is_not() {
        let values = Grid::from_fn(60, 40, |column, _| column as f32);
        let weights = Grid::from_fn(60, 40, |column, row| {
            let hole = (20..40).contains(&column) && (10..30).contains(&row);
            if hole { 0.0 } else { 1.0 }
        });
        let spread = spread(&values, &weights, 0);
        assert_eq!(spread.at(5, 5), 5.0);
        // Inside the hole the ramp goes on, roughly.
        assert!((spread.at(30, 20) - 30.0).abs() < 4.0, "{}", spread.at(30, 20));
        assert!(spread.at(22, 20) < spread.at(37, 20));
    }

    #[test]
    fn distances_are_chamfer_distances() {
        let there = Grid::from_fn(20, 20, |column, row| (column, row) == (10, 10));
        let far = distance(&there, 6.0);
        assert_eq!((far.at(10, 10), far.at(13, 10), far.at(0, 0)), (0.0, 3.0, 6.0));
        assert!((far.at(12, 12) - 8_f32.sqrt()).abs() < 1e-5);
    }

    #[test]
    fn parts_are_found_whole_and_apart() {
        let inside = Grid::from_fn(9, 3, |column, _| column != 4);
        let parts = parts(&inside);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [12, 12]);
        let seeds = Grid::from_fn(9, 3, |column, row| (column, row) == (0, 0));
        assert_eq!(reached(&inside, &seeds).data.iter().filter(|there| **there).count(), 12);
    }
}

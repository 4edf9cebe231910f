//! The shadow that a worn piece throws: its outline as the light sees it, once, and then a mean over as much of
//! that outline as the light is wide, the farther behind the piece the more.

use super::{Hung, MM};
use crate::jeweller::trace::Subject;
use glam::{Vec2, Vec3, vec3};
use rayon::prelude::*;

/// Cells along each side of the outline at most.
const MOST_CELLS: usize = 400;

/// A piece's outline against a light.
pub struct Shadow<'a> {
    hung: &'a Hung<'a>,
    /// Across, along and towards the light; the piece's frame.
    across: Vec3,
    along: Vec3,
    towards: Vec3,
    /// The outline's corner, mm, and a cell's side.
    low: Vec2,
    cell: f32,
    columns: usize,
    rows: usize,
    /// Sums over all cells above and to the left, one more in each direction than there are cells.
    sums: Vec<f32>,
    /// How far towards the light the piece's middle stands, mm.
    middle: f32,
    /// Tangent of half the light's angle.
    spread: f32,
}

impl<'a> Shadow<'a> {
    /// The light's direction is a unit vector of the world; `cell` is in millimetres.
    pub fn new(hung: &'a Hung<'a>, towards: Vec3, spread: f32, cell: f32) -> Self {
        let towards = hung.world_from_piece.transpose() * towards;
        let (across, along) = towards.any_orthonormal_pair();
        let flat = |point: Vec3| Vec2::new(point.dot(across), point.dot(along));
        let (low, high) = hung.jewel.piece.bounds();
        let corners: [Vec3; 8] = std::array::from_fn(|index| {
            let take = |bit: usize| index >> bit & 1 == 1;
            vec3(
                if take(0) { high.x } else { low.x },
                if take(1) { high.y } else { low.y },
                if take(2) { high.z } else { low.z },
            )
        });
        let none = (Vec2::INFINITY, Vec2::NEG_INFINITY);
        let span =
            |(least, most): (Vec2, Vec2), corner: &Vec3| (least.min(flat(*corner)), most.max(flat(*corner)));
        let (least, most) = corners.iter().fold(none, span);
        let side = (most - least).max_element();
        let cell = cell.max(side / MOST_CELLS as f32).max(1e-3);
        let cells = |length: f32| (length / cell).ceil() as usize + 1;
        let (columns, rows) = (cells(most.x - least.x), cells(most.y - least.y));
        let start = 0.5 * (low + high) + towards * (high - low).length();
        let plane = start.dot(towards);
        let mut met = vec![0.0_f32; columns * rows];
        met.par_chunks_exact_mut(columns).enumerate().for_each(|(row, line)| {
            for (column, cover) in line.iter_mut().enumerate() {
                let at = least + cell * (Vec2::new(column as f32, row as f32) + 0.5);
                let from = across * at.x + along * at.y + towards * plane;
                *cover = f32::from(u8::from(hung.is_met(from, -towards)));
            }
        });
        let sums = summed(&met, columns, rows);
        let middle = (0.5 * (low + high)).dot(towards);
        Self { hung, across, along, towards, low: least, cell, columns, rows, sums, middle, spread }
    }

    /// How much of the light is kept from a point of the world, 0..=1.
    pub fn at(&self, point: Vec3) -> f32 {
        let point = self.hung.piece_from_world(point);
        // What lies before the piece is lit.
        let behind = self.middle - point.dot(self.towards);
        if behind <= 0.0 {
            return 0.0;
        }
        let at = (Vec2::new(point.dot(self.across), point.dot(self.along)) - self.low) / self.cell;
        let radius = (behind * self.spread / self.cell).max(0.5);
        let (least, most) = (at - radius, at + radius);
        let kept = self.sum(most.x, most.y) - self.sum(least.x, most.y) - self.sum(most.x, least.y)
            + self.sum(least.x, least.y);
        (kept / (4.0 * radius * radius)).clamp(0.0, 1.0)
    }

    /// How far in millimetres from the piece's middle a shadow is still worth looking for in the world.
    pub fn reach(&self, farthest: f32) -> f32 {
        let half = 0.5 * self.cell * (self.columns as f32).hypot(self.rows as f32);
        (half + self.spread * farthest + farthest) / MM
    }

    /// The cells above and to the left of a place, parts of cells included.
    fn sum(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x.clamp(0.0, self.columns as f32), y.clamp(0.0, self.rows as f32));
        let (column, row) = ((x as usize).min(self.columns - 1), (y as usize).min(self.rows - 1));
        let (right, down) = (x - column as f32, y - row as f32);
        let at = |column: usize, row: usize| self.sums[row * (self.columns + 1) + column];
        let upper = at(column, row) + (at(column + 1, row) - at(column, row)) * right;
        let lower = at(column, row + 1) + (at(column + 1, row + 1) - at(column, row + 1)) * right;
        upper + (lower - upper) * down
    }
}

/// Crow's summed area table (1984).
fn summed(cells: &[f32], columns: usize, rows: usize) -> Vec<f32> {
    let mut sums = vec![0.0; (columns + 1) * (rows + 1)];
    for row in 0..rows {
        let mut line = 0.0;
        for column in 0..columns {
            line += cells[row * columns + column];
            sums[(row + 1) * (columns + 1) + column + 1] = sums[row * (columns + 1) + column + 1] + line;
        }
    }
    sums
}

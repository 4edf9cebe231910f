//! How densely hair fills space: a coarse grid that light is dimmed by.

use super::grow::Strand;
use glam::{UVec3, Vec3, Vec3A};

/// Cells along the longest side.
const CELLS: f32 = 52.0;

/// Hair in space, world frame.
#[derive(Debug, Clone)]
pub(in crate::people) struct Volume {
    low: Vec3,
    cell: f32,
    size: UVec3,
    /// Optical depth a metre.
    density: Vec<f32>,
}

impl Volume {
    pub(super) fn empty() -> Self {
        Self { low: Vec3::ZERO, cell: 1.0, size: UVec3::ZERO, density: Vec::new() }
    }

    pub(super) fn of(placed: &[Vec<Vec3>], strands: &[Strand]) -> Self {
        let all = || placed.iter().flatten();
        let Some(first) = all().next() else {
            return Self::empty();
        };
        let (low, high) = all().fold((*first, *first), |(low, high), at| (low.min(*at), high.max(*at)));
        let cell = ((high - low).max_element() / CELLS).max(0.002);
        let low = low - Vec3::splat(cell * 1.5);
        let size = ((high - low) / cell + Vec3::splat(2.5)).as_uvec3();
        let mut density = vec![0.0; (size.x * size.y * size.z) as usize];
        let mut volume = Self { low, cell, size, density: Vec::new() };
        for (points, strand) in placed.iter().zip(strands) {
            for pair in points.windows(2) {
                // What a fibre hides, seen from anywhere, is its length times its thickness, nearly.
                let hides = pair[0].distance(pair[1]) * strand.thickness / cell.powi(3);
                volume.spread(pair[0].midpoint(pair[1]), hides, &mut density);
            }
        }
        volume.density = density;
        volume
    }

    /// Adds an amount to the eight cells around a point.
    fn spread(&self, at: Vec3, amount: f32, density: &mut [f32]) {
        let place = (at - self.low) / self.cell - 0.5;
        let corner = place.floor();
        let share = place - corner;
        for index in 0..8_u32 {
            let upper = UVec3::new(index & 1, (index >> 1) & 1, index >> 2);
            let side = |axis: usize| if upper[axis] == 1 { share[axis] } else { 1.0 - share[axis] };
            if let Some(cell) = self.index(corner.as_ivec3().as_vec3() + upper.as_vec3()) {
                density[cell] += amount * side(0) * side(1) * side(2);
            }
        }
    }

    fn index(&self, cell: Vec3) -> Option<usize> {
        if cell.cmplt(Vec3::ZERO).any() || cell.cmpge(self.size.as_vec3()).any() {
            return None;
        }
        let cell = cell.as_uvec3();
        Some(((cell.z * self.size.y + cell.y) * self.size.x + cell.x) as usize)
    }

    /// Density between the eight cells around a place; none outside the grid.
    fn blended(&self, place: Vec3A) -> Option<f32> {
        let size = self.size.as_vec3a();
        if (place.cmplt(Vec3A::ZERO) | place.cmpge(size)).any() {
            return None;
        }
        let corner = place.floor();
        // Whole numbers far below 2^24: exact.
        let first = corner.dot(Vec3A::new(1.0, size.x, size.x * size.y)) as usize;
        if (corner + 1.0).cmpge(size).any() {
            return Some(self.density[first]);
        }
        let share = place - corner;
        let (row, layer) = (self.size.x as usize, (self.size.x * self.size.y) as usize);
        let at = |step: usize| self.density[first + step];
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let side = |step: usize| {
            mix(
                mix(at(step), at(step + 1), share.x),
                mix(at(step + row), at(step + row + 1), share.x),
                share.y,
            )
        };
        Some(mix(side(0), side(layer), share.z))
    }

    /// Whether a ray at a place outside the grid never comes back to it.
    fn leaves(&self, place: Vec3A, direction: Vec3A) -> bool {
        let below = place.cmplt(Vec3A::ZERO) & direction.cmple(Vec3A::ZERO);
        let above = place.cmpge(self.size.as_vec3a()) & direction.cmpge(Vec3A::ZERO);
        (below | above).any()
    }

    /// Optical depth between a point and the open in a direction (unit), leaving out the first `skip` metres.
    pub(in crate::people) fn depth_towards(&self, at: Vec3, direction: Vec3, skip: f32) -> f32 {
        if self.density.is_empty() {
            return 0.0;
        }
        let (at, direction, low) = (Vec3A::from(at), Vec3A::from(direction), Vec3A::from(self.low));
        // Steps grow: near blockers matter most.
        let (mut sum, mut length, mut step) = (0.0, skip, self.cell * 0.9);
        for _ in 0..9 {
            let place = (at + direction * (length + step * 0.5) - low) / self.cell - 0.5;
            match self.blended(place) {
                Some(density) => sum += density * step,
                None if self.leaves(place, direction) => break,
                None => (),
            }
            length += step;
            step *= 1.22;
        }
        sum
    }
}

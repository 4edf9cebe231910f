//! Pieces put together from simple solids: a distance field over many parts that stays quick to ask.
//!
//! A chandelier has hundreds of parts. Space is cut into cells once, and each cell remembers the parts that
//! can be nearest to any of its points; the answer is the same as asking all of them. Millimetres; origin at
//! the stud, x right, y up, z to the camera.

use super::Metal;
use super::shape::{Material, Ring, slope};
use super::solid::Solid;
use super::stone::{Brilliant, Gem};
use super::trace::Subject;
use glam::{UVec3, Vec3};

/// Cells that a piece is cut into, if they are not to become smaller than [`SMALLEST`].
const CELLS: f32 = 16_000.0;

/// Least side of a cell, mm.
const SMALLEST: f32 = 0.3;

/// Points nearer to the box than this are looked up, farther ones get the distance to the box.
const RIM: f32 = 0.5;

struct Part {
    solid: Solid,
    material: Material,
}

/// A finished piece.
pub(super) struct Assembly {
    metal: Metal,
    parts: Vec<Part>,
    stones: Vec<Brilliant>,
    low: Vec3,
    high: Vec3,
    /// Side of a cell, mm.
    cell: f32,
    cells: UVec3,
    /// Where each cell's parts begin in `nearest`, and one more.
    first: Vec<u32>,
    nearest: Vec<u32>,
}

/// A piece on the bench.
pub(super) struct Bench {
    parts: Vec<Part>,
    stones: Vec<Brilliant>,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self { parts: Vec::new(), stones: Vec::new() }
    }

    pub(super) fn add(&mut self, material: Material, solid: Solid) {
        self.parts.push(Part { solid, material });
    }

    pub(super) fn metal(&mut self, solid: Solid) {
        self.add(Material::Metal, solid);
    }

    pub(super) fn rod(&mut self, from: Vec3, to: Vec3, radius: f32) {
        self.metal(Solid::Cone { from, to, radii: (radius, radius) });
    }

    pub(super) fn ball(&mut self, material: Material, centre: Vec3, radius: f32) {
        self.add(material, Solid::Cone { from: centre, to: centre, radii: (radius, radius) });
    }

    /// A diamond in a bezel; lengths are radii.
    pub(super) fn set_stone(&mut self, centre: Vec3, radius: f32, rim: f32) {
        self.set_gem(Gem::Diamond, centre, radius, rim);
    }

    /// The same of another stone.
    pub(super) fn set_gem(&mut self, gem: Gem, centre: Vec3, radius: f32, rim: f32) {
        self.stones.push(Brilliant::new(gem, radius).at(centre));
        self.metal(Solid::Ring(Ring::facing(centre, radius + 0.3 * rim, rim, 0.0)));
        self.metal(Solid::Collet { centre, radius: radius + 0.25 * rim });
    }

    /// A diamond alone, for prongs and pavé.
    pub(super) fn bare_stone(&mut self, centre: Vec3, radius: f32) {
        self.stones.push(Brilliant::new(Gem::Diamond, radius).at(centre));
    }

    /// A smooth line of wire through points.
    pub(super) fn wire(&mut self, points: &[Vec3], radius: f32) {
        for pair in points.windows(2) {
            self.rod(pair[0], pair[1], radius);
        }
    }

    pub(super) fn finish(self, metal: Metal) -> Assembly {
        let Self { parts, stones } = self;
        let boxes = parts.iter().map(|part| part.solid.bounds());
        let stone_boxes = stones.iter().map(|stone| {
            let reach = Vec3::splat(1.03 * stone.radius);
            (stone.centre - reach, stone.centre + reach)
        });
        let none = (Vec3::INFINITY, Vec3::NEG_INFINITY);
        let (low, high) = boxes
            .chain(stone_boxes)
            .fold(none, |(low, high), (own_low, own_high)| (low.min(own_low), high.max(own_high)));
        let size = high - low + 2.0 * RIM;
        let cell = (size.element_product() / CELLS).cbrt().max(SMALLEST);
        let cells = (size / cell).ceil().max(Vec3::ONE).as_uvec3();
        let mut assembly =
            Assembly { metal, parts, stones, low, high, cell, cells, first: vec![0], nearest: Vec::new() };
        assembly.fill_cells();
        assembly
    }
}

impl Assembly {
    fn fill_cells(&mut self) {
        let corner = self.cell * 3_f32.sqrt() / 2.0;
        // Least and greatest distance of each part from a point of the cell.
        let mut ranges = Vec::with_capacity(self.parts.len());
        for index in 0..self.cells.element_product() {
            let cell = UVec3::new(
                index % self.cells.x,
                index / self.cells.x % self.cells.y,
                index / self.cells.x / self.cells.y,
            );
            let middle = self.low - RIM + (cell.as_vec3() + 0.5) * self.cell;
            ranges.clear();
            ranges.extend(self.parts.iter().map(|part| {
                let (distance, slack) = (part.solid.distance(middle), corner * part.solid.steepest());
                (distance - slack, distance + slack)
            }));
            let farthest = ranges.iter().fold(f32::INFINITY, |least, (_, greatest)| least.min(*greatest));
            for (part, (least, _)) in ranges.iter().enumerate() {
                if *least <= farthest {
                    self.nearest.push(part as u32);
                }
            }
            self.first.push(self.nearest.len() as u32);
        }
    }

    /// The parts that can be nearest to a point within the rim.
    fn nearby(&self, point: Vec3) -> impl Iterator<Item = &Part> {
        let at = ((point - self.low + RIM) / self.cell).max(Vec3::ZERO).as_uvec3().min(self.cells - 1);
        let cell = (at.x + self.cells.x * (at.y + self.cells.y * at.z)) as usize;
        let range = self.first[cell] as usize..self.first[cell + 1] as usize;
        self.nearest[range].iter().map(|part| &self.parts[*part as usize])
    }

    fn to_box(&self, point: Vec3) -> f32 {
        (self.low - point).max(point - self.high).max(Vec3::ZERO).length()
    }
}

impl Subject for Assembly {
    fn metal(&self) -> Metal {
        self.metal
    }

    fn bounds(&self) -> (Vec3, Vec3) {
        (self.low, self.high)
    }

    fn distance(&self, point: Vec3) -> f32 {
        let outside = self.to_box(point);
        if outside > RIM {
            return outside;
        }
        self.nearby(point).fold(f32::INFINITY, |least, part| least.min(part.solid.distance(point)))
    }

    fn material(&self, point: Vec3) -> Material {
        let distances = self.nearby(point).map(|part| (part.solid.distance(point), part.material));
        let nearest = distances.min_by(|one, other| one.0.total_cmp(&other.0));
        nearest.map_or(Material::Metal, |(_, material)| material)
    }

    fn normal(&self, point: Vec3, _: Material) -> Vec3 {
        slope(point, |point| self.distance(point))
    }

    fn stone(&self, from: Vec3, along: Vec3) -> Option<(f32, Vec3, &Brilliant)> {
        let mut first: Option<(f32, Vec3, &Brilliant)> = None;
        for stone in &self.stones {
            let gap = stone.centre - from;
            let ahead = gap.dot(along);
            if gap.length_squared() - ahead * ahead > 1.1 * stone.radius * stone.radius {
                continue;
            }
            if let Some((reach, normal)) = stone.enter(from, along)
                && first.is_none_or(|(nearer, _, _)| reach < nearer)
            {
                first = Some((reach, normal, stone));
            }
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jeweller::solid::solids;
    use crate::project::Dice;
    use glam::vec3;

    #[test]
    fn cells_answer_as_all_parts_do() {
        let mut bench = Bench::new();
        for index in 0..12 {
            let turn = index as f32;
            bench.ball(Material::Metal, vec3(5.0 * turn.sin(), 1.3 * turn, turn.cos()), 0.4 + 0.05 * turn);
        }
        bench.rod(vec3(-4.0, 0.0, 0.0), vec3(3.0, 14.0, 1.0), 0.3);
        let piece = bench.finish(Metal::Gold);
        for step in 0..4000 {
            let at = |prime: u32| ((step * prime) % 1000) as f32 / 1000.0;
            let point = piece.low + (piece.high - piece.low) * vec3(at(617), at(431), at(283));
            let all = piece.parts.iter().map(|part| part.solid.distance(point)).fold(f32::INFINITY, f32::min);
            assert_eq!(piece.distance(point), all, "{point}");
        }
    }

    #[test]
    fn cells_answer_as_all_parts_do_for_every_kind_of_solid() {
        let (mut dice, mut bench) = (Dice::new(10), Bench::new());
        solids().into_iter().for_each(|solid| bench.metal(solid));
        let piece = bench.finish(Metal::Gold);
        for _ in 0..20_000 {
            let share = vec3(dice.share(), dice.share(), dice.share());
            let point = piece.low + (piece.high - piece.low) * share;
            let all = piece.parts.iter().map(|part| part.solid.distance(point)).fold(f32::INFINITY, f32::min);
            assert_eq!(piece.distance(point), all, "{point}");
        }
    }
}

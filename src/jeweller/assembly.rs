//! Pieces put together from simple solids: a distance field over many parts that stays quick to ask.
//!
//! A chandelier has hundreds of parts. Space is cut into cells once, and each cell remembers the parts that
//! can be nearest to any of its points; the answer is the same as asking all of them. Millimetres; origin at
//! the stud, x right, y up, z to the camera.

use super::Metal;
use super::shape::{Material, Ring, slope};
use super::stone::{Brilliant, Gem};
use super::trace::Subject;
use glam::{UVec3, Vec2, Vec3, vec2, vec3};

/// Cells that a piece is cut into, if they are not to become smaller than [`SMALLEST`].
const CELLS: f32 = 16_000.0;

/// Least side of a cell, mm.
const SMALLEST: f32 = 0.3;

/// Points nearer to the box than this are looked up, farther ones get the distance to the box.
const RIM: f32 = 0.5;

/// Stretched ovals' fields rise by at most this much a millimetre, all others by at most 1.
const STEEPEST: f32 = 1.5;

/// Height of a domed face over its radius: a flat mirror would show one dull colour.
pub(super) const DOME: f32 = 0.28;

/// A simple body.
#[derive(Debug, Clone, Copy)]
pub(super) enum Solid {
    Ring(Ring),
    /// Two balls and everything between them; equal balls make a rod, one place makes a ball.
    Cone {
        from: Vec3,
        to: Vec3,
        radii: (f32, f32),
    },
    /// A hoop: wire that grows from its top to its bottom; turned about the vertical (cosine, sine).
    Oval {
        centre: Vec3,
        radius: f32,
        stretch: f32,
        wire: (f32, f32),
        turn: Vec2,
    },
    /// A round plate that faces the camera, a little domed.
    Plate {
        centre: Vec3,
        radius: f32,
        half: f32,
    },
    /// The wall behind a bezel.
    Collet {
        centre: Vec3,
        radius: f32,
    },
    /// A bar with softened edges that faces the camera, its face domed across.
    Slab {
        centre: Vec3,
        half: Vec3,
    },
    Blade(Blade),
}

/// A leaf or petal: pointed at both ends, folded along its middle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blade {
    pub(super) centre: Vec3,
    /// Unit vector from end to end, not towards the camera.
    pub(super) along: Vec3,
    /// Half of its length, of its width (less than its length) and of its thickness.
    pub(super) half: Vec3,
    /// How far its sides bend from the camera, a slope of at most 0.5.
    pub(super) fold: f32,
}

impl Blade {
    /// A lens of two circles (a vesica), made thick; a lower bound where it is folded.
    fn distance(&self, point: Vec3) -> f32 {
        let side = Vec3::Z.cross(self.along).normalize_or(Vec3::X);
        let p = point - self.centre;
        let (x, y) = (p.dot(self.along).abs(), p.dot(side).abs());
        let z = p.dot(self.along.cross(side)) + self.fold * y;
        let (long, wide) = (self.half.x, self.half.y);
        let radius = (long * long + wide * wide) / (2.0 * wide);
        let sunk = radius - wide;
        let lens = if (x - long) * sunk > y * long {
            vec2(x - long, y).length()
        } else {
            vec2(x, y + sunk).length() - radius
        };
        let round = 0.6 * self.half.z;
        let out = vec2(lens + round, z.abs() - self.half.z + round);
        let bent = (1.0 + self.fold * self.fold).sqrt() + self.fold.abs();
        (out.max(Vec2::ZERO).length() + out.max_element().min(0.0) - round) / bent
    }
}

impl Solid {
    fn distance(&self, point: Vec3) -> f32 {
        match self {
            Self::Ring(ring) => ring.distance(point),
            Self::Cone { from, to, radii } => cone(point, *from, *to, *radii),
            Self::Oval { centre, radius, stretch, wire, turn } => {
                let p = point - *centre;
                let (x, z) = (turn.x * p.x - turn.y * p.z, turn.y * p.x + turn.x * p.z);
                oval(vec3(x, p.y, z), *radius, *stretch, *wire)
            }
            Self::Plate { centre, radius, half } => {
                let p = point - *centre;
                let (round, across) = (0.6 * half, p.truncate().length());
                let z = p.z - domed(across, *radius);
                let out = vec2(across - radius + round, z.abs() - half + round);
                (out.max(Vec2::ZERO).length() + out.max_element().min(0.0) - round) / STEEPEST
            }
            Self::Collet { centre, radius } => {
                let p = point - *centre;
                ((p.truncate().length() - radius).abs() - 0.2).max((p.z + 0.9).abs() - 0.9)
            }
            Self::Slab { centre, half } => {
                let round = 0.3 * half.min_element();
                let mut p = point - *centre;
                p.z -= domed(p.x.abs(), half.x);
                let out = p.abs() - *half + round;
                (out.max(Vec3::ZERO).length() + out.max_element().min(0.0) - round) / STEEPEST
            }
            Self::Blade(blade) => blade.distance(point),
        }
    }

    /// By how much its distance changes at most a millimetre.
    fn steepest(&self) -> f32 {
        if matches!(self, Self::Oval { .. }) { STEEPEST } else { 1.0 }
    }

    /// A box around it.
    fn bounds(&self) -> (Vec3, Vec3) {
        match self {
            Self::Ring(ring) => {
                let side = ring.radius + ring.wire;
                let reach = vec3(side, ring.radius * ring.stretch + ring.wire, side);
                (ring.centre - reach, ring.centre + reach)
            }
            Self::Cone { from, to, radii } => (
                (*from - Vec3::splat(radii.0)).min(*to - Vec3::splat(radii.1)),
                (*from + Vec3::splat(radii.0)).max(*to + Vec3::splat(radii.1)),
            ),
            Self::Oval { centre, radius, stretch, wire, turn } => {
                let thick = wire.0.max(wire.1);
                let reach = vec3(
                    radius * turn.x.abs() + thick,
                    radius * stretch + thick,
                    radius * turn.y.abs() + thick,
                );
                (*centre - reach, *centre + reach)
            }
            Self::Plate { centre, radius, half } => {
                let reach = vec3(*radius, *radius, half + DOME * radius);
                (*centre - reach, *centre + reach)
            }
            Self::Collet { centre, radius } => {
                let side = radius + 0.2;
                (*centre - vec3(side, side, 1.8), *centre + vec3(side, side, 0.0))
            }
            Self::Slab { centre, half } => {
                let reach = *half + vec3(0.0, 0.0, DOME * half.x);
                (*centre - reach, *centre + reach)
            }
            Self::Blade(Blade { centre, along, half, fold }) => {
                let side = Vec3::Z.cross(*along).normalize_or(Vec3::X);
                let thick = half.z + fold.abs() * half.y;
                let reach = along.abs() * half.x + side.abs() * half.y + along.cross(side).abs() * thick;
                (*centre - reach, *centre + reach)
            }
        }
    }
}

/// How far a domed face stands out at a distance from its middle, falling to 0 at its rim.
fn domed(across: f32, radius: f32) -> f32 {
    DOME * radius * (1.0 - (across / radius).min(1.0).powi(2))
}

/// Exact distance to the hull of two balls.
fn cone(point: Vec3, from: Vec3, to: Vec3, radii: (f32, f32)) -> f32 {
    let axis = to - from;
    let length = axis.length();
    let shrink = radii.0 - radii.1;
    if length <= shrink.abs() + 1e-6 {
        return ((point - from).length() - radii.0).min((point - to).length() - radii.1);
    }
    let along = (point - from).dot(axis) / length;
    let across = ((point - from).length_squared() - along * along).max(0.0).sqrt();
    let sine = shrink / length;
    let cosine = (1.0 - sine * sine).sqrt();
    // Where the normal of the slanted side through the point meets the axis.
    let foot = along - across * sine / cosine;
    if foot <= 0.0 {
        vec2(along, across).length() - radii.0
    } else if foot >= length {
        vec2(along - length, across).length() - radii.1
    } else {
        along * sine + across * cosine - radii.0
    }
}

/// A hoop facing the camera; see `Piece::hoop`.
fn oval(point: Vec3, radius: f32, stretch: f32, wire: (f32, f32)) -> f32 {
    let p = vec2(point.x, point.y / stretch);
    let length = p.length().max(1e-3);
    let down = (0.5 - 0.5 * p.y / length).clamp(0.0, 1.0);
    let wire = wire.0 + (wire.1 - wire.0) * down * down * (3.0 - 2.0 * down);
    let unit = vec2(p.x / length, p.y / length * stretch).length();
    vec2((length - radius) * unit.max(1.0), point.z).length() - wire
}

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
    fn a_cone_is_the_hull_of_its_balls() {
        let (from, to, radii) = (vec3(0.0, 0.0, 0.0), vec3(0.0, 5.0, 0.0), (2.0, 0.5));
        // Each ball touches the hull from inside; a point of every ball between them is inside.
        for step in 0..=10 {
            let t = step as f32 / 10.0;
            let (centre, radius) = (from.lerp(to, t), radii.0 + (radii.1 - radii.0) * t);
            assert!(cone(centre + vec3(0.999 * radius, 0.0, 0.0), from, to, radii) <= 0.0);
        }
        assert!((cone(vec3(0.0, -3.0, 0.0), from, to, radii) - 1.0).abs() < 1e-5);
        assert!((cone(vec3(0.0, 6.5, 0.0), from, to, radii) - 1.0).abs() < 1e-5);
        assert!(cone(vec3(2.3, 1.0, 0.0), from, to, radii) > 0.0);
    }
}

//! How a strand grows on the mean head: step by step in a wanted direction, never into the body.

use super::super::canon::{Canon, scalp};
use crate::project::Dice;
use glam::{IVec3, Vec3};

/// Side of the cells in which the body's vertices are looked up, metres.
const CELL: f32 = 0.016;

/// Cells' borders are known as exactly as this, metres.
const SLACK: f32 = 1e-6;

/// Steps to a cell's neighbours, itself first.
const AROUND: [IVec3; 27] = {
    let mut steps = [IVec3::ZERO; 27];
    let mut index = 0;
    while index < 27 {
        // The middle one changes places with the first.
        let own = match index {
            0 => 13,
            13 => 0,
            other => other,
        };
        steps[index as usize] = IVec3::new(own / 9 - 1, own / 3 % 3 - 1, own % 3 - 1);
        index += 1;
    }
    steps
};

/// Vertices by the cell that they lie in.
struct Cells {
    low: IVec3,
    size: IVec3,
    vertices: Vec<Vec<u32>>,
}

impl Cells {
    fn of(places: &[Vec3], chosen: &[usize]) -> Self {
        let own = |vertex: &usize| cell(places[*vertex]);
        let low = chosen.iter().map(own).reduce(IVec3::min).unwrap_or_default();
        let high = chosen.iter().map(own).reduce(IVec3::max).unwrap_or_default();
        let size = high - low + 1;
        let mut cells = Self { low, size, vertices: vec![Vec::new(); size.element_product() as usize] };
        for vertex in chosen {
            if let Some(index) = cells.index(own(vertex)) {
                cells.vertices[index].push(*vertex as u32);
            }
        }
        cells
    }

    fn index(&self, cell: IVec3) -> Option<usize> {
        let at = cell - self.low;
        let is_inside = at.cmpge(IVec3::ZERO).all() && at.cmplt(self.size).all();
        is_inside.then(|| ((at.z * self.size.y + at.y) * self.size.x + at.x) as usize)
    }

    fn of_cell(&self, cell: IVec3) -> &[u32] {
        self.index(cell).map_or(&[], |index| &self.vertices[index])
    }
}

/// The colour a strand takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Head,
    Beard,
    Brow,
    Lash,
}

/// A strand at rest.
#[derive(Debug, Clone)]
pub(super) struct Strand {
    pub(super) points: Vec<Vec3>,
    /// Of the body, the vertex next to each point.
    pub(super) next_to: Vec<u32>,
    /// At the root, metres; strands thin out towards their tips.
    pub(super) thickness: f32,
    pub(super) kind: Kind,
    /// 0..1, picks the strand's own shade.
    pub(super) shade: f32,
}

impl Strand {
    pub(super) fn thickness_at(&self, index: usize) -> f32 {
        let share = index as f32 / (self.points.len() - 1).max(1) as f32;
        self.thickness * (1.0 - 0.55 * share * share)
    }
}

/// The mean body as an obstacle, and roots on it.
pub(super) struct Grower<'a> {
    pub(super) canon: &'a Canon,
    cells: Cells,
    /// Middle between the lobes, at rest.
    pub(super) ears: Vec3,
    /// Triangles of the scalp with the running sum of their areas times density.
    roots: Vec<([u32; 3], f32)>,
}

/// What a strand does on its way.
pub(super) struct Path<'p> {
    pub(super) steps: usize,
    pub(super) step: f32,
    /// How far it lies above the skin at least, metres, at a share (0..1) of its length.
    pub(super) layer: &'p dyn Fn(f32) -> f32,
    /// Wanted direction at a point, at a share of the length.
    pub(super) towards: &'p dyn Fn(Vec3, f32) -> Vec3,
    /// Where it ends early.
    pub(super) until: &'p dyn Fn(Vec3) -> bool,
    /// How much of its direction a strand keeps each step, 0..1.
    pub(super) stiffness: f32,
    /// Whether ears stand in its way.
    pub(super) ears: bool,
}

impl<'a> Grower<'a> {
    pub(super) fn new(canon: &'a Canon) -> Self {
        let rest = &canon.rest;
        let is_skin = |vertex: &usize| canon.body.parts[*vertex] == crate::body::Part::Skin;
        let skin: Vec<_> = (0..rest.vertices.len()).filter(is_skin).collect();
        let cells = Cells::of(&rest.vertices, &skin);
        let ears = rest.lobes[0].midpoint(rest.lobes[1]);
        let mut sum = 0.0;
        let mut roots = Vec::new();
        for triangle in canon.body.triangles() {
            let [a, b, c] = triangle.map(|corner| rest.vertices[corner as usize]);
            let middle = (a + b + c) / 3.0;
            if middle.y < ears.y - 0.06 {
                continue;
            }
            // Large triangles are judged by their corners too, or the hairline would be ragged.
            let dense = scalp(rest, middle).max(0.5 * scalp(rest, a)).max(0.5 * scalp(rest, b));
            if dense > 0.02 && on_skin(canon, triangle) {
                sum += (b - a).cross(c - a).length();
                roots.push((*triangle, sum));
            }
        }
        Self { canon, cells, ears, roots }
    }

    /// A root on the scalp (point, normal) and how dense hair is there; none where chance finds no hair.
    pub(super) fn root(&self, dice: &mut Dice) -> Option<(Vec3, Vec3, f32)> {
        let whole = self.roots.last()?.1;
        let wanted = dice.share() * whole;
        let index = self.roots.partition_point(|(_, sum)| *sum < wanted).min(self.roots.len() - 1);
        let (at, normal) = self.on_triangle(&self.roots[index].0, dice);
        let dense = scalp(&self.canon.rest, at);
        (dice.share() < dense).then_some((at, normal, dense))
    }

    /// A random point of a triangle, with its normal.
    pub(super) fn on_triangle(&self, triangle: &[u32; 3], dice: &mut Dice) -> (Vec3, Vec3) {
        let (mut u, mut v) = (dice.share(), dice.share());
        if u + v > 1.0 {
            (u, v) = (1.0 - u, 1.0 - v);
        }
        let rest = &self.canon.rest;
        let blend = |values: &[Vec3]| {
            let [a, b, c] = triangle.map(|corner| values[corner as usize]);
            a * (1.0 - u - v) + b * u + c * v
        };
        (blend(&rest.vertices), blend(&rest.normals).normalize_or(Vec3::Y))
    }

    /// The vertex nearest to a point, if one is near.
    pub(super) fn nearest(&self, at: Vec3, ears: bool) -> Option<u32> {
        let (rest, home) = (&self.canon.rest, cell(at));
        let mut best = (f32::INFINITY, None);
        for step in AROUND {
            // Most cells around the vertex's own are too far away to matter.
            let low = (home + step).as_vec3() * CELL;
            let gap = (low - at).max(at - low - CELL).max(Vec3::ZERO) - SLACK;
            if gap.max(Vec3::ZERO).length_squared() >= best.0 {
                continue;
            }
            for &vertex in self.cells.of_cell(home + step) {
                let place = rest.vertices[vertex as usize];
                let apart = place.distance_squared(at);
                if apart < best.0 && (ears || !self.is_ear(place)) {
                    best = (apart, Some(vertex));
                }
            }
        }
        best.1
    }

    fn is_ear(&self, place: Vec3) -> bool {
        let middle = self.ears + Vec3::new(0.0, 0.027, -0.006);
        let offset = place - middle;
        place.x.abs() > 0.068 && (offset.y * 0.9).hypot(offset.z) < 0.036
    }

    /// Grows a strand from a root.
    pub(super) fn grow(
        &self,
        root: Vec3,
        normal: Vec3,
        start: Vec3,
        path: &Path<'_>,
    ) -> (Vec<Vec3>, Vec<u32>) {
        let mut at = root - normal * 0.0006;
        let mut along = start.normalize_or(normal);
        let mut last = self.nearest(root, path.ears).unwrap_or(0);
        let (mut points, mut next_to) = (vec![at], vec![last]);
        for step in 1..=path.steps {
            let share = step as f32 / path.steps as f32;
            let wanted = (path.towards)(at, share).normalize_or(along);
            along = (along * path.stiffness + wanted * (1.0 - path.stiffness)).normalize_or(wanted);
            at += along * path.step;
            if let Some(vertex) = self.nearest(at, path.ears) {
                last = vertex;
                let (place, out) =
                    (self.canon.rest.vertices[vertex as usize], self.canon.rest.normals[vertex as usize]);
                let height = (at - place).dot(out);
                let layer = (path.layer)(share);
                if height < layer {
                    at += out * (layer - height);
                    // Slides along the skin from here on.
                    let inwards = along.dot(out).min(0.0);
                    along = (along - out * inwards).normalize_or(along);
                }
            }
            points.push(at);
            next_to.push(last);
            if (path.until)(at) {
                break;
            }
        }
        (points, next_to)
    }
}

fn on_skin(canon: &Canon, triangle: &[u32; 3]) -> bool {
    triangle.iter().all(|corner| canon.body.parts[*corner as usize] == crate::body::Part::Skin)
}

fn cell(at: Vec3) -> IVec3 {
    (at / CELL).floor().as_ivec3()
}

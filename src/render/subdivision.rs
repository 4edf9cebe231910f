//! Smooth skin from a coarse mesh: Loop's subdivision (Loop 1987), prepared once per topology.
//!
//! Every fine vertex is a weighted mean of coarse ones, and the weights depend on the triangles alone. So a
//! [`Subdivision`] is built once, and carries positions and any other attribute of every pose to the fine
//! mesh in milliseconds. Loop's surface shrinks what is thin (an ear lobe, a nose tip); coarse vertices are
//! first pushed out by as much as the surface would fall in.

use glam::Vec3;
use rayon::prelude::*;
use std::collections::HashMap;
use std::ops::{Add, Mul};

/// Weighted means of a coarser level's vertices, one row a finer vertex.
#[derive(Debug, Clone, Default)]
struct Means {
    /// Where each row's terms end.
    ends: Vec<u32>,
    terms: Vec<(u32, f32)>,
}

impl Means {
    fn push(&mut self, terms: impl IntoIterator<Item = (u32, f32)>) {
        self.terms.extend(terms);
        self.ends.push(self.terms.len() as u32);
    }

    fn apply<T>(&self, values: &[T]) -> Vec<T>
    where
        T: Copy + Default + Send + Sync + Add<Output = T> + Mul<f32, Output = T>,
    {
        let row = |index: usize| {
            let start = if index == 0 { 0 } else { self.ends[index - 1] };
            let terms = &self.terms[start as usize..self.ends[index] as usize];
            terms.iter().fold(T::default(), |sum, &(vertex, weight)| sum + values[vertex as usize] * weight)
        };
        (0..self.ends.len()).into_par_iter().with_min_len(1024).map(row).collect()
    }
}

/// A mesh's topology, refined.
#[derive(Debug, Clone)]
pub struct Subdivision {
    coarse_vertices: usize,
    /// How a coarse mesh's positions are pushed out.
    swell: Means,
    /// Each coarse vertex averaged with its neighbours.
    relax: Means,
    levels: Vec<Means>,
    triangles: Vec<[u32; 3]>,
    /// Coarse vertices on the mesh's rims.
    rim: Vec<u32>,
    /// The piece of the mesh that each coarse vertex belongs to.
    pieces: Vec<u32>,
}

impl Subdivision {
    /// Halves every edge of `triangles` (indices below `vertices`) `levels` times; `keep` (0..=1) is how much
    /// of Loop's shrinking is made up for.
    pub fn new(vertices: usize, triangles: &[[u32; 3]], levels: usize, keep: f32) -> Self {
        let mut ring = Rings::new(vertices, triangles);
        let (swell, relax) = (ring.swell(keep), ring.relax());
        let pieces = ring.pieces();
        let rim = (0..vertices as u32).filter(|&vertex| !ring.rim[vertex as usize].is_empty()).collect();
        let mut fine = triangles.to_vec();
        let mut means = Vec::with_capacity(levels);
        let mut count = vertices;
        for level in 0..levels {
            if level > 0 {
                ring = Rings::new(count, &fine);
            }
            let (mean, refined) = ring.refine(&fine);
            count = mean.ends.len();
            means.push(mean);
            fine = refined;
        }
        Self { coarse_vertices: vertices, swell, relax, levels: means, triangles: fine, rim, pieces }
    }

    /// The fine mesh's triangles, wound like the coarse ones.
    pub fn triangles(&self) -> &[[u32; 3]] {
        &self.triangles
    }

    /// Number of coarse vertices that [`Self::positions`] and [`Self::attribute`] expect.
    pub fn coarse_vertices(&self) -> usize {
        self.coarse_vertices
    }

    /// Coarse vertices where the mesh ends.
    pub fn rim(&self) -> &[u32] {
        &self.rim
    }

    /// For each coarse vertex the piece it belongs to, named by the piece's first vertex: vertices are in one
    /// piece when edges lead from one to the other.
    pub fn pieces(&self) -> &[u32] {
        &self.pieces
    }

    /// Fine positions from coarse ones.
    pub fn positions(&self, coarse: &[Vec3]) -> Vec<Vec3> {
        self.attribute(&self.swell.apply(coarse))
    }

    /// Any attribute of the coarse vertices, carried smoothly to the fine ones.
    pub fn attribute<T>(&self, coarse: &[T]) -> Vec<T>
    where
        T: Copy + Default + Send + Sync + Add<Output = T> + Mul<f32, Output = T>,
    {
        self.levels.iter().fold(coarse.to_vec(), |values, level| level.apply(&values))
    }

    /// An attribute of the coarse vertices with its unevenness ironed out, `times` over.
    pub fn relaxed<T>(&self, coarse: &[T], times: usize) -> Vec<T>
    where
        T: Copy + Default + Send + Sync + Add<Output = T> + Mul<f32, Output = T>,
    {
        (0..times).fold(coarse.to_vec(), |values, _| self.relax.apply(&values))
    }

    /// Unit normals of the fine mesh, weighted by area.
    pub fn normals(&self, fine: &[Vec3]) -> Vec<Vec3> {
        let mut normals = vec![Vec3::ZERO; fine.len()];
        for triangle in &self.triangles {
            let [a, b, c] = triangle.map(|corner| fine[corner as usize]);
            let across = (b - a).cross(c - a);
            for &corner in triangle {
                normals[corner as usize] += across;
            }
        }
        normals.iter().map(|normal| normal.normalize_or_zero()).collect()
    }
}

/// An edge and the corners that its triangles have opposite to it.
#[derive(Debug, Clone, Copy)]
struct Edge {
    opposite: [u32; 2],
    sides: u8,
}

/// Who neighbours whom.
struct Rings {
    edges: HashMap<(u32, u32), Edge>,
    /// Edges in order of first use, so that fine vertices are numbered alike on every run.
    order: Vec<(u32, u32)>,
    neighbours: Vec<Vec<u32>>,
    /// Neighbours along the mesh's rim; empty inside.
    rim: Vec<Vec<u32>>,
}

fn key(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}

impl Rings {
    fn new(vertices: usize, triangles: &[[u32; 3]]) -> Self {
        let mut edges: HashMap<(u32, u32), Edge> = HashMap::with_capacity(triangles.len() * 3 / 2);
        let mut order = Vec::with_capacity(triangles.len() * 3 / 2);
        for &[a, b, c] in triangles {
            for (from, to, opposite) in [(a, b, c), (b, c, a), (c, a, b)] {
                let edge = edges.entry(key(from, to)).or_insert_with(|| {
                    order.push(key(from, to));
                    Edge { opposite: [opposite; 2], sides: 0 }
                });
                edge.opposite[usize::from(edge.sides.min(1))] = opposite;
                edge.sides = edge.sides.saturating_add(1);
            }
        }
        let mut neighbours = vec![Vec::new(); vertices];
        let mut rim = vec![Vec::new(); vertices];
        for &(a, b) in &order {
            neighbours[a as usize].push(b);
            neighbours[b as usize].push(a);
            // Where more than two triangles meet, the sheets are kept apart like rims.
            if edges[&(a, b)].sides != 2 {
                rim[a as usize].push(b);
                rim[b as usize].push(a);
            }
        }
        Self { edges, order, neighbours, rim }
    }

    /// A vertex's own weight and its neighbours' under one mean of Loop's; `limit` for the surface itself.
    fn vertex_mean(&self, vertex: u32, limit: bool) -> Vec<(u32, f32)> {
        let (ring, rim) = (&self.neighbours[vertex as usize], &self.rim[vertex as usize]);
        let (share, around) = if rim.len() == 2 {
            (if limit { 1.0 / 6.0 } else { 1.0 / 8.0 }, rim)
        } else if rim.is_empty() && !ring.is_empty() {
            let count = ring.len() as f32;
            // Warren's weights.
            let beta = if ring.len() == 3 { 3.0 / 16.0 } else { 3.0 / (8.0 * count) };
            (if limit { 1.0 / (3.0 / (8.0 * beta) + count) } else { beta }, ring)
        } else {
            return vec![(vertex, 1.0)];
        };
        let own = (vertex, 1.0 - share * around.len() as f32);
        std::iter::once(own).chain(around.iter().map(|&other| (other, share))).collect()
    }

    /// The first vertex of each vertex's piece.
    fn pieces(&self) -> Vec<u32> {
        let mut pieces = vec![u32::MAX; self.neighbours.len()];
        for first in 0..pieces.len() as u32 {
            let mut open = vec![first];
            while let Some(vertex) = open.pop() {
                if pieces[vertex as usize] == u32::MAX {
                    pieces[vertex as usize] = first;
                    open.extend(&self.neighbours[vertex as usize]);
                }
            }
        }
        pieces
    }

    /// p + keep (p - limit(p)).
    fn swell(&self, keep: f32) -> Means {
        let mut means = Means::default();
        for vertex in 0..self.neighbours.len() as u32 {
            let limit = self.vertex_mean(vertex, true);
            let pushed = limit.into_iter().map(|(other, weight)| (other, -keep * weight));
            means.push(std::iter::once((vertex, 1.0 + keep)).chain(pushed));
        }
        means
    }

    /// The surface's own means: what lies on a rim is averaged along the rim.
    fn relax(&self) -> Means {
        let mut means = Means::default();
        for vertex in 0..self.neighbours.len() as u32 {
            means.push(self.vertex_mean(vertex, true));
        }
        means
    }

    fn refine(&self, triangles: &[[u32; 3]]) -> (Means, Vec<[u32; 3]>) {
        let mut means = Means::default();
        for vertex in 0..self.neighbours.len() as u32 {
            means.push(self.vertex_mean(vertex, false));
        }
        let mut middles = HashMap::with_capacity(self.order.len());
        for (&(a, b), index) in self.order.iter().zip(self.neighbours.len() as u32..) {
            let edge = &self.edges[&(a, b)];
            if edge.sides == 2 {
                let [left, right] = edge.opposite;
                means.push([(a, 0.375), (b, 0.375), (left, 0.125), (right, 0.125)]);
            } else {
                means.push([(a, 0.5), (b, 0.5)]);
            }
            middles.insert((a, b), index);
        }
        let refined = triangles
            .iter()
            .flat_map(|&[a, b, c]| {
                let [ab, bc, ca] = [key(a, b), key(b, c), key(c, a)].map(|edge| middles[&edge]);
                [[a, ab, ca], [b, bc, ab], [c, ca, bc], [ab, bc, ca]]
            })
            .collect();
        (means, refined)
    }
}

#[cfg(test)]
mod tests {
    use super::super::shapes::Shape;
    use super::*;

    #[test]
    fn a_coarse_ball_becomes_a_round_one_of_its_size() {
        let ball = Shape::sphere(Vec3::ZERO, 1.0, 3);
        let fine = Subdivision::new(ball.positions.len(), &ball.triangles, 2, 1.0);
        assert_eq!(fine.triangles().len(), ball.triangles.len() * 16);
        let positions = fine.positions(&ball.positions);
        assert!(positions.iter().all(|p| (p.length() - 1.0).abs() < 0.02));
        let normals = fine.normals(&positions);
        assert!(positions.iter().zip(&normals).all(|(p, n)| p.normalize().dot(*n) > 0.998));
    }

    #[test]
    fn without_pushing_out_a_ball_shrinks() {
        let ball = Shape::sphere(Vec3::ZERO, 1.0, 1);
        let radius = |keep: f32| {
            let fine = Subdivision::new(ball.positions.len(), &ball.triangles, 2, keep);
            let positions = fine.positions(&ball.positions);
            positions.iter().map(|p| p.length()).sum::<f32>() / positions.len() as f32
        };
        assert!(radius(0.0) < radius(0.5) && radius(0.5) < radius(1.0));
        assert!(radius(0.0) < 0.9);
    }

    #[test]
    fn rims_stay_straight_and_constants_stay_constant() {
        let positions = [Vec3::ZERO, Vec3::X, Vec3::Y, Vec3::new(1.0, 1.0, 0.0)];
        let fine = Subdivision::new(4, &[[0, 1, 2], [1, 3, 2]], 3, 0.0);
        let refined = fine.positions(&positions);
        assert!(
            refined.iter().all(|p| p.z == 0.0 && p.min_element() > -1e-6 && p.max_element() < 1.0 + 1e-6)
        );
        let ones = fine.attribute(&[1.0_f32; 4]);
        assert!(ones.iter().all(|value| (value - 1.0).abs() < 1e-5));
    }

    #[test]
    fn pieces_and_rims_are_told_apart() {
        let ball = Shape::sphere(Vec3::ZERO, 1.0, 1);
        let mut triangles = ball.triangles.clone();
        let first = ball.positions.len() as u32;
        triangles.push([first, first + 1, first + 2]);
        let fine = Subdivision::new(first as usize + 3, &triangles, 1, 0.5);
        assert_eq!(fine.rim(), [first, first + 1, first + 2]);
        assert!(fine.pieces()[..first as usize].iter().all(|piece| *piece == 0));
        assert_eq!(fine.pieces()[first as usize..], [first; 3]);
    }

    #[test]
    fn three_sheets_on_one_edge_do_not_tear() {
        let positions = [Vec3::ZERO, Vec3::Y, Vec3::X, Vec3::Z, Vec3::NEG_X];
        let fine = Subdivision::new(5, &[[0, 1, 2], [0, 1, 3], [0, 1, 4]], 2, 0.5);
        assert_eq!(fine.triangles().len(), 48);
        assert!(fine.positions(&positions).iter().all(|p| p.is_finite()));
    }
}

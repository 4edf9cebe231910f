//! Which samples a triangle covers, exactly.
//!
//! Corners are snapped to 1/256 of a sample and edges are evaluated in integers, so a sample on a shared edge
//! belongs to exactly one of its triangles and the answer does not depend on how the picture is cut into
//! bands. This module refuses to know shading.

use super::Mesh;
use crate::scene::Camera;
use glam::{DVec3, Vec3};
use rayon::prelude::*;

/// Steps of a corner's position per sample.
const SUBSTEPS: f64 = 256.0;

/// Corners further outside than this many samples are clipped away, so that edge products fit 64 bits.
const GUARD: f64 = 65_536.0;

/// Marks a sample that no triangle covers.
pub(super) const EMPTY: u32 = u32::MAX;

/// Which faces of a triangle are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Faces {
    /// The outside only: right for closed skin.
    Front,
    /// Outside and inside: what blocks light does so from both sides.
    Both,
}

/// A corner between camera and picture: `(x, y, w)` with sample coordinates x / w, y / w.
#[derive(Debug, Clone, Copy)]
struct Corner {
    homogeneous: DVec3,
    /// Weights of the source triangle's corners here.
    weights: Vec3,
}

/// A triangle on the sample grid.
#[derive(Debug, Clone)]
pub(super) struct ScreenTriangle {
    /// Index into the mesh's triangles.
    pub source: u32,
    /// Corners in 1/256 samples, wound so that the area is positive.
    x: [i64; 3],
    y: [i64; 3],
    inverse_area: f32,
    /// 1 / w at the corners: grows towards the camera.
    nearness: [f32; 3],
    /// Weights of the source triangle's corners at these corners.
    weights: [Vec3; 3],
}

/// A grid of samples over a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub width: u32,
    pub height: u32,
}

/// Projects a mesh's triangles by `camera` onto a grid of `samples` x `samples` per pixel. Order is the mesh's.
pub(super) fn project(mesh: &Mesh<'_>, camera: &Camera, samples: u32, near: f32) -> Vec<ScreenTriangle> {
    let scale = f64::from(samples);
    let grid = Grid { width: camera.width * samples, height: camera.height * samples };
    // A position without a normal cannot be shaded: triangles that name it are left out like any missing one.
    let whole = mesh.positions.len().min(mesh.normals.len());
    let corners: Vec<DVec3> = mesh.positions[..whole]
        .par_iter()
        .map(|&position| {
            let p = camera.camera_from_world(position).as_dvec3();
            let (x, y) =
                (camera.focal.x * p.x + camera.centre.x * p.z, camera.focal.y * p.y + camera.centre.y * p.z);
            DVec3::new(x * scale, y * scale, p.z)
        })
        .collect();
    screen_triangles(&corners, mesh.triangles, grid, f64::from(near), Faces::Front)
}

/// Triangles whose corners are already homogeneous sample coordinates `(x, y, w)`.
pub(super) fn screen_triangles(
    corners: &[DVec3],
    triangles: &[[u32; 3]],
    grid: Grid,
    near: f64,
    faces: Faces,
) -> Vec<ScreenTriangle> {
    triangles
        .par_iter()
        .enumerate()
        .flat_map_iter(|(source, triangle)| {
            let picked = triangle.map(|index| corners.get(index as usize).copied().unwrap_or(DVec3::NAN));
            // Indices beyond u32 cannot be: a mesh's indices are u32 and its triangles are fewer.
            clipped(picked, grid, near).into_iter().filter_map(move |part| snap(&part, source as u32, faces))
        })
        .collect()
}

/// The triangle inside the near plane and the guard band, as a fan; nothing when it cannot be seen.
fn clipped(triangle: [DVec3; 3], grid: Grid, near: f64) -> Vec<[Corner; 3]> {
    if !triangle.iter().all(|corner| corner.is_finite()) || unseen(&triangle, grid, near) {
        return Vec::new();
    }
    let weights = [Vec3::X, Vec3::Y, Vec3::Z];
    let mut polygon: Vec<Corner> =
        (0..3).map(|i| Corner { homogeneous: triangle[i], weights: weights[i] }).collect();
    let inside = |c: &DVec3| c.z >= near && c.x.abs() <= GUARD * c.z && c.y.abs() <= GUARD * c.z;
    if !triangle.iter().all(inside) {
        // Each plane keeps the points with plane . (x, y, w) + offset >= 0.
        let planes = [
            (DVec3::Z, -near),
            (DVec3::new(1.0, 0.0, GUARD), 0.0),
            (DVec3::new(-1.0, 0.0, GUARD), 0.0),
            (DVec3::new(0.0, 1.0, GUARD), 0.0),
            (DVec3::new(0.0, -1.0, GUARD), 0.0),
        ];
        for (plane, offset) in planes {
            polygon = cut(&polygon, plane, offset);
        }
    }
    (2..polygon.len()).map(|i| [polygon[0], polygon[i - 1], polygon[i]]).collect()
}

/// Whether all corners lie outside the same side of the picture or before the near plane.
fn unseen(triangle: &[DVec3; 3], grid: Grid, near: f64) -> bool {
    let (width, height) = (f64::from(grid.width), f64::from(grid.height));
    let all = |outside: &dyn Fn(&DVec3) -> bool| triangle.iter().all(outside);
    all(&|c| c.z < near)
        || all(&|c| c.x < 0.0)
        || all(&|c| c.y < 0.0)
        || all(&|c| c.x > width * c.z)
        || all(&|c| c.y > height * c.z)
}

/// Sutherland and Hodgman's cut by one plane.
fn cut(polygon: &[Corner], plane: DVec3, offset: f64) -> Vec<Corner> {
    let distance = |corner: &Corner| plane.dot(corner.homogeneous) + offset;
    let mut kept = Vec::with_capacity(polygon.len() + 1);
    for (index, corner) in polygon.iter().enumerate() {
        let next = &polygon[(index + 1) % polygon.len()];
        let (here, there) = (distance(corner), distance(next));
        if here >= 0.0 {
            kept.push(*corner);
        }
        if (here >= 0.0) != (there >= 0.0) {
            let share = here / (here - there);
            kept.push(Corner {
                homogeneous: corner.homogeneous.lerp(next.homogeneous, share),
                weights: corner.weights.lerp(next.weights, share as f32),
            });
        }
    }
    kept
}

/// Snaps corners to the grid's substeps; none for triangles without area and for hidden faces.
fn snap(corners: &[Corner; 3], source: u32, faces: Faces) -> Option<ScreenTriangle> {
    let x = corners.map(|c| (c.homogeneous.x / c.homogeneous.z * SUBSTEPS).round() as i64);
    let y = corners.map(|c| (c.homogeneous.y / c.homogeneous.z * SUBSTEPS).round() as i64);
    let nearness = corners.map(|c| (1.0 / c.homogeneous.z) as f32);
    let weights = corners.map(|c| c.weights);
    let area = (x[1] - x[0]) * (y[2] - y[0]) - (y[1] - y[0]) * (x[2] - x[0]);
    // With y down, a face that is counter-clockwise to the eye has a negative area.
    let order = if area < 0 { [0, 2, 1] } else { [0, 1, 2] };
    if area == 0 || (area > 0 && faces == Faces::Front) {
        return None;
    }
    Some(ScreenTriangle {
        source,
        x: order.map(|i| x[i]),
        y: order.map(|i| y[i]),
        inverse_area: 1.0 / area.abs() as f32,
        nearness: order.map(|i| nearness[i]),
        weights: order.map(|i| weights[i]),
    })
}

impl ScreenTriangle {
    /// Twice the areas between a point (1/256 samples) and the edges opposite corner 0, 1, 2.
    fn edges(&self, px: i64, py: i64) -> [i64; 3] {
        [(1, 2), (2, 0), (0, 1)].map(|(from, to)| {
            (self.x[to] - self.x[from]) * (py - self.y[from])
                - (self.y[to] - self.y[from]) * (px - self.x[from])
        })
    }

    /// 0 for top and left edges, which own the samples that lie on them; 1 for the others.
    fn disowned(&self) -> [i64; 3] {
        [(1, 2), (2, 0), (0, 1)].map(|(from, to)| {
            let (dx, dy) = (self.x[to] - self.x[from], self.y[to] - self.y[from]);
            i64::from(!(dy < 0 || (dy == 0 && dx > 0)))
        })
    }

    fn nearness_at(&self, edges: [i64; 3]) -> f32 {
        let share = edges.map(|edge| edge as f32 * self.inverse_area);
        share[0] * self.nearness[0] + share[1] * self.nearness[1] + share[2] * self.nearness[2]
    }

    /// Perspective-correct weights of the source triangle's corners at a sample; their sum is 1.
    pub(super) fn weights_at(&self, column: u32, row: u32) -> Vec3 {
        let edges = self.edges(centre(column), centre(row));
        let [a, b, c] = [0, 1, 2].map(|i| edges[i] as f32 * self.nearness[i]);
        (self.weights[0] * a + self.weights[1] * b + self.weights[2] * c) / (a + b + c)
    }

    /// First and one-past-last sample whose centre can lie between two corners.
    fn span(corners: [i64; 3], limit: (u32, u32)) -> (u32, u32) {
        let half = SUBSTEPS as i64 / 2;
        let low = corners.into_iter().fold(i64::MAX, i64::min) - half;
        let high = corners.into_iter().fold(i64::MIN, i64::max) - half;
        let clamp = |value: i64| value.clamp(i64::from(limit.0), i64::from(limit.1)) as u32;
        (clamp(low.div_euclid(SUBSTEPS as i64)), clamp(high.div_euclid(SUBSTEPS as i64) + 1))
    }
}

/// A sample's centre in 1/256 samples.
fn centre(index: u32) -> i64 {
    i64::from(index) * SUBSTEPS as i64 + SUBSTEPS as i64 / 2
}

/// The nearest triangle at every sample of some rows.
pub(super) struct Band {
    first_row: u32,
    width: u32,
    nearness: Vec<f32>,
    triangle: Vec<u32>,
}

impl Band {
    /// Draws `chosen` (indices into `triangles`, ascending) into `rows` rows from `first_row`. Of two triangles
    /// at one depth, the first stays.
    pub(super) fn draw(
        triangles: &[ScreenTriangle],
        chosen: &[u32],
        width: u32,
        first_row: u32,
        rows: u32,
    ) -> Self {
        let area = width as usize * rows as usize;
        let mut band = Self { first_row, width, nearness: vec![0.0; area], triangle: vec![EMPTY; area] };
        for &index in chosen {
            band.cover(&triangles[index as usize], index, rows);
        }
        band
    }

    fn cover(&mut self, triangle: &ScreenTriangle, index: u32, rows: u32) {
        let (left, right) = ScreenTriangle::span(triangle.x, (0, self.width));
        let (top, bottom) = ScreenTriangle::span(triangle.y, (self.first_row, self.first_row + rows));
        let disowned = triangle.disowned();
        let across =
            [(1, 2), (2, 0), (0, 1)].map(|(from, to)| (triangle.y[from] - triangle.y[to]) * SUBSTEPS as i64);
        for row in top..bottom {
            let start = (row - self.first_row) as usize * self.width as usize;
            let cells = start + left as usize..start + right as usize;
            let mut edges = triangle.edges(centre(left), centre(row));
            let mut entered = false;
            for (nearest, owner) in self.nearness[cells.clone()].iter_mut().zip(&mut self.triangle[cells]) {
                // One sign bit tells of all three edges.
                if (edges[0] - disowned[0]) | (edges[1] - disowned[1]) | (edges[2] - disowned[2]) >= 0 {
                    entered = true;
                    let nearness = triangle.nearness_at(edges);
                    if nearness > *nearest {
                        *nearest = nearness;
                        *owner = index;
                    }
                } else if entered {
                    break;
                }
                edges[0] += across[0];
                edges[1] += across[1];
                edges[2] += across[2];
            }
        }
    }

    /// Puts `index` at a sample of the band, unless something there is as near.
    pub(super) fn offer(&mut self, column: u32, row: u32, nearness: f32, index: u32) {
        let cell = (row - self.first_row) as usize * self.width as usize + column as usize;
        if nearness > self.nearness[cell] {
            self.nearness[cell] = nearness;
            self.triangle[cell] = index;
        }
    }

    /// The nearest triangle ([`EMPTY`] without one) and its nearness at a sample of the grid.
    pub(super) fn at(&self, column: u32, row: u32) -> (u32, f32) {
        let index = (row - self.first_row) as usize * self.width as usize + column as usize;
        (self.triangle[index], self.nearness[index])
    }

    /// Nearness of all samples, row by row.
    pub(super) fn into_nearness(self) -> Vec<f32> {
        self.nearness
    }
}

/// For every band of `rows` sample rows, the triangles that may touch it, in order.
pub(super) fn sort_into_bands(triangles: &[ScreenTriangle], grid: Grid, rows: u32) -> Vec<Vec<u32>> {
    let mut bands = vec![Vec::new(); grid.height.div_ceil(rows) as usize];
    for (index, triangle) in triangles.iter().enumerate() {
        let (top, bottom) = ScreenTriangle::span(triangle.y, (0, grid.height));
        if top < bottom {
            for band in &mut bands[(top / rows) as usize..=((bottom - 1) / rows) as usize] {
                band.push(index as u32);
            }
        }
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::super::shapes::{Shape, camera};
    use super::*;

    const GRID: Grid = Grid { width: 64, height: 64 };

    fn covered(corners: &[DVec3], triangles: &[[u32; 3]], faces: Faces) -> Vec<u32> {
        let screen = screen_triangles(corners, triangles, GRID, 0.1, faces);
        let mut counts = vec![0; 64 * 64];
        for index in 0..screen.len() as u32 {
            let band = Band::draw(&screen, &[index], 64, 0, 64);
            for (count, nearness) in counts.iter_mut().zip(band.into_nearness()) {
                *count += u32::from(nearness > 0.0);
            }
        }
        counts
    }

    #[test]
    fn a_fan_covers_every_sample_exactly_once() {
        // The hub and the rim stand on sample centres, so many samples lie on shared edges.
        let mut corners = vec![DVec3::new(32.5, 32.5, 1.0)];
        for step in 0..12 {
            let (sin, cos) = (f64::from(step) * std::f64::consts::TAU / 12.0).sin_cos();
            corners.push(DVec3::new(
                (32.5 + 90.0 * cos).round() + 0.5,
                (32.5 + 90.0 * sin).round() + 0.5,
                1.0,
            ));
        }
        let triangles: Vec<[u32; 3]> = (0..12).map(|i| [0, 1 + i, 1 + (i + 1) % 12]).collect();
        assert!(covered(&corners, &triangles, Faces::Both).iter().all(|&count| count == 1));
    }

    #[test]
    fn the_inside_of_skin_is_not_drawn() {
        let corners = [DVec3::new(0.0, 0.0, 1.0), DVec3::new(0.0, 60.0, 1.0), DVec3::new(60.0, 0.0, 1.0)];
        assert!(covered(&corners, &[[0, 1, 2]], Faces::Front).contains(&1));
        assert!(!covered(&corners, &[[0, 2, 1]], Faces::Front).contains(&1));
        assert!(covered(&corners, &[[0, 2, 1]], Faces::Both).contains(&1));
    }

    #[test]
    fn a_floor_that_passes_under_the_camera_is_cut_at_the_near_plane() {
        // In (x, y, w): one corner far ahead, two behind the camera.
        let corners = [
            DVec3::new(32.0 * 100.0, 40.0 * 100.0, 100.0),
            DVec3::new(-4000.0, 500.0, -1.0),
            DVec3::new(4000.0, 500.0, -1.0),
        ];
        let counts = covered(&corners, &[[0, 1, 2]], Faces::Both);
        assert!(counts[63 * 64..].iter().all(|&count| count == 1), "the foot of the picture is floor");
        assert!(counts[..38 * 64].iter().all(|&count| count == 0), "above the horizon is none");
    }

    #[test]
    fn broken_triangles_are_left_out() {
        let corners = [DVec3::ZERO, DVec3::NAN, DVec3::new(1.0, f64::INFINITY, 1.0), DVec3::ONE];
        let screen = screen_triangles(&corners, &[[0, 1, 2], [0, 3, 9], [3, 3, 3]], GRID, 0.1, Faces::Both);
        assert!(screen.is_empty());
    }

    #[test]
    fn weights_lead_back_to_the_sample_they_were_taken_at() {
        let shape = Shape::sphere(Vec3::new(0.1, -0.2, -2.0), 1.0, 1);
        let camera = camera(64, 64, 40.0);
        let screen = project(&shape.mesh(), &camera, 1, 0.05);
        let all: Vec<u32> = (0..screen.len() as u32).collect();
        let band = Band::draw(&screen, &all, 64, 0, 64);
        let mut seen = 0;
        for (row, column) in (0..64).flat_map(|row| (0..64).map(move |column| (row, column))) {
            let (index, nearness) = band.at(column, row);
            if index != EMPTY {
                let triangle = &screen[index as usize];
                let weights = triangle.weights_at(column, row);
                let corners = shape.triangles[triangle.source as usize].map(|i| shape.positions[i as usize]);
                let point = corners[0] * weights.x + corners[1] * weights.y + corners[2] * weights.z;
                let x = 40.0 * point.x / -point.z + 32.0;
                let y = 40.0 * point.y / point.z + 32.0;
                assert!((x - column as f32 - 0.5).abs() < 0.05 && (y - row as f32 - 0.5).abs() < 0.05);
                assert!((nearness * -point.z - 1.0).abs() < 1e-2);
                seen += 1;
            }
        }
        assert!(seen > 1000);
    }

    #[test]
    fn cutting_a_picture_into_bands_changes_nothing() {
        let shape = Shape::sphere(Vec3::new(0.0, 0.0, -3.0), 1.0, 3);
        let screen = project(&shape.mesh(), &camera(64, 64, 90.0), 1, 0.05);
        let all: Vec<u32> = (0..screen.len() as u32).collect();
        let whole = Band::draw(&screen, &all, 64, 0, 64).into_nearness();
        let mut parts = Vec::new();
        for (index, chosen) in sort_into_bands(&screen, GRID, 5).iter().enumerate() {
            let first = index as u32 * 5;
            parts.extend(Band::draw(&screen, chosen, 64, first, 5.min(64 - first)).into_nearness());
        }
        assert_eq!(whole, parts);
    }
}

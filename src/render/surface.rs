//! What a camera sees of a mesh, pixel by pixel: the ground that richer shading than METHOD 3's stands on.
//!
//! Visibility is decided per sample, shading per piece of surface: samples of a pixel that lie on one smooth
//! piece become one [`Fragment`], so silhouettes are antialiased and broad skin is shaded once. This module
//! refuses to know materials and lights.

use super::Mesh;
use super::raster::{self, Grid, ScreenTriangle};
use super::shading::{NEAR, SAMPLES};
use crate::scene::Camera;
use glam::Vec3;
use image::RgbImage;
use rayon::prelude::*;
use std::ops::{Add, Mul};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows of pixels that one task paints.
pub(super) const BAND_ROWS: u32 = 16;

/// Samples whose depths differ by less than this lie on one piece of surface, metres, ...
const ONE_PIECE: f32 = 0.0012;
/// ... unless their normals differ by more than this cosine says, as where a lid lies on an eye.
const ONE_BEND: f32 = 0.85;

/// A piece of surface in a pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fragment {
    /// Index into the mesh's triangles.
    pub triangle: u32,
    /// Weights of the triangle's corners; their sum is 1.
    pub weights: Vec3,
    /// Metres in front of the camera.
    pub depth: f32,
    /// The part of the pixel it covers, 0..=1.
    pub coverage: f32,
}

impl Fragment {
    /// An attribute of the mesh's vertices here: positions, normals, anything that can be averaged.
    pub fn blend<T>(&self, mesh: &Mesh<'_>, values: &[T]) -> T
    where
        T: Copy + Add<Output = T> + Mul<f32, Output = T>,
    {
        let [a, b, c] = mesh.triangles[self.triangle as usize].map(|corner| values[corner as usize]);
        a * self.weights.x + b * self.weights.y + c * self.weights.z
    }
}

/// Paints a picture of the camera's size: `paint` gets a pixel's column, row and fragments, nearest samples
/// first come; what they leave uncovered is background. `step` hears how many of how many bands are painted
/// and can stop the work.
pub fn paint<E, S, P>(mesh: &Mesh<'_>, camera: &Camera, step: S, paint: P) -> Result<RgbImage, E>
where
    E: Send,
    S: Fn(usize, usize) -> Result<(), E> + Sync,
    P: Fn(u32, u32, &[Fragment]) -> [u8; 3] + Sync,
{
    let mut picture = RgbImage::new(camera.width, camera.height);
    let grid = Grid { width: camera.width * SAMPLES, height: camera.height * SAMPLES };
    let triangles = raster::project(mesh, camera, SAMPLES, NEAR);
    let bands = raster::sort_into_bands(&triangles, grid, BAND_ROWS * SAMPLES);
    let painted = AtomicUsize::new(0);
    let row_bytes = camera.width as usize * 3;
    let pixels: &mut [u8] = &mut picture;
    pixels.par_chunks_mut((row_bytes * BAND_ROWS as usize).max(1)).zip(&bands).enumerate().try_for_each(
        |(index, (rows, chosen))| {
            let top = index as u32 * BAND_ROWS;
            let height = (rows.len() / row_bytes) as u32 * SAMPLES;
            let band = raster::Band::draw(&triangles, chosen, grid.width, top * SAMPLES, height);
            let mut fragments = Vec::with_capacity((SAMPLES * SAMPLES) as usize);
            for (at, pixel) in rows.chunks_exact_mut(3).enumerate() {
                let (column, row) = (at as u32 % camera.width, top + at as u32 / camera.width);
                gather(mesh, &triangles, &band, (column, row), &mut fragments);
                pixel.copy_from_slice(&paint(column, row, &fragments));
            }
            step(painted.fetch_add(1, Ordering::Relaxed) + 1, bands.len())
        },
    )?;
    Ok(picture)
}

/// A pixel's samples, the ones next to its centre first: they stand for their fragment.
pub(super) const FROM_CENTRE: [(u32, u32); 16] = [
    (1, 1),
    (2, 2),
    (2, 1),
    (1, 2),
    (0, 1),
    (1, 0),
    (2, 0),
    (3, 1),
    (0, 2),
    (3, 2),
    (1, 3),
    (2, 3),
    (0, 0),
    (3, 3),
    (3, 0),
    (0, 3),
];

/// Collects a pixel's pieces of surface; samples of other things (their index lies beyond the triangles) are
/// left to the caller.
pub(super) fn gather(
    mesh: &Mesh<'_>,
    triangles: &[ScreenTriangle],
    band: &raster::Band,
    (column, row): (u32, u32),
    fragments: &mut Vec<Fragment>,
) {
    fragments.clear();
    for (dx, dy) in FROM_CENTRE {
        let (x, y) = (column * SAMPLES + dx, row * SAMPLES + dy);
        let (index, nearness) = band.at(x, y);
        let Some(triangle) = triangles.get(index as usize) else {
            continue;
        };
        let depth = 1.0 / nearness;
        let share = 1.0 / FROM_CENTRE.len() as f32;
        let normal = |source: u32| mesh.normals[mesh.triangles[source as usize][0] as usize];
        let one = |piece: &&mut Fragment| {
            (piece.depth - depth).abs() < ONE_PIECE
                && (piece.triangle == triangle.source
                    || normal(piece.triangle).dot(normal(triangle.source)) > ONE_BEND)
        };
        if let Some(piece) = fragments.iter_mut().find(one) {
            piece.coverage += share;
        } else {
            let weights = triangle.weights_at(x, y);
            fragments.push(Fragment { triangle: triangle.source, weights, depth, coverage: share });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shapes::{Shape, camera};
    use super::*;

    #[test]
    fn fragments_cover_a_ball_and_lie_on_it() {
        let shape = Shape::sphere(Vec3::new(0.0, 0.0, -2.0), 0.5, 4);
        let mesh = shape.mesh();
        let camera = camera(48, 48, 80.0);
        let silent = |_: usize, _: usize| Ok::<(), ()>(());
        let picture = paint(&mesh, &camera, silent, |_, _, fragments| {
            let covered: f32 = fragments.iter().map(|fragment| fragment.coverage).sum();
            for fragment in fragments {
                let point = fragment.blend(&mesh, mesh.positions);
                assert!((point.distance(Vec3::new(0.0, 0.0, -2.0)) - 0.5).abs() < 0.01);
                assert!((fragment.depth + point.z).abs() < 1e-3);
                assert!((fragment.weights.element_sum() - 1.0).abs() < 1e-5);
            }
            [(covered * 255.0) as u8; 3]
        })
        .expect("never stopped");
        assert_eq!(picture.get_pixel(24, 24).0, [255; 3]);
        assert_eq!(picture.get_pixel(0, 0).0, [0; 3]);
        let partial = picture.pixels().filter(|pixel| pixel.0[0] > 0 && pixel.0[0] < 255).count();
        assert!(partial > 20);
    }

    #[test]
    fn a_pixel_over_two_surfaces_has_a_fragment_of_each() {
        let mut shape = Shape::sphere(Vec3::new(0.0, 0.0, -2.0), 0.2, 4);
        let behind = Shape::sphere(Vec3::new(0.0, 0.0, -4.0), 1.0, 4);
        let first = shape.positions.len() as u32;
        shape.positions.extend(behind.positions);
        shape.normals.extend(behind.normals);
        shape.triangles.extend(behind.triangles.iter().map(|corners| corners.map(|corner| corner + first)));
        let silent = |_: usize, _: usize| Ok::<(), ()>(());
        let picture = paint(&shape.mesh(), &camera(48, 48, 80.0), silent, |_, _, fragments| {
            let whole = fragments.iter().map(|fragment| fragment.coverage).sum::<f32>() > 0.999;
            [u8::from(whole && fragments.len() >= 2), 0, 0]
        })
        .expect("never stopped");
        assert!(picture.pixels().filter(|pixel| pixel.0[0] == 1).count() > 10);
    }

    #[test]
    fn painting_stops_when_told() {
        let shape = Shape::sphere(Vec3::new(0.0, 0.0, -2.0), 0.5, 2);
        let stop = |_: usize, _: usize| Err("stopped");
        assert_eq!(paint(&shape.mesh(), &camera(48, 48, 80.0), stop, |_, _, _| [0; 3]), Err("stopped"));
    }
}

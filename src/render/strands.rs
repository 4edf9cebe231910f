//! Strands of hair before and behind a mesh: thin lines with a depth, drawn sample by sample.
//!
//! A strand is thinner than a pixel, so what a pixel shows of hair is decided by its samples: each belongs to
//! the nearest piece of strand or surface. Lines are at least a sample wide. This module refuses to know what
//! hair looks like.

use super::Mesh;
use super::raster::{Band, Grid, project, sort_into_bands};
use super::shading::{NEAR, SAMPLES};
use super::surface::{BAND_ROWS, FROM_CENTRE, Fragment, gather};
use crate::scene::Camera;
use glam::{Vec2, Vec3};
use rayon::prelude::*;

/// Pieces of strands. Segments that name a missing point, or one before the near plane, are left out.
#[derive(Debug, Clone, Copy)]
pub struct Strands<'a> {
    /// World frame, metres.
    pub points: &'a [Vec3],
    /// Thickness at each point, metres.
    pub thickness: &'a [f32],
    /// Ends of each straight piece.
    pub segments: &'a [[u32; 2]],
}

/// What a pixel shows of one segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    pub segment: u32,
    /// Metres in front of the camera.
    pub depth: f32,
    /// The part of the pixel it covers, 0..=1.
    pub coverage: f32,
}

/// A segment on the sample grid.
struct Line {
    /// Samples.
    ends: [Vec2; 2],
    /// 1 / depth at the ends.
    nearness: [f32; 2],
    /// Samples.
    width: f32,
    segment: u32,
}

/// Looks at mesh and strands through the camera: `paint` makes each pixel's value of its column, row, pieces of
/// surface and pieces of strands. Row by row.
pub fn look<T, P>(mesh: &Mesh<'_>, strands: &Strands<'_>, camera: &Camera, paint: P) -> Vec<T>
where
    T: Clone + Default + Send,
    P: Fn(u32, u32, &[Fragment], &[Piece]) -> T + Sync,
{
    let grid = Grid { width: camera.width * SAMPLES, height: camera.height * SAMPLES };
    let triangles = project(mesh, camera, SAMPLES, NEAR);
    let rows = BAND_ROWS * SAMPLES;
    let chosen = sort_into_bands(&triangles, grid, rows);
    let lines = lines(strands, camera, grid);
    let crossing = lines_of_bands(&lines, grid, rows);
    let mut values = vec![T::default(); camera.width as usize * camera.height as usize];
    let band_pixels = (camera.width * BAND_ROWS) as usize;
    values.par_chunks_mut(band_pixels.max(1)).enumerate().for_each(|(index, pixels)| {
        let top = index as u32 * BAND_ROWS;
        let height = pixels.len() as u32 / camera.width * SAMPLES;
        let mut band = Band::draw(&triangles, &chosen[index], grid.width, top * SAMPLES, height);
        for &line in &crossing[index] {
            let name = triangles.len() as u32 + line;
            draw(&mut band, &lines[line as usize], name, grid.width, (top * SAMPLES, height));
        }
        let (mut fragments, mut pieces) = (Vec::new(), Vec::new());
        for (at, value) in pixels.iter_mut().enumerate() {
            let (column, row) = (at as u32 % camera.width, top + at as u32 / camera.width);
            gather(mesh, &triangles, &band, (column, row), &mut fragments);
            gather_lines(&lines, triangles.len(), &band, (column, row), &mut pieces);
            *value = paint(column, row, &fragments, &pieces);
        }
    });
    values
}

fn lines(strands: &Strands<'_>, camera: &Camera, grid: Grid) -> Vec<Line> {
    let scale = f64::from(SAMPLES);
    let places: Vec<(Vec2, f32)> = strands
        .points
        .par_iter()
        .map(|&point| {
            let (at, depth) = camera.project(point);
            ((at * scale).as_vec2(), depth)
        })
        .collect();
    let size = Vec2::new(grid.width as f32, grid.height as f32);
    strands
        .segments
        .par_iter()
        .enumerate()
        .filter_map(|(index, &[from, to])| {
            let ((a, near_a), (b, near_b)) = (*places.get(from as usize)?, *places.get(to as usize)?);
            let seen = near_a > NEAR
                && near_b > NEAR
                && a.is_finite()
                && b.is_finite()
                && a.max(b).cmpge(Vec2::splat(-8.0)).all()
                && a.min(b).cmple(size + 8.0).all();
            let thick = strands.thickness.get(from as usize)?;
            let width = (thick * (camera.focal.x * scale) as f32 / near_a).clamp(1.0, 64.0);
            let nearness = [1.0 / near_a, 1.0 / near_b];
            seen.then_some(Line { ends: [a, b], nearness, width, segment: index as u32 })
        })
        .collect()
}

/// For every band of sample rows, the lines that may touch it, in order.
fn lines_of_bands(lines: &[Line], grid: Grid, rows: u32) -> Vec<Vec<u32>> {
    let mut bands = vec![Vec::new(); grid.height.div_ceil(rows) as usize];
    let last = bands.len() as i64 - 1;
    for (index, line) in lines.iter().enumerate() {
        let reach = line.width / 2.0 + 1.0;
        let band_of = |y: f32| ((y / rows as f32).floor() as i64).clamp(0, last.max(0)) as usize;
        let (low, high) = (line.ends[0].y.min(line.ends[1].y), line.ends[0].y.max(line.ends[1].y));
        if last >= 0 && high + reach >= 0.0 && low - reach <= grid.height as f32 {
            for band in &mut bands[band_of(low - reach)..=band_of(high + reach)] {
                band.push(index as u32);
            }
        }
    }
    bands
}

/// Draws a line into the rows `(first, count)`: along its longer axis one step a sample, across it its width.
fn draw(band: &mut Band, line: &Line, name: u32, columns: u32, (first, count): (u32, u32)) {
    let [a, b] = line.ends;
    let steep = (b.y - a.y).abs() >= (b.x - a.x).abs();
    // (along, across) coordinates, from the smaller to the larger along.
    let swap = |p: Vec2| if steep { Vec2::new(p.y, p.x) } else { p };
    let (mut from, mut to) = (swap(a), swap(b));
    let mut near = line.nearness;
    if from.x > to.x {
        std::mem::swap(&mut from, &mut to);
        near.swap(0, 1);
    }
    let rows = (i64::from(first), i64::from(first + count));
    let (along_limit, across_limit) =
        if steep { (rows, (0, i64::from(columns))) } else { ((0, i64::from(columns)), rows) };
    let span = (to.x - from.x).max(1e-6);
    // Samples whose centres lie in [from, to): neighbouring segments share none.
    let start = ((from.x - 0.5).ceil() as i64).max(along_limit.0);
    let end = ((to.x - 0.5).ceil() as i64).min(along_limit.1);
    for step in start..end {
        let share = (step as f32 + 0.5 - from.x) / span;
        let middle = from.y + (to.y - from.y) * share;
        let nearness = near[0] + (near[1] - near[0]) * share;
        let low = ((middle - line.width / 2.0).round() as i64).max(across_limit.0);
        let high = ((middle + line.width / 2.0).round() as i64).min(across_limit.1);
        for across in low..high {
            let (column, row) = if steep { (across, step) } else { (step, across) };
            band.offer(column as u32, row as u32, nearness, name);
        }
    }
}

fn gather_lines(
    lines: &[Line],
    first: usize,
    band: &Band,
    (column, row): (u32, u32),
    pieces: &mut Vec<Piece>,
) {
    pieces.clear();
    for (dx, dy) in FROM_CENTRE {
        let (index, nearness) = band.at(column * SAMPLES + dx, row * SAMPLES + dy);
        let Some(line) = (index as usize).checked_sub(first).and_then(|line| lines.get(line)) else {
            continue;
        };
        let coverage = 1.0 / FROM_CENTRE.len() as f32;
        match pieces.iter_mut().find(|piece| piece.segment == line.segment) {
            Some(piece) => piece.coverage += coverage,
            None => pieces.push(Piece { segment: line.segment, depth: 1.0 / nearness, coverage }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shapes::{Shape, camera};
    use super::*;

    /// What each pixel shows of hair and of surface.
    fn seen(points: &[Vec3], thickness: f32, mesh: &Mesh<'_>) -> Vec<(f32, f32)> {
        let thickness = vec![thickness; points.len()];
        let segments: Vec<[u32; 2]> = (1..points.len() as u32).map(|end| [end - 1, end]).collect();
        let strands = Strands { points, thickness: &thickness, segments: &segments };
        look(mesh, &strands, &camera(48, 48, 80.0), |_, _, fragments, pieces| {
            let hair = pieces.iter().map(|piece| piece.coverage).sum();
            (hair, fragments.iter().map(|fragment| fragment.coverage).sum())
        })
    }

    const NOTHING: Mesh<'_> = Mesh { positions: &[], normals: &[], triangles: &[] };

    #[test]
    fn a_strand_covers_its_length_times_its_thickness() {
        // 40 mm long and 2 mm thick at 1 m: 3.2 x 0.16 pixels, drawn at least a quarter of a pixel wide.
        for to in [Vec3::new(0.0, 0.4, -1.0), Vec3::new(0.4, 0.05, -1.0)] {
            let middle = to.lerp(Vec3::new(0.0, 0.0, -1.0), 0.5);
            let hair = seen(&[Vec3::new(0.0, 0.0, -1.0), middle, to], 0.025, &NOTHING);
            let area: f32 = hair.iter().map(|(hair, _)| hair).sum();
            let longer = 80.0 * to.x.abs().max(to.y.abs()).min(0.3);
            assert!((area - longer * 2.0).abs() < 2.5, "{area} {longer}");
        }
    }

    #[test]
    fn strands_hide_what_is_behind_and_are_hidden_by_what_is_before_them() {
        let ball = Shape::sphere(Vec3::new(0.0, 0.0, -2.0), 0.5, 4);
        let across = |depth: f32| [Vec3::new(-0.2, 0.0, depth), Vec3::new(0.2, 0.0, depth)];
        let total =
            |points: &[Vec3]| -> f32 { seen(points, 0.05, &ball.mesh()).iter().map(|(hair, _)| hair).sum() };
        assert!(total(&across(-1.2)) > 20.0);
        assert_eq!(total(&across(-2.6)), 0.0);
        let both = seen(&across(-1.2), 0.05, &ball.mesh());
        assert!(both.iter().all(|(hair, skin)| hair + skin <= 1.001));
    }

    #[test]
    fn broken_strands_are_left_out() {
        let points = [Vec3::NAN, Vec3::new(0.0, 0.0, 1.0), Vec3::new(0.0, 0.0, -1.0)];
        assert!(seen(&points, 0.01, &NOTHING).iter().all(|(hair, _)| *hair == 0.0));
    }
}

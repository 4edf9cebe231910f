//! How much of a distant light each vertex sees: ambient occlusion and soft shadows without noise.
//!
//! For every direction the mesh is drawn once into a small depth map as the light sees it, and every vertex
//! looks itself up. Averages over many directions give occlusion and the shadows of broad lights; there are no
//! random rays, so nothing flickers from pose to pose. This module refuses to know what the lights are for.

use super::Mesh;
use super::raster::{self, Band, Faces, Grid};
use glam::{DVec3, Vec3};
use rayon::prelude::*;

/// Side of a depth map.
const MAP: u32 = 256;

/// Vertices look from this far above the skin, metres, so that skin does not shade itself.
const LIFT: f32 = 0.003;

/// A blocker this much nearer to the light dims it wholly, metres; one at half of it, by half.
const SOFTNESS: f32 = 0.006;

/// A ball of space in which blockers count; what lies outside is lit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// World frame.
    pub centre: Vec3,
    /// Metres.
    pub radius: f32,
}

/// For each direction (unit, world frame, towards the light), what each vertex of the mesh sees of it: 0
/// hidden, 1 free. `check` is asked before each direction and can stop the work.
pub fn visibility<E, C>(
    mesh: &Mesh<'_>,
    region: Region,
    directions: &[Vec3],
    check: C,
) -> Result<Vec<Vec<f32>>, E>
where
    E: Send,
    C: Fn() -> Result<(), E> + Sync,
{
    directions
        .par_iter()
        .map(|&direction| {
            check()?;
            Ok(seen_from(mesh, &DepthMap::draw(mesh, region, direction)))
        })
        .collect()
}

/// `count` directions spread evenly over the sphere (Fibonacci's spiral).
pub fn sphere_directions(count: usize) -> Vec<Vec3> {
    let golden = std::f32::consts::PI * (3.0 - 5.0_f32.sqrt());
    (0..count)
        .map(|index| {
            let y = 1.0 - (2.0 * index as f32 + 1.0) / count as f32;
            let (sin, cos) = (golden * index as f32).sin_cos();
            let radius = (1.0 - y * y).max(0.0).sqrt();
            Vec3::new(cos * radius, y, sin * radius)
        })
        .collect()
}

/// `count` directions spread evenly over a cone about `axis` (unit) whose half angle has this sine.
pub fn cone_directions(axis: Vec3, sine: f32, count: usize) -> Vec<Vec3> {
    let golden = std::f32::consts::PI * (3.0 - 5.0_f32.sqrt());
    let (right, up) = axis.any_orthonormal_pair();
    (0..count)
        .map(|index| {
            let radius = sine * ((index as f32 + 0.5) / count as f32).sqrt();
            let (sin, cos) = (golden * index as f32).sin_cos();
            (axis + (right * cos + up * sin) * radius).normalize()
        })
        .collect()
}

/// The mesh as one light sees it.
struct DepthMap {
    region: Region,
    axes: [Vec3; 3],
    /// Larger is nearer to the light; 0 where nothing is.
    nearness: Vec<f32>,
}

impl DepthMap {
    fn draw(mesh: &Mesh<'_>, region: Region, direction: Vec3) -> Self {
        let (right, up) = direction.any_orthonormal_pair();
        let mut map = Self { region, axes: [right, up, direction], nearness: Vec::new() };
        let corners: Vec<DVec3> = mesh
            .positions
            .iter()
            .map(|&position| {
                let place = map.place(position).as_dvec3();
                // Dividing by w must give x, y and 1 / w a linear nearness: so w is its inverse.
                DVec3::new(place.x, place.y, 1.0) / place.z
            })
            .collect();
        let grid = Grid { width: MAP, height: MAP };
        let triangles = raster::screen_triangles(&corners, mesh.triangles, grid, 1e-3, Faces::Both);
        let all: Vec<u32> = (0..triangles.len() as u32).collect();
        map.nearness = Band::draw(&triangles, &all, MAP, 0, MAP).into_nearness();
        map
    }

    /// Texel column and row, and nearness: 2 at the region's centre, one more a radius towards the light.
    fn place(&self, point: Vec3) -> Vec3 {
        let [right, up, direction] = self.axes;
        let offset = (point - self.region.centre) / self.region.radius;
        let texel = |along: f32| (along * 0.5 + 0.5) * MAP as f32;
        Vec3::new(texel(offset.dot(right)), texel(offset.dot(up)), (offset.dot(direction) + 2.0).max(0.05))
    }

    /// What a point sees of the light: the four nearest texels, weighted.
    fn sees(&self, point: Vec3) -> f32 {
        let place = self.place(point);
        let corner = (place.truncate() - 0.5).floor();
        let share = place.truncate() - 0.5 - corner;
        let (column, row) = (corner.x as i64, corner.y as i64);
        let free = |dx: i64, dy: i64| {
            let (x, y) = (column + dx, row + dy);
            let inside = (0..i64::from(MAP)).contains(&x) && (0..i64::from(MAP)).contains(&y);
            let nearness = if inside { self.nearness[(y * i64::from(MAP) + x) as usize] } else { 0.0 };
            let blocker = (nearness - place.z) * self.region.radius;
            1.0 - (blocker / SOFTNESS).clamp(0.0, 1.0)
        };
        let upper = free(0, 0) * (1.0 - share.x) + free(1, 0) * share.x;
        let lower = free(0, 1) * (1.0 - share.x) + free(1, 1) * share.x;
        upper * (1.0 - share.y) + lower * share.y
    }
}

fn seen_from(mesh: &Mesh<'_>, map: &DepthMap) -> Vec<f32> {
    mesh.positions.iter().zip(mesh.normals).map(|(&point, &normal)| map.sees(point + normal * LIFT)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::shapes::Shape;
    use super::*;

    fn free() -> Result<(), ()> {
        Ok(())
    }

    #[test]
    fn a_ball_hides_its_far_side_from_a_light() {
        let ball = Shape::sphere(Vec3::ZERO, 0.1, 4);
        let region = Region { centre: Vec3::ZERO, radius: 0.2 };
        let light = Vec3::new(0.6, 0.8, 0.0);
        let seen = visibility(&ball.mesh(), region, &[light], free).expect("never stopped");
        for (normal, seen) in ball.normals.iter().zip(&seen[0]) {
            let facing = normal.dot(light);
            assert!(facing < 0.25 || *seen > 0.99, "lit side: {facing} {seen}");
            assert!(facing > -0.4 || *seen < 0.01, "far side: {facing} {seen}");
        }
    }

    #[test]
    fn a_plate_shades_what_is_under_it_and_nothing_beside() {
        let mut shape = Shape::sphere(Vec3::new(0.0, 0.1, 0.0), 0.05, 3);
        let first = shape.positions.len();
        for x in [0.0, 0.12] {
            shape.positions.push(Vec3::new(x, -0.1, 0.0));
            shape.normals.push(Vec3::Y);
        }
        let region = Region { centre: Vec3::ZERO, radius: 0.2 };
        let seen = visibility(&shape.mesh(), region, &[Vec3::Y], free).expect("never stopped");
        assert_eq!(seen[0][first..], [0.0, 1.0]);
    }

    #[test]
    fn directions_are_unit_and_balanced() {
        let sphere = sphere_directions(64);
        assert!(sphere.iter().all(|d| (d.length() - 1.0).abs() < 1e-5));
        assert!(sphere.iter().sum::<Vec3>().length() < 1.0);
        let axis = Vec3::new(0.0, 0.6, 0.8);
        assert!(cone_directions(axis, 0.3, 12).iter().all(|d| d.dot(axis) > 0.95));
    }

    #[test]
    fn looking_stops_when_told() {
        let ball = Shape::sphere(Vec3::ZERO, 0.1, 1);
        let region = Region { centre: Vec3::ZERO, radius: 0.2 };
        assert_eq!(visibility(&ball.mesh(), region, &[Vec3::Y], || Err("stopped")), Err("stopped"));
    }
}

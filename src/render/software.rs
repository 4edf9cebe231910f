//! The software renderer: the same pixels on every machine, for any number of threads.

use super::Mesh;
use super::raster::{self, Band, EMPTY, Grid, ScreenTriangle};
use super::shading::{NEAR, SAMPLES, pose_grey};
use crate::scene::Camera;
use glam::Vec3;
use image::RgbImage;
use rayon::prelude::*;

/// Rows of pixels that one task draws.
const BAND_ROWS: u32 = 8;

/// The mesh on black in the pose shading of METHOD 3, antialiased, of the camera's picture size.
///
/// Its twin is [`GpuRenderer::render_pose`](super::gpu::GpuRenderer::render_pose).
pub fn render_pose(mesh: &Mesh<'_>, camera: &Camera) -> RgbImage {
    let mut picture = RgbImage::new(camera.width, camera.height);
    let grid = Grid { width: camera.width * SAMPLES, height: camera.height * SAMPLES };
    let triangles = raster::project(mesh, camera, SAMPLES, NEAR);
    let bands = raster::sort_into_bands(&triangles, grid, BAND_ROWS * SAMPLES);
    let shade = Shade::new(mesh, camera);
    let row_bytes = camera.width as usize * 3;
    let pixels: &mut [u8] = &mut picture;
    pixels.par_chunks_mut((row_bytes * BAND_ROWS as usize).max(1)).zip(&bands).enumerate().for_each(
        |(index, (rows, chosen))| {
            if chosen.is_empty() {
                return;
            }
            let first_pixel_row = index as u32 * BAND_ROWS;
            let row_count = (rows.len() / row_bytes) as u32;
            let first_row = first_pixel_row * SAMPLES;
            let band = Band::draw(&triangles, chosen, grid.width, first_row, row_count * SAMPLES);
            for (at, pixel) in rows.chunks_exact_mut(3).enumerate() {
                let (column, row) = (at as u32 % camera.width, first_pixel_row + at as u32 / camera.width);
                pixel.fill(shade.pixel(&triangles, &band, column, row));
            }
        },
    );
    picture
}

/// The mesh's attributes in the camera frame.
struct Shade<'a> {
    mesh: &'a Mesh<'a>,
    points: Vec<Vec3>,
}

impl<'a> Shade<'a> {
    fn new(mesh: &'a Mesh<'a>, camera: &Camera) -> Self {
        let points = mesh.positions.iter().map(|&position| camera.camera_from_world(position)).collect();
        Self { mesh, points }
    }

    /// The mean of a pixel's samples, 0..=255.
    fn pixel(&self, triangles: &[ScreenTriangle], band: &Band, column: u32, row: u32) -> u8 {
        let mut sum = 0.0;
        for sample in 0..SAMPLES * SAMPLES {
            let (x, y) = (column * SAMPLES + sample % SAMPLES, row * SAMPLES + sample / SAMPLES);
            let (index, _) = band.at(x, y);
            if index != EMPTY {
                let triangle = &triangles[index as usize];
                sum += self.grey(triangle.source, triangle.weights_at(x, y));
            }
        }
        (sum / (SAMPLES * SAMPLES) as f32 * 255.0).round() as u8
    }

    fn grey(&self, triangle: u32, weights: Vec3) -> f32 {
        let corners = self.mesh.triangles[triangle as usize].map(|corner| corner as usize);
        let blend = |values: &[Vec3]| {
            values[corners[0]] * weights.x + values[corners[1]] * weights.y + values[corners[2]] * weights.z
        };
        let normal = blend(self.mesh.normals);
        pose_grey(blend(&self.points), Vec3::new(normal.x, -normal.y, -normal.z))
    }
}

#[cfg(test)]
mod tests {
    use super::super::shading::{AMBIENT, DIFFUSE};
    use super::super::shapes::{Shape, camera};
    use super::*;
    use crate::body::{BodyModel, PoseLibrary};
    use std::path::Path;

    fn ball() -> (Shape, Camera) {
        (Shape::sphere(Vec3::new(0.0, 0.0, -8.0), 0.1, 5), camera(96, 96, 3000.0))
    }

    #[test]
    fn a_ball_shades_as_lambert_says() {
        let (shape, camera) = ball();
        let picture = render_pose(&shape.mesh(), &camera);
        assert_eq!(picture.get_pixel(0, 0).0, [0; 3]);
        let centre = picture.get_pixel(48, 48).0;
        assert_eq!(centre, [(0.92_f32 * 255.0).round() as u8; 3]);
        // 0.1 m at 8 m and focal 3000 is a radius of 37.5 px; at 30 px the normal stands at asin(0.8).
        let slanted = f32::from(picture.get_pixel(48 + 30, 48).0[0]);
        let expected = (AMBIENT + DIFFUSE * (1.0 - 0.813_f32 * 0.813).sqrt()) * 255.0;
        assert!((slanted - expected).abs() < 2.5, "{slanted} {expected}");
    }

    #[test]
    fn edges_are_antialiased() {
        let (shape, camera) = ball();
        let picture = render_pose(&shape.mesh(), &camera);
        let partial = picture.pixels().filter(|p| p.0[0] > 0 && p.0[0] < 36).count();
        assert!(partial > 50, "{partial} pixels are partly covered");
    }

    #[test]
    fn poses_keep_the_look_that_networks_were_trained_on() {
        let model = BodyModel::open_head().expect("the shipped head");
        let library = PoseLibrary::shipped().expect("the shipped poses");
        for index in [1, 5, 13] {
            let template = &library.templates()[index];
            let body = model.pose_head(template.angles);
            let mesh =
                Mesh { positions: &body.vertices, normals: &body.normals, triangles: model.triangles() };
            let picture = render_pose(&mesh, &Camera::paper(&body));
            let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/golden/render")
                .join(format!("pose_{}.png", template.id));
            if std::env::var_os("ADORN_UPDATE_GOLDEN").is_some() {
                picture.save(&golden).expect("a writable golden");
            }
            let expected = image::open(&golden).expect("a golden").into_rgb8();
            assert!(picture == expected, "{} differs from its golden", template.id);
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_pixel() {
        let (shape, camera) = ball();
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| render_pose(&shape.mesh(), &camera))
        };
        assert_eq!(with(1), with(5));
    }

    #[test]
    fn a_camera_inside_the_mesh_sees_nothing_and_survives() {
        let shape = Shape::sphere(Vec3::ZERO, 1.0, 3);
        let picture = render_pose(&shape.mesh(), &camera(32, 32, 30.0));
        assert!(picture.pixels().all(|p| p.0 == [0; 3]));
    }

    #[test]
    fn a_mesh_with_missing_normals_is_drawn_as_far_as_it_goes() {
        let (shape, camera) = ball();
        let torn = Mesh { normals: &shape.normals[..100], ..shape.mesh() };
        render_pose(&torn, &camera);
        assert_eq!(
            render_pose(&Mesh { normals: &[], ..shape.mesh() }, &camera),
            RgbImage::new(camera.width, camera.height)
        );
    }

    #[test]
    fn an_empty_mesh_is_black() {
        let picture =
            render_pose(&Mesh { positions: &[], normals: &[], triangles: &[] }, &camera(8, 8, 10.0));
        assert!(picture.pixels().all(|p| p.0 == [0; 3]));
    }
}

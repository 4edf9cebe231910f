//! I_p: the body in its pose, by the paper's camera, always by the software renderer.

use super::hint::ENCODER_SIDE;
use super::resample::bicubic;
use crate::body::{BodyModel, PosedBody};
use crate::picture::Planes;
use crate::project::Square;
use crate::render::Mesh;
use crate::render::software::render_pose;
use crate::scene::Camera;
use image::RgbImage;

/// Side of the pose render in pixels (METHOD 3).
pub const POSE_RENDER: u32 = 256;

/// The 256x256 render on black.
pub fn pose_render(model: &BodyModel, body: &PosedBody) -> RgbImage {
    let mesh = Mesh { positions: &body.vertices, normals: &body.normals, triangles: model.triangles() };
    render_pose(&mesh, &Camera::paper(body))
}

/// The render at 224x224 (antialiased bicubic, as Pillow does), `[3, 224, 224]`, 0..=1.
pub fn pose_image(render: &RgbImage) -> Planes {
    let side = f64::from(render.width().min(render.height()));
    Planes::from_rgb(&bicubic(render, Square { left: 0.0, top: 0.0, side }, ENCODER_SIDE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{BodyModel, PoseLibrary};
    use crate::project::HeadAngles;

    fn straight() -> RgbImage {
        let model = BodyModel::open_head().unwrap();
        pose_render(&model, &model.pose_head(HeadAngles::default()))
    }

    #[test]
    fn the_render_shows_the_face_in_the_middle_of_black() {
        let render = straight();
        assert_eq!(render.dimensions(), (POSE_RENDER, POSE_RENDER));
        assert_eq!(render.get_pixel(2, 2).0, [0; 3]);
        assert!(render.get_pixel(128, 128).0[0] > 100, "the nose is lit");
        // Never saturated (METHOD 3).
        assert!(render.pixels().all(|pixel| pixel.0.iter().all(|value| *value < 255)));
    }

    #[test]
    fn every_template_has_its_own_picture() {
        let (model, library) = (BodyModel::open_head().unwrap(), PoseLibrary::shipped().unwrap());
        let renders: Vec<RgbImage> = library
            .templates()
            .iter()
            .map(|template| pose_render(&model, &model.pose_head(template.angles)))
            .collect();
        for (index, render) in renders.iter().enumerate() {
            assert!(renders[..index].iter().all(|other| other != render), "template {index}");
        }
    }

    #[test]
    fn the_pose_image_is_the_render_at_the_encoders_size() {
        let render = straight();
        let planes = pose_image(&render);
        assert_eq!(planes.shape(), [3, 224, 224]);
        assert_eq!(planes.channel(0), planes.channel(2), "grey");
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
        let (before, after) = (Planes::from_rgb(&render), planes);
        assert!((mean(before.channel(0)) - mean(after.channel(0))).abs() < 1e-3);
    }
}

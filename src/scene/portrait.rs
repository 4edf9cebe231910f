//! Portraits: the camera of a photographer, who stands nearer than the paper's eight metres, and the head as it is
//! seen from there.

use super::{Band, Camera, Scene};
use crate::body::{PosedBody, head_angles};
use crate::project::{CanvasSize, HeadAngles};
use glam::{DMat3, DQuat, DVec2, DVec3, Vec3};

impl Camera {
    /// A camera `distance` metres from the nose tip that shows the landmarks `height` pixels high; where they lie
    /// on the picture is for the caller to say, by moving the centre.
    pub fn portrait(body: &PosedBody, size: CanvasSize, height: f64, distance: f32) -> Self {
        let band = Band { top: 0.0, bottom: height };
        let mut camera = Scene::frame(body.clone(), size, band, None).camera;
        camera.translation.z += distance - camera.project(body.nose_tip).1;
        let (low, high) = camera.landmark_box(body);
        camera.focal *= height / (high.y - low.y).max(1e-6);
        camera
    }

    /// Top left and bottom right corner of the box around the projected landmarks, pixels.
    pub fn landmark_box(&self, body: &PosedBody) -> (DVec2, DVec2) {
        let none = (DVec2::INFINITY, DVec2::NEG_INFINITY);
        body.landmarks
            .iter()
            .map(|landmark| self.project(*landmark).0)
            .fold(none, |(low, high), at| (low.min(at), high.max(at)))
    }

    /// A head that is turned by `turn` in the world, against the line of sight to the middle of its eyes: from near
    /// by not quite the same.
    pub fn angles_seen(&self, eyes_middle: Vec3, turn: DMat3) -> HeadAngles {
        // World axes: x right, y up, z to the camera.
        let sight = self.camera_from_world(eyes_middle).as_dvec3() * DVec3::new(1.0, -1.0, -1.0);
        let straight = DQuat::from_rotation_arc(sight.normalize_or(DVec3::NEG_Z), DVec3::NEG_Z);
        head_angles(DMat3::from_quat(straight) * turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{BodyModel, head_rotation};

    #[test]
    fn a_portrait_has_its_height_and_its_distance() {
        let angles = HeadAngles { yaw_deg: 30.0, ..HeadAngles::default() };
        let body = BodyModel::open_head().unwrap().pose_head(angles);
        let size = CanvasSize { width: 300, height: 200 };
        for distance in [0.9, 8.0] {
            let camera = Camera::portrait(&body, size, 120.0, distance);
            let (low, high) = camera.landmark_box(&body);
            assert!((high.y - low.y - 120.0).abs() < 1e-3, "{low} {high}");
            assert!((camera.project(body.nose_tip).1 - distance).abs() < 1e-4);
            // Eight metres away the head is seen as it is turned.
            let off = (camera.angles_seen(body.eyes_middle(), head_rotation(angles)).yaw_deg - 30.0).abs();
            assert!(off < 0.6 + 3.0 * f64::from(distance < 2.0), "{off}");
        }
    }
}

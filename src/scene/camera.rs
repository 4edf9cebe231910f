//! The pinhole camera, and the paper's one.

use crate::body::PosedBody;
use glam::{DVec2, Vec3};

/// METHOD 3: side of the pose picture in pixels, focal length in pixels, depth of the nose tip in metres.
const PAPER_SIDE: u32 = 256;
const PAPER_FOCAL: f64 = 5000.0;
const NOSE_DISTANCE: f32 = 8.0;

/// A pinhole camera. u = focal.x * x / z + centre.x, v = focal.y * y / z + centre.y, with (x, y, z) in the camera
/// frame: metres, x right, y down, z forward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Pixels; the two differ only where a canvas is squeezed into a network's size.
    pub focal: DVec2,
    /// Principal point, pixels.
    pub centre: DVec2,
    /// Added to a world point after its y and z are negated, metres.
    pub translation: Vec3,
    /// Picture size, pixels.
    pub width: u32,
    pub height: u32,
}

impl Camera {
    /// METHOD 3: the nose tip at (0, 0, 8) m, K = [[5000, 0, 128], [0, 5000, 128], [0, 0, 1]], 256x256.
    pub fn paper(body: &PosedBody) -> Self {
        let mut camera = Self {
            focal: DVec2::splat(PAPER_FOCAL),
            centre: DVec2::splat(f64::from(PAPER_SIDE) / 2.0),
            translation: Vec3::ZERO,
            width: PAPER_SIDE,
            height: PAPER_SIDE,
        };
        camera.translation = Vec3::new(0.0, 0.0, NOSE_DISTANCE) - camera.camera_from_world(body.nose_tip);
        camera
    }

    /// A world point in this camera's picture, pixels, and its depth in metres.
    pub fn project(&self, point_in_world: Vec3) -> (DVec2, f32) {
        let point = self.camera_from_world(point_in_world);
        let at = point.as_dvec3();
        (self.focal * at.truncate() / at.z + self.centre, point.z)
    }

    /// World to camera frame.
    pub fn camera_from_world(&self, point_in_world: Vec3) -> Vec3 {
        point_in_world * Vec3::new(1.0, -1.0, -1.0) + self.translation
    }

    /// The same view at another picture size.
    pub fn scaled(&self, factor: DVec2) -> Self {
        Self {
            focal: self.focal * factor,
            centre: self.centre * factor,
            translation: self.translation,
            width: scaled_side(self.width, factor.x),
            height: scaled_side(self.height, factor.y),
        }
    }
}

/// A picture's side after scaling, at least one pixel.
fn scaled_side(side: u32, factor: f64) -> u32 {
    let side = (f64::from(side) * factor).round() as u32;
    side.max(1)
}

/// First and last row of the projected landmarks, pixels.
pub(super) fn landmark_rows(body: &PosedBody, camera: &Camera) -> (f64, f64) {
    let rows = body.landmarks.iter().map(|landmark| camera.project(*landmark).0.y);
    rows.fold((f64::INFINITY, f64::NEG_INFINITY), |(top, bottom), row| (top.min(row), bottom.max(row)))
}

/// Height of the face, brow to chin, as the paper's camera sees it, in millimetres at the nose tip's depth:
/// what METHOD 2 calls the body model's own landmark extent. About 118 for the open head seen from the front.
pub fn face_height_mm(body: &PosedBody) -> f64 {
    let (top, bottom) = landmark_rows(body, &Camera::paper(body));
    1000.0 * (bottom - top) * f64::from(NOSE_DISTANCE) / PAPER_FOCAL
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::BodyModel;
    use crate::project::HeadAngles;

    fn posed(yaw_deg: f64) -> PosedBody {
        BodyModel::open_head().unwrap().pose_head(HeadAngles { yaw_deg, ..HeadAngles::default() })
    }

    #[test]
    fn the_paper_camera_holds_every_nose_tip_at_the_same_place() {
        for yaw in [-80.0, 0.0, 35.0] {
            let body = posed(yaw);
            let camera = Camera::paper(&body);
            let (at, depth) = camera.project(body.nose_tip);
            assert!(
                at.distance(DVec2::splat(128.0)) < 1e-3 && (depth - 8.0).abs() < 1e-6,
                "{yaw}: {at} {depth}"
            );
        }
    }

    #[test]
    fn the_front_face_lies_where_another_program_projects_it() {
        // Skinned and projected by the numpy scripts that made the head: brow to chin on rows 96.5..169.8, lobes at (83.1 | 172.9, 134.3).
        let body = posed(0.0);
        let camera = Camera::paper(&body);
        let (top, bottom) = landmark_rows(&body, &camera);
        assert!((top - 96.5).abs() < 0.1 && (bottom - 169.8).abs() < 0.1, "{top} {bottom}");
        let [left, right] = body.lobes.map(|lobe| camera.project(lobe).0);
        assert!(left.distance(DVec2::new(172.9, 134.3)) < 0.1, "{left}");
        assert!(right.distance(DVec2::new(83.1, 134.3)) < 0.1, "{right}");
    }

    #[test]
    fn the_picture_shows_what_the_angles_say() {
        let body = posed(40.0);
        let camera = Camera::paper(&body);
        // Nose to the picture's right of the middle between the outer eye corners (iBUG 37 and 46).
        let eyes = camera.project(body.landmarks[36]).0.midpoint(camera.project(body.landmarks[45]).0);
        assert!(camera.project(body.nose_tip).0.x > eyes.x + 5.0);
    }

    #[test]
    fn faces_are_about_twelve_centimetres_high() {
        let front = face_height_mm(&posed(0.0));
        assert!((front - 117.3).abs() < 0.5, "{front}");
        assert!((face_height_mm(&posed(60.0)) - front).abs() < 6.0);
    }
}

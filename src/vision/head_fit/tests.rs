//! The fit against heads whose turn is known, and the search against networks that see one face or none.

use super::*;
use crate::body::BodyModel;
use crate::scene::Camera;
use crate::vision::{FaceBox, VisionError};
use image::RgbImage;

/// The body's landmarks in a picture 1024 pixels wide, as the paper's camera sees them.
fn seen(model: &BodyModel, yaw_deg: f64, pitch_deg: f64, roll_deg: f64) -> FaceLandmarks {
    let body = model.pose_head(HeadAngles { yaw_deg, pitch_deg, roll_deg });
    let camera = Camera::paper(&body).scaled(DVec2::splat(4.0));
    FaceLandmarks(body.landmarks.map(|landmark| camera.project(landmark).0))
}

#[test]
fn exact_landmarks_give_back_the_angles() {
    let model = BodyModel::open_head().unwrap();
    let head = HeadPoints::of(&model);
    for (yaw, pitch, roll) in [
        (0.0, 0.0, 0.0),
        (20.0, 5.0, -8.0),
        (-35.0, -12.0, 10.0),
        (45.0, 0.0, 0.0),
        (60.0, 10.0, 0.0),
        (-60.0, -10.0, 5.0),
        (75.0, 0.0, 0.0),
        (-88.0, 0.0, 0.0),
    ] {
        let landmarks = seen(&model, yaw, pitch, roll);
        let fit = head.fit(&landmarks, (1024, 1024)).unwrap();
        let off = [fit.angles.yaw_deg - yaw, fit.angles.pitch_deg - pitch, fit.angles.roll_deg - roll];
        assert!(off.iter().all(|off| off.abs() < 3.0), "{yaw} {pitch} {roll}: {off:?}");
    }
}

/// A network that sees one face, which lies there, if the box covers some of it; elsewhere it imagines one in
/// the box's middle.
struct OneFace {
    face: FaceLandmarks,
    finds: bool,
    width: f64,
}

impl OneFace {
    fn bounds(&self) -> FaceBox {
        let (low, high) = self.face.bounds();
        FaceBox { left: low.x, top: low.y, width: high.x - low.x, height: high.y - low.y, score: 0.9 }
    }
}

impl find::Sight for OneFace {
    fn landmarks(&self, picture: &RgbImage, face: &FaceBox) -> Result<FaceLandmarks, VisionError> {
        // The mirrored picture is marked by its first pixel.
        let mirrored = picture.get_pixel(0, 0).0 == [1, 1, 1];
        let own = if mirrored { self.face.mirrored(self.width as u32) } else { self.face };
        let seen = Self { face: own, ..*self };
        if seen.bounds().overlap(face) > 0.25 {
            return Ok(own);
        }
        let own = self.bounds();
        let middle = DVec2::new(face.left + face.width / 2.0, face.top + face.height / 2.0);
        let from = DVec2::new(own.left + own.width / 2.0, own.top + own.height / 2.0);
        Ok(FaceLandmarks(self.face.0.map(|at| middle + (at - from) * (face.height / own.height / 1.2))))
    }
}

/// 256 pixels wide, its last column marked so that the mirror image is known.
fn plain() -> RgbImage {
    let mut picture = RgbImage::new(256, 256);
    picture.put_pixel(255, 0, image::Rgb([1, 1, 1]));
    picture
}

fn one_face(yaw_deg: f64, finds: bool) -> OneFace {
    let model = BodyModel::open_head().unwrap();
    let body = model.pose_head(HeadAngles { yaw_deg, ..HeadAngles::default() });
    let camera = Camera::paper(&body);
    OneFace { face: FaceLandmarks(body.landmarks.map(|at| camera.project(at).0)), finds, width: 256.0 }
}

fn look(sight: &OneFace, expected: Option<FaceBox>) -> Option<HeadFit> {
    let model = BodyModel::open_head().unwrap();
    let faces: Vec<_> = sight.finds.then(|| sight.bounds()).into_iter().collect();
    find::look(sight, &HeadPoints::of(&model), &plain(), &faces, expected).unwrap()
}

#[test]
fn a_head_that_the_finder_misses_is_found_where_it_is_expected_and_by_searching() {
    let sight = one_face(70.0, false);
    let mut about = sight.bounds();
    about.left += 12.0;
    about.width *= 1.2;
    for (expected, trust) in [(Some(about), Trust::Fair), (None, Trust::Fair)] {
        let fit = look(&sight, expected).expect("a face");
        assert!((fit.angles.yaw_deg - 70.0).abs() < 3.0, "{:?}", fit.angles);
        assert!(fit.steady > 0.9 && fit.trust <= trust, "{} {:?}", fit.steady, fit.trust);
    }
}

#[test]
fn a_found_face_is_trusted_more() {
    assert_eq!(look(&one_face(20.0, true), None).expect("a face").trust, Trust::Good);
}

#[test]
fn an_imagined_face_is_no_face() {
    let mut sight = one_face(0.0, false);
    // Where no box reaches it.
    sight.face.0.iter_mut().for_each(|at| *at += DVec2::splat(4000.0));
    let expected = FaceBox { left: 60.0, top: 60.0, width: 100.0, height: 100.0, score: 0.0 };
    assert_eq!(look(&sight, Some(expected)), None);
    assert_eq!(look(&sight, None), None);
}

#[test]
fn a_face_elsewhere_is_not_the_expected_one() {
    let expected = FaceBox { left: 0.0, top: 0.0, width: 40.0, height: 40.0, score: 0.0 };
    assert_eq!(look(&one_face(10.0, true), Some(expected)), None);
}

#[test]
fn landmarks_that_are_no_face_are_refused() {
    let model = BodyModel::open_head().unwrap();
    for at in [DVec2::ZERO, DVec2::NAN, DVec2::new(f64::INFINITY, 0.0)] {
        let landmarks = FaceLandmarks([at; LANDMARKS]);
        assert_eq!(HeadPoints::of(&model).fit(&landmarks, (100, 100)), Err(HeadFitError::NoExtent));
    }
}

#[test]
fn a_mirrored_face_has_mirrored_angles() {
    let model = BodyModel::open_head().unwrap();
    let head = HeadPoints::of(&model);
    let landmarks = seen(&model, 25.0, -6.0, 9.0);
    let fit = head.fit(&landmarks, (1024, 1024)).unwrap().angles;
    let other = head.fit(&landmarks.mirrored(1024), (1024, 1024)).unwrap().angles;
    let off = [fit.yaw_deg + other.yaw_deg, fit.pitch_deg - other.pitch_deg, fit.roll_deg + other.roll_deg];
    assert!(off.iter().all(|off| off.abs() < 0.05), "{off:?}");
}

#[test]
fn noisy_landmarks_stay_within_the_stated_uncertainty() {
    let model = BodyModel::open_head().unwrap();
    let head = HeadPoints::of(&model);
    let landmarks = seen(&model, 30.0, 5.0, 0.0);
    let (top, bottom) = landmarks.rows();
    let mut generator = 7_u64;
    let mut noise = || {
        generator = generator.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((generator >> 33) as f64 / f64::from(1_u32 << 31) - 0.5) * 0.035 * (bottom - top)
    };
    let mut worst: f64 = 0.0;
    for _ in 0..20 {
        let noisy = FaceLandmarks(landmarks.0.map(|at| at + DVec2::new(noise(), noise())));
        let fit = head.fit(&noisy, (1024, 1024)).unwrap();
        worst = worst.max((fit.angles.yaw_deg - 30.0).abs() / fit.sigma_deg.yaw_deg);
    }
    assert!((0.2..3.0).contains(&worst), "{worst}");
}

use super::*;
use crate::scene::Camera;
use glam::Vec3;

/// The body's landmarks in a picture 1024 pixels wide, as the paper's camera sees them.
fn seen(model: &BodyModel, yaw_deg: f64, pitch_deg: f64, roll_deg: f64) -> (FaceLandmarks, [DVec2; 2]) {
    let body = model.pose_head(HeadAngles { yaw_deg, pitch_deg, roll_deg });
    let camera = Camera::paper(&body).scaled(DVec2::splat(4.0));
    let project = |point: Vec3| camera.project(point).0;
    (FaceLandmarks(body.landmarks.map(project)), body.lobes.map(project))
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
        let (landmarks, lobes) = seen(&model, yaw, pitch, roll);
        let start = std::time::Instant::now();
        let fit = head.fit(&landmarks, (1024, 1024)).unwrap();
        let took = start.elapsed();
        let off = [fit.angles.yaw_deg - yaw, fit.angles.pitch_deg - pitch, fit.angles.roll_deg - roll];
        let apart = [0, 1].map(|side| fit.lobes_in_picture[side].distance(lobes[side]));
        println!(
            "{yaw} {pitch} {roll}: {off:.2?} sigma {:?} px {:.2} lobes {apart:.1?} {:?} {took:?} {:?}",
            fit.sigma_deg, fit.residual_px, fit.trust, fit.placing.nearness
        );
        assert!(off.iter().all(|off| off.abs() < 3.0), "{yaw} {pitch} {roll}: {off:?}");
    }
}

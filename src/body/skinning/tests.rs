//! Poses of the open head.

use super::*;
use crate::project::HeadAngles;

#[test]
fn the_open_head_at_rest_is_its_template() {
    let model = BodyModel::open_head().unwrap();
    let body = model.pose_head(HeadAngles::default());
    let worst = body.vertices.iter().zip(&model.template).map(|(a, b)| a.distance(*b)).fold(0.0, f32::max);
    assert!(worst < 1e-6, "{worst}");
    assert_eq!(body.joints.len(), JOINTS);
}

#[test]
fn normals_of_the_open_head_point_outwards() {
    let body = BodyModel::open_head().unwrap().pose_head(HeadAngles::default());
    let nose = body.vertices.iter().position(|vertex| *vertex == body.nose_tip).unwrap();
    assert!(body.normals[nose].z > 0.8, "{}", body.normals[nose]);
    assert!(body.normals.iter().all(|normal| (normal.length() - 1.0).abs() < 1e-4));
}

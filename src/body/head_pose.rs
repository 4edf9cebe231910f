//! Head angles to joint rotations.
//!
//! A head turns with the whole spine: the turn is shared between root, neck and head joint, so shoulders and
//! neck follow as a model's do. Whatever the shares, the head joint takes exactly what is left, so the head
//! ends up at the angles that were asked for.

use super::skinning::{AT_REST, PosedBody};
use super::{BodyModel, JOINTS};
use crate::project::HeadAngles;
use glam::DMat3;

/// SMPL-X joints.
const ROOT: usize = 0;
const NECK: usize = 12;
const HEAD: usize = 15;
/// Share of the yaw that the shoulders take, and the neck; the head takes the rest.
const YAW_SHARES: [f64; 2] = [0.40, 0.30];
/// Share of pitch and roll that the neck takes; the head takes the rest.
const TILT_SHARE: f64 = 0.40;

impl BodyModel {
    /// Poses the head by `angles`, shape and expression zero (METHOD 3).
    pub fn pose_head(&self, angles: HeadAngles) -> PosedBody {
        self.pose_by(&head_turns(angles))
    }
}

/// The joints' own rotations that turn a head by `angles`.
pub(super) fn head_turns(angles: HeadAngles) -> [DMat3; JOINTS] {
    let mut rotations = AT_REST;
    rotations[ROOT] = turn(YAW_SHARES[0] * angles.yaw_deg, 0.0, 0.0);
    rotations[NECK] =
        turn(YAW_SHARES[1] * angles.yaw_deg, TILT_SHARE * angles.pitch_deg, TILT_SHARE * angles.roll_deg);
    let head_in_world = turn(angles.yaw_deg, angles.pitch_deg, angles.roll_deg);
    rotations[HEAD] = (rotations[ROOT] * rotations[NECK]).transpose() * head_in_world;
    rotations
}

/// Yaw about the vertical, then pitch about the turned head's own ear axis, then roll about its nose's.
/// Degrees, signs as [`HeadAngles`] has them.
fn turn(yaw_deg: f64, pitch_deg: f64, roll_deg: f64) -> DMat3 {
    DMat3::from_rotation_y(yaw_deg.to_radians())
        * DMat3::from_rotation_x(pitch_deg.to_radians())
        * DMat3::from_rotation_z(-roll_deg.to_radians())
}

/// The angles that a head's turn in the world amounts to: [`BodyModel::pose_head`] read backwards. At a pitch
/// of 90 degrees yaw and roll turn about the same axis; the roll is then 0.
pub fn head_angles(head_in_world: DMat3) -> HeadAngles {
    let (ahead, upper) = (head_in_world.z_axis, head_in_world.row(1));
    let pitch = (-ahead.y).clamp(-1.0, 1.0).asin();
    let gimbal = ahead.x.hypot(ahead.z) < 1e-9;
    let (yaw, roll) = if gimbal {
        ((-head_in_world.x_axis.z).atan2(head_in_world.x_axis.x), 0.0)
    } else {
        (ahead.x.atan2(ahead.z), (-upper.x).atan2(upper.y))
    };
    HeadAngles { yaw_deg: yaw.to_degrees(), pitch_deg: pitch.to_degrees(), roll_deg: roll.to_degrees() }
}

/// The head's turn in the world for these angles.
pub fn head_rotation(angles: HeadAngles) -> DMat3 {
    turn(angles.yaw_deg, angles.pitch_deg, angles.roll_deg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::Vec3;

    #[test]
    fn angles_are_read_back_from_the_turn_they_made() {
        for (yaw_deg, pitch_deg, roll_deg) in
            [(0.0, 0.0, 0.0), (50.0, -20.0, 15.0), (-90.0, 30.0, -40.0), (120.0, 5.0, 0.0), (10.0, 90.0, 0.0)]
        {
            let asked = HeadAngles { yaw_deg, pitch_deg, roll_deg };
            let read = head_angles(head_rotation(asked));
            let off = [read.yaw_deg - yaw_deg, read.pitch_deg - pitch_deg, read.roll_deg - roll_deg];
            assert!(off.iter().all(|off| off.abs() < 1e-4), "{asked:?} {read:?}");
        }
    }

    fn posed(yaw_deg: f64, pitch_deg: f64, roll_deg: f64) -> PosedBody {
        BodyModel::open_head().unwrap().pose_head(HeadAngles { yaw_deg, pitch_deg, roll_deg })
    }

    /// Right and up axis of the face, from outer eye corners (iBUG 37, 46) and the bridge of the nose (28).
    fn face_axes(body: &PosedBody) -> (Vec3, Vec3) {
        let across = (body.landmarks[45] - body.landmarks[36]).normalize();
        let up = (body.landmarks[27] - body.landmarks[30]).reject_from(across).normalize();
        (across, up)
    }

    /// The turn that took the face's axes from rest to `body`, applied to `vector`.
    fn carried(rest: &PosedBody, body: &PosedBody, vector: Vec3) -> Vec3 {
        let frame = |(across, up): (Vec3, Vec3)| glam::Mat3::from_cols(across, up, across.cross(up));
        frame(face_axes(body)) * frame(face_axes(rest)).transpose() * vector
    }

    #[test]
    fn the_face_ends_up_at_the_asked_angles() {
        let rest = posed(0.0, 0.0, 0.0);
        for (yaw, pitch, roll) in
            [(30.0, 0.0, 0.0), (-80.0, 0.0, 0.0), (45.0, 12.0, -8.0), (-20.0, -15.0, 10.0), (0.0, 20.0, 0.0)]
        {
            let body = posed(yaw, pitch, roll);
            let normal = carried(&rest, &body, Vec3::Z);
            let measured_yaw = f64::from(normal.x.atan2(normal.z).to_degrees());
            let measured_pitch = f64::from((-normal.y).asin().to_degrees());
            assert!((measured_yaw - yaw).abs() < 0.5, "yaw {yaw}: {measured_yaw}");
            assert!((measured_pitch - pitch).abs() < 0.5, "pitch {pitch}: {measured_pitch}");
        }
    }

    #[test]
    fn signs_are_those_of_the_document() {
        let rest = posed(0.0, 0.0, 0.0);
        assert!(
            posed(30.0, 0.0, 0.0).nose_tip.x > rest.nose_tip.x + 0.02,
            "yaw > 0: nose to +x, picture right"
        );
        let down = carried(&rest, &posed(0.0, 15.0, 0.0), Vec3::Z);
        assert!(down.y < -0.2, "pitch > 0: the face looks down, {down}");
        let crown = carried(&rest, &posed(0.0, 0.0, 15.0), Vec3::Y);
        assert!(crown.x > 0.2, "roll > 0: the crown leans to +x, picture right, {crown}");
    }

    #[test]
    fn shoulders_follow_less_than_the_neck_and_the_neck_less_than_the_head() {
        let body = posed(60.0, 0.0, 0.0);
        let rest = posed(0.0, 0.0, 0.0);
        let turned = |a: usize, b: usize| {
            let (now, before) = (body.joints[a] - body.joints[b], rest.joints[a] - rest.joints[b]);
            now.with_y(0.0).angle_between(before.with_y(0.0)).to_degrees()
        };
        // Shoulders hang on the root, eyes on the head.
        let (shoulders, eyes) = (turned(16, 17), turned(23, 24));
        assert!((shoulders - 24.0).abs() < 0.1, "{shoulders}");
        assert!((eyes - 60.0).abs() < 0.1, "{eyes}");
    }

    #[test]
    fn posing_the_open_head_is_fast_enough_to_drag() {
        let model = BodyModel::open_head().unwrap();
        let angles = HeadAngles { yaw_deg: 40.0, pitch_deg: 5.0, roll_deg: 5.0 };
        let fastest = (0..10)
            .map(|_| {
                let start = std::time::Instant::now();
                std::hint::black_box(model.pose_head(angles));
                start.elapsed()
            })
            .min()
            .unwrap();
        // 3 ms is the aim; the margin is for a busy machine.
        assert!(fastest < std::time::Duration::from_millis(10), "{fastest:?}");
        println!("{fastest:?}");
    }
}

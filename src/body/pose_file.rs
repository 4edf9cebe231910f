//! A single pose as a file of its own, in the form of the library's (`poses/`): facing, then one `[[pose]]`.

use super::pose_library::{
    PoseEntry, PoseFacing, PoseLibraryError, PoseTemplate, RowFile, TILT_LIMIT_DEG, YAW_LIMIT_DEG, checked,
};
use crate::project::HeadAngles;

/// How errors name a pose file that the caller knows the path of.
const FILE: &str = "pose file";

impl PoseTemplate {
    /// A pose of these angles, brought within what necks do, and whether that changed them.
    pub fn of(id: &str, name: &str, angles: HeadAngles) -> (Self, bool) {
        let within = |angle: f64, limit: f64| {
            // A tenth of a degree is more than any eye tells.
            ((angle * 10.0).round() / 10.0).clamp(-limit, limit) + 0.0
        };
        let kept = HeadAngles {
            yaw_deg: within(angles.yaw_deg, YAW_LIMIT_DEG),
            pitch_deg: within(angles.pitch_deg, TILT_LIMIT_DEG),
            roll_deg: within(angles.roll_deg, TILT_LIMIT_DEG),
        };
        let pairs = [
            (kept.yaw_deg, angles.yaw_deg),
            (kept.pitch_deg, angles.pitch_deg),
            (kept.roll_deg, angles.roll_deg),
        ];
        let changed = pairs.iter().any(|(kept, asked)| (kept - asked).abs() > 0.051);
        let facing = PoseFacing::of(kept);
        (Self { id: id.to_owned(), name: name.to_owned(), facing, angles: kept }, changed)
    }

    /// The pose as a file.
    pub fn to_toml(&self) -> String {
        let Self { id, name, facing, angles } = self;
        let HeadAngles { yaw_deg, pitch_deg, roll_deg } = angles;
        let facing = match facing {
            PoseFacing::Left => "left",
            PoseFacing::Front => "front",
            PoseFacing::Right => "right",
        };
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        format!(
            "# yaw_deg < 0: nose to the picture's left. pitch_deg > 0: chin down. roll_deg > 0: crown to the picture's right.\n\
             facing = \"{facing}\"\n\n[[pose]]\nid = {}\nname = {}\nyaw_deg = {yaw_deg:?}\npitch_deg = {pitch_deg:?}\nroll_deg = {roll_deg:?}\n",
            quoted(id),
            quoted(name),
        )
    }

    /// The first pose of a file's text, checked.
    pub fn from_toml(text: &str) -> Result<Self, PoseLibraryError> {
        let row: RowFile = toml::from_str(text)
            .map_err(|error| PoseLibraryError::Parse { file: FILE, reason: error.message().to_owned() })?;
        let first = row.pose.into_iter().next();
        let entry: PoseEntry = first.ok_or(PoseLibraryError::RowLength { file: FILE, found: 0 })?;
        checked(entry, row.facing, false, FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pose_comes_back_from_its_file() {
        let angles = HeadAngles { yaw_deg: -33.26, pitch_deg: 4.04, roll_deg: -0.01 };
        let (pose, changed) = PoseTemplate::of("from-photo", "Anna \"by\" the window", angles);
        assert!(!changed);
        assert_eq!(PoseTemplate::from_toml(&pose.to_toml()).unwrap(), pose);
        assert_eq!((pose.angles.yaw_deg, pose.facing), (-33.3, PoseFacing::Left));
    }

    #[test]
    fn necks_have_limits() {
        let angles = HeadAngles { yaw_deg: 97.0, pitch_deg: -60.0, roll_deg: 0.0 };
        let (pose, changed) = PoseTemplate::of("a", "a", angles);
        assert!(changed);
        assert_eq!((pose.angles.yaw_deg, pose.angles.pitch_deg), (90.0, -45.0));
        assert!(PoseTemplate::from_toml(&pose.to_toml()).is_ok());
    }

    #[test]
    fn a_file_without_a_pose_is_refused() {
        for text in ["", "facing = \"front\"\npose = []", "facing = 3"] {
            assert!(PoseTemplate::from_toml(text).is_err());
        }
    }
}

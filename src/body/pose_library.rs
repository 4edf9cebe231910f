//! The 15 pose templates, three rows of five.
//!
//! They are data, one readable file a row in `poses/`, and checked like any other file: a typing mistake there
//! is an error that names file and pose, never a bent neck.

use crate::project::{HeadAngles, PoseChoice};
use serde::Deserialize;

/// The shipped rows, in the library's order.
const ROWS: [(&str, &str); 3] = [
    ("poses/left.toml", include_str!("../../poses/left.toml")),
    ("poses/front.toml", include_str!("../../poses/front.toml")),
    ("poses/right.toml", include_str!("../../poses/right.toml")),
];

/// METHOD 3: templates a row.
const ROW_LENGTH: usize = 5;
/// METHOD 3: a face turned further than this counts as left or right, degrees.
const FRONT_LIMIT_DEG: f64 = 20.0;
/// How far necks go, degrees.
pub(super) const YAW_LIMIT_DEG: f64 = 90.0;
pub(super) const TILT_LIMIT_DEG: f64 = 45.0;

/// Why a pose file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum PoseLibraryError {
    #[error("the pose file cannot be read: {reason} ({file})")]
    Parse { file: &'static str, reason: String },
    #[error("a row has {ROW_LENGTH} poses, this one has {found} ({file})")]
    RowLength { file: &'static str, found: usize },
    #[error("the pose id {id} is taken or has other characters than a-z, 0-9 and - ({file})")]
    Id { file: &'static str, id: String },
    #[error(
        "the pose {id} turns the head further than {YAW_LIMIT_DEG} or tilts it further than {TILT_LIMIT_DEG} degrees ({file})"
    )]
    Angles { file: &'static str, id: String },
    #[error(
        "the pose {id} does not face as its row does: a front face is turned less than {FRONT_LIMIT_DEG} degrees ({file})"
    )]
    Facing { file: &'static str, id: String },
}

/// Which way a row of the library faces, as the viewer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoseFacing {
    Left,
    Front,
    Right,
}

impl PoseFacing {
    /// METHOD 3's classes, by the angle between the face's normal and the vertical plane through the camera.
    pub fn of(angles: HeadAngles) -> Self {
        let sideways = angles.yaw_deg.to_radians().sin() * angles.pitch_deg.to_radians().cos();
        match sideways.asin().to_degrees() {
            beta if beta <= -FRONT_LIMIT_DEG => Self::Left,
            beta if beta >= FRONT_LIMIT_DEG => Self::Right,
            _ => Self::Front,
        }
    }
}

/// A named pose.
#[derive(Debug, Clone, PartialEq)]
pub struct PoseTemplate {
    /// Stable id, as project files name it.
    pub id: String,
    /// For people.
    pub name: String,
    pub facing: PoseFacing,
    pub angles: HeadAngles,
}

/// The shipped templates (`poses/`), rows left, front, right.
#[derive(Debug, Clone)]
pub struct PoseLibrary {
    templates: Vec<PoseTemplate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowFile {
    pub(super) facing: PoseFacing,
    pub(super) pose: Vec<PoseEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoseEntry {
    id: String,
    name: String,
    yaw_deg: f64,
    pitch_deg: f64,
    roll_deg: f64,
}

impl PoseLibrary {
    /// The shipped library.
    pub fn shipped() -> Result<Self, PoseLibraryError> {
        Self::parse(&ROWS)
    }

    /// File names and texts of the rows.
    fn parse(rows: &[(&'static str, &str)]) -> Result<Self, PoseLibraryError> {
        let mut templates: Vec<PoseTemplate> = Vec::new();
        for (file, text) in rows {
            let row: RowFile = toml::from_str(text)
                .map_err(|error| PoseLibraryError::Parse { file, reason: error.message().to_owned() })?;
            if row.pose.len() != ROW_LENGTH {
                return Err(PoseLibraryError::RowLength { file, found: row.pose.len() });
            }
            for entry in row.pose {
                let taken = templates.iter().any(|template| template.id == entry.id);
                templates.push(checked(entry, row.facing, taken, file)?);
            }
        }
        Ok(Self { templates })
    }

    /// 15 templates, row by row.
    pub fn templates(&self) -> &[PoseTemplate] {
        &self.templates
    }

    /// The angles of a choice; an unknown id gives none.
    pub fn angles(&self, choice: &PoseChoice) -> Option<HeadAngles> {
        match choice {
            PoseChoice::Angles(angles) => Some(*angles),
            PoseChoice::Template(id) => {
                self.templates.iter().find(|template| template.id == *id).map(|template| template.angles)
            }
        }
    }
}

pub(super) fn checked(
    entry: PoseEntry,
    facing: PoseFacing,
    taken: bool,
    file: &'static str,
) -> Result<PoseTemplate, PoseLibraryError> {
    let PoseEntry { id, name, yaw_deg, pitch_deg, roll_deg } = entry;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if taken || id.is_empty() || !id.chars().all(plain) {
        return Err(PoseLibraryError::Id { file, id });
    }
    let tilts_fit = [pitch_deg, roll_deg].iter().all(|angle| angle.abs() <= TILT_LIMIT_DEG);
    // NaN fits nowhere.
    if !(yaw_deg.abs() <= YAW_LIMIT_DEG && tilts_fit) {
        return Err(PoseLibraryError::Angles { file, id });
    }
    let angles = HeadAngles { yaw_deg, pitch_deg, roll_deg };
    if PoseFacing::of(angles) != facing {
        return Err(PoseLibraryError::Facing { file, id });
    }
    Ok(PoseTemplate { id, name, facing, angles })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;

    #[test]
    fn the_shipped_library_has_three_rows_of_five() {
        let library = PoseLibrary::shipped().unwrap();
        let facings: Vec<PoseFacing> = library.templates().iter().map(|template| template.facing).collect();
        let rows = [[PoseFacing::Left; 5], [PoseFacing::Front; 5], [PoseFacing::Right; 5]];
        assert_eq!(facings, rows.concat());
    }

    #[test]
    fn a_new_project_stands_straight() {
        let angles = PoseLibrary::shipped().unwrap().angles(&Project::default().pose);
        assert_eq!(angles, Some(HeadAngles::default()));
    }

    #[test]
    fn an_unknown_id_has_no_angles() {
        let library = PoseLibrary::shipped().unwrap();
        assert_eq!(library.angles(&PoseChoice::Template("handstand".to_owned())), None);
        let free = HeadAngles { yaw_deg: 12.5, pitch_deg: -3.0, roll_deg: 1.0 };
        assert_eq!(library.angles(&PoseChoice::Angles(free)), Some(free));
    }

    #[test]
    fn faces_turned_twenty_degrees_are_no_longer_front() {
        let facing = |yaw_deg, pitch_deg| PoseFacing::of(HeadAngles { yaw_deg, pitch_deg, roll_deg: 0.0 });
        assert_eq!(facing(-20.001, 0.0), PoseFacing::Left);
        assert_eq!(facing(19.9, 0.0), PoseFacing::Front);
        assert_eq!(facing(20.001, 0.0), PoseFacing::Right);
        // Lowering the chin turns the normal back towards the vertical plane.
        assert_eq!(facing(21.0, 30.0), PoseFacing::Front);
    }

    /// The left row with one line changed.
    fn left_with(from: &str, to: &str) -> Result<PoseLibrary, PoseLibraryError> {
        let text = ROWS[0].1.replacen(from, to, 1);
        assert_ne!(text, ROWS[0].1, "{from} is not in the file");
        PoseLibrary::parse(&[("left.toml", &text)])
    }

    #[test]
    fn mistakes_in_a_pose_file_are_named() {
        let mistakes = [
            ("yaw_deg = -27", "yaw_deg = -127", "left-soft turns the head further"),
            ("yaw_deg = -27", "yaw_deg = nan", "left-soft turns the head further"),
            ("roll_deg = 3", "roll_deg = 60", "left-soft turns the head further"),
            ("yaw_deg = -27", "yaw_deg = -12", "left-soft does not face as its row"),
            ("yaw_deg = -27", "jaw_deg = -27", "unknown field `jaw_deg`"),
            ("\"left-three-quarter\"", "\"left-soft\"", "id left-soft is taken"),
            ("\"left-soft\"", "\"Left soft\"", "id Left soft is taken or has other characters"),
        ];
        for (from, to, message) in mistakes {
            let error = left_with(from, to).unwrap_err().to_string();
            assert!(error.contains(message) && error.ends_with("(left.toml)"), "{error}");
        }
        let four = ROWS[0].1.rsplit_once("[[pose]]").unwrap().0;
        let error = PoseLibrary::parse(&[("left.toml", four)]).unwrap_err().to_string();
        assert!(error.contains("this one has 4"), "{error}");
    }
}

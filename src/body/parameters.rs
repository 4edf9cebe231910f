//! Head poses out of other programs' body fits: OSX and SMPL-X parameter files, npz or JSON.
//!
//! A fit says how every joint is turned. What METHOD 3 needs of it is the head's turn against the camera: the
//! chain from the root to the head, multiplied out. Fits made against a camera that looks along +z with y down
//! (OSX, SMPLer-X) carry a half turn about x in their root; it is recognised by the head that would stand
//! upside down without it. Shape, hands, translation are left out, as the method does. Files come from
//! outside: sizes are bounded, numbers must be finite, and a pickle, which is a program, is never opened.

use super::head_pose::head_angles;
use super::npz::{Npz, NpzError};
use crate::project::HeadAngles;
use glam::{DMat3, DQuat, DVec3};
use serde_json::Value;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

/// Longest file that is read: a clip's worth of poses.
const MAX_BYTES: u64 = 64 << 20;
/// A rotation is at most this long, radians: far more than any fit writes.
const LONGEST_ROTATION: f64 = 100.0;
/// A head turned further than this looks away from the camera, degrees.
const AWAY_DEG: f64 = 110.0;
/// The head's crown is this far up or down, or the file's axes are not ones that are read.
const UPRIGHT: f64 = 0.3;
/// Joints of SMPL-X's body pose, without the root.
const BODY: usize = 21;
/// From the root to the head, as rows of the body pose: spine 3, 6, 9, neck 12, head 15, each less one.
const CHAIN: [usize; 5] = [2, 5, 8, 11, 14];

/// Names under which programs write the same thing: smplx, SMPLer-X; OSX; AMASS.
const ROOT: [&str; 4] = ["global_orient", "smplx_root_pose", "root_pose", "root_orient"];
const BODY_POSE: [&str; 3] = ["body_pose", "smplx_body_pose", "pose_body"];
const JAW: [&str; 3] = ["jaw_pose", "smplx_jaw_pose", "pose_jaw"];
/// Everything in one row: root, body, jaw, eyes, hands.
const WHOLE: [&str; 4] = ["poses", "full_pose", "fullpose", "pose"];
/// Numbers of such a row: SMPL-X's 55 joints.
const WHOLE_LENGTH: usize = 55 * 3;
const JAW_AT: usize = 22 * 3;

/// What a parameter file says about the head.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FittedPose {
    /// Against the camera's axis.
    pub angles: HeadAngles,
    /// How far the jaw is open, degrees; 0 in files that do not tell.
    pub jaw_deg: f64,
    /// People or moments in the file; the first was taken.
    pub rows: usize,
    /// The root held a camera's half turn about x, which was taken out.
    pub camera_frame: bool,
}

/// Why a parameter file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ParametersError {
    #[error("cannot read the pose file: {source}; check that the file is there and readable ({path})")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot use the pose file: {fault} ({path})")]
    Unusable { path: PathBuf, fault: ParametersFault },
}

/// What is wrong inside a parameter file.
#[derive(Debug, thiserror::Error)]
pub enum ParametersFault {
    #[error("it is larger than the 64 MiB that are accepted; save one person's parameters")]
    TooLarge,
    #[error(
        "it is a pickle, which is a program and never opened; in Python, load it and save its arrays with numpy.savez(\"pose.npz\", **arrays)"
    )]
    Pickle,
    #[error("it is neither an npz archive nor JSON; save global_orient and body_pose as npz or JSON")]
    Kind,
    #[error(transparent)]
    Npz(#[from] NpzError),
    #[error("its JSON cannot be read ({0}); save it again")]
    Json(serde_json::Error),
    #[error("it holds no {0}; save SMPL-X's global_orient and body_pose, as OSX or smplx write them")]
    Missing(&'static str),
    #[error("its {name} has {found} numbers, not {wanted} for each person; save it as axis-angle rotations")]
    Length { name: String, found: usize, wanted: usize },
    #[error("its {0} holds something that is no finite, sensible rotation; save it as axis-angle in radians")]
    Number(String),
    #[error("the head looks away from the camera; choose a fit in which the face is seen")]
    Away,
    #[error("the person lies or hangs: the head's crown points sideways; choose a fit with y up or y down")]
    Lying,
}

/// Rows of numbers by name, however they were stored.
trait Arrays {
    /// All numbers of an array and how many rows they are, if the file tells.
    fn get(&mut self, name: &str) -> Result<Option<Vec<f64>>, ParametersFault>;
}

/// Endings of files that hold a body fit, or may: pickles are refused in words.
const ENDINGS: [&str; 6] = ["npz", "json", "pkl", "pickle", "pt", "pth"];

/// Whether a file's name says that it holds a body fit and no picture.
pub fn is_body_fit(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ENDINGS.iter().any(|fit| ending.eq_ignore_ascii_case(fit)))
}

/// Reads the head's pose from an OSX or SMPL-X parameter file.
pub fn load_fitted_pose(path: &Path) -> Result<FittedPose, ParametersError> {
    let io = |source| ParametersError::Read { path: path.to_owned(), source };
    let unusable = |fault| ParametersError::Unusable { path: path.to_owned(), fault };
    // Asked before opening: opening a pipe would wait for its writer.
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(io(std::io::Error::other("it is no file")));
    }
    let file = std::fs::File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unusable(ParametersFault::TooLarge));
    }
    let pose = fitted_pose(&bytes).map_err(unusable)?;
    if pose.angles.yaw_deg.abs() > AWAY_DEG {
        return Err(unusable(ParametersFault::Away));
    }
    Ok(pose)
}

/// The same from a file's bytes; what it is, is told by how it begins.
fn fitted_pose(bytes: &[u8]) -> Result<FittedPose, ParametersFault> {
    let first = bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    match first {
        _ if bytes.starts_with(b"PK\x03\x04") => {
            let mut npz = Npz::open(Cursor::new(bytes))?.within(MAX_BYTES);
            // PyTorch's files are zip archives around a pickle.
            if npz.has_file_ending("data.pkl") {
                return Err(ParametersFault::Pickle);
            }
            pose_of(&mut npz)
        }
        // A pickle's protocol mark.
        Some(0x80) => Err(ParametersFault::Pickle),
        Some(b'{' | b'[') => {
            let value: Value = serde_json::from_slice(bytes).map_err(ParametersFault::Json)?;
            // A list of people: the first.
            let rows = value.as_array().map_or(1, Vec::len);
            let mut person = match value {
                Value::Array(people) => people.into_iter().next().unwrap_or(Value::Null),
                person => person,
            };
            let pose = pose_of(&mut person)?;
            Ok(FittedPose { rows: pose.rows.max(rows), ..pose })
        }
        _ => Err(ParametersFault::Kind),
    }
}

impl<R: Read + std::io::Seek> Arrays for Npz<R> {
    fn get(&mut self, name: &str) -> Result<Option<Vec<f64>>, ParametersFault> {
        if !self.has(name) {
            return Ok(None);
        }
        Ok(Some(self.floats(name)?.data.iter().copied().map(f64::from).collect()))
    }
}

impl Arrays for Value {
    fn get(&mut self, name: &str) -> Result<Option<Vec<f64>>, ParametersFault> {
        let Some(value) = self.as_object().and_then(|fields| fields.get(name)) else { return Ok(None) };
        let mut numbers = Vec::new();
        flatten(value, &mut numbers).ok_or_else(|| ParametersFault::Number(name.to_owned()))?;
        Ok(Some(numbers))
    }
}

/// Nested lists of numbers in order; none if anything else is among them. serde_json bounds the nesting.
fn flatten(value: &Value, into: &mut Vec<f64>) -> Option<()> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| flatten(item, into)),
        value => {
            into.push(value.as_f64()?);
            Some(())
        }
    }
}

fn pose_of(arrays: &mut dyn Arrays) -> Result<FittedPose, ParametersFault> {
    let root = first_of(arrays, &ROOT, 3)?;
    let (root, body, jaw, rows) = match root {
        Some((root, rows)) => {
            let body = first_of(arrays, &BODY_POSE, 3 * BODY)?;
            let (body, _) = body.ok_or(ParametersFault::Missing("body_pose"))?;
            let jaw = first_of(arrays, &JAW, 3)?.map_or(DVec3::ZERO, |(jaw, _)| vector(&jaw, 0));
            (root, body, jaw, rows)
        }
        None => {
            let whole = first_of(arrays, &WHOLE, WHOLE_LENGTH)?;
            let (whole, rows) = whole.ok_or(ParametersFault::Missing("global_orient"))?;
            let jaw = vector(&whole, JAW_AT);
            (whole[..3].to_vec(), whole[3..3 + 3 * BODY].to_vec(), jaw, rows)
        }
    };
    let rotation = |vector: DVec3| DMat3::from_quat(DQuat::from_scaled_axis(vector));
    let start = rotation(vector(&root, 0));
    let turn = CHAIN.iter().fold(start, |turn, joint| turn * rotation(vector(&body, 3 * joint)));
    let crown = turn.y_axis.y;
    if crown.abs() < UPRIGHT {
        return Err(ParametersFault::Lying);
    }
    let camera_frame = crown < 0.0;
    let half_turn = DMat3::from_diagonal(DVec3::new(1.0, -1.0, -1.0));
    let head_in_world = if camera_frame { half_turn * turn } else { turn };
    // The jaw opens about the head's own x axis.
    Ok(FittedPose { angles: head_angles(head_in_world), jaw_deg: jaw.x.to_degrees(), rows, camera_frame })
}

/// The first row of the first array that is there under one of these names, and how many rows it has.
fn first_of(
    arrays: &mut dyn Arrays,
    names: &[&str],
    length: usize,
) -> Result<Option<(Vec<f64>, usize)>, ParametersFault> {
    for name in names {
        let Some(mut numbers) = arrays.get(name)? else { continue };
        let found = numbers.len();
        if found == 0 || found % length != 0 {
            return Err(ParametersFault::Length { name: (*name).to_owned(), found, wanted: length });
        }
        numbers.truncate(length);
        let sensible = |number: &f64| number.is_finite() && number.abs() <= LONGEST_ROTATION;
        if !numbers.iter().all(sensible) {
            return Err(ParametersFault::Number((*name).to_owned()));
        }
        return Ok(Some((numbers, found / length)));
    }
    Ok(None)
}

/// Three numbers from `at` on, of a row that is long enough.
fn vector(row: &[f64], at: usize) -> DVec3 {
    DVec3::from_slice(&row[at..at + 3])
}

#[cfg(test)]
mod tests;

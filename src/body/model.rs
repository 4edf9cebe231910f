//! A body model's arrays, in the one form that every source is turned into.
//!
//! SMPL-X files carry a joint regressor, dense skinning weights and corrective directions; the open head
//! carries fixed joints, four weights a vertex and nothing else. Both become the same struct here, so there
//! is one skinning path: the regressor is applied once at load (joints are linear in the vertices), weights
//! are kept sparse, and directions that a model lacks are empty.

use super::landmarks::LandmarkMap;
use super::npz::{Array, MAX_FILE_BYTES, Npz, NpzError};
use super::{open_head, smplx};
use glam::Vec3;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

/// SMPL-X's joints: 22 body, jaw, 2 eyes, 15 a hand.
pub const JOINTS: usize = 55;

/// More vertices than any head or body model has; keeps indices and products small.
const MAX_VERTICES: usize = 1 << 20;

/// The open head as shipped; `assets/LICENSES.md` says where it comes from.
const OPEN_HEAD: &[u8] = include_bytes!("../../assets/body/openhead_min.npz");

/// Why a body file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("cannot read the body file: {source}; check that the file is there and readable ({path})")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot use the body file: {fault} ({path})")]
    Unusable { path: PathBuf, fault: BodyFault },
}

/// What is wrong inside a body file.
#[derive(Debug, thiserror::Error)]
pub enum BodyFault {
    #[error("it is larger than the 2 GiB that are accepted; choose an SMPL-X .npz file")]
    TooLarge,
    #[error(transparent)]
    Npz(#[from] NpzError),
    #[error(
        "it is neither an SMPL-X body nor an open head: {closest} also needs {missing}; choose an SMPL-X .npz file"
    )]
    Layout { closest: &'static str, missing: String },
    #[error(
        "{array} names {found}, but there are only {count}, counted from 0; download or copy the file again"
    )]
    Index { array: String, found: i64, count: usize },
    #[error(
        "the joints of {array} are not a tree with every parent before its children; download or copy the file again"
    )]
    Parents { array: String },
    #[error("the skinning weights of vertex {vertex} do not add up to 1; download or copy the file again")]
    Weights { vertex: usize },
    #[error(
        "{array} has {found} rows, more than the {MAX_VERTICES} that are accepted; choose an SMPL-X .npz file"
    )]
    TooManyRows { array: String, found: usize },
    #[error(
        "nose and the 31st of ibug68 name different vertices; both must be the tip of the nose, rebuild the file"
    )]
    Nose,
    #[error(
        "no ear lobe is found near vertex {0}: the mesh is not a head as SMPL-X orders it; choose an SMPL-X .npz file"
    )]
    NoLobe(u32),
}

/// A skinned body: the user's SMPL-X file or the shipped open head.
#[derive(Debug, Clone)]
pub struct BodyModel {
    /// Rest vertices, metres.
    pub(super) template: Vec<Vec3>,
    pub(super) triangles: Vec<[u32; 3]>,
    /// Rest joints of the template, metres.
    pub(super) rest_joints: [Vec3; JOINTS],
    /// Each joint's parent, always an earlier joint; none for the root.
    pub(super) parents: [Option<usize>; JOINTS],
    pub(super) weights: SkinWeights,
    /// Shape directions, a coefficient each.
    pub(super) shape: Vec<BlendShape>,
    /// Expression directions, a coefficient each.
    pub(super) expression: Vec<BlendShape>,
    /// Offsets of the vertices, `[54 * 9][V]` or empty: one for each element of R - I of joints 1..=54.
    pub(super) correctives: Vec<Vec<Vec3>>,
    /// Mean pose of the left and right hand, added to joints 25..=39 and 40..=54; axis-angle, radians.
    pub(super) hand_means: [Vec3; 30],
    pub(super) landmarks: LandmarkMap,
    /// Vertices where an earring pierces the subject's left and right lobe.
    pub(super) lobes: [u32; 2],
}

/// One direction in which a body varies, for a coefficient of 1.
#[derive(Debug, Clone)]
pub(super) struct BlendShape {
    /// Metres, one a vertex.
    pub(super) vertices: Vec<Vec3>,
    /// What the regressor makes of it: metres, one a joint.
    pub(super) joints: [Vec3; JOINTS],
}

/// Which joints move which vertices, zeros left out.
#[derive(Debug, Clone, Default)]
pub(super) struct SkinWeights {
    /// End of each vertex's run in `influences`.
    ends: Vec<u32>,
    /// Joint and weight; the weights of a vertex add up to 1.
    influences: Vec<(u8, f32)>,
}

impl SkinWeights {
    /// Adds the next vertex; zero weights are dropped.
    pub(super) fn push(&mut self, influences: impl Iterator<Item = (u8, f32)>) -> Result<(), BodyFault> {
        let start = self.influences.len();
        self.influences.extend(influences.filter(|(_, weight)| *weight != 0.0));
        let own = &self.influences[start..];
        let sum: f32 = own.iter().map(|(_, weight)| weight).sum();
        if (sum - 1.0).abs() > 1e-3 || own.iter().any(|(_, weight)| *weight < 0.0) {
            return Err(BodyFault::Weights { vertex: self.ends.len() });
        }
        self.ends.push(u32::try_from(self.influences.len()).unwrap_or(u32::MAX));
        Ok(())
    }

    /// Joint and weight pairs, vertex by vertex.
    pub(super) fn vertices(&self) -> impl Iterator<Item = &[(u8, f32)]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let run = start..*end as usize;
            start = run.end;
            &self.influences[run]
        })
    }
}

impl BodyModel {
    /// The shipped open head (`assets/body/`).
    pub fn open_head() -> Result<Self, BodyError> {
        Self::read(Cursor::new(OPEN_HEAD))
            .map_err(|fault| BodyError::Unusable { path: "assets/body/openhead_min.npz".into(), fault })
    }

    /// Reads an SMPL-X npz or a file in the open head's own layout.
    pub fn load(path: &Path) -> Result<Self, BodyError> {
        let io = |source| BodyError::Read { path: path.to_owned(), source };
        let unusable = |fault| BodyError::Unusable { path: path.to_owned(), fault };
        // Asked before opening: opening a pipe would wait for its writer.
        if !std::fs::metadata(path).map_err(io)?.is_file() {
            return Err(io(std::io::Error::other("it is no file")));
        }
        let file = File::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.len() > MAX_FILE_BYTES {
            return Err(unusable(BodyFault::TooLarge));
        }
        Self::read(BufReader::new(file)).map_err(unusable)
    }

    fn read(reader: impl Read + Seek) -> Result<Self, BodyFault> {
        let mut npz = Npz::open(reader)?;
        let missing =
            |keys: &[&'static str]| keys.iter().copied().filter(|key| !npz.has(key)).collect::<Vec<_>>();
        let (lacks_for_head, lacks_for_smplx) = (missing(&open_head::KEYS), missing(&smplx::KEYS));
        match (lacks_for_head.as_slice(), lacks_for_smplx.as_slice()) {
            (_, []) => smplx::read(&mut npz, smplx::lobes),
            ([], _) => open_head::read(&mut npz),
            (head, smplx) if head.len() < smplx.len() => {
                Err(BodyFault::Layout { closest: "an open head", missing: head.join(", ") })
            }
            (_, smplx) => Err(BodyFault::Layout { closest: "an SMPL-X body", missing: smplx.join(", ") }),
        }
    }

    /// Counter-clockwise seen from outside, indices into the vertices.
    pub fn triangles(&self) -> &[[u32; 3]] {
        &self.triangles
    }
}

/// Rows of three as points.
pub(super) fn points(array: Array<f32>) -> Result<Vec<Vec3>, BodyFault> {
    let array = array.shaped(&[None, Some(3)])?;
    let (rows, _) = array.data.as_chunks::<3>();
    if rows.len() > MAX_VERTICES {
        return Err(BodyFault::TooManyRows { array: array.name, found: rows.len() });
    }
    Ok(rows.iter().copied().map(Vec3::from_array).collect())
}

/// Whole numbers as indices below `count`.
pub(super) fn indices(array: &Array<i64>, count: usize) -> Result<Vec<u32>, BodyFault> {
    let index = |value: &i64| {
        u32::try_from(*value).ok().filter(|index| (*index as usize) < count).ok_or_else(|| BodyFault::Index {
            array: array.name.clone(),
            found: *value,
            count,
        })
    };
    array.data.iter().map(index).collect()
}

/// Rows of three vertex indices.
pub(super) fn triangles(array: Array<i64>, vertices: usize) -> Result<Vec<[u32; 3]>, BodyFault> {
    let array = array.shaped(&[None, Some(3)])?;
    Ok(indices(&array, vertices)?.as_chunks::<3>().0.to_vec())
}

/// Parents of the 55 joints; the first one's (-1, also spelled 4294967295) is ignored.
pub(super) fn parents(array: &str, values: &[i64]) -> Result<[Option<usize>; JOINTS], BodyFault> {
    let mut parents = [None; JOINTS];
    for (joint, value) in values.iter().enumerate().take(JOINTS).skip(1) {
        let parent = usize::try_from(*value).ok().filter(|parent| *parent < joint);
        parents[joint] = Some(parent.ok_or_else(|| BodyFault::Parents { array: array.to_owned() })?);
    }
    Ok(parents)
}

/// Exactly 55 points.
pub(super) fn joints(array: Array<f32>) -> Result<[Vec3; JOINTS], BodyFault> {
    let rows = points(array.shaped(&[Some(JOINTS), Some(3)])?)?;
    let mut joints = [Vec3::ZERO; JOINTS];
    joints.copy_from_slice(&rows);
    Ok(joints)
}

#[cfg(test)]
mod tests;

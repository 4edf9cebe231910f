//! What every variant shares: files' folder, body, poses, photos already read.

use super::WorkflowError;
use super::eyes::SharedEyes;
use super::photos::{FacePhoto, PhotoCache};
use crate::body::{BodyModel, PoseLibrary};
use crate::picture::ProductPhoto;
use crate::project::{Earring, Face, HeadAngles, PoseChoice, hex, resolve};
use crate::vision::{Eyes, HeadPoints, VisionError};
use image::RgbImage;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// What a variant needs besides its own decisions: where its files lie, the body, the poses. A clone shares
/// the photos that were read.
#[derive(Debug, Clone)]
pub struct Studio {
    /// The folder that a project's relative paths start from.
    pub base: PathBuf,
    pub body: Arc<BodyModel>,
    pub poses: Arc<PoseLibrary>,
    photos: Arc<PhotoCache>,
    body_digest: Arc<OnceLock<String>>,
    eyes: SharedEyes,
}

impl Studio {
    pub fn new(base: PathBuf, body: Arc<BodyModel>, poses: Arc<PoseLibrary>) -> Self {
        Self {
            base,
            body,
            poses,
            photos: Arc::default(),
            body_digest: Arc::default(),
            eyes: SharedEyes::default(),
        }
    }

    /// The shipped open head and pose library.
    pub fn shipped(base: PathBuf) -> Result<Self, WorkflowError> {
        let (body, poses) = (BodyModel::open_head()?, PoseLibrary::shipped()?);
        Ok(Self::new(base, Arc::new(body), Arc::new(poses)))
    }

    /// The same studio for a project in another folder.
    pub fn at(&self, base: PathBuf) -> Self {
        Self { base, ..self.clone() }
    }

    /// The earring's photo, read at most once as long as its file stays the same.
    pub fn product(&self, earring: &Earring) -> Result<Arc<ProductPhoto>, WorkflowError> {
        self.photos.product(&resolve(&self.base, &earring.file))
    }

    pub(super) fn face(&self, face: &Face) -> Result<Arc<FacePhoto>, WorkflowError> {
        self.photos.face(&resolve(&self.base, &face.file))
    }

    /// The face photo as I_a is made from it: without what the document says is to be taken out of it.
    pub fn clean_face(&self, face: &Face) -> Result<Arc<RgbImage>, WorkflowError> {
        self.photos.clean_face(&resolve(&self.base, &face.file), &face.remove)
    }

    /// SHA-256 of a file that a recipe names, read at most once as long as the file stays the same.
    pub(super) fn digest(&self, file: &str) -> Result<Arc<String>, WorkflowError> {
        self.photos.digest(&resolve(&self.base, file))
    }

    /// The angles of a choice; an unknown template is an error that names its nearest neighbours.
    pub fn angles(&self, choice: &PoseChoice) -> Result<HeadAngles, WorkflowError> {
        self.poses.angles(choice).ok_or_else(|| {
            let id = match choice {
                PoseChoice::Template(id) => id.clone(),
                PoseChoice::Angles(_) => String::new(),
            };
            let near = nearest(&id, self.poses.templates().iter().map(|template| template.id.as_str()));
            WorkflowError::UnknownPose { id, near: near.join(", ") }
        })
    }

    /// The eyes, opened once.
    pub fn eyes(&self) -> Result<&Eyes, VisionError> {
        SharedEyes::open()
    }

    /// The body's head, as landmarks are fitted to it.
    pub fn head_points(&self) -> &HeadPoints {
        self.eyes.head(&self.body)
    }

    /// SHA-256 over the body at rest, so that records tell one body from another.
    pub(super) fn body_digest(&self) -> &str {
        self.body_digest.get_or_init(|| {
            let rest = self.body.pose_head(HeadAngles::default());
            let mut digest = Sha256::new();
            digest.update(bytemuck::cast_slice::<_, u8>(&rest.vertices));
            digest.update(bytemuck::cast_slice::<_, u8>(self.body.triangles()));
            hex(&digest.finalize())
        })
    }
}

/// The three ids that take the fewest edits to `wanted`.
fn nearest<'a>(wanted: &str, ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut ids: Vec<_> = ids.map(|id| (edits(wanted, id), id)).collect();
    ids.sort();
    ids.into_iter().take(3).map(|(_, id)| id).collect()
}

/// Levenshtein's distance. Only the first 64 characters of `wanted` count: it comes from outside.
fn edits(wanted: &str, id: &str) -> usize {
    let id: Vec<char> = id.chars().collect();
    let mut row: Vec<usize> = (0..=id.len()).collect();
    for (line, wanted) in wanted.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, own) in id.iter().enumerate() {
            let exchanged = diagonal + usize::from(wanted != *own);
            diagonal = row[column + 1];
            row[column + 1] = exchanged.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[id.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_pose_finds_its_neighbours() {
        let ids = ["front-straight", "front-chin-up", "left-soft", "right-soft"];
        assert_eq!(nearest("front-straigt", ids.into_iter())[0], "front-straight");
        assert_eq!(nearest("letf-soft", ids.into_iter())[0], "left-soft");
        assert_eq!(nearest("", ids.into_iter()).len(), 3);
    }

    #[test]
    fn edits_are_counted_both_ways() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", ""), 3);
    }
}

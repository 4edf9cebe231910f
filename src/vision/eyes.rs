//! The three networks behind one handle: find faces, their landmarks, who they are.

use super::descriptor::DescriptorNetwork;
use super::finder::{self, Finder};
use super::landmarks::LandmarkNetwork;
use super::look::Window;
use super::search::search;
use super::{FaceBox, FaceDescriptor, FaceLandmarks, VisionError};
use glam::DVec2;
use image::RgbImage;
use std::sync::Arc;

/// Where a face's middle sits in the square that its descriptor is read from, from the top.
const MIDDLE: f64 = 0.43;

/// Share of that square between eyes and mouth.
const EYES_TO_MOUTH: f64 = 0.45;

/// Looks at pictures. Clones share the networks.
#[derive(Clone)]
pub struct Eyes(Arc<Networks>);

struct Networks {
    finder: Finder,
    landmarks: LandmarkNetwork,
    descriptor: DescriptorNetwork,
}

impl Eyes {
    /// With the networks that Adorn ships.
    pub fn shipped() -> Result<Self, VisionError> {
        Ok(Self(Arc::new(Networks {
            finder: Finder::shipped()?,
            landmarks: LandmarkNetwork::shipped()?,
            descriptor: DescriptorNetwork::shipped()?,
        })))
    }

    /// Faces of the picture, best first; none is no error. Where one look finds nothing, many closer, further
    /// and turned ones follow.
    pub fn faces(&self, picture: &RgbImage) -> Result<Vec<FaceBox>, VisionError> {
        let found = self.faces_at_once(picture)?;
        if found.is_empty() && picture.width().min(picture.height()) > 0 {
            return search(&self.0.finder, picture);
        }
        Ok(found)
    }

    /// The faces that one look at the whole picture finds, best first: exactly what face-api's finder sees.
    pub fn faces_at_once(&self, picture: &RgbImage) -> Result<Vec<FaceBox>, VisionError> {
        if picture.width() == 0 || picture.height() == 0 {
            return Ok(Vec::new());
        }
        self.0.finder.find(picture, Window::whole(picture), finder::SIDE, finder::SCORE)
    }

    /// The landmarks of a face that [`Self::faces`] found, picture frame.
    pub fn landmarks(&self, picture: &RgbImage, face: &FaceBox) -> Result<FaceLandmarks, VisionError> {
        let window = inside(picture, face).ok_or(VisionError::Outside)?;
        let FaceLandmarks(mut landmarks) = self.0.landmarks.landmarks(picture, window)?;
        // The box's own corner, not the window's whole pixel, as the original has it. Where the picture's edge
        // cuts the box, the original forgets the cut.
        let corner = DVec2::new(face.left.max(0.0), face.top.max(0.0));
        landmarks.iter_mut().for_each(|landmark| *landmark += corner);
        Ok(FaceLandmarks(landmarks))
    }

    /// What tells the face from other people's.
    pub fn descriptor(&self, picture: &RgbImage, face: &FaceBox) -> Result<FaceDescriptor, VisionError> {
        let landmarks = self.landmarks(picture, face)?;
        self.descriptor_of(picture, &landmarks)
    }

    /// [`Self::descriptor`] of a face whose landmarks are known already.
    pub fn descriptor_of(
        &self,
        picture: &RgbImage,
        landmarks: &FaceLandmarks,
    ) -> Result<FaceDescriptor, VisionError> {
        let window = inside(picture, &aligned(landmarks)).ok_or(VisionError::TooSmall)?;
        self.0.descriptor.descriptor(picture, window)
    }
}

/// The whole pixels of a box that the picture has; none if it has none.
fn inside(picture: &RgbImage, face: &FaceBox) -> Option<Window> {
    if !face.is_finite() {
        return None;
    }
    let along = |start: f64, length: f64, size: u32| {
        let first = start.max(0.0);
        let length = (start + length - first).min(f64::from(size) - first).floor();
        (length >= 1.0).then(|| (first.floor() as u32, length as u32))
    };
    let (left, width) = along(face.left, face.width, picture.width())?;
    let (top, height) = along(face.top, face.height, picture.height())?;
    Some(Window { left, top, width, height })
}

/// The square that a descriptor is read from: a fixed share of it lies between eyes and mouth.
pub(super) fn aligned(landmarks: &FaceLandmarks) -> FaceBox {
    let middle = |from: usize, to: usize| {
        let part = &landmarks.0[from..to];
        part.iter().sum::<DVec2>() / part.len() as f64
    };
    let centres @ [one_eye, other_eye, mouth] = [middle(36, 42), middle(42, 48), middle(48, 68)];
    let eyes_to_mouth = (mouth.distance(one_eye) + mouth.distance(other_eye)) / 2.0;
    let side = (eyes_to_mouth / EYES_TO_MOUTH).floor();
    let centre = centres.iter().sum::<DVec2>() / 3.0;
    let corner = centre - DVec2::new(0.5, MIDDLE) * side;
    let [left, top] = [corner.x.max(0.0).floor(), corner.y.max(0.0).floor()];
    FaceBox { left, top, width: side, height: side, score: 1.0 }
}

//! What a face photo needs before a model may look at it: one face, its square, and no earrings.
//!
//! The method's appearance images show a whole head, and never an earring (METHOD 9): what hangs there would be
//! painted beside the product. Everything found is plain data that a document holds and a designer changes.

use super::earrings::find_earrings;
use super::photo_pose::counted;
use super::{EarLook, EarState, Eyes, FaceBox, HeadPoints, VisionError, look_at_head};
use crate::project::{Square, Stroke};
use image::RgbImage;

/// Side of the proposed square against the face's longer side: hair and chin with a margin.
const HEAD_PER_FACE: f64 = 1.9;

/// Of that square, the share that lies above the face's middle: hair needs more room than a chin.
const ABOVE: f64 = 0.54;

/// What was seen in a face photo.
#[derive(Debug, Clone, PartialEq)]
pub struct FaceCare {
    /// Faces in the photo, at least 1.
    pub faces: usize,
    /// The largest one.
    pub face: FaceBox,
    /// The square that shows it best, inside the photo.
    pub crop: Square,
    /// The subject's left and right ear.
    pub ears: [EarLook; 2],
}

impl FaceCare {
    /// What covers the earrings that were surely found.
    pub fn remove(&self) -> Vec<Stroke> {
        self.strokes_of(EarState::Earring)
    }

    /// How many earrings were surely found.
    pub fn earrings(&self) -> usize {
        self.ears.iter().filter(|ear| ear.state == EarState::Earring).count()
    }

    /// Whether there is something at a lobe that only a person can tell.
    pub fn is_unsure(&self) -> bool {
        self.ears.iter().any(|ear| ear.state == EarState::Unsure)
    }

    fn strokes_of(&self, state: EarState) -> Vec<Stroke> {
        let ears = self.ears.iter().filter(|ear| ear.state == state);
        ears.flat_map(|ear| ear.strokes.iter().cloned()).collect()
    }
}

/// Looks at a face photo; none if no face is found in it.
pub fn care_for_face(
    eyes: &Eyes,
    head: &HeadPoints,
    photo: &RgbImage,
) -> Result<Option<FaceCare>, VisionError> {
    let faces = eyes.faces(photo)?;
    let area = |face: &FaceBox| face.width * face.height;
    let Some(face) = faces.iter().copied().max_by(|one, other| area(one).total_cmp(&area(other))) else {
        return Ok(None);
    };
    let hidden = || EarLook { state: EarState::Hidden, strokes: Vec::new() };
    let fit = look_at_head(eyes, head, photo, &faces, Some(face))?;
    let ears = fit.map_or_else(|| [hidden(), hidden()], |fit| find_earrings(photo, &fit));
    Ok(Some(FaceCare { faces: counted(&faces), face, crop: square_around(&face, photo.dimensions()), ears }))
}

/// The whole head with its hair, as far as the photo reaches.
fn square_around(face: &FaceBox, (width, height): (u32, u32)) -> Square {
    let (width, height) = (f64::from(width), f64::from(height));
    let side = (face.width.max(face.height) * HEAD_PER_FACE).min(width).min(height).round().max(1.0);
    let place = |first: f64, length: f64| first.clamp(0.0, (length - side).max(0.0)).floor();
    Square {
        left: place(face.left + face.width / 2.0 - side / 2.0, width),
        top: place(face.top + face.height / 2.0 - side * ABOVE, height),
        side,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(left: f64, top: f64, side: f64, size: (u32, u32)) -> Square {
        square_around(&FaceBox { left, top, width: side, height: side, score: 1.0 }, size)
    }

    #[test]
    fn the_square_holds_the_face_and_stays_in_the_photo() {
        for (left, top, side) in [(300.0, 200.0, 200.0), (-30.0, -20.0, 150.0), (880.0, 700.0, 200.0)] {
            let Square { left: x, top: y, side: all } = square(left, top, side, (1000, 800));
            assert!(x >= 0.0 && y >= 0.0 && x + all <= 1000.0 && y + all <= 800.0, "{x} {y} {all}");
            assert!(x <= left.max(0.0) && x + all >= (left + side).min(1000.0));
        }
        let middle = square(400.0, 300.0, 200.0, (1000, 800));
        assert_eq!((middle.side, middle.left), (380.0, 310.0));
        assert!(middle.top + middle.side / 2.0 < 400.0, "more room for hair than for the chin");
    }

    #[test]
    fn a_face_larger_than_its_photo_gets_all_of_it() {
        assert_eq!(square(-50.0, -50.0, 400.0, (300, 200)), Square { left: 50.0, top: 0.0, side: 200.0 });
        assert_eq!(square(0.0, 0.0, 1.0, (1, 1)), Square { left: 0.0, top: 0.0, side: 1.0 });
    }

    #[test]
    fn a_picture_without_a_face_has_nothing_to_care_for() {
        let (eyes, model) = (Eyes::shipped().unwrap(), crate::body::BodyModel::open_head().unwrap());
        let head = HeadPoints::of(&model);
        for (width, height) in [(1, 1), (200, 100)] {
            assert_eq!(care_for_face(&eyes, &head, &RgbImage::new(width, height)).unwrap(), None);
        }
    }
}

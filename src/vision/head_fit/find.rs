//! Heads of a picture: where to look, looking twice, and whether something is there at all.
//!
//! The finder was trained on faces that look at the camera and misses heads near profile. The landmark
//! network sees further, if it is given the right box. So boxes are also proposed: one that the caller
//! expects, or a grid over the picture. Whether there is a face in a box is asked of the landmark network
//! itself: when the box is moved a little, a face's landmarks stay and imagined ones move along. Each look is
//! the mean of the picture's and its mirror image's, at two box sizes, so a mirrored picture gives the
//! mirrored angles.

use super::{HeadFit, HeadPoints, Trust};
use crate::project::HeadAngles;
use crate::vision::{Eyes, FaceBox, FaceLandmarks, VisionError};
use glam::DVec2;
use image::RgbImage;
use image::imageops::{flip_horizontal, thumbnail};

/// Side of the box against the landmarks' longer side, as the network was trained: two looks.
const SIDES: [f64; 2] = [1.15, 1.3];
/// Times that a box is laid anew around the landmarks seen in it.
const SETTLE: usize = 2;
/// How far a box is moved to see whether landmarks stay, as a share of its side.
const NUDGE: f64 = 0.1;
/// Steadiness of a face that the finder found or that was expected; landmarks imagined on backgrounds have
/// about 0 (9 of 10 below 0.3), faces 0.9, profiles 0.4.
const STEADY: f64 = 0.30;
/// The same where nothing pointed to a face and many boxes were tried.
const STEADY_ALONE: f64 = 0.65;
/// Sides of the boxes that are tried without a finder, as shares of the picture's shorter side.
const GRID_SIDES: [f64; 4] = [0.8, 0.56, 0.4, 0.28];
/// Step between them, as a share of their side.
const GRID_STEP: f64 = 0.5;
/// Shorter side of the copy that is searched, pixels: its smallest boxes are what the network looks at.
const GRID_PICTURE: f64 = 400.0;
/// Boxes that are tried at most.
const GRID_MOST: usize = 200;
/// Best boxes of the grid that are looked at closely.
const GRID_BEST: usize = 3;
/// A found face is the expected one when it shares this much of its box.
const SAME: f64 = 0.15;
/// Faces smaller than this are not looked at, pixels.
const SMALLEST_BOX: f64 = 16.0;

/// What the search asks of the landmark network.
pub(super) trait Sight {
    fn landmarks(&self, picture: &RgbImage, face: &FaceBox) -> Result<FaceLandmarks, VisionError>;
}

impl Sight for Eyes {
    fn landmarks(&self, picture: &RgbImage, face: &FaceBox) -> Result<FaceLandmarks, VisionError> {
        Eyes::landmarks(self, picture, face)
    }
}

/// Measures how the picture's head is turned; none where there is no face. `faces` is what the finder saw in it;
/// of several the largest is taken. `expected` is where the face should be, for pictures that are made to show
/// it there: then only that face counts, and it is also found where the finder is blind.
pub fn look_at_head(
    eyes: &Eyes,
    head: &HeadPoints,
    picture: &RgbImage,
    faces: &[FaceBox],
    expected: Option<FaceBox>,
) -> Result<Option<HeadFit>, VisionError> {
    look(eyes, head, picture, faces, expected)
}

pub(super) fn look(
    sight: &dyn Sight,
    head: &HeadPoints,
    picture: &RgbImage,
    faces: &[FaceBox],
    expected: Option<FaceBox>,
) -> Result<Option<HeadFit>, VisionError> {
    if picture.width().min(picture.height()) < SMALLEST_BOX as u32 {
        return Ok(None);
    }
    let looker = Looker { sight, picture, mirror: flip_horizontal(picture) };
    let area = |face: &FaceBox| face.width * face.height;
    let chosen = match expected {
        Some(expected) => faces
            .iter()
            .copied()
            .filter(|face| face.overlap(&expected) > SAME)
            .max_by(|a, b| a.overlap(&expected).total_cmp(&b.overlap(&expected))),
        None => faces.iter().copied().max_by(|a, b| area(a).total_cmp(&area(b))),
    };
    let mut best: Option<View> = None;
    let other = expected.filter(|expected| chosen != Some(*expected));
    for face in chosen.into_iter().chain(other) {
        best = better(best, looker.view(&face)?.filter(|view| view.steady > STEADY));
    }
    if best.is_none() && expected.is_none() {
        for face in searched(sight, picture)? {
            best = better(best, looker.view(&face)?.filter(|view| view.steady > STEADY_ALONE));
        }
    }
    Ok(best.and_then(|view| view.fit(head, picture, chosen.is_some())))
}

/// Boxes that may hold a face, looked for in a small copy of the picture.
fn searched(sight: &dyn Sight, picture: &RgbImage) -> Result<Vec<FaceBox>, VisionError> {
    let (width, height) = picture.dimensions();
    let scale = (GRID_PICTURE / f64::from(width.min(height))).min(1.0);
    let small = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let copy = thumbnail(picture, small(width), small(height));
    let looker = Looker { sight, picture: &copy, mirror: flip_horizontal(&copy) };
    let full = |face: FaceBox| FaceBox {
        left: face.left / scale,
        top: face.top / scale,
        width: face.width / scale,
        height: face.height / scale,
        ..face
    };
    Ok(looker.grid()?.into_iter().map(full).collect())
}

fn better(best: Option<View>, other: Option<View>) -> Option<View> {
    match (best, other) {
        (Some(best), Some(other)) if other.steady > best.steady + 0.05 => Some(other),
        (None, other) => other,
        (best, _) => best,
    }
}

/// A face as several looks saw it.
struct View {
    /// Their mean.
    landmarks: FaceLandmarks,
    /// The single looks.
    looks: Vec<FaceLandmarks>,
    steady: f64,
}

impl View {
    /// The head, with what the looks disagree about added to the uncertainty.
    fn fit(&self, head: &HeadPoints, picture: &RgbImage, found: bool) -> Option<HeadFit> {
        let mut fit = head.fit(&self.landmarks, picture.dimensions()).ok()?;
        let fits: Vec<HeadFit> =
            self.looks.iter().filter_map(|look| head.fit(look, picture.dimensions()).ok()).collect();
        let spread = |angle: fn(&HeadFit) -> f64| {
            let middle = fits.iter().map(angle).sum::<f64>() / fits.len().max(1) as f64;
            let squares: f64 = fits.iter().map(|one| (angle(one) - middle).powi(2)).sum();
            (squares / fits.len().max(1) as f64).sqrt()
        };
        fit.angles.roll_deg -= network_roll(fit.angles.yaw_deg);
        let turned = network_error(fit.angles.yaw_deg);
        fit.sigma_deg = HeadAngles {
            yaw_deg: (spread(|fit| fit.angles.yaw_deg) * LOOKS_SHARE).hypot(turned.yaw_deg),
            pitch_deg: (spread(|fit| fit.angles.pitch_deg) * LOOKS_SHARE).hypot(turned.pitch_deg),
            roll_deg: (spread(|fit| fit.angles.roll_deg) * LOOKS_SHARE).hypot(turned.roll_deg),
        };
        fit.steady = self.steady;
        let widest = fit.sigma_deg.yaw_deg.max(fit.sigma_deg.pitch_deg).max(fit.sigma_deg.roll_deg);
        let most = match self.steady {
            steady if steady < 0.45 || widest > 12.0 => Trust::Poor,
            steady if steady < 0.70 || widest > 6.0 || !found => Trust::Fair,
            _ => Trust::Good,
        };
        fit.trust = fit.trust.min(most);
        Some(fit)
    }
}

/// Looks share most of their error, so their disagreement counts once and not as a mean of independent ones.
const LOOKS_SHARE: f64 = 0.7;

/// Roll that the landmark network sees in heads that have none, degrees: none up to 40 degrees of yaw, then a
/// tenth of what is more, whichever way the head is turned. Measured on eight painted people, not those of
/// `adorn evaluate pose`.
fn network_roll(yaw_deg: f64) -> f64 {
    0.1 * (yaw_deg.abs().min(80.0) - 40.0).max(0.0) * yaw_deg.signum()
}

/// What the landmark network itself does wrong, one standard deviation in degrees, by how far the head is turned:
/// measured on the same people.
fn network_error(yaw_deg: f64) -> HeadAngles {
    // Nothing changes up to 40 degrees, then all grow.
    let beyond = ((yaw_deg.abs() - 40.0) / 40.0).clamp(0.0, 1.25);
    HeadAngles {
        yaw_deg: 1.4 + 4.5 * beyond * beyond,
        pitch_deg: 2.6 + 1.5 * beyond,
        roll_deg: 0.9 + 5.0 * beyond,
    }
}

struct Looker<'a> {
    sight: &'a dyn Sight,
    picture: &'a RgbImage,
    mirror: RgbImage,
}

impl Looker<'_> {
    /// One look at a box; none if it lies outside the picture.
    fn look(&self, face: &FaceBox) -> Result<Option<FaceLandmarks>, VisionError> {
        let own = self.inside(face);
        own.map(|face| self.sight.landmarks(self.picture, &face)).transpose()
    }

    /// The same look at the mirrored picture, mirrored back.
    fn look_mirrored(&self, face: &FaceBox) -> Result<Option<FaceLandmarks>, VisionError> {
        let Some(face) = self.inside(face) else { return Ok(None) };
        let width = f64::from(self.picture.width());
        let there = FaceBox { left: width - face.left - face.width, ..face };
        let seen = self.sight.landmarks(&self.mirror, &there)?;
        Ok(Some(seen.mirrored(self.picture.width())))
    }

    /// Mean of the look and the mirrored one.
    fn both(&self, face: &FaceBox) -> Result<Option<FaceLandmarks>, VisionError> {
        let looks: Vec<FaceLandmarks> =
            [self.look(face)?, self.look_mirrored(face)?].into_iter().flatten().collect();
        Ok((!looks.is_empty()).then(|| mean(&looks)))
    }

    /// The box's part in the picture, in whole pixels, so that both ways of looking see the same ones.
    fn inside(&self, face: &FaceBox) -> Option<FaceBox> {
        let along = |start: f64, length: f64, size: u32| {
            let first = start.max(0.0).round();
            let last = (start + length).min(f64::from(size)).round();
            (last - first >= SMALLEST_BOX).then_some((first, last - first))
        };
        let (left, width) = along(face.left, face.width, self.picture.width())?;
        let (top, height) = along(face.top, face.height, self.picture.height())?;
        Some(FaceBox { left, top, width, height, score: face.score })
    }

    /// Settles on the face near a box and looks at it closely.
    fn view(&self, face: &FaceBox) -> Result<Option<View>, VisionError> {
        let mut near = *face;
        let mut seen = None;
        for _ in 0..SETTLE {
            let Some(look) = self.both(&near)? else { return Ok(None) };
            near = around(&look, SIDES[0]);
            seen = Some(look);
        }
        let mut looks = Vec::new();
        for close in SIDES.iter().filter_map(|side| seen.map(|seen| around(&seen, *side))) {
            looks.extend(self.look(&close)?);
            looks.extend(self.look_mirrored(&close)?);
        }
        if looks.is_empty() {
            return Ok(None);
        }
        Ok(Some(View { landmarks: mean(&looks), steady: self.steadiness(&near)?, looks }))
    }

    /// 1 if the landmarks stay where they are when the box moves, 0 if they go with it.
    fn steadiness(&self, face: &FaceBox) -> Result<f64, VisionError> {
        let mut moved = Vec::new();
        for axis in [DVec2::X, DVec2::Y] {
            let by = axis * NUDGE * face.width;
            let at = |by: DVec2| FaceBox { left: face.left + by.x, top: face.top + by.y, ..*face };
            let mut ends = Vec::new();
            for end in [by, -by] {
                ends.extend(self.both(&at(end))?.map(|look| middle(&look)));
            }
            if let [there, back] = ends[..] {
                moved.push((there - back).dot(axis) / (2.0 * by.length()).max(1e-9));
            }
        }
        let mean = moved.iter().sum::<f64>() / moved.len().max(1) as f64;
        Ok(if moved.is_empty() { 0.0 } else { (1.0 - mean).clamp(0.0, 1.0) })
    }

    /// Boxes all over the picture, the ones whose landmarks most others agree on first.
    fn grid(&self) -> Result<Vec<FaceBox>, VisionError> {
        let mut seen = Vec::new();
        let (width, height) = self.picture.dimensions();
        for share in GRID_SIDES {
            let side = (share * f64::from(width.min(height))).round();
            let (rows, columns) = (steps(f64::from(height), side), steps(f64::from(width), side));
            // Panoramas: only what is quickly done.
            if seen.len() + rows.len() * columns.len() > GRID_MOST {
                break;
            }
            for &top in &rows {
                for &left in &columns {
                    let face = FaceBox { left, top, width: side, height: side, score: 0.0 };
                    seen.extend(self.look(&face)?);
                }
            }
        }
        // Each box votes for where it sees a face, and how large.
        let votes: Vec<(DVec2, f64)> = seen.iter().map(|look| (middle(look), size(look))).collect();
        let agree = |index: usize| {
            let (own, own_size) = votes[index];
            let near = |(at, size): &&(DVec2, f64)| {
                at.distance(own) < 0.15 * own_size && (size / own_size).ln().abs() < 0.3
            };
            votes.iter().filter(near).count()
        };
        let mut order: Vec<(usize, usize)> = (0..votes.len()).map(|index| (agree(index), index)).collect();
        order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut best: Vec<FaceBox> = Vec::new();
        for (_, index) in order {
            let face = around(&seen[index], SIDES[0]);
            if best.iter().all(|other| other.overlap(&face) < 0.4) {
                best.push(face);
            }
            if best.len() == GRID_BEST {
                break;
            }
        }
        Ok(best)
    }
}

/// First pixels of boxes of this side along a picture's side.
fn steps(length: f64, side: f64) -> Vec<f64> {
    let room = (length - side).max(0.0);
    let count = (room / (side * GRID_STEP)).ceil().max(0.0);
    let step = if count > 0.0 { room / count } else { 0.0 };
    (0..=count as usize).map(|index| index as f64 * step).collect()
}

/// The square around landmarks, `share` times their longer side.
fn around(landmarks: &FaceLandmarks, share: f64) -> FaceBox {
    let (low, high) = landmarks.bounds();
    let side = landmarks.extent() * share;
    let corner = low.midpoint(high) - DVec2::splat(side / 2.0);
    FaceBox { left: corner.x, top: corner.y, width: side, height: side, score: 1.0 }
}

fn size(landmarks: &FaceLandmarks) -> f64 {
    landmarks.extent().max(1e-9)
}

fn middle(landmarks: &FaceLandmarks) -> DVec2 {
    landmarks.0.iter().sum::<DVec2>() / landmarks.0.len() as f64
}

fn mean(looks: &[FaceLandmarks]) -> FaceLandmarks {
    let share = 1.0 / looks.len().max(1) as f64;
    FaceLandmarks(std::array::from_fn(|index| looks.iter().map(|look| look.0[index] * share).sum()))
}

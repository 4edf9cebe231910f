//! The head that is fitted: its landmarks, lobes and jaw silhouettes at rest, and the ways in which heads
//! differ.
//!
//! Everything is measured from the head's middle (between the outer eye corners and the nose's root), metres,
//! world axes. The jaw line is special: people and networks mark the outline that they *see*, so on the side
//! that turns away a jaw landmark slides over the cheek; every one has a row of candidates at its own height.

use crate::body::{BodyModel, LANDMARKS};
use crate::project::HeadAngles;
use glam::{DVec2, DVec3};

/// Height of the open head's face, brow to chin, metres: what residuals are compared with.
pub(super) const FACE_HEIGHT: f64 = 0.1176;
/// Landmarks of the jaw line, iBUG 1..=17; the chin stands in its middle.
pub(super) const JAW: usize = 17;
const CHIN: usize = 8;
/// Ways in which heads differ; see [`HeadPoints::mode`].
pub(super) const MODES: usize = 10;
/// Half the height of the band that a jaw landmark's candidates come from, metres.
const ROW: f64 = 0.004;
/// Nearer to the middle of the face lie nose and mouth, which are no outline of the cheek, metres.
const CHEEK_FROM: f64 = 0.022;

/// A body model's head as the fit reads it.
#[derive(Debug, Clone)]
pub struct HeadPoints {
    /// The head's middle in the model at rest, metres.
    middle: DVec3,
    /// iBUG order, from the head's middle, metres.
    pub(super) landmarks: [DVec3; LANDMARKS],
    /// The subject's left and right.
    pub(super) lobes: [DVec3; 2],
    /// Of each jaw landmark: surface points at its height on its side, from the jaw line to the cheek's front.
    pub(super) outlines: [Vec<DVec3>; JAW],
}

impl HeadPoints {
    /// Looks up the model's points at rest.
    pub fn of(model: &BodyModel) -> Self {
        let body = model.pose_head(HeadAngles::default());
        let mark = |index: usize| body.landmarks[index].as_dvec3();
        let middle = (mark(36) + mark(45) + mark(27)) / 3.0;
        let landmarks = body.landmarks.map(|landmark| landmark.as_dvec3() - middle);
        let skin: Vec<DVec3> = body.vertices.iter().map(|vertex| vertex.as_dvec3() - middle).collect();
        let nearest_lobe = body.lobes.map(|lobe| lobe.as_dvec3() - middle);
        Self {
            middle,
            outlines: std::array::from_fn(|index| outline(index, landmarks[index], &skin)),
            lobes: nearest_lobe,
            landmarks,
        }
    }

    /// A point of the model at rest, from the head's middle.
    pub fn from_middle(&self, in_model: DVec3) -> DVec3 {
        in_model - self.middle
    }

    /// How landmark `index` at `at` moves when the head differs by one standard deviation in each way, metres.
    pub(super) fn mode(&self, index: usize, at: DVec3) -> [DVec3; MODES] {
        let [wide, high, deep] = grown(at);
        let jaw = jaw_share(index);
        let mm = |x: f64, y: f64, z: f64| DVec3::new(x, y, z) * 0.001;
        let side = at.x.signum();
        let among = |first: usize, last: usize| f64::from(u8::from((first..=last).contains(&index)));
        [
            wide,
            high,
            deep,
            // Brows.
            mm(0.0, 4.0, 0.0) * among(17, 26),
            // The jaw opens: chin and lower lip go down and back.
            mm(0.0, -7.0, -2.5) * jaw,
            // The nose stands out, tip first.
            mm(0.0, 0.0, 3.0) * nose_share(index),
            // The nose is longer.
            mm(0.0, -3.0, 0.0) * among(30, 35),
            // A wide jaw.
            DVec3::new(0.05 * at.x, 0.0, 0.0) * among(0, JAW - 1),
            // The mouth sits lower, and the chin with it in part.
            mm(0.0, -3.0, 0.0) * (among(48, 67) + 0.5 * among(6, 10)),
            // A smile: corners out.
            mm(3.0 * side, 1.0, -1.0)
                * (f64::from(u8::from(index == 48 || index == 54)) + 0.5 * corner_share(index)),
        ]
    }
}

/// One standard deviation of a head's width, height and depth, as shares: heads of one size differ by about
/// 5 % in each (Farkas 1994), and what they share is the distance's business.
const PROPORTIONS: DVec3 = DVec3::new(0.05, 0.05, 0.07);

/// How any point of the head moves with the head's width, height and depth.
pub(super) fn grown(at: DVec3) -> [DVec3; 3] {
    [
        DVec3::new(at.x * PROPORTIONS.x, 0.0, 0.0),
        DVec3::new(0.0, at.y * PROPORTIONS.y, 0.0),
        DVec3::new(0.0, 0.0, at.z * PROPORTIONS.z),
    ]
}

/// How much of the jaw's opening a landmark follows.
fn jaw_share(index: usize) -> f64 {
    match index {
        CHIN => 1.0,
        7 | 9 => 1.0,
        6 | 10 => 0.95,
        5 | 11 => 0.8,
        4 | 12 => 0.5,
        3 | 13 => 0.25,
        2 | 14 => 0.1,
        // Lower lip, outer and inner.
        55..=59 | 65..=67 => 0.9,
        48 | 54 | 60 | 64 => 0.35,
        _ => 0.0,
    }
}

/// How much of the nose's standing out a landmark follows.
fn nose_share(index: usize) -> f64 {
    match index {
        28 => 0.35,
        29 => 0.7,
        30 => 1.0,
        33 => 0.8,
        32 | 34 => 0.6,
        31 | 35 => 0.3,
        _ => 0.0,
    }
}

/// Landmarks beside the mouth's corners.
fn corner_share(index: usize) -> f64 {
    f64::from(u8::from(matches!(index, 49 | 53 | 55 | 59 | 60 | 64)))
}

/// How far apart people, networks and the model mark the same spot, metres, one standard deviation. Rest on
/// the definition of the spots: eye corners are points, a jaw landmark slides along the jaw.
pub(super) fn spread(index: usize) -> f64 {
    0.001
        * match index {
            0..=16 => 5.0,
            17..=26 => 3.5,
            27..=35 => 2.2,
            36..=47 => 1.8,
            _ => 2.5,
        }
}

fn outline(index: usize, at: DVec3, skin: &[DVec3]) -> Vec<DVec3> {
    if index == CHIN {
        return vec![at];
    }
    let side = at.x.signum();
    let on_row = |vertex: &&DVec3| {
        (vertex.y - at.y).abs() < ROW
            && vertex.x * side > CHEEK_FROM
            && vertex.z > at.z
            && vertex.x * side < at.x * side + 0.01
    };
    let mut row: Vec<DVec3> = skin.iter().filter(on_row).map(|vertex| vertex.with_y(at.y)).collect();
    row.push(at);
    row
}

impl HeadPoints {
    /// The landmark as it is seen by a camera that looks at a head turned so: jaw landmarks on the far side
    /// slide to the outline. `across` is the picture's x axis in the head's own frame.
    pub(super) fn seen(&self, index: usize, across: DVec3) -> DVec3 {
        let own = self.landmarks[index];
        if index >= JAW || !turns_away(own, across) {
            return own;
        }
        let side = own.x.signum();
        let reach = |point: &DVec3| point.dot(across) * side;
        let furthest = self.outlines[index].iter().max_by(|a, b| reach(a).total_cmp(&reach(b)));
        furthest.copied().unwrap_or(own)
    }

    /// How much a landmark says when the head is turned so, 0..=1: jaw landmarks that turn away say little,
    /// and nothing near profile.
    pub(super) fn say(&self, index: usize, across: DVec3) -> f64 {
        if index >= JAW {
            return 1.0;
        }
        let own = self.landmarks[index];
        let turned = across.z.abs();
        if turns_away(own, across) && index.abs_diff(CHIN) > 1 {
            (1.0 - turned / 0.85).clamp(0.02, 1.0)
        } else {
            (1.0 - 0.5 * turned).clamp(0.1, 1.0)
        }
    }
}

/// Whether a point's side of the head is the far one: the picture's x axis in the head's frame leans towards
/// the front on it.
fn turns_away(own: DVec3, across: DVec3) -> bool {
    own.x * across.z > 0.0
}

/// What the solver projects besides landmarks.
pub(super) fn shaped(at: DVec3, modes: &[DVec3], amounts: &[f64]) -> DVec3 {
    modes.iter().zip(amounts).fold(at, |sum, (mode, amount)| sum + *mode * *amount)
}

/// The picture's x axis in the head's frame, from the head's turn.
pub(super) fn across(turn: &glam::DMat3) -> DVec3 {
    turn.row(0)
}

/// Mean of landmarks, picture frame.
pub(super) fn mean(points: &[DVec2]) -> DVec2 {
    points.iter().sum::<DVec2>() / points.len().max(1) as f64
}

//! How a person sits before the camera: turn, framing, face, light, backdrop. Plain data.

use super::Person;
use super::person::Headwear;
use crate::project::Dice;
use crate::project::{CanvasSize, Ear, HeadAngles};
use crate::scene::Band;
use glam::DVec2;

/// One shot to be taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sitting {
    pub angles: HeadAngles,
    pub size: CanvasSize,
    pub framing: Framing,
    /// From camera to nose tip, metres, 0.5..=8; portraits are taken from 1.2 to 2.
    pub distance: f32,
    pub expression: Expression,
    /// How far the eyes look away from straight ahead of the head, degrees, to the picture's right and up.
    pub gaze_deg: (f32, f32),
    pub lighting: Lighting,
    pub backdrop: Backdrop,
    /// Chance details: strands, folds, backdrop, grain.
    pub seed: u64,
}

/// Where the face stands in the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Framing {
    /// The landmarks fill the band's rows; their middle lies in the picture's column `x`.
    Face { band: Band, x: f64 },
    /// The landmarks are `face_height` pixels high and a lobe (left or right; auto is left) lies at a point.
    Lobe { ear: Ear, at: DVec2, face_height: f64 },
}

impl Framing {
    /// Of the landmarks, pixels.
    pub fn face_height(&self) -> f64 {
        match *self {
            Self::Face { band, .. } => band.bottom - band.top,
            Self::Lobe { face_height, .. } => face_height,
        }
    }
}

/// Shares of full expressions, 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Expression {
    pub smile: f32,
    /// Lips apart.
    pub open: f32,
    pub brows_up: f32,
    pub squint: f32,
}

/// What lights the person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lighting {
    /// A big softbox, a fill card and a rim light. `side` > 0: the key stands at the picture's right, radians
    /// from the camera; `contrast` 0 even, 1 dramatic.
    Studio { side: f32, contrast: f32 },
    /// A window at the side, the room's own dim light.
    Window { side: f32, warm: f32 },
    /// Open sky and sun through haze.
    Outdoors { side: f32, sun: f32 },
}

/// What stands far behind, out of focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backdrop {
    Studio,
    Gradient,
    Interior,
    Foliage,
    Street,
}

impl Backdrop {
    pub const ALL: &[Self] = &[Self::Studio, Self::Gradient, Self::Interior, Self::Foliage, Self::Street];

    /// As a caption says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Studio => "a plain studio background",
            Self::Gradient => "a studio background with a soft gradient",
            Self::Interior => "a blurred interior",
            Self::Foliage => "blurred foliage",
            Self::Street => "a blurred street",
        }
    }
}

impl Lighting {
    /// As a caption says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Studio { contrast, .. } if contrast > 0.6 => "dramatic studio light",
            Self::Studio { .. } => "soft studio light",
            Self::Window { .. } => "window light",
            Self::Outdoors { sun, .. } if sun > 0.5 => "sunlight",
            Self::Outdoors { .. } => "daylight",
        }
    }
}

impl Sitting {
    /// A plausible sitting; callers that balance their data set the fields they balance.
    pub fn of(seed: u64, person: &Person, size: CanvasSize) -> Self {
        let mut dice = Dice::named(seed ^ person.id().rotate_left(32), 2);
        let yaw = dice.between(-80.0, 80.0);
        let (lighting, backdrop) = place(&mut dice);
        let height = f64::from(size.height);
        let face = f64::from(dice.between(0.25, 0.42));
        let middle = f64::from(dice.between(0.46, 0.52));
        let band = Band { top: height * (middle - face / 2.0), bottom: height * (middle + face / 2.0) };
        let covered = person.attributes().headwear == Headwear::Headscarf;
        let smile = if dice.chance(0.68) { dice.between(0.15, 0.8) } else { 0.0 };
        let apart = if dice.chance(0.12) { dice.between(0.05, 0.22) } else { 0.0 };
        Self {
            angles: HeadAngles {
                yaw_deg: f64::from(yaw),
                pitch_deg: f64::from(dice.spread() * 6.0),
                roll_deg: f64::from(dice.spread() * if covered { 3.0 } else { 5.0 }),
            },
            size,
            framing: Framing::Face { band, x: f64::from(size.width) / 2.0 },
            distance: dice.between(1.2, 2.2),
            expression: Expression {
                smile,
                open: apart,
                brows_up: (dice.spread() * 0.3).max(0.0),
                squint: 0.3 * smile,
            },
            gaze_deg: gaze(&mut dice, yaw),
            lighting,
            backdrop,
            seed,
        }
    }
}

/// Eyes turn towards the camera as far as they comfortably can, or look past it.
fn gaze(dice: &mut Dice, yaw_deg: f32) -> (f32, f32) {
    let towards = if dice.chance(0.75) { (-yaw_deg).clamp(-28.0, 28.0) } else { dice.spread() * 8.0 };
    (towards + dice.spread(), dice.spread() * 2.0)
}

fn place(dice: &mut Dice) -> (Lighting, Backdrop) {
    let side = dice.between(0.35, 1.1) * if dice.chance(0.5) { 1.0 } else { -1.0 };
    let studio = Lighting::Studio { side, contrast: dice.share().powf(0.7) };
    let window = Lighting::Window { side: side * 1.15, warm: dice.share() };
    let outdoors = Lighting::Outdoors { side, sun: dice.share() };
    match dice.weighted(&[
        (Backdrop::Studio, 1.2),
        (Backdrop::Gradient, 1.2),
        (Backdrop::Interior, 1.0),
        (Backdrop::Foliage, 1.0),
        (Backdrop::Street, 1.0),
    ]) {
        plain @ (Backdrop::Studio | Backdrop::Gradient) => (studio, plain),
        Backdrop::Interior => (window, Backdrop::Interior),
        outside => (outdoors, outside),
    }
}

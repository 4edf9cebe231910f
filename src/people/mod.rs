//! Portraits of people who never were, with everything about them known.
//!
//! Training needs pictures of women and men whose landmarks, lobes, depth and head pose are exact. Here they are
//! computed: identity from a small basis of shapes, skin, eyes, strands of hair, clothes, light and backdrop.
//! Nothing is random but by seed; the same sitting gives the same bytes at any number of threads. The room
//! refuses to know earrings, models and files.

mod backdrop;
mod canon;
mod cloth;
mod dressed;
mod eye;
mod figure;
mod film;
mod glasses;
mod hair;
mod light;
mod look;
mod noise;
mod person;
mod set;
mod shape;
mod sitting;
mod skin;

use crate::body::{BodyError, LANDMARKS, PosedBody, head_rotation};
use crate::project::{Ear, HeadAngles};
use crate::scene::Camera;
use canon::Canon;
use glam::{DVec2, Vec3};
use image::RgbImage;
pub use person::{
    Attributes, Beard, ClothColour, EyeColour, Glasses, HairColour, HairStyle, Headwear, MakeUp, Neckline,
    Person, SkinTone,
};
pub use sitting::{Backdrop, Expression, Framing, Lighting, Sitting};

/// Why no portrait was taken.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error("the shipped body of the rendered people cannot be used: {0}; install Adorn anew")]
    Body(#[from] BodyError),
    #[error("a sitting's {0} is out of range; see the documentation of Sitting")]
    Sitting(&'static str),
}

/// Everything that all portraits share, prepared once.
#[derive(Debug)]
pub struct People {
    canon: Canon,
}

/// A portrait and what is true of it. Canvas frame: pixels, y down, pixel centres at .5.
#[derive(Debug, Clone)]
pub struct Shot {
    /// Without any earring.
    pub picture: RgbImage,
    /// Camera z of the nearest surface, metres, row by row; hair counts where it covers half of the pixel or more;
    /// infinite for the backdrop.
    pub depth: Vec<f32>,
    /// How much of each pixel hair covers in front of everything else, 0..=255.
    pub hair_cover: Vec<u8>,
    /// iBUG order, hidden or not.
    pub landmarks: [DVec2; LANDMARKS],
    pub landmarks_in_world: [Vec3; LANDMARKS],
    /// First and last row of the landmarks.
    pub face_rows: (f64, f64),
    /// The subject's left and right.
    pub lobes: [Lobe; 2],
    /// Against the line of sight to the middle of the eyes: from near by not quite what was asked.
    pub angles: HeadAngles,
    pub camera: Camera,
    pub light: Light,
}

/// Where an earring hangs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lobe {
    pub in_canvas: DVec2,
    pub in_world: Vec3,
    /// Camera z, metres.
    pub depth: f32,
    /// Scale at the lobe.
    pub px_per_mm: f64,
    /// Away from the head, unit, world frame.
    pub outward: Vec3,
    /// Nothing stands before it: it lies in the picture, and neither head nor hair nor cloth hides it.
    pub visible: bool,
}

/// The light on the person, for what is added to the picture; linear colours at the picture's exposure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Light {
    /// Towards the key light, unit, world frame.
    pub key_direction: Vec3,
    /// Irradiance of a surface that faces the key light, over pi.
    pub key: Vec3,
    /// Likewise from above and from below.
    pub sky: Vec3,
    pub ground: Vec3,
}

impl People {
    pub fn new() -> Result<Self, PeopleError> {
        Ok(Self { canon: Canon::new()? })
    }

    /// Takes a portrait.
    pub fn shoot(&self, person: &Person, sitting: &Sitting) -> Result<Shot, PeopleError> {
        check(sitting)?;
        let canon = &self.canon;
        let shape = shape::shape(&canon.body, person);
        let expression = shape::expression(&canon.body, sitting.expression, sitting.gaze_deg.1);
        let body = canon.body.pose(sitting.angles, &shape, &expression);
        let camera = framed(&body, sitting);
        let exposed = set::expose(canon, person, sitting, &body, &camera);
        Ok(truth(&body, camera, sitting, exposed))
    }
}

/// Refuses what no camera could take.
fn check(sitting: &Sitting) -> Result<(), PeopleError> {
    let Sitting { angles, size, distance, .. } = sitting;
    let sides = 16..=8192;
    if !sides.contains(&size.width) || !sides.contains(&size.height) {
        return Err(PeopleError::Sitting("size"));
    }
    if !(0.5..=8.0).contains(distance) {
        return Err(PeopleError::Sitting("distance"));
    }
    let turns = [angles.yaw_deg, angles.pitch_deg, angles.roll_deg];
    if !turns.iter().all(|turn| turn.abs() <= 120.0) {
        return Err(PeopleError::Sitting("angle"));
    }
    let placed = match sitting.framing {
        Framing::Face { band, x } => band.top.is_finite() && x.is_finite(),
        Framing::Lobe { at, .. } => at.is_finite(),
    };
    if !placed || !(4.0..=20_000.0).contains(&sitting.framing.face_height()) {
        return Err(PeopleError::Sitting("framing"));
    }
    Ok(())
}

/// The camera that shows the face where the sitting wants it.
fn framed(body: &PosedBody, sitting: &Sitting) -> Camera {
    let mut camera = Camera::portrait(body, sitting.size, sitting.framing.face_height(), sitting.distance);
    let (low, high) = camera.landmark_box(body);
    camera.centre += match sitting.framing {
        Framing::Face { band, x } => DVec2::new(x - f64::midpoint(low.x, high.x), band.top - low.y),
        Framing::Lobe { ear, at, .. } => at - camera.project(body.lobes[usize::from(ear == Ear::Right)]).0,
    };
    camera
}

/// The portrait with what is known of it.
fn truth(body: &PosedBody, camera: Camera, sitting: &Sitting, exposed: set::Exposed) -> Shot {
    let set::Exposed { picture, depth, hair_cover, light } = exposed;
    let (low, high) = camera.landmark_box(body);
    let turn = head_rotation(sitting.angles);
    let lobes = [0, 1].map(|side| {
        let in_world = body.lobes[side];
        let (in_canvas, at_depth) = camera.project(in_world);
        let inside = in_canvas.cmpge(DVec2::ZERO).all()
            && in_canvas.x < f64::from(camera.width)
            && in_canvas.y < f64::from(camera.height);
        let nearest = if inside {
            depth[in_canvas.y as usize * camera.width as usize + in_canvas.x as usize]
        } else {
            0.0
        };
        Lobe {
            in_canvas,
            in_world,
            depth: at_depth,
            px_per_mm: camera.focal.y / f64::from(at_depth) / 1000.0,
            outward: (turn.x_axis * if side == 0 { 1.0 } else { -1.0 }).as_vec3(),
            visible: inside && nearest > at_depth - 0.006,
        }
    });
    Shot {
        picture,
        depth,
        hair_cover,
        landmarks: body.landmarks.map(|landmark| camera.project(landmark).0),
        landmarks_in_world: body.landmarks,
        face_rows: (low.y, high.y),
        lobes,
        angles: camera.angles_seen(body.eyes_middle(), turn),
        camera,
        light,
    }
}

#[cfg(test)]
mod tests;

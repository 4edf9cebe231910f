//! One photographed person, ready to be turned.

use super::ear::lobe_of;
use super::light::light_of;
use super::relief::{Fitted, Head, Relief};
use super::skin::Skin;
use crate::body::LANDMARKS;
use crate::people::Light;
use crate::picture::{painted_out, resize_rgb};
use crate::project::HeadAngles;
use crate::scene::Camera;
use crate::vision::{EarState, Eyes, HeadPoints, Trust, VisionError, find_earrings, look_at_head};
use glam::{DVec2, Mat3};
use image::RgbImage;
use std::convert::Infallible;

/// Photos are kept no larger than this, pixels.
const LONGEST_SIDE: u32 = 1024;

/// Lower faces make no picture, pixels of the kept photo.
const LOWEST_FACE: f64 = 110.0;

/// Why a photo cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NoSitter {
    #[error("no face is found")]
    NoFace,
    #[error("the face is only {0:.0} pixels high and needs {LOWEST_FACE}")]
    Low(f64),
    #[error("the head's pose is uncertain")]
    Unsure,
    #[error("no bare earlobe is seen")]
    NoLobe,
    #[error(transparent)]
    Vision(#[from] VisionError),
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Sitter {
    /// The photo without earrings, and each time half as large.
    pub(super) photos: Vec<RgbImage>,
    pub(super) relief: Relief,
    /// Of each node of the relief: 1 where the photo shows skin.
    pub(super) skin: Vec<f32>,
    /// The subject's left and right lobe where it is bare, photo frame.
    pub(super) lobes: [Option<DVec2>; 2],
    pub(super) landmarks: [DVec2; LANDMARKS],
    pub(super) turn: Mat3,
    pub(super) angles: HeadAngles,
    pub(super) camera: Camera,
    pub(super) light: Light,
}

impl Sitter {
    /// Looks at a photo.
    pub(super) fn of(
        eyes: &Eyes,
        points: &HeadPoints,
        head: &Head,
        photo: RgbImage,
    ) -> Result<Self, NoSitter> {
        let photo = small(photo);
        let fit = look_at_head(eyes, points, &photo, &eyes.faces(&photo)?, None)?.ok_or(NoSitter::NoFace)?;
        let rows = fit.face_rows.1 - fit.face_rows.0;
        if rows < LOWEST_FACE {
            return Err(NoSitter::Low(rows));
        }
        if fit.trust < Trust::Good {
            return Err(NoSitter::Unsure);
        }
        let ears = find_earrings(&photo, &fit);
        let worn: Vec<_> = ears.iter().filter(|ear| ear.state == EarState::Earring).collect();
        let strokes: Vec<_> = worn.iter().flat_map(|ear| ear.strokes.iter().cloned()).collect();
        let Ok(photo) = painted_out(&photo, &strokes, || Ok::<(), Infallible>(()));
        let fitted = Fitted::new(head, &fit, photo.dimensions());
        let relief = Relief::of(&fitted);
        let skin = Skin::of(&photo, &fitted);
        let lobes = [0, 1].map(|ear| {
            let usable = matches!(ears[ear].state, EarState::Bare | EarState::Earring);
            let outward = if ear == 0 { 1.0 } else { -1.0 };
            let px_per_mm = fit.placing.scale / 1000.0;
            let lobe = || lobe_of(&photo, &skin, fit.lobes_in_picture[ear], px_per_mm, outward);
            usable.then(lobe).flatten()
        });
        if lobes == [None, None] {
            return Err(NoSitter::NoLobe);
        }
        Ok(Self {
            skin: (0..relief.nodes()).map(|node| skin.at(&photo, relief.place(node))).collect(),
            light: light_of(&photo, &fitted),
            photos: halved(photo),
            lobes,
            landmarks: fit.landmarks.0,
            turn: fitted.turn,
            angles: fit.angles,
            camera: fitted.camera,
            relief,
        })
    }

    /// Yaw of the head in the photo, degrees.
    pub fn yaw_deg(&self) -> f64 {
        self.angles.yaw_deg
    }

    /// Which ears have bare lobes: the subject's left and right.
    pub fn bare(&self) -> [bool; 2] {
        self.lobes.map(|lobe| lobe.is_some())
    }
}

/// No larger than photos are kept.
fn small(photo: RgbImage) -> RgbImage {
    let (width, height) = photo.dimensions();
    let scale = f64::from(LONGEST_SIDE) / f64::from(width.max(height));
    if scale >= 1.0 {
        return photo;
    }
    let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    resize_rgb(&photo, side(width), side(height))
}

/// The picture and its halves, down to where nothing is left to see.
fn halved(photo: RgbImage) -> Vec<RgbImage> {
    let mut photos = vec![photo];
    while let Some(last) = photos.last().filter(|last| last.width().min(last.height()) >= 128) {
        let half = resize_rgb(last, last.width() / 2, last.height() / 2);
        photos.push(half);
    }
    photos
}

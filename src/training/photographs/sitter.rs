//! One photographed person, ready to be turned.

use super::ear::lobe_of;
use super::light::light_of;
use super::relief::{Fitted, Head, Relief, mirrored};
use super::skin::Skin;
use crate::body::head_angles;
use crate::people::Light;
use crate::picture::{painted_out, resize_rgb};
use crate::project::HeadAngles;
use crate::scene::Camera;
use crate::vision::{
    EarState, Eyes, FaceLandmarks, HeadPoints, Trust, VisionError, find_earrings, look_at_head,
};
use glam::{DMat3, DVec2, DVec3, Vec3};
use image::RgbImage;
use image::imageops::flip_horizontal;
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
    /// The subject's left and right lobe, photo frame: where it is bare, found; otherwise where the fit expects it.
    pub(super) lobes: [DVec2; 2],
    bare: [bool; 2],
    pub(super) landmarks: FaceLandmarks,
    pub(super) turn: DMat3,
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
        // What may be an earring goes too, but that ear wears no other.
        let strokes: Vec<_> = ears.iter().flat_map(|ear| ear.strokes.iter().cloned()).collect();
        let Ok(photo) = painted_out(&photo, &strokes, || Ok::<(), Infallible>(()));
        let fitted = Fitted::new(head, &fit, photo.dimensions());
        let relief = Relief::of(&fitted);
        let skin = Skin::of(&photo, &fitted);
        let found = [0, 1].map(|ear| {
            let usable = matches!(ears[ear].state, EarState::Bare | EarState::Earring);
            let outward = if ear == 0 { 1.0 } else { -1.0 };
            let px_per_mm = fit.placing.scale / 1000.0;
            let lobe = || lobe_of(&photo, &skin, fit.lobes_in_picture[ear], px_per_mm, outward);
            usable.then(lobe).flatten()
        });
        if found == [None, None] {
            return Err(NoSitter::NoLobe);
        }
        Ok(Self {
            skin: (0..relief.nodes()).map(|node| skin.at(&photo, relief.place(node))).collect(),
            light: light_of(&photo, &fitted),
            photos: halved(photo),
            lobes: [0, 1].map(|ear| found[ear].unwrap_or(fit.lobes_in_picture[ear])),
            bare: found.map(|lobe| lobe.is_some()),
            landmarks: fit.landmarks,
            turn: fit.placing.turn,
            camera: fitted.camera,
            relief,
        })
    }

    /// How the head is turned in the photo.
    pub fn angles(&self) -> HeadAngles {
        head_angles(self.turn)
    }

    /// Which ears have bare lobes: the subject's left and right.
    pub fn bare(&self) -> [bool; 2] {
        self.bare
    }

    /// The person of the mirrored photo: another one, whose left is this one's right.
    pub fn mirrored(&self) -> Self {
        let width = self.camera.width;
        let lobe = |ear: usize| DVec2::new(f64::from(width) - self.lobes[ear].x, self.lobes[ear].y);
        let across = DMat3::from_diagonal(DVec3::new(-1.0, 1.0, 1.0));
        let key_direction = self.light.key_direction * Vec3::new(-1.0, 1.0, 1.0);
        Self {
            photos: self.photos.iter().map(flip_horizontal).collect(),
            relief: self.relief.mirrored(),
            skin: self.relief.rows_mirrored(&self.skin),
            lobes: [lobe(1), lobe(0)],
            bare: [self.bare[1], self.bare[0]],
            landmarks: self.landmarks.mirrored(width),
            turn: across * self.turn * across,
            camera: mirrored(self.camera),
            light: Light { key_direction, ..self.light },
        }
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

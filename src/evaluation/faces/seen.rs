//! Everything that is measured on one picture.

use super::change::{CHANGES, Change};
use super::sheet;
use crate::picture::resize_rgb;
use crate::vision::{Eyes, FaceBox, FaceDescriptor, FaceLandmarks, VisionError};
use image::imageops::{crop_imm, replace};
use image::{Rgb, RgbImage};
use std::time::{Duration, Instant};

/// Heights of small faces' boxes in a picture of [`CANVAS`] pixels.
pub(super) const SMALL: [u32; 5] = [160, 80, 48, 32, 20];

/// Side of the picture that small faces are looked for in.
const CANVAS: u32 = 1024;

/// A box counts as the face's when it shares this much of the union with where the face is.
const THERE: f64 = 0.3;

/// What was seen of one picture.
pub(super) struct Seen {
    /// Faces that one look finds, and all looks together.
    pub(super) at_once: usize,
    pub(super) found: usize,
    /// Finder, landmarks, descriptor.
    pub(super) times: [Duration; 3],
    pub(super) face: Option<Face>,
    /// Whether the small faces were found, by one look and by all looks.
    pub(super) small: [[bool; 2]; SMALL.len()],
    /// Faces seen in the part of the picture below the face, by one look and by all looks; none: there is no
    /// such part.
    pub(super) imagined: Option<[usize; 2]>,
    pub(super) tile: RgbImage,
}

/// The largest face.
pub(super) struct Face {
    pub(super) descriptor: FaceDescriptor,
    pub(super) changed: Vec<Option<Changed>>,
}

/// The same face in a changed picture.
pub(super) struct Changed {
    /// Mean distance of landmarks, percent of the face's height.
    pub(super) jitter: f64,
    /// Between the two descriptors.
    pub(super) distance: f32,
}

pub(super) fn see(eyes: &Eyes, picture: &RgbImage) -> Result<Seen, VisionError> {
    let at_once = eyes.faces_at_once(picture)?.len();
    let start = Instant::now();
    let found = eyes.faces(picture)?;
    let mut times = [start.elapsed(), Duration::ZERO, Duration::ZERO];
    let Some(frame) = largest(&found) else {
        let tile = sheet::tile(picture, None);
        return Ok(Seen {
            at_once,
            found: 0,
            times,
            face: None,
            small: Default::default(),
            imagined: None,
            tile,
        });
    };
    let start = Instant::now();
    let landmarks = eyes.landmarks(picture, &frame)?;
    times[1] = start.elapsed();
    let start = Instant::now();
    let descriptor = eyes.descriptor_of(picture, &landmarks)?;
    times[2] = start.elapsed();
    let changed = CHANGES.iter().map(|change| changed(eyes, picture, &landmarks, &descriptor, *change));
    Ok(Seen {
        at_once,
        found: found.len(),
        times,
        face: Some(Face { descriptor, changed: changed.collect::<Result<_, _>>()? }),
        small: small(eyes, picture, &frame)?,
        imagined: imagined(eyes, picture, &landmarks)?,
        tile: sheet::tile(picture, Some((&frame, &landmarks))),
    })
}

pub(super) fn largest(faces: &[FaceBox]) -> Option<FaceBox> {
    faces.iter().copied().max_by(|a, b| (a.width * a.height).total_cmp(&(b.width * b.height)))
}

fn changed(
    eyes: &Eyes,
    picture: &RgbImage,
    landmarks: &FaceLandmarks,
    descriptor: &FaceDescriptor,
    change: Change,
) -> Result<Option<Changed>, VisionError> {
    let other = change.apply(picture);
    let Some(frame) = largest(&eyes.faces(&other)?) else { return Ok(None) };
    let seen = eyes.landmarks(&other, &frame)?;
    let back = change.back(&seen, picture);
    let (top, bottom) = landmarks.rows();
    let apart: f64 = landmarks.0.iter().zip(&back.0).map(|(own, other)| own.distance(*other)).sum();
    let jitter = 100.0 * apart / landmarks.0.len() as f64 / (bottom - top);
    let distance = eyes.descriptor_of(&other, &seen)?.distance(descriptor);
    Ok(Some(Changed { jitter, distance }))
}

/// The picture shrunk until its face is small, on grey, away from the middle.
fn small(eyes: &Eyes, picture: &RgbImage, face: &FaceBox) -> Result<[[bool; 2]; SMALL.len()], VisionError> {
    let mut found = [[false; 2]; SMALL.len()];
    for (found, height) in found.iter_mut().zip(SMALL) {
        let scale = f64::from(height) / face.height;
        let side = |length: u32| (f64::from(length) * scale).round().clamp(1.0, f64::from(CANVAS)) as u32;
        let tiny = resize_rgb(picture, side(picture.width()), side(picture.height()));
        let mut canvas = RgbImage::from_pixel(CANVAS, CANVAS, Rgb([128; 3]));
        let (left, top) = ((CANVAS - tiny.width()) * 7 / 10, (CANVAS - tiny.height()) * 3 / 10);
        replace(&mut canvas, &tiny, i64::from(left), i64::from(top));
        let there = FaceBox {
            left: f64::from(left) + face.left * scale,
            top: f64::from(top) + face.top * scale,
            width: face.width * scale,
            height: face.height * scale,
            score: 1.0,
        };
        let hit = |faces: &[FaceBox]| faces.iter().any(|face| face.overlap(&there) > THERE);
        *found = [hit(&eyes.faces_at_once(&canvas)?), hit(&eyes.faces(&canvas)?)];
    }
    Ok(found)
}

/// Shoulders and chest have no face.
fn imagined(
    eyes: &Eyes,
    picture: &RgbImage,
    landmarks: &FaceLandmarks,
) -> Result<Option<[usize; 2]>, VisionError> {
    let (top, bottom) = landmarks.rows();
    let from = (bottom + (bottom - top) * 0.25).max(0.0) as u32;
    let rest = picture.height().saturating_sub(from);
    if rest < picture.height() / 5 {
        return Ok(None);
    }
    let chest = crop_imm(picture, 0, from, picture.width(), rest).to_image();
    Ok(Some([eyes.faces_at_once(&chest)?.len(), eyes.faces(&chest)?.len()]))
}

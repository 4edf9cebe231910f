//! The light of a photo, guessed from the face in it: a Lambertian head under one lamp and an even rest.

use super::relief::Fitted;
use crate::people::Light;
use crate::picture::Linear;
use glam::{DMat4, DVec4, Vec3, vec3};
use image::RgbImage;

/// The part of the face that is read, head frame from its middle, metres: no hair, no neck.
const WIDE: f32 = 0.058;
const HIGH: (f32, f32) = (-0.085, 0.035);

/// Skin that looks further away from the camera is not read.
const FACING: f32 = 0.3;

/// Where nothing can be told the lamp stands above the camera, a little to its right.
const USUAL: Vec3 = vec3(0.35, 0.55, 0.76);

/// A lamp behind the person leaves no trace in a face.
const IN_FRONT: f32 = 0.3;

/// Of a photo's brightness, the share that is brighter than white under its light.
const BRIGHTEST: f64 = 0.04;

/// The light on a photographed head, linear colours at the photo's exposure.
pub(super) fn light_of(photo: &RgbImage, fitted: &Fitted<'_>) -> Light {
    let (mut normal_matrix, mut right) = (DMat4::ZERO, DVec4::ZERO);
    let (mut mean, mut count) = (0.0, 0.0);
    for (at_rest, at, normal) in fitted.skin() {
        let read = at_rest.x.abs() < WIDE && (HIGH.0..HIGH.1).contains(&at_rest.y) && normal.z > FACING;
        let Some(brightness) = read.then(|| brightness_at(photo, fitted, at)).flatten() else { continue };
        let known = normal.extend(1.0).as_dvec4();
        normal_matrix += DMat4::from_cols(known * known.x, known * known.y, known * known.z, known * known.w);
        right += known * brightness;
        mean += brightness;
        count += 1.0;
    }
    if count < 40.0 || normal_matrix.determinant().abs() < 1e-9 {
        return lit(USUAL, 0.5, 0.5, white(photo));
    }
    mean /= count;
    let lambert = normal_matrix.inverse() * right;
    let towards = lambert.truncate().as_vec3();
    let key = f64::from(towards.length());
    let direction = towards.try_normalize().unwrap_or(USUAL);
    let direction = direction.with_z(direction.z.max(IN_FRONT)).normalize();
    let even = lambert.w.max(0.2 * mean);
    lit(direction, key / (key + even), even / (key + even), white(photo))
}

/// Shares of a white card's brightness under lamp and even light.
fn lit(key_direction: Vec3, key: f64, even: f64, white: f64) -> Light {
    let grey = |share: f64| Vec3::splat((share * white) as f32);
    Light { key_direction, key: grey(key), sky: grey(1.1 * even), ground: grey(0.85 * even) }
}

fn brightness_at(photo: &RgbImage, fitted: &Fitted<'_>, at: Vec3) -> Option<f64> {
    let (place, _) = fitted.camera.project(at);
    let inside = place.x >= 0.0 && place.y >= 0.0;
    let pixel = inside.then(|| photo.get_pixel_checked(place.x as u32, place.y as u32)).flatten()?;
    Some(luminance(&Linear::new(), pixel.0))
}

/// How bright a white card would be: what only the photo's brightest parts are beyond.
fn white(photo: &RgbImage) -> f64 {
    let linear = Linear::new();
    let mut values: Vec<f64> = photo.pixels().step_by(61).map(|pixel| luminance(&linear, pixel.0)).collect();
    let place = (values.len() as f64 * (1.0 - BRIGHTEST)) as usize;
    let place = place.min(values.len().saturating_sub(1));
    if values.is_empty() {
        return 0.8;
    }
    values.select_nth_unstable_by(place, f64::total_cmp).1.clamp(0.45, 0.95)
}

fn luminance(linear: &Linear, codes: [u8; 3]) -> f64 {
    let [red, green, blue] = codes.map(|code| f64::from(linear.decode(code)));
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

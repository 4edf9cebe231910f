//! The colour of one face's skin.

use super::relief::{Fitted, smooth};
use crate::picture::Lab;
use glam::{DVec2, Vec3, vec3};
use image::RgbImage;

/// The colour of the face's skin.
pub(super) struct Skin {
    /// CIELAB.
    middle: Vec3,
}

/// How far skin of one face is from its middle, CIELAB; shades differ more than hues.
const SPREAD: Vec3 = vec3(26.0, 6.5, 7.0);

impl Skin {
    /// The median of the cheeks.
    pub(super) fn of(photo: &RgbImage, fitted: &Fitted<'_>) -> Self {
        let cheek = |at: Vec3| (0.02..0.05).contains(&at.x.abs()) && (-0.055..-0.015).contains(&at.y);
        let colours: Vec<Vec3> = fitted
            .skin()
            .filter(|(at_rest, _, normal)| cheek(*at_rest) && normal.z > 0.4)
            .filter_map(|(_, at, _)| colour(photo, fitted.camera.project(at).0))
            .collect();
        let median = |channel: usize| {
            let mut values: Vec<f32> = colours.iter().map(|colour| colour[channel]).collect();
            let middle = values.len() / 2;
            if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(middle, f32::total_cmp).1 }
        };
        Self { middle: vec3(median(0), median(1), median(2)) }
    }

    /// 1 for this skin, 0 for what surely is none.
    fn like(&self, colour: Vec3) -> f32 {
        smooth((2.3 - ((colour - self.middle) / SPREAD).length()) / 1.0)
    }

    pub(super) fn at(&self, photo: &RgbImage, place: DVec2) -> f32 {
        colour(photo, place).map_or(0.0, |colour| self.like(colour))
    }
}

fn colour(photo: &RgbImage, place: DVec2) -> Option<Vec3> {
    let inside = place.x >= 0.0 && place.y >= 0.0;
    let pixel = inside.then(|| photo.get_pixel_checked(place.x as u32, place.y as u32)).flatten()?;
    let Lab { l, a, b } = Lab::of(pixel.0);
    Some(vec3(l as f32, a as f32, b as f32))
}

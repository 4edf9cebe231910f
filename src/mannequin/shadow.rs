//! The earring's shadow on the skin, from its matte alone.
//!
//! The earring is taken for a flat thing that hangs at the lobe's depth. From a point of skin behind it a ray
//! runs to the key light; where it passes the earring's plane, the matte, blurred as wide as the light has
//! spread by then, says how much is hidden. Close to the lobe that is a crisp contact, further down the neck
//! a soft cloud. It only ever darkens.

use crate::picture::Planes;
use crate::project::Ear;
use crate::scene::{Camera, Scene};
use glam::{DVec2, Vec2, Vec3};

/// Blur radii of the matte, metres at the lobe's depth.
const RADII: [f32; 3] = [0.0007, 0.0022, 0.007];
/// How fast the key light's penumbra widens with distance.
const SPREAD: f32 = 0.12;
/// Part of the key light that a wholly hidden point loses.
const DEPTH_OF_SHADOW: f32 = 0.90;
/// Part of all light lost right beside the earring where it touches the skin.
const CONTACT: f32 = 0.36;
/// Skin further than this from the earring's plane has no contact with it, metres.
const CONTACT_REACH: f32 = 0.022;

/// The earring as something that hides light.
#[derive(Debug)]
pub(super) struct EarringShadow {
    /// The matte, blurred by [`RADII`]; none without an earring.
    blurred: Option<[Map; 3]>,
    camera: Camera,
    /// Depth of the earring's plane, metres.
    plane: f32,
    /// Towards the key light, camera frame.
    light: Vec3,
}

impl EarringShadow {
    /// `matte` is `[1, H, W]` in the camera's frame, `light` points to the key light in the camera frame.
    pub(super) fn new(matte: &Planes, scene: &Scene, camera: Camera, light: Vec3) -> Self {
        let lobe = scene.body.lobes[usize::from(scene.ear == Ear::Right)];
        let plane = scene.camera.camera_from_world(lobe).z;
        let [_, height, width] = matte.shape();
        let any = matte.data().iter().any(|value| *value > 0.0);
        let blurred = (any && plane > 0.0 && width > 0).then(|| {
            let sharp = Map { width, height, values: matte.channel(0).to_vec() };
            let metre = camera.focal.y as f32 / plane;
            let small = sharp.blurred(RADII[0] * metre);
            let middle = small.blurred(RADII[1] * metre);
            let wide = middle.blurred(RADII[2] * metre);
            [small, middle, wide]
        });
        Self { blurred, camera, plane, light }
    }

    /// What is left of the key light, and of all light, at a point of skin (camera frame), 0..=1.
    pub(super) fn at(&self, point: Vec3) -> (f32, f32) {
        let Some(maps) = &self.blurred else { return (1.0, 1.0) };
        let behind = point.z - self.plane;
        let contact = (1.0 - behind.abs() / CONTACT_REACH).max(0.0);
        let touched = 1.0 - CONTACT * contact * maps[1].at(self.pixel(point + Vec3::NEG_Y * 0.0022));
        // The light stands in front, so its z is negative.
        let reach = -behind / self.light.z;
        if reach <= 0.0 || self.light.z >= 0.0 {
            return (1.0, touched);
        }
        let place = self.pixel(point + self.light * reach);
        let width = (reach * SPREAD).max(RADII[0]);
        let hidden = if width < RADII[1] {
            let share = (width - RADII[0]) / (RADII[1] - RADII[0]);
            maps[0].at(place) * (1.0 - share) + maps[1].at(place) * share
        } else {
            let share = ((width - RADII[1]) / (RADII[2] - RADII[1])).min(1.0);
            maps[1].at(place) * (1.0 - share) + maps[2].at(place) * share
        };
        // Far behind, the light comes round the earring from all sides.
        let near = 1.0 / (1.0 + (width / RADII[2]).powi(2));
        (1.0 - DEPTH_OF_SHADOW * hidden * near, touched)
    }

    fn pixel(&self, point: Vec3) -> Vec2 {
        let across = DVec2::new(f64::from(point.x), f64::from(point.y)) / f64::from(point.z);
        (self.camera.focal * across + self.camera.centre).as_vec2()
    }
}

/// A plane of floats.
#[derive(Debug, Clone)]
struct Map {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Map {
    /// Three box blurs along each axis: nearly a Gaussian of about this radius, pixels.
    fn blurred(&self, radius: f32) -> Self {
        let reach = radius.round().max(0.0) as usize;
        let mut map = self.clone();
        for _ in 0..3 {
            map = map.box_rows(reach).box_columns(reach);
        }
        map
    }

    /// The mean of `2 reach + 1` values along each row; outside is empty.
    fn box_rows(&self, reach: usize) -> Self {
        let mut values = vec![0.0; self.values.len()];
        let share = 1.0 / (2 * reach + 1) as f32;
        for (from, to) in self.values.chunks_exact(self.width).zip(values.chunks_exact_mut(self.width)) {
            let mut sum: f32 = from.iter().take(reach).sum();
            for (index, mean) in to.iter_mut().enumerate() {
                sum += from.get(index + reach).copied().unwrap_or(0.0);
                *mean = sum * share;
                sum -= index.checked_sub(reach).map_or(0.0, |left| from[left]);
            }
        }
        Self { values, ..*self }
    }

    /// Likewise along each column.
    fn box_columns(&self, reach: usize) -> Self {
        let share = 1.0 / (2 * reach + 1) as f32;
        let row = |index: usize| &self.values[index * self.width..(index + 1) * self.width];
        let mut values = Vec::with_capacity(self.values.len());
        let mut sums = vec![0.0; self.width];
        let add = |index: usize, sign: f32, sums: &mut Vec<f32>| {
            if index < self.height {
                sums.iter_mut().zip(row(index)).for_each(|(sum, value)| *sum += sign * value);
            }
        };
        (0..reach).for_each(|index| add(index, 1.0, &mut sums));
        for index in 0..self.height {
            add(index + reach, 1.0, &mut sums);
            values.extend(sums.iter().map(|sum| sum * share));
            add(index.checked_sub(reach).unwrap_or(self.height), -1.0, &mut sums);
        }
        Self { values, ..*self }
    }

    /// Bilinear, 0 outside.
    fn at(&self, place: Vec2) -> f32 {
        let size = Vec2::new(self.width as f32, self.height as f32);
        // NaN is nowhere.
        if !(place.cmpgt(Vec2::NEG_ONE) & place.cmplt(size + 1.0)).all() {
            return 0.0;
        }
        let corner = (place - 0.5).floor();
        let share = place - 0.5 - corner;
        let value = |dx: i64, dy: i64| {
            let (x, y) = (corner.x as i64 + dx, corner.y as i64 + dy);
            let inside = x >= 0 && y >= 0 && (x as usize) < self.width && (y as usize) < self.height;
            if inside { self.values[y as usize * self.width + x as usize] } else { 0.0 }
        };
        let upper = value(0, 0) * (1.0 - share.x) + value(1, 0) * share.x;
        let lower = value(0, 1) * (1.0 - share.x) + value(1, 1) * share.x;
        upper * (1.0 - share.y) + lower * share.y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blur_keeps_the_mass_and_the_middle() {
        let mut map = Map { width: 41, height: 31, values: vec![0.0; 41 * 31] };
        map.values[15 * 41 + 20] = 1.0;
        let blurred = map.blurred(3.0);
        assert!((blurred.values.iter().sum::<f32>() - 1.0).abs() < 1e-3);
        let highest = blurred.values.iter().copied().fold(0.0, f32::max);
        assert_eq!(blurred.values[15 * 41 + 20], highest);
        assert!((blurred.values[15 * 41 + 24] - blurred.values[19 * 41 + 20]).abs() < 1e-6);
    }

    #[test]
    fn a_blur_wider_than_the_plane_stays_inside_it() {
        let map = Map { width: 4, height: 3, values: vec![1.0; 12] };
        assert!(map.blurred(50.0).values.iter().all(|value| (0.0..=1.0).contains(value)));
    }

    #[test]
    fn maps_are_empty_outside() {
        let map = Map { width: 2, height: 2, values: vec![1.0; 4] };
        assert_eq!(map.at(Vec2::new(1.0, 1.0)), 1.0);
        assert_eq!(map.at(Vec2::new(-5.0, 1.0)), 0.0);
        assert_eq!(map.at(Vec2::new(f32::NAN, 1e30)), 0.0);
    }
}

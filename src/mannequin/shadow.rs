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
            map = map.box_rows(reach).transposed();
            map = map.box_rows(reach).transposed();
        }
        map
    }

    /// The mean of `2 reach + 1` values along each row; outside is empty.
    fn box_rows(&self, reach: usize) -> Self {
        let mut values = vec![0.0; self.values.len()];
        let share = 1.0 / (2 * reach + 1) as f32;
        for (from, to) in self.values.chunks_exact(self.width).zip(values.chunks_exact_mut(self.width)) {
            let mut sum: f32 = from.iter().take(reach).sum();
            for index in 0..self.width {
                sum += from.get(index + reach).copied().unwrap_or(0.0);
                to[index] = sum * share;
                sum -= index.checked_sub(reach).map_or(0.0, |left| from[left]);
            }
        }
        Self { values, ..*self }
    }

    fn transposed(&self) -> Self {
        let mut values = vec![0.0; self.values.len()];
        for (row, line) in self.values.chunks_exact(self.width).enumerate() {
            for (column, value) in line.iter().enumerate() {
                values[column * self.height + row] = *value;
            }
        }
        Self { width: self.height, height: self.width, values }
    }

    /// Bilinear, 0 outside.
    fn at(&self, place: Vec2) -> f32 {
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

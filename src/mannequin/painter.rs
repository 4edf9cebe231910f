//! From fragments to a pixel: figure before wall, light to sRGB.

use super::Wall;
use super::figure::Figure;
use super::material::{SkinPoint, Stuff, shade};
use super::shadow::EarringShadow;
use super::studio::{Studio, backdrop};
use crate::picture::{Planes, encoded};
use crate::render::Mesh;
use crate::render::surface::Fragment;
use crate::scene::{Camera, Scene};
use glam::{Vec2, Vec3};

/// Linear light above this is rolled off towards white instead of cut.
const SHOULDER: f32 = 0.70;

/// All that one picture's pixels are painted from.
pub(super) struct Painter<'a, S> {
    figure: &'a Figure<'a>,
    mesh: Mesh<'a>,
    camera: Camera,
    studio: Studio,
    shadow: EarringShadow,
    wall: Wall,
    stuff: S,
}

impl<'a, S: Fn(&Fragment) -> Stuff> Painter<'a, S> {
    /// `stuff` tells what the figure is made of at a fragment; `matte` is the earring's, in the camera's frame.
    pub(super) fn new(
        figure: &'a Figure<'a>,
        scene: &Scene,
        camera: Camera,
        matte: &Planes,
        stuff: S,
    ) -> Self {
        let studio = Studio::new(scene);
        let shadow = EarringShadow::new(matte, scene, camera, studio.key.direction);
        Self { figure, mesh: figure.mesh(), camera, studio, shadow, wall: Wall::Lit, stuff }
    }

    /// The same with other lights; the figure must have been made ready for them.
    pub(super) fn lit_by(self, studio: Studio) -> Self {
        Self { studio, ..self }
    }

    /// The same before another wall.
    pub(super) fn before(self, wall: Wall) -> Self {
        Self { wall, ..self }
    }

    /// 8-bit sRGB of a pixel.
    pub(super) fn pixel(&self, column: u32, row: u32, fragments: &[Fragment]) -> [u8; 3] {
        let size = Vec2::new(self.camera.width as f32, self.camera.height as f32);
        let place = Vec2::new(column as f32 + 0.5, row as f32 + 0.5);
        let wall = match self.wall {
            Wall::Lit => backdrop((place * 2.0 - size) / size.min_element()),
            Wall::Plain(colour) => colour,
            Wall::Gradient(top, bottom) => top.lerp(bottom, place.y / size.y),
        };
        let mut colour = wall;
        for fragment in fragments {
            let opacity = fragment.blend(&self.mesh, &self.figure.opacity).clamp(0.0, 1.0);
            colour += (self.skin(fragment) - wall) * (opacity * fragment.coverage);
        }
        to_srgb(colour, column, row)
    }

    fn skin(&self, fragment: &Fragment) -> Vec3 {
        let point = self.camera.camera_from_world(fragment.blend(&self.mesh, self.mesh.positions));
        let normal = fragment.blend(&self.mesh, self.mesh.normals);
        let shown = SkinPoint {
            normal: Vec3::new(normal.x, -normal.y, -normal.z).normalize_or_zero(),
            view: -point.normalize_or_zero(),
            reach: fragment.blend(&self.mesh, &self.figure.reach),
            shadow: self.shadow.at(point),
        };
        shade(&shown, &(self.stuff)(fragment), &self.studio)
    }
}

/// Linear light to 8 bits, with a pattern of less than a step so that smooth walls show no bands.
fn to_srgb(colour: Vec3, column: u32, row: u32) -> [u8; 3] {
    // Jimenez's interleaved gradient noise.
    let pattern = (52.982_918 * (0.067_110_56 * column as f32 + 0.005_837_15 * row as f32).fract()).fract();
    colour
        .to_array()
        .map(|light| (encoded(rolled_off(light)) * 255.0 + pattern).floor().clamp(0.0, 255.0) as u8)
}

/// Keeps light up to the shoulder, then bends it towards 1.
fn rolled_off(light: f32) -> f32 {
    let over = light - SHOULDER;
    if over <= 0.0 { light.max(0.0) } else { SHOULDER + over / (1.0 + over / (1.0 - SHOULDER)) }
}

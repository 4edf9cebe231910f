//! Pieces as they are worn: hung at a lobe, seen by the portrait's camera, lit by the portrait's light.
//!
//! The same piece that stands in a product photo, in true millimetres: rays run from the portrait's camera, so
//! size and perspective need no scale of their own. What hangs hangs by gravity, what is pinned turns with
//! the head. World frame: metres, x to the picture's right, y up, z to the camera.

mod setting;
mod shadow;

use super::assembly::Assembly;
use super::design::{Design, Family};
use super::light::{self, Room};
use super::trace::{self, Subject};
use crate::scene::Camera;
use glam::{DVec2, DVec3, Mat3, Vec3, Vec4, vec3};
use rayon::prelude::*;
pub(super) use setting::Setting;
pub use setting::Surroundings;
pub use shadow::Shadow;
use std::ops::Range;

/// Millimetres in a metre of the world.
const MM: f32 = 1000.0;

/// Light beyond which the film shows no difference.
const BRIGHTEST: f32 = 5.0;

/// How far in front of the lobe's skin a pinned piece's middle stands, mm.
const STAND_OFF: f32 = 1.5;

/// How deep a ring's middle lies under the lobe's outer face, mm: half a lobe.
const HALF_LOBE: f32 = 2.0;

/// A finished piece; left and right ear wear it mirrored.
pub struct Jewel {
    design: Design,
    piece: Assembly,
}

impl Jewel {
    pub fn new(design: &Design) -> Self {
        Self { design: *design, piece: design.build() }
    }

    pub fn design(&self) -> &Design {
        &self.design
    }

    /// From its highest to its lowest point.
    pub fn height_mm(&self) -> f64 {
        let (low, high) = self.piece.bounds();
        f64::from(high.y - low.y)
    }
}

/// The ear that wears a piece.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piercing {
    /// On the lobe's outer face.
    pub in_world: Vec3,
    /// Normal of the lobe's outer face, unit.
    pub outward: Vec3,
    /// The head's own up, unit: pinned pieces turn with it, hanging ones do not.
    pub up: Vec3,
    /// The subject's left ear.
    pub left: bool,
}

/// How a family is worn.
struct Wearing {
    /// Where the lobe's outer face lies in the piece, mm.
    at: Vec3,
    /// The piece's side, not its front, looks away from the head: rings and hooks go through the lobe.
    sideways: bool,
    /// It sits on the lobe and follows the head.
    pinned: bool,
}

fn wearing(design: &Design) -> Wearing {
    let through = |reach: f32, stretch: f32| {
        let radius = design.size_mm / 2.0;
        let height = (radius * radius - reach * reach).max(0.0).sqrt();
        vec3(reach, stretch * height, 0.0)
    };
    match design.family {
        Family::Hoop => Wearing { at: through(HALF_LOBE, 1.06), sideways: true, pinned: false },
        Family::Huggie => Wearing { at: through(HALF_LOBE, 1.12), sideways: true, pinned: false },
        // The hook's arch, drawn from its side.
        Family::Chain | Family::Tassel => Wearing { at: vec3(-0.9, 8.6, 0.0), sideways: true, pinned: false },
        Family::Stud | Family::Cluster => {
            Wearing { at: vec3(0.0, 0.0, -STAND_OFF), sideways: false, pinned: true }
        }
        Family::Pearl if design.count <= 1 => {
            Wearing { at: vec3(0.0, 0.0, -0.45 * design.stone_mm), sideways: false, pinned: true }
        }
        _ => Wearing { at: vec3(0.0, 0.0, -STAND_OFF), sideways: false, pinned: false },
    }
}

/// A piece at its ear.
pub struct Hung<'a> {
    jewel: &'a Jewel,
    world_from_piece: Mat3,
    /// World place of the piece's `at`, metres.
    lobe: Vec3,
    at: Vec3,
    outward: Vec3,
}

impl<'a> Hung<'a> {
    pub fn new(jewel: &'a Jewel, ear: &Piercing) -> Self {
        let Wearing { at, sideways, pinned } = wearing(&jewel.design);
        let up = if pinned { ear.up } else { Vec3::Y };
        let out = (ear.outward - up * ear.outward.dot(up)).normalize_or(Vec3::X);
        // To the left ear a right-handed frame, to the right one its mirror image.
        let back = if ear.left { up.cross(out) } else { out.cross(up) };
        let world_from_piece =
            if sideways { Mat3::from_cols(out, up, -back) } else { Mat3::from_cols(back, up, out) };
        Self { jewel, world_from_piece, lobe: ear.in_world, at, outward: ear.outward }
    }

    fn piece_from_world(&self, point: Vec3) -> Vec3 {
        self.world_from_piece.transpose() * ((point - self.lobe) * MM) + self.at
    }

    fn world_from_piece(&self, point: Vec3) -> Vec3 {
        self.world_from_piece * (point - self.at) / MM + self.lobe
    }

    /// The corners of a box around the piece, `rim` mm wider, world frame.
    fn corners(&self, rim: f32) -> [Vec3; 8] {
        let (low, high) = self.jewel.piece.bounds();
        let (low, high) = (low - rim, high + rim);
        std::array::from_fn(|index| {
            let side = |bit: usize, low: f32, high: f32| if index >> bit & 1 == 0 { low } else { high };
            self.world_from_piece(vec3(
                side(0, low.x, high.x),
                side(1, low.y, high.y),
                side(2, low.z, high.z),
            ))
        })
    }

    /// A ball around the piece, world frame.
    pub fn ball(&self) -> (Vec3, f32) {
        let corners = self.corners(0.0);
        let centre = corners.iter().sum::<Vec3>() / 8.0;
        (centre, corners[0].distance(centre))
    }

    /// Pixels that the piece can touch: columns and rows; none behind the camera or outside the picture.
    pub fn bounds(&self, camera: &Camera) -> Option<(Range<u32>, Range<u32>)> {
        let corners = self.corners(0.5).map(|corner| camera.project(corner));
        if corners.iter().any(|(_, depth)| *depth <= 0.05) {
            return None;
        }
        let span = |value: fn(&DVec2) -> f64, length: u32| {
            let values = corners.iter().map(|(at, _)| value(at));
            let (low, high) = values
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)));
            let within = |at: f64| at.clamp(0.0, f64::from(length)) as u32;
            let range = within(low.floor())..within(high.ceil());
            (!range.is_empty()).then_some(range)
        };
        Some((span(|at| at.x, camera.width)?, span(|at| at.y, camera.height)?))
    }

    /// Whether the picture shows all of it, were nothing in front.
    pub fn inside(&self, camera: &Camera) -> bool {
        let size = DVec2::new(f64::from(camera.width), f64::from(camera.height));
        let seen = |corner: Vec3| {
            let (at, depth) = camera.project(corner);
            depth > 0.0 && at.cmpge(DVec2::ZERO).all() && at.cmple(size).all()
        };
        self.corners(0.0).into_iter().all(seen)
    }

    /// What the camera sees of the piece. `share` tells how much of what lies at a depth (metres) is seen through
    /// a pixel, 0..=1: all of it where nothing stands in front.
    pub fn seen(
        &self,
        camera: &Camera,
        around: &Surroundings,
        share: impl Fn(u32, u32, f32) -> f32 + Sync,
    ) -> Option<Worn> {
        let (columns, rows) = self.bounds(camera)?;
        let setting = Setting::new(*around, self.world_from_piece, -self.outward);
        let view = View::new(self, camera, &setting);
        let width = columns.len();
        let mut pixels = vec![Pixel::default(); width * rows.len()];
        pixels.par_chunks_exact_mut(width).zip(rows.clone()).for_each(|(line, row)| {
            for (pixel, column) in line.iter_mut().zip(columns.clone()) {
                *pixel = view.pixel(column, row, |depth| share(column, row, depth));
            }
        });
        Some(Worn { columns, rows, pixels })
    }

    /// Whether a ray of the piece's frame meets it.
    pub(super) fn is_met(&self, from: Vec3, along: Vec3) -> bool {
        let piece = &self.jewel.piece;
        let Some((enter, leave)) = crossing(piece.bounds(), 0.4, from, along) else { return false };
        let mut reach = enter;
        while reach < leave {
            let distance = piece.distance(from + along * reach);
            if distance < 0.02 {
                return true;
            }
            reach += distance.max(0.05);
        }
        piece.stone(from, along).is_some()
    }

    /// Distance from a point of the world to the piece, mm; far away a lower bound.
    pub fn distance_mm(&self, point: Vec3) -> f32 {
        self.jewel.piece.distance(self.piece_from_world(point))
    }
}

/// A pixel of a worn piece.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pixel {
    /// How much of the pixel the piece would cover if nothing stood before it.
    pub whole: f32,
    /// What is seen of it: developed linear light, premultiplied, and alpha.
    pub seen: Vec4,
}

/// A worn piece as the camera sees it, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Worn {
    pub columns: Range<u32>,
    pub rows: Range<u32>,
    pub pixels: Vec<Pixel>,
}

/// The camera in the piece's frame.
struct View<'a> {
    hung: &'a Hung<'a>,
    camera: &'a Camera,
    setting: &'a Setting,
    eye: Vec3,
    /// Samples along each side of a pixel.
    samples: u32,
    /// Half a pixel's diagonal at the lobe, mm.
    reach: f32,
}

impl<'a> View<'a> {
    fn new(hung: &'a Hung<'a>, camera: &'a Camera, setting: &'a Setting) -> Self {
        let eye = hung.piece_from_world(camera.translation * vec3(-1.0, 1.0, 1.0));
        let depth = camera.project(hung.lobe).1;
        let pixel_mm = f64::from(depth * MM) / camera.focal.min_element();
        // A millimetre of a jewel deserves several samples however small the picture is.
        let samples = (5.0 * pixel_mm).ceil().clamp(3.0, 6.0) as u32;
        Self { hung, camera, setting, eye, samples, reach: 0.72 * pixel_mm as f32 }
    }

    /// The ray through a place of the picture, in the piece's frame; not a unit vector: a camera's metre deep.
    fn ray(&self, u: f64, v: f64) -> Vec3 {
        let Camera { focal, centre, .. } = self.camera;
        let world = DVec3::new((u - centre.x) / focal.x, -(v - centre.y) / focal.y, -1.0).as_vec3();
        self.hung.world_from_piece.transpose() * world
    }

    fn pixel(&self, column: u32, row: u32, share: impl Fn(f32) -> f32) -> Pixel {
        let (column, row) = (f64::from(column), f64::from(row));
        if self.passes_by(self.ray(column + 0.5, row + 0.5)) {
            return Pixel::default();
        }
        let (mut whole, mut alpha, mut light) = (0.0, 0.0, Vec3::ZERO);
        for index in 0..self.samples * self.samples {
            let inside = |step: u32| (f64::from(step) + 0.5) / f64::from(self.samples);
            let ray = self.ray(column + inside(index % self.samples), row + inside(index / self.samples));
            if let Some((seen, depth)) = self.look(ray) {
                let share = share(depth);
                whole += 1.0;
                alpha += share;
                light += share * seen.min(Vec3::splat(BRIGHTEST));
            }
        }
        let count = (self.samples * self.samples) as f32;
        if alpha <= 0.0 {
            return Pixel { whole: whole / count, seen: Vec4::ZERO };
        }
        let developed = light::develop(light / alpha) * alpha;
        Pixel { whole: whole / count, seen: developed.extend(alpha) / count }
    }

    /// Light along a ray and its depth in the camera's metres.
    fn look(&self, ray: Vec3) -> Option<(Vec3, f32)> {
        let (piece, along) = (&self.hung.jewel.piece, ray.normalize());
        let (enter, _) = crossing(piece.bounds(), 1.0, self.eye, along)?;
        let room = Room::Worn(self.setting);
        let (seen, reach) = trace::look_along(piece, room, self.eye + along * enter, along)?;
        Some((seen.own, (enter + reach) / (MM * ray.length())))
    }

    /// Whether everything is farther than half a pixel from a ray.
    fn passes_by(&self, ray: Vec3) -> bool {
        let (piece, along) = (&self.hung.jewel.piece, ray.normalize());
        let Some((enter, leave)) = crossing(piece.bounds(), 1.0 + self.reach, self.eye, along) else {
            return true;
        };
        if piece.stone(self.eye + along * enter, along).is_some() {
            return false;
        }
        let mut reach = enter;
        while reach < leave {
            let distance = piece.distance(self.eye + along * reach);
            if distance < self.reach {
                return false;
            }
            reach += distance.max(0.05);
        }
        true
    }
}

/// Where a ray enters and leaves a box that is `rim` wider; none if it misses it.
fn crossing((low, high): (Vec3, Vec3), rim: f32, from: Vec3, along: Vec3) -> Option<(f32, f32)> {
    let inverse = along.recip();
    let (one, other) = ((low - rim - from) * inverse, (high + rim - from) * inverse);
    let enter = one.min(other).max_element().max(0.0);
    let leave = one.max(other).min_element();
    (enter < leave).then_some((enter, leave))
}

#[cfg(test)]
mod tests;

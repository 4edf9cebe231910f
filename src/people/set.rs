//! The set of one shot: person, light and backdrop put together, seen pixel by pixel.

use super::canon::Canon;
use super::cloth::{self, Fabric, Garment, Sewn};
use super::dressed::Dressed;
use super::eye::{self, Eye};
use super::figure::Figure;
use super::film::Film;
use super::hair::{self, Coat};
use super::light::{LAMPS, Room, wrapped};
use super::look::Look;
use super::skin::Cover;
use super::skin::{self, Spot};
use super::{Light, Person, Sitting, backdrop, glasses};
use crate::body::{Part, PosedBody, head_rotation};
use crate::render::Mesh;
use crate::render::strands::{Piece, look};
use crate::render::surface::Fragment;
use crate::scene::Camera;
use glam::{Mat3, Vec3, Vec4};
use image::RgbImage;

/// Faces shown larger than this get the finer mesh, pixels a millimetre.
const FINER_FROM: f32 = 1.7;

/// What the camera saw.
pub(super) struct Exposed {
    pub(super) picture: RgbImage,
    pub(super) depth: Vec<f32>,
    pub(super) hair_cover: Vec<u8>,
    pub(super) light: Light,
}

/// One pixel before the film.
#[derive(Debug, Clone, Copy)]
struct Seen {
    light: Vec3,
    /// The part of the pixel that is not backdrop, 0..=1.
    cover: f32,
    hair: f32,
    depth: f32,
}

impl Default for Seen {
    fn default() -> Self {
        Self { light: Vec3::ZERO, cover: 0.0, hair: 0.0, depth: f32::INFINITY }
    }
}

/// Everything a pixel's light depends on.
struct Set<'a> {
    look: &'a Look,
    room: &'a Room,
    figure: &'a Figure<'a>,
    coat: &'a Coat,
    cover: Cover,
    sewn: &'a Sewn,
    dressed: &'a Dressed,
    /// Picks the folds.
    fold: f32,
    mesh: Mesh<'a>,
    eyes: [Eye; 2],
    eye_point: Vec3,
    px_per_mm: f32,
}

pub(super) fn expose(
    canon: &Canon,
    person: &Person,
    sitting: &Sitting,
    body: &PosedBody,
    camera: &Camera,
) -> Exposed {
    let room = Room::new(sitting.lighting, sitting.seed);
    let colours = Look::of(person);
    let px_per_mm = (camera.focal.y / f64::from(camera.project(body.nose_tip).1) / 1000.0) as f32;
    let fine = &canon.fine[usize::from(px_per_mm > FINER_FROM)];
    let figure = Figure::new(canon, fine, body.clone(), sitting.angles, &room);
    let (mut sewn, bare) =
        cloth::sew(canon, &figure, head_rotation(sitting.angles).as_mat3(), &Garment::of(person));
    glasses::fit(person, body, head_rotation(sitting.angles).as_mat3(), &mut sewn);
    let dressed = Dressed::new(&figure, &sewn, &bare, sitting.expression.open > 0.02);
    let eye_point = camera.translation * Vec3::new(-1.0, 1.0, 1.0);
    let coat = hair::dress(canon, body, person, &colours, &room, eye_point, px_per_mm);
    let set = Set {
        look: &colours,
        coat: &coat,
        cover: Cover::of(person),
        room: &room,
        figure: &figure,
        sewn: &sewn,
        dressed: &dressed,
        mesh: dressed.mesh(),
        fold: (person.id() % 997) as f32,
        eyes: [0, 1].map(|index| eye_of(canon, body, sitting, index)),
        eye_point,
        px_per_mm,
    };
    let seen =
        look(&set.mesh, &coat.strands(), camera, |_, _, fragments, pieces| set.pixel(fragments, pieces));
    let behind = backdrop::paint(sitting.backdrop, &room, sitting.seed, camera.width, camera.height);
    let light: Vec<Vec3> =
        seen.iter().zip(&behind).map(|(seen, behind)| seen.light + *behind * (1.0 - seen.cover)).collect();
    let film =
        Film { exposure: exposure(&colours), grain: 0.011, vignette: 0.12, seed: sitting.seed ^ person.id() };
    Exposed {
        picture: film.develop(&light, camera.width, camera.height),
        depth: seen.iter().map(|seen| seen.depth).collect(),
        hair_cover: seen.iter().map(|seen| (seen.hair * 255.0 + 0.5) as u8).collect(),
        light: Light {
            key_direction: room.lamps[0].direction,
            key: room.lamps[0].colour,
            sky: room.sky,
            ground: room.ground,
        },
    }
}

/// Photographers expose for the face: a darker one gets more light, though not all that it lacks.
fn exposure(look: &Look) -> f32 {
    let bright = look.skin.dot(Vec3::new(0.21, 0.72, 0.07));
    1.12 * (0.42 / bright.max(0.02)).powf(0.27)
}

/// An eye as the sitting turns it.
fn eye_of(canon: &Canon, body: &PosedBody, sitting: &Sitting, index: usize) -> Eye {
    let (right, up) = sitting.gaze_deg;
    let head = head_rotation(sitting.angles).as_mat3();
    let gaze = Mat3::from_rotation_y(right.to_radians()) * Mat3::from_rotation_x(-up.to_radians());
    let line = &canon.body.lids[index];
    let middle = line.len() / 2;
    let places = |run: &[u32]| run.iter().map(|vertex| body.vertices[*vertex as usize]).collect::<Vec<_>>();
    let mut lower = places(&line[middle..]);
    lower.push(body.vertices[line[0] as usize]);
    // Inner corners: iBUG 43 of the left eye, 40 of the right.
    let corner = body.landmarks[if index == 0 { 42 } else { 39 }];
    Eye {
        centre: body.joints[23 + index],
        axes: head * gaze,
        lids: [places(&line[..=middle]), lower],
        corner,
    }
}

impl Set<'_> {
    fn pixel(&self, fragments: &[Fragment], pieces: &[Piece]) -> Seen {
        let mut seen = Seen::default();
        for fragment in fragments {
            seen.light += self.surface(fragment) * fragment.coverage;
            seen.cover += fragment.coverage;
            seen.depth = seen.depth.min(fragment.depth);
        }
        let mut nearest = f32::INFINITY;
        for piece in pieces {
            seen.light += self.coat.light[piece.segment as usize] * piece.coverage;
            seen.cover += piece.coverage;
            seen.hair += piece.coverage;
            nearest = nearest.min(piece.depth);
        }
        // A stray hair is no surface.
        if seen.hair >= 0.5 {
            seen.depth = seen.depth.min(nearest);
        }
        seen
    }

    /// What hair leaves of the lamps and of the surroundings at a place.
    fn dimmed(&self, at: Vec3, normal: Vec3) -> (Vec4, f32) {
        let lift = at + normal * 0.002;
        let towards = |direction: Vec3| (-0.9 * self.coat.volume.depth_towards(lift, direction, 0.003)).exp();
        let lamps = std::array::from_fn(|index: usize| towards(self.room.lamps[index].direction));
        (Vec4::from_array(lamps), towards(normal))
    }

    fn surface(&self, fragment: &Fragment) -> Vec3 {
        match self.dressed.bare.get(fragment.triangle as usize) {
            Some(own) => self.body(fragment, *own as usize),
            None => self.worn(fragment),
        }
    }

    /// Skin, eyes and teeth.
    fn body(&self, fragment: &Fragment, own: usize) -> Vec3 {
        let figure = self.figure;
        let at = fragment.blend(&self.mesh, &figure.positions);
        let open = fragment.blend(&self.mesh, &figure.open);
        let normal = fragment.blend(&self.mesh, &figure.normals).normalize_or(Vec3::Z);
        let (lamps, around) = self.dimmed(at, normal);
        let spot = Spot {
            rest: fragment.blend(&self.mesh, &figure.fine.rest),
            normal,
            view: (self.eye_point - at).normalize_or(Vec3::Z),
            lamps: fragment.blend(&self.mesh, &figure.lamps) * lamps,
            spread: fragment.blend(&self.mesh, &figure.spread) * lamps,
            open: (open.x * around, open.y * around),
        };
        match figure.fine.parts[own] {
            Part::Skin => {
                let marks = fragment.blend(&self.mesh, &figure.fine.marks);
                skin::shade(self.look, self.room, &spot, &marks, &self.cover, self.px_per_mm)
            }
            Part::LeftEye => eye::shade(&self.eyes[0], self.look, self.room, at, &spot),
            Part::RightEye => eye::shade(&self.eyes[1], self.look, self.room, at, &spot),
            Part::Teeth => {
                let key = self.room.lamps[0];
                let lit =
                    key.colour * (wrapped(normal.dot(key.direction), 0.5) * (0.25 + 0.4 * spot.spread[0]));
                Vec3::new(0.60, 0.54, 0.44) * (lit + self.room.ambient(spot.normal) * (0.3 + spot.open.0))
            }
        }
    }

    fn worn(&self, fragment: &Fragment) -> Vec3 {
        let sewn = self.sewn;
        let index = fragment.triangle as usize - self.dressed.bare.len();
        let corners = sewn.triangles[index];
        let weights = fragment.weights.to_array();
        let pick = |corner: usize| corners[corner] as usize;
        let vector = |values: &[Vec3]| (0..3).map(|c| values[pick(c)] * weights[c]).sum::<Vec3>();
        let inside: f32 = (0..3).map(|c| sewn.inside[pick(c)] * weights[c]).sum();
        let lamps: Vec4 = (0..3).map(|c| sewn.lamps[pick(c)] * weights[c]).sum();
        let open: f32 = (0..3).map(|c| sewn.open[pick(c)].x * weights[c]).sum();
        let at = vector(&sewn.positions);
        let plain = vector(&sewn.normals).normalize_or(Vec3::Z);
        let (dimmed, around) = self.dimmed(at, plain);
        let fabric = sewn.fabrics[index];
        let (tone, normal) =
            cloth::weave(fabric, vector(&sewn.rest), inside, plain, self.fold, self.px_per_mm);
        let colour = cloth::colour(fabric, self.look) * tone;
        let mut matt = self.room.ambient(normal) * (open * around);
        for (lamp, index) in self.room.lamps.iter().zip(0..) {
            matt += lamp.colour * wrapped(normal.dot(lamp.direction), 0.12) * (lamps[index] * dimmed[index]);
        }
        if fabric == Fabric::Wire {
            let view = (self.eye_point - at).normalize_or(Vec3::Z);
            let mirror = normal * (2.0 * normal.dot(view)) - view;
            return colour * matt
                + self.room.glossy(mirror, 60.0, [1.0; LAMPS], around) * (colour * 0.6 + 0.04);
        }
        // Loose fibres catch light at a grazing view.
        let grazing = (1.0 - normal.dot((self.eye_point - at).normalize_or(Vec3::Z)).clamp(0.0, 1.0)).powi(4);
        colour * matt + (colour * 0.5 + Vec3::splat(0.02)) * matt * (0.5 * grazing)
    }
}

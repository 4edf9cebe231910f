//! A photographed person seen anew: turned, framed, lit.

use super::relief::smooth;
use super::sitter::Sitter;
use crate::body::{head_angles, head_rotation};
use crate::people::{Lobe, Shot};
use crate::picture::Linear;
use crate::project::{CanvasSize, HeadAngles};
use crate::render::Mesh;
use crate::render::strands::{Strands, look};
use crate::scene::Camera;
use glam::{DVec2, Vec3, Vec4};
use image::{Rgb, RgbImage};

/// Further turns show what the photo did not see, degrees.
pub const MOST_TURN_DEG: f64 = 20.0;

/// Photo pixels may become this much larger, and this part of the picture may lie beyond the photo on each side.
const LARGEST: f64 = 1.7;
const BEYOND: f64 = 0.01;

/// Landmarks may lie this far beyond the picture's sides, as a part of the face's width.
const SPILL: f64 = 0.15;

/// Higher parts of the relief hide what hangs behind them, metres; from there on up they do so where they are.
const STANDS_OUT: (f32, f32) = (0.008, 0.02);

/// Skin in the relief's plane, as the neck's, lies this far behind what hangs before it, metres.
const BEHIND: f32 = 0.018;

/// How a sitter is to be seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Added to the photo's own turn, degrees, signs as in the document; at most [`MOST_TURN_DEG`] each.
    pub yaw_deg: f64,
    pub pitch_deg: f64,
    pub framing: Framing,
    /// Light added from a side, as a share: direction in the picture's plane, x right, y up.
    pub relight: DVec2,
    /// All light, a factor; and how much redder than blue.
    pub exposure: f32,
    pub warmth: f32,
}

/// Where the face stands in the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Framing {
    pub size: CanvasSize,
    /// The subject's left ear's lobe is 0, the right one's 1; where it is wished, canvas. It is moved as far as the
    /// photo ends.
    pub lobe: usize,
    pub at: DVec2,
    /// Of the landmarks, pixels.
    pub face_height: f64,
}

impl Sitter {
    /// Takes the picture; none where the lobe is not bare, or the photo is too small for the framing.
    pub fn seen(&self, view: &View) -> Option<Shot> {
        let turns = [view.yaw_deg, view.pitch_deg].map(|turn| turn.clamp(-MOST_TURN_DEG, MOST_TURN_DEG));
        let added = head_rotation(HeadAngles { yaw_deg: turns[0], pitch_deg: turns[1], roll_deg: 0.0 });
        let turn = added.as_mat3();
        let camera = self.framed(turn, &view.framing)?;
        let landmarks_in_world = self.landmarks.map(|at| self.relief.turned(at, turn));
        let landmarks = landmarks_in_world.map(|at| camera.project(at).0);
        let rows = landmarks
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(top, bottom), at| (top.min(at.y), bottom.max(at.y)));
        let (picture, depth) = self.photograph(turn, &camera, view);
        let head = added * self.turn.as_dmat3();
        let middle = self.relief.pivot - turn * self.relief.pivot;
        let lobes = [0, 1].map(|side| self.lobe(side, turn, &camera, &depth, head.x_axis.as_vec3()));
        Some(Shot {
            hair_cover: vec![0; depth.len()],
            picture,
            depth,
            landmarks,
            landmarks_in_world,
            face_rows: rows,
            lobes,
            angles: camera.angles_seen(middle, head),
            camera,
            light: self.light,
        })
    }

    /// The head's angles in the world once it has turned.
    pub fn turned_by(&self, view: &View) -> HeadAngles {
        let added = HeadAngles { yaw_deg: view.yaw_deg, pitch_deg: view.pitch_deg, roll_deg: 0.0 };
        head_angles(head_rotation(added) * self.turn.as_dmat3())
    }

    /// The photo's camera, moved and scaled.
    fn framed(&self, turn: glam::Mat3, framing: &Framing) -> Option<Camera> {
        let place = self.lobes.get(framing.lobe).copied().flatten()?;
        let lobe = self.camera.project(self.relief.turned(place, turn)).0;
        let (low, high) = self
            .landmarks
            .iter()
            .map(|at| self.camera.project(self.relief.turned(*at, turn)).0)
            .fold((DVec2::INFINITY, DVec2::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)));
        let scale = (framing.face_height / (high.y - low.y).max(1.0)).min(LARGEST);
        let size = DVec2::new(f64::from(framing.size.width), f64::from(framing.size.height));
        let photo = DVec2::new(f64::from(self.camera.width), f64::from(self.camera.height)) * scale;
        // Where the photo's corner may lie on the canvas: the photo fills it, and the face is on it.
        let spill = DVec2::new(SPILL * (high.x - low.x), 0.0);
        let least = (size * (1.0 - BEYOND) - photo).max((-low - spill) * scale);
        let most = (size * BEYOND).min(size + (spill - high) * scale);
        if !least.cmple(most).all() {
            return None;
        }
        let corner = (framing.at - lobe * scale).clamp(least, most);
        let mut camera = self.camera.scaled(DVec2::splat(scale));
        camera.centre += corner;
        (camera.width, camera.height) = (framing.size.width, framing.size.height);
        Some(camera)
    }

    /// Pixels, and the depth of what can hide or be shaded: the face where it stands out, and skin.
    fn photograph(&self, turn: glam::Mat3, camera: &Camera, view: &View) -> (RgbImage, Vec<f32>) {
        let positions = self.relief.all_turned(turn);
        let nodes: Vec<Vec4> = (0..positions.len())
            .map(|node| {
                let place = self.relief.place(node).as_vec2();
                Vec4::new(place.x, place.y, self.relief.height(node), self.skin[node])
            })
            .collect();
        let mesh = Mesh { positions: &positions, normals: &positions, triangles: &self.relief.triangles };
        let none = Strands { points: &[], thickness: &[], segments: &[] };
        let level = level(camera.focal.x / self.camera.focal.x, self.photos.len());
        let linear = Linear::new();
        let seen = look(&mesh, &none, camera, |_, _, fragments, _| {
            let (mut light, mut cover, mut nearest) = (Vec3::ZERO, 0.0, Pixel::default().depth);
            for fragment in fragments {
                let node = fragment.blend(&mesh, &nodes);
                light += self.sampled(level, node, &linear) * self.relit(node, view) * fragment.coverage;
                cover += fragment.coverage;
                nearest = nearest.min(solid_depth(fragment.depth, node));
            }
            Pixel { light: if cover > 0.0 { light / cover } else { Vec3::ZERO }, depth: nearest }
        });
        let tint = Vec3::new(1.0 + view.warmth, 1.0, 1.0 - view.warmth) * view.exposure;
        let picture = RgbImage::from_fn(camera.width, camera.height, |x, y| {
            let light = seen[(y * camera.width + x) as usize].light * tint;
            Rgb(light.to_array().map(|light| linear.encode(light.clamp(0.0, 1.0))))
        });
        (picture, seen.iter().map(|pixel| pixel.depth).collect())
    }

    /// The photo's light at a node's place: bilinear, the photo mirrored beyond its sides.
    fn sampled(&self, level: usize, node: Vec4, linear: &Linear) -> Vec3 {
        let photo = &self.photos[level];
        let scale = photo.width() as f32 / self.photos[0].width() as f32;
        let (x, y) = (node.x * scale - 0.5, node.y * scale - 0.5);
        let (column, row) = (x.floor(), y.floor());
        let at = |dx: i64, dy: i64| {
            let x = mirrored(column as i64 + dx, photo.width());
            let y = mirrored(row as i64 + dy, photo.height());
            Vec3::from_array(photo.get_pixel(x, y).0.map(|code| linear.decode(code)))
        };
        let upper = at(0, 0).lerp(at(1, 0), x - column);
        upper.lerp(at(0, 1).lerp(at(1, 1), x - column), y - row)
    }

    /// Light from a side falls on the head's sides unevenly, and evenly on the rest.
    fn relit(&self, node: Vec4, view: &View) -> f32 {
        let middle = self.camera.centre.as_vec2();
        let radius = 0.09 * (self.camera.focal.x as f32 / self.camera.translation.z);
        let aside = (glam::Vec2::new(node.x, node.y) - middle) / radius;
        let bent = aside / (1.0 + aside.length_squared()).sqrt();
        1.0 + bent.x * view.relight.x as f32 - bent.y * view.relight.y as f32
    }

    fn lobe(&self, side: usize, turn: glam::Mat3, camera: &Camera, depth: &[f32], left: Vec3) -> Lobe {
        // An ear that is not bare is not used; its place does not matter.
        let place = self.lobes[side].or(self.lobes[1 - side]).unwrap_or_default();
        let in_world = self.relief.turned(place, turn);
        let (in_canvas, at_depth) = camera.project(in_world);
        let inside = in_canvas.cmpge(DVec2::ZERO).all()
            && in_canvas.x < f64::from(camera.width)
            && in_canvas.y < f64::from(camera.height);
        let nearest = if inside {
            depth[in_canvas.y as usize * camera.width as usize + in_canvas.x as usize]
        } else {
            0.0
        };
        Lobe {
            in_canvas,
            in_world,
            depth: at_depth,
            px_per_mm: camera.focal.y / f64::from(at_depth) / 1000.0,
            outward: left * if side == 0 { 1.0 } else { -1.0 },
            visible: self.lobes[side].is_some() && inside && nearest > at_depth - 0.012,
        }
    }
}

/// One pixel of a view.
#[derive(Debug, Clone, Copy)]
struct Pixel {
    light: Vec3,
    depth: f32,
}

impl Default for Pixel {
    fn default() -> Self {
        Self { light: Vec3::ZERO, depth: f32::INFINITY }
    }
}

/// The depth at which a place of the relief (x, y, height, skin) hides and takes shadows; none where it is neither
/// the head nor skin: what hangs there would throw its shadow onto a far wall.
fn solid_depth(depth: f32, node: Vec4) -> f32 {
    let (height, skin) = (node.z, node.w);
    let out = smooth((height - STANDS_OUT.0) / (STANDS_OUT.1 - STANDS_OUT.0));
    if out <= 0.0 && skin < 0.5 { f32::INFINITY } else { depth + BEHIND * (1.0 - out) }
}

/// The copy of the photo whose pixels are about as large as the picture's.
fn level(scale: f64, levels: usize) -> usize {
    let halvings = (-scale.log2()).floor().max(0.0);
    (halvings as usize).min(levels - 1)
}

/// A column or row of a picture that goes on mirrored beyond its sides.
fn mirrored(at: i64, length: u32) -> u32 {
    let length = i64::from(length);
    let at = at.rem_euclid(2 * length);
    at.min(2 * length - 1 - at) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_go_on_mirrored() {
        let places: Vec<u32> = (-4..8).map(|at| mirrored(at, 3)).collect();
        assert_eq!(places, [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
    }

    #[test]
    fn smaller_pictures_come_from_smaller_copies() {
        assert_eq!([2.0, 1.0, 0.6, 0.5, 0.26, 0.01].map(|scale| level(scale, 4)), [0, 0, 0, 1, 1, 3]);
    }
}

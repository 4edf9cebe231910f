//! Earrings on a person: hung, hidden where something stands before them, lit and shadowing as the portrait's
//! light has it, laid over the portrait by the composite that every finished picture goes through.
//!
//! The cut-out that is composited is the truth that is kept, so matte and picture agree to the last bit.

use super::{LEAST_PX, SEEN_OTHER};
use crate::body::head_rotation;
use crate::jeweller::{Hung, Jewel, Piercing, Pixel, Shadow, Surroundings, Worn};
use crate::people::{Lighting, Shot, Sitting};
use crate::picture::{Linear, PlacedEarring, composite};
use crate::project::HeadAngles;
use glam::{DVec2, Mat3, Vec3, Vec4, vec3};
use image::{GrayImage, Luma, RgbImage, Rgba, RgbaImage};
use rayon::prelude::*;
use std::ops::Range;

/// How far the lobe's outer face looks to the front, radians; ears stand off the head.
const FLARE: f32 = 0.62;

/// A piece that lies this much deeper than what the portrait shows is still in front of it, metres: meshes and
/// pixels are that coarse.
const BIAS: f32 = 0.0012;

/// Hair this far before a piece is the hair around its ear, metres; farther off, it covers the face too.
const HAIR_REACH: f32 = 0.06;

/// How far from a piece its shadow is looked for, mm.
const SHADOW_REACH: f32 = 70.0;

/// The share of the light that a piece keeps from the skin it touches, and within how many millimetres.
const CONTACT: (f32, f32) = (0.38, 1.4);

/// A person with earrings.
#[derive(Debug, Clone)]
pub(super) struct Dressed {
    pub(super) picture: RgbImage,
    /// What is seen of the earrings: straight alpha, sRGB.
    pub(super) cut: RgbaImage,
    /// The matte that the earrings would have if nothing stood before them.
    pub(super) whole: GrayImage,
    /// The portrait under the earrings' shadow; with `cut` over it, it is `picture`.
    #[cfg(test)]
    pub(super) shaded: RgbImage,
    /// The main earring first.
    pub(super) worn: Vec<WornTruth>,
}

/// What is true of one earring.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WornTruth {
    /// 0 the subject's left ear, 1 the right one.
    pub(super) side: usize,
    /// Pixels of the matte, seen and whole.
    pub(super) seen_px: f64,
    pub(super) whole_px: f64,
    /// Columns and rows that the piece spans, whole.
    pub(super) columns: Range<u32>,
    pub(super) rows: Range<u32>,
    /// Nothing of it lies beyond the picture's border.
    pub(super) inside: bool,
}

/// How a person holds the head, and how soft shadows are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Posture {
    /// In the world.
    pub(super) head: HeadAngles,
    /// Tangent of half the angle of the key light.
    pub(super) spread: f32,
}

impl Posture {
    pub(super) fn of(sitting: &Sitting) -> Self {
        let spread = match sitting.lighting {
            Lighting::Studio { contrast, .. } => 0.26 - 0.16 * contrast,
            Lighting::Window { .. } => 0.24,
            Lighting::Outdoors { sun, .. } => 0.30 - 0.26 * sun,
        };
        Self { head: sitting.angles, spread }
    }
}

/// Hangs a jewel at the main ear, and its mirror image at the other one if anything worth showing is seen of it.
pub(super) fn dress(shot: &Shot, posture: Posture, jewel: &Jewel, main: usize) -> Dressed {
    let (width, height) = shot.picture.dimensions();
    let mut layer = Layer { width, pixels: vec![Pixel::default(); (width * height) as usize] };
    let hang = |side: usize| {
        let piece = Hung::new(jewel, &piercing(shot, posture.head, side));
        let around = surroundings(shot, side);
        let seen = piece.seen(&shot.camera, &around, |column, row, depth| share(shot, column, row, depth))?;
        let truth = truth_of(side, &seen, piece.inside(&shot.camera));
        (side == main || truth.seen_px > LEAST_PX.max(SEEN_OTHER * truth.whole_px))
            .then_some((piece, seen, truth))
    };
    let mut pieces: Vec<_> = [main, 1 - main.min(1)].into_iter().filter_map(hang).collect();
    let worn = pieces.iter().map(|(_, _, truth)| truth.clone()).collect();
    let depth = |truth: &WornTruth| shot.lobes[truth.side].depth;
    pieces.sort_by(|(_, _, one), (_, _, other)| depth(other).total_cmp(&depth(one)));
    for (_, seen, _) in &pieces {
        let places = seen.rows.clone().flat_map(|row| seen.columns.clone().map(move |x| (x, row)));
        places.zip(&seen.pixels).for_each(|((column, row), pixel)| layer.lay(column, row, *pixel));
    }
    let (cut, whole) = layer.split();
    let hung: Vec<_> = pieces.iter().map(|(piece, _, _)| piece).collect();
    let shaded = shaded(shot, &hung, posture.spread);
    let placed = PlacedEarring::from_pixels(cut);
    let picture = composite(&shaded, &placed);
    Dressed {
        picture,
        cut: placed.pixels().clone(),
        whole,
        #[cfg(test)]
        shaded,
        worn,
    }
}

/// The lobe as a jeweller sees it.
fn piercing(shot: &Shot, head: HeadAngles, side: usize) -> Piercing {
    let lobe = shot.lobes[side];
    let up = head_rotation(head).y_axis.as_vec3();
    // The subject's left lobe turns clockwise, seen from above, to look ahead; the right one the other way.
    let flare = if side == 0 { -FLARE } else { FLARE };
    let outward = Mat3::from_axis_angle(up, flare) * lobe.outward;
    Piercing { in_world: lobe.in_world, outward, up, left: side == 0 }
}

/// How much of what lies at a depth is seen through a pixel.
fn share(shot: &Shot, column: u32, row: u32, depth: f32) -> f32 {
    let at = (row * shot.picture.width() + column) as usize;
    let (nearest, hair) = (shot.depth[at], f32::from(shot.hair_cover[at]) / 255.0);
    if depth <= nearest + BIAS {
        1.0
    } else if hair > 0.0 && depth < nearest + HAIR_REACH {
        1.0 - hair
    } else {
        0.0
    }
}

/// The light at a lobe, with what the portrait itself shows around it.
fn surroundings(shot: &Shot, side: usize) -> Surroundings {
    let lobe = shot.lobes[side];
    let near = 30.0 * lobe.px_per_mm;
    let mut beside = Mean::default();
    let mut behind = Mean::default();
    let linear = Linear::new();
    for (at, pixel) in shot.picture.pixels().enumerate() {
        let light = Vec3::from_array(pixel.0.map(|code| linear.decode(code)));
        if shot.depth[at].is_infinite() {
            behind.add(light);
        } else {
            let (column, row) = (at as u32 % shot.picture.width(), at as u32 / shot.picture.width());
            let place = DVec2::new(f64::from(column), f64::from(row));
            if place.distance(lobe.in_canvas) < near {
                beside.add(light);
            }
        }
    }
    let even = 0.5 * (shot.light.sky + shot.light.ground);
    Surroundings {
        key_direction: shot.light.key_direction,
        key: shot.light.key,
        sky: shot.light.sky,
        ground: shot.light.ground,
        behind: behind.or(even),
        beside: beside.or(0.5 * even),
    }
}

#[derive(Default)]
struct Mean {
    sum: Vec3,
    count: f32,
}

impl Mean {
    fn add(&mut self, light: Vec3) {
        self.sum += light;
        self.count += 1.0;
    }

    fn or(&self, otherwise: Vec3) -> Vec3 {
        if self.count > 0.0 { self.sum / self.count } else { otherwise }
    }
}

fn truth_of(side: usize, seen: &Worn, inside: bool) -> WornTruth {
    let width = seen.columns.len();
    let (mut seen_px, mut whole_px) = (0.0, 0.0);
    let mut span: Option<(Range<u32>, Range<u32>)> = None;
    for (at, pixel) in seen.pixels.iter().enumerate().filter(|(_, pixel)| pixel.whole > 0.0) {
        let (x, y) = (seen.columns.start + (at % width) as u32, seen.rows.start + (at / width) as u32);
        let (columns, rows) = span.get_or_insert((x..x + 1, y..y + 1));
        *columns = columns.start.min(x)..columns.end.max(x + 1);
        *rows = rows.start..y + 1;
        seen_px += f64::from(pixel.seen.w);
        whole_px += f64::from(pixel.whole);
    }
    let (columns, rows) = span.unwrap_or((0..0, 0..0));
    WornTruth { side, seen_px, whole_px, columns, rows, inside }
}

/// Both earrings, the farther one below.
struct Layer {
    width: u32,
    pixels: Vec<Pixel>,
}

impl Layer {
    fn lay(&mut self, column: u32, row: u32, nearer: Pixel) {
        let below = &mut self.pixels[(row * self.width + column) as usize];
        *below = Pixel {
            whole: nearer.whole + below.whole * (1.0 - nearer.whole),
            seen: nearer.seen + below.seen * (1.0 - nearer.seen.w),
        };
    }

    fn split(self) -> (RgbaImage, GrayImage) {
        let linear = Linear::new();
        let height = self.pixels.len() as u32 / self.width.max(1);
        let at = |x: u32, y: u32| self.pixels[(y * self.width + x) as usize];
        let straight = |light: Vec4| Rgba(linear.straight(light));
        let cut = RgbaImage::from_fn(self.width, height, |x, y| straight(at(x, y).seen));
        let whole = |x, y| Luma([(255.0 * at(x, y).whole).round() as u8]);
        (cut, GrayImage::from_fn(self.width, height, whole))
    }
}

/// The portrait with the light taken away that the pieces keep from it.
fn shaded(shot: &Shot, hung: &[&Hung<'_>], spread: f32) -> RgbImage {
    let mut picture = shot.picture.clone();
    let linear = Linear::new();
    let (width, height) = picture.dimensions();
    for piece in hung {
        let (centre, _) = piece.ball();
        let (at, depth) = shot.camera.project(centre);
        let px_per_mm = shot.camera.focal.x / f64::from(depth) / 1000.0;
        let cell = (0.6 / px_per_mm).max(0.4) as f32;
        let shadow = Shadow::new(piece, shot.light.key_direction, spread, cell);
        let reach = f64::from(shadow.reach(SHADOW_REACH)) * 1000.0 * px_per_mm;
        let span = |at: f64, length: u32| {
            let within = |at: f64| at.clamp(0.0, f64::from(length)) as u32;
            within(at - reach)..within((at + reach).ceil())
        };
        let (columns, rows) = (span(at.x, width), span(at.y, height));
        let lines = picture.par_chunks_exact_mut(3 * width as usize).zip(0..height);
        lines.filter(|(_, row)| rows.contains(row)).for_each(|(line, row)| {
            for column in columns.clone() {
                let kept = kept_light(shot, piece, &shadow, column, row);
                if kept > 1e-3 {
                    for code in &mut line[3 * column as usize..][..3] {
                        *code = linear.encode(linear.decode(*code) * (1.0 - kept));
                    }
                }
            }
        });
    }
    picture
}

/// The share of its light that a pixel of the portrait loses to a piece.
fn kept_light(shot: &Shot, piece: &Hung<'_>, shadow: &Shadow<'_>, column: u32, row: u32) -> f32 {
    let Some(point) = point_at(shot, column, row) else { return 0.0 };
    let light = shot.light;
    let contact = CONTACT.0 * (-piece.distance_mm(point).max(0.0) / CONTACT.1).exp();
    let shadow = shadow.at(point);
    if shadow <= 0.0 {
        return contact;
    }
    let normal = normal_at(shot, column, row, point);
    let brightness = |light: Vec3| light.dot(vec3(0.2126, 0.7152, 0.0722));
    let key = brightness(light.key) * normal.dot(light.key_direction).max(0.0);
    let even = brightness(light.ground.lerp(light.sky, 0.5 + 0.5 * normal.y));
    let cast = shadow * key / (key + even).max(1e-4);
    1.0 - (1.0 - contact) * (1.0 - cast)
}

/// The surface seen in a pixel, world frame; none on the backdrop and beyond the border.
fn point_at(shot: &Shot, column: u32, row: u32) -> Option<Vec3> {
    let camera = &shot.camera;
    let depth = *shot.depth.get((row * shot.picture.width() + column) as usize)?;
    let at = (DVec2::new(f64::from(column), f64::from(row)) + 0.5 - camera.centre) / camera.focal;
    let in_camera = vec3(at.x as f32, at.y as f32, 1.0) * depth;
    depth.is_finite().then(|| (in_camera - camera.translation) * vec3(1.0, -1.0, -1.0))
}

/// The surface's normal there, from its neighbours; where it breaks off, towards the camera.
fn normal_at(shot: &Shot, column: u32, row: u32, point: Vec3) -> Vec3 {
    const BREAK: f32 = 0.02;
    let (width, height) = shot.picture.dimensions();
    let along = |one: (u32, u32), other: (u32, u32)| {
        let inside = |at: (u32, u32)| at.0 < width && at.1 < height;
        let ends = (inside(one) && inside(other)).then_some((one, other))?;
        let (one, other) = (point_at(shot, ends.0.0, ends.0.1)?, point_at(shot, ends.1.0, ends.1.1)?);
        (one.distance(point) < BREAK && other.distance(point) < BREAK).then(|| other - one)
    };
    let across = along((column.wrapping_sub(1), row), (column + 1, row));
    let down = along((column, row.wrapping_sub(1)), (column, row + 1));
    match (across, down) {
        (Some(across), Some(down)) => down.cross(across).normalize_or(Vec3::Z),
        _ => Vec3::Z,
    }
}

//! Clothes: the body's own mesh, loosened and moved outwards, cut along a neckline.
//!
//! A garment covers where its `inside` (metres, on the mean body at rest) is positive; triangles on the border
//! are cut exactly there, and a hem folded inwards gives the edge its thickness. What lies well inside a garment
//! hides the skin, so that skin is left out.

use super::canon::Canon;
use super::figure::Figure;
use super::hair::gap_of_hat;
use super::look::Look;
use super::noise::{cloud, noise, smooth};
use super::person::{Headwear, Neckline, Person};
use crate::body::{Part, PosedBody};
use glam::{Mat3, Vec2, Vec3, Vec4, vec3};
use std::collections::HashMap;

/// Skin further inside a garment than this is not drawn, metres.
const HIDDEN: f32 = 0.022;

/// Where ears lie under a headscarf: this far from the middle of the mean head, metres.
const EAR_PLANE: f32 = 0.0705;

/// What a garment is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fabric {
    Jersey,
    Knit,
    /// A knitted hat.
    Ribbed,
    /// A headscarf.
    Voile,
    /// The frame of glasses.
    Wire,
}

/// Where a garment covers the body, and how it sits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Garment {
    pub(super) fabric: Fabric,
    cut: Cut,
    /// Above the skin, metres.
    off: f32,
    /// How often the body's form is averaged before, and how much of that counts.
    loose: (usize, f32),
}

#[derive(Debug, Clone, Copy)]
enum Cut {
    Top(Neckline),
    Beanie,
    Scarf,
}

/// Vertices that garments add to a mesh.
#[derive(Debug, Default)]
pub(super) struct Sewn {
    pub(super) positions: Vec<Vec3>,
    pub(super) normals: Vec<Vec3>,
    pub(super) rest: Vec<Vec3>,
    pub(super) lamps: Vec<Vec4>,
    pub(super) open: Vec<Vec2>,
    /// Depth inside the border, metres.
    pub(super) inside: Vec<f32>,
    pub(super) triangles: Vec<[u32; 3]>,
    pub(super) fabrics: Vec<Fabric>,
}

impl Garment {
    /// What a person wears, under what hair.
    pub(super) fn of(person: &Person) -> Vec<Self> {
        let who = person.attributes();
        let (fabric, off, loose) = match who.neckline {
            Neckline::Turtleneck => (Fabric::Knit, 0.0075, (10, 0.55)),
            Neckline::Boat | Neckline::Scoop => (Fabric::Jersey, 0.0042, (16, 0.7)),
            _ => (Fabric::Jersey, 0.0056, (22, 0.8)),
        };
        let mut worn = vec![Self { fabric, cut: Cut::Top(who.neckline), off, loose }];
        match who.headwear {
            Headwear::Without => {}
            Headwear::Beanie => {
                worn.push(Self { fabric: Fabric::Ribbed, cut: Cut::Beanie, off: 0.0105, loose: (6, 0.6) });
            }
            Headwear::Headscarf => {
                worn.push(Self { fabric: Fabric::Voile, cut: Cut::Scarf, off: 0.0150, loose: (22, 0.95) });
            }
        }
        worn
    }

    /// How far inside its border a place at rest lies, metres; negative outside.
    pub(super) fn inside(&self, canon: &Canon, at: Vec3) -> f32 {
        let ears = canon.rest.lobes[0].midpoint(canon.rest.lobes[1]);
        let out = at - ears;
        match self.cut {
            Cut::Top(neckline) => top(neckline, out),
            Cut::Beanie => gap_of_hat(ears, at),
            Cut::Scarf => scarf(canon, at, out),
        }
    }
}

/// A top's depth below its neckline; `out` from the middle between the lobes.
fn top(neckline: Neckline, out: Vec3) -> f32 {
    // Around the neck's axis: 0 at the nape, 1 at the throat.
    let turned = out.x.abs().atan2(out.z + 0.030);
    let front = (0.5 + 0.5 * turned.cos()).powi(2);
    let wide = out.x.abs();
    let line = match neckline {
        Neckline::Turtleneck => {
            // Up the neck, but not onto the chin.
            let chin = 0.046 - out.z + (-0.085 - out.y).max(0.0) * 2.0;
            return (-0.060 - 0.020 * front - out.y).min(chin);
        }
        Neckline::Crew => -0.094 - 0.030 * front,
        Neckline::VNeck => -0.092 - 0.026 * front - 0.074 * front * (1.0 - wide / 0.062).max(0.0),
        Neckline::Scoop => -0.100 - 0.026 * front - 0.058 * front * (1.0 - (wide / 0.095).min(1.0).powi(2)),
        Neckline::Boat => -0.108 - 0.020 * front,
    };
    line - out.y
}

/// All of head and neck but an oval of the face.
fn scarf(canon: &Canon, at: Vec3, out: Vec3) -> f32 {
    let mark = |index: usize| canon.rest.landmarks[index];
    let middle = (mark(8) + mark(19).midpoint(mark(24))) * 0.5 + Vec3::Y * 0.004;
    let offset = at - middle;
    let oval = ((offset.x / 0.060).hypot(offset.y / 0.086) - 1.0) * 0.066;
    let face = oval.max((0.030 - out.z) * 0.8);
    let below = out.y + 0.175 + 0.25 * (out.z - 0.02).min(0.0);
    face.min(below)
}

/// Sockets and mouth lie inside the head, as far back as a headscarf's border: lids and what faces the eyeball or
/// the mouth's middle.
fn in_hollow(canon: &Canon, rest: Vec3, normal: Vec3) -> bool {
    let mouth = canon.rest.landmarks[62];
    let hollow = |middle: &Vec3| {
        let out = rest - *middle;
        out.length() < 0.019 || (out.length() < 0.034 && normal.dot(out) < 0.45 * out.length())
    };
    [canon.rest.joints[23], canon.rest.joints[24], mouth, mouth - Vec3::Z * 0.03].iter().any(hollow)
}

/// Sews all garments onto a figure whose head is turned by `turn`; says which of its triangles stay bare.
pub(super) fn sew(canon: &Canon, figure: &Figure<'_>, turn: Mat3, garments: &[Garment]) -> (Sewn, Vec<bool>) {
    let fine = figure.fine;
    let triangles = fine.subdivision.triangles();
    let mut sewn = Sewn::default();
    let mut bare = vec![true; triangles.len()];
    for garment in garments {
        // The border is drawn on the loosened body at rest: bumps of the skin do not show in it.
        let at_rest = loosened(figure, canon, &canon.rest, Mat3::IDENTITY, garment);
        let above =
            garments.last().filter(|last| last.fabric == Fabric::Voile && garment.fabric != Fabric::Voile);
        let inside: Vec<f32> = at_rest
            .iter()
            .zip(fine.rest.iter().zip(&fine.rest_normals))
            .map(|(at, (skin, out))| {
                if garment.fabric == Fabric::Voile && in_hollow(canon, *skin, *out) {
                    return -0.02;
                }
                // A headscarf lies over what is below.
                let hidden = above.map_or(f32::INFINITY, |scarf| 0.065 - scarf.inside(canon, *at));
                garment.inside(canon, *at).min(hidden)
            })
            .collect();
        let positions = loosened(figure, canon, &figure.body, turn, garment);
        let mut normals = fine.subdivision.normals(&positions);
        if garment.fabric == Fabric::Voile {
            for (normal, rest) in normals.iter_mut().zip(&fine.rest) {
                let aside = turn.x_axis * rest.x.signum();
                *normal = normal.lerp(aside, on_ear(canon, *rest)).normalize_or(aside);
            }
        }
        let mut cutter = Cutter {
            figure,
            garment,
            inside: &inside,
            positions: &positions,
            normals: &normals,
            names: HashMap::new(),
            sewn: &mut sewn,
        };
        for (index, triangle) in triangles.iter().enumerate() {
            if fine.parts[index] != Part::Skin {
                continue;
            }
            let depths = triangle.map(|corner| inside[corner as usize]);
            if depths.iter().any(|depth| *depth > 0.0) {
                cutter.cut(*triangle, depths);
            }
            if depths.iter().all(|depth| *depth > HIDDEN) {
                bare[index] = false;
            }
        }
    }
    (sewn, bare)
}

/// The fine mesh as a garment hangs on it.
fn loosened(
    figure: &Figure<'_>,
    canon: &Canon,
    body: &PosedBody,
    turn: Mat3,
    garment: &Garment,
) -> Vec<Vec3> {
    let skin = &figure.fine.subdivision;
    let (times, share) = garment.loose;
    let mut relaxed = skin.relaxed(&body.vertices, times);
    let scarf = garment.fabric == Fabric::Voile;
    if scarf {
        for (place, rest) in relaxed.iter_mut().zip(&canon.rest.vertices) {
            let flat = (EAR_PLANE - rest.x.abs()).min(0.0) * rest.x.signum();
            *place += turn.x_axis * (flat * on_ear(canon, *rest));
        }
    }
    // Lids and lips have normals of all directions: cloth that spans them follows their mean.
    let broad: Vec<Vec3> = if scarf {
        skin.relaxed(&body.normals, 18).iter().map(|normal| normal.normalize_or(Vec3::Z)).collect()
    } else {
        body.normals.clone()
    };
    let hung: Vec<Vec3> = body
        .vertices
        .iter()
        .zip(&relaxed)
        .zip(&broad)
        .map(|((own, relaxed), normal)| {
            let moved = (*relaxed - *own) * share;
            // Cloth bridges hollows and never cuts into the body.
            let inwards = if scarf { 0.0 } else { moved.dot(*normal).min(0.0) };
            *own + moved - *normal * inwards + *normal * garment.off
        })
        .collect();
    let mut hung = skin.relaxed(&hung, 1);
    if scarf {
        for ((place, normal), rest) in hung.iter_mut().zip(&broad).zip(&canon.rest.vertices) {
            *place += *normal * draped(canon, *rest);
        }
    }
    skin.positions(&hung)
}

/// How far a headscarf's folds stand off: slanting down and round under the chin, metres.
fn draped(canon: &Canon, rest: Vec3) -> f32 {
    let out = rest - canon.rest.lobes[0].midpoint(canon.rest.lobes[1]);
    let turned = out.x.atan2(out.z + 0.03);
    let low = smooth(0.02, -0.10, out.y);
    let folds = (out.y * 210.0 + turned * 2.6 + 1.5 * noise(rest * 18.0)).sin();
    0.0055 * low * (0.5 + 0.5 * folds) + 0.004 * noise(rest * vec3(14.0, 26.0, 14.0)) + 0.010 * low
}

/// 1 on the ears of the mean body, which a headscarf presses flat.
fn on_ear(canon: &Canon, rest: Vec3) -> f32 {
    let offset = canon.rest.lobes.map(|lobe| rest - lobe - vec3(0.0, 0.027, -0.006));
    let near = offset.map(|offset| smooth(0.050, 0.038, offset.y.hypot(offset.z)));
    if rest.x.abs() > 0.055 { near[0].max(near[1]) } else { 0.0 }
}

/// Cuts triangles at a garment's border.
struct Cutter<'a, 's> {
    figure: &'a Figure<'a>,
    garment: &'a Garment,
    inside: &'a [f32],
    positions: &'a [Vec3],
    normals: &'a [Vec3],
    /// Sewn vertices: of a mesh vertex (twice its name), or of the border's point on an edge.
    names: HashMap<(u32, u32), u32>,
    sewn: &'s mut Sewn,
}

impl Cutter<'_, '_> {
    fn cut(&mut self, triangle: [u32; 3], depths: [f32; 3]) {
        let mut corners = Vec::with_capacity(4);
        let mut border = Vec::with_capacity(2);
        for index in 0..3 {
            let next = (index + 1) % 3;
            let (from, to) = (triangle[index], triangle[next]);
            if depths[index] > 0.0 {
                corners.push(self.vertex(from, from));
            }
            if (depths[index] > 0.0) != (depths[next] > 0.0) {
                let name = self.vertex(from, to);
                corners.push(name);
                border.push((name, depths[index] > 0.0));
            }
        }
        for end in 2..corners.len() {
            self.triangle([corners[0], corners[end - 1], corners[end]]);
        }
        if let [(a, leaves), (b, _)] = border[..] {
            let (first, second) = if leaves { (a, b) } else { (b, a) };
            self.hem(first, second);
        }
    }

    fn triangle(&mut self, corners: [u32; 3]) {
        self.sewn.triangles.push(corners);
        self.sewn.fabrics.push(self.garment.fabric);
    }

    /// The edge's thickness: a strip from the border in to the skin.
    fn hem(&mut self, first: u32, second: u32) {
        let inner = [first, second].map(|name| self.inner(name));
        self.triangle([first, inner[0], inner[1]]);
        self.triangle([first, inner[1], second]);
    }

    /// The border's point moved in to the skin.
    fn inner(&mut self, name: u32) -> u32 {
        if let Some(known) = self.names.get(&(u32::MAX, name)) {
            return *known;
        }
        let index = name as usize;
        let sewn = &mut *self.sewn;
        let moved = sewn.positions[index] - sewn.normals[index] * (self.garment.off * 0.9);
        let made = sewn.positions.len() as u32;
        sewn.positions.push(moved);
        sewn.normals.push(sewn.normals[index]);
        sewn.rest.push(sewn.rest[index]);
        sewn.lamps.push(sewn.lamps[index] * 0.35);
        sewn.open.push(sewn.open[index] * 0.3);
        sewn.inside.push(0.0);
        self.names.insert((u32::MAX, name), made);
        made
    }

    /// A mesh vertex, or where the border crosses the edge between two.
    fn vertex(&mut self, from: u32, to: u32) -> u32 {
        let key = (from.min(to), from.max(to));
        if let Some(known) = self.names.get(&key) {
            return *known;
        }
        let (a, b) = (key.0 as usize, key.1 as usize);
        let (inside_a, inside_b) = (self.inside[a], self.inside[b]);
        let share = if a == b { 0.0 } else { (inside_a / (inside_a - inside_b)).clamp(0.0, 1.0) };
        let figure = self.figure;
        let made = self.sewn.positions.len() as u32;
        self.sewn.positions.push(self.positions[a].lerp(self.positions[b], share));
        self.sewn.normals.push(self.normals[a].lerp(self.normals[b], share).normalize_or(Vec3::Y));
        self.sewn.rest.push(figure.fine.rest[a].lerp(figure.fine.rest[b], share));
        self.sewn.lamps.push(figure.lamps[a].lerp(figure.lamps[b], share));
        self.sewn.open.push(figure.open[a].lerp(figure.open[b], share));
        self.sewn.inside.push(if a == b { inside_a } else { 0.0 });
        self.names.insert(key, made);
        made
    }
}

/// A fabric's own colour.
pub(super) fn colour(fabric: Fabric, look: &Look) -> Vec3 {
    match fabric {
        Fabric::Jersey | Fabric::Knit => look.cloth,
        Fabric::Ribbed | Fabric::Voile => look.headwear,
        Fabric::Wire => look.frame,
    }
}

/// What a fabric is at a place: how much of its colour shows, and its tilted normal.
pub(super) fn weave(
    fabric: Fabric,
    rest: Vec3,
    inside: f32,
    normal: Vec3,
    seed: f32,
    px_per_mm: f32,
) -> (f32, Vec3) {
    let mm = rest * 1000.0;
    // Along the cloth; `inside` counts downwards.
    let inside = inside / (1.0 - normal.y * normal.y).max(0.09).sqrt();
    let shift = Vec3::splat(seed);
    // Folds run down and outwards from the shoulders.
    let long = vec3(mm.x * 0.034, mm.y * 0.0065, mm.z * 0.028) + shift;
    // Sharp-backed: cloth bends along lines.
    let fold = |by: f32| {
        1.2 * cloud(long + Vec3::splat(by), 3)
            - 0.9 * (cloud(long * 1.3 + Vec3::splat(by + 70.0), 2).abs() - 0.15)
    };
    let depth = match fabric {
        Fabric::Jersey => 0.62,
        Fabric::Knit => 0.40,
        Fabric::Ribbed => 0.18,
        Fabric::Voile => 1.3,
        Fabric::Wire => return (1.0, normal),
    };
    let mut tilt = vec3(fold(0.0), 0.4 * fold(19.0), fold(43.0)) * depth * smooth(0.0, 0.03, inside);
    let mut tone = 1.0 + 0.05 * cloud(mm * 0.4 + shift, 2);
    let detail = smooth(0.5, 1.2, px_per_mm);
    if matches!(fabric, Fabric::Jersey | Fabric::Knit) {
        // Where the sleeve is set in.
        let armhole = mm.x.abs() - 158.0 - 0.10 * (mm.z + 30.0).abs().min(60.0)
            + 0.12 * (mm.y - 500.0).abs().min(120.0);
        let seam = smooth(1.6, 0.0, armhole.abs()) * detail.max(0.4);
        tone *= 1.0 - 0.30 * seam;
        tilt.x -= 0.35 * mm.x.signum() * smooth(9.0, 0.0, armhole.abs()) * (armhole / 9.0).clamp(-1.0, 1.0);
    }
    let band = |from: f32, to: f32| if inside > from && inside < to { 1.0 } else { 0.0 };
    match fabric {
        Fabric::Jersey => {
            // A ribbed collar with a seam.
            let seam = smooth(0.0012, 0.0, (inside - 0.0165).abs());
            tone *= 1.0 - 0.14 * seam - 0.05 * band(0.0, 0.0165);
        }
        Fabric::Knit => {
            let angle = mm.x.atan2(mm.z + 90.0);
            let ribs = (angle * 62.0).sin();
            let collar = smooth(0.085, 0.06, inside);
            tone *= 1.0 + 0.13 * ribs * detail.max(0.35) * collar + 0.10 * cloud(mm * 1.1, 2) * detail;
            tilt += vec3(0.22 * (angle * 62.0).cos(), 0.0, 0.0) * (detail * collar);
        }
        Fabric::Ribbed => {
            let angle = mm.x.atan2(mm.z);
            let ribs = (angle * 46.0).sin();
            let rows = (mm.y * 2.1).sin();
            let cuff = smooth(0.001, 0.0, (inside - 0.042).abs());
            tone *= (1.0 + 0.20 * ribs * detail.max(0.4) + 0.07 * rows * detail) * (1.0 - 0.35 * cuff);
            tilt += vec3(0.3 * (angle * 46.0).cos(), 0.1 * rows, 0.0) * detail;
        }
        Fabric::Voile => {
            let seam = smooth(0.0010, 0.0, (inside - 0.008).abs());
            tone *= 1.0 - 0.06 * seam;
        }
        Fabric::Wire => {}
    }
    (tone, (normal + tilt * 0.55).normalize_or(normal))
}

//! The mean person at rest: where what is on a head, and what each place sees of its surroundings.
//!
//! Everybody's mesh has the same vertices, so what is worked out here once holds for all: outlines of lips and
//! lids, regions of skin, and how much of each direction a vertex sees past nose, chin and shoulders. Places on
//! the mean person ("at rest", metres, head straight) serve as the coordinates of all textures.

use super::noise::smooth;
use crate::body::{BodyError, Part, PeopleBody, PosedBody};
use crate::project::HeadAngles;
use crate::render::Mesh;
use crate::render::subdivision::Subdivision;
use crate::render::visibility::{Region, sphere_directions, visibility};
use glam::{Vec2, Vec3, Vec4};
use std::convert::Infallible;

/// Directions that a vertex may see.
pub(super) const DIRECTIONS: usize = 160;

/// What lies further from the head casts no shadow, metres.
const REGION: f32 = 0.34;

/// How much of the smoothing's shrinking is made up for.
const KEEP_SIZE: f32 = 0.8;

/// Edges shorter than the first length keep their normals, metres.
const FINE_TO_BROAD: (f32, f32) = (0.0026, 0.0070);

/// Marks of a vertex on the skin.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    /// Distance outside the lips' outline (negative inside), redness, shade under the eyes, density of a beard.
    pub(super) face: Vec4,
    /// Distance from the upper lids' edge going up, from the lower ones' going down, lips' inner outline,
    /// density of hair on the scalp.
    pub(super) lids: Vec4,
    /// Depth of the nostrils, and how dense the brows are, 0..=1.
    pub(super) dark: Vec2,
    /// Where age draws lines: on the forehead, around the outer corners of the eyes with the angle there, radians,
    /// from nose to mouth.
    pub(super) lines: Vec4,
}

impl std::ops::Add for Marks {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            face: self.face + other.face,
            lids: self.lids + other.lids,
            dark: self.dark + other.dark,
            lines: self.lines + other.lines,
        }
    }
}

impl std::ops::Mul<f32> for Marks {
    type Output = Self;

    fn mul(self, share: f32) -> Self {
        Self {
            face: self.face * share,
            lids: self.lids * share,
            dark: self.dark * share,
            lines: self.lines * share,
        }
    }
}

/// The mesh at one fineness.
#[derive(Debug)]
pub(super) struct Fine {
    pub(super) subdivision: Subdivision,
    pub(super) rest: Vec<Vec3>,
    pub(super) rest_normals: Vec<Vec3>,
    /// 0 where the mesh is finely modelled, 1 where its edges are long.
    pub(super) broad: Vec<f32>,
    pub(super) marks: Vec<Marks>,
    /// One a triangle.
    pub(super) parts: Vec<Part>,
}

/// What all portraits share.
#[derive(Debug)]
pub(super) struct Canon {
    pub(super) body: PeopleBody,
    pub(super) rest: PosedBody,
    pub(super) directions: Vec<Vec3>,
    /// What each coarse vertex sees, `[V][DIRECTIONS]`, 0..=255.
    pub(super) seen: Vec<u8>,
    /// For small and for large faces.
    pub(super) fine: [Fine; 2],
}

impl Canon {
    pub(super) fn new() -> Result<Self, BodyError> {
        let body = PeopleBody::shipped()?;
        let rest = body.pose(HeadAngles::default(), &[], &[]);
        let directions = sphere_directions(DIRECTIONS);
        let mesh = Mesh { positions: &rest.vertices, normals: &rest.normals, triangles: body.triangles() };
        let region = Region { centre: rest.eyes_middle() - Vec3::Y * 0.06, radius: REGION };
        let rows = match visibility(&mesh, region, &directions, || Ok::<(), Infallible>(())) {
            Ok(rows) => rows,
            Err(never) => match never {},
        };
        let mut seen = vec![0; rest.vertices.len() * DIRECTIONS];
        for (direction, row) in rows.iter().enumerate() {
            for (vertex, share) in row.iter().enumerate() {
                seen[vertex * DIRECTIONS + direction] = (share * 255.0) as u8;
            }
        }
        let fine = [1, 2].map(|levels| Fine::new(&body, &rest, levels));
        Ok(Self { body, rest, directions, seen, fine })
    }
}

impl Fine {
    fn new(body: &PeopleBody, rest: &PosedBody, levels: usize) -> Self {
        let subdivision = Subdivision::new(rest.vertices.len(), body.triangles(), levels, KEEP_SIZE);
        let positions = subdivision.positions(&rest.vertices);
        let marker = Marker::new(body, rest);
        let marks = positions.iter().map(|place| marker.marks(*place)).collect();
        // Each coarse triangle becomes four, in order.
        let each = 4_usize.pow(levels as u32);
        let parts = (0..subdivision.triangles().len())
            .map(|index| body.parts[body.triangles()[index / each][0] as usize])
            .collect();
        Self {
            rest_normals: subdivision.normals(&positions),
            broad: subdivision.attribute(&broadness(body, rest)),
            subdivision,
            rest: positions,
            marks,
            parts,
        }
    }
}

/// 0 where the mesh is finely modelled, 1 where its edges are long.
fn broadness(body: &PeopleBody, rest: &PosedBody) -> Vec<f32> {
    let count = rest.vertices.len();
    let (mut sums, mut edges) = (vec![0.0; count], vec![1e-6; count]);
    for &[a, b, c] in body.triangles() {
        for (from, to) in [(a, b), (b, c), (c, a)] {
            let length = rest.vertices[from as usize].distance(rest.vertices[to as usize]);
            sums[from as usize] += length;
            edges[from as usize] += 1.0;
        }
    }
    let share = |(sum, edges): (&f32, &f32)| {
        ((sum / edges - FINE_TO_BROAD.0) / (FINE_TO_BROAD.1 - FINE_TO_BROAD.0)).clamp(0.0, 1.0)
    };
    sums.iter().zip(&edges).map(share).collect()
}

/// Finds the regions of a face by the outlines and landmarks of the mean one.
struct Marker<'a> {
    rest: &'a PosedBody,
    outer: Vec<Vec2>,
    inner: Vec<Vec2>,
    upper: [Vec<Vec3>; 2],
    lower: [Vec<Vec3>; 2],
}

impl<'a> Marker<'a> {
    fn new(body: &PeopleBody, rest: &'a PosedBody) -> Self {
        let flat = |line: &[u32]| line.iter().map(|v| rest.vertices[*v as usize].truncate()).collect();
        let half = |eye: usize, upper: bool| {
            let line = &body.lids[eye];
            let middle = line.len() / 2;
            let run = if upper { &line[..=middle] } else { &line[middle..] };
            run.iter().map(|v| rest.vertices[*v as usize]).collect::<Vec<_>>()
        };
        Self {
            rest,
            outer: flat(&body.lips[0]),
            inner: flat(&body.lips[1]),
            upper: [half(0, true), half(1, true)],
            lower: [half(0, false), half(1, false)],
        }
    }

    fn marks(&self, at: Vec3) -> Marks {
        let mark = |index: usize| self.rest.landmarks[index];
        let near = |point: Vec3, whole: f32, gone: f32| 1.0 - smooth(whole, gone, at.distance(point));
        let front = at.z > mark(36).z - 0.02;
        let lips = if front { outside(at.truncate(), &self.outer) } else { 0.05 };
        let inner = if front { outside(at.truncate(), &self.inner) } else { 0.05 };
        let cheeks = [(2, 36), (14, 45)].map(|(jaw, eye)| {
            let apple = mark(jaw).lerp(mark(30), 0.52).lerp(mark(eye), 0.18);
            near(apple, 0.006, 0.038)
        });
        let ears = self.rest.lobes.map(|lobe| near(lobe + Vec3::Y * 0.025, 0.02, 0.042));
        let nose = near(mark(30), 0.004, 0.022)
            .max(0.8 * near(mark(31), 0.002, 0.012))
            .max(0.8 * near(mark(35), 0.002, 0.012));
        let chin = 0.45 * near(mark(8) + Vec3::Y * 0.012, 0.004, 0.022);
        let redness =
            (cheeks[0].max(cheeks[1]) * 0.70).max(0.72 * nose).max(ears[0].max(ears[1]) * 0.62).max(chin);
        let under = [[36, 39], [42, 45]].map(|[a, b]| {
            let bag = mark(a).midpoint(mark(b)) - Vec3::Y * 0.0115;
            let offset = (at - bag) * Vec3::new(0.62, 1.6, 0.6);
            1.0 - smooth(0.003, 0.014, offset.length())
        });
        Marks {
            face: Vec4::new(lips, redness, under[0].max(under[1]), self.beard(at)),
            lids: Vec4::new(
                distance(at, &self.upper[0]).min(distance(at, &self.upper[1])),
                distance(at, &self.lower[0]).min(distance(at, &self.lower[1])),
                inner,
                scalp(self.rest, at),
            ),
            dark: Vec2::new(self.nostrils(at), self.brows(at)),
            lines: self.lines(at),
        }
    }

    fn lines(&self, at: Vec3) -> Vec4 {
        let mark = |index: usize| self.rest.landmarks[index];
        let above = at.y - mark(19).midpoint(mark(24)).y;
        let forehead = smooth(0.004, 0.014, above)
            * smooth(0.046, 0.030, above)
            * smooth(0.058, 0.035, at.x.abs())
            * smooth(0.02, 0.05, at.z - self.rest.lobes[0].z);
        let corner = if at.x > 0.0 { mark(45) } else { mark(36) };
        let from = (at - corner) * Vec3::new(at.x.signum(), 1.0, 1.0);
        let apart = from.length();
        let feet = smooth(0.004, 0.009, apart) * smooth(0.026, 0.012, apart) * smooth(0.0, 0.006, from.x);
        let (wing, mouth) = if at.x > 0.0 { (mark(35), mark(54)) } else { (mark(31), mark(48)) };
        let out = Vec3::new(at.x.signum() * 0.010, 0.0, -0.006);
        let fold = distance(
            at,
            &[wing + out * 0.4 + Vec3::Y * 0.006, wing.lerp(mouth, 0.5) + out * 1.1, mouth + out],
        );
        Vec4::new(forehead, feet, from.y.atan2(from.x.max(1e-4)), 1.0 - smooth(0.0004, 0.0048, fold))
    }

    /// The mesh has no holes there: dark where they open, on the nose's underside.
    fn nostrils(&self, at: Vec3) -> f32 {
        [(32, 31), (34, 35)]
            .map(|(middle, wing)| {
                let hole = self.rest.landmarks[middle].lerp(self.rest.landmarks[wing], 0.38);
                let offset = (at - hole - Vec3::new(0.0, 0.0016, 0.0012)) * Vec3::new(0.85, 1.5, 0.75);
                1.0 - smooth(0.0010, 0.0042, offset.length())
            })
            .into_iter()
            .fold(0.0, f32::max)
    }

    fn brows(&self, at: Vec3) -> f32 {
        let line = |run: std::ops::Range<usize>| distance(at + Vec3::Y * 0.0030, &self.rest.landmarks[run]);
        1.0 - smooth(0.0006, 0.0044, line(17..22).min(line(22..27)))
    }

    /// Where a beard grows, 0..=1: cheeks below a line from the ears to the nose, chin and upper lip.
    fn beard(&self, at: Vec3) -> f32 {
        let mark = |index: usize| self.rest.landmarks[index];
        let (ear, nose) = (self.rest.lobes[0], mark(33));
        let share = ((at.z - ear.z) / (nose.z - ear.z)).clamp(0.0, 1.0);
        let line = ear.y - 0.004 + (nose.y - 0.003 - ear.y) * share - 0.018 * share * (1.0 - share) * 4.0;
        let below = smooth(0.0, 0.010, line - at.y);
        // Down to the fold between chin and neck.
        let throat = smooth(
            0.016,
            0.000,
            mark(8).y - at.y + 0.25 * (mark(8).z - at.z - 0.03).max(0.0) - 0.30 * (mark(8).z - at.z).max(0.0),
        );
        let side = smooth(-0.004, 0.010, at.z - ear.z - 0.004);
        let lips = smooth(0.0005, 0.0030, outside(at.truncate(), &self.outer));
        below * throat * side * if at.z > mark(48).z - 0.02 { lips } else { 1.0 }
    }
}

/// How densely hair grows on the head at rest, 0..=1: above a line from the forehead over the temples, around the
/// ears, to the nape.
pub(super) fn scalp(rest: &PosedBody, at: Vec3) -> f32 {
    let mark = |index: usize| rest.landmarks[index];
    let ears = rest.lobes[0].midpoint(rest.lobes[1]);
    let brow = mark(19).midpoint(mark(24));
    let out = at - ears;
    // 0 at the forehead, 1 at the back of the head.
    let back = out.x.abs().atan2(out.z) / std::f32::consts::PI;
    let forehead = brow.y + 0.050 - ears.y;
    let temple = brow.y + 0.004 - ears.y;
    let line = if back < 0.20 {
        // A slight peak in the middle, receding corners.
        forehead + 0.006 * (back / 0.20).powi(2)
    } else if back < 0.34 {
        let share = smooth(0.20, 0.34, back);
        (forehead + 0.006) * (1.0 - share) + temple * share
    } else if back < 0.46 {
        // Down in front of the ear.
        let share = smooth(0.34, 0.46, back);
        temple * (1.0 - share) + 0.030 * share
    } else {
        let share = smooth(0.50, 0.74, back);
        0.030 * (1.0 - share) - 0.036 * share
    };
    let ear = rest.lobes.map(|lobe| {
        let offset = at - (lobe + Vec3::new(0.0, 0.027, -0.006));
        (offset * Vec3::new(1.0, 0.82, 1.25)).length()
    });
    let bare = 1.0 - smooth(0.030, 0.039, ear[0].min(ear[1]));
    smooth(-0.008, 0.008, out.y - line) * (1.0 - bare)
}

/// Distance to a line.
pub(super) fn distance(at: Vec3, line: &[Vec3]) -> f32 {
    let piece = |ends: &[Vec3]| {
        let along = ends[1] - ends[0];
        let share = ((at - ends[0]).dot(along) / along.length_squared().max(1e-12)).clamp(0.0, 1.0);
        at.distance(ends[0] + along * share)
    };
    line.windows(2).map(piece).fold(f32::INFINITY, f32::min)
}

/// Distance outside a closed outline, negative inside.
fn outside(at: Vec2, outline: &[Vec2]) -> f32 {
    let (mut within, mut nearest) = (false, f32::INFINITY);
    for (index, from) in outline.iter().enumerate() {
        let to = outline[(index + 1) % outline.len()];
        if (from.y > at.y) != (to.y > at.y)
            && at.x < from.x + (at.y - from.y) / (to.y - from.y) * (to.x - from.x)
        {
            within = !within;
        }
        let along = to - from;
        let share = ((at - from).dot(along) / along.length_squared().max(1e-12)).clamp(0.0, 1.0);
        nearest = nearest.min(at.distance(from + along * share));
    }
    if within { -nearest } else { nearest }
}

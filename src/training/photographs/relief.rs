//! A photo as a relief: nodes with a height over the plane of the ears.
//!
//! World frame: metres, origin at the fitted head's middle, x to the picture's right, y up, z to the camera; the
//! camera is the photo's.

use crate::body::{BodyModel, PosedBody};
use crate::project::HeadAngles;
use crate::render::Mesh;
use crate::render::strands::{Strands, look};
use crate::scene::Camera;
use crate::vision::{HeadFit, HeadPoints};
use glam::{DVec2, DVec3, Mat3, Vec2, Vec3};

/// Nodes along the photo's longer side.
const NODES: u32 = 256;

/// Nodes beyond each side of the photo, whose pixels mirror it, as a part of the nodes along it.
const BEYOND: f64 = 0.12;

/// Nobody stands farther away than this, metres: flatter perspective says nothing.
const FARTHEST: f64 = 8.0;

/// The head with its hair, head frame from its middle: half of its width and height; past it the photo turns less
/// and less, and not at all from this many times as far on.
const HEAD: (f32, f32) = (0.098, 0.145);
const STILL: f32 = 1.9;

/// Below the chin the relief sinks to the plane within this many metres.
const NECK: f32 = 0.055;

/// The open head at rest, from its middle.
pub(super) struct Head {
    vertices: Vec<Vec3>,
    normals: Vec<Vec3>,
    triangles: Vec<[u32; 3]>,
    /// Of the subject's left and right ear.
    pub(super) lobes: [Vec3; 2],
    pub(super) chin: f32,
}

impl Head {
    pub(super) fn of(model: &BodyModel, points: &HeadPoints) -> Self {
        let PosedBody { vertices, normals, lobes, landmarks, .. } = model.pose_head(HeadAngles::default());
        let from_middle = |at: Vec3| points.from_middle(at.as_dvec3()).as_vec3();
        Self {
            vertices: vertices.into_iter().map(from_middle).collect(),
            normals,
            triangles: model.triangles().to_vec(),
            lobes: lobes.map(from_middle),
            chin: from_middle(landmarks[8]).y,
        }
    }
}

/// The head as a fit found it.
pub(super) struct Fitted<'a> {
    head: &'a Head,
    pub(super) turn: Mat3,
    proportions: Vec3,
    /// Of the photo.
    pub(super) camera: Camera,
}

impl<'a> Fitted<'a> {
    pub(super) fn new(head: &'a Head, fit: &HeadFit, (width, height): (u32, u32)) -> Self {
        let distance = 1.0 / fit.placing.nearness.max(1.0 / FARTHEST);
        Self {
            head,
            turn: fit.placing.turn.as_mat3(),
            proportions: fit.proportions.as_vec3(),
            camera: Camera {
                focal: DVec2::splat(fit.placing.scale * distance),
                centre: fit.placing.place,
                translation: Vec3::new(0.0, 0.0, distance as f32),
                width,
                height,
            },
        }
    }

    /// A point of the head at rest, world frame.
    pub(super) fn in_world(&self, at_rest: Vec3) -> Vec3 {
        self.turn * (at_rest * self.proportions)
    }

    /// Points of the skin and their normals, world frame.
    pub(super) fn skin(&self) -> impl Iterator<Item = (Vec3, Vec3, Vec3)> {
        let both = self.head.vertices.iter().zip(&self.head.normals);
        both.map(|(at, normal)| (*at, self.in_world(*at), self.turn * *normal))
    }

    /// What the head turns about: the middle between the lobes, where the neck carries it.
    pub(super) fn pivot(&self) -> Vec3 {
        self.in_world(self.head.lobes[0].midpoint(self.head.lobes[1]))
    }

    /// World z of the head's surface where `camera` sees it, pixel by pixel.
    fn surface(&self, camera: &Camera) -> Vec<Option<f32>> {
        let positions: Vec<Vec3> = self.head.vertices.iter().map(|at| self.in_world(*at)).collect();
        let mesh =
            Mesh { positions: &positions, normals: &self.head.normals, triangles: &self.head.triangles };
        let none = Strands { points: &[], thickness: &[], segments: &[] };
        look(&mesh, &none, camera, |_, _, fragments, _| {
            let nearest = fragments.iter().map(|fragment| fragment.depth).reduce(f32::min);
            nearest.map(|depth| camera.translation.z - depth)
        })
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Relief {
    /// Photo pixels between nodes.
    step: f64,
    columns: usize,
    rows: usize,
    /// How many of the first columns and rows lie beyond the photo.
    beyond: usize,
    /// Over the plane through the pivot, metres, >= 0.
    heights: Vec<f32>,
    /// How far a node turns with the head, 0..=1.
    turns: Vec<f32>,
    pub(super) triangles: Vec<[u32; 3]>,
    pub(super) pivot: Vec3,
    camera: Camera,
}

impl Relief {
    pub(super) fn of(fitted: &Fitted<'_>) -> Self {
        let photo = fitted.camera;
        let step = f64::from(photo.width.max(photo.height)) / f64::from(NODES);
        let small = photo.scaled(DVec2::splat(1.0 / step));
        let beyond = (BEYOND * f64::from(NODES)) as usize;
        let (width, height) = (small.width as usize, small.height as usize);
        let (columns, rows) = (width + 2 * beyond, height + 2 * beyond);
        let seen = fitted.surface(&small);
        let pivot = fitted.pivot();
        let mut relief = Self {
            step,
            columns,
            rows,
            beyond,
            heights: vec![0.0; columns * rows],
            turns: vec![0.0; columns * rows],
            triangles: triangles(columns, rows),
            pivot,
            camera: photo,
        };
        let to_head = fitted.turn.transpose();
        for index in 0..columns * rows {
            let (column, row) =
                ((index % columns).wrapping_sub(beyond), (index / columns).wrapping_sub(beyond));
            let inside = column < width && row < height;
            let z = inside.then(|| seen[row * width + column]).flatten().unwrap_or(pivot.z);
            let in_head = to_head * relief.lifted(relief.place(index), z - pivot.z);
            let chin = fitted.head.chin;
            let neck = smooth((in_head.y - (chin - NECK)) / NECK);
            relief.heights[index] = (z - pivot.z).max(0.0) * neck;
            let middle = Vec2::new(in_head.x, in_head.y - 0.01) / Vec2::new(HEAD.0, HEAD.1);
            relief.turns[index] = 1.0 - smooth((middle.length() - 1.0) / (STILL - 1.0));
        }
        relief.heights = blurred(&relief.heights, columns);
        relief
    }

    /// Where a node lies in the photo, pixels.
    pub(super) fn place(&self, index: usize) -> DVec2 {
        let at = |along: usize| along as f64 + 0.5 - self.beyond as f64;
        DVec2::new(at(index % self.columns), at(index / self.columns)) * self.step
    }

    pub(super) fn nodes(&self) -> usize {
        self.heights.len()
    }

    pub(super) fn height(&self, index: usize) -> f32 {
        self.heights[index]
    }

    /// The nodes' heights and turning shares at a place in the photo.
    fn at(&self, place: DVec2) -> (f32, f32) {
        let at = place / self.step - 0.5 + self.beyond as f64;
        let most = DVec2::new(self.columns as f64 - 1.001, self.rows as f64 - 1.001);
        let at = at.clamp(DVec2::ZERO, most);
        let share = (at - at.floor()).as_vec2();
        let first = at.y as usize * self.columns + at.x as usize;
        let blend = |values: &[f32]| {
            let upper = values[first] * (1.0 - share.x) + values[first + 1] * share.x;
            let below = first + self.columns;
            let lower = values[below] * (1.0 - share.x) + values[below + 1] * share.x;
            upper * (1.0 - share.y) + lower * share.y
        };
        (blend(&self.heights), blend(&self.turns))
    }

    /// The world point at a height that the photo shows at a place.
    fn lifted(&self, place: DVec2, height: f32) -> Vec3 {
        let z = self.pivot.z + height;
        let depth = f64::from(self.camera.translation.z - z);
        let at = (place - self.camera.centre) / self.camera.focal * depth;
        DVec3::new(at.x, -at.y, f64::from(z)).as_vec3()
    }

    /// Where a point of the photo lies once the head has turned, world frame.
    pub(super) fn turned(&self, place: DVec2, turn: Mat3) -> Vec3 {
        let (height, share) = self.at(place);
        self.moved(place, height, share, turn)
    }

    /// The same of every node.
    pub(super) fn all_turned(&self, turn: Mat3) -> Vec<Vec3> {
        let node = |index| self.moved(self.place(index), self.heights[index], self.turns[index], turn);
        (0..self.nodes()).map(node).collect()
    }

    fn moved(&self, place: DVec2, height: f32, share: f32, turn: Mat3) -> Vec3 {
        let at = self.lifted(place, height) - self.pivot;
        // What lies in the plane and is not the head's stays where it is.
        let still = Vec3::new(at.x, at.y, 0.0) + turn * Vec3::new(0.0, 0.0, at.z);
        self.pivot + still.lerp(turn * at, share)
    }
}

fn triangles(columns: usize, rows: usize) -> Vec<[u32; 3]> {
    let mut triangles = Vec::with_capacity(2 * (columns - 1) * (rows - 1));
    for row in 0..rows - 1 {
        for column in 0..columns - 1 {
            let first = (row * columns + column) as u32;
            let below = first + columns as u32;
            triangles.push([first, below, first + 1]);
            triangles.push([first + 1, below, below + 1]);
        }
    }
    triangles
}

/// Three box filters each way: mesh and photo do not agree to the last millimetre.
fn blurred(values: &[f32], columns: usize) -> Vec<f32> {
    let mut values = values.to_vec();
    let rows = values.len() / columns;
    for _ in 0..3 {
        let before = values.clone();
        let at = |column: usize, row: usize| before[row.min(rows - 1) * columns + column.min(columns - 1)];
        for (index, value) in values.iter_mut().enumerate() {
            let (column, row) = (index % columns, index / columns);
            let (columns, rows) =
                ([column.saturating_sub(1), column, column + 1], [row.saturating_sub(1), row, row + 1]);
            let sum: f32 = rows.iter().flat_map(|row| columns.map(|column| at(column, *row))).sum();
            *value = sum / 9.0;
        }
    }
    values
}

pub(super) fn smooth(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

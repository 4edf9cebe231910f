//! Glasses: two rims, a bridge and two temples, bent from round wire, fitted to a person's own face.

use super::cloth::{Fabric, Sewn};
use super::person::{Glasses, Person};
use crate::body::PosedBody;
use glam::{Mat3, Vec2, Vec3, Vec4, vec3};

/// Corners of the wire's section, and pieces of a rim.
const SIDES: usize = 6;
const PIECES: usize = 40;

/// Half width and half height of a rim, and half the wire's thickness, metres.
struct Frame {
    half: (f32, f32),
    /// 2 round; larger, squarer.
    power: f32,
    wire: f32,
}

/// Adds a person's glasses, if any; `turn` is the head's in the world.
pub(super) fn fit(person: &Person, body: &PosedBody, turn: Mat3, sewn: &mut Sewn) {
    let frame = match person.attributes().glasses {
        Glasses::Without => return,
        Glasses::Round => Frame { half: (0.0200, 0.0186), power: 2.1, wire: 0.0008 },
        Glasses::Square => Frame { half: (0.0228, 0.0162), power: 3.6, wire: 0.0013 },
    };
    let mark = |index: usize| body.landmarks[index];
    let local = |point: Vec3| turn.transpose() * (point - mark(27));
    // Before the brows and the eyes, on the nose.
    let eyes = [body.joints[23], body.joints[24]].map(local);
    let brows = local(mark(20)).z.max(local(mark(23)).z);
    let ahead = brows.max(local(mark(27)).z).max(local(mark(37)).z + 0.006) + 0.004;
    let apart = ((eyes[0].x - eyes[1].x) * 0.5).max(frame.half.0 + 0.0075);
    let height = (eyes[0].y + eyes[1].y) * 0.5 - 0.0062;
    let mut bender = Bender { turn, origin: mark(27), wire: frame.wire, sewn };
    for side in [1.0, -1.0] {
        let rim: Vec<Vec3> = (0..=PIECES)
            .map(|piece| {
                let (sin, cos) = (piece as f32 / PIECES as f32 * std::f32::consts::TAU).sin_cos();
                let at = superellipse(Vec2::new(cos, sin), frame.power);
                let x = side * apart + at.x * frame.half.0;
                // Rims follow the face's round a little.
                vec3(x, height + at.y * frame.half.1, ahead - 2.2 * (x.abs() - 0.012).max(0.0).powi(2))
            })
            .collect();
        bender.bend(&rim);
        let lobe = local(body.lobes[usize::from(side < 0.0)]);
        let hinge = vec3(side * (apart + frame.half.0), height + 0.004, ahead - 0.003);
        let ear = vec3(lobe.x - side * 0.004, lobe.y + 0.047, lobe.z - 0.004);
        let temple = [
            hinge,
            hinge.lerp(ear, 0.12) + vec3(side * 0.0025, 0.0, 0.0),
            hinge.lerp(ear, 0.55) + vec3(side * 0.004, 0.001, 0.0),
            ear,
            ear + vec3(-side * 0.003, -0.010, -0.012),
        ];
        bender.bend(&temple);
    }
    let inner = apart - frame.half.0;
    let bridge: Vec<Vec3> = (0..=8)
        .map(|piece| {
            let across = piece as f32 / 4.0 - 1.0;
            vec3(
                across * inner,
                height + 0.003 + 0.004 * (1.0 - across * across),
                ahead + 0.002 * (1.0 - across * across),
            )
        })
        .collect();
    bender.bend(&bridge);
}

fn superellipse(at: Vec2, power: f32) -> Vec2 {
    let grown = (at.x.abs().powf(power) + at.y.abs().powf(power)).powf(-1.0 / power);
    at * grown
}

/// Bends wire along points of the head's own frame.
struct Bender<'a> {
    turn: Mat3,
    origin: Vec3,
    wire: f32,
    sewn: &'a mut Sewn,
}

impl Bender<'_> {
    fn bend(&mut self, line: &[Vec3]) {
        let first = self.sewn.positions.len() as u32;
        for (index, at) in line.iter().enumerate() {
            let along = line[(index + 1).min(line.len() - 1)] - line[index.saturating_sub(1)];
            let along = along.normalize_or(Vec3::Z);
            let across = along.cross(vec3(0.03, 0.95, 0.3)).normalize_or(Vec3::X);
            let up = across.cross(along);
            for side in 0..SIDES {
                let (sin, cos) = (side as f32 / SIDES as f32 * std::f32::consts::TAU).sin_cos();
                let normal = across * cos + up * sin;
                self.sewn.positions.push(self.origin + self.turn * (*at + normal * self.wire));
                self.sewn.normals.push(self.turn * normal);
                self.sewn.rest.push(*at);
                self.sewn.lamps.push(Vec4::splat(0.9));
                self.sewn.open.push(Vec2::splat(0.8));
                self.sewn.inside.push(0.0);
            }
        }
        let sides = SIDES as u32;
        for piece in 0..line.len() as u32 - 1 {
            for side in 0..sides {
                let (a, b) = (first + piece * sides + side, first + piece * sides + (side + 1) % sides);
                for triangle in [[a, a + sides, b], [b, a + sides, b + sides]] {
                    self.sewn.triangles.push(triangle);
                    self.sewn.fabrics.push(Fabric::Wire);
                }
            }
        }
    }
}

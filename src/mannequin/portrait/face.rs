//! What is where on a head at rest: skin, lips, brows, lashes, eyes, hair, cloth, by the distance to its
//! landmarks. All lengths are metres.

use super::look::Look;
use crate::body::PosedBody;
use crate::mannequin::material::Stuff;
use crate::scene::smooth;
use glam::{Vec2, Vec3};

const EYE_WHITE: Vec3 = Vec3::new(0.70, 0.66, 0.62);
const PUPIL: Vec3 = Vec3::new(0.006, 0.005, 0.005);

/// Where what is on a head at rest; all lengths in metres.
pub(super) struct Face<'a> {
    pub(super) rest: PosedBody,
    look: &'a Look,
    /// 1 on the vertices of eyeballs.
    pub(super) eyes: Vec<f32>,
}

impl<'a> Face<'a> {
    pub(super) fn new(rest: PosedBody, pieces: &[u32], look: &'a Look) -> Self {
        let eyes = (0..pieces.len())
            .map(|vertex| {
                let near = |joint: usize| rest.vertices[vertex].distance(rest.joints[joint]) < 0.022;
                // The first vertex is skin.
                f32::from(u8::from(pieces[vertex] != pieces[0] && (near(23) || near(24))))
            })
            .collect();
        Self { rest, look, eyes }
    }

    /// What the head is made of at a point of it at rest.
    pub(super) fn stuff(&self, at: Vec3, eye: bool) -> Stuff {
        if eye {
            return self.eye(at);
        }
        let mark = |index: usize| self.rest.landmarks[index];
        let blush = [2, 14].map(|jaw| soft(at.distance(mark(jaw).lerp(mark(30), 0.5)), 0.012, 0.036));
        let mut albedo = self.look.skin.lerp(self.look.blush, 0.40 * (blush[0] + blush[1]).min(1.0));
        let front = soft(-(at.z - mark(36).z), 0.0, 0.012);
        let lips = front * inside(at.truncate(), &self.rest.landmarks[48..60], 0.0016);
        albedo = albedo.lerp(self.look.lips, self.look.rouge * lips);
        let lashes = [36..40, 42..46].map(|lid| along(at, &self.rest.landmarks[lid], Vec3::ZERO).0);
        albedo = albedo.lerp(self.look.brows, 0.85 * soft(lashes[0].min(lashes[1]), 0.0007, 0.0024));
        let brows = [17..22, 22..27].map(|brow| {
            let (distance, share) = along(at, &self.rest.landmarks[brow.clone()], Vec3::Y * 0.001);
            // Fuller towards the nose.
            let inner = if brow.start == 17 { share } else { 1.0 - share };
            soft(distance - 0.0008 * inner, 0.0002, 0.0036)
        });
        albedo = albedo.lerp(self.look.brows, self.look.brow_strength * front * brows[0].max(brows[1]));
        let hair = soft(-self.hair(at), -0.62, -0.30);
        albedo = albedo.lerp(self.look.brows, self.look.beard * self.beard(at) * front_of_neck(at, mark(8)));
        let cloth = soft(at.y - self.neckline(at), -0.001, 0.001);
        albedo = albedo.lerp(self.strands(at), hair).lerp(self.look.cloth, cloth);
        let below = Vec3::new(1.0, 0.42, 0.28).lerp(Vec3::ONE, hair.max(cloth));
        let glaze = 0.030 + 0.030 * lips + 0.045 * hair - 0.026 * cloth;
        Stuff { albedo, below, glaze, gloss: 16.0 + 20.0 * lips }
    }

    /// Iris and pupil look straight ahead of the head.
    fn eye(&self, at: Vec3) -> Stuff {
        let centre = if at.x > 0.0 { self.rest.joints[23] } else { self.rest.joints[24] };
        let (aside, ahead) = ((at - centre).truncate().length(), at.z > centre.z);
        let iris = if ahead { soft(aside, 0.0052, 0.0062) } else { 0.0 };
        let ring = soft((aside - 0.0056).abs(), 0.0, 0.0012);
        let pupil = if ahead { soft(aside, 0.0019, 0.0026) } else { 0.0 };
        let albedo = EYE_WHITE.lerp(self.look.iris * (1.0 - 0.6 * ring), iris).lerp(PUPIL, pupil);
        Stuff { albedo, below: Vec3::ONE, glaze: 0.16, gloss: 260.0 }
    }

    /// How much hair grows there, 0..=1: above a line from the forehead over the temples and behind the ears.
    pub(super) fn hair(&self, at: Vec3) -> f32 {
        let mark = |index: usize| self.rest.landmarks[index];
        let middle = self.rest.lobes[0].midpoint(self.rest.lobes[1]);
        let brow = mark(19).midpoint(mark(24));
        let out = at - middle;
        // 0 at the forehead, 1 at the back of the head.
        let back = out.x.abs().atan2(out.z) / std::f32::consts::PI;
        let forehead = brow.y + self.look.forehead - middle.y;
        let line = if back < 0.40 {
            forehead - 0.045 * smooth(back / 0.40)
        } else {
            forehead - 0.045 - 0.065 * smooth((back - 0.40) / 0.25)
        };
        let ear = self.rest.lobes.map(|lobe| at.distance(lobe + Vec3::new(0.0, 0.028, -0.004)));
        let bare = soft(ear[0].min(ear[1]), 0.034, 0.048);
        smooth((out.y - line + 0.010) / 0.020) * (1.0 - bare)
    }

    /// Where a beard grows, 0..=1: cheeks below a line from the ears to the nose, chin and upper lip.
    fn beard(&self, at: Vec3) -> f32 {
        let mark = |index: usize| self.rest.landmarks[index];
        let (ear, nose) = (self.rest.lobes[0], mark(33));
        let share = ((at.z - ear.z) / (nose.z - ear.z)).clamp(0.0, 1.0);
        let line = ear.y - 0.006 + (nose.y - 0.004 - ear.y) * share - 0.016 * (share * (1.0 - share)) * 4.0;
        let mouth = inside(at.truncate(), &self.rest.landmarks[48..60], 0.003);
        smooth((line - at.y) / 0.012) * (1.0 - mouth)
    }

    /// Combed back from the forehead: thin lines of lighter and darker hair.
    fn strands(&self, at: Vec3) -> Vec3 {
        let out = at - self.rest.lobes[0].midpoint(self.rest.lobes[1]);
        let across = out.x.atan2(out.y.max(0.0) + 0.04);
        let wave = (across * 95.0).sin() * 0.5 + (across * 41.0 + out.z * 20.0).sin() * 0.5;
        self.look.hair * (1.0 + 0.16 * wave)
    }

    /// A wide round neckline: cloth lies below it.
    fn neckline(&self, at: Vec3) -> f32 {
        let neck = self.rest.joints[12];
        let out = Vec2::new(at.x - neck.x, at.z - neck.z);
        neck.y - 0.052 + 0.9 * (out.x.abs() - 0.055).max(0.0).powi(2) / 0.05 + 0.10 * (-out.y).max(0.0)
    }
}

/// 1 up to the first length, 0 from the second on.
fn soft(length: f32, whole: f32, gone: f32) -> f32 {
    1.0 - smooth((length - whole) / (gone - whole))
}

/// Distance to a line through landmarks, and how far along it the nearest point is, 0..=1.
fn along(at: Vec3, line: &[Vec3], offset: Vec3) -> (f32, f32) {
    let mut best = (f32::INFINITY, 0.0);
    for (index, ends) in line.windows(2).enumerate() {
        let (from, to) = (ends[0] + offset, ends[1] + offset);
        let share = ((at - from).dot(to - from) / (to - from).length_squared()).clamp(0.0, 1.0);
        let distance = at.distance(from.lerp(to, share));
        if distance < best.0 {
            best = (distance, (index as f32 + share) / (line.len() - 1) as f32);
        }
    }
    best
}

/// How far inside a closed outline a point is: 1 inside, 0 further outside than twice `edge`.
fn inside(at: Vec2, outline: &[Vec3], edge: f32) -> f32 {
    let (mut within, mut nearest) = (false, f32::INFINITY);
    for (index, from) in outline.iter().enumerate() {
        let (from, to) = (from.truncate(), outline[(index + 1) % outline.len()].truncate());
        if (from.y > at.y) != (to.y > at.y)
            && at.x < from.x + (at.y - from.y) / (to.y - from.y) * (to.x - from.x)
        {
            within = !within;
        }
        let share = ((at - from).dot(to - from) / (to - from).length_squared()).clamp(0.0, 1.0);
        nearest = nearest.min(at.distance(from.lerp(to, share)));
    }
    let signed = if within { -nearest } else { nearest };
    soft(signed - edge, -edge, edge)
}

/// 1 on the face, 0 from a little below the chin on.
fn front_of_neck(at: Vec3, chin: Vec3) -> f32 {
    soft(chin.y - at.y, 0.012, 0.03)
}

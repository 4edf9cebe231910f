//! Hairstyles: where each strand wants to go.
//!
//! All at rest, metres, x to the subject's left, y up, z to the front; `ears` is the middle between the lobes.

mod knot;

use super::super::noise::{noise, smooth};
use super::super::person::{HairStyle, Headwear, Person};
use super::grow::{Grower, Kind, Path, Strand};
use crate::project::Dice;
use glam::{Vec3, vec3};
use rayon::prelude::*;

/// A style made this person's own.
struct Plan<'a> {
    grower: &'a Grower<'a>,
    style: HairStyle,
    hat: bool,
    ears: Vec3,
    chin: f32,
    /// Where hair is gathered, and away from the head there.
    knot: (Vec3, Vec3),
    /// Column of the parting, and the side hair is swept to.
    part: f32,
    sweep: f32,
    /// Longer or shorter than the style's own length, 1 plain.
    length: f32,
    /// Of waves and curls, metres and turns a metre.
    wave: (f32, f32),
    volume: f32,
    fringe: bool,
}

/// A strand's root and own chances.
struct Root {
    at: Vec3,
    normal: Vec3,
    dense: f32,
    dice: Dice,
}

pub(super) fn strands(grower: &Grower<'_>, person: &Person, finer: f32) -> Vec<Strand> {
    let plan = Plan::new(grower, person);
    let mut dice = Dice::named(person.id(), 61);
    let count = (plan.count() as f32 * finer) as usize;
    let roots: Vec<Root> = (0..count)
        .filter_map(|index| {
            let (at, normal, dense) = grower.root(&mut dice)?;
            Some(Root { at, normal, dense, dice: Dice::named(person.id(), 1000 + index as u64) })
        })
        .collect();
    let mut strands: Vec<Strand> = roots.into_par_iter().filter_map(|root| plan.strand(root)).collect();
    strands.extend(plan.extra(person, finer));
    for strand in &mut strands {
        strand.thickness /= finer.sqrt();
    }
    strands
}

/// How far above a hat's edge a place at rest lies; the hat covers what is above.
pub(in crate::people) fn gap_of_hat(ears: Vec3, at: Vec3) -> f32 {
    let share = ((at.z - ears.z + 0.09) / 0.20).clamp(0.0, 1.0);
    at.y - (ears.y + 0.022 + 0.076 * share)
}

impl<'a> Plan<'a> {
    fn new(grower: &'a Grower<'a>, person: &Person) -> Self {
        let mut dice = Dice::named(person.id(), 60);
        let who = person.attributes();
        let ears = grower.ears;
        let towards = match who.hair {
            HairStyle::TopKnot => vec3(0.0, 1.0, -0.35),
            HairStyle::Ponytail => vec3(0.0, dice.between(0.05, 0.5), -1.0),
            _ => vec3(0.0, dice.between(-0.35, 0.0), -1.0),
        };
        let centre = ears + vec3(0.0, 0.07, -0.01);
        let facing = |vertex: usize| {
            (grower.canon.rest.vertices[vertex] - centre).normalize().dot(towards.normalize())
        };
        let head = |vertex: &usize| grower.canon.body.carried[*vertex].0 > 0.9;
        let knot = (0..grower.canon.rest.vertices.len())
            .filter(head)
            .max_by(|a, b| facing(*a).total_cmp(&facing(*b)))
            .map_or((centre, Vec3::NEG_Z), |vertex| {
                (grower.canon.rest.vertices[vertex], towards.normalize())
            });
        let wave = match who.hair {
            HairStyle::LongWavy => (dice.between(0.006, 0.011), dice.between(14.0, 22.0)),
            HairStyle::Afro => (0.0034, 75.0),
            HairStyle::Curls => (dice.between(0.0040, 0.0058), dice.between(42.0, 58.0)),
            HairStyle::Bob | HairStyle::TuckedBob | HairStyle::LongTucked | HairStyle::Ponytail => {
                (dice.between(0.0008, 0.0035), 16.0)
            }
            _ => (0.0012, 20.0),
        };
        let sweep = if dice.chance(0.5) { 1.0 } else { -1.0 };
        Self {
            grower,
            style: who.hair,
            hat: who.headwear == Headwear::Beanie,
            ears,
            chin: grower.canon.rest.landmarks[8].y,
            knot,
            part: if dice.chance(0.35) { 0.0 } else { dice.between(0.015, 0.038) * sweep },
            sweep,
            length: dice.between(0.85, 1.2),
            wave,
            volume: dice.between(0.006, 0.015),
            fringe: who.hair == HairStyle::Bob && dice.chance(0.4),
        }
    }

    fn count(&self) -> usize {
        match self.style {
            HairStyle::Shaved => 0,
            HairStyle::Crop => 24_000,
            HairStyle::Pixie | HairStyle::SlickedBack => 19_000,
            HairStyle::Bun | HairStyle::TopKnot | HairStyle::Ponytail => 13_000,
            HairStyle::Bob | HairStyle::TuckedBob => 13_000,
            HairStyle::LongStraight | HairStyle::LongWavy | HairStyle::LongTucked => 13_000,
            HairStyle::Afro => 21_000,
            HairStyle::Curls => 15_000,
        }
    }

    fn strand(&self, mut root: Root) -> Option<Strand> {
        let shade = root.dice.share();
        let flyaway = root.dice.chance(0.035);
        let (points, next_to) = match self.style {
            HairStyle::Shaved => return None,
            HairStyle::Crop | HairStyle::Pixie | HairStyle::SlickedBack => self.short(&mut root),
            HairStyle::Bun | HairStyle::TopKnot | HairStyle::Ponytail => self.gathered(&mut root),
            HairStyle::Afro | HairStyle::Curls => self.coiled(&mut root),
            _ => self.falling(&mut root),
        };
        let points = self.waved(&points, &mut root, flyaway);
        if points.iter().any(|at| self.on_throat(*at)) {
            return None;
        }
        let mut strand = Strand {
            points,
            next_to,
            thickness: if self.style == HairStyle::Afro { 0.00026 } else { 0.00034 },
            kind: Kind::Head,
            shade,
        };
        if self.hat && root.at.z > self.ears.z + 0.035 {
            return None;
        }
        if self.hat {
            // Only what hangs out of the hat is seen.
            let out = strand.points.iter().position(|at| gap_of_hat(self.ears, *at) < -0.004)?;
            strand.points.drain(..out);
            strand.next_to.drain(..out);
        }
        (strand.points.len() > 2).then_some(strand)
    }

    /// 1 on top of the head.
    fn top(&self, at: Vec3) -> f32 {
        smooth(0.078, 0.118, at.y - self.ears.y)
    }

    /// Before the neck, where no style puts hair.
    fn on_throat(&self, at: Vec3) -> bool {
        let out = at - self.ears;
        out.y < -0.045 && out.z > -0.032 && out.x.abs() < 0.056
    }

    /// A direction without most of what leads away from the head.
    fn hugging(&self, at: Vec3, wanted: Vec3, share: f32) -> Vec3 {
        let out = (at - self.ears - vec3(0.0, 0.065, -0.01)).normalize_or(Vec3::Y);
        wanted - out * (wanted.dot(out).max(0.0) * share)
    }

    /// 1 right around an ear.
    fn near_ear(&self, at: Vec3) -> f32 {
        let offset = at - self.ears - vec3(0.0, 0.03, -0.006);
        if at.x.abs() > 0.05 { smooth(0.062, 0.036, offset.y.hypot(offset.z)) } else { 0.0 }
    }

    fn short(&self, root: &mut Root) -> (Vec<Vec3>, Vec<u32>) {
        let (at, top, side) = (root.at, self.top(root.at), root.at.x.signum());
        let front = smooth(0.03, 0.09, at.z - self.ears.z);
        let lock = vec3(noise(at * 95.0), noise(at * 95.0 + 31.0), noise(at * 95.0 + 71.0));
        let (long, wanted, lift) = match self.style {
            HairStyle::Crop => {
                let wanted =
                    vec3(0.35 * self.sweep, 0.1, 0.9).lerp(vec3(side * 0.15, -1.0, -0.25), 1.0 - top);
                (0.0075 + 0.022 * top, wanted, 0.30)
            }
            HairStyle::Pixie => {
                let over = vec3(0.95 * self.sweep, -0.05, 0.55 * front - 0.25 * (1.0 - front));
                let wanted = over.lerp(vec3(side * 0.05, -1.0, 0.10 - 0.5 * (1.0 - front)), 1.0 - top);
                (0.022 + 0.036 * top, wanted, 0.28)
            }
            _ => {
                let wanted = vec3(side * 0.08 * (1.0 - top), -0.02 - 0.35 * (1.0 - top), -1.0);
                (0.030 + 0.055 * top, wanted, 0.20 + 0.70 * front * top)
            }
        };
        let around = 1.0 - 0.72 * self.near_ear(at) * (1.0 - top);
        let length = long * self.length * root.dice.between(0.72, 1.1) * (0.45 + 0.55 * root.dense) * around;
        let steps = 9;
        let height = root.dice.between(0.4, 1.0) * self.volume * 0.55 * (0.3 + 0.7 * top);
        let own =
            wanted + lock * 0.30 + vec3(root.dice.spread(), root.dice.spread(), root.dice.spread()) * 0.07;
        let path = Path {
            steps,
            step: length / steps as f32,
            layer: &|share| 0.0006 + height * (share * 2.5).min(1.0),
            towards: &|at, share| {
                // Behind the crown, hair that is combed back falls.
                let behind = smooth(-0.015, -0.070, at.z - self.ears.z);
                let own = own.lerp(vec3(0.0, -1.0, -0.1), 0.85 * behind);
                self.hugging(at, own - Vec3::Y * (0.35 * share), 0.85 + 0.45 * behind)
                    + root.normal * (0.10 - 0.10 * behind)
            },
            until: &|_| false,
            stiffness: 0.66,
            ears: true,
        };
        self.grower.grow(at, root.normal, root.normal * (0.35 + lift) + own * 0.6, &path)
    }

    fn gathered(&self, root: &mut Root) -> (Vec<Vec3>, Vec<u32>) {
        let (knot, out) = self.knot;
        // Along the round of the head it is further than straight.
        let apart = root.at.distance(knot) * 1.25;
        let steps = 24;
        let loose = root.dice.chance(0.03);
        let layer = root.dice.between(0.0006, 0.0032) + if loose { 0.003 } else { 0.0 };
        let spread = vec3(root.dice.spread(), root.dice.spread(), root.dice.spread()) * 0.0035;
        let short = if loose { root.dice.between(0.25, 0.7) } else { 1.0 };
        let path = Path {
            steps: (steps as f32 * short) as usize + 2,
            step: (apart / steps as f32).max(0.002),
            layer: &|share| layer + 0.0035 * share,
            towards: &|at, _| (knot + spread + out * 0.004 - at).normalize_or(out),
            until: &|at| at.distance(knot) < 0.012,
            stiffness: 0.35,
            ears: false,
        };
        let start = (knot - root.at).normalize_or(out) + root.normal * 0.45;
        self.grower.grow(root.at, root.normal, start, &path)
    }

    fn coiled(&self, root: &mut Root) -> (Vec<Vec3>, Vec<u32>) {
        let afro = self.style == HairStyle::Afro;
        let top = self.top(root.at);
        let long = if afro { 0.048 + 0.018 * top } else { 0.020 + 0.036 * top };
        let around = 1.0 - if afro { 0.35 } else { 0.6 } * self.near_ear(root.at) * (1.0 - top);
        let length = long * self.length * root.dice.between(0.75, 1.08) * (0.4 + 0.6 * root.dense) * around;
        let steps = 20;
        let outwards = (root.at - self.ears - vec3(0.0, 0.075, -0.01)).normalize_or(root.normal);
        let droop = if afro { 0.0 } else { 0.75 };
        let lock = vec3(noise(root.at * 70.0), noise(root.at * 70.0 + 9.0), noise(root.at * 70.0 + 23.0));
        let own = outwards + lock * if afro { 0.25 } else { 0.7 };
        let path = Path {
            steps,
            step: length / steps as f32,
            layer: &|share| 0.0008 + 0.006 * share,
            towards: &|_, share| own - Vec3::Y * (droop * share * 1.6) + vec3(0.0, 0.0, 0.25 * droop),
            until: &|_| false,
            stiffness: 0.55,
            ears: true,
        };
        self.grower.grow(root.at, root.normal, root.normal, &path)
    }

    fn falling(&self, root: &mut Root) -> (Vec<Vec3>, Vec<u32>) {
        let ears = self.ears;
        let at_root = root.at;
        let behind = smooth(-0.01, -0.05, at_root.z - ears.z);
        let side = if (at_root.x - self.part * (1.0 - behind)) >= 0.0 { 1.0 } else { -1.0 };
        let tucked = matches!(self.style, HairStyle::TuckedBob | HairStyle::LongTucked);
        let bob = matches!(self.style, HairStyle::Bob | HairStyle::TuckedBob);
        let fringe =
            self.fringe && at_root.z > ears.z + 0.045 && at_root.x.abs() < 0.048 && self.top(at_root) > 0.3;
        let end = if fringe {
            ears.y + 0.068
        } else if bob {
            self.chin - 0.012 * self.length + 0.012
        } else {
            ears.y - 0.23 * self.length
        } + root.dice.spread() * if bob { 0.004 } else { 0.022 };
        let hook = vec3(side * 0.074, ears.y + 0.056, ears.z - 0.034);
        let rank = root.dice.share();
        let volume = self.volume * (0.35 + 0.65 * rank);
        let lock = vec3(noise(at_root * 60.0), 0.0, noise(at_root * 60.0 + 17.0)) * 0.16;
        let towards = |at: Vec3, share: f32| {
            // Off the top of the head, everything falls.
            let top = smooth(0.090, 0.130, at.y - ears.y) * smooth(0.082, 0.052, at.x.abs());
            let away = vec3(side, -0.55, -0.25).lerp(vec3(side * 0.45, -0.3, -0.9), behind);
            // What stands off is drawn back in.
            let stray = smooth(0.088, 0.13, at.x.abs());
            let mut wanted = vec3(side * (0.02 - 0.5 * stray), -1.0, -0.10).lerp(away, top) + lock;
            if fringe {
                let ahead = smooth(0.122, 0.095, at.y - ears.y);
                let down = vec3(0.10 * side, -1.0, 0.9 - 0.95 * ahead);
                return self.hugging(at, down, 0.9 - 0.4 * ahead);
            }
            let crown = smooth(0.03, 0.07, at.y - ears.y);
            let out = (at - ears - vec3(0.0, 0.065, -0.01)).normalize_or(Vec3::Y);
            wanted = self.hugging(at, wanted, crown) - out * (0.32 * crown);
            // Never over the face, nor across the throat.
            let front = if at.y < ears.y - 0.04 { (-0.045, -0.010) } else { (0.030, 0.065) };
            let face = smooth(front.0, front.1, at.z - ears.z) * smooth(0.085, 0.062, at.x.abs());
            wanted += vec3(side * 1.5, 0.0, -1.1)
                * (face
                    * if at.y < ears.y - 0.04 { 0.3 + 0.9 * smooth(0.062, 0.040, at.x.abs()) } else { 1.0 });
            let passed = at.z < ears.z - 0.022;
            if tucked && !passed && at.y < ears.y + 0.115 && at.y > ears.y - 0.05 {
                let hooked = (hook - at).normalize_or(Vec3::NEG_Y);
                wanted = wanted.lerp(hooked * 1.2, 0.92);
            } else if tucked && at.y < ears.y + 0.08 && at.z > ears.z - 0.034 {
                wanted.z -= 0.9;
            }
            if bob && share > 0.6 {
                wanted.x -= side * 0.5 * smooth(0.6, 1.0, share);
            }
            wanted
        };
        let path = Path {
            steps: if bob { 26 } else { 42 },
            step: 0.0108,
            layer: &|share| {
                let near = if tucked { 0.35 } else { 1.0 };
                0.0012 + volume * near * (share * 4.0).min(1.0)
            },
            towards: &towards,
            until: &|at| at.y < end,
            stiffness: 0.55,
            ears: false,
        };
        let start = root.normal * 0.40 + vec3(side * 0.7, 0.0, -0.1) * smooth(0.09, 0.13, at_root.y - ears.y);
        let (mut points, next_to) =
            self.grower.grow(at_root, root.normal, start + towards(at_root, 0.0) * 0.4, &path);
        if !tucked {
            // Over the ears, not through them.
            for point in &mut points {
                let offset = *point - ears - vec3(0.0, 0.03, -0.006);
                let near = smooth(0.090, 0.022, offset.y.hypot(offset.z));
                let least = 0.066 + near * (0.020 + volume * 0.5);
                if near > 0.0 && point.x.abs() < least && point.x * side > 0.03 {
                    point.x += (side * least - point.x) * near;
                }
            }
        }
        (points, next_to)
    }

    /// Waves, curls and the little disorder of all hair; neighbours move together.
    fn waved(&self, points: &[Vec3], root: &mut Root, flyaway: bool) -> Vec<Vec3> {
        let (size, turns) = self.wave;
        let at = root.at;
        let coiled = matches!(self.style, HairStyle::Afro | HairStyle::Curls);
        let together = if coiled { 55.0 } else { 15.0 };
        let phase = 6.3 * noise(at * together) + root.dice.spread() * if coiled { 0.9 } else { 0.22 };
        let own = vec3(root.dice.spread(), root.dice.spread(), root.dice.spread());
        let loose = if flyaway { 0.0060 } else { 0.0009 };
        let count = points.len().max(2) as f32;
        let mut length = 0.0;
        let mut before = points[0];
        points
            .iter()
            .enumerate()
            .map(|(index, point)| {
                length += before.distance(*point);
                before = *point;
                let share = index as f32 / (count - 1.0);
                let along = (points[(index + 1).min(points.len() - 1)] - points[index.saturating_sub(1)])
                    .normalize_or(Vec3::NEG_Y);
                let (u, v) = along.any_orthonormal_pair();
                let grown = (share * 3.0).min(1.0) * size;
                let (sin, cos) = (length * turns * std::f32::consts::TAU + phase).sin_cos();
                let coil = if coiled { u * cos + v * sin } else { vec3(cos, 0.0, sin) };
                let lock =
                    vec3(noise(at * 160.0 + length * 9.0), 0.0, noise(at * 160.0 + 5.0 + length * 9.0));
                *point + coil * grown + own * (loose * share) + lock * (0.0016 * share)
            })
            .collect()
    }
}

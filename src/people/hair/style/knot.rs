//! What gathered hair is gathered into: a coil, or a tail.

use super::super::grow::{Kind, Path, Strand};
use super::{Plan, Root};
use crate::people::noise::{noise, smooth};
use crate::people::person::{HairStyle, Person};
use crate::project::Dice;
use glam::{Vec3, vec3};

impl Plan<'_> {
    /// What is made of gathered hair: a coil, or a tail.
    pub(super) fn extra(&self, person: &Person, finer: f32) -> Vec<Strand> {
        let mut dice = Dice::named(person.id(), 62);
        match self.style {
            HairStyle::Bun | HairStyle::TopKnot if !self.hat => {
                self.coil(&mut dice, (3400.0 * finer) as usize)
            }
            HairStyle::Ponytail => self.tail(&mut dice, (3600.0 * finer) as usize),
            _ => Vec::new(),
        }
    }

    /// Hair wound around the knot.
    fn coil(&self, dice: &mut Dice, count: usize) -> Vec<Strand> {
        let (knot, out) = self.knot;
        let (right, up) = out.any_orthonormal_pair();
        let size = if self.style == HairStyle::Bun { 0.034 } else { 0.030 } * self.length.sqrt();
        let centre = knot + out * size * 0.62;
        let nearest = self.grower.nearest(knot, false).unwrap_or(0);
        let steps = 18;
        (0..count)
            .map(|_| {
                let start = dice.share() * std::f32::consts::TAU;
                let polar = dice.between(0.18, 1.0) * std::f32::consts::PI * 0.62;
                let drift = dice.between(0.1, 0.55);
                let radius = size * dice.between(0.70, 1.0) * if dice.chance(0.04) { 1.12 } else { 1.0 };
                let turn = dice.between(1.2, 3.0);
                let ripple = dice.spread() * 0.04;
                let points = (0..=steps)
                    .map(|step| {
                        let share = step as f32 / steps as f32;
                        let angle = start + turn * share;
                        let tilt = polar + drift * (share - 0.5) + ripple * (angle * 3.0).sin();
                        let around = right * angle.cos() + up * angle.sin();
                        // Three fat turns that lie upon each other.
                        let groove = 1.0 - 0.09 * (tilt * 5.2 + angle * 0.55).sin().abs();
                        centre + (around * tilt.sin() + out * (tilt.cos() * 0.8)) * (radius * groove)
                    })
                    .collect();
                Strand {
                    points,
                    next_to: vec![nearest; steps + 1],
                    thickness: 0.00036,
                    kind: Kind::Head,
                    shade: dice.share(),
                }
            })
            .collect()
    }

    /// Hair that hangs from the knot.
    fn tail(&self, dice: &mut Dice, count: usize) -> Vec<Strand> {
        let (knot, out) = self.knot;
        let length = 0.24 * self.length;
        let steps = 26;
        (0..count)
            .map(|_| {
                let shade = dice.share();
                let spread = vec3(dice.spread(), dice.spread(), dice.spread());
                let at = knot + spread * 0.0075 + out * 0.003;
                let own = spread * vec3(0.07, 0.03, 0.07);
                let lock = vec3(noise(spread * 2.2), 0.0, noise(spread * 2.2 + 7.0)) * 0.25;
                let path = Path {
                    steps,
                    step: length * dice.between(0.75, 1.0) / steps as f32,
                    layer: &|share| 0.003 + 0.006 * share,
                    towards: &|_, share| {
                        (out * 0.9 + Vec3::Y * 0.1).lerp(vec3(0.0, -1.0, -0.05), smooth(0.0, 0.30, share))
                            + own
                            + lock * share
                    },
                    until: &|_| false,
                    stiffness: 0.5,
                    ears: false,
                };
                let (points, next_to) = self.grower.grow(at, -out * 0.1, out, &path);
                let mut root = Root { at: knot + spread * 0.01, normal: out, dense: 1.0, dice: dice.clone() };
                let points = self.waved(&points, &mut root, dice.chance(0.04));
                Strand { points, next_to, thickness: 0.00038, kind: Kind::Head, shade }
            })
            .collect()
    }
}

//! The simple solids that pieces are put together from, each a distance field in millimetres.

use super::shape::Ring;
use glam::{Vec2, Vec3, vec2, vec3};

/// Stretched ovals' fields rise by at most this much a millimetre, all others by at most 1. Near an oval's axis, as far from
/// its wire as can be, its field is steeper: a cell there may forget the oval, and its answer is a lower bound still.
const STEEPEST: f32 = 1.5;

/// Height of a domed face over its radius: a flat mirror would show one dull colour.
pub(super) const DOME: f32 = 0.28;

/// A simple body.
#[derive(Debug, Clone, Copy)]
pub(super) enum Solid {
    Ring(Ring),
    /// Two balls and everything between them; equal balls make a rod, one place makes a ball.
    Cone {
        from: Vec3,
        to: Vec3,
        radii: (f32, f32),
    },
    /// A hoop: wire that grows from its top to its bottom; turned about the vertical (cosine, sine).
    Oval {
        centre: Vec3,
        radius: f32,
        stretch: f32,
        wire: (f32, f32),
        turn: Vec2,
    },
    /// A round plate that faces the camera, a little domed.
    Plate {
        centre: Vec3,
        radius: f32,
        half: f32,
    },
    /// The wall behind a bezel.
    Collet {
        centre: Vec3,
        radius: f32,
    },
    /// A bar with softened edges that faces the camera, its face domed across.
    Slab {
        centre: Vec3,
        half: Vec3,
    },
    Blade(Blade),
}

/// A leaf or petal: pointed at both ends, folded along its middle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blade {
    pub(super) centre: Vec3,
    /// Unit vector from end to end, not towards the camera.
    pub(super) along: Vec3,
    /// Half of its length, of its width (less than its length) and of its thickness.
    pub(super) half: Vec3,
    /// How far its sides bend from the camera, a slope of at most 0.5.
    pub(super) fold: f32,
}

impl Blade {
    /// A lens of two circles (a vesica), made thick; a lower bound where it is folded.
    fn distance(&self, point: Vec3) -> f32 {
        let side = Vec3::Z.cross(self.along).normalize_or(Vec3::X);
        let p = point - self.centre;
        let (x, y) = (p.dot(self.along).abs(), p.dot(side).abs());
        let z = p.dot(self.along.cross(side)) + self.fold * y;
        let (long, wide) = (self.half.x, self.half.y);
        let radius = (long * long + wide * wide) / (2.0 * wide);
        let sunk = radius - wide;
        let lens = if (x - long) * sunk > y * long {
            vec2(x - long, y).length()
        } else {
            vec2(x, y + sunk).length() - radius
        };
        let round = 0.6 * self.half.z;
        let out = vec2(lens + round, z.abs() - self.half.z + round);
        let bent = (1.0 + self.fold * self.fold).sqrt() + self.fold.abs();
        (out.max(Vec2::ZERO).length() + out.max_element().min(0.0) - round) / bent
    }
}

impl Solid {
    pub(super) fn distance(&self, point: Vec3) -> f32 {
        match self {
            Self::Ring(ring) => ring.distance(point),
            Self::Cone { from, to, radii } => cone(point, *from, *to, *radii),
            Self::Oval { centre, radius, stretch, wire, turn } => {
                let p = point - *centre;
                let (x, z) = (turn.x * p.x - turn.y * p.z, turn.y * p.x + turn.x * p.z);
                oval(vec3(x, p.y, z), *radius, *stretch, *wire)
            }
            Self::Plate { centre, radius, half } => {
                let p = point - *centre;
                let (round, across) = (0.6 * half, p.truncate().length());
                let z = p.z - domed(across, *radius);
                let out = vec2(across - radius + round, z.abs() - half + round);
                (out.max(Vec2::ZERO).length() + out.max_element().min(0.0) - round) / STEEPEST
            }
            Self::Collet { centre, radius } => {
                let p = point - *centre;
                ((p.truncate().length() - radius).abs() - 0.2).max((p.z + 0.9).abs() - 0.9)
            }
            Self::Slab { centre, half } => {
                let round = 0.3 * half.min_element();
                let mut p = point - *centre;
                p.z -= domed(p.x.abs(), half.x);
                let out = p.abs() - *half + round;
                (out.max(Vec3::ZERO).length() + out.max_element().min(0.0) - round) / STEEPEST
            }
            Self::Blade(blade) => blade.distance(point),
        }
    }

    /// By how much its distance changes at most a millimetre.
    pub(super) fn steepest(&self) -> f32 {
        if matches!(self, Self::Oval { .. }) { STEEPEST } else { 1.0 }
    }

    /// A box around it.
    pub(super) fn bounds(&self) -> (Vec3, Vec3) {
        match self {
            Self::Ring(ring) => {
                let side = ring.radius + ring.wire;
                let reach = vec3(side, ring.radius * ring.stretch + ring.wire, side);
                (ring.centre - reach, ring.centre + reach)
            }
            Self::Cone { from, to, radii } => (
                (*from - Vec3::splat(radii.0)).min(*to - Vec3::splat(radii.1)),
                (*from + Vec3::splat(radii.0)).max(*to + Vec3::splat(radii.1)),
            ),
            Self::Oval { centre, radius, stretch, wire, turn } => {
                let thick = wire.0.max(wire.1);
                let reach = vec3(
                    radius * turn.x.abs() + thick,
                    radius * stretch + thick,
                    radius * turn.y.abs() + thick,
                );
                (*centre - reach, *centre + reach)
            }
            Self::Plate { centre, radius, half } => {
                let reach = vec3(*radius, *radius, half + DOME * radius);
                (*centre - reach, *centre + reach)
            }
            Self::Collet { centre, radius } => {
                let side = radius + 0.2;
                (*centre - vec3(side, side, 1.8), *centre + vec3(side, side, 0.0))
            }
            Self::Slab { centre, half } => {
                let reach = *half + vec3(0.0, 0.0, DOME * half.x);
                (*centre - reach, *centre + reach)
            }
            Self::Blade(Blade { centre, along, half, fold }) => {
                let side = Vec3::Z.cross(*along).normalize_or(Vec3::X);
                let thick = half.z + fold.abs() * half.y;
                let reach = along.abs() * half.x + side.abs() * half.y + along.cross(side).abs() * thick;
                (*centre - reach, *centre + reach)
            }
        }
    }
}

/// How far a domed face stands out at a distance from its middle, falling to 0 at its rim.
fn domed(across: f32, radius: f32) -> f32 {
    DOME * radius * (1.0 - (across / radius).min(1.0).powi(2))
}

/// Exact distance to the hull of two balls.
fn cone(point: Vec3, from: Vec3, to: Vec3, radii: (f32, f32)) -> f32 {
    let axis = to - from;
    let length = axis.length();
    let shrink = radii.0 - radii.1;
    if length <= shrink.abs() + 1e-6 {
        return ((point - from).length() - radii.0).min((point - to).length() - radii.1);
    }
    let along = (point - from).dot(axis) / length;
    let across = ((point - from).length_squared() - along * along).max(0.0).sqrt();
    let sine = shrink / length;
    let cosine = (1.0 - sine * sine).sqrt();
    // Where the normal of the slanted side through the point meets the axis.
    let foot = along - across * sine / cosine;
    if foot <= 0.0 {
        vec2(along, across).length() - radii.0
    } else if foot >= length {
        vec2(along - length, across).length() - radii.1
    } else {
        along * sine + across * cosine - radii.0
    }
}

/// A hoop facing the camera; see `Piece::hoop`.
fn oval(point: Vec3, radius: f32, stretch: f32, wire: (f32, f32)) -> f32 {
    let p = vec2(point.x, point.y / stretch);
    let length = p.length().max(1e-3);
    let down = (0.5 - 0.5 * p.y / length).clamp(0.0, 1.0);
    let wire = wire.0 + (wire.1 - wire.0) * down * down * (3.0 - 2.0 * down);
    let unit = vec2(p.x / length, p.y / length * stretch).length();
    vec2((length - radius) * unit.max(1.0), point.z).length() - wire
}

/// One of each kind.
#[cfg(test)]
pub(super) fn solids() -> Vec<Solid> {
    let ring = Ring { stretch: 2.1, ..Ring::facing(vec3(0.4, 1.0, 0.0), 1.2, 0.3, 70.0) };
    let blade = Blade {
        centre: vec3(-1.0, 0.5, 0.2),
        along: vec3(0.6, 0.8, 0.0),
        half: vec3(2.0, 0.7, 0.2),
        fold: 0.5,
    };
    vec![
        Solid::Ring(ring),
        Solid::Cone { from: Vec3::ZERO, to: vec3(0.5, 2.0, 0.1), radii: (1.0, 0.2) },
        Solid::Oval {
            centre: Vec3::ZERO,
            radius: 2.0,
            stretch: 1.4,
            wire: (0.2, 0.5),
            turn: Vec2::from_angle(0.3),
        },
        Solid::Plate { centre: vec3(0.0, -1.0, 0.0), radius: 2.0, half: 0.3 },
        Solid::Collet { centre: vec3(1.0, 0.0, 0.0), radius: 1.4 },
        Solid::Slab { centre: vec3(0.0, 0.5, -0.5), half: vec3(0.5, 2.5, 0.3) },
        Solid::Blade(blade),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Dice;

    /// See [`STEEPEST`].
    fn is_near_axis(solid: &Solid, at: Vec3) -> bool {
        let Solid::Oval { centre, radius, turn, .. } = solid else { return false };
        let p = at - *centre;
        vec2(turn.x * p.x - turn.y * p.z, p.y).length() < 0.5 * radius
    }

    #[test]
    fn no_field_rises_faster_than_it_says() {
        let mut dice = Dice::new(9);
        for solid in solids() {
            for _ in 0..20_000 {
                let mut any = || vec3(dice.spread(), dice.spread(), dice.spread());
                let (at, step) = (4.0 * any(), 0.05 * any());
                if is_near_axis(&solid, at) {
                    continue;
                }
                let rise = (solid.distance(at + step) - solid.distance(at)).abs();
                let most = solid.steepest() * step.length();
                assert!(rise <= 1.001 * most + 1e-5, "{solid:?} at {at}: {rise} over {}", step.length());
            }
        }
    }

    #[test]
    fn a_cone_is_the_hull_of_its_balls() {
        let (from, to, radii) = (vec3(0.0, 0.0, 0.0), vec3(0.0, 5.0, 0.0), (2.0, 0.5));
        // Each ball touches the hull from inside; a point of every ball between them is inside.
        for step in 0..=10 {
            let t = step as f32 / 10.0;
            let (centre, radius) = (from.lerp(to, t), radii.0 + (radii.1 - radii.0) * t);
            assert!(cone(centre + vec3(0.999 * radius, 0.0, 0.0), from, to, radii) <= 0.0);
        }
        assert!((cone(vec3(0.0, -3.0, 0.0), from, to, radii) - 1.0).abs() < 1e-5);
        assert!((cone(vec3(0.0, 6.5, 0.0), from, to, radii) - 1.0).abs() < 1e-5);
        assert!(cone(vec3(2.3, 1.0, 0.0), from, to, radii) > 0.0);
    }
}

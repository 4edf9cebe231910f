//! A round brilliant: a convex body of facets, traced exactly.
//!
//! Proportions near Tolkowsky's (1919): table 55 %, crown 34.5 degrees, pavilion 40.75 degrees, which send
//! light that enters from above back out of the table. Light inside is followed through total reflections;
//! red, green and blue bend differently, which is the fire.

use super::light::{self, Room, Seen};
use glam::{Vec3, vec3};
use std::f32::consts::TAU;

/// What a stone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gem {
    #[default]
    Diamond,
    Ruby,
    Sapphire,
    Emerald,
    Amethyst,
    Citrine,
}

impl Gem {
    /// As captions name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Diamond => "diamond",
            Self::Ruby => "ruby",
            Self::Sapphire => "sapphire",
            Self::Emerald => "emerald",
            Self::Amethyst => "amethyst",
            Self::Citrine => "citrine",
        }
    }

    /// Refractive indices for red, green and blue.
    fn index(self) -> [f32; 3] {
        match self {
            Self::Diamond => [2.408, 2.424, 2.448],
            Self::Ruby | Self::Sapphire => [1.762, 1.770, 1.780],
            Self::Emerald => [1.572, 1.577, 1.586],
            Self::Amethyst | Self::Citrine => [1.544, 1.549, 1.558],
        }
    }

    /// How strongly red, green and blue fade on a way as long as the stone's radius: shops choose stones whose
    /// colour is neither pale nor black, whatever their size.
    fn fading(self) -> [f32; 3] {
        match self {
            Self::Diamond => [0.0; 3],
            Self::Ruby => [0.05, 1.0, 0.62],
            Self::Sapphire => [0.85, 0.50, 0.04],
            Self::Emerald => [0.80, 0.10, 0.42],
            Self::Amethyst => [0.26, 0.62, 0.10],
            Self::Citrine => [0.03, 0.26, 1.0],
        }
    }

    /// Reflectance of a facet seen straight on (Fresnel).
    fn mirrored(self) -> f32 {
        let [_, index, _] = self.index();
        ((index - 1.0) / (index + 1.0)).powi(2)
    }
}

/// Reflections inside after which the rest is lost.
const BOUNCES: usize = 9;

/// The studio is dimmed for the stone, so that its lamps sparkle.
const DIMMED: f32 = 0.55;

/// Facets of a brilliant.
const FACETS: usize = 1 + 8 + 8 + 16 + 8 + 16 + 32;

/// Outward normals and distances from the stone's centre, number by number: rays inside ask all of them at once.
struct Facets {
    x: [f32; FACETS],
    y: [f32; FACETS],
    z: [f32; FACETS],
    reach: [f32; FACETS],
}

impl Facets {
    fn of(facets: &[(Vec3, f32)]) -> Self {
        let number = |of: fn(&(Vec3, f32)) -> f32| {
            std::array::from_fn(|index| facets.get(index).map(of).unwrap_or_default())
        };
        Self {
            x: number(|facet| facet.0.x),
            y: number(|facet| facet.0.y),
            z: number(|facet| facet.0.z),
            reach: number(|facet| facet.1),
        }
    }

    fn normal(&self, index: usize) -> Vec3 {
        vec3(self.x[index], self.y[index], self.z[index])
    }

    fn dot(&self, index: usize, other: Vec3) -> f32 {
        self.normal(index).dot(other)
    }

    /// Distance to the facet through which a ray from inside would leave, and its normal.
    fn leave(&self, from: Vec3, along: Vec3) -> Option<(f32, Vec3)> {
        let mut reaches = [f32::INFINITY; FACETS];
        for (index, reach) in reaches.iter_mut().enumerate() {
            let slope = self.dot(index, along);
            let ahead = ((self.reach[index] - self.dot(index, from)) / slope).max(0.0);
            *reach = if slope > 1e-6 { ahead } else { f32::INFINITY };
        }
        let nearest = reaches.iter().fold(f32::INFINITY, |nearest, reach| nearest.min(*reach));
        let index = reaches.iter().position(|reach| *reach == nearest)?;
        nearest.is_finite().then(|| (nearest, self.normal(index)))
    }
}

/// The stone, its girdle in the plane of its centre, its table towards +z.
pub(super) struct Brilliant {
    facets: Facets,
    pub(super) radius: f32,
    pub(super) centre: Vec3,
    gem: Gem,
}

impl Brilliant {
    pub(super) fn new(gem: Gem, radius: f32) -> Self {
        let mut facets = vec![(Vec3::Z, radius * 0.33)];
        let mut ring = |count: usize, half_step: bool, degrees: f32, reach: f32, up: f32| {
            for index in 0..count {
                let turn = (index as f32 + if half_step { 0.5 } else { 0.0 }) / count as f32 * TAU + 0.13;
                let (sin, cos) = degrees.to_radians().sin_cos();
                let normal = vec3(turn.cos() * sin, turn.sin() * sin, up * cos);
                facets.push((normal, reach * radius * sin));
            }
        };
        // Crown: kites, stars, upper girdle; pavilion: mains, lower girdle; then the girdle itself.
        ring(8, false, 34.5, 1.03, 1.0);
        ring(8, true, 21.5, 1.275, 1.0);
        ring(16, true, 41.5, 1.025, 1.0);
        ring(8, false, 40.75, 1.03, -1.0);
        ring(16, true, 42.6, 1.02, -1.0);
        ring(32, false, 90.0, 1.0, 1.0);
        Self { facets: Facets::of(&facets), radius, centre: Vec3::ZERO, gem }
    }

    pub(super) fn at(mut self, centre: Vec3) -> Self {
        self.centre = centre;
        self
    }

    /// Where a ray from outside enters, and the facet's normal.
    pub(super) fn enter(&self, from: Vec3, along: Vec3) -> Option<(f32, Vec3)> {
        let from = from - self.centre;
        let (mut near, mut far, mut normal) = (0.0, f32::INFINITY, None);
        for index in 0..FACETS {
            let (slope, gap) =
                (self.facets.dot(index, along), self.facets.reach[index] - self.facets.dot(index, from));
            if slope.abs() < 1e-7 {
                if gap < 0.0 {
                    return None;
                }
            } else if slope < 0.0 {
                if gap / slope > near {
                    (near, normal) = (gap / slope, Some(self.facets.normal(index)));
                }
            } else {
                far = far.min(gap / slope);
            }
        }
        normal.filter(|_| near < far).map(|normal| (near, normal))
    }

    /// Light that a ray meeting the facet `normal` at `point` brings back.
    pub(super) fn light(&self, room: Room<'_>, point: Vec3, along: Vec3, normal: Vec3) -> Seen {
        let (point, mirror) = (point - self.centre, along.reflect(normal));
        let mirrored = light::seen(room, mirror, 0.0)
            * Vec3::splat(light::schlick(self.gem.mirrored(), -along.dot(normal)));
        let inner: [f32; 3] =
            std::array::from_fn(|channel| self.inner_light(room, point, along, normal, channel));
        // The setting shades the stone's rim.
        let rim = 1.0 - 0.35 * (point.truncate().length() / self.radius).powi(6);
        mirrored + Seen::own(Vec3::from_array(inner) * rim)
    }

    /// One colour's way through the stone.
    fn inner_light(&self, room: Room<'_>, point: Vec3, along: Vec3, normal: Vec3, channel: usize) -> f32 {
        let (index, straight_on) = (self.gem.index()[channel], self.gem.mirrored());
        let fading = self.gem.fading()[channel] / self.radius;
        let mut direction = along.refract(normal, 1.0 / index);
        let mut at = point;
        let mut strength = 1.0 - light::schlick(straight_on, -along.dot(normal));
        let mut gathered = 0.0;
        for _ in 0..BOUNCES {
            let Some((reach, facet)) = self.facets.leave(at, direction) else { break };
            at += direction * reach;
            strength *= (-fading * reach).exp();
            let inward = -facet;
            let out = direction.refract(inward, index);
            let mirrored = if out == Vec3::ZERO { 1.0 } else { light::schlick(straight_on, out.dot(facet)) };
            if mirrored < 1.0 {
                let seen = room.studio(out, 0.0)[channel] * DIMMED + room.lamps(out)[channel];
                gathered += strength * (1.0 - mirrored) * seen;
            }
            strength *= mirrored;
            if strength < 0.01 {
                break;
            }
            direction = direction.reflect(inward);
        }
        gathered
    }
}

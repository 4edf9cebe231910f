//! The piece as a signed distance field, in millimetres: origin at the stud, x right, y up, z to the camera.

use super::stone::{Brilliant, Gem};
use super::trace::Subject;
use super::{JewelSpec, Metal};
use glam::{Vec2, Vec3, vec2, vec3};

/// What a point of the surface is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Material {
    Metal,
    Pearl,
    /// An opaque glass bead or polished gem, glossy.
    Glass(Tint),
}

/// Colours of beads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tint {
    Onyx,
    Turquoise,
    Coral,
    Jade,
    Cobalt,
    Ivory,
}

impl Tint {
    /// Linear sRGB.
    pub(super) fn albedo(self) -> Vec3 {
        match self {
            Self::Onyx => vec3(0.012, 0.012, 0.014),
            Self::Turquoise => vec3(0.07, 0.52, 0.55),
            Self::Coral => vec3(0.80, 0.14, 0.09),
            Self::Jade => vec3(0.10, 0.42, 0.20),
            Self::Cobalt => vec3(0.03, 0.09, 0.42),
            Self::Ivory => vec3(1.0, 0.93, 0.80),
        }
    }
}

/// A ring of round wire.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ring {
    pub(super) centre: Vec3,
    /// Radius of the wire's middle line.
    pub(super) radius: f32,
    /// Radius of the wire.
    pub(super) wire: f32,
    /// Turned about the vertical: cosine and sine; 0 degrees faces the camera.
    pub(super) turn: Vec2,
    /// Height over width of the middle line.
    pub(super) stretch: f32,
}

impl Ring {
    pub(super) fn facing(centre: Vec3, radius: f32, wire: f32, degrees: f32) -> Self {
        Self { centre, radius, wire, turn: Vec2::from_angle(degrees.to_radians()), stretch: 1.0 }
    }

    pub(super) fn distance(&self, point: Vec3) -> f32 {
        let p = point - self.centre;
        let (x, z) = (self.turn.x * p.x - self.turn.y * p.z, self.turn.y * p.x + self.turn.x * p.z);
        // A stretched ring is two half circles joined by straight wire.
        let straight = self.radius * (self.stretch - 1.0);
        let y = p.y - p.y.clamp(-straight, straight);
        vec2(vec2(x, y).length() - self.radius, z).length() - self.wire
    }
}

/// Everything there is to photograph.
pub(super) struct Piece {
    metal: Metal,
    stone: Brilliant,
    bezel: Ring,
    links: Vec<Ring>,
    hoop_centre: f32,
    hoop_radius: f32,
    hoop_stretch: f32,
    wire: (f32, f32),
    pearl_centre: Vec3,
    pearl_radius: f32,
    low: Vec3,
    high: Vec3,
}

impl Piece {
    pub(super) fn new(spec: &JewelSpec) -> Self {
        let stone_radius = spec.stone_mm / 2.0;
        let bezel = Ring::facing(Vec3::ZERO, stone_radius + 0.12, 0.42, 0.0);
        let stud_bottom = bezel.radius + bezel.wire;
        let wire = (spec.wire_mm.0 / 2.0, spec.wire_mm.1 / 2.0);
        let hoop_radius = spec.hoop_mm / 2.0 + (wire.0 + wire.1) / 2.0;
        // Stud loop, then a link seen nearly from its edge, which carries the hoop.
        let loop_ring = Ring::facing(vec3(0.0, -stud_bottom - 0.48, 0.0), 0.62, 0.23, 0.0);
        let mut link = Ring::facing(vec3(0.0, loop_ring.centre.y - 1.62, 0.0), 0.66, 0.24, 74.0);
        link.stretch = 2.1;
        let link_bottom = link.centre.y - link.radius * link.stretch;
        let hoop_centre = link_bottom + 0.24 + wire.0 - hoop_radius * spec.hoop_stretch;
        let pearl_radius = spec.pearl_mm / 2.0;
        // The pearl hangs a little above the hoop's middle bottom, on a fine chain from the hoop's top.
        let hoop_top = hoop_centre + hoop_radius * spec.hoop_stretch;
        let hoop_floor = hoop_centre - hoop_radius * spec.hoop_stretch + wire.1;
        let pearl_centre =
            vec3(0.0, hoop_floor + (hoop_radius - wire.1 - pearl_radius) * 0.92 + pearl_radius, 0.0);
        let mut links = vec![loop_ring, link];
        links.extend(chain(hoop_top - wire.0, pearl_centre.y + pearl_radius + 0.55, wire.0));
        let top = bezel.radius + bezel.wire;
        let across = hoop_radius + wire.0.max(wire.1);
        let bottom = hoop_centre - hoop_radius * spec.hoop_stretch - wire.1;
        Self {
            metal: spec.metal,
            stone: Brilliant::new(Gem::Diamond, stone_radius),
            bezel,
            links,
            hoop_centre,
            hoop_radius,
            hoop_stretch: spec.hoop_stretch,
            wire,
            pearl_centre,
            pearl_radius,
            low: vec3(-across, bottom, -pearl_radius),
            high: vec3(across, top, pearl_radius),
        }
    }

    /// Signed distance to the metal, a lower bound.
    fn metal_distance(&self, point: Vec3) -> f32 {
        let mut distance =
            self.bezel.distance(point).min(self.collet(point)).min(self.hoop(point)).min(self.cap(point));
        for link in &self.links {
            distance = distance.min(link.distance(point));
        }
        distance
    }

    /// The setting's wall: a thin tube behind the bezel.
    fn collet(&self, point: Vec3) -> f32 {
        let wall = (point.truncate().length() - self.bezel.radius - 0.08).abs() - 0.24;
        wall.max((point.z + 1.1).abs() - 1.0)
    }

    /// An oval of wire that thickens towards its bottom.
    fn hoop(&self, point: Vec3) -> f32 {
        let p = vec2(point.x, (point.y - self.hoop_centre) / self.hoop_stretch);
        let down = (0.5 - 0.5 * p.y / p.length().max(1e-3)).clamp(0.0, 1.0);
        let wire = self.wire.0 + (self.wire.1 - self.wire.0) * down * down * (3.0 - 2.0 * down);
        // In the stretched frame vertical distances look shorter than they are, so this is a lower bound.
        let outward = p / p.length().max(1e-3);
        let unit = vec2(outward.x, outward.y * self.hoop_stretch).length();
        let middle = (p.length() - self.hoop_radius) * unit.max(1.0);
        vec2(middle, point.z).length() - wire
    }

    /// A small cup on the pearl with a rim, and the pin that carries it.
    fn cap(&self, point: Vec3) -> f32 {
        let p = point - self.pearl_centre;
        let shell = (p.length() - self.pearl_radius - 0.07).abs() - 0.13;
        let cup = shell.max(self.pearl_radius * 0.89 - p.y);
        let rim_height = self.pearl_radius * 0.89;
        let rim_radius = (self.pearl_radius * self.pearl_radius - rim_height * rim_height).sqrt() + 0.08;
        let rim = vec2(vec2(p.x, p.z).length() - rim_radius, p.y - rim_height).length() - 0.17;
        let knob = (p - vec3(0.0, self.pearl_radius + 0.22, 0.0)).length() - 0.42;
        cup.min(rim).min(knob)
    }

    fn pearl_distance(&self, point: Vec3) -> f32 {
        (point - self.pearl_centre).length() - self.pearl_radius
    }
}

impl Subject for Piece {
    fn metal(&self) -> Metal {
        self.metal
    }

    fn bounds(&self) -> (Vec3, Vec3) {
        (self.low, self.high)
    }

    fn distance(&self, point: Vec3) -> f32 {
        self.metal_distance(point).min(self.pearl_distance(point))
    }

    fn material(&self, point: Vec3) -> Material {
        if self.pearl_distance(point) < self.metal_distance(point) {
            Material::Pearl
        } else {
            Material::Metal
        }
    }

    /// The pearl's is exact.
    fn normal(&self, point: Vec3, material: Material) -> Vec3 {
        if material == Material::Pearl {
            return (point - self.pearl_centre).normalize();
        }
        slope(point, |point| self.metal_distance(point))
    }

    fn stone(&self, from: Vec3, along: Vec3) -> Option<(f32, Vec3, &Brilliant)> {
        self.stone.enter(from, along).map(|(reach, normal)| (reach, normal, &self.stone))
    }
}

/// A field's gradient over a tetrahedron, a unit vector.
pub(super) fn slope(point: Vec3, field: impl Fn(Vec3) -> f32) -> Vec3 {
    const STEP: f32 = 2e-3;
    [vec3(1.0, -1.0, -1.0), vec3(-1.0, -1.0, 1.0), vec3(-1.0, 1.0, -1.0), Vec3::ONE]
        .into_iter()
        .map(|corner| corner * field(point + corner * STEP))
        .sum::<Vec3>()
        .normalize_or(Vec3::Z)
}

/// Links from `top` down to `bottom`, every other one turned to the side.
pub(super) fn chain(top: f32, bottom: f32, hang: f32) -> Vec<Ring> {
    let wire = 0.17;
    let (top, bottom) = (top + hang * 2.0 + wire, bottom - wire);
    let count = (((top - bottom) / 1.25).round() as usize).max(1) | 1;
    let pitch = (top - bottom) / count as f32;
    (0..count)
        .map(|index| {
            let centre = vec3(0.0, top - pitch * (index as f32 + 0.5), 0.0);
            let mut ring = Ring::facing(centre, 0.40, wire, if index % 2 == 0 { 78.0 } else { 12.0 });
            ring.stretch = ((pitch * 0.5 + wire * 1.1) / ring.radius).max(1.0);
            ring
        })
        .collect()
}

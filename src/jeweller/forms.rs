//! How each family is put together. Millimetres, the lobe's stud at the origin; what hangs, hangs along -y.

use super::assembly::Bench;
use super::shape::{Material, Ring, Tint, chain};
use super::solid::{Blade, DOME, Solid};
use super::{Design, Metal};
use glam::{Vec2, Vec3, vec3};
use std::f32::consts::{PI, TAU};

impl Design {
    fn wire(&self) -> f32 {
        self.wire_mm / 2.0
    }

    pub(super) fn hoop(&self, bench: &mut Bench) {
        let (radius, wire) = (self.size_mm / 2.0, self.wire());
        let turn = Vec2::from_angle(self.turn_deg.to_radians());
        bench.metal(Solid::Oval {
            centre: Vec3::ZERO,
            radius,
            stretch: 1.06,
            wire: (0.6 * wire, wire),
            turn,
        });
        // The hinge, and the post through the lobe.
        let top = vec3(0.0, 1.06 * radius, 0.0);
        bench.ball(Material::Metal, top, 0.75 * wire + 0.3);
        bench.rod(top, top + vec3(-2.6 * turn.x, -2.4, -2.6 * turn.y), 0.36);
    }

    pub(super) fn huggie(&self, bench: &mut Bench) {
        let (radius, wire) = (self.size_mm / 2.0, self.wire());
        let turn = Vec2::from_angle(self.turn_deg.to_radians());
        let stretch = 1.12;
        bench.metal(Solid::Oval { centre: Vec3::ZERO, radius, stretch, wire: (0.85 * wire, wire), turn });
        for index in 0..self.count {
            let share = (index as f32 + 0.5) / self.count.max(1) as f32;
            let (sin, cos) = (PI * (0.12 + 0.76 * share)).sin_cos();
            let across = -cos * radius;
            let centre = vec3(turn.x * across, -sin * radius * stretch, -turn.y * across + 0.92 * wire);
            bench.set_stone(centre, 0.42 * self.stone_mm, 0.12);
        }
    }

    pub(super) fn stud(&self, bench: &mut Bench) {
        let radius = self.stone_mm / 2.0;
        bench.bare_stone(Vec3::ZERO, radius);
        bench.metal(Solid::Collet { centre: vec3(0.0, 0.0, -0.25 * radius), radius: 0.86 * radius });
        let prongs = 4 + 2 * (self.count / 6).min(1);
        for index in 0..prongs {
            let (sin, cos) = ((index as f32 + 0.5) / prongs as f32 * TAU).sin_cos();
            let foot = vec3(0.8 * radius * cos, 0.8 * radius * sin, -0.7 * radius);
            let tip = vec3(1.0 * radius * cos, 1.0 * radius * sin, 0.12 * radius);
            bench.rod(foot, tip, 0.55 * self.wire());
            bench.ball(Material::Metal, tip, 0.75 * self.wire());
        }
        if self.count > 6 {
            let small = PI * (radius + 1.0) / self.count as f32 * 0.86;
            for index in 0..self.count {
                let (sin, cos) = (index as f32 / self.count as f32 * TAU).sin_cos();
                let reach = radius + small + 0.35;
                bench.set_stone(vec3(reach * cos, reach * sin, -0.3), 0.86 * small, 0.16);
            }
        }
    }

    pub(super) fn cluster(&self, bench: &mut Bench) {
        let pearl = 0.26 * self.size_mm;
        bench.ball(Material::Pearl, vec3(0.0, 0.0, 0.4 * pearl), pearl);
        let reach = pearl + 0.58 * self.stone_mm;
        for index in 0..self.count {
            let (sin, cos) = ((index as f32 + 0.25) / self.count as f32 * TAU).sin_cos();
            bench.set_stone(vec3(reach * cos, reach * sin, 0.0), self.stone_mm / 2.0, self.wire());
            let leaf = vec3(1.55 * reach * cos, 1.55 * reach * sin, -0.5);
            bench.metal(Solid::Cone { from: leaf * 0.72, to: leaf, radii: (0.9, 0.35) });
        }
        bench.metal(Solid::Ring(Ring::facing(vec3(0.0, 0.0, -0.6), pearl + 0.1, 0.5, 0.0)));
    }

    /// A set stone with a loop under it; returns where things hang.
    fn head(&self, bench: &mut Bench, radius: f32) -> Vec3 {
        bench.set_stone(Vec3::ZERO, radius, 0.38);
        let ring = Ring::facing(vec3(0.0, -radius - 1.0, 0.0), 0.6, 0.2, 0.0);
        bench.metal(Solid::Ring(ring));
        vec3(0.0, ring.centre.y - 0.6, 0.0)
    }

    fn links(bench: &mut Bench, x: f32, z: f32, top: f32, bottom: f32) {
        for mut ring in chain(top, bottom, 0.0) {
            ring.centre += vec3(x, 0.0, z);
            bench.metal(Solid::Ring(ring));
        }
    }

    /// A body shaped as a drop, its tip at `tip`, and its cap.
    fn teardrop(bench: &mut Bench, material: Material, tip: Vec3, radius: f32, length: f32) {
        let belly = tip - vec3(0.0, length - radius, 0.0);
        bench.add(material, Solid::Cone { from: belly, to: tip, radii: (radius, 0.22 * radius) });
        bench.ball(Material::Metal, tip + vec3(0.0, 0.15 * radius, 0.0), 0.32 * radius);
    }

    pub(super) fn drop(&self, bench: &mut Bench) {
        let hang = self.head(bench, 1.7 + 0.12 * self.wire_mm);
        let radius = self.stone_mm / 2.0;
        let length = 2.3 * radius;
        let tip = vec3(0.0, (-self.size_mm + length).min(hang.y - 1.5), 0.0);
        Self::links(bench, 0.0, 0.0, hang.y + 0.2, tip.y + 0.3 * radius);
        let tints = [Tint::Turquoise, Tint::Onyx, Tint::Coral, Tint::Jade];
        let material = match self.count % 5 {
            4 => Material::Metal,
            tint => Material::Glass(tints[tint as usize]),
        };
        Self::teardrop(bench, material, tip, radius, length);
    }

    pub(super) fn chandelier(&self, bench: &mut Bench) {
        let hang = self.head(bench, 1.9);
        let half = 0.34 * self.size_mm;
        let centre = vec3(0.0, hang.y - 0.85 * half - 0.5, 0.0);
        let arch = |reach: f32, turn: f32| {
            let (sin, cos) = (PI * turn).sin_cos();
            centre + vec3(-reach * half * cos, 0.85 * reach * half * sin, 0.0)
        };
        for (reach, wire) in [(1.0, self.wire()), (0.66, 0.8 * self.wire())] {
            let points: Vec<_> = (0..=24).map(|step| arch(reach, step as f32 / 24.0)).collect();
            bench.wire(&points, wire);
            bench.rod(arch(reach, 0.0), arch(reach, 1.0), wire);
        }
        let spokes = 2 * self.count;
        for index in 1..spokes {
            let turn = index as f32 / spokes as f32;
            bench.rod(arch(0.66, turn), arch(1.0, turn), 0.6 * self.wire());
        }
        bench.set_stone(centre + vec3(0.0, 0.26 * half, 0.1), 0.18 * half, 0.3);
        for index in 0..self.count {
            let share = if self.count > 1 { index as f32 / (self.count - 1) as f32 } else { 0.5 };
            let x = (2.0 * share - 1.0) * 0.94 * half;
            let middle = 1.0 - (2.0 * share - 1.0).powi(2);
            let radius = 0.36 * self.stone_mm;
            let tip = centre.y - 2.2 - (0.16 + 0.16 * middle) * self.size_mm;
            Self::links(bench, x, 0.0, centre.y + 0.2, tip + 0.3 * radius);
            let tint = if self.metal == Metal::Silver { Tint::Onyx } else { Tint::Turquoise };
            Self::teardrop(bench, Material::Glass(tint), vec3(x, tip, 0.0), radius, 3.2 * radius);
        }
    }

    pub(super) fn pearl(&self, bench: &mut Bench) {
        let mut radius = self.stone_mm / 2.0;
        if self.count <= 1 {
            bench.ball(Material::Pearl, Vec3::ZERO, radius);
            bench.metal(Solid::Ring(Ring::facing(vec3(0.0, 0.0, -0.55 * radius), 0.86 * radius, 0.3, 0.0)));
            return;
        }
        let mut y = self.head(bench, 1.5).y;
        radius *= 0.66;
        for _ in 0..self.count {
            bench.ball(Material::Metal, vec3(0.0, y - 0.1, 0.0), 0.45);
            bench.ball(Material::Pearl, vec3(0.0, y - 0.3 - radius, 0.0), radius);
            y -= 2.0 * radius + 0.6;
            radius *= 1.16;
        }
        bench.ball(Material::Metal, vec3(0.0, y - 0.1, 0.0), 0.5);
    }

    /// A hook of thin wire, seen from its side: up from where things hang, over the lobe and down behind it.
    fn hook(&self, bench: &mut Bench) {
        const REACH: f32 = 2.9;
        let mut points = vec![vec3(0.0, 0.3, 0.0), vec3(0.15, 4.0, 0.0)];
        points.extend((0..=20).map(|step| {
            let (sin, cos) = (PI * step as f32 / 20.0).sin_cos();
            vec3(REACH * (cos - 1.0), 6.2 + REACH * sin, 0.0)
        }));
        points.extend([vec3(-2.0 * REACH, 3.0, 0.0), vec3(-2.0 * REACH - 0.7, 0.6, 0.0)]);
        bench.wire(&points, 0.38);
    }

    pub(super) fn chains(&self, bench: &mut Bench) {
        self.hook(bench);
        let spread = 1.9 * (self.count as f32 - 1.0) / 2.0;
        bench.rod(vec3(-spread, 0.0, 0.0), vec3(spread, 0.0, 0.0), 0.55);
        for index in 0..self.count {
            let x = 1.9 * index as f32 - spread;
            let length = self.size_mm * (0.72 + 0.28 * ((index * 2 + 1) % 3) as f32 / 2.0);
            Self::links(bench, x, 0.0, 0.0, -length);
            bench.ball(Material::Metal, vec3(x, -length - 0.4 * self.stone_mm, 0.0), self.stone_mm / 2.0);
        }
    }

    pub(super) fn tassel(&self, bench: &mut Bench) {
        self.hook(bench);
        bench.metal(Solid::Ring(Ring::facing(vec3(0.0, -0.4, 0.0), 0.6, 0.22, 0.0)));
        let radius = self.stone_mm / 2.0;
        let cap = vec3(0.0, -1.4 - radius, 0.0);
        bench.metal(Solid::Cone {
            from: cap - vec3(0.0, 1.6 * radius, 0.0),
            to: cap,
            radii: (1.15 * radius, 0.7 * radius),
        });
        for index in 0..self.count {
            let side = if self.count > 1 { 2.0 * index as f32 / (self.count - 1) as f32 - 1.0 } else { 0.0 };
            let start = cap + vec3(0.95 * radius * side, -1.8 * radius, 0.5 * (index % 2) as f32);
            let reach = self.size_mm * (0.9 - 0.10 * (index % 3) as f32);
            let end = vec3(start.x + 0.13 * self.size_mm * side, start.y - 0.72 * reach, start.z);
            let bow = start.lerp(end, 0.45) + vec3(0.10 * side, 0.0, 0.3);
            bench.wire(&[start, bow, end], self.wire());
            bench.ball(Material::Metal, end, 1.9 * self.wire());
        }
    }

    pub(super) fn coin(&self, bench: &mut Bench) {
        let hang = self.head(bench, 1.4 + 0.2 * self.wire_mm);
        let radius = 0.36 * self.size_mm;
        let centre = vec3(0.0, hang.y - radius - 1.3, 0.0);
        bench.metal(Solid::Ring(Ring::facing(vec3(0.0, hang.y - 0.5, 0.0), 0.8, 0.25, 75.0)));
        bench.metal(Solid::Ring(Ring::facing(centre, radius, 0.5 * self.wire_mm, 0.0)));
        if self.count.is_multiple_of(2) {
            bench.metal(Solid::Plate { centre: centre - vec3(0.0, 0.0, 0.2), radius, half: 0.4 });
            bench.set_stone(centre + vec3(0.0, 0.0, 0.3 + DOME * radius), self.stone_mm / 2.0, 0.3);
            return;
        }
        // Open work: rays between rim and middle.
        bench.set_stone(centre, self.stone_mm / 2.0, 0.35);
        for index in 0..10 {
            let (sin, cos) = (index as f32 / 10.0 * TAU).sin_cos();
            let ray = vec3(cos, sin, 0.0);
            bench.rod(centre + ray * (0.5 * self.stone_mm + 0.2), centre + ray * radius, 0.28);
        }
    }

    pub(super) fn gem_drop(&self, bench: &mut Bench) {
        let hang = self.head(bench, 1.3);
        let radius = self.stone_mm / 2.0;
        let halo = if self.count.is_multiple_of(2) { 0.9 + 0.12 * radius } else { 0.0 };
        let reach = radius + 0.45 + halo;
        let centre = vec3(0.0, (-self.size_mm + reach).min(hang.y - reach - 1.2), 0.0);
        Self::links(bench, 0.0, 0.0, hang.y + 0.2, centre.y + reach + 0.1);
        bench.set_gem(self.gem().unwrap_or_default(), centre, radius, 0.36);
        if halo > 0.0 {
            let count = (TAU * (radius + 1.0 + 0.5 * halo) / (halo + 0.25)).floor();
            for index in 0..count as u32 {
                let (sin, cos) = (index as f32 / count * TAU).sin_cos();
                let out = radius + 0.75 + 0.5 * halo;
                bench.set_stone(centre + vec3(out * sin, out * cos, -0.2), 0.42 * halo, 0.13);
            }
        }
    }

    pub(super) fn enamel(&self, bench: &mut Bench) {
        const TINTS: [Tint; 4] = [Tint::Cobalt, Tint::Coral, Tint::Ivory, Tint::Jade];
        let heart = self.stone_mm / 2.0;
        let length = (self.size_mm / 2.0 - 0.6 * heart).max(1.5);
        let half_width = (PI / self.count.max(3) as f32).sin() * (0.5 * length + 0.6 * heart) * 0.92;
        for index in 0..self.count {
            let (sin, cos) = (index as f32 / self.count as f32 * TAU).sin_cos();
            let out = vec3(sin, cos, 0.0);
            let rim = Blade {
                centre: out * (0.6 * heart + 0.5 * length) - vec3(0.0, 0.0, 0.4),
                along: out,
                half: vec3(0.5 * length, half_width, 0.45),
                fold: -0.18,
            };
            bench.metal(Solid::Blade(rim));
            let inlay = Blade {
                centre: rim.centre + vec3(0.0, 0.0, 0.14),
                half: rim.half - vec3(2.2, 1.0, 0.0) * self.wire_mm * 0.62,
                ..rim
            };
            bench.add(Material::Glass(TINTS[self.count as usize % TINTS.len()]), Solid::Blade(inlay));
        }
        bench.set_stone(vec3(0.0, 0.0, 0.35), heart, 0.3);
    }

    pub(super) fn bars(&self, bench: &mut Bench) {
        let hang = self.head(bench, 1.2);
        let (half, gap) = (self.wire(), 0.5 * self.wire_mm + 0.5);
        let spread = (self.count as f32 - 1.0) * (half + 0.5 * gap);
        let top = hang.y - 1.3;
        bench.rod(vec3(0.0, hang.y + 0.3, 0.0), vec3(0.0, top, 0.0), 0.28);
        bench.rod(vec3(-spread, top, 0.0), vec3(spread, top, 0.0), 0.42);
        for index in 0..self.count {
            let x = index as f32 * (2.0 * half + gap) - spread;
            let aside = if spread > 0.0 { (x / spread).abs() } else { 0.0 };
            let length = (self.size_mm + top) * (1.0 - 0.42 * aside);
            let centre = vec3(x, top - 1.1 - 0.5 * length, 0.0);
            bench.metal(Solid::Ring(Ring::facing(vec3(x, top - 0.75, 0.0), 0.5, 0.18, 70.0)));
            bench.metal(Solid::Slab { centre, half: vec3(half, 0.5 * length, 0.45) });
            if index % 2 == 1 {
                let inlay = vec3(0.66 * half, 0.5 * length - 0.34 * half, 0.45);
                let centre = centre + vec3(0.0, 0.0, 0.1 + DOME * (half - inlay.x));
                bench.add(Material::Glass(Tint::Onyx), Solid::Slab { centre, half: inlay });
            } else {
                let end = centre - vec3(0.0, 0.5 * length - 1.4 * half, -0.42 - DOME * half);
                bench.set_stone(end, 0.3 * self.stone_mm.min(2.0 * self.wire_mm), 0.14);
            }
        }
    }

    pub(super) fn sprig(&self, bench: &mut Bench) {
        self.hook(bench);
        let length = self.size_mm;
        let stem = |share: f32| vec3(1.2 * (2.2 * share).sin() * share, -0.3 - length * 0.8 * share, 0.0);
        let points: Vec<_> = (0..=16).map(|step| stem(step as f32 / 16.0)).collect();
        bench.wire(&points, 0.6 * self.wire());
        let mut leaf = |from: Vec3, along: Vec3, long: f32| {
            let along = along.normalize();
            let centre = from + 0.5 * long * along;
            let half = vec3(0.5 * long, 0.19 * long, 0.24);
            bench.metal(Solid::Blade(Blade { centre, along, half, fold: 0.34 }));
        };
        for pair in 0..self.count {
            let share = (pair as f32 + 0.7) / (self.count as f32 + 0.5);
            let long = length * (0.36 - 0.10 * share);
            for side in [-1.0, 1.0] {
                let from = stem((share + 0.04 * side).max(0.05));
                leaf(from, vec3(0.85 * side, -0.75, 0.12 * side), long);
            }
        }
        leaf(stem(1.0), vec3(0.25, -1.0, 0.0), 0.2 * length);
    }
}

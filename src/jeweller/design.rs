//! Families of earrings, each with a handful of free measures.
//!
//! What a shop sells is more than one piece: a [`Design`] is one piece of a family, [`catalogue`] a whole
//! tray, made to be hard on eyes that cut products out: thin wire, small holes, white pearls, cut stones.

use super::Metal;
use super::assembly::{Assembly, Bench, Solid};
use super::shape::{Material, Ring, Tint, chain};
use crate::project::Dice;
use glam::{Vec2, Vec3, vec3};
use std::f32::consts::{PI, TAU};

/// What kind of earring it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// A hoop of tapering wire.
    Hoop,
    /// A small thick hoop with a row of stones.
    Huggie,
    /// One stone in prongs, with a halo of `count` small ones if there are more than 6.
    Stud,
    /// A flower: `count` petals of small stones around a pearl.
    Cluster,
    /// A bead shaped as a drop under a set stone.
    Drop,
    /// An arch with `count` hanging drops.
    Chandelier,
    /// `count` pearls under each other.
    Pearl,
    /// `count` chains of links.
    Chain,
    /// `count` thin strands from a cap.
    Tassel,
    /// A disc on a ring.
    Coin,
}

impl Family {
    pub const ALL: [Self; 10] = [
        Self::Hoop,
        Self::Huggie,
        Self::Stud,
        Self::Cluster,
        Self::Drop,
        Self::Chandelier,
        Self::Pearl,
        Self::Chain,
        Self::Tassel,
        Self::Coin,
    ];

    /// As tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hoop => "hoop",
            Self::Huggie => "huggie",
            Self::Stud => "stud",
            Self::Cluster => "cluster",
            Self::Drop => "drop",
            Self::Chandelier => "chandelier",
            Self::Pearl => "pearl",
            Self::Chain => "chain",
            Self::Tassel => "tassel",
            Self::Coin => "coin",
        }
    }
}

/// One earring; what a measure means is its family's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Design {
    pub family: Family,
    pub metal: Metal,
    /// Rough extent: a hoop's width, a hanging piece's length, a stud's stone; mm.
    pub size_mm: f32,
    /// Diameter of its main wire, mm.
    pub wire_mm: f32,
    /// Diameter of its main stones, beads or pearls, mm.
    pub stone_mm: f32,
    pub count: u32,
    /// Turned about the vertical.
    pub turn_deg: f32,
}

/// Size, wire, stone, count, turn: a family's first piece, and what each further variant adds.
fn measures(family: Family) -> ([f32; 5], [f32; 5]) {
    match family {
        Family::Hoop => ([22.0, 1.1, 0.0, 0.0, 0.0], [7.0, 0.55, 0.0, 0.0, 17.0]),
        Family::Huggie => ([10.0, 2.2, 1.3, 7.0, 0.0], [1.2, 0.35, 0.15, 2.0, 9.0]),
        Family::Stud => ([5.0, 0.8, 5.0, 4.0, 0.0], [1.1, 0.1, 1.0, 4.0, 0.0]),
        Family::Cluster => ([9.0, 0.6, 2.2, 5.0, 0.0], [1.5, 0.05, 0.25, 1.0, 0.0]),
        Family::Drop => ([24.0, 0.8, 6.0, 0.0, 0.0], [4.0, 0.1, 1.2, 1.0, 0.0]),
        Family::Chandelier => ([38.0, 0.9, 3.0, 3.0, 0.0], [6.0, 0.1, 0.4, 2.0, 0.0]),
        Family::Pearl => ([14.0, 0.7, 7.0, 1.0, 0.0], [6.0, 0.1, 1.0, 1.0, 0.0]),
        Family::Chain => ([36.0, 0.40, 2.0, 1.0, 0.0], [9.0, 0.05, 0.5, 1.0, 0.0]),
        Family::Tassel => ([40.0, 0.45, 3.0, 7.0, 0.0], [7.0, 0.08, 0.5, 4.0, 0.0]),
        Family::Coin => ([20.0, 0.9, 2.4, 0.0, 0.0], [4.0, 0.15, 0.6, 1.0, 0.0]),
    }
}

impl Design {
    /// A usual piece of the family; `variant` makes four different ones, and further ones from 4 on.
    pub fn sample(family: Family, variant: u32) -> Self {
        let (first, more) = measures(family);
        let metal = Metal::ALL[(variant as usize + family as usize) % Metal::ALL.len()];
        Self::measured(family, metal, std::array::from_fn(|at| first[at] + variant as f32 * more[at]))
    }

    /// One of many pieces, its measures drawn apart from each other; families take turns. Same number, same piece.
    pub fn any(number: u64) -> Self {
        let mut dice = Dice::named(number, 72);
        let family = Family::ALL[(number % Family::ALL.len() as u64) as usize];
        let (first, more) = measures(family);
        let mut drawn: [f32; 5] = std::array::from_fn(|at| first[at] + more[at] * dice.between(-0.4, 3.6));
        // Rays look 60 mm around a piece.
        drawn[0] = drawn[0].min(54.0);
        drawn[3] = drawn[3].max(first[3].min(1.0));
        Self::measured(family, dice.pick(&Metal::ALL), drawn)
    }

    fn measured(
        family: Family,
        metal: Metal,
        [size_mm, wire_mm, stone_mm, count, turn_deg]: [f32; 5],
    ) -> Self {
        Self { family, metal, size_mm, wire_mm, stone_mm, count: count as u32, turn_deg }
    }

    pub(super) fn build(&self) -> Assembly {
        let mut bench = Bench::new();
        match self.family {
            Family::Hoop => self.hoop(&mut bench),
            Family::Huggie => self.huggie(&mut bench),
            Family::Stud => self.stud(&mut bench),
            Family::Cluster => self.cluster(&mut bench),
            Family::Drop => self.drop(&mut bench),
            Family::Chandelier => self.chandelier(&mut bench),
            Family::Pearl => self.pearl(&mut bench),
            Family::Chain => self.chains(&mut bench),
            Family::Tassel => self.tassel(&mut bench),
            Family::Coin => self.coin(&mut bench),
        }
        bench.finish(self.metal)
    }

    fn wire(&self) -> f32 {
        self.wire_mm / 2.0
    }

    fn hoop(&self, bench: &mut Bench) {
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

    fn huggie(&self, bench: &mut Bench) {
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

    fn stud(&self, bench: &mut Bench) {
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

    fn cluster(&self, bench: &mut Bench) {
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

    fn drop(&self, bench: &mut Bench) {
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

    fn chandelier(&self, bench: &mut Bench) {
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

    fn pearl(&self, bench: &mut Bench) {
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

    fn chains(&self, bench: &mut Bench) {
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

    fn tassel(&self, bench: &mut Bench) {
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

    fn coin(&self, bench: &mut Bench) {
        let hang = self.head(bench, 1.4 + 0.2 * self.wire_mm);
        let radius = 0.36 * self.size_mm;
        let centre = vec3(0.0, hang.y - radius - 1.3, 0.0);
        bench.metal(Solid::Ring(Ring::facing(vec3(0.0, hang.y - 0.5, 0.0), 0.8, 0.25, 75.0)));
        bench.metal(Solid::Ring(Ring::facing(centre, radius, 0.5 * self.wire_mm, 0.0)));
        if self.count.is_multiple_of(2) {
            bench.metal(Solid::Plate { centre: centre - vec3(0.0, 0.0, 0.2), radius, half: 0.4 });
            bench.set_stone(centre + vec3(0.0, 0.0, 0.5), self.stone_mm / 2.0, 0.3);
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
}

/// `each` pieces of every family.
pub fn catalogue(each: u32) -> Vec<Design> {
    let samples = |family| (0..each).map(move |variant| Design::sample(family, variant));
    Family::ALL.into_iter().flat_map(samples).collect()
}

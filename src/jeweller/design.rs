//! Families of earrings, each with a handful of free measures.
//!
//! What a shop sells is more than one piece: a [`Design`] is one piece of a family, [`catalogue`] a whole
//! tray, made to be hard on eyes that cut products out: thin wire, small holes, white pearls, cut stones.

use super::Metal;
use super::assembly::{Assembly, Bench};
use super::stone::Gem;
use crate::project::Dice;

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
    /// A coloured gem under a small diamond, every other one in a halo.
    Gem,
    /// A flower of `count` enamelled petals around a stone.
    Enamel,
    /// `count` flat bars beside each other, the longest in the middle.
    Bar,
    /// A hanging sprig with `count` pairs of leaves.
    Leaf,
}

impl Family {
    pub const ALL: [Self; 14] = [
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
        Self::Gem,
        Self::Enamel,
        Self::Bar,
        Self::Leaf,
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
            Self::Gem => "gem",
            Self::Enamel => "enamel",
            Self::Bar => "bar",
            Self::Leaf => "leaf",
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
        Family::Gem => ([20.0, 0.7, 6.0, 0.0, 0.0], [4.0, 0.1, 0.9, 1.0, 0.0]),
        Family::Enamel => ([13.0, 0.5, 2.6, 5.0, 0.0], [2.2, 0.08, 0.35, 1.0, 0.0]),
        Family::Bar => ([26.0, 1.6, 2.2, 1.0, 0.0], [6.0, 0.3, 0.3, 1.0, 0.0]),
        Family::Leaf => ([30.0, 0.7, 2.0, 3.0, 0.0], [6.0, 0.08, 0.3, 1.0, 0.0]),
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

    /// Its coloured stone, if its family has one.
    pub fn gem(&self) -> Option<Gem> {
        const GEMS: [Gem; 5] = [Gem::Ruby, Gem::Sapphire, Gem::Emerald, Gem::Amethyst, Gem::Citrine];
        (self.family == Family::Gem).then(|| GEMS[self.count as usize % GEMS.len()])
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
            Family::Gem => self.gem_drop(&mut bench),
            Family::Enamel => self.enamel(&mut bench),
            Family::Bar => self.bars(&mut bench),
            Family::Leaf => self.sprig(&mut bench),
        }
        bench.finish(self.metal)
    }
}

/// `each` pieces of every family.
pub fn catalogue(each: u32) -> Vec<Design> {
    let samples = |family| (0..each).map(move |variant| Design::sample(family, variant));
    Family::ALL.into_iter().flat_map(samples).collect()
}

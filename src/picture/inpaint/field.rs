//! Which patch of the surroundings fits best at every place that touches the hole.
//!
//! PatchMatch's two moves, offered to all places at once: what a neighbour found, moved along, and a random place near
//! the best so far. Every place reads the last round's field and draws from a generator seeded by level, round and
//! place, so the result does not depend on the order of work.

use super::level::{Level, REACH};
use rayon::prelude::*;

/// Rounds of offers in one search.
const OFFERS: usize = 3;

/// How far along the neighbours are whose finds are offered, pixels.
const NEIGHBOURS: [isize; 3] = [4, 2, 1];

/// A place's best source so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Find {
    /// Index of the source patch's middle.
    pub(super) source: u32,
    /// Mean squared difference of the two patches, codes.
    pub(super) distance: f32,
}

/// The best source of every target of a level.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// Of each target, in the level's order.
    pub(super) finds: Vec<Find>,
    /// Of each pixel: its place among the targets, plus one; 0 if it is none.
    rank: Vec<u32>,
    /// All sources.
    sources: Vec<u32>,
}

impl Field {
    fn empty(level: &Level) -> Self {
        let mut rank = vec![0; level.hole.len()];
        for (place, target) in level.targets.iter().enumerate() {
            rank[*target as usize] = place as u32 + 1;
        }
        let sources = (0..level.source.len() as u32).filter(|index| level.source[*index as usize]).collect();
        Self { finds: Vec::new(), rank, sources }
    }

    /// Any source for every target. A level has at least one.
    pub(super) fn random(level: &Level) -> Self {
        let mut field = Self::empty(level);
        let sources = &field.sources;
        let find = |target: &u32| {
            let mut random = Random::new(level.width as u32, 0, *target);
            let source = sources[random.below(sources.len())];
            Find { source, distance: distance(level, *target, source, f32::INFINITY) }
        };
        field.finds = level.targets.par_iter().map(find).collect();
        field
    }

    /// The field of `coarse` for a level of twice its size.
    pub(super) fn refined(&self, coarse: &Level, fine: &Level) -> Self {
        let mut field = Self::empty(fine);
        let sources = &field.sources;
        let find = |target: &u32| {
            let (x, y) = (*target as usize % fine.width, *target as usize / fine.width);
            let (half_x, half_y) = ((x / 2).min(coarse.width - 1), (y / 2).min(coarse.height - 1));
            let moved = self.find(half_y * coarse.width + half_x).and_then(|find| {
                let (from_x, from_y) =
                    (find.source as usize % coarse.width, find.source as usize / coarse.width);
                let (x, y) = (2 * from_x + x % 2, 2 * from_y + y % 2);
                let index = y * fine.width + x;
                (x < fine.width && y < fine.height && fine.source[index]).then_some(index as u32)
            });
            let source = moved.unwrap_or_else(|| {
                let mut random = Random::new(fine.width as u32, 1, *target);
                sources[random.below(sources.len())]
            });
            Find { source, distance: distance(fine, *target, source, f32::INFINITY) }
        };
        field.finds = fine.targets.par_iter().map(find).collect();
        field
    }

    /// What was found for a pixel, if it is a target.
    pub(super) fn find(&self, pixel: usize) -> Option<Find> {
        let place = (*self.rank.get(pixel)?).checked_sub(1)?;
        self.finds.get(place as usize).copied()
    }

    /// Looks for better sources. `thrift`: how many times fewer random places are tried.
    pub(super) fn search(&mut self, level: &Level, round: usize, thrift: usize) {
        // The hole's pixels have changed since.
        let measure = |(find, target): (&mut Find, &u32)| {
            find.distance = distance(level, *target, find.source, f32::INFINITY);
        };
        self.finds.par_iter_mut().zip(&level.targets).for_each(measure);
        for offer in 0..OFFERS.div_ceil(thrift) {
            let better = |(place, target): (usize, &u32)| {
                let seed = (round * OFFERS + offer) as u32 + 2;
                let mut random = Random::new(level.width as u32, seed, *target);
                let best = self.propagated(level, *target, self.finds[place]);
                self.tried(level, *target, best, &mut random, thrift)
            };
            self.finds = level.targets.par_iter().enumerate().map(better).collect();
        }
    }

    /// The best of what the neighbours found, moved along.
    fn propagated(&self, level: &Level, target: u32, mut best: Find) -> Find {
        let width = level.width as isize;
        let (x, y) = (target as isize % width, target as isize / width);
        for step in NEIGHBOURS {
            for (right, down) in [(step, 0), (-step, 0), (0, step), (0, -step)] {
                let (x, y) = (x + right, y + down);
                if x < 0 || y < 0 || x >= width || y >= level.height as isize {
                    continue;
                }
                let Some(find) = self.find((y * width + x) as usize) else { continue };
                let (from_x, from_y) =
                    (find.source as isize % width - right, find.source as isize / width - down);
                best = better(level, target, best, from_x, from_y);
            }
        }
        best
    }

    /// The best of random places, ever nearer to the best so far.
    fn tried(&self, level: &Level, target: u32, mut best: Find, random: &mut Random, thrift: usize) -> Find {
        let mut radius = level.width.max(level.height) / thrift.min(64);
        while radius > 0 {
            let width = level.width as isize;
            let (x, y) = (best.source as isize % width, best.source as isize / width);
            let mut step = || random.below(2 * radius + 1) as isize - radius as isize;
            best = better(level, target, best, x + step(), y + step());
            radius /= 2;
        }
        best
    }
}

fn better(level: &Level, target: u32, best: Find, x: isize, y: isize) -> Find {
    if x < 0 || y < 0 || x >= level.width as isize || y >= level.height as isize {
        return best;
    }
    let source = (y * level.width as isize + x) as u32;
    if source == best.source || !level.source[source as usize] {
        return best;
    }
    let distance = distance(level, target, source, best.distance);
    if distance < best.distance { Find { source, distance } } else { best }
}

/// Mean squared difference of two patches, weighted by how sure the target's pixels are; whatever is at least
/// `enough` may come out as any such number.
fn distance(level: &Level, target: u32, source: u32, enough: f32) -> f32 {
    let (width, reach) = (level.width, REACH as isize);
    let (x, y) = (target as isize % width as isize, target as isize / width as isize);
    let (mut sum, mut weights) = (0.0, 0.0);
    for down in -reach..=reach {
        // A target's patch may stick out of the region: only its inner part counts.
        if y + down < 0 || y + down >= level.height as isize {
            continue;
        }
        let row = ((y + down) * width as isize) as usize;
        let source_row = (source as isize + down * width as isize) as usize;
        let (first, last) = ((x - reach).max(0) as usize, ((x + reach) as usize).min(width - 1));
        for column in first..=last {
            let other = source_row + column - x as usize;
            let weight = level.confidence[row + column];
            sum += weight * (level.pixels[row + column] - level.pixels[other]).length_squared();
            weights += weight;
        }
        // The rest cannot bring the mean below: all weights are at most 1.
        if sum >= enough * MOST_WEIGHT {
            return enough;
        }
    }
    if weights > 0.0 { sum / weights } else { UNKNOWN }
}

/// The distance of patches of which nothing is trusted.
const UNKNOWN: f32 = 1e9;

/// The weights of a whole patch, at most.
const MOST_WEIGHT: f32 = ((2 * REACH + 1) * (2 * REACH + 1)) as f32;

/// PCG's output mix over a counter: good enough for trying places, and the same everywhere.
struct Random(u32);

impl Random {
    fn new(level: u32, round: u32, place: u32) -> Self {
        let seed = level.wrapping_mul(0x9E37_79B9)
            ^ round.wrapping_mul(0x85EB_CA6B)
            ^ place.wrapping_mul(0xC2B2_AE35);
        Self(seed)
    }

    /// 0..`count`; 0 if there is nothing to choose from.
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        let word = ((self.0 >> ((self.0 >> 28) + 4)) ^ self.0).wrapping_mul(277_803_737);
        let word = (word >> 22) ^ word;
        ((u64::from(word) * count as u64) >> 32) as usize
    }
}

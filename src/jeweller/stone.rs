//! A round brilliant: a convex body of facets, traced exactly.
//!
//! Proportions near Tolkowsky's (1919): table 55 %, crown 34.5 degrees, pavilion 40.75 degrees, which send
//! light that enters from above back out of the table. Light inside is followed through total reflections;
//! red, green and blue bend differently, which is the fire.

use super::light::{self, Room, Seen};
use glam::{Vec3, Vec4, vec3};
use std::f32::consts::TAU;
use std::ops::Range;
use std::sync::LazyLock;

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

/// What is left of a ray that is not worth following.
const LEAST: f32 = 0.02;

/// The studio is dimmed for the stone, so that its lamps sparkle.
const DIMMED: f32 = 0.55;

/// Rays that rise less towards a facet run along it.
const STEEP: f32 = 1e-6;

/// Height of the table of a stone of radius 1.
const TABLE: f32 = 0.33;

/// Outward normals of four facets and their distances from the stone's centre, number by number: asked all at once.
#[derive(Clone, Copy)]
struct Four {
    x: Vec4,
    y: Vec4,
    z: Vec4,
    reach: Vec4,
}

impl Four {
    fn normal(&self, lane: usize) -> Vec3 {
        vec3(self.x[lane], self.y[lane], self.z[lane])
    }

    /// The normals' products with a vector.
    fn dot(&self, other: Vec3) -> Vec4 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }
}

/// Facets around the stone's axis, all tilted alike and equally far from its centre.
struct Ring {
    /// Among the cut's.
    facets: Range<usize>,
    /// Of the normals: across the axis and along it.
    across: f32,
    up: f32,
    reach: f32,
}

impl Ring {
    /// Cuts `count` facets, a multiple of four, the first by `turned` of a step from the others' start; `reach` where
    /// their planes meet the girdle's, `up` 1 for the crown and -1 for the pavilion.
    fn cut(fours: &mut Vec<Four>, (count, turned, degrees, reach, up): (usize, f32, f32, f32, f32)) -> Self {
        let (across, cos) = degrees.to_radians().sin_cos();
        let (up, reach) = (up * cos, reach * across);
        let turn = |index: usize| (index as f32 + turned) / count as f32 * TAU + 0.13;
        let first = fours.len();
        fours.extend((0..count).step_by(4).map(|index| {
            let each =
                |of: fn(f32) -> f32| Vec4::from_array(std::array::from_fn(|lane| of(turn(index + lane))));
            let (x, y) = (each(f32::cos) * across, each(f32::sin) * across);
            Four { x, y, z: Vec4::splat(up), reach: Vec4::splat(reach) }
        }));
        Self { facets: first..fours.len(), across, up, reach }
    }

    /// The way to the nearest facet of the ring ahead, and its normal, if that is less than `nearest`.
    fn leave(&self, fours: &[Four], nearest: f32, from: Vec3, along: Vec3) -> Option<(f32, Vec3)> {
        // As steep as a facet of the ring can be to the ray, and as near: most rings need not be asked.
        let slope = self.across * along.truncate().length() + self.up * along.z;
        let gap = self.reach - (self.across * from.truncate().length() + self.up * from.z);
        if slope <= STEEP || 0.999 * gap > nearest * slope {
            return None;
        }
        let (mut reaches, mut indices) = (Vec4::splat(nearest), Vec4::INFINITY);
        let facets = &fours[self.facets.clone()];
        for (index, four) in facets.iter().enumerate() {
            let slope = four.dot(along);
            let ahead = ((four.reach - four.dot(from)) / slope).max(Vec4::ZERO);
            let nearer = slope.cmpgt(Vec4::splat(STEEP)) & ahead.cmplt(reaches);
            reaches = Vec4::select(nearer, ahead, reaches);
            indices = Vec4::select(nearer, Vec4::splat(index as f32), indices);
        }
        let lane = reaches.min_position();
        let four = facets.get(indices[lane] as usize)?;
        Some((reaches[lane], four.normal(lane)))
    }
}

/// A stone of radius 1.
struct Cut {
    /// The table, four times, then the rings' facets.
    fours: Vec<Four>,
    rings: [Ring; 6],
}

static CUT: LazyLock<Cut> = LazyLock::new(|| {
    let table = Four { x: Vec4::ZERO, y: Vec4::ZERO, z: Vec4::ONE, reach: Vec4::splat(TABLE) };
    let mut fours = vec![table];
    let rings = [
        // Crown: kites, stars, upper girdle.
        (8, 0.0, 34.5, 1.03, 1.0),
        (8, 0.5, 21.5, 1.275, 1.0),
        (16, 0.5, 41.5, 1.025, 1.0),
        // Pavilion: mains, lower girdle.
        (8, 0.0, 40.75, 1.03, -1.0),
        (16, 0.5, 42.6, 1.02, -1.0),
        // The girdle itself.
        (32, 0.0, 90.0, 1.0, 1.0),
    ];
    let rings = rings.map(|ring| Ring::cut(&mut fours, ring));
    Cut { fours, rings }
});

impl Cut {
    /// Way to the facet through which a ray from outside enters, and its normal.
    fn enter(&self, from: Vec3, along: Vec3) -> Option<(f32, Vec3)> {
        let steep = Vec4::splat(STEEP);
        let (mut near, mut indices, mut far) = (Vec4::ZERO, Vec4::INFINITY, Vec4::INFINITY);
        for (index, four) in self.fours.iter().enumerate() {
            let (slope, gap) = (four.dot(along), four.reach - four.dot(from));
            let at = gap / slope;
            let nearer = slope.cmplt(-steep) & at.cmpgt(near);
            near = Vec4::select(nearer, at, near);
            indices = Vec4::select(nearer, Vec4::splat(index as f32), indices);
            // A ray along a facet is outside of it everywhere, or nowhere.
            let outside = slope.abs().cmple(steep) & gap.cmplt(Vec4::ZERO);
            let end = Vec4::select(outside, Vec4::NEG_INFINITY, Vec4::INFINITY);
            far = far.min(Vec4::select(slope.cmpgt(steep), at, end));
        }
        let lane = near.max_position();
        let four = self.fours.get(indices[lane] as usize)?;
        (near[lane] < far.min_element()).then(|| (near[lane], four.normal(lane)))
    }

    /// Way to the facet through which a ray from inside leaves, and its normal.
    fn leave(&self, from: Vec3, along: Vec3) -> Option<(f32, Vec3)> {
        // The rings that the ray runs towards come first, so that most others are never asked.
        const UPWARD: [usize; 6] = [0, 2, 1, 5, 4, 3];
        const DOWNWARD: [usize; 6] = [3, 4, 5, 0, 2, 1];
        let table = (along.z > STEEP).then(|| (((TABLE - from.z) / along.z).max(0.0), Vec3::Z));
        let order = if along.z > 0.0 { UPWARD } else { DOWNWARD };
        order.iter().fold(table, |exit, ring| {
            let nearest = exit.map_or(f32::INFINITY, |(reach, _)| reach);
            self.rings[*ring].leave(&self.fours, nearest, from, along).or(exit)
        })
    }
}

/// The stone, its girdle in the plane of its centre, its table towards +z.
pub(super) struct Brilliant {
    pub(super) radius: f32,
    pub(super) centre: Vec3,
    gem: Gem,
}

impl Brilliant {
    pub(super) fn new(gem: Gem, radius: f32) -> Self {
        Self { radius, centre: Vec3::ZERO, gem }
    }

    pub(super) fn at(mut self, centre: Vec3) -> Self {
        self.centre = centre;
        self
    }

    /// Where a ray from outside enters, and the facet's normal.
    pub(super) fn enter(&self, from: Vec3, along: Vec3) -> Option<(f32, Vec3)> {
        let entry = CUT.enter((from - self.centre) / self.radius, along);
        entry.map(|(reach, normal)| (reach * self.radius, normal))
    }

    /// Light that a ray meeting the facet `normal` at `point` brings back.
    pub(super) fn light(&self, room: Room<'_>, point: Vec3, along: Vec3, normal: Vec3) -> Seen {
        let (point, mirror) = ((point - self.centre) / self.radius, along.reflect(normal));
        let mirrored = light::seen(room, mirror, 0.0)
            * Vec3::splat(light::schlick(self.gem.mirrored(), -along.dot(normal)));
        let inner: [f32; 3] =
            std::array::from_fn(|channel| self.inner_light(room, point, along, normal, channel));
        // The setting shades the stone's rim.
        let rim = 1.0 - 0.35 * point.truncate().length().powi(6);
        mirrored + Seen::own(Vec3::from_array(inner) * rim)
    }

    /// One colour's way through the stone, taken for one of radius 1.
    fn inner_light(&self, room: Room<'_>, point: Vec3, along: Vec3, normal: Vec3, channel: usize) -> f32 {
        let (index, straight_on) = (self.gem.index()[channel], self.gem.mirrored());
        let fading = self.gem.fading()[channel];
        let mut direction = along.refract(normal, 1.0 / index);
        let mut at = point;
        let mut strength = 1.0 - light::schlick(straight_on, -along.dot(normal));
        let mut gathered = 0.0;
        for _ in 0..BOUNCES {
            let Some((reach, facet)) = CUT.leave(at, direction) else { break };
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
            if strength < LEAST {
                break;
            }
            direction = direction.reflect(inward);
        }
        gathered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Dice;

    fn facets() -> Vec<(Vec3, f32)> {
        let lanes = |four: &Four| [0, 1, 2, 3].map(|lane| (four.normal(lane), four.reach[lane]));
        CUT.fours.iter().flat_map(lanes).collect()
    }

    fn direction(dice: &mut Dice) -> Vec3 {
        vec3(dice.spread(), dice.spread(), dice.spread()).normalize_or(Vec3::Z)
    }

    #[test]
    fn a_ray_leaves_through_the_nearest_facet_ahead_whatever_rings_are_not_asked() {
        let (mut dice, facets) = (Dice::new(5), facets());
        assert_eq!(facets.len(), 4 + 8 + 8 + 16 + 8 + 16 + 32);
        let mut asked = 0;
        for _ in 0..20_000 {
            let from = vec3(dice.spread(), dice.spread(), 0.4 * dice.spread());
            let is_inside = facets.iter().all(|(normal, reach)| normal.dot(from) < reach - 1e-3);
            if !is_inside {
                continue;
            }
            asked += 1;
            let along = direction(&mut dice);
            let ahead = facets.iter().filter(|(normal, _)| normal.dot(along) > STEEP);
            let nearest = ahead.map(|(normal, reach)| (reach - normal.dot(from)) / normal.dot(along));
            let nearest = nearest.fold(f32::INFINITY, f32::min);
            let (reach, normal) = CUT.leave(from, along).expect("a way out");
            assert!((reach - nearest).abs() < 1e-5, "{from} {along}: {reach} {nearest}");
            assert!(normal.dot(along) > 0.0);
        }
        assert!(asked > 1000, "{asked}");
    }

    #[test]
    fn a_ray_enters_where_it_meets_the_body_and_passes_by_where_it_does_not() {
        let (mut dice, facets) = (Dice::new(6), facets());
        let mut met = 0;
        for _ in 0..20_000 {
            let from = 3.0 * direction(&mut dice);
            let along = (1.2 * direction(&mut dice) - from).normalize();
            // How far outside the body the ray's points are at most and where, by looking at many of them.
            let outside = |reach: f32| {
                let at = from + along * reach;
                facets.iter().map(|(normal, reach)| normal.dot(at) - reach).fold(f32::NEG_INFINITY, f32::max)
            };
            match CUT.enter(from, along) {
                Some((reach, normal)) => {
                    met += 1;
                    assert!(outside(reach).abs() < 1e-4 && outside(reach - 0.01) > 0.0, "{from} {along}");
                    assert!(normal.dot(along) < 0.0);
                }
                None => assert!((0..600).all(|step| outside(step as f32 * 0.01) > -1e-4), "{from} {along}"),
            }
        }
        assert!((2000..19_000).contains(&met), "{met}");
    }
}

//! Does the picture change at the product's outline? A seam is a fringe that runs along the outline: a halo, a
//! glow of the product's colour, a rim of the old background. Measured on the finished picture, outside the
//! matte alone.
//!
//! Along every normal three places are averaged: the ring just outside the matte, the ground beyond it, and
//! the ground further out. The ring's difference from the ground is a seam as far as it exceeds the ground's
//! own difference from what lies further out: a gradient or a texture changes alike everywhere. An edge of
//! the scene, such as a jaw line behind the product, crosses the outline and so differs on a few normals only,
//! at other places of each; the differences are therefore taken as the median over neighbouring normals before
//! they count. What cannot be told from a seam: an edge that runs beside the outline, within the ring's width,
//! for longer than the neighbourhood; and a shadow that the product itself casts right beside it.

use super::PlacedEarring;
use super::ciede2000::{Lab, ciede2000};
use super::surroundings::{Normal, Surroundings, unit};
use glam::DVec2;
use image::RgbImage;
use std::collections::BTreeMap;

/// Distances from the matte, in pixels of a picture of 512: the first three make the ring.
const RING: [f64; 3] = [1.0, 2.0, 3.0];
const GROUND: [f64; 3] = [6.0, 7.5, 9.0];
const FURTHER: [f64; 3] = [11.0, 12.5, 14.0];
/// Normals whose ends lie within this many such pixels are neighbours: an edge that crosses the outline at 30
/// degrees or more differs on fewer than half of them.
const NEIGHBOURS: f64 = 10.0;
/// Fewer normals say nothing.
const FEWEST: usize = 24;

/// How much the picture changes at the product's outline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seam {
    /// CIEDE2000 of the ring against the ground, less the ground's own change: mean over the outline.
    pub mean: f64,
    /// The same where it is worst: 95 % of the outline is below.
    pub worst: f64,
    /// Normals that were looked at.
    pub normals: usize,
}

/// Measures the seam of a finished picture; none where the product leaves no room around it.
pub fn seam(finished: &RgbImage, placed: &PlacedEarring) -> Option<Seam> {
    if finished.dimensions() != placed.pixels().dimensions() {
        return None;
    }
    let unit = unit(finished);
    let length = FURTHER[2] * unit;
    let around = Surroundings::of(placed, length.ceil() as u32 + 2)?;
    let normals = around.normals(length, (unit.round() as u32).max(1));
    let steps: Vec<_> = normals.iter().filter_map(|normal| Steps::along(normal, finished, unit)).collect();
    if steps.len() < FEWEST {
        return None;
    }
    let mut excess = excesses(&steps, NEIGHBOURS * unit);
    excess.sort_by(f64::total_cmp);
    let worst = excess[(excess.len() * 95 / 100).min(excess.len() - 1)];
    let mean = excess.iter().sum::<f64>() / excess.len() as f64;
    Some(Seam { mean, worst, normals: excess.len() })
}

/// What one normal sees.
struct Steps {
    end: DVec2,
    ground: Lab,
    further: Lab,
    /// From the ground to the ring.
    to_ring: [f64; 3],
    /// From further out to the ground.
    to_ground: [f64; 3],
}

impl Steps {
    fn along(normal: &Normal, picture: &RgbImage, unit: f64) -> Option<Self> {
        let mean = |distances: [f64; 3]| mean_colour(normal, picture, distances.map(|at| at * unit));
        let (ring, ground, further) = (mean(RING)?, mean(GROUND)?, mean(FURTHER)?);
        let (to_ring, to_ground) = (ring.minus(ground), ground.minus(further));
        Some(Self { end: normal.end, ground, further, to_ring, to_ground })
    }
}

/// The mean colour at these distances from the matte, canvas pixels.
pub(super) fn mean_colour(normal: &Normal, picture: &RgbImage, distances: [f64; 3]) -> Option<Lab> {
    let mut sum = [0.0; 3];
    for distance in distances {
        let colour = Lab::of(normal.pixel(picture, distance)?);
        sum = [sum[0] + colour.l, sum[1] + colour.a, sum[2] + colour.b];
    }
    Some(Lab::default().moved(sum.map(|sum| sum / 3.0)))
}

/// The seam on every normal, after the median over its neighbours.
fn excesses(steps: &[Steps], reach: f64) -> Vec<f64> {
    let cell = |at: DVec2| ((at.x / reach).floor() as i64, (at.y / reach).floor() as i64);
    let mut cells: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        cells.entry(cell(step.end)).or_default().push(index);
    }
    let one = |step: &Steps| {
        let (column, row) = cell(step.end);
        let around = (column - 1..=column + 1).flat_map(|x| (row - 1..=row + 1).map(move |y| (x, y)));
        let near: Vec<&Steps> = around
            .filter_map(|cell| cells.get(&cell))
            .flatten()
            .map(|index| &steps[*index])
            .filter(|other| other.end.distance(step.end) <= reach)
            .collect();
        let ring = median(near.iter().map(|step| step.to_ring));
        let ground = median(near.iter().map(|step| step.to_ground));
        let at_ring = ciede2000(step.ground, step.ground.moved(ring));
        let beyond = ciede2000(step.further, step.further.moved(ground));
        (at_ring - beyond).max(0.0)
    };
    steps.iter().map(one).collect()
}

/// Component by component.
fn median(differences: impl Iterator<Item = [f64; 3]>) -> [f64; 3] {
    let differences: Vec<_> = differences.collect();
    std::array::from_fn(|part| {
        let mut values: Vec<f64> = differences.iter().map(|difference| difference[part]).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, Rgba, RgbaImage};

    const SIDE: u32 = 220;

    fn from_middle(x: u32, y: u32) -> f64 {
        (f64::from(x) - 110.0).hypot(f64::from(y) - 110.0)
    }

    fn disc() -> PlacedEarring {
        let matte = |x, y| if from_middle(x, y) < 40.0 { 255 } else { 0 };
        PlacedEarring::from_pixels(RgbaImage::from_fn(SIDE, SIDE, |x, y| Rgba([200, 160, 60, matte(x, y)])))
    }

    fn ground(colour: impl Fn(u32, u32) -> [u8; 3]) -> RgbImage {
        RgbImage::from_fn(SIDE, SIDE, |x, y| Rgb(colour(x, y)))
    }

    const SKIN: [u8; 3] = [205, 160, 135];

    #[test]
    fn a_fringe_is_measured_as_it_is() {
        let fringe = [225, 175, 150];
        let picture = ground(|x, y| if from_middle(x, y) < 44.5 { fringe } else { SKIN });
        let truth = ciede2000(Lab::of(fringe), Lab::of(SKIN));
        let found = seam(&picture, &disc()).expect("room around it");
        assert!((found.mean - truth).abs() < 0.1 * truth, "{found:?} for {truth}");
        assert!((found.worst - truth).abs() < 0.1 * truth, "{found:?} for {truth}");
    }

    #[test]
    fn plain_ground_gradients_and_texture_have_no_seam() {
        let plain = seam(&ground(|_, _| SKIN), &disc()).expect("room");
        assert_eq!((plain.mean, plain.worst), (0.0, 0.0));
        let gradient = ground(|x, _| [60 + (x / 2) as u8, 70 + (x / 2) as u8, 120]);
        assert!(seam(&gradient, &disc()).expect("room").worst < 1.0);
        let texture = ground(|x, y| {
            let noise = ((x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 7) as u8 % 24;
            SKIN.map(|code| code - noise)
        });
        let found = seam(&texture, &disc()).expect("room");
        assert!(found.worst < 2.0, "{found:?}");
    }

    #[test]
    fn an_edge_of_the_scene_behind_the_product_is_no_seam() {
        // A jaw line straight through the middle, and one off it.
        for at in [110, 130] {
            let picture = ground(|x, _| if x < at { SKIN } else { [40, 50, 80] });
            let found = seam(&picture, &disc()).expect("room");
            assert!(found.mean < 0.5 && found.worst < 2.0, "{at}: {found:?}");
        }
    }

    #[test]
    fn half_an_outline_of_fringe_shows_in_the_worst_twentieth() {
        let picture = ground(|x, y| if from_middle(x, y) < 44.5 && x < 90 { [250, 250, 250] } else { SKIN });
        let found = seam(&picture, &disc()).expect("room");
        assert!(found.worst > 12.0 && found.mean < 0.5 * found.worst, "{found:?}");
    }

    #[test]
    fn a_product_without_room_around_it_is_not_judged() {
        let full = PlacedEarring::from_pixels(RgbaImage::from_pixel(64, 64, Rgba([1, 2, 3, 255])));
        assert_eq!(seam(&RgbImage::new(64, 64), &full), None);
        assert_eq!(seam(&RgbImage::new(63, 64), &full), None);
    }
}

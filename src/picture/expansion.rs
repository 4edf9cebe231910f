//! Did the model paint more product around the product? Engines tend to let a hoop grow or a chain go on; the
//! composite then shows the exact product with a copy's rim around it.
//!
//! The raw picture is searched outward from the matte: a pixel belongs to the painted product if it is
//! connected to the matte through such pixels, looks like the product near it and less like the ground that
//! lies beyond. E = (area(m_o united with m_i) - area(m_i)) / area(m_i), m_o the painted product and m_i the
//! matte from one half up. A rim that is thinner than resampling softens edges counts as none. On jewels
//! with many colours E comes out at about half of the truth, so it is a lower bound; how far out the leak goes is
//! measured well (`adorn evaluate checks`). Where product
//! and ground look alike nothing can be told; the share of the outline where they differ says how much of it
//! was judged.

use super::PlacedEarring;
use super::ciede2000::{Lab, ciede2000};
use super::seam::mean_colour;
use super::surroundings::{Normal, Surroundings, centre, unit};
use glam::DVec2;
use image::RgbImage;
use std::collections::{BTreeMap, VecDeque};

/// How far out is searched, in pixels of a picture of 512, like all lengths here.
const REACH: f64 = 48.0;
/// Where the ground is looked at.
const GROUND: [f64; 3] = [11.0, 12.5, 14.0];
/// Product pixels this close to an outline's pixel say how the product looks there.
const LOCAL: f64 = 4.0;
/// Rims up to this width are softness, not expansion.
const SOFT: f64 = 1.5;
/// CIEDE2000 up to which a pixel looks like the product.
const ALIKE: f64 = 8.0;
/// CIEDE2000 from which product and ground can be told apart, and a pixel from the ground.
const APART: f64 = 10.0;
const OFF_GROUND: f64 = 5.0;
/// Ground colours that are kept, and those that a pixel is compared with.
const MOST_GROUNDS: usize = 256;
const NEAR_GROUNDS: usize = 6;
/// Colours of the product closer than this count as one; plain distance in CIELAB, which is quick.
const SAME: f64 = 4.0;
/// Plain distance beyond which no two colours are alike: CIEDE2000 divides it by 5 at most.
const FAR: f64 = 50.0;

/// How far a painted product leaks out of the matte.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expansion {
    /// E: leaked area over the product's own.
    pub share: f64,
    /// How far out the leak goes, canvas pixels: 95 % of it is nearer.
    pub reach: f64,
    /// Share of the outline where ground and product differ enough to tell, 0..=1.
    pub judged: f64,
}

/// Measures the expansion in a generated picture of canvas size; none without product or ground.
pub fn expansion(generated: &RgbImage, placed: &PlacedEarring) -> Option<Expansion> {
    if generated.dimensions() != placed.pixels().dimensions() {
        return None;
    }
    let unit = unit(generated);
    let around = Surroundings::of(placed, (REACH * unit).ceil() as u32)?;
    let area = placed.pixels().pixels().filter(|pixel| pixel.0[3] >= 128).count();
    let mut looks = Looks::new(generated, placed, &around, unit)?;
    if area == 0 {
        return None;
    }
    let leaked = leaked(generated, placed, &around, &mut looks);
    let counted = counted(&leaked, SOFT * unit);
    let mut distances: Vec<f64> = counted.iter().map(|at| leaked[at]).collect();
    distances.sort_by(f64::total_cmp);
    let reach = distances.get(distances.len() * 95 / 100).copied().unwrap_or_default();
    Some(Expansion { share: counted.len() as f64 / area as f64, reach, judged: looks.judged() })
}

/// Pixels outside the matte that look like product and are connected to it, and their distance from it.
fn leaked(
    generated: &RgbImage,
    placed: &PlacedEarring,
    around: &Surroundings,
    looks: &mut Looks<'_>,
) -> BTreeMap<[u32; 2], f64> {
    let mut leaked = BTreeMap::new();
    let mut asked = vec![false; generated.pixels().len()];
    let matte = |[x, y]: [u32; 2]| placed.pixels().get_pixel(x, y).0[3] > 0;
    let mut queue: VecDeque<_> = around.pixels().map(|(at, _)| at).filter(|at| matte(*at)).collect();
    while let Some(at) = queue.pop_front() {
        for next in neighbours(at) {
            let Some(nearest) = around.nearest(next) else { continue };
            let index = next[1] as usize * generated.width() as usize + next[0] as usize;
            if std::mem::replace(&mut asked[index], true) || matte(next) {
                continue;
            }
            if looks.is_product(generated.get_pixel(next[0], next[1]).0, nearest) {
                leaked.insert(next, centre(next).distance(centre(nearest)));
                queue.push_back(next);
            }
        }
    }
    leaked
}

/// The eight pixels around one; those left of or above the canvas are left out.
fn neighbours([x, y]: [u32; 2]) -> impl Iterator<Item = [u32; 2]> {
    let steps = (-1..=1).flat_map(|down| (-1..=1).map(move |across| (across, down)));
    let others = steps.filter(|step| *step != (0, 0));
    others
        .filter_map(move |(across, down)| Some([x.checked_add_signed(across)?, y.checked_add_signed(down)?]))
}

/// Leaked pixels that are no mere softness of the edge: those further out than `soft`, and what lies under them.
fn counted(leaked: &BTreeMap<[u32; 2], f64>, soft: f64) -> Vec<[u32; 2]> {
    let far = |at: &[u32; 2]| leaked.get(at).is_some_and(|distance| *distance > soft);
    let under = soft.ceil() as i64 + 1;
    let supports = |[x, y]: [u32; 2]| {
        let near = (-under..=under).flat_map(|down| (-under..=under).map(move |across| (across, down)));
        near.filter_map(|(across, down)| {
            let column = u32::try_from(i64::from(x) + across).ok()?;
            Some([column, u32::try_from(i64::from(y) + down).ok()?])
        })
        .any(|at| far(&at))
    };
    leaked.keys().copied().filter(|at| supports(*at)).collect()
}

/// How product and ground look, place by place.
struct Looks<'a> {
    placed: &'a PlacedEarring,
    unit: f64,
    /// Where normals end and what colour the ground has there.
    grounds: Vec<(DVec2, Lab)>,
    /// What is known about a cell of the outline.
    known: BTreeMap<(u32, u32), Local>,
    /// Outline that was looked at, and that of it where ground and product differ.
    outline: (usize, usize),
}

struct Local {
    product: Vec<Lab>,
    ground: Vec<Lab>,
}

impl<'a> Looks<'a> {
    /// None if there is no ground to compare with.
    fn new(
        generated: &RgbImage,
        placed: &'a PlacedEarring,
        around: &Surroundings,
        unit: f64,
    ) -> Option<Self> {
        let distances = GROUND.map(|at| at * unit);
        let normals = around.normals(distances[2], (unit.round() as u32).max(1));
        let every = normals.len().div_ceil(MOST_GROUNDS).max(1);
        let ground = |normal: &Normal| Some((normal.end, mean_colour(normal, generated, distances)?));
        let grounds: Vec<_> = normals.iter().step_by(every).filter_map(ground).collect();
        let mut looks = Self { placed, unit, grounds, known: BTreeMap::new(), outline: (0, 0) };
        for normal in normals.iter().step_by(every) {
            let local = looks.local([normal.foot.x as u32, normal.foot.y as u32]);
            let differs = local.ground.iter().all(|ground| least(*ground, &local.product) >= APART);
            looks.outline.0 += 1;
            looks.outline.1 += usize::from(differs);
        }
        (!looks.grounds.is_empty()).then_some(looks)
    }

    fn judged(&self) -> f64 {
        self.outline.1 as f64 / self.outline.0.max(1) as f64
    }

    /// Whether a pixel whose nearest matte pixel is `foot` looks like product rather than ground.
    fn is_product(&mut self, codes: [u8; 3], foot: [u32; 2]) -> bool {
        let colour = Lab::of(codes);
        let local = self.local(foot);
        let from_product = least(colour, &local.product);
        from_product <= ALIKE && {
            let from_ground = least(colour, &local.ground);
            from_ground > OFF_GROUND && from_ground > from_product
        }
    }

    /// What is known about the outline at `foot`; cells of it are looked at once.
    fn local(&mut self, foot: [u32; 2]) -> &Local {
        let side = (2.0 * self.unit).ceil() as u32;
        let cell = (foot[0] / side, foot[1] / side);
        if !self.known.contains_key(&cell) {
            let middle = [cell.0 * side + side / 2, cell.1 * side + side / 2];
            let local = Local { product: self.product_at(middle), ground: self.ground_at(centre(middle)) };
            self.known.insert(cell, local);
        }
        &self.known[&cell]
    }

    /// The distinct colours of the product near a canvas pixel.
    fn product_at(&self, [x, y]: [u32; 2]) -> Vec<Lab> {
        let (reach, step) = ((LOCAL * self.unit).ceil() as u32, (self.unit.round() as usize).max(1));
        let mut colours: Vec<Lab> = Vec::new();
        for row in (y.saturating_sub(reach)..=y + reach).step_by(step) {
            for column in (x.saturating_sub(reach)..=x + reach).step_by(step) {
                let Some(pixel) = self.placed.pixels().get_pixel_checked(column, row) else { continue };
                let [red, green, blue, matte] = pixel.0;
                if matte == 255 {
                    let colour = Lab::of([red, green, blue]);
                    if colours.iter().all(|known| plain_distance(colour, *known) >= SAME) {
                        colours.push(colour);
                    }
                }
            }
        }
        colours
    }

    /// The colours of the ground nearest to a canvas place.
    fn ground_at(&self, at: DVec2) -> Vec<Lab> {
        let mut near: Vec<_> =
            self.grounds.iter().map(|(place, colour)| (place.distance_squared(at), *colour)).collect();
        near.sort_by(|one, other| one.0.total_cmp(&other.0));
        near.into_iter().take(NEAR_GROUNDS).map(|(_, colour)| colour).collect()
    }
}

/// CIEDE2000 to the most similar of `colours`; infinite without any that is near.
fn least(colour: Lab, colours: &[Lab]) -> f64 {
    let near = colours.iter().filter(|other| plain_distance(colour, **other) < FAR);
    near.map(|other| ciede2000(colour, *other)).fold(f64::INFINITY, f64::min)
}

fn plain_distance(one: Lab, other: Lab) -> f64 {
    let [l, a, b] = one.minus(other);
    (l * l + a * a + b * b).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, Rgba, RgbaImage};

    const SIDE: u32 = 220;
    const GOLD: [u8; 3] = [212, 165, 60];
    const SKIN: [u8; 3] = [205, 160, 145];

    fn from_middle(x: u32, y: u32) -> f64 {
        (f64::from(x) - 110.0).hypot(f64::from(y) - 110.0)
    }

    fn disc(colour: [u8; 3]) -> PlacedEarring {
        let [r, g, b] = colour;
        let matte = |x, y| if from_middle(x, y) < 30.0 { 255 } else { 0 };
        PlacedEarring::from_pixels(RgbaImage::from_fn(SIDE, SIDE, |x, y| Rgba([r, g, b, matte(x, y)])))
    }

    fn painted(radius: f64, product: [u8; 3], ground: [u8; 3]) -> RgbImage {
        RgbImage::from_fn(SIDE, SIDE, |x, y| Rgb(if from_middle(x, y) < radius { product } else { ground }))
    }

    #[test]
    fn a_grown_disc_is_measured_as_it_grew() {
        for by in [3.0, 6.0, 10.0] {
            let area = |radius: f64| {
                painted(radius, GOLD, SKIN).pixels().filter(|pixel| pixel.0 == GOLD).count() as f64
            };
            let truth = area(30.0 + by) / area(30.0) - 1.0;
            let found = expansion(&painted(30.0 + by, GOLD, SKIN), &disc(GOLD)).expect("ground");
            assert!((found.share - truth).abs() < 0.02, "{found:?} for {truth}");
            assert!((found.reach - by).abs() < 1.0, "{found:?} for {by}");
            assert!(found.judged > 0.9);
        }
    }

    #[test]
    fn an_exact_painting_and_a_soft_rim_do_not_leak() {
        for radius in [30.0, 31.0] {
            let found = expansion(&painted(radius, GOLD, SKIN), &disc(GOLD)).expect("ground");
            assert_eq!((found.share, found.reach), (0.0, 0.0), "{radius}");
        }
    }

    #[test]
    fn the_product_s_colour_elsewhere_in_the_picture_is_no_leak() {
        let mut picture = painted(30.0, GOLD, SKIN);
        for (_, _, pixel) in picture.enumerate_pixels_mut().filter(|(x, _, _)| *x > 160) {
            *pixel = Rgb(GOLD);
        }
        assert_eq!(expansion(&picture, &disc(GOLD)).expect("ground").share, 0.0);
    }

    #[test]
    fn a_product_of_the_ground_s_colour_is_said_not_to_be_judged() {
        let found = expansion(&painted(30.0, SKIN, SKIN), &disc(SKIN)).expect("ground");
        assert_eq!((found.share, found.judged), (0.0, 0.0));
    }

    #[test]
    fn nothing_to_compare_is_nothing_found() {
        let nothing = PlacedEarring::from_pixels(RgbaImage::new(64, 64));
        assert_eq!(expansion(&RgbImage::new(64, 64), &nothing), None);
        assert_eq!(expansion(&RgbImage::new(32, 64), &disc(GOLD)), None);
    }
}

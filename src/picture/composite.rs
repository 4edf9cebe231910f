//! Eq. 3: the product's pixels go back, last.
//!
//! The last writer of every picture that leaves the program, and the proof that it wrote what it promised.

use super::PlacedEarring;
use super::linear::Linear;
use image::RgbImage;
use rayon::prelude::*;

/// I_f = I_c + I_g (1 - M), blended in linear light. Where M = 1 the result is the raster bit for bit; where
/// M = 0 it is `generated` bit for bit. Both are canvas-sized; where `generated` is smaller or larger than
/// the raster, only the rows and columns they share are written.
pub fn composite(generated: &RgbImage, placed: &PlacedEarring) -> RgbImage {
    let mut finished = generated.clone();
    let product = placed.pixels();
    if finished.width() == 0 || product.width() == 0 {
        return finished;
    }
    let linear = Linear::new();
    let (row, product_row) = (finished.width() as usize * 3, product.width() as usize * 4);
    finished.par_chunks_exact_mut(row).zip(product.par_chunks_exact(product_row)).for_each(
        |(finished, product)| {
            for (ground, product) in finished.as_chunks_mut::<3>().0.iter_mut().zip(product.as_chunks().0) {
                *ground = over(linear, *product, *ground);
            }
        },
    );
    finished
}

/// One straight-alpha pixel over an opaque one.
pub(super) fn over(linear: Linear, product: [u8; 4], ground: [u8; 3]) -> [u8; 3] {
    let [red, green, blue, matte] = product;
    match matte {
        0 => ground,
        255 => [red, green, blue],
        _ => {
            let share = f32::from(matte) / 255.0;
            let mix = |product: u8, ground: u8| {
                let (product, ground) = (linear.decode(product), linear.decode(ground));
                linear.encode(ground + (product - ground) * share)
            };
            [mix(red, ground[0]), mix(green, ground[1]), mix(blue, ground[2])]
        }
    }
}

/// How exactly a finished picture keeps the product, over the pixels where M = 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exactness {
    /// Pixels with M = 1 that the raster and the picture share.
    pub compared: u64,
    /// How many of them differ in any channel.
    pub differing: u64,
    /// The largest difference of a channel, 0..=255.
    pub max_difference: u8,
}

impl Exactness {
    /// Every compared pixel is the product's, and there was something to compare.
    pub fn is_proven(&self) -> bool {
        self.compared > 0 && self.differing == 0
    }
}

/// Compares `finished` with the raster where M = 1. Pixels of the raster that `finished` lacks count as
/// differing by 255: a cropped picture proves nothing.
pub fn exactness(finished: &RgbImage, placed: &PlacedEarring) -> Exactness {
    let mut found = Exactness::default();
    for (x, y, product) in placed.pixels().enumerate_pixels().filter(|(_, _, pixel)| pixel.0[3] == 255) {
        found.compared += 1;
        let difference = finished.get_pixel_checked(x, y).map_or(255, |pixel| {
            (0..3).map(|channel| pixel.0[channel].abs_diff(product.0[channel])).max().unwrap_or(0)
        });
        found.differing += u64::from(difference > 0);
        found.max_difference = found.max_difference.max(difference);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, Rgba, RgbaImage};

    /// A row with every matte value over a ground that differs from column to column.
    fn every_alpha(product: [u8; 3]) -> (RgbImage, PlacedEarring) {
        let [r, g, b] = product;
        let raster = RgbaImage::from_fn(256, 2, |x, _| Rgba([r, g, b, x as u8]));
        let ground = RgbImage::from_fn(256, 2, |x, y| Rgb([255 - x as u8, (x * 7 + y) as u8, 40]));
        (ground, PlacedEarring::from_pixels(raster))
    }

    #[test]
    fn every_matte_value_lies_between_ground_and_product() {
        let (ground, placed) = every_alpha([200, 30, 90]);
        let finished = composite(&ground, &placed);
        for (x, y, pixel) in finished.enumerate_pixels() {
            let (under, over) = (ground.get_pixel(x, y).0, placed.pixels().get_pixel(x, y).0);
            match over[3] {
                0 => assert_eq!(pixel.0, under),
                255 => assert_eq!(pixel.0, [200, 30, 90]),
                _ => {
                    for channel in 0..3 {
                        let ends = [under[channel], over[channel]];
                        let range = ends[0].min(ends[1])..=ends[0].max(ends[1]);
                        assert!(range.contains(&pixel.0[channel]), "{x}: {pixel:?} outside {range:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_soft_matte_of_the_ground_s_own_colour_does_not_brighten_its_edge() {
        let raster = RgbaImage::from_fn(256, 256, |x, y| Rgba([y as u8, y as u8, y as u8, x as u8]));
        let ground = RgbImage::from_fn(256, 256, |_, y| Rgb([y as u8; 3]));
        assert_eq!(composite(&ground, &PlacedEarring::from_pixels(raster)), ground);
    }

    #[test]
    fn half_white_on_black_is_half_of_the_light() {
        let raster = RgbaImage::from_pixel(1, 1, Rgba([255, 255, 255, 128]));
        let ground = RgbImage::new(1, 1);
        // 128/255 of the light: 1.055 * 0.50196^(1/2.4) - 0.055 = 0.7366 -> 188.
        assert_eq!(composite(&ground, &PlacedEarring::from_pixels(raster)).get_pixel(0, 0).0, [188; 3]);
    }

    #[test]
    fn exactness_counts_what_was_touched() {
        let raster = RgbaImage::from_pixel(4, 1, Rgba([10, 20, 30, 255]));
        let placed = PlacedEarring::from_pixels(raster);
        let mut finished = composite(&RgbImage::new(4, 1), &placed);
        assert!(exactness(&finished, &placed).is_proven());
        finished.put_pixel(2, 0, Rgb([10, 23, 29]));
        let touched = exactness(&finished, &placed);
        assert_eq!(touched, Exactness { compared: 4, differing: 1, max_difference: 3 });
    }

    #[test]
    fn a_cropped_or_empty_picture_proves_nothing() {
        let placed = PlacedEarring::from_pixels(RgbaImage::from_pixel(4, 1, Rgba([0, 0, 0, 255])));
        assert_eq!(exactness(&RgbImage::new(3, 1), &placed).differing, 1);
        let nothing = PlacedEarring::from_pixels(RgbaImage::new(4, 1));
        assert!(!exactness(&RgbImage::new(4, 1), &nothing).is_proven());
    }
}

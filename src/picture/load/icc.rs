//! Embedded colour profiles to sRGB, once, with 16-bit precision for every depth.
//!
//! A profile that says sRGB in its own words leaves the pixels as they are: converting them would cost the
//! product a code here and there. A profile that is broken or belongs to another kind of picture is ignored,
//! as viewers do.

use image::{DynamicImage, RgbaImage};
use moxcms::{
    ColorProfile, DataColorSpace, Layout, RenderingIntent, Transform16BitExecutor, TransformOptions,
};
use rayon::prelude::*;
use std::sync::Arc;

/// 8-bit codes that a profile may move a colour and still count as sRGB.
const SAME: i32 = 1;

/// The picture in 8-bit sRGB with straight alpha.
pub(super) fn to_srgb(picture: DynamicImage, profile: Option<&[u8]>) -> RgbaImage {
    let Some(conversion) = profile.and_then(|profile| Conversion::new(profile, is_grey(&picture))) else {
        return to_eight_bits(picture);
    };
    let mut wide = picture.into_rgba16();
    let stride = wide.width() as usize * 4;
    wide.par_chunks_exact_mut(stride).for_each(|line| conversion.convert(line.as_chunks_mut().0));
    to_eight_bits(DynamicImage::ImageRgba16(wide))
}

fn is_grey(picture: &DynamicImage) -> bool {
    !picture.color().has_color()
}

/// 16 bits are rounded to the nearest 8-bit code, 8 bits are kept.
fn to_eight_bits(picture: DynamicImage) -> RgbaImage {
    if picture.color().bytes_per_pixel() / picture.color().channel_count() == 1 {
        return picture.into_rgba8();
    }
    let wide = picture.into_rgba16();
    let (width, height) = wide.dimensions();
    let codes = wide.into_raw().into_par_iter().map(nearest).collect();
    // The buffer holds exactly width x height pixels, so this keeps them all.
    RgbaImage::from_raw(width, height, codes).unwrap_or_default()
}

fn nearest(wide: u16) -> u8 {
    ((u32::from(wide) * 255 + 32_767) / 65_535) as u8
}

/// From a profile to sRGB.
struct Conversion {
    transform: Arc<Transform16BitExecutor>,
    /// The profile speaks of one channel, not of three.
    grey: bool,
}

impl Conversion {
    /// None if the profile cannot be used for such a picture, or changes nothing.
    fn new(profile: &[u8], grey_picture: bool) -> Option<Self> {
        let profile = ColorProfile::new_from_slice(profile)
            .inspect_err(|error| tracing::warn!("the picture's colour profile is ignored: {error}"))
            .ok()?;
        let grey = profile.color_space == DataColorSpace::Gray;
        // A grey picture may carry an RGB profile; the other way round makes no sense.
        if !(grey && grey_picture || profile.color_space == DataColorSpace::Rgb) {
            tracing::warn!("the picture's colour profile is ignored: it is for {:?}", profile.color_space);
            return None;
        }
        let layout = if grey { Layout::Gray } else { Layout::Rgb };
        let options = TransformOptions {
            rendering_intent: RenderingIntent::RelativeColorimetric,
            prefer_fixed_point: false,
            ..TransformOptions::default()
        };
        let transform = profile
            .create_transform_16bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, options)
            .inspect_err(|error| tracing::warn!("the picture's colour profile is ignored: {error}"))
            .ok()?;
        let conversion = Self { transform, grey };
        (!conversion.is_identity()).then_some(conversion)
    }

    /// Converts a line of straight-alpha pixels; alpha is no colour.
    fn convert(&self, line: &mut [[u16; 4]]) {
        let source: Vec<u16> = match self.grey {
            true => line.iter().map(|pixel| pixel[0]).collect(),
            false => line.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect(),
        };
        let mut converted = vec![0; line.len() * 3];
        // Lengths fit by construction; a line that could not be converted keeps its codes.
        if self.transform.transform(&source, &mut converted).is_ok() {
            for (pixel, [red, green, blue]) in line.iter_mut().zip(converted.as_chunks::<3>().0) {
                [pixel[0], pixel[1], pixel[2]] = [*red, *green, *blue];
            }
        }
    }

    /// Tried on a grid of colours, because profiles say "sRGB" in many ways: curves, tables, names.
    fn is_identity(&self) -> bool {
        let step = |index: usize| (index * 4096).min(65_535) as u16;
        let mut grid: Vec<[u16; 4]> = if self.grey {
            (0..=256).map(|index| [((index * 256).min(65_535)) as u16; 4]).collect()
        } else {
            (0..17 * 17 * 17).map(|i| [step(i % 17), step(i / 17 % 17), step(i / 289), 0]).collect()
        };
        let before = grid.clone();
        self.convert(&mut grid);
        let same = |a: u16, b: u16| (i32::from(nearest(a)) - i32::from(nearest(b))).abs() <= SAME;
        grid.iter().flatten().zip(before.iter().flatten()).all(|(after, before)| same(*after, *before))
    }
}

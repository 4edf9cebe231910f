//! A few honest words on a picture: "layout preview", "untrained weights".
//!
//! Small light letters on a soft dark plate, legible on any ground, sized by the picture. The caption goes on
//! the ground before the composite or on a copy for display: a finished product's pixels are not its to touch.

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use image::RgbImage;

/// Where a caption stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Corner {
    TopLeft,
    TopRight,
    BottomLeft,
    #[default]
    BottomRight,
}

/// Letter height as a share of the picture's shorter side.
const LETTERS: f32 = 0.0185;

/// Smallest letters that can be read, px.
const SMALLEST: f32 = 9.0;

/// How much of the ground the plate covers, and the letters.
const PLATE_OPACITY: f32 = 0.58;
const LETTER_OPACITY: f32 = 0.94;

/// sRGB codes of plate and letters.
const PLATE: u8 = 24;
const LETTER: u8 = 255;

/// Writes `text` into a corner of `picture`; a picture too small to read it on stays as it is.
pub fn caption(picture: &mut RgbImage, text: &str, corner: Corner) {
    let Ok(font) = FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT) else { return };
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let size = (width.min(height) * LETTERS).max(SMALLEST);
    let line = Line::set(&font, text, size);
    let plate = Plate::around(&line, size);
    let margin = size * 0.9;
    if line.glyphs.is_empty() || plate.width + 2.0 * margin > width || plate.height + 2.0 * margin > height {
        return;
    }
    let left = match corner {
        Corner::TopLeft | Corner::BottomLeft => margin,
        Corner::TopRight | Corner::BottomRight => width - margin - plate.width,
    };
    let top = match corner {
        Corner::TopLeft | Corner::TopRight => margin,
        Corner::BottomLeft | Corner::BottomRight => height - margin - plate.height,
    };
    let (left, top) = (left.round(), top.round());
    plate.draw(picture, left, top);
    line.draw(picture, left + plate.inset, top + plate.baseline);
}

/// A line of glyphs, its origin at the left end of the baseline.
struct Line<'a> {
    font: &'a FontRef<'a>,
    glyphs: Vec<Glyph>,
    width: f32,
}

impl<'a> Line<'a> {
    fn set(font: &'a FontRef<'a>, text: &str, size: f32) -> Self {
        let scaled = font.as_scaled(PxScale::from(size * 1.28));
        let mut glyphs = Vec::new();
        let mut pen = 0.0;
        let mut before = None;
        for letter in text.chars().filter(|letter| !letter.is_control()) {
            let id = scaled.glyph_id(letter);
            pen += before.map_or(0.0, |before| scaled.kern(before, id));
            glyphs.push(id.with_scale_and_position(scaled.scale(), point(pen, 0.0)));
            // A little air lets thin small letters breathe on a dark plate.
            pen += scaled.h_advance(id) + size * 0.035;
            before = Some(id);
        }
        Self { font, glyphs, width: pen }
    }

    fn draw(&self, picture: &mut RgbImage, left: f32, baseline: f32) {
        for glyph in &self.glyphs {
            let Some(outline) = self.font.outline_glyph(glyph.clone()) else { continue };
            let bounds = outline.px_bounds();
            // Whole-pixel placement of a glyph's box keeps what ab_glyph antialiased.
            let (x0, y0) = ((left + bounds.min.x).round() as i64, (baseline + bounds.min.y).round() as i64);
            outline.draw(|x, y, cover| {
                let at = (x0 + i64::from(x), y0 + i64::from(y));
                blend(picture, at, LETTER, cover.clamp(0.0, 1.0) * LETTER_OPACITY);
            });
        }
    }
}

/// A pill behind the line, px.
struct Plate {
    width: f32,
    height: f32,
    /// Left edge to the first letter.
    inset: f32,
    /// Top edge to the baseline.
    baseline: f32,
}

impl Plate {
    fn around(line: &Line<'_>, size: f32) -> Self {
        let inset = size * 0.85;
        let height = (size * 1.9).round();
        Self {
            width: (line.width + 2.0 * inset).round(),
            height,
            inset,
            baseline: height * 0.5 + size * 0.36,
        }
    }

    fn draw(&self, picture: &mut RgbImage, left: f32, top: f32) {
        let radius = self.height / 2.0;
        for y in 0..self.height as u32 {
            for x in 0..self.width as u32 {
                // Signed distance to a pill; one pixel of it is the antialiased edge.
                let along = (x as f32 + 0.5).max(radius).min((self.width - radius).max(radius));
                let (dx, dy) = (x as f32 + 0.5 - along, y as f32 + 0.5 - radius);
                let cover = (radius - dx.hypot(dy) + 0.5).clamp(0.0, 1.0);
                let at = ((left as i64) + i64::from(x), (top as i64) + i64::from(y));
                blend(picture, at, PLATE, cover * PLATE_OPACITY);
            }
        }
    }
}

/// Mixes a grey into a pixel: the plate and the letters by codes, as screens draw text; a linear mix would
/// make light letters fat and the plate glassy.
fn blend(picture: &mut RgbImage, (x, y): (i64, i64), grey: u8, share: f32) {
    if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
        && let Some(pixel) = picture.get_pixel_mut_checked(x, y)
    {
        for code in &mut pixel.0 {
            *code = (f32::from(*code) + (f32::from(grey) - f32::from(*code)) * share).round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn changed(ground: u8, corner: Corner, side: u32) -> (RgbImage, Vec<(u32, u32)>) {
        let mut picture = RgbImage::from_pixel(side, side, Rgb([ground; 3]));
        caption(&mut picture, "layout preview", corner);
        let touched = picture
            .enumerate_pixels()
            .filter(|(_, _, p)| p.0 != [ground; 3])
            .map(|(x, y, _)| (x, y))
            .collect();
        (picture, touched)
    }

    #[test]
    fn the_caption_stands_small_in_its_corner() {
        for (corner, right, bottom) in [
            (Corner::TopLeft, false, false),
            (Corner::TopRight, true, false),
            (Corner::BottomLeft, false, true),
            (Corner::BottomRight, true, true),
        ] {
            let (_, touched) = changed(200, corner, 1024);
            assert!(touched.len() > 1000 && touched.len() < 1024 * 1024 / 100, "{}", touched.len());
            assert!(touched.iter().all(|(x, y)| (*x > 512) == right && (*y > 512) == bottom), "{corner:?}");
        }
    }

    #[test]
    fn it_is_legible_on_white_black_and_grey() {
        for ground in [0, 128, 255] {
            let (picture, touched) = changed(ground, Corner::BottomRight, 1024);
            let codes = || touched.iter().map(|(x, y)| picture.get_pixel(*x, *y).0[0]);
            let (dark, light) = (codes().min().expect("a plate"), codes().max().expect("letters"));
            assert!(light - dark > 100, "{dark}..{light} on {ground}");
        }
    }

    #[test]
    fn a_thumbnail_stays_clean() {
        assert!(changed(90, Corner::BottomRight, 64).1.is_empty());
    }

    #[test]
    fn nothing_of_a_wild_text_panics() {
        let mut picture = RgbImage::new(300, 200);
        caption(&mut picture, "\u{0}\n✨ \u{10FFFF}", Corner::default());
        caption(&mut picture, "", Corner::TopLeft);
    }

    /// Writes what a person should look at: `cargo test caption_sheet -- --ignored`.
    #[test]
    #[ignore = "writes a picture for people"]
    fn caption_sheet() {
        let mut picture = RgbImage::from_fn(1024, 512, |x, _| Rgb([(x / 4) as u8; 3]));
        for corner in [Corner::TopLeft, Corner::TopRight, Corner::BottomLeft, Corner::BottomRight] {
            caption(&mut picture, "layout preview · untrained weights", corner);
        }
        picture.save(std::env::temp_dir().join("adorn-captions.png")).expect("saved");
    }
}

//! Where a product lies on the canvas: the one mapping that the raster and the window's handles share.

use super::ProductPhoto;
use crate::project::{Earring, Point};
use image::RgbaImage;

/// Matte codes from this one up count as product: 0.5 of 255.
const HALF: u8 = 128;

/// Canvas = hook on the canvas + scale * turn * mirror * (product - hook in the product).
///
/// An earring of `h` product pixels stands `h * scale` canvas pixels tall (before it is turned); with
/// [`ProductPhoto::matte_rows`] and the real height in millimetres this gives canvas pixels per millimetre:
/// `(bottom - top) * scale / height_mm`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    hook_in_product: Point,
    hook_in_canvas: Point,
    scale: f64,
    mirror: bool,
    /// Cosine and sine of the clockwise turn; exact for quarter turns.
    turn: (f64, f64),
}

impl Similarity {
    /// None if a number is not finite or the scale is not above zero.
    pub fn of(earring: &Earring) -> Option<Self> {
        let numbers = [
            earring.hook_in_product.x,
            earring.hook_in_product.y,
            earring.hook_in_canvas.x,
            earring.hook_in_canvas.y,
            earring.scale,
            earring.rotation_deg,
        ];
        let usable = numbers.iter().all(|number| number.is_finite()) && earring.scale > 0.0;
        usable.then(|| Self {
            hook_in_product: earring.hook_in_product,
            hook_in_canvas: earring.hook_in_canvas,
            scale: earring.scale,
            mirror: earring.mirror,
            turn: cos_sin(earring.rotation_deg),
        })
    }

    /// Canvas pixels per product pixel.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Flipped left to right before turning.
    pub fn mirror(&self) -> bool {
        self.mirror
    }

    /// Not turned.
    pub fn is_upright(&self) -> bool {
        self.turn == (1.0, 0.0)
    }

    /// Where a product point lies on the canvas.
    pub fn canvas_from_product(&self, point_in_product: Point) -> Point {
        let across = point_in_product.x - self.hook_in_product.x;
        let x = self.scale * if self.mirror { -across } else { across };
        let y = self.scale * (point_in_product.y - self.hook_in_product.y);
        let (cos, sin) = self.turn;
        Point { x: self.hook_in_canvas.x + cos * x - sin * y, y: self.hook_in_canvas.y + sin * x + cos * y }
    }

    /// Which product point a canvas point shows.
    pub fn product_from_canvas(&self, point_in_canvas: Point) -> Point {
        let (dx, dy) = (point_in_canvas.x - self.hook_in_canvas.x, point_in_canvas.y - self.hook_in_canvas.y);
        let (cos, sin) = self.turn;
        let across = (cos * dx + sin * dy) / self.scale;
        Point {
            x: self.hook_in_product.x + if self.mirror { -across } else { across },
            y: self.hook_in_product.y + (cos * dy - sin * dx) / self.scale,
        }
    }

    /// The canvas pixel of the product's top left (mirrored: top right) pixel, if every product pixel covers
    /// exactly one canvas pixel: the bit-exact case.
    pub(crate) fn whole_pixel_origin(&self, (width, _): (u32, u32)) -> Option<(i64, i64)> {
        // A hundred-thousandth of a pixel changes no 8-bit code.
        const WHOLE: f64 = 1e-5;
        let corner = Point { x: if self.mirror { f64::from(width) } else { 0.0 }, y: 0.0 };
        let origin = self.canvas_from_product(corner);
        let whole = |value: f64| (value - value.round()).abs() < WHOLE && value.abs() < 1e9;
        let exact = self.scale == 1.0 && self.is_upright() && whole(origin.x) && whole(origin.y);
        exact.then(|| (origin.x.round() as i64, origin.y.round() as i64))
    }
}

/// Cosine and sine, without the rounding that would keep a full turn from being none.
fn cos_sin(degrees: f64) -> (f64, f64) {
    match degrees.rem_euclid(360.0) {
        0.0 | 360.0 => (1.0, 0.0),
        90.0 => (0.0, 1.0),
        180.0 => (-1.0, 0.0),
        270.0 => (0.0, -1.0),
        turn => (turn.to_radians().cos(), turn.to_radians().sin()),
    }
}

impl ProductPhoto {
    /// First and one-past-last row of the file with matte >= 0.5, product pixels; none for an empty matte.
    /// `real_height_mm` of an earring measures this extent.
    pub fn matte_rows(&self) -> Option<(u32, u32)> {
        rows_of(&self.pixels)
    }
}

/// See [`ProductPhoto::matte_rows`].
pub fn product_matte_rows(photo: &ProductPhoto) -> Option<(u32, u32)> {
    photo.matte_rows()
}

/// First and one-past-last row with matte >= 0.5.
pub(crate) fn rows_of(pixels: &RgbaImage) -> Option<(u32, u32)> {
    let shows =
        |row: image::buffer::Pixels<'_, image::Rgba<u8>>| row.into_iter().any(|pixel| pixel.0[3] >= HALF);
    let top = pixels.rows().position(shows)?;
    let bottom = pixels.height() as usize - pixels.rows().rev().position(shows)?;
    Some((top as u32, bottom as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Ear, EarringId, Other};

    fn earring(scale: f64, rotation_deg: f64, mirror: bool) -> Earring {
        Earring {
            id: EarringId(1),
            file: String::new(),
            hook_in_product: Point { x: 10.0, y: 4.0 },
            hook_in_canvas: Point { x: 100.0, y: 50.0 },
            scale,
            rotation_deg,
            mirror,
            real_height_mm: None,
            ear: Ear::Auto,
            cut_from: None,
            other: Other::new(),
        }
    }

    #[test]
    fn the_hook_stays_and_the_rest_turns_clockwise() {
        let turned = Similarity::of(&earring(2.0, 90.0, false)).expect("usable");
        assert_eq!(turned.canvas_from_product(Point { x: 10.0, y: 4.0 }), Point { x: 100.0, y: 50.0 });
        // Three below the hook, doubled and turned a quarter clockwise: six to the left.
        assert_eq!(turned.canvas_from_product(Point { x: 10.0, y: 7.0 }), Point { x: 94.0, y: 50.0 });
    }

    #[test]
    fn mirroring_comes_before_turning() {
        let turned = Similarity::of(&earring(1.0, 90.0, true)).expect("usable");
        // One to the right becomes one to the left, then one up.
        assert_eq!(turned.canvas_from_product(Point { x: 11.0, y: 4.0 }), Point { x: 100.0, y: 49.0 });
    }

    #[test]
    fn both_directions_are_inverse() {
        for mirror in [false, true] {
            let similarity = Similarity::of(&earring(0.37, -123.4, mirror)).expect("usable");
            let point = Point { x: -3.5, y: 81.25 };
            let back = similarity.product_from_canvas(similarity.canvas_from_product(point));
            assert!((back.x - point.x).abs() < 1e-9 && (back.y - point.y).abs() < 1e-9, "{back:?}");
        }
    }

    #[test]
    fn a_full_turn_is_no_turn() {
        assert!(Similarity::of(&earring(1.0, -720.0, false)).expect("usable").is_upright());
    }

    #[test]
    fn nonsense_has_no_mapping() {
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Similarity::of(&earring(scale, 0.0, false)), None);
        }
        assert_eq!(Similarity::of(&earring(1.0, f64::NAN, false)), None);
    }
}

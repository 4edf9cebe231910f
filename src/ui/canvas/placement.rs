//! How an earring's photo lies on the canvas: the raster's own mapping, asked one point at a time.

use crate::picture::Similarity;
use crate::project::{Earring, Point};
use eframe::egui::Rect;

/// A product pixel on the canvas. An earring whose numbers make no sense lies in its hook.
pub(super) fn canvas_from_product(earring: &Earring, product: Point) -> Point {
    Similarity::of(earring).map_or(earring.hook_in_canvas, |lies| lies.canvas_from_product(product))
}

/// Its inverse.
pub(super) fn product_from_canvas(earring: &Earring, canvas: Point) -> Point {
    Similarity::of(earring).map_or(earring.hook_in_product, |lies| lies.product_from_canvas(canvas))
}

/// The corners of a rectangle of the photo on the canvas: top left, top right, bottom right, bottom left of
/// the photo.
pub(super) fn corners(earring: &Earring, in_product: Rect) -> [Point; 4] {
    [in_product.left_top(), in_product.right_top(), in_product.right_bottom(), in_product.left_bottom()]
        .map(|corner| canvas_from_product(earring, Point { x: f64::from(corner.x), y: f64::from(corner.y) }))
}

/// Lays unscaled, unturned photos on whole pixels, where the raster copies them bit for bit; others on
/// tenths.
pub(super) fn settle(earring: &mut Earring) {
    let whole = earring.scale == 1.0 && earring.rotation_deg == 0.0;
    let settle = |canvas: f64, product: f64| {
        if whole { (canvas - product).round() + product } else { (canvas * 10.0).round() / 10.0 }
    };
    earring.hook_in_canvas = Point {
        x: settle(earring.hook_in_canvas.x, earring.hook_in_product.x),
        y: settle(earring.hook_in_canvas.y, earring.hook_in_product.y),
    };
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::project::{Ear, EarringId, Other};

    pub(in crate::ui::canvas) fn earring() -> Earring {
        Earring {
            id: EarringId(1),
            file: "earring.png".to_owned(),
            hook_in_product: Point { x: 40.0, y: 10.0 },
            hook_in_canvas: Point { x: 500.0, y: 300.0 },
            scale: 1.5,
            rotation_deg: 30.0,
            mirror: true,
            real_height_mm: None,
            ear: Ear::Auto,
            cut_from: None,
            other: Other::new(),
        }
    }

    #[test]
    fn an_unscaled_photo_settles_on_whole_pixels() {
        let mut earring = Earring { scale: 1.0, rotation_deg: 0.0, ..earring() };
        earring.hook_in_product = Point { x: 40.5, y: 10.0 };
        earring.hook_in_canvas = Point { x: 500.3, y: 300.7 };
        settle(&mut earring);
        assert_eq!(earring.hook_in_canvas, Point { x: 500.5, y: 301.0 });
    }
}

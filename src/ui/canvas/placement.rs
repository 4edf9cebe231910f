//! How an earring's photo lies on the canvas: the same map that the raster uses.

use crate::project::{Earring, Point};
use eframe::egui::Rect;

/// A product pixel on the canvas.
pub(super) fn canvas_from_product(earring: &Earring, product: Point) -> Point {
    let mut x = (product.x - earring.hook_in_product.x) * earring.scale;
    let y = (product.y - earring.hook_in_product.y) * earring.scale;
    if earring.mirror {
        x = -x;
    }
    let (sin, cos) = earring.rotation_deg.to_radians().sin_cos();
    Point { x: earring.hook_in_canvas.x + x * cos - y * sin, y: earring.hook_in_canvas.y + x * sin + y * cos }
}

/// Its inverse.
pub(super) fn product_from_canvas(earring: &Earring, canvas: Point) -> Point {
    let (dx, dy) = (canvas.x - earring.hook_in_canvas.x, canvas.y - earring.hook_in_canvas.y);
    let (sin, cos) = earring.rotation_deg.to_radians().sin_cos();
    let mut x = dx * cos + dy * sin;
    let y = -dx * sin + dy * cos;
    if earring.mirror {
        x = -x;
    }
    Point {
        x: earring.hook_in_product.x + x / earring.scale,
        y: earring.hook_in_product.y + y / earring.scale,
    }
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
            other: Other::new(),
        }
    }

    #[test]
    fn the_hook_stays_on_the_hook_however_it_lies() {
        let earring = earring();
        assert_eq!(canvas_from_product(&earring, earring.hook_in_product), earring.hook_in_canvas);
    }

    #[test]
    fn product_and_canvas_are_inverse() {
        let earring = earring();
        let point = Point { x: 77.0, y: 123.0 };
        let back = product_from_canvas(&earring, canvas_from_product(&earring, point));
        assert!((back.x - point.x).abs() < 1e-9 && (back.y - point.y).abs() < 1e-9);
    }

    #[test]
    fn a_positive_rotation_turns_clockwise_on_screen() {
        let turned = Earring { rotation_deg: 90.0, mirror: false, scale: 1.0, ..earring() };
        let below_the_hook = canvas_from_product(&turned, Point { x: 40.0, y: 60.0 });
        assert!((below_the_hook.x - 450.0).abs() < 1e-9 && (below_the_hook.y - 300.0).abs() < 1e-9);
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

//! Pixels of the canvas, or of another large picture, to screen points and back.

use super::super::Zoom;
use crate::project::{CanvasSize, Point};
use eframe::egui::{Pos2, Rect, Vec2, pos2, vec2};

/// Desk around a fitted canvas, points.
const MARGIN: f32 = 24.0;
/// Screen pixels per canvas pixel.
const CLOSEST: f32 = 16.0;
const FARTHEST: f32 = 0.02;

/// One frame's view of the canvas.
#[derive(Debug, Clone, Copy)]
pub(in crate::ui) struct Lens {
    area: Rect,
    canvas: Vec2,
    pixels_per_point: f32,
    /// Screen pixels per canvas pixel.
    scale: f32,
    /// Screen point of the canvas's (0, 0).
    origin: Pos2,
}

impl Lens {
    pub(in crate::ui) fn new(area: Rect, canvas: CanvasSize, zoom: Zoom, pixels_per_point: f32) -> Self {
        let canvas = vec2(canvas.width as f32, canvas.height as f32);
        let (scale, pan) = match zoom {
            Zoom::Fit => {
                let room = (area.size() - Vec2::splat(2.0 * MARGIN)).max(Vec2::splat(32.0));
                ((room / canvas).min_elem() * pixels_per_point, Vec2::ZERO)
            }
            Zoom::At { scale, pan } => (scale, pan),
        };
        let size = canvas * scale / pixels_per_point;
        let origin = area.center() + pan - size / 2.0;
        // Whole screen pixels keep 100 % sharp.
        let origin = pos2(
            (origin.x * pixels_per_point).round() / pixels_per_point,
            (origin.y * pixels_per_point).round() / pixels_per_point,
        );
        Self { area, canvas, pixels_per_point, scale, origin }
    }

    /// Screen pixels per canvas pixel.
    pub(in crate::ui) fn scale(&self) -> f32 {
        self.scale
    }

    /// Points per canvas pixel.
    pub(in crate::ui) fn points(&self) -> f32 {
        self.scale / self.pixels_per_point
    }

    /// The canvas on the screen.
    pub(in crate::ui) fn frame(&self) -> Rect {
        Rect::from_min_size(self.origin, self.canvas * self.points())
    }

    pub(in crate::ui) fn to_screen(self, canvas: Point) -> Pos2 {
        self.origin + vec2(canvas.x as f32, canvas.y as f32) * self.points()
    }

    pub(in crate::ui) fn to_canvas(self, screen: Pos2) -> Point {
        let canvas = (screen - self.origin) / self.points();
        Point { x: f64::from(canvas.x), y: f64::from(canvas.y) }
    }

    /// The zoom after a step by `factor` that keeps `fixed` where it is.
    pub(in crate::ui) fn zoomed(&self, factor: f32, fixed: Pos2) -> Zoom {
        let scale = (self.scale * factor).clamp(FARTHEST, CLOSEST);
        let factor = scale / self.scale;
        let middle = self.frame().center();
        let pan = (fixed + (middle - fixed) * factor) - self.area.center();
        Zoom::At { scale, pan }
    }

    /// The zoom after moving the view by `delta` points.
    pub(in crate::ui) fn panned(&self, delta: Vec2) -> Zoom {
        let reach = (self.area.size() + self.frame().size()) / 2.0 - Vec2::splat(2.0 * MARGIN);
        let pan = self.frame().center() - self.area.center() + delta;
        Zoom::At { scale: self.scale, pan: pan.clamp(-reach.max(Vec2::ZERO), reach.max(Vec2::ZERO)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lens(zoom: Zoom) -> Lens {
        let area = Rect::from_min_size(pos2(100.0, 50.0), vec2(600.0, 500.0));
        Lens::new(area, CanvasSize { width: 1024, height: 768 }, zoom, 1.5)
    }

    #[test]
    fn screen_and_canvas_are_inverse() {
        let lens = lens(Zoom::At { scale: 0.7, pan: vec2(13.0, -4.0) });
        let point = Point { x: 321.0, y: 45.5 };
        let back = lens.to_canvas(lens.to_screen(point));
        assert!((back.x - point.x).abs() < 1e-2 && (back.y - point.y).abs() < 1e-2);
    }

    #[test]
    fn fit_shows_the_whole_canvas_with_a_margin() {
        let lens = lens(Zoom::Fit);
        assert!(lens.area.shrink(MARGIN - 1.0).contains_rect(lens.frame()));
    }

    #[test]
    fn zooming_keeps_the_point_under_the_pointer() {
        let before = lens(Zoom::Fit);
        let fixed = pos2(180.0, 333.0);
        let under = before.to_canvas(fixed);
        let after =
            Lens::new(before.area, CanvasSize { width: 1024, height: 768 }, before.zoomed(2.5, fixed), 1.5);
        let now = after.to_canvas(fixed);
        assert!((now.x - under.x).abs() < 1.0 && (now.y - under.y).abs() < 1.0);
    }

    #[test]
    fn a_pan_cannot_lose_the_canvas() {
        let lens = lens(Zoom::Fit);
        let Zoom::At { pan, scale } = lens.panned(vec2(1e6, 0.0)) else { panic!("a pan is a free view") };
        let after =
            Lens::new(lens.area, CanvasSize { width: 1024, height: 768 }, Zoom::At { scale, pan }, 1.5);
        assert!(after.frame().intersects(lens.area));
    }
}

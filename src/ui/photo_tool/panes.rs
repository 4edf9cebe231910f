//! The photo and the result side by side, or one of them where the window is narrow: one view, drawn on
//! either.

use super::super::canvas::{Lens, moves_view, zoom_and_pan};
use super::super::{Facts, Palette, PhotoFacts, Texture};
use super::frame::{frame_of, in_photo, take, with_frame};
use super::halftone::{self, Inks};
use super::{Aim, Ground, Hand, PhotoTool};
use crate::project::{CanvasSize, Other, Point, Stroke, StrokeKind};
use eframe::egui::{
    Align2, Color32, CornerRadius, CursorIcon, Painter, PointerButton, Pos2, Rect, Response, Role, Sense,
    Stroke as Line, StrokeKind as LineKind, TextStyle, Ui, Vec2, WidgetInfo, pos2, vec2,
};

/// Below this width one pane shows at a time, points.
const ROOM_FOR_TWO: f32 = 900.0;
const GAP: f32 = 8.0;
/// Side of the checkerboard's squares, points.
const CHECK: f32 = 10.0;
const CHECK_DARK: Color32 = Color32::from_gray(150);
const CHECK_LIGHT: Color32 = Color32::from_gray(200);
/// How near a press must be to a corner, points.
const REACH: f32 = 10.0;
const WHOLE: Rect = Rect { min: Pos2::ZERO, max: pos2(1.0, 1.0) };

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Photo,
    Result,
}

pub(super) fn show(ui: &mut Ui, tool: &mut PhotoTool, facts: &Facts<'_>) {
    let Some(photo) = &facts.photo else { return };
    let area = ui.available_rect_before_wrap();
    if area.width() >= ROOM_FOR_TWO {
        let half = vec2((area.width() - GAP) / 2.0, area.height());
        pane(ui, Rect::from_min_size(area.min, half), Side::Photo, tool, photo);
        let right = Rect::from_min_size(area.min + vec2(half.x + GAP, 0.0), half);
        let side = if tool.original { Side::Photo } else { Side::Result };
        pane(ui, right, side, tool, photo);
    } else {
        let side = if tool.original { Side::Photo } else { Side::Result };
        pane(ui, area, side, tool, photo);
    }
}

fn pane(ui: &mut Ui, area: Rect, side: Side, tool: &mut PhotoTool, photo: &PhotoFacts<'_>) {
    let name = match side {
        Side::Photo => "Photo with marks",
        Side::Result => "Result",
    };
    let id = ui.make_persistent_id(("photo_pane", area.left() as i32));
    let response = ui.interact(area, id, Sense::drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, name));
    // A photo's sides fit 32 bits: they come from one.
    let size = CanvasSize { width: photo.size.x as u32, height: photo.size.y as u32 };
    let lens = Lens::new(area, size, tool.view.zoom, ui.pixels_per_point());
    zoom_and_pan(ui, &response, &mut tool.view, &lens);
    if !moves_view(ui, &response) {
        draw(ui, &response, tool, photo, &lens);
    }
    let painter = ui.painter().with_clip_rect(area);
    let palette = Palette::of(ui);
    paint(&painter, side, tool, photo, &lens, palette);
    label(ui, &painter, area, side, tool, photo, palette);
    pointer(ui, &response, tool, &lens, &painter, palette);
    tool.view.shown_scale = lens.scale();
}

/// The hand on the photo.
fn draw(ui: &Ui, response: &Response, tool: &mut PhotoTool, photo: &PhotoFacts<'_>, lens: &Lens) {
    let at = response.interact_pointer_pos().map(|at| lens.to_canvas(at));
    if response.drag_started_by(PointerButton::Primary) {
        let pressed = ui.input(|input| input.pointer.press_origin()).map(|at| lens.to_canvas(at));
        let Some(from) = pressed.or(at) else { return };
        match tool.hand {
            Hand::Frame => {
                tool.take_frame(take(frame_of(&tool.marks), in_photo(from), REACH / lens.points()));
            }
            Hand::Include | Hand::Exclude => {
                let kind = if tool.hand == Hand::Include { StrokeKind::Include } else { StrokeKind::Exclude };
                let points = vec![from];
                tool.drawing = Some(Stroke { kind, radius: tool.radius, points, other: Other::new() });
            }
        }
    }
    if response.dragged_by(PointerButton::Primary)
        && let Some(now) = at
    {
        if let Some(stroke) = &mut tool.drawing {
            lengthen(stroke, now, 2.0 / f64::from(lens.scale()));
        }
        if let Some(grip) = tool.grip
            && let Some(frame) = grip.moved(in_photo(now), photo.size, tool.aim == Aim::Face)
        {
            tool.marks = with_frame(&tool.marks, tool.aim, frame);
        }
    }
    if response.drag_stopped() {
        if let Some(stroke) = tool.drawing.take() {
            tool.add_stroke(stroke);
        }
        tool.let_frame_go();
    }
}

/// Adds a point once the hand has moved on: far enough to be seen, near enough to leave no gaps.
fn lengthen(stroke: &mut Stroke, now: Point, least: f64) {
    let step = (stroke.radius * 0.25).max(least);
    let far = stroke.points.last().is_none_or(|last| (now.x - last.x).hypot(now.y - last.y) >= step);
    if far {
        stroke.points.push(now);
    }
}

fn paint(
    painter: &Painter,
    side: Side,
    tool: &PhotoTool,
    photo: &PhotoFacts<'_>,
    lens: &Lens,
    palette: Palette,
) {
    let frame = lens.frame();
    match (side, photo.result) {
        (Side::Result, Some(result)) => {
            if result.see_through {
                ground(painter, frame, tool.ground);
            }
            image(painter, result.texture, result.place, lens);
        }
        _ => {
            painter.image(photo.texture.id, frame, WHOLE, Color32::WHITE);
        }
    }
    if side == Side::Photo || tool.drawing.is_some() {
        let inks = Inks { include: palette.good, exclude: palette.trouble };
        let strokes = tool.marks.strokes.iter().filter(|_| side == Side::Photo).chain(&tool.drawing);
        halftone::show(&painter.with_clip_rect(painter.clip_rect().intersect(frame)), lens, strokes, inks);
    }
    if side == Side::Photo || tool.aim == Aim::Face {
        if let Some(mark) = frame_of(&tool.marks) {
            frame_outline(painter, frame, on_screen(mark, lens), tool.hand == Hand::Frame, palette);
        }
    }
}

fn on_screen(in_photo: Rect, lens: &Lens) -> Rect {
    let corner = |at: Pos2| lens.to_screen(Point { x: f64::from(at.x), y: f64::from(at.y) });
    Rect::from_min_max(corner(in_photo.min), corner(in_photo.max))
}

/// The result where it lies on the photo.
fn image(painter: &Painter, texture: Texture, place: Rect, lens: &Lens) {
    painter.image(texture.id, on_screen(place, lens), WHOLE, Color32::WHITE);
}

fn ground(painter: &Painter, frame: Rect, ground: Ground) {
    let colour = match ground {
        Ground::Black => Color32::BLACK,
        Ground::White => Color32::WHITE,
        Ground::Checker => CHECK_LIGHT,
    };
    painter.rect_filled(frame, CornerRadius::ZERO, colour);
    if ground != Ground::Checker {
        return;
    }
    let seen = frame.intersect(painter.clip_rect());
    if !seen.is_positive() {
        return;
    }
    let painter = painter.with_clip_rect(seen);
    let place = |at: Pos2| ((at - frame.min) / CHECK).floor();
    let (first, last) = (place(seen.min), place(seen.max));
    for row in first.y as i32..=last.y as i32 {
        for column in (first.x as i32..=last.x as i32).filter(|column| (column + row) % 2 == 0) {
            let corner = frame.min + vec2(column as f32, row as f32) * CHECK;
            painter.rect_filled(
                Rect::from_min_size(corner, Vec2::splat(CHECK)),
                CornerRadius::ZERO,
                CHECK_DARK,
            );
        }
    }
}

/// Dark outside the frame, a line around it, and corners to pull while it is in the hand.
fn frame_outline(painter: &Painter, photo: Rect, mark: Rect, in_hand: bool, palette: Palette) {
    let shade = Color32::from_black_alpha(if in_hand { 130 } else { 90 });
    let mark = mark.intersect(photo);
    let sides = [
        Rect::from_min_max(photo.min, pos2(photo.right(), mark.top())),
        Rect::from_min_max(pos2(photo.left(), mark.bottom()), photo.max),
        Rect::from_min_max(pos2(photo.left(), mark.top()), pos2(mark.left(), mark.bottom())),
        Rect::from_min_max(pos2(mark.right(), mark.top()), pos2(photo.right(), mark.bottom())),
    ];
    for side in sides.into_iter().filter(|side| side.is_positive()) {
        painter.rect_filled(side, CornerRadius::ZERO, shade);
    }
    painter.rect_stroke(
        mark,
        CornerRadius::ZERO,
        Line::new(3.0, Color32::from_black_alpha(110)),
        LineKind::Middle,
    );
    painter.rect_stroke(mark, CornerRadius::ZERO, Line::new(1.5, palette.accent), LineKind::Middle);
    if in_hand {
        for corner in [mark.left_top(), mark.right_top(), mark.right_bottom(), mark.left_bottom()] {
            let square = Rect::from_center_size(corner, Vec2::splat(9.0));
            painter.rect_filled(square, CornerRadius::same(2), Color32::WHITE);
            painter.rect_stroke(
                square,
                CornerRadius::same(2),
                Line::new(1.0, palette.accent),
                LineKind::Inside,
            );
        }
    }
}

/// What a pane shows, in its corner.
fn label(
    ui: &Ui,
    painter: &Painter,
    area: Rect,
    side: Side,
    tool: &PhotoTool,
    photo: &PhotoFacts<'_>,
    palette: Palette,
) {
    let text = match side {
        Side::Photo if tool.aim == Aim::Face => "Photo: mark what must go",
        Side::Photo => "Photo: mark product and background",
        Side::Result if photo.result.is_none() && photo.working => "Result: on its way…",
        Side::Result if photo.result.is_none() => "No result",
        Side::Result if photo.working => "Result: being made anew…",
        Side::Result => "Result",
    };
    let font = TextStyle::Small.resolve(ui.style());
    let galley = painter.layout_no_wrap(text.to_owned(), font, palette.text);
    let rect = Align2::LEFT_TOP.anchor_size(area.min + Vec2::splat(8.0), galley.size() + vec2(16.0, 8.0));
    painter.rect_filled(rect, CornerRadius::same(6), palette.panel.gamma_multiply(0.92));
    painter.galley(rect.min + vec2(8.0, 4.0), galley, palette.text);
}

/// The brush's circle with its sign, or the frame's cursor.
fn pointer(ui: &Ui, response: &Response, tool: &PhotoTool, lens: &Lens, painter: &Painter, palette: Palette) {
    let Some(at) = response.hover_pos() else { return };
    if moves_view(ui, response) {
        return;
    }
    let (colour, adds) = match tool.hand {
        Hand::Frame => {
            let point = in_photo(lens.to_canvas(at));
            let grip = tool.grip.unwrap_or_else(|| take(frame_of(&tool.marks), point, REACH / lens.points()));
            ui.ctx().set_cursor_icon(grip.cursor());
            return;
        }
        Hand::Include => (palette.good, true),
        Hand::Exclude => (palette.trouble, false),
    };
    ui.ctx().set_cursor_icon(CursorIcon::None);
    let radius = (tool.radius as f32 * lens.points()).max(2.0);
    for (width, colour) in [(3.0, Color32::from_black_alpha(140)), (1.5, colour)] {
        let line = Line::new(width, colour);
        painter.circle_stroke(at, radius, line);
        painter.line_segment([at - vec2(4.0, 0.0), at + vec2(4.0, 0.0)], line);
        if adds {
            painter.line_segment([at - vec2(0.0, 4.0), at + vec2(0.0, 4.0)], line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resting_hand_adds_no_points() {
        let start = Point { x: 10.0, y: 10.0 };
        let mut stroke =
            Stroke { kind: StrokeKind::Include, radius: 8.0, points: vec![start], other: Other::new() };
        for _ in 0..10 {
            lengthen(&mut stroke, Point { x: 11.0, y: 10.5 }, 0.5);
        }
        assert_eq!(stroke.points.len(), 1);
        lengthen(&mut stroke, Point { x: 13.0, y: 10.0 }, 0.5);
        assert_eq!(stroke.points.len(), 2);
    }
}

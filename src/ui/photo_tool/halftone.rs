//! Strokes as a halftone: dots for one kind, small crosses for the other, on one grid of the screen.
//!
//! Overlapping strokes neither add up nor hide the photo, and the kinds differ in shape, not in colour alone.

use super::super::canvas::Lens;
use crate::project::{Point, Stroke, StrokeKind};
use eframe::egui::{Color32, Painter, Pos2, Rect, Stroke as Line, vec2};
use std::collections::HashMap;

/// Between two dots, points.
const SPACING: f32 = 9.0;
const DOT: f32 = 2.2;
const ARM: f32 = 2.4;

/// Colours of the two kinds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inks {
    pub(super) include: Color32,
    pub(super) exclude: Color32,
}

/// Draws `strokes` in their order: where two lie over each other, the later one shows.
pub(super) fn show<'a>(
    painter: &Painter,
    lens: &Lens,
    strokes: impl Iterator<Item = &'a Stroke>,
    inks: Inks,
) {
    let mut dots = HashMap::new();
    for stroke in strokes {
        cover(stroke, lens, painter.clip_rect(), &mut dots);
    }
    for (&(column, row), kind) in &dots {
        let at = lens.frame().min + vec2(column as f32 + 0.5, row as f32 + 0.5) * SPACING;
        mark(painter, at, *kind, inks);
    }
}

/// One mark; on its dark rim it shows on any photo.
pub(super) fn mark(painter: &Painter, at: Pos2, kind: StrokeKind, inks: Inks) {
    let rim = Color32::from_black_alpha(150);
    match kind {
        StrokeKind::Include => {
            painter.circle_filled(at, DOT + 0.8, rim);
            painter.circle_filled(at, DOT, inks.include);
        }
        StrokeKind::Exclude => {
            for (width, colour) in [(2.6, rim), (1.4, inks.exclude)] {
                for arm in [vec2(ARM, ARM), vec2(ARM, -ARM)] {
                    painter.line_segment([at - arm, at + arm], Line::new(width, colour));
                }
            }
        }
    }
}

/// Enters the grid's places under `stroke` that can be seen.
fn cover(stroke: &Stroke, lens: &Lens, seen: Rect, dots: &mut HashMap<(i32, i32), StrokeKind>) {
    let radius = (stroke.radius as f32 * lens.points()).max(SPACING / 2.0);
    let on_screen = |point: &Point| lens.to_screen(*point);
    let first = stroke.points.first().map(on_screen);
    let mut from = first;
    for to in stroke.points.iter().map(on_screen) {
        let start = from.replace(to).unwrap_or(to);
        cover_segment(start, to, radius, lens.frame().min, seen, &mut |place| {
            dots.insert(place, stroke.kind);
        });
    }
}

fn cover_segment(
    from: Pos2,
    to: Pos2,
    radius: f32,
    origin: Pos2,
    seen: Rect,
    enter: &mut impl FnMut((i32, i32)),
) {
    let around = Rect::from_two_pos(from, to).expand(radius).intersect(seen);
    if !around.is_positive() {
        return;
    }
    let place = |at: Pos2| ((at - origin) / SPACING).floor();
    let (first, last) = (place(around.min), place(around.max));
    for row in first.y as i32..=last.y as i32 {
        for column in first.x as i32..=last.x as i32 {
            let at = origin + vec2(column as f32 + 0.5, row as f32 + 0.5) * SPACING;
            if distance_to_segment(at, from, to) <= radius {
                enter((column, row));
            }
        }
    }
}

fn distance_to_segment(at: Pos2, from: Pos2, to: Pos2) -> f32 {
    let along = to - from;
    let share = ((at - from).dot(along) / along.length_sq().max(f32::EPSILON)).clamp(0.0, 1.0);
    (at - (from + along * share)).length()
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::pos2;

    #[test]
    fn a_segment_covers_the_places_within_its_radius_and_no_others() {
        let mut found = Vec::new();
        let seen = Rect::from_min_max(pos2(0.0, 0.0), pos2(90.0, 90.0));
        // In grid places from (1.5, 4.5) to (6.5, 4.5), one place wide to either side.
        let at = |column: f32| pos2(column * SPACING, 4.5 * SPACING);
        cover_segment(at(1.5), at(6.5), SPACING * 1.01, Pos2::ZERO, seen, &mut |place| found.push(place));
        assert!(found.contains(&(4, 4)) && found.contains(&(4, 3)) && found.contains(&(7, 4)));
        assert!(!found.contains(&(4, 2)) && !found.contains(&(8, 4)), "{found:?}");
    }

    #[test]
    fn what_lies_outside_the_view_costs_nothing() {
        let seen = Rect::from_min_max(pos2(0.0, 0.0), pos2(70.0, 70.0));
        let far = pos2(1e7, 1e7);
        cover_segment(far, far, 7.0, Pos2::ZERO, seen, &mut |place| panic!("{place:?}"));
    }
}

//! What is looked at: the part of the photo around the frame, shrunk until looking is quick, and what the
//! designer's strokes and frame say about it.
//!
//! Frame `photo`: pixels of the photo. Frame `work`: pixels of the shrunk view; a work pixel is `factor` photo
//! pixels wide.

use super::CutOutRequest;
use super::grid::Grid;
use crate::picture::linear::{Linear, encoded};
use crate::picture::strokes::{drawn, segments};
use crate::project::{Rectangle, StrokeKind};
use glam::Vec3;
use image::RgbImage;
use std::ops::Range;

/// Pixels of the view: a photo of 1024 x 1024 is looked at as it is.
const MOST: usize = 1 << 20;

/// Ground around the frame that is looked at too, as a part of the frame's size.
const AROUND: f64 = 0.08;

/// What the designer said about a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mark {
    #[default]
    Free,
    Product,
    Ground,
}

/// The part of the photo that is looked at, photo frame, and how much it is shrunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    pub(super) columns: Range<usize>,
    pub(super) rows: Range<usize>,
    pub(super) factor: usize,
}

impl View {
    pub(super) fn of(request: &CutOutRequest<'_>) -> Self {
        let (width, height) = request.photo.dimensions();
        let (mut columns, mut rows) = (0..width as usize, 0..height as usize);
        if let Some(frame) = sound(request.frame) {
            let around = AROUND * (frame.right - frame.left).max(frame.bottom - frame.top);
            let around = around.max(8.0);
            columns = cut(frame.left - around, frame.right + around, width);
            rows = cut(frame.top - around, frame.bottom + around, height);
            // Product that was pointed at outside the frame is looked at as well.
            for stroke in request.strokes.iter().filter(|stroke| stroke.kind == StrokeKind::Include) {
                for point in drawn(stroke) {
                    let reach = stroke.radius + around;
                    columns = join(columns, cut(point.x - reach, point.x + reach, width));
                    rows = join(rows, cut(point.y - reach, point.y + reach, height));
                }
            }
        }
        let mut factor = 1;
        while columns.len().div_ceil(factor) * rows.len().div_ceil(factor) > MOST {
            factor += 1;
        }
        Self { columns, rows, factor }
    }

    /// Columns and rows of the work frame.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.columns.len().div_ceil(self.factor), self.rows.len().div_ceil(self.factor))
    }

    /// The photo in the work frame, sRGB 0..=1: means are taken in linear light.
    pub(super) fn colours(&self, photo: &RgbImage) -> Grid<Vec3> {
        let linear = Linear::new();
        let (width, height) = self.size();
        let stride = photo.width() as usize * 3;
        let code = |column: usize, row: usize| {
            let at = row * stride + column * 3;
            let codes = &photo.as_raw()[at..at + 3];
            [codes[0], codes[1], codes[2]]
        };
        Grid::from_fn(width, height, |column, row| {
            let left = self.columns.start + column * self.factor;
            let top = self.rows.start + row * self.factor;
            if self.factor == 1 {
                return Vec3::from_array(code(left, top).map(f32::from)) / 255.0;
            }
            let (mut sum, mut count) = (Vec3::ZERO, 0.0);
            for row in top..(top + self.factor).min(self.rows.end) {
                for column in left..(left + self.factor).min(self.columns.end) {
                    sum += Vec3::from_array(code(column, row).map(|code| linear.decode(code)));
                    count += 1.0;
                }
            }
            (sum / count).map(encoded)
        })
    }

    /// The designer's word on every work pixel.
    pub(super) fn marks(&self, request: &CutOutRequest<'_>) -> Grid<Mark> {
        let (width, height) = self.size();
        let scale = 1.0 / self.factor as f64;
        let place = |row: usize| self.rows.start as f64 + (row as f64 + 0.5) * self.factor as f64;
        let mut marks = Grid::filled(width, height, Mark::Free);
        for (row, line) in marks.data.chunks_exact_mut(width.max(1)).enumerate() {
            mark_line(request, place(row), self.columns.start as f64, scale, line);
        }
        marks
    }
}

/// Marks one row of pixels at height `y` (photo frame); pixel i is centred `(i + 0.5) / scale` right of `left`.
pub(super) fn mark_line(request: &CutOutRequest<'_>, y: f64, left: f64, scale: f64, line: &mut [Mark]) {
    let width = line.len();
    let pixels = |from: f64, to: f64| {
        let first = ((from - left) * scale - 0.5).ceil().clamp(0.0, width as f64) as usize;
        let end = (((to - left) * scale - 0.5).floor() + 1.0).clamp(first as f64, width as f64) as usize;
        first..end
    };
    if let Some(frame) = sound(request.frame) {
        let inside = pixels(frame.left, frame.right);
        let inside = if y < frame.top || y > frame.bottom { 0..0 } else { inside };
        line[..inside.start].fill(Mark::Ground);
        line[inside.end.max(inside.start)..].fill(Mark::Ground);
    }
    for stroke in request.strokes {
        let mark = match stroke.kind {
            StrokeKind::Include => Mark::Product,
            StrokeKind::Exclude => Mark::Ground,
        };
        segments(stroke)
            .filter_map(|segment| segment.span(y))
            .for_each(|(from, to)| line[pixels(from, to)].fill(mark));
    }
}

/// The frame, if it is one.
pub(super) fn sound(frame: Option<Rectangle>) -> Option<Rectangle> {
    frame.filter(|frame| {
        let sides = [frame.left, frame.top, frame.right, frame.bottom];
        sides.iter().all(|side| side.is_finite()) && frame.left < frame.right && frame.top < frame.bottom
    })
}

/// Whole pixels between two places of a side; at least one.
fn cut(from: f64, to: f64, length: u32) -> Range<usize> {
    let last = f64::from(length.max(1)) - 1.0;
    let first = from.floor().clamp(0.0, last);
    first as usize..to.ceil().clamp(first + 1.0, f64::from(length)) as usize
}

fn join(one: Range<usize>, other: Range<usize>) -> Range<usize> {
    one.start.min(other.start)..one.end.max(other.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Other, Point, Stroke};

    fn stroke(kind: StrokeKind, radius: f64, points: &[(f64, f64)]) -> Stroke {
        let points = points.iter().map(|(x, y)| Point { x: *x, y: *y }).collect();
        Stroke { kind, radius, points, other: Other::new() }
    }

    #[test]
    fn a_stroke_marks_every_pixel_within_its_radius_and_no_other() {
        let strokes = [stroke(StrokeKind::Include, 4.3, &[(9.0, 9.0), (30.0, 21.0), (30.0, 40.0)])];
        let photo = RgbImage::new(50, 50);
        let request = CutOutRequest { photo: &photo, frame: None, strokes: &strokes };
        let marks = View::of(&request).marks(&request);
        let to_segment = |x: f64, y: f64, from: &Point, to: &Point| {
            let (dx, dy) = (to.x - from.x, to.y - from.y);
            let along = ((x - from.x) * dx + (y - from.y) * dy) / (dx * dx + dy * dy);
            let along = along.clamp(0.0, 1.0);
            (x - from.x - along * dx).hypot(y - from.y - along * dy)
        };
        for row in 0..50 {
            for column in 0..50 {
                let (x, y) = (column as f64 + 0.5, row as f64 + 0.5);
                let segments = strokes[0].points.windows(2);
                let far = segments.map(|ends| to_segment(x, y, &ends[0], &ends[1])).fold(f64::MAX, f64::min);
                let marked = marks.at(column, row) == Mark::Product;
                assert!(marked == (far <= 4.3) || (far - 4.3).abs() < 1e-9, "{column}, {row}: {far}");
            }
        }
    }

    #[test]
    fn later_strokes_win_over_earlier_ones_and_all_over_the_frame() {
        let strokes = [
            stroke(StrokeKind::Include, 3.0, &[(4.0, 20.0)]),
            stroke(StrokeKind::Exclude, 1.0, &[(4.0, 20.0)]),
            stroke(StrokeKind::Include, f64::NAN, &[(20.0, 20.0)]),
            stroke(StrokeKind::Include, 1.0, &[(f64::INFINITY, 20.0)]),
        ];
        let photo = RgbImage::new(40, 40);
        let frame = Some(Rectangle { left: 10.0, top: 10.0, right: 30.0, bottom: 30.0 });
        let request = CutOutRequest { photo: &photo, frame, strokes: &strokes };
        let view = View::of(&request);
        let marks = view.marks(&request);
        let at = |x: usize, y: usize| marks.at(x - view.columns.start, y - view.rows.start);
        assert_eq!((at(4, 20), at(2, 20)), (Mark::Ground, Mark::Product));
        assert_eq!((at(20, 20), at(20, 33), at(9, 20)), (Mark::Free, Mark::Ground, Mark::Ground));
    }

    #[test]
    fn large_photos_are_looked_at_small() {
        let photo = RgbImage::new(20_000, 300);
        let view = View::of(&CutOutRequest { photo: &photo, frame: None, strokes: &[] });
        let (width, height) = view.size();
        assert!(width * height <= MOST && view.factor == 3, "{width} x {height}");
    }
}

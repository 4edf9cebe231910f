//! Brush strokes as masks, and masks as brush strokes: what a document can hold and a designer can redo.

use crate::project::{Other, Point, Stroke, StrokeKind};
use image::{GrayImage, Luma};
use rayon::prelude::*;

/// A brush between two points of its line.
pub(super) struct Segment {
    from: Point,
    to: Point,
    radius: f64,
    code: u8,
}

/// 255 where the last stroke over a pixel's middle includes it, else 0. Every pixel is painted once, whatever is
/// drawn over it, so that the time is bounded by the picture and the number of points.
pub fn stroke_mask(strokes: &[Stroke], width: u32, height: u32) -> GrayImage {
    // The last stroke first: what it covers is settled.
    let segments: Vec<Segment> = strokes.iter().rev().flat_map(segments).collect();
    let mut mask = GrayImage::new(width, height);
    if width > 0 {
        mask.par_chunks_mut(width as usize).enumerate().for_each(|(row, line)| {
            paint_row(&segments, row as f64 + 0.5, line);
        });
    }
    mask
}

/// The stroke's points; none of a brush without extent, and none that lie nowhere.
pub(super) fn drawn(stroke: &Stroke) -> impl Iterator<Item = &Point> {
    let sound = stroke.radius > 0.0 && stroke.radius.is_finite();
    stroke.points.iter().filter(move |point| sound && point.x.is_finite() && point.y.is_finite())
}

/// What the brush passes over, from point to point; one point is a dab.
pub(super) fn segments(stroke: &Stroke) -> impl Iterator<Item = Segment> + '_ {
    let code = if stroke.kind == StrokeKind::Include { 255 } else { 0 };
    let mut before = None;
    drawn(stroke).map(move |&to| {
        let from = before.replace(to).unwrap_or(to);
        Segment { from, to, radius: stroke.radius, code }
    })
}

fn paint_row(segments: &[Segment], y: f64, line: &mut [u8]) {
    // For each pixel, the first one from it on that may be unpainted.
    let mut next: Vec<u32> = Vec::new();
    for segment in segments {
        let Some((left, right)) = segment.span(y) else { continue };
        // Pixels whose middles lie in the span.
        let first = (left - 0.5).ceil().max(0.0) as usize;
        let end = ((right - 0.5).floor() + 1.0).clamp(0.0, line.len() as f64) as usize;
        if first >= end {
            continue;
        }
        if next.is_empty() {
            next = (0..=line.len() as u32).collect();
        }
        let mut at = unpainted(&mut next, first);
        while at < end {
            line[at] = segment.code;
            next[at] = at as u32 + 1;
            at = unpainted(&mut next, at + 1);
        }
    }
}

/// The first unpainted pixel from `at` on; the way there is shortened for the next who asks.
fn unpainted(next: &mut [u32], at: usize) -> usize {
    let mut end = at;
    while next[end] as usize != end {
        end = next[end] as usize;
    }
    let mut at = at;
    while at != end {
        at = std::mem::replace(&mut next[at], end as u32) as usize;
    }
    end
}

impl Segment {
    /// Where the row `y` passes through the brush; convex, so one span.
    pub(super) fn span(&self, y: f64) -> Option<(f64, f64)> {
        let Self { from, to, radius, .. } = self;
        if y < from.y.min(to.y) - radius || y > from.y.max(to.y) + radius {
            return None;
        }
        let mut span: Option<(f64, f64)> = None;
        let mut add = |left: f64, right: f64| {
            span = Some(span.map_or((left, right), |span| (span.0.min(left), span.1.max(right))));
        };
        for end in [from, to] {
            let reach = radius * radius - (y - end.y).powi(2);
            if reach >= 0.0 {
                add(end.x - reach.sqrt(), end.x + reach.sqrt());
            }
        }
        let (along_x, along_y) = (to.x - from.x, to.y - from.y);
        let length = along_x.hypot(along_y);
        if length > 0.0 {
            // The two long edges of the rectangle between the ends.
            for side in [-radius, *radius] {
                let (aside_x, aside_y) = (-along_y / length * side, along_x / length * side);
                let share = (y - from.y - aside_y) / along_y;
                if (0.0..=1.0).contains(&share) {
                    let x = from.x + aside_x + share * along_x;
                    add(x, x);
                }
            }
        }
        span
    }
}

/// Strokes that cover every pixel of the mask that is not 0, and at most about a brush's radius around it. Parts that
/// hang together are drawn in one go, so that a designer can take one back.
pub fn strokes_over(mask: &GrayImage, radius: f64) -> Vec<Stroke> {
    let radius = radius.max(1.0);
    let band = (radius as u32).max(1);
    let mut open: Vec<(Run, Vec<Point>)> = Vec::new();
    let mut lines: Vec<Vec<Point>> = Vec::new();
    for top in (0..mask.height()).step_by(band as usize) {
        let y = f64::from(top) + f64::from(band.min(mask.height() - top)) / 2.0;
        let runs = runs(mask, top..(top + band).min(mask.height()));
        let above = std::mem::take(&mut open);
        let alone = |run: &Run, others: &[Run]| others.iter().filter(|other| other.meets(run)).count() == 1;
        let above_runs: Vec<Run> = above.iter().map(|(run, _)| *run).collect();
        let mut above: Vec<Option<(Run, Vec<Point>)>> = above.into_iter().map(Some).collect();
        for run in &runs {
            let before = above
                .iter_mut()
                .find(|open| open.as_ref().is_some_and(|(other, _)| other.meets(run) && alone(other, &runs)))
                .filter(|_| alone(run, &above_runs))
                .and_then(Option::take);
            let mut line = before.map(|(_, line)| line).unwrap_or_default();
            run.draw(y, radius, &mut line);
            open.push((*run, line));
        }
        lines.extend(above.into_iter().flatten().map(|(_, line)| line));
    }
    lines.extend(open.into_iter().map(|(_, line)| line));
    let stroke = |points| Stroke { kind: StrokeKind::Include, radius, points, other: Other::new() };
    lines.into_iter().map(stroke).collect()
}

/// Half-open columns of a band of rows in which something is masked.
#[derive(Debug, Clone, Copy)]
struct Run(u32, u32);

impl Run {
    fn meets(&self, other: &Self) -> bool {
        self.0 <= other.1 && other.0 <= self.1
    }

    /// Continues a line along the run, from the end that is nearer to it.
    fn draw(&self, y: f64, radius: f64, line: &mut Vec<Point>) {
        let (left, right) = (f64::from(self.0) + 0.5, f64::from(self.1) - 0.5);
        if right - left <= radius {
            return line.push(Point { x: (left + right) / 2.0, y });
        }
        let from_right = line.last().is_some_and(|last| (last.x - right).abs() < (last.x - left).abs());
        let ends = if from_right { [right, left] } else { [left, right] };
        line.extend(ends.map(|x| Point { x, y }));
    }
}

fn runs(mask: &GrayImage, rows: std::ops::Range<u32>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for x in 0..mask.width() {
        if rows.clone().all(|y| *mask.get_pixel(x, y) == Luma([0])) {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.1 == x => run.1 = x + 1,
            _ => runs.push(Run(x, x + 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(kind: StrokeKind, radius: f64, points: &[(f64, f64)]) -> Stroke {
        let points = points.iter().map(|(x, y)| Point { x: *x, y: *y }).collect();
        Stroke { kind, radius, points, other: Other::new() }
    }

    /// Distance from a point to a line of points.
    fn distance(points: &[Point], x: f64, y: f64) -> f64 {
        let to = |from: Point, to: Point| {
            let (along_x, along_y) = (to.x - from.x, to.y - from.y);
            let length = (along_x * along_x + along_y * along_y).max(1e-12);
            let share = (((x - from.x) * along_x + (y - from.y) * along_y) / length).clamp(0.0, 1.0);
            (from.x + share * along_x - x).hypot(from.y + share * along_y - y)
        };
        let ends = points.windows(2).map(|ends| to(ends[0], ends[1]));
        ends.fold(to(points[0], points[0]), f64::min)
    }

    #[test]
    fn a_brush_covers_what_lies_within_its_radius() {
        for line in [&[(9.0, 9.0), (30.0, 21.0), (30.0, 40.0), (5.0, 40.0)][..], &[(20.2, 20.7)]] {
            let stroke = stroke(StrokeKind::Include, 4.3, line);
            let mask = stroke_mask(std::slice::from_ref(&stroke), 48, 48);
            for (x, y, pixel) in mask.enumerate_pixels() {
                let away = distance(&stroke.points, f64::from(x) + 0.5, f64::from(y) + 0.5);
                assert!((away - 4.3).abs() < 1e-6 || (away < 4.3) == (pixel.0[0] == 255), "{x},{y}: {away}");
            }
        }
    }

    #[test]
    fn the_last_stroke_over_a_pixel_counts() {
        let strokes = [
            stroke(StrokeKind::Include, 6.0, &[(10.0, 10.0)]),
            stroke(StrokeKind::Exclude, 3.0, &[(10.0, 10.0)]),
            stroke(StrokeKind::Include, 1.0, &[(10.0, 10.0)]),
        ];
        let mask = stroke_mask(&strokes, 20, 20);
        let at = |x: u32| mask.get_pixel(x, 10).0[0];
        assert_eq!([at(10), at(12), at(14), at(17)], [255, 0, 255, 0]);
        assert_eq!(stroke_mask(&strokes, 0, 0).dimensions(), (0, 0));
    }

    #[test]
    fn strokes_far_outside_cost_and_paint_nothing() {
        let far = stroke(StrokeKind::Include, 5.0, &[(-1e6, -1e6), (1e6, -1e6)]);
        assert!(stroke_mask(&[far], 30, 30).pixels().all(|pixel| pixel.0[0] == 0));
        let over_all = stroke(StrokeKind::Include, 1e5, &[(-1e6, 0.0), (1e6, 9.0)]);
        assert!(stroke_mask(&vec![over_all; 50], 30, 30).pixels().all(|pixel| pixel.0[0] == 255));
    }

    #[test]
    fn strokes_over_a_mask_cover_it_and_little_more() {
        let ring = GrayImage::from_fn(90, 120, |x, y| {
            let away = (f64::from(x) - 45.0).hypot((f64::from(y) - 60.0) * 0.8);
            Luma([u8::from((28.0..33.0).contains(&away)) * 255])
        });
        let strokes = strokes_over(&ring, 3.0);
        assert!(strokes.len() <= 6, "{} strokes for a ring", strokes.len());
        let covered = stroke_mask(&strokes, 90, 120);
        for (x, y, pixel) in covered.enumerate_pixels() {
            let away = (f64::from(x) - 45.0).hypot((f64::from(y) - 60.0) * 0.8);
            assert!(ring.get_pixel(x, y).0[0] == 0 || pixel.0[0] == 255, "{x},{y} is left");
            assert!(pixel.0[0] == 0 || (22.0..39.0).contains(&away), "{x},{y} is too much");
        }
        assert!(strokes_over(&GrayImage::new(9, 9), 3.0).is_empty());
    }
}

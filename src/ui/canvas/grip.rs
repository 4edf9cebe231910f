//! What can be taken hold of on the canvas, and what dragging it does to the document.

use super::lens::Lens;
use super::placement::{canvas_from_product, corners, product_from_canvas, settle};
use crate::project::{Earring, Point, Scale};
use crate::scene::Band;
use eframe::egui::{CursorIcon, Pos2, Rect, Vec2};

/// How near a press must be to a handle, points.
const REACH: f32 = 10.0;
/// How far above the earring its turning handle stands, points.
const TURN_HANDLE: f32 = 28.0;
/// Width of the band's bar at the canvas's left edge, points.
const BAR: f32 = 14.0;
/// With Shift, angles go in these steps, degrees.
const TURN_STEP_DEG: f64 = 15.0;
/// Angles this near to upright become upright, degrees.
const UPRIGHT_DEG: f64 = 1.0;
const SCALES: std::ops::RangeInclusive<f64> = 0.01..=32.0;
/// A band less high than this is a slip of the hand, canvas pixels.
const LEAST_BAND: f64 = 8.0;

/// A part of the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Earring,
    Corner,
    Turn,
    Hook,
    BandTop,
    BandBottom,
    Band,
    NewBand,
    View,
}

/// A part held by the pointer, with how everything was when it was taken.
#[derive(Debug, Clone)]
pub(in crate::ui) struct Grip {
    pub(super) part: Part,
    /// Where it was taken, canvas pixels.
    from: Point,
    earring: Option<Earring>,
    band: Option<Band>,
}

/// Everything a press can meet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reachable<'a> {
    pub(super) earring: Option<&'a Earring>,
    /// What the matte encloses, product pixels.
    pub(super) matte: Option<Rect>,
    pub(super) band: Option<Band>,
    pub(super) drawing: bool,
}

/// Where the turning handle stands.
pub(super) fn turn_handle(earring: &Earring, matte: Rect, lens: &Lens) -> Pos2 {
    let top = matte.center_top();
    let top = canvas_from_product(earring, Point { x: f64::from(top.x), y: f64::from(top.y) });
    let middle = matte.center();
    let middle = canvas_from_product(earring, Point { x: f64::from(middle.x), y: f64::from(middle.y) });
    let (top, middle) = (lens.to_screen(top), lens.to_screen(middle));
    top + (top - middle).normalized() * TURN_HANDLE
}

/// The bar by which the band is moved.
pub(super) fn band_bar(band: Band, lens: &Lens) -> Rect {
    let frame = lens.frame();
    let top = lens.to_screen(Point { x: 0.0, y: band.top });
    let bottom = lens.to_screen(Point { x: 0.0, y: band.bottom });
    Rect::from_min_max(Pos2::new(frame.left() - BAR, top.y), Pos2::new(frame.left() + BAR, bottom.y))
}

/// What a press at `at` takes hold of: small things before large ones.
pub(super) fn part_at(at: Pos2, reachable: &Reachable<'_>, lens: &Lens) -> Part {
    if reachable.drawing {
        return Part::NewBand;
    }
    let near = |point: Pos2| (point - at).length() <= REACH;
    if let (Some(earring), Some(matte)) = (reachable.earring, reachable.matte) {
        if near(lens.to_screen(earring.hook_in_canvas)) {
            return Part::Hook;
        }
        if near(turn_handle(earring, matte, lens)) {
            return Part::Turn;
        }
        if corners(earring, matte).into_iter().any(|corner| near(lens.to_screen(corner))) {
            return Part::Corner;
        }
        let inside = product_from_canvas(earring, lens.to_canvas(at));
        if matte.contains(Pos2::new(inside.x as f32, inside.y as f32)) {
            return Part::Earring;
        }
    }
    reachable.band.and_then(|band| band_part(at, band, lens)).unwrap_or(Part::View)
}

fn band_part(at: Pos2, band: Band, lens: &Lens) -> Option<Part> {
    let columns = lens.frame().x_range().expand(BAR);
    let bar = band_bar(band, lens);
    if !columns.contains(at.x) {
        None
    } else if (at.y - bar.top()).abs() <= REACH / 2.0 {
        Some(Part::BandTop)
    } else if (at.y - bar.bottom()).abs() <= REACH / 2.0 {
        Some(Part::BandBottom)
    } else {
        bar.contains(at).then_some(Part::Band)
    }
}

impl Part {
    pub(super) fn cursor(self) -> CursorIcon {
        match self {
            Self::Earring => CursorIcon::Move,
            Self::Corner => CursorIcon::ResizeNwSe,
            Self::Turn => CursorIcon::Alias,
            Self::Hook | Self::NewBand => CursorIcon::Crosshair,
            Self::BandTop | Self::BandBottom => CursorIcon::ResizeVertical,
            Self::Band => CursorIcon::Grab,
            Self::View => CursorIcon::Default,
        }
    }
}

impl Grip {
    pub(super) fn take(part: Part, from: Point, reachable: &Reachable<'_>) -> Self {
        Self { part, from, earring: reachable.earring.cloned(), band: reachable.band }
    }

    /// The earring with the pointer at `now`; none if the grip holds something else. `snap`: along an axis,
    /// or in steps of angle.
    pub(super) fn moved_earring(&self, now: Point, snap: bool) -> Option<Earring> {
        let mut earring = self.earring.clone()?;
        let hook = earring.hook_in_canvas;
        let (from, to) = (arm(hook, self.from), arm(hook, now));
        match self.part {
            Part::Earring => {
                let mut delta = Vec2::new((now.x - self.from.x) as f32, (now.y - self.from.y) as f32);
                if snap {
                    if delta.x.abs() > delta.y.abs() { delta.y = 0.0 } else { delta.x = 0.0 }
                }
                earring.hook_in_canvas =
                    Point { x: hook.x + f64::from(delta.x), y: hook.y + f64::from(delta.y) };
            }
            Part::Corner => {
                let factor = length(to) / length(from).max(1.0);
                earring.scale = (earring.scale * factor).clamp(*SCALES.start(), *SCALES.end());
            }
            Part::Turn => {
                let turned = to.y.atan2(to.x) - from.y.atan2(from.x);
                earring.rotation_deg = settled_angle(earring.rotation_deg + turned.to_degrees(), snap);
            }
            Part::Hook => {
                earring.hook_in_product = product_from_canvas(&earring, now);
                earring.hook_in_canvas = now;
                return Some(earring);
            }
            _ => return None,
        }
        settle(&mut earring);
        Some(earring)
    }

    /// The band with the pointer at `now`; none if the grip holds something else, or the band is too slight.
    pub(super) fn moved_band(&self, now: Point, canvas_height: f64) -> Option<Scale> {
        let row = |y: f64| y.round().clamp(0.0, canvas_height);
        if self.part == Part::NewBand {
            let (top, bottom) = (row(self.from.y.min(now.y)), row(self.from.y.max(now.y)));
            return (bottom - top >= LEAST_BAND).then_some(Scale::Band { top, bottom });
        }
        let Band { top, bottom } = self.band?;
        let by = now.y - self.from.y;
        match self.part {
            Part::BandTop => Some(Scale::Band { top: row(top + by).min(bottom - LEAST_BAND), bottom }),
            Part::BandBottom => Some(Scale::Band { top, bottom: row(bottom + by).max(top + LEAST_BAND) }),
            Part::Band => {
                let height = bottom - top;
                let top = (top + by).round().clamp(0.0, (canvas_height - height).max(0.0));
                Some(Scale::Band { top, bottom: top + height })
            }
            _ => None,
        }
    }
}

fn arm(hook: Point, end: Point) -> Point {
    Point { x: end.x - hook.x, y: end.y - hook.y }
}

fn length(arm: Point) -> f64 {
    arm.x.hypot(arm.y)
}

/// Into -180..=180, on a step with `snap`, upright when nearly upright.
fn settled_angle(degrees: f64, snap: bool) -> f64 {
    let degrees = (degrees + 180.0).rem_euclid(360.0) - 180.0;
    let step = if snap { TURN_STEP_DEG } else { 0.1 };
    let degrees = (degrees / step).round() * step;
    if degrees.abs() < UPRIGHT_DEG { 0.0 } else { degrees }
}

#[cfg(test)]
mod tests {
    use super::super::placement::tests::earring;
    use super::*;

    fn grip(part: Part, from: Point) -> Grip {
        let band = Some(Band { top: 200.0, bottom: 700.0 });
        Grip { part, from, earring: Some(Earring { mirror: false, ..earring() }), band }
    }

    #[test]
    fn a_corner_pulled_twice_as_far_doubles_the_earring() {
        let grip = grip(Part::Corner, Point { x: 600.0, y: 300.0 });
        let pulled = grip.moved_earring(Point { x: 700.0, y: 300.0 }, false).expect("an earring");
        assert!((pulled.scale - 3.0).abs() < 1e-9);
        assert_eq!(pulled.hook_in_canvas, Point { x: 500.0, y: 300.0 });
    }

    #[test]
    fn shift_turns_in_steps_of_fifteen_degrees() {
        let grip = grip(Part::Turn, Point { x: 500.0, y: 200.0 });
        let turned = grip.moved_earring(Point { x: 560.0, y: 210.0 }, true).expect("an earring");
        assert_eq!(turned.rotation_deg, 60.0);
    }

    #[test]
    fn shift_moves_along_one_axis() {
        let grip = grip(Part::Earring, Point { x: 510.0, y: 320.0 });
        let moved = grip.moved_earring(Point { x: 560.0, y: 330.0 }, true).expect("an earring");
        assert_eq!(moved.hook_in_canvas, Point { x: 550.0, y: 300.0 });
    }

    #[test]
    fn a_moved_hook_leaves_the_photo_where_it_lies() {
        let grip = grip(Part::Hook, Point { x: 500.0, y: 300.0 });
        let before = Earring { mirror: false, ..earring() };
        let after = grip.moved_earring(Point { x: 520.0, y: 310.0 }, false).expect("an earring");
        let corner = Point { x: 5.0, y: 90.0 };
        let (one, other) = (canvas_from_product(&before, corner), canvas_from_product(&after, corner));
        assert!((one.x - other.x).abs() < 1e-9 && (one.y - other.y).abs() < 1e-9);
    }

    #[test]
    fn a_band_never_turns_over_nor_leaves_the_canvas() {
        let start = Point { x: 0.0, y: 200.0 };
        let over = grip(Part::BandTop, start).moved_band(Point { x: 0.0, y: 900.0 }, 1024.0);
        assert_eq!(over, Some(Scale::Band { top: 692.0, bottom: 700.0 }));
        let out = grip(Part::Band, start).moved_band(Point { x: 0.0, y: 2000.0 }, 1024.0);
        assert_eq!(out, Some(Scale::Band { top: 524.0, bottom: 1024.0 }));
    }

    #[test]
    fn a_band_is_drawn_in_either_direction_and_a_slip_draws_none() {
        let grip = grip(Part::NewBand, Point { x: 0.0, y: 600.0 });
        let up = grip.moved_band(Point { x: 0.0, y: 100.0 }, 1024.0);
        assert_eq!(up, Some(Scale::Band { top: 100.0, bottom: 600.0 }));
        assert_eq!(grip.moved_band(Point { x: 0.0, y: 603.0 }, 1024.0), None);
    }
}

//! The frame on the photo: drawn, moved by its inside, pulled by its corners. A face's is a square.

use super::{Aim, Marks};
use crate::project::{Point, Rectangle, Square};
use eframe::egui::{CursorIcon, Pos2, Rect, Vec2, pos2};

/// A frame less wide than this is a slip of the hand, pixels of the photo.
const LEAST: f32 = 8.0;

/// What a press took hold of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    /// A corner; what stays is the one across.
    Corner {
        across: Pos2,
    },
    Inside {
        frame: Rect,
        from: Pos2,
    },
}

/// The frame in the hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FrameGrip(Part);

/// The frame that `marks` hold, pixels of the photo.
pub(super) fn frame_of(marks: &Marks) -> Option<Rect> {
    let square = |crop: Square| {
        let corner = pos2(crop.left as f32, crop.top as f32);
        Rect::from_min_size(corner, Vec2::splat(crop.side as f32))
    };
    let rectangle = |frame: Rectangle| {
        Rect::from_min_max(
            pos2(frame.left as f32, frame.top as f32),
            pos2(frame.right as f32, frame.bottom as f32),
        )
    };
    marks.crop.map(square).or(marks.frame.map(rectangle))
}

/// Takes hold at `at`: of a corner within `reach`, of the inside, or of a new frame's first corner.
pub(super) fn take(frame: Option<Rect>, at: Pos2, reach: f32) -> FrameGrip {
    let Some(frame) = frame else { return FrameGrip(Part::Corner { across: at }) };
    let corners = [
        (frame.left_top(), frame.right_bottom()),
        (frame.right_top(), frame.left_bottom()),
        (frame.right_bottom(), frame.left_top()),
        (frame.left_bottom(), frame.right_top()),
    ];
    if let Some((_, across)) = corners.into_iter().find(|(corner, _)| corner.distance(at) <= reach) {
        return FrameGrip(Part::Corner { across });
    }
    if frame.contains(at) {
        FrameGrip(Part::Inside { frame, from: at })
    } else {
        FrameGrip(Part::Corner { across: at })
    }
}

impl FrameGrip {
    pub(super) fn cursor(self) -> CursorIcon {
        match self.0 {
            Part::Corner { .. } => CursorIcon::Crosshair,
            Part::Inside { .. } => CursorIcon::Move,
        }
    }

    /// The frame with the pointer at `now`, within a photo of `size`; none while it is too small to be meant.
    pub(super) fn moved(self, now: Pos2, size: Vec2, square: bool) -> Option<Rect> {
        let photo = Rect::from_min_size(Pos2::ZERO, size);
        match self.0 {
            Part::Inside { frame, from } => {
                let room = (photo.max - frame.max).max(Vec2::ZERO);
                let by = (now - from).clamp(-frame.min.to_vec2().max(Vec2::ZERO), room);
                Some(frame.translate(by.round()))
            }
            Part::Corner { across } => {
                let across = photo.clamp(across);
                let mut to = photo.clamp(now) - across;
                if square {
                    let sign = Vec2::new(to.x.signum(), to.y.signum());
                    let room = Vec2::new(
                        if sign.x > 0.0 { size.x - across.x } else { across.x },
                        if sign.y > 0.0 { size.y - across.y } else { across.y },
                    );
                    to = sign * to.abs().max_elem().min(room.min_elem());
                }
                let frame = Rect::from_two_pos(across, across + to);
                let frame = Rect::from_min_max(frame.min.round(), frame.max.round());
                (frame.size().min_elem() >= LEAST).then_some(frame)
            }
        }
    }
}

/// `marks` with another frame.
pub(super) fn with_frame(marks: &Marks, aim: Aim, frame: Rect) -> Marks {
    let [left, top, right, bottom] =
        [frame.left(), frame.top(), frame.right(), frame.bottom()].map(f64::from);
    let mut marks = marks.clone();
    match aim {
        Aim::CutOut(_) => marks.frame = Some(Rectangle { left, top, right, bottom }),
        Aim::Face => marks.crop = Some(Square { left, top, side: (right - left).min(bottom - top) }),
    }
    marks
}

/// A screen distance as the photo has it, for taking hold of corners.
pub(super) fn in_photo(point: Point) -> Pos2 {
    pos2(point.x as f32, point.y as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Vec2 = Vec2::new(400.0, 300.0);

    fn frame() -> Rect {
        Rect::from_min_max(pos2(100.0, 100.0), pos2(200.0, 200.0))
    }

    #[test]
    fn a_pulled_corner_leaves_the_one_across_where_it_is() {
        let grip = take(Some(frame()), pos2(202.0, 198.0), 6.0);
        let pulled = grip.moved(pos2(250.0, 230.0), SIZE, false).expect("a frame");
        assert_eq!(pulled, Rect::from_min_max(pos2(100.0, 100.0), pos2(250.0, 230.0)));
    }

    #[test]
    fn a_square_stays_square_and_inside_the_photo() {
        let grip = take(Some(frame()), pos2(100.0, 100.0), 6.0);
        let pulled = grip.moved(pos2(-500.0, 20.0), SIZE, true).expect("a square");
        assert_eq!(pulled, Rect::from_min_max(pos2(0.0, 0.0), pos2(200.0, 200.0)));
        let drawn = take(None, pos2(350.0, 10.0), 6.0).moved(pos2(1000.0, 60.0), SIZE, true);
        assert_eq!(drawn, Some(Rect::from_min_max(pos2(350.0, 10.0), pos2(400.0, 60.0))));
    }

    #[test]
    fn a_moved_frame_keeps_its_size_at_the_photo_s_edge() {
        let moved = take(Some(frame()), pos2(150.0, 150.0), 6.0).moved(pos2(900.0, 150.0), SIZE, false);
        assert_eq!(moved, Some(Rect::from_min_max(pos2(300.0, 100.0), pos2(400.0, 200.0))));
    }

    #[test]
    fn a_slip_of_the_hand_is_no_frame() {
        assert_eq!(take(None, pos2(50.0, 50.0), 6.0).moved(pos2(53.0, 52.0), SIZE, false), None);
    }
}

//! The photo tool: a photo large, what is marked on it, and what the marks give, side by side.
//!
//! One tool with two aims: cutting a product out, and caring for a face photo. It draws strokes and a frame
//! into its own [`Marks`]; the program answers with a result, and nothing reaches the project before Apply.

mod bars;
mod frame;
mod halftone;
mod panes;

use super::session::View;
use super::{Action, Command, Facts, Palette};
use crate::project::{EarringId, MOST_STROKE_POINTS, MOST_STROKES, Rectangle, Square, Stroke};
use eframe::egui::{CentralPanel, Frame, Margin, Panel, Ui, Vec2};
use frame::FrameGrip;

/// A new brush's radius, share of the photo's longer side.
const BRUSH: f64 = 0.02;
/// One step of the brush's size.
const BRUSH_STEP: f64 = 1.25;
/// Smallest radius, and the largest as a share of the photo's longer side.
const LEAST_BRUSH: f64 = 0.5;
const LARGEST_BRUSH: f64 = 0.2;
/// Steps that can be taken back.
const STEPS: usize = 200;

/// What the photo is looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// To cut this earring out of it.
    CutOut(EarringId),
    /// To choose the square that shows the face, and what is taken out of it.
    Face,
}

/// What is drawn over the photo; pixels of the photo.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Marks {
    /// What holds the product; none: all of the photo.
    pub frame: Option<Rectangle>,
    /// What shows the face.
    pub crop: Option<Square>,
    pub strokes: Vec<Stroke>,
}

/// What a press on the photo draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hand {
    #[default]
    Include,
    Exclude,
    Frame,
}

/// What the result lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ground {
    #[default]
    Checker,
    Black,
    White,
}

/// The tool while it is open.
#[derive(Debug, Clone)]
pub struct PhotoTool {
    pub aim: Aim,
    pub marks: Marks,
    pub hand: Hand,
    pub ground: Ground,
    /// The photo is shown in place of the result.
    pub original: bool,
    /// Of the brush, pixels of the photo.
    pub radius: f64,
    pub view: View,
    /// Width and height, pixels.
    size: Vec2,
    start: Marks,
    past: Vec<Marks>,
    future: Vec<Marks>,
    drawing: Option<Stroke>,
    grip: Option<FrameGrip>,
    /// The marks as they were when the frame was taken hold of.
    before: Option<Marks>,
}

impl PhotoTool {
    /// `start`: what Start over goes back to, `marks`: what is drawn already.
    pub fn new(aim: Aim, size: Vec2, start: Marks, marks: Marks) -> Self {
        let radius = (f64::from(size.max_elem()) * BRUSH).max(2.0);
        Self {
            aim,
            marks,
            hand: Hand::default(),
            ground: Ground::default(),
            original: false,
            radius,
            view: View::default(),
            size,
            start,
            past: Vec::new(),
            future: Vec::new(),
            drawing: None,
            grip: None,
            before: None,
        }
    }

    /// Nothing is being drawn just now.
    pub fn is_at_rest(&self) -> bool {
        self.drawing.is_none() && self.grip.is_none()
    }

    /// Draws anew, as a step that can be taken back.
    pub fn change(&mut self, marks: Marks) {
        let before = std::mem::replace(&mut self.marks, marks);
        self.remember(before);
    }

    fn remember(&mut self, before: Marks) {
        if before == self.marks {
            return;
        }
        self.past.push(before);
        if self.past.len() > STEPS {
            self.past.remove(0);
        }
        self.future.clear();
    }

    /// The frame is taken hold of: until it is let go, everything is one step.
    fn take_frame(&mut self, grip: FrameGrip) {
        self.grip = Some(grip);
        self.before = Some(self.marks.clone());
    }

    fn let_frame_go(&mut self) {
        self.grip = None;
        if let Some(before) = self.before.take() {
            self.remember(before);
        }
    }

    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    pub fn undo(&mut self) {
        if let Some(before) = self.past.pop() {
            self.future.push(std::mem::replace(&mut self.marks, before));
        }
    }

    pub fn redo(&mut self) {
        if let Some(after) = self.future.pop() {
            self.past.push(std::mem::replace(&mut self.marks, after));
        }
    }

    /// Does what a command asks of the tool alone; false if it asks nothing of it.
    pub fn perform(&mut self, command: Command) -> bool {
        let cuts = matches!(self.aim, Aim::CutOut(_));
        match command {
            Command::MarkProduct if cuts => self.hand = Hand::Include,
            Command::MarkBackground if cuts => self.hand = Hand::Exclude,
            Command::MarkRemove if !cuts => self.hand = Hand::Include,
            Command::MarkKeep if !cuts => self.hand = Hand::Exclude,
            Command::DrawFrame => self.hand = Hand::Frame,
            Command::BrushSmaller => self.set_radius(self.radius / BRUSH_STEP),
            Command::BrushLarger => self.set_radius(self.radius * BRUSH_STEP),
            Command::ClearMarks => self.change(self.start.clone()),
            Command::ShowOriginal => self.original = !self.original,
            Command::GroundChecker => self.ground = Ground::Checker,
            Command::GroundBlack => self.ground = Ground::Black,
            Command::GroundWhite => self.ground = Ground::White,
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            _ => return false,
        }
        true
    }

    fn largest_radius(&self) -> f64 {
        (f64::from(self.size.max_elem()) * LARGEST_BRUSH).max(4.0)
    }

    fn set_radius(&mut self, radius: f64) {
        self.radius = radius.clamp(LEAST_BRUSH, self.largest_radius());
    }

    fn add_stroke(&mut self, stroke: Stroke) {
        let points: usize = self.marks.strokes.iter().map(|stroke| stroke.points.len()).sum();
        let fits =
            self.marks.strokes.len() < MOST_STROKES && points + stroke.points.len() <= MOST_STROKE_POINTS;
        if fits {
            let mut marks = self.marks.clone();
            marks.strokes.push(stroke);
            self.change(marks);
        }
    }
}

/// Draws the tool over the whole window.
pub(super) fn show(ui: &mut Ui, tool: &mut PhotoTool, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let bar = Frame::new().fill(palette.panel).inner_margin(Margin::symmetric(16, 8));
    Panel::top("photo_tool_bar").frame(bar).resizable(false).show(ui, |ui| {
        bars::header(ui, tool, facts, actions);
        bars::brushes(ui, tool, facts, actions);
    });
    Panel::bottom("photo_tool_foot").frame(bar).resizable(false).show(ui, |ui| {
        bars::foot(ui, tool, facts, actions);
    });
    CentralPanel::no_frame().frame(Frame::new().fill(palette.desk)).show(ui, |ui| {
        panes::show(ui, tool, facts);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Other, Point, StrokeKind};

    fn tool() -> PhotoTool {
        let size = Vec2::new(400.0, 300.0);
        PhotoTool::new(Aim::CutOut(EarringId(1)), size, Marks::default(), Marks::default())
    }

    fn dab(x: f64) -> Stroke {
        Stroke {
            kind: StrokeKind::Include,
            radius: 4.0,
            points: vec![Point { x, y: 5.0 }],
            other: Other::new(),
        }
    }

    #[test]
    fn strokes_are_taken_back_and_drawn_again_one_by_one() {
        let mut tool = tool();
        tool.add_stroke(dab(1.0));
        tool.add_stroke(dab(2.0));
        tool.undo();
        assert_eq!(tool.marks.strokes, [dab(1.0)]);
        tool.redo();
        assert_eq!(tool.marks.strokes.len(), 2);
        tool.perform(Command::ClearMarks);
        assert_eq!(tool.marks, Marks::default());
        tool.undo();
        assert_eq!(tool.marks.strokes.len(), 2, "starting over is a step like others");
    }

    #[test]
    fn a_project_takes_whatever_was_drawn() {
        let mut tool = tool();
        for x in 0..MOST_STROKES + 5 {
            tool.add_stroke(dab(x as f64));
        }
        assert_eq!(tool.marks.strokes.len(), MOST_STROKES);
    }

    #[test]
    fn the_brush_stays_between_a_hair_and_a_fifth_of_the_photo() {
        let mut tool = tool();
        for _ in 0..80 {
            tool.perform(Command::BrushLarger);
        }
        assert_eq!(tool.radius, 80.0);
        for _ in 0..80 {
            tool.perform(Command::BrushSmaller);
        }
        assert_eq!(tool.radius, 0.5);
    }

    #[test]
    fn each_aim_answers_to_its_own_brushes_only() {
        let mut tool = tool();
        assert!(!tool.perform(Command::MarkKeep));
        assert!(tool.perform(Command::MarkBackground));
        assert_eq!(tool.hand, Hand::Exclude);
    }
}

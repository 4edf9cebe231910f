//! Where the designer is looking and what is in hand: kept while the window is open, never saved.

use super::canvas::Grip;
use super::photo_tool::PhotoTool;
use eframe::egui;
use eframe::egui::Vec2;

/// What the canvas shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ViewMode {
    #[default]
    Layout,
    /// Layout on the left of a movable line, picture on its right.
    Split,
    Picture,
}

/// What a press on the canvas does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tool {
    /// Move, scale and turn the earring; move the band.
    #[default]
    Arrange,
    /// Draw the scale band.
    DrawBand,
}

/// How large the canvas is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Zoom {
    /// The whole canvas, whatever the window's size.
    Fit,
    /// Screen pixels per canvas pixel, and where the canvas's middle lies from the middle of the view, points.
    At { scale: f32, pan: Vec2 },
}

/// How something large is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    pub zoom: Zoom,
    /// A zoom step waiting for the area, which alone knows its own size: factor about the view's middle.
    pub step: Option<f32>,
    /// Screen pixels per pixel in the last frame.
    pub(super) shown_scale: f32,
}

impl Default for View {
    fn default() -> Self {
        Self { zoom: Zoom::Fit, step: None, shown_scale: 1.0 }
    }
}

/// The designer's view of the document.
#[derive(Debug, Clone)]
pub struct Session {
    pub mode: ViewMode,
    pub tool: Tool,
    /// Of the canvas.
    pub view: View,
    /// Fills the window while it is open.
    pub photo_tool: Option<PhotoTool>,
    /// Where the split line stands, share of the canvas's width.
    pub wipe: f32,
    /// A locked seed stays when another picture is asked for.
    pub seed_locked: bool,
    pub dark: bool,
    /// The checks' lines are on show.
    pub checks_open: bool,
    /// The best pictures come first.
    pub sort_by_checks: bool,
    /// Pictures that a series tries at most.
    pub most_tries: u32,
    /// What the pointer holds on the canvas.
    pub(super) grip: Option<Grip>,
    /// Where the face box lay last, for files dropped on it.
    pub face_box: egui::Rect,
    /// Where the pose gallery lay last, likewise.
    pub gallery_box: egui::Rect,
}

impl Session {
    /// A fresh view of another document, in the same light.
    pub fn for_another_document(&self) -> Self {
        Self { dark: self.dark, seed_locked: self.seed_locked, ..Self::default() }
    }

    /// What is looked at now: the tool's photo, or the canvas.
    pub fn view_mut(&mut self) -> &mut View {
        self.photo_tool.as_mut().map_or(&mut self.view, |tool| &mut tool.view)
    }
}

impl Default for Session {
    fn default() -> Self {
        Self {
            mode: ViewMode::default(),
            tool: Tool::default(),
            view: View::default(),
            photo_tool: None,
            wipe: 0.5,
            seed_locked: true,
            dark: true,
            checks_open: true,
            sort_by_checks: false,
            most_tries: 12,
            grip: None,
            face_box: egui::Rect::NOTHING,
            gallery_box: egui::Rect::NOTHING,
        }
    }
}

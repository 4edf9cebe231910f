//! Where the designer is looking and what is in hand: kept while the window is open, never saved.

use super::canvas::Grip;
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

/// The designer's view of the document.
#[derive(Debug, Clone)]
pub struct Session {
    pub mode: ViewMode,
    pub tool: Tool,
    pub zoom: Zoom,
    /// Where the split line stands, share of the canvas's width.
    pub wipe: f32,
    /// A locked seed stays when another picture is asked for.
    pub seed_locked: bool,
    pub dark: bool,
    /// What the pointer holds on the canvas.
    pub(super) grip: Option<Grip>,
    /// A zoom step waiting for the canvas, which alone knows its own size: factor about the view's middle.
    pub zoom_step: Option<f32>,
    /// Screen pixels per canvas pixel in the last frame.
    pub(super) shown_scale: f32,
    /// Where the face box lay last, for files dropped on it.
    pub face_box: egui::Rect,
}

impl Session {
    /// A fresh view of another document, in the same light.
    pub fn for_another_document(&self) -> Self {
        Self { dark: self.dark, seed_locked: self.seed_locked, ..Self::default() }
    }
}

impl Default for Session {
    fn default() -> Self {
        Self {
            mode: ViewMode::default(),
            tool: Tool::default(),
            zoom: Zoom::Fit,
            wipe: 0.5,
            seed_locked: true,
            dark: true,
            grip: None,
            zoom_step: None,
            shown_scale: 1.0,
            face_box: egui::Rect::NOTHING,
        }
    }
}

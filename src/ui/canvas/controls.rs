//! What stands around the canvas: view, tool, zoom.

use super::super::widgets::{Weight, at_right, command, segments};
use super::super::{Action, Command, Facts, Palette, Session, Tool, View, ViewMode, Zoom, history};
use crate::project::Project;
use eframe::egui;
use eframe::egui::{Align, Layout, RichText, TextStyle, Ui, vec2};

/// Room for the zoom, points.
pub(in crate::ui) const ZOOM_WIDTH: f32 = 220.0;

pub(super) fn header(ui: &mut Ui, project: &Project, session: &mut Session, facts: &Facts<'_>) {
    ui.horizontal(|ui| {
        ui.allocate_ui(vec2(192.0, 28.0), |ui| {
            let made = facts.picture.is_some() || facts.run.is_some();
            let views = [
                (ViewMode::Layout, "Layout", true),
                (ViewMode::Split, "Split", made),
                (ViewMode::Picture, "Picture", made),
            ];
            if let Some(mode) = segments(ui, "View", session.mode, &views) {
                session.mode = mode;
            }
        });
        if session.mode == ViewMode::Layout && !project.earrings.is_empty() {
            at_right(ui, |ui| {
                ui.allocate_ui(vec2(168.0, 28.0), |ui| {
                    let tools = [(Tool::Arrange, "Arrange", true), (Tool::DrawBand, "Draw band", true)];
                    if let Some(tool) = segments(ui, "Tool", session.tool, &tools) {
                        session.tool = tool;
                    }
                });
            });
        }
    });
}

/// Below the canvas: the pictures made so far, and the zoom.
pub(super) fn foot(ui: &mut Ui, session: &mut Session, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    ui.horizontal_centered(|ui| {
        let room = (ui.available_width() - ZOOM_WIDTH - 16.0).max(0.0);
        let height = if facts.history.is_empty() { 28.0 } else { history::HEIGHT };
        let strip = Layout::top_down(Align::Min);
        ui.allocate_ui_with_layout(vec2(room, height), strip, |ui| {
            history::show(ui, session, facts, actions);
        });
        at_right(ui, |ui| {
            ui.allocate_ui_with_layout(vec2(ZOOM_WIDTH, 28.0), Layout::left_to_right(Align::Center), |ui| {
                zoom(ui, &session.view, actions);
            });
        });
    });
}

/// The zoom and what changes it.
pub(in crate::ui) fn zoom(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    ui.spacing_mut().item_spacing.x = 2.0;
    ui.spacing_mut().button_padding.x = 8.0;
    step(ui, Command::ZoomOut, "–", actions);
    let percent = format!("{:.0} %", view.shown_scale * 100.0);
    let text = RichText::new(percent).text_style(TextStyle::Small).color(palette.quiet);
    ui.add_sized(vec2(48.0, 28.0), egui::Label::new(text));
    step(ui, Command::ZoomIn, "+", actions);
    command(ui, Command::ZoomFit, Weight::Flat, view.zoom != Zoom::Fit, actions);
    command(ui, Command::ZoomActual, Weight::Flat, view.shown_scale != 1.0, actions);
}

fn step(ui: &mut Ui, command: Command, sign: &str, actions: &mut Vec<Action>) {
    let button = egui::Button::new(sign).frame_when_inactive(false).min_size(vec2(28.0, 28.0));
    let response = ui.add(button).accessible_name(command.label());
    if response.on_hover_text(command.tooltip()).clicked() {
        actions.push(Action::Command(command));
    }
}

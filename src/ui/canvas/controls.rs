//! What stands around the canvas: view, tool, zoom.

use super::super::widgets::{Weight, at_right, command, segments};
use super::super::{Action, Command, Facts, Palette, Session, Tool, ViewMode};
use super::lens::Lens;
use crate::project::Project;
use eframe::egui;
use eframe::egui::{
    Align, CornerRadius, Frame, Layout, Margin, Rect, RichText, Stroke, TextStyle, Ui, UiBuilder, vec2,
};

pub(super) fn header(ui: &mut Ui, project: &Project, session: &mut Session, facts: &Facts<'_>) {
    ui.horizontal(|ui| {
        ui.allocate_ui(vec2(216.0, 28.0), |ui| {
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
                ui.allocate_ui(vec2(192.0, 28.0), |ui| {
                    let tools = [(Tool::Arrange, "Arrange", true), (Tool::DrawBand, "Draw band", true)];
                    if let Some(tool) = segments(ui, "Tool", session.tool, &tools) {
                        session.tool = tool;
                    }
                });
            });
        }
    });
}

/// Floats in the lower right corner.
pub(super) fn zoom(ui: &mut Ui, area: Rect, session: &Session, lens: &Lens, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let size = vec2(232.0, 36.0);
    let place = Rect::from_min_size(area.right_bottom() - size - vec2(12.0, 12.0), size);
    if !area.contains_rect(place) {
        return;
    }
    let layout = Layout::right_to_left(Align::Max);
    ui.scope_builder(UiBuilder::new().max_rect(place).layout(layout), |ui| {
        Frame::new()
            .fill(palette.panel)
            .stroke(Stroke::new(1.0, palette.line))
            .corner_radius(CornerRadius::same(8))
            .inner_margin(Margin::symmetric(4, 2))
            .show(ui, |ui| {
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.spacing_mut().item_spacing.x = 2.0;
                    ui.spacing_mut().button_padding.x = 8.0;
                    step(ui, Command::ZoomOut, "–", actions);
                    let percent = format!("{:.0} %", lens.scale() * 100.0);
                    let text = RichText::new(percent).text_style(TextStyle::Small).color(palette.quiet);
                    ui.add_sized(vec2(48.0, 28.0), egui::Label::new(text));
                    step(ui, Command::ZoomIn, "+", actions);
                    let fits = session.zoom == super::super::Zoom::Fit;
                    command(ui, Command::ZoomFit, Weight::Flat, !fits, actions);
                    command(ui, Command::ZoomActual, Weight::Flat, true, actions);
                });
            });
    });
}

fn step(ui: &mut Ui, command: Command, sign: &str, actions: &mut Vec<Action>) {
    let button = egui::Button::new(sign).frame_when_inactive(false).min_size(vec2(28.0, 28.0));
    let response = ui.add(button).accessible_name(command.label());
    if response.on_hover_text(command.tooltip()).clicked() {
        actions.push(Action::Command(command));
    }
}

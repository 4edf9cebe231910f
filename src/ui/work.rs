//! What is being done with photos: a small card over the canvas for each, with its progress and a way to stop.

use super::widgets::{Weight, at_right, command};
use super::{Action, Command, Palette, WorkFacts};
use eframe::egui::{
    CornerRadius, Frame, Label, Margin, Rect, RichText, Role, Sense, Spinner, Stroke, Ui, UiBuilder,
    WidgetInfo, vec2,
};

const WIDTH: f32 = 360.0;
/// Below the area's top, points.
const TOP: f32 = 16.0;

pub(super) fn show(ui: &mut Ui, area: Rect, work: &[WorkFacts], actions: &mut Vec<Action>) {
    if work.is_empty() {
        return;
    }
    let width = WIDTH.min(area.width() - 32.0);
    let corner = area.center_top() + vec2(-width / 2.0, TOP);
    let room = Rect::from_min_size(corner, vec2(width, area.height() - TOP));
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
        let palette = Palette::of(ui);
        Frame::new()
            .fill(palette.panel)
            .stroke(Stroke::new(1.0, palette.line))
            .corner_radius(CornerRadius::same(8))
            .shadow(ui.visuals().popup_shadow)
            .inner_margin(Margin::symmetric(16, 8))
            .show(ui, |ui| work.iter().for_each(|work| line(ui, work, actions)));
    });
}

fn line(ui: &mut Ui, work: &WorkFacts, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        ui.add(Spinner::new().size(14.0));
        let text = if work.stopping { "Stopping…" } else { &work.headline };
        at_right(ui, |ui| {
            command(ui, Command::StopWork, Weight::Flat, !work.stopping, actions);
            ui.with_layout(eframe::egui::Layout::left_to_right(eframe::egui::Align::Center), |ui| {
                ui.add(Label::new(RichText::new(text).color(palette.text)).truncate());
            });
        });
    });
    if let Some(share) = work.share {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 4.0), Sense::hover());
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, &work.headline);
            info.value = Some(f64::from(share));
            info
        });
        let radius = CornerRadius::same(2);
        ui.painter().rect_filled(rect, radius, palette.field);
        let done = Rect::from_min_size(rect.min, vec2(rect.width() * share.clamp(0.0, 1.0), rect.height()));
        ui.painter().rect_filled(done, radius, palette.accent);
    }
}

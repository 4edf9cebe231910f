//! The canvas before anything lies on it: what to do first.

use super::super::widgets::{Weight, command};
use super::super::{Action, Command, Palette};
use eframe::egui::{
    Align, Align2, CornerRadius, FontId, Frame, Layout, Margin, Painter, Rect, RichText, Stroke, StrokeKind,
    TextStyle, Ui, UiBuilder, Vec2, vec2,
};

const CARD: Vec2 = vec2(392.0, 164.0);

pub(super) fn show(ui: &mut Ui, area: Rect, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let size = CARD.min(area.size() - Vec2::splat(16.0));
    let card = Rect::from_center_size(area.center(), size);
    let layout = Layout::top_down(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(card).layout(layout), |ui| {
        Frame::new()
            .fill(palette.panel)
            .stroke(Stroke::new(1.0, palette.line))
            .corner_radius(CornerRadius::same(12))
            .shadow(ui.visuals().window_shadow)
            .inner_margin(Margin::same(24))
            .show(ui, |ui| {
                ui.set_min_size(size - Vec2::splat(48.0));
                let headline = RichText::new("Drop an earring's photo here");
                ui.label(headline.text_style(TextStyle::Heading).color(palette.text));
                let detail = "On white, on grey, or already cut out.\nIts pixels stay exactly as they are.";
                ui.label(RichText::new(detail).color(palette.quiet));
                ui.add_space(8.0);
                let row = Vec2::new(240.0, 32.0);
                ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
                    command(ui, Command::OpenPhoto, Weight::Primary, true, actions);
                    command(ui, Command::TrySample, Weight::Normal, true, actions);
                });
            });
    });
}

/// Shown while a file hovers over the window: what letting it go here does.
pub(in crate::ui) fn drop_hint(painter: &Painter, area: Rect, text: &str, palette: &Palette) {
    let inner = area.shrink(8.0);
    painter.rect_filled(inner, CornerRadius::same(12), palette.desk.gamma_multiply(0.7));
    painter.rect_stroke(inner, CornerRadius::same(12), Stroke::new(2.0, palette.accent), StrokeKind::Inside);
    let font = FontId::proportional(19.0);
    painter.text(inner.center(), Align2::CENTER_CENTER, text, font, palette.text);
}

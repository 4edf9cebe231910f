//! The bar at the top: the project's name and state, and what acts on the whole of it.

use super::widgets::{Weight, at_right, command};
use super::{Action, Command, Facts, Palette, Session};
use eframe::egui;
use eframe::egui::{RichText, Sense, TextStyle, Ui, Vec2};

/// Below this width the project's name gives way to the buttons, points.
const ROOM_FOR_NAME: f32 = 900.0;

pub(super) fn show(ui: &mut Ui, session: &Session, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let roomy = ui.available_width() >= ROOM_FOR_NAME;
    ui.horizontal(|ui| {
        ui.label(RichText::new("Adorn").text_style(TextStyle::Heading).strong().color(palette.accent));
        ui.add_space(16.0);
        ui.spacing_mut().item_spacing.x = 4.0;
        command(ui, Command::New, Weight::Flat, true, actions);
        command(ui, Command::Open, Weight::Flat, true, actions);
        command(ui, Command::Save, Weight::Flat, facts.unsaved, actions);
        command(ui, Command::SaveAs, Weight::Flat, true, actions);
        divider(ui, &palette);
        command(ui, Command::Undo, Weight::Flat, facts.can_undo, actions);
        command(ui, Command::Redo, Weight::Flat, facts.can_redo, actions);
        at_right(ui, |ui| {
            command(ui, Command::Export, Weight::Normal, facts.picture.is_some(), actions);
            theme_button(ui, session, actions);
            if roomy {
                divider(ui, &palette);
                ui.spacing_mut().item_spacing.x = 8.0;
                document_name(ui, facts, &palette);
            }
        });
    });
}

fn theme_button(ui: &mut Ui, session: &Session, actions: &mut Vec<Action>) {
    let text = if session.dark { "Light theme" } else { "Dark theme" };
    let button = egui::Button::new(text).frame_when_inactive(false);
    if ui.add(button).on_hover_text(Command::ToggleTheme.tooltip()).clicked() {
        actions.push(Action::Command(Command::ToggleTheme));
    }
}

fn document_name(ui: &mut Ui, facts: &Facts<'_>, palette: &Palette) {
    if facts.unsaved {
        ui.label(RichText::new("unsaved").text_style(TextStyle::Small).color(palette.quiet));
        let (dot, _) = ui.allocate_exact_size(Vec2::splat(8.0), Sense::hover());
        ui.painter().circle_filled(dot.center(), 3.0, palette.accent);
    }
    ui.add(egui::Label::new(RichText::new(facts.name).color(palette.text)).truncate());
}

fn divider(ui: &mut Ui, palette: &Palette) {
    let (rect, _) = ui.allocate_exact_size(Vec2::new(17.0, 20.0), Sense::hover());
    ui.painter().vline(rect.center().x, rect.y_range(), egui::Stroke::new(1.0, palette.line));
}

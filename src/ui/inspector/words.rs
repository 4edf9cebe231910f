//! What the picture shows, and what it must not show.

use super::super::widgets::{caption, section};
use crate::project::{DEFAULT_PROMPT, Project};
use eframe::egui::{Margin, TextEdit, Ui};

pub(super) fn show(ui: &mut Ui, project: &mut Project) {
    section(ui, "Prompt", |ui| {
        field(ui, "Prompt", &mut project.prompt, DEFAULT_PROMPT, 3);
        caption(ui, "Must not show");
        field(ui, "Must not show", &mut project.negative_prompt, "hat, sunglasses, second earring", 2);
    });
}

fn field(ui: &mut Ui, name: &str, text: &mut String, hint: &str, rows: usize) {
    let field = TextEdit::multiline(text)
        .hint_text(hint.to_owned())
        .desired_rows(rows)
        .desired_width(f32::INFINITY)
        .margin(Margin::symmetric(8, 6));
    ui.add(field).accessible_name(name);
}

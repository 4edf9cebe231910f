//! Small files that change how a model paints: LoRAs with their strength, learned words with their name.

use super::super::widgets::{NAME_WIDTH, Weight, at_right, command};
use super::super::{Action, Command, Palette};
use crate::project::{Embedding, Lora, Recipe};
use eframe::egui::{Align, Button, Label, Layout, RichText, Slider, SliderClamping, TextEdit, Ui, Vec2};
use std::ops::RangeInclusive;

/// Strengths within reach of the hand; files may say more.
const STRENGTH: RangeInclusive<f64> = -1.0..=2.0;

pub(super) fn show(ui: &mut Ui, recipe: &mut Recipe, actions: &mut Vec<Action>) {
    recipe.loras.retain_mut(|lora| !lora_row(ui, lora));
    recipe.embeddings.retain_mut(|embedding| !embedding_row(ui, embedding));
    ui.horizontal(|ui| {
        command(ui, Command::OpenLora, Weight::Normal, true, actions);
        command(ui, Command::OpenEmbedding, Weight::Normal, true, actions);
    });
}

/// True if the LoRA is to go.
fn lora_row(ui: &mut Ui, lora: &mut Lora) -> bool {
    let name = name_of(&lora.file);
    file_row(ui, &name, &lora.file, |ui| {
        ui.spacing_mut().slider_width = (ui.available_width() - 60.0).max(48.0);
        let slider =
            Slider::new(&mut lora.strength, STRENGTH).clamping(SliderClamping::Edits).fixed_decimals(2);
        ui.add(slider).accessible_name(format!("Strength of {name}"));
    })
}

/// True if the word is to go.
fn embedding_row(ui: &mut Ui, embedding: &mut Embedding) -> bool {
    let name = name_of(&embedding.file);
    file_row(ui, &name, &embedding.file, |ui| {
        let field =
            ui.add(TextEdit::singleline(&mut embedding.token).desired_width(f32::INFINITY).hint_text("word"));
        field
            .on_hover_text("Type this word in the prompt to call what the file has learned")
            .accessible_name(format!("Word of {name}"));
        embedding.token.retain(|c| !c.is_whitespace() && !c.is_control());
    })
}

/// A file's name, its field, and the button that takes it out; true once that is clicked.
fn file_row(ui: &mut Ui, name: &str, file: &str, field: impl FnOnce(&mut Ui)) -> bool {
    let quiet = Palette::of(ui).quiet;
    ui.horizontal(|ui| {
        let size = Vec2::new(NAME_WIDTH, ui.spacing().interact_size.y);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_size(size);
            ui.add(Label::new(RichText::new(name).color(quiet)).truncate()).on_hover_text(file);
        });
        at_right(ui, |ui| {
            let remove = ui.add(Button::new(RichText::new("×").color(quiet)).frame_when_inactive(false));
            let remove = remove.on_hover_text("Take it out of the recipe");
            let clicked = remove.clicked();
            remove.accessible_name(format!("Remove {name}"));
            ui.with_layout(Layout::left_to_right(Align::Center), field);
            clicked
        })
    })
    .inner
}

/// The file's name without folders and ending.
fn name_of(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".safetensors").unwrap_or(name).to_owned()
}

//! The product: which photo, how large the piece really is, how it lies on the canvas.

use super::super::widgets::{Weight, caption, command, row, section, segments};
use super::super::{Action, Command, Facts, Palette, ProductState};
use super::fields::{number, optional};
use crate::project::{Ear, Earring, Project, Scale};
use eframe::egui::{Button, CornerRadius, Frame, Key, Label, Margin, RichText, TextStyle, Ui};
use std::ops::RangeInclusive;

/// A usual drop earring, millimetres: where a first real height starts.
const USUAL_HEIGHT_MM: f64 = 40.0;
const HEIGHTS_MM: RangeInclusive<f64> = 1.0..=300.0;

pub(super) fn show(ui: &mut Ui, project: &mut Project, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    section(ui, "Earring", |ui| {
        let canvas = project.canvas;
        let Some(earring) = project.earrings.first_mut() else {
            ui.label(RichText::new("No earring yet.").color(Palette::of(ui).quiet));
            command(ui, Command::OpenPhoto, Weight::Normal, true, actions);
            return;
        };
        let state = facts.product(earring.id);
        photo(ui, earring, state, actions);
        if earring.real_height_mm.is_some() {
            row(ui, "Real height", |ui| {
                optional(ui, &mut earring.real_height_mm, "not set", USUAL_HEIGHT_MM, HEIGHTS_MM, 1, " mm");
            });
        } else {
            ask_for_height(ui, earring, &mut project.scale);
        }
        size(ui, earring, state, actions);
        row(ui, "Rotation", |ui| number(ui, &mut earring.rotation_deg, -180.0..=180.0, 1, "°"));
        row(ui, "Hook at", |ui| {
            let (width, height) = (f64::from(canvas.width), f64::from(canvas.height));
            ui.spacing_mut().item_spacing.x = 4.0;
            number(ui, &mut earring.hook_in_canvas.x, -width..=2.0 * width, 1, " px");
            number(ui, &mut earring.hook_in_canvas.y, -height..=2.0 * height, 1, " px");
        });
        row(ui, "Mirror", |ui| ui.checkbox(&mut earring.mirror, "Flip left to right"));
        row(ui, "Worn on", |ui| {
            let ears = [(Ear::Auto, "Auto", true), (Ear::Left, "Left", true), (Ear::Right, "Right", true)];
            if let Some(ear) = segments(ui, "Worn on", earring.ear, &ears) {
                earring.ear = ear;
            }
        });
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            replace(ui, actions);
            command(ui, Command::CentreEarring, Weight::Normal, true, actions);
            command(ui, Command::RemoveEarring, Weight::Normal, true, actions);
        });
    });
}

fn replace(ui: &mut Ui, actions: &mut Vec<Action>) {
    if ui.button("Replace…").on_hover_text(Command::OpenPhoto.tooltip()).clicked() {
        actions.push(Action::Command(Command::OpenPhoto));
    }
}

/// The one number that a photo does not tell, asked for where it cannot be overlooked.
fn ask_for_height(ui: &mut Ui, earring: &mut Earring, scale: &mut Scale) {
    let palette = Palette::of(ui);
    Frame::new()
        .fill(palette.accent_ground)
        .corner_radius(CornerRadius::same(6))
        .inner_margin(Margin::symmetric(12, 8))
        .show(ui, |ui| {
            ui.take_available_width();
            ui.label(RichText::new("How tall is it really?").strong().color(palette.text));
            let why = RichText::new("Its real height gives the face its size beside it.");
            ui.label(why.text_style(TextStyle::Small).color(palette.text));
            ui.horizontal(|ui| {
                let id = ui.make_persistent_id("asked_height");
                let mut height = ui.data(|data| data.get_temp(id)).unwrap_or(USUAL_HEIGHT_MM);
                let field = number(ui, &mut height, HEIGHTS_MM, 1, " mm").accessible_name("Real height");
                ui.data_mut(|data| data.insert_temp(id, height));
                let take = Button::new(RichText::new("Use it").color(palette.on_accent)).fill(palette.accent);
                let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
                if ui.add(take).clicked() || entered {
                    earring.real_height_mm = Some(height);
                    *scale = Scale::RealSize { face_mm: None };
                }
            });
        });
}

fn photo(ui: &mut Ui, earring: &Earring, state: Option<&ProductState>, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    row(ui, "Photo", |ui| {
        let name = earring.file.rsplit(['/', '\\']).next().unwrap_or(&earring.file);
        ui.add(Label::new(RichText::new(name).color(palette.text)).truncate()).on_hover_text(&earring.file);
    });
    if let Some(ProductState::Failed(why)) = state {
        ui.label(RichText::new(why).text_style(TextStyle::Small).color(palette.trouble));
    }
    let opaque = matches!(state, Some(ProductState::Ready { opaque: true, .. }));
    if let Some(cut) = &earring.cut_from {
        let source = cut.file.rsplit(['/', '\\']).next().unwrap_or(&cut.file);
        caption(ui, format!("Cut out of {source}")).on_hover_text(&cut.file);
    } else if opaque {
        let text = RichText::new("Its background is still there.").text_style(TextStyle::Small);
        ui.label(text.color(palette.warning));
    }
    if opaque || earring.cut_from.is_some() {
        ui.horizontal_wrapped(|ui| {
            command(ui, Command::CutOut, Weight::Normal, true, actions);
            if earring.cut_from.is_some() {
                command(ui, Command::KeepWholePhoto, Weight::Normal, true, actions);
            }
        });
    }
}

/// The matte's height on the canvas: what a designer means by size.
fn size(ui: &mut Ui, earring: &mut Earring, state: Option<&ProductState>, actions: &mut Vec<Action>) {
    row(ui, "Size", |ui| {
        let Some(ProductState::Ready { matte, .. }) = state else {
            ui.label(RichText::new("…").color(Palette::of(ui).quiet));
            return;
        };
        let matte_height = f64::from(matte.height()).max(1.0);
        let before = matte_height * earring.scale;
        let mut height = before;
        number(ui, &mut height, 4.0..=8192.0, 0, " px");
        if height != before {
            earring.scale = height / matte_height;
        }
        command(ui, Command::ActualPixels, Weight::Flat, earring.scale != 1.0, actions);
    });
}

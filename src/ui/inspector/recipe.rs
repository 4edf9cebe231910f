//! The sampler's settings.

use super::super::widgets::{Weight, command, row, section};
use super::super::{Action, Command, Session};
use super::adapters;
use super::fields::optional;
use crate::project::{Project, Recipe, Sampler};
use eframe::egui::{ComboBox, DragValue, Slider, Ui, Vec2};

/// Where typed values start: the paper's own (METHOD 6 and 7).
const PAPER_STEPS: f64 = 30.0;
const PAPER_GUIDANCE: f64 = 7.0;
const PAPER_GAMMA: f64 = 400.0;

/// Height at which the list of samplers needs no scrolling, points.
const WHOLE_LIST: f32 = 320.0;

pub(super) fn show(ui: &mut Ui, project: &mut Project, session: &mut Session, actions: &mut Vec<Action>) {
    let has_face = project.face.is_some();
    let recipe = &mut project.recipe;
    section(ui, "Recipe", |ui| {
        row(ui, "Seed", |ui| {
            ui.add_sized(Vec2::new(80.0, 28.0), DragValue::new(&mut recipe.seed).speed(1.0));
            command(ui, Command::ShuffleSeed, Weight::Flat, true, actions);
        });
        row(ui, "", |ui| {
            ui.checkbox(&mut session.seed_locked, "Keep this seed")
                .on_hover_text("Off: every picture draws a seed of its own");
        });
        row(ui, "Sampler", |ui| sampler(ui, &mut recipe.sampler));
        row(ui, "Steps", |ui| steps(ui, recipe));
        row(ui, "Guidance", |ui| {
            optional(ui, &mut recipe.guidance, "auto", PAPER_GUIDANCE, 0.0..=50.0, 1, "");
        });
        row(ui, "Gamma", |ui| optional(ui, &mut recipe.gamma, "auto", PAPER_GAMMA, 0.0..=1000.0, 0, ""));
        strength(ui, "Likeness", &mut recipe.appearance_strength, 1.0, has_face);
        strength(ui, "Control", &mut recipe.control_strength, 2.0, true);
        adapters::show(ui, recipe, actions);
    });
}

fn sampler(ui: &mut Ui, chosen: &mut Option<Sampler>) {
    let name = |sampler: Option<Sampler>| sampler.map_or("auto", |sampler| words(sampler).0);
    let list = ComboBox::from_id_salt("sampler").width(ui.available_width()).height(WHOLE_LIST);
    list.selected_text(name(*chosen)).show_ui(ui, |ui| {
        ui.selectable_value(chosen, None, "auto").on_hover_text("What the model bundle is best run with");
        for sampler in Sampler::ALL {
            let (name, hint) = words(sampler);
            ui.selectable_value(chosen, Some(sampler), name).on_hover_text(hint);
        }
    });
}

/// A sampler's name, and when to take it.
fn words(sampler: Sampler) -> (&'static str, &'static str) {
    match sampler {
        Sampler::Ddim => ("DDIM", "The method's own: steady, 30 steps"),
        Sampler::Ddpm => ("DDPM", "Draws fresh noise at every step; needs many steps"),
        Sampler::Euler => ("Euler", "Plain and quick, 20 to 30 steps"),
        Sampler::EulerAncestral => {
            ("Euler ancestral", "Draws fresh noise at every step; changes with the number of steps")
        }
        Sampler::Dpmpp2mKarras => ("DPM++ 2M Karras", "Sharp in 20 to 25 steps"),
        Sampler::UniPc => ("UniPC", "Good from 10 to 20 steps"),
        Sampler::Lcm => ("LCM", "4 to 8 steps; only for models or LoRAs made for it"),
    }
}

fn steps(ui: &mut Ui, recipe: &mut Recipe) {
    let mut steps = recipe.steps.map(f64::from);
    optional(ui, &mut steps, "auto", PAPER_STEPS, 1.0..=1000.0, 0, "");
    // The field's range keeps the value inside u32.
    recipe.steps = steps.map(|steps| steps.round() as u32);
}

fn strength(ui: &mut Ui, name: &str, value: &mut f64, most: f64, enabled: bool) {
    row(ui, name, |ui| {
        ui.spacing_mut().slider_width = (ui.available_width() - 60.0).max(48.0);
        ui.add_enabled(enabled, Slider::new(value, 0.0..=most).fixed_decimals(2))
            .on_disabled_hover_text("Choose a face first");
    });
}

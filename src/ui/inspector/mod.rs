//! The right panel: every decision that is a number or a word, in the order in which an ad is composed.

mod adapters;
mod canvas_size;
mod earring;
mod face;
mod fields;
mod recipe;
mod scale;
mod words;

pub(super) use scale::misfit_text;

use super::{Action, Facts, Session};
use crate::project::Project;
use eframe::egui::{ScrollArea, Ui};

pub(super) fn show(
    ui: &mut Ui,
    project: &mut Project,
    session: &mut Session,
    facts: &Facts<'_>,
    actions: &mut Vec<Action>,
) {
    ScrollArea::vertical().id_salt("inspector").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        earring::show(ui, project, facts, actions);
        canvas_size::show(ui, project);
        scale::show(ui, project, session, facts, actions);
        face::show(ui, project, session, facts, actions);
        words::show(ui, project);
        recipe::show(ui, project, session, actions);
    });
}

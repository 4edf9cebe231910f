//! How large the face is beside the earring, and how well the lobe meets the hook.

use super::super::widgets::{Weight, caption, command, row, section, segments};
use super::super::{Action, Command, Facts, Palette, Session, Tool, ViewMode};
use super::fields::{number, optional};
use crate::project::{Project, Scale};
use crate::scene::{Band, Misfit};
use eframe::egui::{RichText, Slider, TextStyle, Ui};

/// An adult face from brow to chin, millimetres: where a typed face height starts.
const USUAL_FACE_MM: f64 = 120.0;
/// A lobe this near the hook counts as meeting it, millimetres.
const MEETS_MM: f64 = 0.5;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Ratio,
    RealSize,
    Band,
}

pub(super) fn show(
    ui: &mut Ui,
    project: &mut Project,
    session: &mut Session,
    facts: &Facts<'_>,
    actions: &mut Vec<Action>,
) {
    section(ui, "Scale", |ui| {
        let canvas_height = f64::from(project.canvas.height);
        let band = facts.layout.map_or(middle(canvas_height), |layout| layout.scene.band);
        choose_kind(ui, &mut project.scale, band, canvas_height);
        let knows_height = project.earrings.first().is_some_and(|earring| earring.real_height_mm.is_some());
        match &mut project.scale {
            Scale::Ratio(ratio) => ratio_field(ui, ratio),
            Scale::RealSize { face_mm } => {
                row(ui, "Face height", |ui| {
                    optional(ui, face_mm, "average", USUAL_FACE_MM, 60.0..=250.0, 0, " mm");
                });
                if !knows_height {
                    let text = RichText::new("Set the earring's real height above to use this.");
                    ui.label(text.text_style(TextStyle::Small).color(Palette::of(ui).warning));
                }
            }
            Scale::Band { top, bottom } => {
                row(ui, "From, to", |ui| {
                    ui.spacing_mut().item_spacing.x = 4.0;
                    number(ui, top, 0.0..=*bottom - 1.0, 0, " px");
                    number(ui, bottom, *top + 1.0..=canvas_height, 0, " px");
                });
                draw_button(ui, session);
            }
        }
        if let Some(layout) = facts.layout
            && !project.earrings.is_empty()
        {
            misfit(ui, layout.scene.misfit, actions);
        }
    });
}

fn middle(canvas_height: f64) -> Band {
    Band { top: canvas_height * 0.25, bottom: canvas_height * 0.75 }
}

/// Changing the kind keeps the band where it is, as far as the new kind can say it.
fn choose_kind(ui: &mut Ui, scale: &mut Scale, band: Band, canvas_height: f64) {
    let kind = match scale {
        Scale::Ratio(_) => Kind::Ratio,
        Scale::RealSize { .. } => Kind::RealSize,
        Scale::Band { .. } => Kind::Band,
    };
    let kinds =
        [(Kind::Ratio, "Ratio", true), (Kind::RealSize, "Real size", true), (Kind::Band, "Drawn band", true)];
    *scale = match segments(ui, "Scale", kind, &kinds) {
        None => return,
        Some(Kind::Ratio) => Scale::Ratio(((band.bottom - band.top) / canvas_height * 100.0).round() / 100.0),
        Some(Kind::RealSize) => Scale::RealSize { face_mm: None },
        Some(Kind::Band) => Scale::Band { top: band.top.round(), bottom: band.bottom.round() },
    };
}

fn ratio_field(ui: &mut Ui, ratio: &mut f64) {
    row(ui, "Face height", |ui| {
        let mut percent = *ratio * 100.0;
        ui.spacing_mut().slider_width = (ui.available_width() - 68.0).max(48.0);
        if ui
            .add(Slider::new(&mut percent, 10.0..=100.0).step_by(1.0).fixed_decimals(0).suffix(" %"))
            .changed()
        {
            *ratio = percent / 100.0;
        }
    });
    caption(ui, "Share of the canvas, brow to chin. Usual: 30 to 70 %.");
}

fn draw_button(ui: &mut Ui, session: &mut Session) {
    let drawing = session.tool == Tool::DrawBand;
    let label = if drawing { "Drag on the canvas…" } else { "Draw on the canvas" };
    if ui.selectable_label(drawing, label).clicked() {
        session.tool = if drawing { Tool::Arrange } else { Tool::DrawBand };
        session.mode = ViewMode::Layout;
    }
}

fn misfit(ui: &mut Ui, misfit: Misfit, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let meets = misfit.mm.abs() < MEETS_MM;
    let colour = if meets { palette.good } else { palette.warning };
    ui.label(RichText::new(misfit_text(misfit)).text_style(TextStyle::Small).color(colour));
    command(ui, Command::FitBand, Weight::Normal, !meets, actions);
}

/// What the designer reads about the lobe and the hook.
pub(in crate::ui) fn misfit_text(misfit: Misfit) -> String {
    if misfit.mm.abs() < MEETS_MM {
        return "The lobe meets the hook.".to_owned();
    }
    let side = if misfit.mm > 0.0 { "below" } else { "above" };
    format!("The lobe lies {:.1} mm {side} the hook.", misfit.mm.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_misfit_is_told_in_words_with_its_side() {
        assert_eq!(misfit_text(Misfit { px: 0.2, mm: 0.1 }), "The lobe meets the hook.");
        assert_eq!(misfit_text(Misfit { px: 20.0, mm: 4.25 }), "The lobe lies 4.2 mm below the hook.");
        assert_eq!(misfit_text(Misfit { px: -20.0, mm: -4.0 }), "The lobe lies 4.0 mm above the hook.");
    }
}

//! Notices above everything, and the status line below it.

use super::widgets::{Weight, at_right, caption, command};
use super::{Action, Facts, Notice, NoticeKind, Palette};
use crate::control::BandNotice;
use crate::project::Project;
use crate::workflow;
use eframe::egui;
use eframe::egui::{
    Align2, Area, CornerRadius, Frame, Id, Margin, Order, RichText, Sense, Stroke, TextStyle, Ui, Vec2,
};

const WIDTH: f32 = 400.0;
/// Below the window's top, points: under every header, where neither product nor checks lie.
const TOP: f32 = 104.0;
/// More would hide the work.
const MOST_SHOWN: usize = 3;

pub(super) fn show(ui: &mut Ui, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    if facts.notices.is_empty() {
        return;
    }
    Area::new(Id::unique("notices"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_TOP, Vec2::new(0.0, TOP))
        .show(ui.ctx(), |ui| {
            let first = facts.notices.len().saturating_sub(MOST_SHOWN);
            for notice in &facts.notices[first..] {
                card(ui, notice, actions);
            }
        });
}

fn card(ui: &mut Ui, notice: &Notice, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let colour = match notice.kind {
        NoticeKind::Done => palette.good,
        NoticeKind::Trouble => palette.trouble,
    };
    Frame::new()
        .fill(palette.panel)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(CornerRadius::same(8))
        .shadow(ui.visuals().popup_shadow)
        .inner_margin(Margin { left: 20, right: 12, top: 12, bottom: 12 })
        .show(ui, |ui| {
            ui.set_width(WIDTH);
            ui.spacing_mut().item_spacing.y = 4.0;
            ui.horizontal(|ui| {
                ui.label(RichText::new(&notice.headline).strong().color(palette.text));
                at_right(ui, |ui| {
                    let close = egui::Button::new("Close").small().frame_when_inactive(false);
                    if ui.add(close).clicked() {
                        actions.push(Action::DismissNotice(notice.id));
                    }
                });
            });
            for line in [&notice.detail, &notice.what_was_kept] {
                if !line.is_empty() {
                    ui.label(RichText::new(line).text_style(TextStyle::Small).color(palette.quiet));
                }
            }
            if !notice.offers.is_empty() {
                ui.add_space(4.0);
                ui.horizontal_wrapped(|ui| {
                    for offer in &notice.offers {
                        if command(ui, *offer, Weight::Normal, true, actions).clicked() {
                            actions.push(Action::DismissNotice(notice.id));
                        }
                    }
                });
            }
            let edge = ui.min_rect().expand2(Vec2::new(20.0, 12.0));
            let bar = egui::Rect::from_min_size(
                edge.min + Vec2::new(8.0, 12.0),
                Vec2::new(3.0, edge.height() - 24.0),
            );
            ui.painter().rect_filled(bar, CornerRadius::same(2), colour);
        });
}

/// What the canvas holds and what is worth knowing about it.
pub(super) fn status_line(ui: &mut Ui, project: &Project, facts: &Facts<'_>) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        ui.set_min_height(20.0);
        match worry(facts) {
            Some(worry) => {
                let (dot, _) = ui.allocate_exact_size(Vec2::splat(8.0), Sense::hover());
                ui.painter().circle_filled(dot.center(), 3.0, palette.warning);
                let text = RichText::new(worry).text_style(TextStyle::Small).color(palette.text);
                ui.add(egui::Label::new(text).truncate());
            }
            None => {
                caption(ui, hint(project));
            }
        }
        at_right(ui, |ui| {
            caption(ui, format!("Canvas {} × {} px", project.canvas.width, project.canvas.height));
        });
    });
}

fn worry(facts: &Facts<'_>) -> Option<String> {
    if let Some(trouble) = facts.layout_trouble {
        return Some(trouble.to_owned());
    }
    let notices = facts.layout?.notices;
    // The inspector and the canvas already show the misfit, and an empty canvas says what it lacks.
    let shown_elsewhere = |notice: &&workflow::Notice| {
        matches!(notice, workflow::Notice::Misfit(_) | workflow::Notice::Band(BandNotice::NoEarring))
    };
    let notice = notices.iter().find(|notice| !shown_elsewhere(notice))?;
    Some(sentence(&notice.to_string()))
}

/// With a capital letter and a full stop.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn hint(project: &Project) -> &'static str {
    if project.earrings.is_empty() {
        "Drop a photo of an earring on the canvas to begin."
    } else {
        "Arrow keys move the earring by a pixel, with Shift by ten. Hold Space to move the view."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worry_is_a_sentence() {
        assert_eq!(sentence("the band was moved"), "The band was moved.");
    }
}

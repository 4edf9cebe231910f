//! The strip of pictures made in this session.

use super::facts::worth;
use super::{Action, Facts, HistoryCard, Palette, Session, ViewMode, checks};
use eframe::egui;
use eframe::egui::{
    Color32, CornerRadius, Rect, Response, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo,
    pos2,
};

const TILE: f32 = 56.0;
/// Height of the strip: a tile and the ring around the chosen one.
pub(super) const HEIGHT: f32 = TILE + 6.0;

pub(super) fn show(ui: &mut Ui, session: &mut Session, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    ScrollArea::horizontal().id_salt("history").auto_shrink([false, true]).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.add_space(3.0);
            for card in in_order(facts.history, session.sort_by_checks) {
                let shown = facts.picture_number == Some(card.number) && session.mode != ViewMode::Layout;
                if tile(ui, card, shown).clicked() {
                    actions.push(Action::ShowPicture(card.number));
                    if session.mode == ViewMode::Layout {
                        session.mode = ViewMode::Picture;
                    }
                }
            }
        });
    });
}

/// The newest first, or the best.
fn in_order(cards: &[HistoryCard], by_checks: bool) -> Vec<&HistoryCard> {
    let mut cards: Vec<_> = cards.iter().rev().collect();
    if by_checks {
        cards.sort_by(|one, other| other.checks.score.total_cmp(&one.checks.score));
    }
    cards
}

fn tile(ui: &mut Ui, card: &HistoryCard, shown: bool) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(TILE), Sense::click());
    let name = format!("Picture {}", card.number);
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, shown, &name));
    let radius = CornerRadius::same(6);
    let picture = egui::epaint::RectShape::filled(rect, radius, Color32::WHITE)
        .with_texture(card.thumbnail.id, square_of(card.thumbnail.size));
    ui.painter().add(picture);
    if !card.checks.list.is_empty() {
        let at = rect.right_bottom() - Vec2::splat(10.0);
        ui.painter().circle_filled(at, 9.0, palette.panel.gamma_multiply(0.85));
        checks::sign(ui.painter(), at, 12.0, checks::worst(&card.checks), &palette);
    }
    if shown {
        ui.painter().rect_stroke(rect, radius, Stroke::new(2.0, palette.accent), StrokeKind::Outside);
    } else if response.hovered() || response.has_focus() {
        ui.painter().rect_stroke(rect, radius, Stroke::new(1.0, palette.accent), StrokeKind::Outside);
    }
    let worth = worth(card.kind).map(|worth| format!("\n{worth}")).unwrap_or_default();
    let checked = checks::summary(&card.checks);
    response.on_hover_text(format!("{name}\nSeed {}{worth}\n{checked}", card.seed))
}

/// The largest centred square of a picture, in texture coordinates.
pub(super) fn square_of(size: Vec2) -> Rect {
    let side = size.min_elem().max(1.0);
    let margin = (Vec2::ONE - Vec2::new(side / size.x.max(1.0), side / size.y.max(1.0))) / 2.0;
    Rect::from_min_max(pos2(margin.x, margin.y), pos2(1.0 - margin.x, 1.0 - margin.y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EngineKind;
    use crate::ui::Texture;
    use crate::workflow::Checks;

    #[test]
    fn the_best_pictures_come_first_and_among_equals_the_newest() {
        let card = |number: usize, score: f64| HistoryCard {
            number,
            thumbnail: Texture { id: egui::TextureId::default(), size: Vec2::ONE },
            seed: 0,
            kind: EngineKind::Trained,
            checks: Checks { score, ..Checks::default() },
        };
        let cards = [card(1, 3.5), card(2, 6.2), card(3, 3.5)];
        let numbers =
            |by_checks| in_order(&cards, by_checks).iter().map(|card| card.number).collect::<Vec<_>>();
        assert_eq!(numbers(false), [3, 2, 1]);
        assert_eq!(numbers(true), [2, 3, 1]);
    }

    #[test]
    fn a_wide_picture_shows_its_middle_square() {
        let square = square_of(Vec2::new(200.0, 100.0));
        assert_eq!(square, Rect::from_min_max(pos2(0.25, 0.0), pos2(0.75, 1.0)));
    }
}

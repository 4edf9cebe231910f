//! Whose face the model resembles.

use super::super::history::square_of;
use super::super::widgets::{Weight, caption, command, section};
use super::super::{Action, Command, Facts, Palette, Session};
use crate::project::{Face, Project, Square};
use eframe::egui;
use eframe::egui::{
    Align2, Color32, CornerRadius, Label, Pos2, Rect, RichText, Role, Sense, Stroke, StrokeKind, TextStyle,
    Ui, Vec2, WidgetInfo, pos2,
};

const BOX: f32 = 72.0;

pub(super) fn show(
    ui: &mut Ui,
    project: &Project,
    session: &mut Session,
    facts: &Facts<'_>,
    actions: &mut Vec<Action>,
) {
    section(ui, "Face", |ui| {
        ui.horizontal(|ui| {
            thumbnail(ui, project.face.as_ref(), session, facts, actions);
            ui.vertical(|ui| match &project.face {
                None => {
                    caption(ui, "Anyone. Drop a face on the box to choose whom the model resembles.");
                    command(ui, Command::OpenFace, Weight::Normal, true, actions);
                }
                Some(face) => {
                    let name = face.file.rsplit(['/', '\\']).next().unwrap_or(&face.file);
                    ui.add(Label::new(name).truncate()).on_hover_text(&face.file);
                    command(ui, Command::CareForFace, Weight::Normal, facts.face.is_some(), actions);
                    command(ui, Command::RemoveFace, Weight::Normal, true, actions);
                }
            });
        });
        if let Some(trouble) = facts.face_trouble {
            let palette = Palette::of(ui);
            ui.label(RichText::new(trouble).text_style(TextStyle::Small).color(palette.trouble));
        }
    });
}

fn thumbnail(
    ui: &mut Ui,
    chosen: Option<&Face>,
    session: &mut Session,
    facts: &Facts<'_>,
    actions: &mut Vec<Action>,
) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(BOX), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Face photo"));
    session.face_box = rect;
    let radius = CornerRadius::same(6);
    let ground = if response.hovered() { palette.field_hover } else { palette.field };
    ui.painter().rect_filled(rect, radius, ground);
    match facts.face {
        Some(face) => {
            let picture = egui::epaint::RectShape::filled(rect, radius, Color32::WHITE)
                .with_texture(face.texture.id, shown_part(chosen.and_then(|face| face.crop), face.size));
            ui.painter().add(picture);
        }
        None => {
            let font = TextStyle::Small.resolve(ui.style());
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, "Drop a\nface here", font, palette.quiet);
        }
    }
    if facts.file_hovers {
        ui.painter().rect_stroke(rect, radius, Stroke::new(2.0, palette.accent), StrokeKind::Inside);
    }
    if response.clicked() {
        actions.push(Action::Command(Command::OpenFace));
    }
    response.on_hover_text(Command::OpenFace.tooltip());
}

/// The crop of a photo of `size`, or the largest centred square, in texture coordinates.
fn shown_part(crop: Option<Square>, size: Vec2) -> Rect {
    let Some(crop) = crop else { return square_of(size) };
    let corner = pos2(crop.left as f32, crop.top as f32);
    let part = Rect::from_min_size(corner, Vec2::splat(crop.side as f32));
    let share = |at: Pos2| pos2(at.x / size.x.max(1.0), at.y / size.y.max(1.0));
    Rect::from_min_max(share(part.min), share(part.max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_shows_the_crop_whatever_the_texture_s_size() {
        let crop = Square { left: 100.0, top: 50.0, side: 200.0 };
        let part = shown_part(Some(crop), Vec2::new(400.0, 500.0));
        assert_eq!(part, Rect::from_min_max(pos2(0.25, 0.1), pos2(0.75, 0.5)));
    }
}

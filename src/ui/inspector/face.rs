//! Whose face the model resembles.

use super::super::history::square_of;
use super::super::widgets::{Weight, caption, command, section};
use super::super::{Action, Command, Facts, Palette, Session};
use crate::project::Project;
use eframe::egui;
use eframe::egui::{
    Align2, Color32, CornerRadius, Label, RichText, Role, Sense, TextStyle, Ui, Vec2, WidgetInfo,
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
            thumbnail(ui, session, facts, actions);
            ui.vertical(|ui| match &project.face {
                None => {
                    caption(ui, "Anyone. Drop a face on the box to choose whom the model resembles.");
                    command(ui, Command::OpenFace, Weight::Normal, true, actions);
                }
                Some(face) => {
                    let name = face.file.rsplit(['/', '\\']).next().unwrap_or(&face.file);
                    ui.add(Label::new(name).truncate()).on_hover_text(&face.file);
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

fn thumbnail(ui: &mut Ui, session: &mut Session, facts: &Facts<'_>, actions: &mut Vec<Action>) {
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
                .with_texture(face.id, square_of(face.size));
            ui.painter().add(picture);
        }
        None => {
            let font = TextStyle::Small.resolve(ui.style());
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, "Drop a\nface here", font, palette.quiet);
        }
    }
    if response.clicked() {
        actions.push(Action::Command(Command::OpenFace));
    }
    response.on_hover_text(Command::OpenFace.tooltip());
}

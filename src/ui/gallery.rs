//! The pose gallery: 15 heads in three rows, and free angles for what they do not show.

use super::widgets::{Weight, caption, row, section, sized_command};
use super::{Action, Command, Facts, Palette, PoseCard};
use crate::body::PoseFacing;
use crate::project::{HeadAngles, PoseChoice, Project};
use eframe::egui;
use eframe::egui::{
    Color32, CornerRadius, Margin, Rect, Response, Role, ScrollArea, Sense, Slider, Stroke, StrokeKind, Ui,
    Vec2, WidgetInfo, pos2,
};

/// The rows as the viewer sees them.
const ROWS: [(PoseFacing, &str); 3] =
    [(PoseFacing::Left, "Facing left"), (PoseFacing::Front, "Front"), (PoseFacing::Right, "Facing right")];

/// Templates a row.
const COLUMNS: usize = 5;
const GAP: f32 = 6.0;
/// How far free angles go, degrees.
const YAW_LIMIT_DEG: f64 = 90.0;
const TILT_LIMIT_DEG: f64 = 45.0;

pub(super) fn show(ui: &mut Ui, project: &mut Project, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    ScrollArea::vertical().id_salt("gallery").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        section(ui, "Pose", |ui| {
            for (facing, name) in ROWS {
                ui.add_space(4.0);
                caption(ui, name);
                pose_row(ui, facing, project, facts, actions);
            }
        });
        section(ui, "Custom angles", |ui| {
            custom_angles(ui, project, facts);
            sized_command(ui, Command::PoseFromPhoto, Weight::Normal, true, from_photo(ui), actions);
            caption(ui, "Or drop a photo of a head on the gallery.");
        });
    });
}

/// As wide as the gallery.
fn from_photo(ui: &Ui) -> Vec2 {
    Vec2::new(ui.available_width(), 32.0)
}

fn pose_row(
    ui: &mut Ui,
    facing: PoseFacing,
    project: &Project,
    facts: &Facts<'_>,
    actions: &mut Vec<Action>,
) {
    let side = ((ui.available_width() - GAP * (COLUMNS - 1) as f32) / COLUMNS as f32).floor();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        let mut shown = 0;
        for pose in facts.poses.iter().filter(|pose| pose.facing == facing) {
            let chosen = project.pose == PoseChoice::Template(pose.id.clone());
            if tile(ui, pose, side, chosen).clicked() {
                actions.push(Action::PickPose(pose.id.clone()));
            }
            shown += 1;
        }
        for _ in shown..COLUMNS {
            let (rect, _) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
            ui.painter().rect_filled(rect, CornerRadius::same(6), Palette::of(ui).field);
        }
    });
}

fn tile(ui: &mut Ui, pose: &PoseCard, side: f32, chosen: bool) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click());
    response
        .widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, format!("Pose {}", pose.name)));
    let radius = CornerRadius::same(6);
    ui.painter().rect_filled(rect, radius, Color32::BLACK);
    if let Some(thumbnail) = pose.thumbnail {
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        let tint = if chosen || response.hovered() { Color32::WHITE } else { Color32::from_gray(205) };
        let picture = egui::epaint::RectShape::filled(rect, radius, tint).with_texture(thumbnail.id, uv);
        ui.painter().add(picture);
    }
    if chosen {
        ui.painter().rect_stroke(rect, radius, Stroke::new(2.0, palette.accent), StrokeKind::Outside);
    } else if response.hovered() || response.has_focus() {
        ui.painter().rect_stroke(rect, radius, Stroke::new(1.0, palette.accent), StrokeKind::Outside);
    }
    response.on_hover_text(format!("{}\n{}", pose.name, describe(pose.angles)))
}

/// "yaw -30°, pitch 0°, roll 5°"
fn describe(angles: HeadAngles) -> String {
    let HeadAngles { yaw_deg, pitch_deg, roll_deg } = angles;
    format!("yaw {yaw_deg:.0}°, pitch {pitch_deg:.0}°, roll {roll_deg:.0}°")
}

fn custom_angles(ui: &mut Ui, project: &mut Project, facts: &Facts<'_>) {
    let template = match &project.pose {
        PoseChoice::Template(id) => facts.poses.iter().find(|pose| pose.id == *id),
        PoseChoice::Angles(_) => None,
    };
    let before = match (&project.pose, template) {
        (PoseChoice::Angles(angles), _) => *angles,
        (_, Some(pose)) => pose.angles,
        (_, None) => HeadAngles::default(),
    };
    let mut angles = before;
    let mut slider = |name, value: &mut f64, limit: f64| {
        row(ui, name, |ui| {
            let room = ui.available_width() - 64.0;
            ui.spacing_mut().slider_width = room.max(48.0);
            ui.spacing_mut().interact_size.x = 48.0;
            ui.add(Slider::new(value, -limit..=limit).step_by(1.0).fixed_decimals(0).suffix("°"));
        });
    };
    slider("Turn", &mut angles.yaw_deg, YAW_LIMIT_DEG);
    slider("Nod", &mut angles.pitch_deg, TILT_LIMIT_DEG);
    slider("Tilt", &mut angles.roll_deg, TILT_LIMIT_DEG);
    if angles != before {
        project.pose = PoseChoice::Angles(angles);
    }
    let note = match (&project.pose, template) {
        (PoseChoice::Angles(_), _) => "Free angles are in use.".to_owned(),
        (_, Some(pose)) => format!("Starts from “{}”.", pose.name),
        (PoseChoice::Template(id), None) if !facts.poses.is_empty() => {
            format!("This project's pose, {id}, is not in the library: choose another.")
        }
        _ => "Reading the pose library…".to_owned(),
    };
    egui::Frame::new().inner_margin(Margin::ZERO).show(ui, |ui| caption(ui, note));
}

//! What stands around the photo: what to do, brushes, how good the result is, grounds and zoom.

use super::super::canvas::{ZOOM_WIDTH, zoom};
use super::super::widgets::{Weight, at_right, caption, command, command_segments, title};
use super::super::{Action, Command, Facts, Palette, Verdict};
use super::{Aim, Ground, Hand, PhotoTool};
use eframe::egui::{
    Align, CornerRadius, Label, Layout, Rect, RichText, Role, Sense, Slider, Spinner, TextStyle, Ui, Vec2,
    WidgetInfo, vec2,
};

/// Quality bar, points.
const BAR: Vec2 = vec2(120.0, 6.0);
/// From this share on a result is good, and below the other it is poor.
const GOOD: f32 = 0.7;
const POOR: f32 = 0.5;

pub(super) fn header(ui: &mut Ui, tool: &PhotoTool, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    let Some(photo) = &facts.photo else { return };
    let (what, hint) = match tool.aim {
        Aim::CutOut(_) => ("Cut out", "Brush over what is wrong; the cut-out follows."),
        Aim::Face => ("Crop and clean", "Pull the frame around the face, brush over what must go."),
    };
    ui.horizontal(|ui| {
        title(ui, what);
        ui.add(Label::new(RichText::new(photo.name).color(Palette::of(ui).quiet)).truncate());
        at_right(ui, |ui| {
            command(ui, Command::ApplyMarks, Weight::Primary, photo.can_apply, actions);
            command(ui, Command::Cancel, Weight::Normal, true, actions);
            if ui.available_width() > 360.0 {
                ui.add_space(8.0);
                caption(ui, hint);
            }
        });
    });
}

pub(super) fn brushes(ui: &mut Ui, tool: &mut PhotoTool, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        let kinds = match tool.aim {
            Aim::CutOut(_) => [Command::MarkProduct, Command::MarkBackground, Command::DrawFrame],
            Aim::Face => [Command::MarkRemove, Command::MarkKeep, Command::DrawFrame],
        };
        let hands = [Hand::Include, Hand::Exclude, Hand::Frame];
        let choices = [0, 1, 2].map(|index| (kinds[index], tool.hand == hands[index]));
        ui.allocate_ui(vec2(288.0, 28.0), |ui| command_segments(ui, "Brush", &choices, actions));
        ui.add_space(8.0);
        caption(ui, "Brush");
        let largest = tool.largest_radius();
        let mut radius = tool.radius;
        ui.spacing_mut().slider_width = 112.0;
        let slider = Slider::new(&mut radius, super::LEAST_BRUSH..=largest).logarithmic(true).suffix(" px");
        let slider = ui.add_enabled(tool.hand != Hand::Frame, slider.max_decimals(1));
        if slider.accessible_name("Brush radius").on_hover_text("Radius of the brush ([ and ])").changed() {
            tool.set_radius(radius);
        }
        ui.add_space(8.0);
        command(ui, Command::Undo, Weight::Flat, facts.can_undo, actions);
        command(ui, Command::Redo, Weight::Flat, facts.can_redo, actions);
        command(ui, Command::ClearMarks, Weight::Flat, tool.marks != tool.start, actions);
    });
}

pub(super) fn foot(ui: &mut Ui, tool: &PhotoTool, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    let Some(photo) = &facts.photo else { return };
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        if photo.working {
            ui.add(Spinner::new().size(14.0)).accessible_name("The result is being made");
        }
        match (&photo.verdict, photo.trouble) {
            (_, Some(trouble)) => {
                let text = RichText::new(trouble).color(Palette::of(ui).trouble);
                ui.add(Label::new(text).wrap());
            }
            (Some(verdict), None) => quality(ui, verdict),
            (None, None) => {
                caption(ui, if photo.working { "Looking at the photo…" } else { photo.hint });
            }
        }
    });
    ui.horizontal_wrapped(|ui| {
        if matches!(tool.aim, Aim::CutOut(_)) {
            let grounds = [
                (Command::GroundChecker, tool.ground == Ground::Checker),
                (Command::GroundBlack, tool.ground == Ground::Black),
                (Command::GroundWhite, tool.ground == Ground::White),
            ];
            ui.allocate_ui(vec2(288.0, 28.0), |ui| command_segments(ui, "Ground", &grounds, actions));
        }
        let original = [(Command::ShowOriginal, tool.original)];
        ui.allocate_ui(vec2(88.0, 28.0), |ui| command_segments(ui, "Original", &original, actions));
        at_right(ui, |ui| {
            let row = Layout::left_to_right(Align::Center);
            ui.allocate_ui_with_layout(vec2(ZOOM_WIDTH, 28.0), row, |ui| zoom(ui, &tool.view, actions));
        });
    });
}

/// How clean the result is: a bar, words, and what is doubtful about it.
fn quality(ui: &mut Ui, verdict: &Verdict) {
    let palette = Palette::of(ui);
    let share = verdict.share.clamp(0.0, 1.0);
    let (rect, response) = ui.allocate_exact_size(vec2(BAR.x, 28.0), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Meter, true, "Quality of the edge");
        info.value = Some(f64::from(share));
        info
    });
    let bar = Rect::from_center_size(rect.center(), BAR);
    let colour = if share >= GOOD {
        palette.good
    } else if share >= POOR {
        palette.warning
    } else {
        palette.trouble
    };
    ui.painter().rect_filled(bar, CornerRadius::same(3), palette.field_hover);
    let full = Rect::from_min_size(bar.min, vec2(bar.width() * share, bar.height()));
    ui.painter().rect_filled(full, CornerRadius::same(3), colour);
    ui.label(RichText::new(&verdict.words).color(palette.text));
    let doubts = verdict.doubts.join("  ");
    if !doubts.is_empty() {
        let text = RichText::new(&doubts).text_style(TextStyle::Small).color(palette.quiet);
        ui.add(Label::new(text).wrap());
    }
}

//! The canvas: the ad itself, to look at and to take hold of.
//!
//! The earring is drawn here from its own photo, every frame, over the last painted layout, so it follows the
//! pointer at once however long a layout takes.

mod controls;
mod empty;
mod grip;
mod lens;
mod paint;
mod placement;
mod pointer;

pub(super) use controls::{ZOOM_WIDTH, zoom};
pub(super) use empty::drop_hint;
pub(super) use grip::Grip;
pub(super) use lens::Lens;
pub(super) use pointer::{moves_view, zoom_and_pan};

use super::{Action, Facts, Palette, Session, ViewMode, checks, history, work};
use crate::project::{Project, Scale};
use eframe::egui::{Frame, Margin, Panel, Role, Sense, Ui, WidgetInfo};

/// Draws the canvas with its header and the pictures made so far.
pub(super) fn show(
    ui: &mut Ui,
    project: &mut Project,
    session: &mut Session,
    facts: &Facts<'_>,
    actions: &mut Vec<Action>,
) {
    let header = Frame::new().inner_margin(Margin::symmetric(16, 8));
    Panel::top("canvas_header").frame(header).resizable(false).show_separator_line(false).show(ui, |ui| {
        controls::header(ui, project, session, facts);
    });
    let strip = Frame::new().inner_margin(Margin::symmetric(16, 8));
    let height = if facts.history.is_empty() { 28.0 } else { history::HEIGHT };
    Panel::bottom("history")
        .exact_size(height + 16.0)
        .frame(strip)
        .resizable(false)
        .show_separator_line(false)
        .show(ui, |ui| {
            controls::foot(ui, session, facts, actions);
        });
    if session.mode != ViewMode::Layout && (facts.picture.is_some() || facts.series.is_some()) {
        checks_card(ui, session, facts, actions);
    }
    let area = ui.available_rect_before_wrap();
    let id = ui.make_persistent_id("canvas");
    let response = ui.interact(area, id, Sense::click_and_drag());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Canvas, true, "Canvas");
        info.current_text_value = Some(describe(project));
        info
    });
    let lens = Lens::new(area, project.canvas, session.view.zoom, ui.pixels_per_point());
    zoom_and_pan(ui, &response, &mut session.view, &lens);
    let arranging = session.mode == ViewMode::Layout && !project.earrings.is_empty();
    if arranging {
        pointer::arrange(ui, &response, project, session, facts, &lens);
        pointer::keys(ui, &response, actions);
    } else if session.mode == ViewMode::Split {
        pointer::wipe(&response, session, &lens);
    }
    let painter = ui.painter().with_clip_rect(area);
    let palette = Palette::of(ui);
    paint::show(ui, &painter, project, session, facts, &lens);
    let empty = project.earrings.is_empty() && facts.run.is_none() && facts.work.is_empty();
    if empty && !facts.file_hovers && session.mode == ViewMode::Layout {
        empty::show(ui, area, actions);
    }
    work::show(ui, area, facts.work, actions);
    if facts.file_hovers {
        drop_hint(&painter, area, "Let go to place it", &palette);
    }
    session.view.shown_scale = lens.scale();
}

/// Below the picture, above the strip.
fn checks_card(ui: &mut Ui, session: &mut Session, facts: &Facts<'_>, actions: &mut Vec<Action>) {
    let margin = Margin { left: 16, right: 16, top: 0, bottom: 0 };
    let height = checks::height(session, facts, ui.available_width() - 32.0);
    Panel::bottom("checks")
        .exact_size(height)
        .frame(Frame::new().inner_margin(margin))
        .resizable(false)
        .show_separator_line(false)
        .show(ui, |ui| checks::show(ui, session, facts, actions));
}

/// The canvas in words, for those who cannot see it.
fn describe(project: &Project) -> String {
    let size = format!("{} by {} pixels", project.canvas.width, project.canvas.height);
    let earring = match project.earrings.first() {
        None => "no earring".to_owned(),
        Some(earring) => format!(
            "earring's hook at {:.0}, {:.0}, scale {:.0} percent, turned {:.0} degrees",
            earring.hook_in_canvas.x,
            earring.hook_in_canvas.y,
            earring.scale * 100.0,
            earring.rotation_deg
        ),
    };
    let scale = match &project.scale {
        Scale::Band { top, bottom } => format!("face from row {top:.0} to {bottom:.0}"),
        Scale::Ratio(ratio) => format!("face {:.0} percent of the canvas", ratio * 100.0),
        Scale::RealSize { .. } => "face by real size".to_owned(),
    };
    format!("{size}; {earring}; {scale}")
}

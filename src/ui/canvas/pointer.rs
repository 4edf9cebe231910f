//! Pointer and keys on the canvas.

use super::super::{Action, Facts, ProductState, Session, Tool, View, Zoom};
use super::grip::{Grip, Part, Reachable, part_at};
use super::lens::Lens;
use crate::project::Project;
use eframe::egui;
use eframe::egui::{CursorIcon, EventFilter, Key, PointerButton, Response, Ui};

/// A notch of the wheel, in scroll points.
const NOTCH: f32 = 200.0;

/// Wheel about the pointer; middle button or Space moves the view.
pub(in crate::ui) fn zoom_and_pan(ui: &Ui, response: &Response, view: &mut View, lens: &Lens) {
    let mut zoom = None;
    if let Some(factor) = view.step.take() {
        zoom = Some(lens.zoomed(factor, response.rect.center()));
    }
    if let Some(at) = response.hover_pos() {
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        let factor = pinch * (scroll / NOTCH).exp();
        if factor != 1.0 {
            zoom = Some(lens.zoomed(factor, at));
        }
    }
    if moves_view(ui, response) {
        let delta = response.drag_delta();
        if delta != egui::Vec2::ZERO && !response.drag_started() {
            zoom = Some(lens.panned(delta));
        }
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
    }
    if let Some(zoom) = zoom {
        view.zoom = zoom;
        ui.ctx().request_repaint();
    }
    if response.double_clicked_by(PointerButton::Middle) {
        view.zoom = Zoom::Fit;
    }
}

/// Whether a drag moves what is looked at rather than something on it.
pub(in crate::ui) fn moves_view(ui: &Ui, response: &Response) -> bool {
    let space = !ui.ctx().text_edit_focused() && ui.input(|input| input.key_down(Key::Space));
    response.dragged_by(PointerButton::Middle) || (space && response.dragged_by(PointerButton::Primary))
}

/// Takes, moves and lets go of parts of the layout.
pub(super) fn arrange(
    ui: &Ui,
    response: &Response,
    project: &mut Project,
    session: &mut Session,
    facts: &Facts<'_>,
    lens: &Lens,
) {
    if response.clicked() || response.drag_started() {
        response.request_focus();
    }
    let reachable = reachable(project, session, facts);
    if response.drag_started_by(PointerButton::Primary) && !moves_view(ui, response) {
        let pressed = ui.input(|input| input.pointer.press_origin()).or(response.interact_pointer_pos());
        if let Some(at) = pressed {
            let part = part_at(at, &reachable, lens);
            session.grip = Some(Grip::take(part, lens.to_canvas(at), &reachable));
        }
    }
    if session.grip.is_none() {
        if let Some(at) = response.hover_pos() {
            ui.ctx().set_cursor_icon(part_at(at, &reachable, lens).cursor());
        }
        return;
    }
    if response.dragged_by(PointerButton::Primary) {
        drag(ui, response, project, session, lens);
    }
    if response.drag_stopped() || !response.dragged() {
        let drew = session.grip.take().is_some_and(|grip| grip.part == Part::NewBand);
        if drew {
            session.tool = Tool::Arrange;
        }
    }
}

fn drag(ui: &Ui, response: &Response, project: &mut Project, session: &mut Session, lens: &Lens) {
    let (Some(grip), Some(at)) = (&session.grip, response.interact_pointer_pos()) else { return };
    let now = lens.to_canvas(at);
    let snap = ui.input(|input| input.modifiers.shift);
    ui.ctx().set_cursor_icon(grip.part.cursor());
    if grip.part == Part::View {
        session.view.zoom = lens.panned(response.drag_delta());
        return;
    }
    if let Some(moved) = grip.moved_earring(now, snap)
        && let Some(earring) = project.earrings.first_mut()
    {
        *earring = moved;
    }
    if let Some(scale) = grip.moved_band(now, f64::from(project.canvas.height)) {
        project.scale = scale;
    }
}

fn reachable<'a>(project: &'a Project, session: &Session, facts: &Facts<'_>) -> Reachable<'a> {
    let earring = project.earrings.first();
    let matte = earring.and_then(|earring| match facts.product(earring.id) {
        Some(ProductState::Ready { matte, .. }) => Some(*matte),
        _ => None,
    });
    Reachable {
        earring,
        matte,
        band: super::paint::band_now(project, facts),
        drawing: session.tool == Tool::DrawBand,
    }
}

/// The split line follows the pointer.
pub(super) fn wipe(response: &Response, session: &mut Session, lens: &Lens) {
    if response.dragged_by(PointerButton::Primary)
        && let Some(at) = response.interact_pointer_pos()
    {
        let frame = lens.frame();
        session.wipe = ((at.x - frame.left()) / frame.width()).clamp(0.0, 1.0);
    }
}

/// Arrow keys move the earring while the canvas has the focus, or nothing has.
pub(super) fn keys(ui: &Ui, response: &Response, actions: &mut Vec<Action>) {
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let elsewhere = ui.memory(|memory| memory.focused().is_some_and(|focused| focused != response.id));
    if elsewhere {
        return;
    }
    let (step, keys) = ui.input(|input| {
        let pressed = |key| input.num_presses(key) as f64;
        let x = pressed(Key::ArrowRight) - pressed(Key::ArrowLeft);
        let y = pressed(Key::ArrowDown) - pressed(Key::ArrowUp);
        (if input.modifiers.shift { 10.0 } else { 1.0 }, (x, y))
    });
    if keys != (0.0, 0.0) {
        actions.push(Action::Nudge { x: keys.0 * step, y: keys.1 * step });
    }
}

//! Small parts that the panels share: titles, rows, choices and command buttons.

use super::Palette;
use super::action::{Action, Command};
use super::theme::caption_style;
use eframe::egui;
use eframe::egui::{
    Align, Align2, Button, CornerRadius, Frame, Id, Layout, Margin, Rect, Response, RichText, Role, Sense,
    Stroke, StrokeKind, TextStyle, Ui, Vec2, WidgetInfo,
};

/// Width of the names before a row's field, points.
pub(super) const NAME_WIDTH: f32 = 92.0;

/// A section's title.
pub(super) fn title(ui: &mut Ui, text: &str) {
    let palette = Palette::of(ui);
    ui.label(RichText::new(text).text_style(TextStyle::Body).strong().color(palette.text));
}

/// Small quiet text.
pub(super) fn caption(ui: &mut Ui, text: impl Into<String>) -> Response {
    let palette = Palette::of(ui);
    ui.label(RichText::new(text).text_style(caption_style()).color(palette.quiet))
}

/// A section of a side panel: title, content, a line below.
pub(super) fn section<R>(ui: &mut Ui, text: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    let palette = Palette::of(ui);
    let result = Frame::new()
        .inner_margin(Margin::symmetric(16, 12))
        .show(ui, |ui| {
            ui.take_available_width();
            title(ui, text);
            content(ui)
        })
        .inner;
    let bottom = ui.min_rect().bottom();
    ui.painter().hline(ui.max_rect().x_range(), bottom, Stroke::new(1.0, palette.line));
    result
}

/// A name and, aligned under its neighbours, a field. The name is the field's accessible name too.
pub(super) fn row<R>(ui: &mut Ui, name: &str, field: impl FnOnce(&mut Ui) -> R) -> R {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        let height = ui.spacing().interact_size.y;
        let (rect, label) = ui.allocate_exact_size(Vec2::new(NAME_WIDTH, height), Sense::hover());
        label.widget_info(|| WidgetInfo::labeled(Role::Label, true, name));
        let font = TextStyle::Body.resolve(ui.style());
        ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, name, font, palette.quiet);
        ui.label_inputs_by(label.id, field)
    })
    .inner
}

/// One of several, side by side in equal parts. Returns the choice of this frame.
pub(super) fn segments<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    chosen: T,
    options: &[(T, &str, bool)],
) -> Option<T> {
    let palette = Palette::of(ui);
    let mut picked = None;
    let width = ui.available_width();
    let (rect, _) = ui.allocate_exact_size(Vec2::new(width, 28.0), Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(6), palette.field);
    let part = width / options.len() as f32;
    for (index, (value, label, enabled)) in options.iter().enumerate() {
        let left = rect.left() + part * index as f32;
        let cell = Rect::from_min_size(egui::pos2(left, rect.top()), Vec2::new(part, rect.height()));
        let id = ui.make_persistent_id((name, index));
        let response = segment(ui, id, cell, label, chosen == *value, *enabled);
        if response.clicked() && chosen != *value {
            picked = Some(*value);
        }
    }
    picked
}

fn segment(ui: &Ui, id: Id, cell: Rect, label: &str, chosen: bool, enabled: bool) -> Response {
    let palette = Palette::of(ui);
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let response = ui.interact(cell, id, sense);
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, enabled, chosen, label));
    let inner = cell.shrink(2.0);
    let radius = CornerRadius::same(5);
    let colour = if chosen {
        ui.painter().rect_filled(inner, radius, palette.accent_ground);
        palette.text
    } else if !enabled {
        palette.quiet.gamma_multiply(0.5)
    } else if response.hovered() {
        ui.painter().rect_filled(inner, radius, palette.field_hover);
        palette.text
    } else {
        palette.quiet
    };
    if response.has_focus() {
        ui.painter().rect_stroke(inner, radius, Stroke::new(1.0, palette.accent), StrokeKind::Inside);
    }
    let font = TextStyle::Button.resolve(ui.style());
    ui.painter().text(cell.center(), Align2::CENTER_CENTER, label, font, colour);
    response
}

/// Commands side by side in equal parts, the chosen ones lit.
pub(super) fn command_segments(
    ui: &mut Ui,
    name: &str,
    options: &[(Command, bool)],
    actions: &mut Vec<Action>,
) {
    let width = ui.available_width();
    let (rect, _) = ui.allocate_exact_size(Vec2::new(width, 28.0), Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(6), Palette::of(ui).field);
    let part = width / options.len() as f32;
    for (index, (command, chosen)) in options.iter().enumerate() {
        let left = rect.left() + part * index as f32;
        let cell = Rect::from_min_size(egui::pos2(left, rect.top()), Vec2::new(part, rect.height()));
        let id = ui.make_persistent_id((name, index));
        let response = segment(ui, id, cell, command.label(), *chosen, true);
        if response.clicked() {
            actions.push(Action::Command(*command));
        }
        response.on_hover_text(hint(ui, *command));
    }
}

/// A command's tooltip with its key.
fn hint(ui: &Ui, command: Command) -> String {
    match command.shortcut() {
        Some(shortcut) => format!("{} ({})", command.tooltip(), ui.ctx().format_shortcut(&shortcut)),
        None => command.tooltip().to_owned(),
    }
}

/// How heavy a command's button is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// The one thing to do next.
    Primary,
    Normal,
    /// Text until hovered.
    Flat,
}

/// A command as a button, with its label, tooltip and shortcut.
pub(super) fn command(
    ui: &mut Ui,
    command: Command,
    weight: Weight,
    enabled: bool,
    actions: &mut Vec<Action>,
) -> Response {
    sized_command(ui, command, weight, enabled, Vec2::ZERO, actions)
}

/// [`command`] of at least `size`.
pub(super) fn sized_command(
    ui: &mut Ui,
    command: Command,
    weight: Weight,
    enabled: bool,
    size: Vec2,
    actions: &mut Vec<Action>,
) -> Response {
    let palette = Palette::of(ui);
    let text = RichText::new(command.label());
    let button = match weight {
        // A faded accent under faded text cannot be read.
        Weight::Primary if !enabled => Button::new(text),
        Weight::Primary => Button::new(text.strong().color(palette.on_accent)).fill(palette.accent),
        Weight::Normal => Button::new(text),
        Weight::Flat => Button::new(text).frame_when_inactive(false),
    };
    let response = if size == Vec2::ZERO {
        ui.add_enabled(enabled, button)
    } else {
        ui.add_enabled_ui(enabled, |ui| ui.add_sized(size, button)).inner
    };
    let hint = hint(ui, command);
    if response.clicked() {
        actions.push(Action::Command(command));
    }
    response.on_hover_text(hint.clone()).on_disabled_hover_text(hint)
}

/// Content at the right end of a line.
pub(super) fn at_right<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.with_layout(Layout::right_to_left(Align::Center), content).inner
}

/// A small label on a coloured ground.
pub(super) fn badge(ui: &mut Ui, text: &str) {
    let palette = Palette::of(ui);
    Frame::new()
        .fill(palette.accent_ground)
        .corner_radius(CornerRadius::same(4))
        .inner_margin(Margin::symmetric(8, 2))
        .show(ui, |ui| {
            ui.label(RichText::new(text).text_style(caption_style()).color(palette.text));
        });
}

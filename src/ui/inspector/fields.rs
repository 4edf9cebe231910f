//! Number fields as the inspector needs them: with units, and with "no value" as a value.

use super::super::Palette;
use eframe::egui::{Button, DragValue, RichText, Ui, Vec2};
use std::ops::RangeInclusive;

/// Numbers stand in fields of one width, so that they line up.
const FIELD: Vec2 = Vec2::new(88.0, 28.0);

/// A number with its unit.
pub(super) fn number(ui: &mut Ui, value: &mut f64, range: RangeInclusive<f64>, decimals: usize, unit: &str) {
    let speed = 10_f64.powi(-i32::try_from(decimals).unwrap_or(0)).max(0.1);
    let field = DragValue::new(value).range(range).speed(speed).max_decimals(decimals).suffix(unit);
    ui.add_sized(FIELD, field);
}

/// A number that may be left to somebody else: a button with `unset` on it until it is clicked.
pub(super) fn optional(
    ui: &mut Ui,
    value: &mut Option<f64>,
    unset: &str,
    start: f64,
    range: RangeInclusive<f64>,
    decimals: usize,
    unit: &str,
) {
    match value {
        None => {
            let text = RichText::new(unset).color(Palette::of(ui).quiet);
            if ui.add_sized(FIELD, Button::new(text)).on_hover_text("Click to type a value").clicked() {
                *value = Some(start);
            }
        }
        Some(number_now) => {
            number(ui, number_now, range, decimals, unit);
            let clear =
                Button::new(RichText::new(unset).color(Palette::of(ui).quiet)).frame_when_inactive(false);
            if ui.add(clear).clicked() {
                *value = None;
            }
        }
    }
}

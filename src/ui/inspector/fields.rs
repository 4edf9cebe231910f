//! Number fields as the inspector needs them: with units, and with "no value" as a value.

use super::super::Palette;
use eframe::egui::{Button, DragValue, Response, RichText, Ui, Vec2};
use std::ops::RangeInclusive;

/// Numbers stand in fields of one width, so that they line up.
const FIELD: Vec2 = Vec2::new(80.0, 28.0);

/// A number with its unit.
pub(super) fn number(
    ui: &mut Ui,
    value: &mut f64,
    range: RangeInclusive<f64>,
    decimals: usize,
    unit: &str,
) -> Response {
    let speed = if decimals == 0 { 1.0 } else { 0.1 };
    let field = DragValue::new(value)
        .range(range)
        .speed(speed)
        .custom_formatter(|value, _| short(value, decimals))
        .suffix(unit);
    ui.add_sized(FIELD, field)
}

/// At most `decimals` decimals, and no zeros at their end.
fn short(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
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
                Button::new(RichText::new("Clear").color(Palette::of(ui).quiet)).frame_when_inactive(false);
            if ui.add(clear).clicked() {
                *value = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_no_useless_zeros() {
        assert_eq!(short(712.0, 1), "712");
        assert_eq!(short(712.53, 1), "712.5");
        assert_eq!(short(-0.01, 1), "0");
        assert_eq!(short(300.0, 0), "300");
    }
}

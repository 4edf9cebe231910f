//! The finished picture's size.

use super::super::widgets::{row, section, segments};
use super::fields::number;
use crate::project::{CanvasSize, Project};
use eframe::egui::Ui;

/// Shapes that shops and feeds ask for, by name; the longer sides are theirs.
const FORMATS: [(&str, CanvasSize); 4] = [
    ("1 : 1", CanvasSize { width: 1024, height: 1024 }),
    ("4 : 5", CanvasSize { width: 1080, height: 1350 }),
    ("3 : 4", CanvasSize { width: 1080, height: 1440 }),
    ("9 : 16", CanvasSize { width: 1080, height: 1920 }),
];

pub(super) fn show(ui: &mut Ui, project: &mut Project) {
    section(ui, "Canvas", |ui| {
        row(ui, "Size", |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            side(ui, &mut project.canvas.width);
            side(ui, &mut project.canvas.height);
        });
        let options = FORMATS.map(|(name, size)| (size, name, true));
        if let Some(size) = segments(ui, "Format", project.canvas, &options) {
            project.canvas = size;
        }
    });
}

fn side(ui: &mut Ui, pixels: &mut u32) {
    let mut value = f64::from(*pixels);
    let (least, most) = (f64::from(*CanvasSize::SIDE.start()), f64::from(*CanvasSize::SIDE.end()));
    number(ui, &mut value, least..=most, 0, " px");
    // The field's range keeps the value inside u32.
    *pixels = value.round() as u32;
}

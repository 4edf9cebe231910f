//! How large the finished picture is.

use super::super::widgets::{row, section};
use crate::project::{CanvasSize, Project, Scale};
use eframe::egui::{ComboBox, DragValue, Ui, Vec2};

/// What shops publish in: name, width and height in pixels.
const PRESETS: [(&str, CanvasSize); 5] = [
    ("Square 1 : 1", CanvasSize { width: 1024, height: 1024 }),
    ("Portrait 4 : 5", CanvasSize { width: 1080, height: 1350 }),
    ("Portrait 3 : 4", CanvasSize { width: 1080, height: 1440 }),
    ("Story 9 : 16", CanvasSize { width: 1080, height: 1920 }),
    ("Wide 16 : 9", CanvasSize { width: 1920, height: 1080 }),
];
/// A drawn band that a small canvas would cut below this height starts afresh, pixels.
const LEAST_BAND: f64 = 16.0;

pub(super) fn show(ui: &mut Ui, project: &mut Project) {
    section(ui, "Canvas", |ui| {
        let mut size = project.canvas;
        row(ui, "Format", |ui| {
            let name = PRESETS.iter().find(|(_, preset)| *preset == size).map_or("Custom", |(name, _)| name);
            let list = ComboBox::from_id_salt("canvas_format").width(ui.available_width());
            list.selected_text(name).show_ui(ui, |ui| {
                for (name, preset) in PRESETS {
                    ui.selectable_value(&mut size, preset, name);
                }
            });
        });
        row(ui, "Size", |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            // Two fields and the sign between them, whatever the panel's width.
            let width = ((ui.available_width() - 20.0) / 2.0).min(80.0);
            side(ui, width, &mut size.width);
            ui.label("×");
            side(ui, width, &mut size.height);
        });
        if size != project.canvas {
            resize(project, size);
        }
    });
}

fn side(ui: &mut Ui, width: f32, length: &mut u32) {
    // A number is taken when it is whole: on its way, "1080" is 1.
    let field = DragValue::new(length).range(CanvasSize::SIDE).suffix(" px").update_while_editing(false);
    ui.add_sized(Vec2::new(width, 28.0), field);
}

/// The canvas grows and shrinks about its middle, by whole pixels, so that products stay exact; no hook is
/// left outside.
fn resize(project: &mut Project, size: CanvasSize) {
    let old = std::mem::replace(&mut project.canvas, size);
    let shift = |new: u32, old: u32| f64::from(new / 2) - f64::from(old / 2);
    let (right, down) = (shift(size.width, old.width), shift(size.height, old.height));
    let height = f64::from(size.height);
    for earring in &mut project.earrings {
        let hook = &mut earring.hook_in_canvas;
        hook.x = (hook.x + right).clamp(0.0, f64::from(size.width));
        hook.y = (hook.y + down).clamp(0.0, height);
    }
    if let Scale::Band { top, bottom } = &mut project.scale {
        (*top, *bottom) = ((*top + down).clamp(0.0, height), (*bottom + down).clamp(0.0, height));
        if *bottom - *top < LEAST_BAND {
            (*top, *bottom) = (height * 0.25, height * 0.75);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_band_stays_about_the_middle_and_comes_back() {
        let scale = Scale::Band { top: 256.0, bottom: 768.0 };
        let before = Project { scale, ..Project::default() };
        let mut project = before.clone();
        resize(&mut project, CanvasSize { width: 1080, height: 1921 });
        assert_eq!(project.scale, Scale::Band { top: 704.0, bottom: 1216.0 });
        resize(&mut project, before.canvas);
        assert_eq!(project, before);
    }

    #[test]
    fn a_band_that_a_small_canvas_cuts_off_starts_afresh() {
        let scale = Scale::Band { top: 10.0, bottom: 90.0 };
        let mut project = Project { scale, ..Project::default() };
        resize(&mut project, CanvasSize { width: 1024, height: 128 });
        assert_eq!(project.scale, Scale::Band { top: 32.0, bottom: 96.0 });
    }
}

//! The window's brain: what the designer asked for is done here, and what was done is shown.
//!
//! One [`Window`] holds the document, what the panels look at, and the jobs in flight. `ui` draws it and
//! pushes actions; one `match` in [`update`](self) performs them. Whatever may take longer than a frame is a
//! [`Job`](crate::job::Job): reading, painting, saving, asking for a file. This room refuses to know pixels'
//! arithmetic and networks.

mod autosave;
mod cutting;
mod deliver;
mod dialogs;
mod document;
mod errand;
mod generation;
mod history;
mod layout_preview;
mod looking;
mod notices;
mod photo_room;
mod photos;
mod placing;
mod sample;
mod series;
mod settings;
mod textures;
mod update;
mod window;

pub use dialogs::{Answer, FileDialogs, SystemDialogs};
pub use window::{Setup, Window};

use anyhow::anyhow;
use eframe::egui::ViewportBuilder;
use eframe::{NativeOptions, Renderer, egui_wgpu};
use std::path::PathBuf;
use std::time::Instant;

const START_SIZE: [f32; 2] = [1440.0, 900.0];
const LEAST_SIZE: [f32; 2] = [960.0, 640.0];

/// Opens the window, with `project` if given, and returns when it is closed. Without a display or a way to
/// draw on it: an error of one line.
pub fn run(project: Option<PathBuf>) -> anyhow::Result<()> {
    let started = Instant::now();
    let viewport = ViewportBuilder::default()
        .with_title("Adorn")
        .with_app_id("adorn")
        .with_inner_size(START_SIZE)
        .with_min_inner_size(LEAST_SIZE);
    let options = NativeOptions { viewport, renderer: Renderer::Wgpu, ..NativeOptions::default() };
    let setup = Setup::for_desktop(project, started);
    eframe::run_native("Adorn", options, Box::new(|cc| Ok(Box::new(Window::new(&cc.egui_ctx, setup)))))
        .map_err(|error| readable(&error))
}

/// What a person can do about a window that did not open.
fn readable(error: &eframe::Error) -> anyhow::Error {
    match error {
        eframe::Error::WinitEventLoop(_) | eframe::Error::Winit(_) => anyhow!(
            "there is no display to open a window on; `adorn demo` and `adorn render` work without one"
        ),
        eframe::Error::Wgpu(egui_wgpu::WgpuError::CreateSurfaceError(_)) => anyhow!(
            "neither Vulkan nor OpenGL is there to draw the window with; install a graphics driver or Mesa"
        ),
        other => anyhow!("the window could not be opened: {other}"),
    }
}

//! What the window looks like: drawing and pointing, nothing else.
//!
//! Every panel is a function of the document, of [`Session`] (where the designer is looking) and of [`Facts`]
//! (what the program knows). It edits fields in place and pushes [`Action`]s; it starts nothing, waits for
//! nothing, and refuses to know files, threads, weights and clocks.

mod action;
mod canvas;
mod checks;
mod dialog;
mod facts;
mod footer;
mod gallery;
mod history;
mod inspector;
mod notice;
mod photo_tool;
mod session;
mod theme;
mod top_bar;
mod widgets;
mod work;

pub use action::{Action, Command, DropTarget};
pub use dialog::{Dialog, PathPurpose};
pub use facts::{
    FaceFacts, Facts, HistoryCard, LayoutFacts, Notice, NoticeKind, PhotoFacts, PoseCard, ProductFacts,
    ProductState, ResultFacts, RunFacts, SeriesFacts, Texture, Verdict, WorkFacts,
};
pub use notice::sentence;
pub use photo_tool::{Aim, Ground, Hand, Marks, PhotoTool};
pub use session::{Session, Tool, View, ViewMode, Zoom};
pub use theme::{Palette, install as install_theme};

use crate::project::Project;
use eframe::egui::{CentralPanel, Frame, Margin, Panel, Ui};

/// Below this width the side panels give way to the canvas, points.
const NARROW_WINDOW: f32 = 1200.0;

/// Draws one frame.
pub fn show(
    ui: &mut Ui,
    project: &mut Project,
    session: &mut Session,
    facts: &Facts<'_>,
    dialog: &mut Option<Dialog>,
    actions: &mut Vec<Action>,
) {
    match &mut session.photo_tool {
        Some(tool) => photo_tool::show(ui, tool, facts, actions),
        None => studio(ui, project, session, facts, actions),
    }
    notice::show(ui, facts, actions);
    dialog::show(ui, dialog, actions);
}

/// The panels around the canvas.
fn studio(
    ui: &mut Ui,
    project: &mut Project,
    session: &mut Session,
    facts: &Facts<'_>,
    actions: &mut Vec<Action>,
) {
    let palette = Palette::of(ui);
    let narrow = ui.available_width() < NARROW_WINDOW;
    let panel = Frame::new().fill(palette.panel);
    let bar = panel.inner_margin(Margin::symmetric(16, 8));
    Panel::top("top_bar").frame(bar).resizable(false).show(ui, |ui| {
        top_bar::show(ui, session, facts, actions);
    });
    Panel::bottom("status")
        .frame(panel.inner_margin(Margin::symmetric(16, 4)))
        .resizable(false)
        .show(ui, |ui| notice::status_line(ui, project, facts));
    let gallery_width = if narrow { 256.0 } else { 328.0 };
    Panel::left("gallery").frame(panel).resizable(false).exact_size(gallery_width).show(ui, |ui| {
        session.gallery_box = ui.max_rect();
        gallery::show(ui, project, facts, actions);
        if facts.file_hovers {
            let text = "Let go to take\na head's pose";
            canvas::drop_hint(ui.painter(), session.gallery_box, text, &palette);
        }
    });
    let inspector_width = if narrow { 296.0 } else { 320.0 };
    Panel::right("inspector").frame(panel).resizable(false).exact_size(inspector_width).show(ui, |ui| {
        let footer = panel.inner_margin(Margin::symmetric(16, 12));
        Panel::bottom("generate").frame(footer).resizable(false).show(ui, |ui| {
            footer::show(ui, facts, actions);
        });
        inspector::show(ui, project, session, facts, actions);
    });
    let desk = Frame::new().fill(palette.desk);
    CentralPanel::no_frame().frame(desk).show(ui, |ui| {
        canvas::show(ui, project, session, facts, actions);
    });
}

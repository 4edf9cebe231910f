//! Questions that stop everything else: unsaved work, work to recover, a path to type.

use super::{Action, Palette};
use eframe::egui;
use eframe::egui::{
    Button, Context, CornerRadius, Frame, Id, Key, Layout, Margin, Modal, RichText, TextEdit, TextStyle, Ui,
    Vec2,
};
use std::path::PathBuf;

/// Size of an answer's button, points.
const ANSWER: Vec2 = Vec2::new(88.0, 32.0);

/// What a typed path is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathPurpose {
    OpenProject,
    SaveProject,
    OpenPhoto,
    OpenFace,
    OpenPosePhoto,
    OpenLora,
    OpenEmbedding,
    ExportPicture,
    OpenBundle,
}

/// The question on show.
#[derive(Debug, Clone, PartialEq)]
pub enum Dialog {
    /// Unsaved changes stand in the way of `then`.
    Unsaved { then: Box<Action> },
    /// The last session ended without saving.
    Recovery { name: String },
    /// The system has no file dialog: the path is typed.
    TypedPath { purpose: PathPurpose, text: String },
}

impl PathPurpose {
    fn headline(self) -> &'static str {
        match self {
            Self::OpenProject => "Open a project",
            Self::SaveProject => "Save the project",
            Self::OpenPhoto => "Open an earring's photo",
            Self::OpenFace => "Open a photo of a face",
            Self::OpenPosePhoto => "Take the pose from a photo",
            Self::OpenLora => "Add a LoRA",
            Self::OpenEmbedding => "Add a textual inversion",
            Self::ExportPicture => "Export the picture",
            Self::OpenBundle => "Open a model bundle",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::OpenProject | Self::SaveProject => "/home/me/spring.adorn",
            Self::OpenPhoto => "/home/me/earring.png",
            Self::OpenFace => "/home/me/face.jpg",
            Self::OpenPosePhoto => "/home/me/pose.jpg",
            Self::OpenLora => "/home/me/models/gold.safetensors",
            Self::OpenEmbedding => "/home/me/models/word.safetensors",
            Self::ExportPicture => "/home/me/spring.png",
            Self::OpenBundle => "/home/me/models/my-bundle",
        }
    }

    fn button(self) -> &'static str {
        match self {
            Self::OpenProject | Self::OpenPhoto | Self::OpenFace | Self::OpenPosePhoto | Self::OpenBundle => {
                "Open"
            }
            Self::OpenLora | Self::OpenEmbedding => "Add",
            Self::SaveProject => "Save",
            Self::ExportPicture => "Export",
        }
    }

    /// What to do with the path that was chosen.
    pub fn action(self, path: PathBuf) -> Action {
        match self {
            Self::OpenProject => Action::OpenProject(path),
            Self::SaveProject => Action::SaveTo(path),
            Self::OpenPhoto => Action::AddEarring(path),
            Self::OpenFace => Action::SetFace(path),
            Self::OpenPosePhoto => Action::PoseFrom(path),
            Self::OpenLora => Action::AddLora(path),
            Self::OpenEmbedding => Action::AddEmbedding(path),
            Self::ExportPicture => Action::ExportTo(path),
            Self::OpenBundle => Action::OpenBundle(path),
        }
    }
}

pub(super) fn show(ui: &Ui, dialog: &mut Option<Dialog>, actions: &mut Vec<Action>) {
    let ctx = ui.ctx();
    match dialog {
        None => {}
        Some(Dialog::Unsaved { .. }) => unsaved(ctx, actions),
        Some(Dialog::Recovery { name }) => recovery(ctx, name, actions),
        Some(Dialog::TypedPath { purpose, text }) => typed_path(ctx, *purpose, text, actions),
    }
}

fn modal(ctx: &Context, name: &str) -> Modal {
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(24));
    Modal::new(Id::unique(name)).frame(frame.corner_radius(CornerRadius::same(12)))
}

fn unsaved(ctx: &Context, actions: &mut Vec<Action>) {
    let text = "The project has changes that are not in its file yet.";
    let response = modal(ctx, "unsaved").show(ctx, |ui| {
        heading(ui, "Save the changes first?", text);
        buttons(ui, |ui| {
            answer(ui, "Save", true, Action::SaveThenGoOn, actions);
            answer(ui, "Go back", false, Action::CloseDialog, actions);
            answer(ui, "Throw away", false, Action::DiscardAndGoOn, actions);
        });
    });
    if response.should_close() {
        actions.push(Action::CloseDialog);
    }
}

fn recovery(ctx: &Context, name: &str, actions: &mut Vec<Action>) {
    modal(ctx, "recovery").show(ctx, |ui| {
        heading(
            ui,
            "Bring back unsaved work?",
            &format!(
                "Adorn closed before “{name}” was saved. Everything up to the last few seconds is here."
            ),
        );
        buttons(ui, |ui| {
            answer(ui, "Bring back", true, Action::Recover, actions);
            answer(ui, "Throw away", false, Action::ForgetRecovery, actions);
        });
    });
}

fn typed_path(ctx: &Context, purpose: PathPurpose, text: &mut String, actions: &mut Vec<Action>) {
    let response = modal(ctx, "typed_path").show(ctx, |ui| {
        heading(ui, purpose.headline(), "This desktop offers no file dialog. Type or paste the full path.");
        let field = TextEdit::singleline(text).hint_text(purpose.example()).desired_width(f32::INFINITY);
        let field = ui.add(field).accessible_name("Path");
        let path = PathBuf::from(text.trim());
        let typed = !text.trim().is_empty();
        // Asked before the focus is taken back.
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if ui.memory(|memory| memory.focused().is_none()) {
            field.request_focus();
        }
        buttons(ui, |ui| {
            let clicked = ui.add_enabled(typed, primary(ui, purpose.button(), typed)).clicked();
            if typed && (clicked || entered) {
                actions.push(Action::CloseDialog);
                actions.push(purpose.action(path));
            }
            answer(ui, "Go back", false, Action::CloseDialog, actions);
        });
    });
    if response.should_close() {
        actions.push(Action::CloseDialog);
    }
}

fn heading(ui: &mut Ui, headline: &str, detail: &str) {
    let palette = Palette::of(ui);
    ui.set_width(400.0);
    ui.label(RichText::new(headline).text_style(TextStyle::Heading).color(palette.text));
    ui.label(RichText::new(detail).color(palette.quiet));
    ui.add_space(8.0);
}

fn buttons(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ui.add_space(8.0);
    let size = Vec2::new(ui.available_width(), 32.0);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(egui::Align::Center), content);
}

fn primary(ui: &Ui, label: &str, enabled: bool) -> Button<'static> {
    let palette = Palette::of(ui);
    if !enabled {
        return Button::new(label.to_owned()).min_size(ANSWER);
    }
    let text = RichText::new(label.to_owned()).strong().color(palette.on_accent);
    Button::new(text).fill(palette.accent).min_size(ANSWER)
}

fn answer(ui: &mut Ui, label: &str, is_primary: bool, action: Action, actions: &mut Vec<Action>) {
    let button =
        if is_primary { primary(ui, label, true) } else { Button::new(label.to_owned()).min_size(ANSWER) };
    if ui.add(button).clicked() {
        actions.push(action);
    }
}

//! Everything a designer can ask for. Labels, tooltips and shortcuts live here and nowhere else.

use eframe::egui::{Key, KeyboardShortcut, Modifiers};
use std::path::PathBuf;

/// A wish of the designer's, performed by the window's brain.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Command(Command),
    /// Opens this project; asks about unsaved work first.
    OpenProject(PathBuf),
    /// Puts this photo on the canvas, hook in the middle, or at a place of the canvas.
    AddEarring(PathBuf),
    SetFace(PathBuf),
    /// Adds this file to the recipe.
    AddLora(PathBuf),
    AddEmbedding(PathBuf),
    /// Paints with this model bundle from now on.
    OpenBundle(PathBuf),
    SaveTo(PathBuf),
    ExportTo(PathBuf),
    /// Files let go over the window: what they are decides what happens.
    Drop(Vec<PathBuf>, DropTarget),
    PickPose(String),
    /// Moves the earring by whole canvas pixels.
    Nudge {
        x: f64,
        y: f64,
    },
    /// Shows a picture of the history, by its number.
    ShowPicture(usize),
    DismissNotice(u64),
    /// An answer to "unsaved changes": save first, throw away, or go back.
    SaveThenGoOn,
    DiscardAndGoOn,
    CloseDialog,
    Recover,
    ForgetRecovery,
}

/// Where dropped files fell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropTarget {
    Canvas,
    Face,
}

/// An action without arguments: a button, a menu entry or a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    New,
    Open,
    Save,
    SaveAs,
    Undo,
    Redo,
    OpenPhoto,
    TrySample,
    RemoveEarring,
    ActualPixels,
    CentreEarring,
    FitBand,
    OpenFace,
    RemoveFace,
    ShuffleSeed,
    OpenLora,
    OpenEmbedding,
    OpenBundle,
    UseMannequin,
    Generate,
    Cancel,
    Export,
    ZoomFit,
    ZoomActual,
    ZoomIn,
    ZoomOut,
    ToggleTheme,
    Quit,
}

impl Command {
    /// Every command, in the order in which keys are looked up: longer shortcuts first.
    pub const ALL: [Self; 28] = [
        Self::SaveAs,
        Self::Redo,
        Self::New,
        Self::Open,
        Self::Save,
        Self::Undo,
        Self::Generate,
        Self::Export,
        Self::Quit,
        Self::Cancel,
        Self::ZoomFit,
        Self::ZoomActual,
        Self::ZoomIn,
        Self::ZoomOut,
        Self::RemoveEarring,
        Self::OpenPhoto,
        Self::TrySample,
        Self::ActualPixels,
        Self::CentreEarring,
        Self::FitBand,
        Self::OpenFace,
        Self::RemoveFace,
        Self::ShuffleSeed,
        Self::OpenLora,
        Self::OpenEmbedding,
        Self::OpenBundle,
        Self::UseMannequin,
        Self::ToggleTheme,
    ];

    pub fn label(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::Open => "Open…",
            Self::Save => "Save",
            Self::SaveAs => "Save as…",
            Self::Undo => "Undo",
            Self::Redo => "Redo",
            Self::OpenPhoto => "Open photo…",
            Self::TrySample => "Try the sample",
            Self::RemoveEarring => "Remove",
            Self::ActualPixels => "1 : 1",
            Self::CentreEarring => "Centre",
            Self::FitBand => "Fit band to earring",
            Self::OpenFace => "Choose a face…",
            Self::RemoveFace => "Remove face",
            Self::ShuffleSeed => "Shuffle",
            Self::OpenLora => "Add LoRA…",
            Self::OpenEmbedding => "Add word…",
            Self::OpenBundle => "Model bundle…",
            Self::UseMannequin => "Mannequin",
            Self::Generate => "Generate",
            Self::Cancel => "Cancel",
            Self::Export => "Export picture…",
            Self::ZoomFit => "Fit",
            Self::ZoomActual => "100 %",
            Self::ZoomIn => "Zoom in",
            Self::ZoomOut => "Zoom out",
            Self::ToggleTheme => "Light or dark",
            Self::Quit => "Quit",
        }
    }

    pub fn tooltip(self) -> &'static str {
        match self {
            Self::New => "Start an empty project",
            Self::Open => "Open a project",
            Self::Save => "Save the project",
            Self::SaveAs => "Save the project under another name",
            Self::Undo => "Take the last change back",
            Self::Redo => "Make the change again",
            Self::OpenPhoto => "Put an earring's photo on the canvas: PNG, JPEG or WebP",
            Self::TrySample => "Start with an earring of ours",
            Self::RemoveEarring => "Take the earring off the canvas",
            Self::ActualPixels => "Show the photo's own pixels, one to one: sharpest, and exact bit for bit",
            Self::CentreEarring => "Bring the earring back to the middle of the canvas",
            Self::FitBand => "Move the band until the ear lobe meets the earring's hook",
            Self::OpenFace => "Choose a photo of the face the model should resemble",
            Self::RemoveFace => "Let the model be anyone",
            Self::OpenLora => "Change how the model paints with a LoRA file (safetensors)",
            Self::OpenEmbedding => "Teach the prompt a word: a textual inversion file (safetensors)",
            Self::OpenBundle => "Paint with a model: a folder with unet, vae, controlnet and so on",
            Self::UseMannequin => "Draw layout previews again, without a model",
            Self::ShuffleSeed => "Draw another seed: another picture from the same settings",
            Self::Generate => "Paint the model around the earring",
            Self::Cancel => "Stop painting; finished pictures are kept",
            Self::Export => "Save the shown picture as a PNG",
            Self::ZoomFit => "Show the whole canvas",
            Self::ZoomActual => "One canvas pixel on one screen pixel",
            Self::ZoomIn => "Look closer",
            Self::ZoomOut => "Step back",
            Self::ToggleTheme => "Change between the dark and the light window",
            Self::Quit => "Close Adorn",
        }
    }

    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        let ctrl = |key| Some(KeyboardShortcut::new(Modifiers::COMMAND, key));
        let ctrl_shift = |key| Some(KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key));
        let plain = |key| Some(KeyboardShortcut::new(Modifiers::NONE, key));
        match self {
            Self::New => ctrl(Key::N),
            Self::Open => ctrl(Key::O),
            Self::Save => ctrl(Key::S),
            Self::SaveAs => ctrl_shift(Key::S),
            Self::Undo => ctrl(Key::Z),
            Self::Redo => ctrl_shift(Key::Z),
            Self::Generate => ctrl(Key::Enter),
            Self::Export => ctrl(Key::E),
            Self::Quit => ctrl(Key::Q),
            Self::Cancel => plain(Key::Escape),
            Self::ZoomFit => plain(Key::Num0),
            Self::ZoomActual => plain(Key::Num1),
            Self::ZoomIn => plain(Key::Plus),
            Self::ZoomOut => plain(Key::Minus),
            Self::RemoveEarring => plain(Key::Delete),
            _ => None,
        }
    }

    /// Plain keys belong to a text field while it is typed in.
    pub fn yields_to_typing(self) -> bool {
        self.shortcut().is_some_and(|shortcut| shortcut.modifiers == Modifiers::NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_command_is_listed_once_and_no_two_share_a_key() {
        let listed: HashSet<_> = Command::ALL.into_iter().collect();
        assert_eq!(listed.len(), Command::ALL.len());
        let keys: Vec<_> = Command::ALL.iter().filter_map(|command| command.shortcut()).collect();
        let different: HashSet<_> = keys.iter().map(|key| format!("{key:?}")).collect();
        assert_eq!(different.len(), keys.len());
    }

    #[test]
    fn shortcuts_with_shift_are_looked_up_before_those_without() {
        let place = |wanted| Command::ALL.iter().position(|command| *command == wanted);
        assert!(place(Command::SaveAs) < place(Command::Save));
        assert!(place(Command::Redo) < place(Command::Undo));
    }
}

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
    /// Turns the model's head as in this photo.
    PoseFrom(PathBuf),
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
    /// The pose gallery.
    Poses,
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
    CutOut,
    KeepWholePhoto,
    OpenFace,
    CareForFace,
    RemoveFace,
    PoseFromPhoto,
    ShuffleSeed,
    OpenLora,
    OpenEmbedding,
    OpenBundle,
    UseMannequin,
    Generate,
    /// Makes pictures until enough of them pass their checks.
    MakeUntilPass,
    SortByChecks,
    Cancel,
    Export,
    ZoomFit,
    ZoomActual,
    ZoomIn,
    ZoomOut,
    ToggleTheme,
    Quit,
    /// Stops reading, cutting out or looking at a photo.
    StopWork,
    /// Of the photo tool.
    MarkProduct,
    MarkBackground,
    MarkRemove,
    MarkKeep,
    DrawFrame,
    BrushSmaller,
    BrushLarger,
    ClearMarks,
    ShowOriginal,
    GroundChecker,
    GroundBlack,
    GroundWhite,
    ApplyMarks,
}

impl Command {
    /// Every command, in the order in which keys are looked up: longer shortcuts first.
    pub const ALL: [Self; 48] = [
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
        Self::CutOut,
        Self::KeepWholePhoto,
        Self::OpenFace,
        Self::CareForFace,
        Self::RemoveFace,
        Self::PoseFromPhoto,
        Self::ShuffleSeed,
        Self::OpenLora,
        Self::OpenEmbedding,
        Self::OpenBundle,
        Self::UseMannequin,
        Self::MakeUntilPass,
        Self::SortByChecks,
        Self::ToggleTheme,
        Self::StopWork,
        Self::MarkProduct,
        Self::MarkBackground,
        Self::MarkRemove,
        Self::MarkKeep,
        Self::DrawFrame,
        Self::BrushSmaller,
        Self::BrushLarger,
        Self::ClearMarks,
        Self::ShowOriginal,
        Self::GroundChecker,
        Self::GroundBlack,
        Self::GroundWhite,
        Self::ApplyMarks,
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
            Self::CutOut => "Cut-out tool…",
            Self::KeepWholePhoto => "Keep the whole photo",
            Self::OpenFace => "Choose a face…",
            Self::CareForFace => "Crop and clean…",
            Self::RemoveFace => "Remove face",
            Self::PoseFromPhoto => "Take a pose from a photo…",
            Self::ShuffleSeed => "Shuffle",
            Self::OpenLora => "Add LoRA…",
            Self::OpenEmbedding => "Add word…",
            Self::OpenBundle => "Model bundle…",
            Self::UseMannequin => "Mannequin",
            Self::Generate => "Generate",
            Self::MakeUntilPass => "Make until 4 pass",
            Self::SortByChecks => "Sort by checks",
            Self::Cancel => "Cancel",
            Self::Export => "Export picture…",
            Self::ZoomFit => "Fit",
            Self::ZoomActual => "100 %",
            Self::ZoomIn => "Zoom in",
            Self::ZoomOut => "Zoom out",
            Self::ToggleTheme => "Light or dark",
            Self::Quit => "Quit",
            Self::StopWork => "Stop",
            Self::MarkProduct => "Product",
            Self::MarkBackground => "Background",
            Self::MarkRemove => "Remove",
            Self::MarkKeep => "Keep",
            Self::DrawFrame => "Frame",
            Self::BrushSmaller => "Smaller brush",
            Self::BrushLarger => "Larger brush",
            Self::ClearMarks => "Start over",
            Self::ShowOriginal => "Original",
            Self::GroundChecker => "Checkerboard",
            Self::GroundBlack => "Black",
            Self::GroundWhite => "White",
            Self::ApplyMarks => "Apply",
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
            Self::OpenPhoto => "Put an earring's photo on the canvas: PNG, JPEG or WebP, cut out or not",
            Self::TrySample => "Start with an earring of ours",
            Self::RemoveEarring => "Take the earring off the canvas",
            Self::ActualPixels => "Show the photo's own pixels, one to one: sharpest, and exact bit for bit",
            Self::CentreEarring => "Bring the earring back to the middle of the canvas",
            Self::FitBand => "Move the band until the ear lobe meets the earring's hook",
            Self::CutOut => "Look closely at the cut-out, and mark what is product and what is background",
            Self::KeepWholePhoto => "Put the photo on the canvas as it is, with its background",
            Self::OpenFace => "Choose a photo of the face the model should resemble",
            Self::CareForFace => {
                "Choose the part of the photo that shows the face, and take earrings out of it"
            }
            Self::PoseFromPhoto => "Turn the model's head as the head in a photo is turned",
            Self::RemoveFace => "Let the model be anyone",
            Self::OpenLora => "Change how the model paints with a LoRA file (safetensors)",
            Self::OpenEmbedding => "Teach the prompt a word: a textual inversion file (safetensors)",
            Self::OpenBundle => "Paint with a model: a folder with unet, vae, controlnet and so on",
            Self::UseMannequin => "Draw layout previews again, without a model",
            Self::ShuffleSeed => "Draw another seed: another picture from the same settings",
            Self::Generate => "Paint the model around the earring",
            Self::MakeUntilPass => "Paint one seed after the other until four pictures pass all their checks",
            Self::SortByChecks => "Show the best pictures first, by their checks",
            Self::Cancel => "Stop; what is finished is kept",
            Self::Export => "Save the shown picture as a PNG",
            Self::ZoomFit => "Show the whole canvas",
            Self::ZoomActual => "One canvas pixel on one screen pixel",
            Self::ZoomIn => "Look closer",
            Self::ZoomOut => "Step back",
            Self::ToggleTheme => "Change between the dark and the light window",
            Self::Quit => "Close Adorn",
            Self::StopWork => "Stop this; your project stays as it is",
            Self::MarkProduct => "Brush over what belongs to the product",
            Self::MarkBackground => "Brush over what is background, such as the inside of a hoop",
            Self::MarkRemove => "Brush over what must go, such as an earring",
            Self::MarkKeep => "Brush over what must stay as it is",
            Self::DrawFrame => "Draw a frame around what counts; everything outside it goes",
            Self::BrushSmaller => "Draw with a smaller brush",
            Self::BrushLarger => "Draw with a larger brush",
            Self::ClearMarks => "Take all strokes and the frame away",
            Self::ShowOriginal => "Show the photo in place of the result",
            Self::GroundChecker => "Lay the result on a checkerboard",
            Self::GroundBlack => "Lay the result on black: bright fringes show",
            Self::GroundWhite => "Lay the result on white: dark fringes show",
            Self::ApplyMarks => "Take this result over into the project",
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
            Self::CutOut => plain(Key::X),
            Self::MarkProduct => plain(Key::P),
            Self::MarkBackground => plain(Key::B),
            Self::MarkRemove => plain(Key::R),
            Self::MarkKeep => plain(Key::E),
            Self::DrawFrame => plain(Key::F),
            Self::BrushSmaller => plain(Key::OpenBracket),
            Self::BrushLarger => plain(Key::CloseBracket),
            Self::ShowOriginal => plain(Key::O),
            Self::GroundChecker => plain(Key::C),
            Self::GroundBlack => plain(Key::K),
            Self::GroundWhite => plain(Key::W),
            Self::ApplyMarks => plain(Key::Enter),
            _ => None,
        }
    }

    /// Whether its key means anything while the photo tool is open, or closed.
    pub fn has_key_with_tool(self, open: bool) -> bool {
        match self {
            Self::MarkProduct
            | Self::MarkBackground
            | Self::MarkRemove
            | Self::MarkKeep
            | Self::DrawFrame
            | Self::BrushSmaller
            | Self::BrushLarger
            | Self::ShowOriginal
            | Self::GroundChecker
            | Self::GroundBlack
            | Self::GroundWhite
            | Self::ApplyMarks => open,
            Self::Generate | Self::Export | Self::RemoveEarring | Self::CutOut => !open,
            _ => true,
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

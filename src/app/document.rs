//! The open document: the project, what of it is saved and where, and its past.

use super::photos::place_of;
use crate::project::{Earring, Embedding, Lora, Other, Project, base_of, relative_path};
use eframe::egui::util::undoer::{Settings, Undoer};
use std::path::{Path, PathBuf};

/// A change that rests this long is a step of its own, seconds.
const REST: f32 = 0.5;
/// Steps that can be taken back; projects are small.
const STEPS: usize = 1000;

/// A project in work.
pub(super) struct Document {
    pub(super) project: Project,
    /// What the file holds; a new document counts as saved while it is empty.
    saved: Project,
    file: Option<PathBuf>,
    past: Undoer<Project>,
}

impl Document {
    pub(super) fn new() -> Self {
        Self::with(Project::default(), Project::default(), None)
    }

    /// A project as its file holds it.
    pub(super) fn opened(project: Project, file: PathBuf) -> Self {
        Self::with(project.clone(), project, Some(file))
    }

    /// A project to start from that has no file yet: its paths are absolute.
    pub(super) fn started_from(project: Project) -> Self {
        Self::with(project.clone(), project, None)
    }

    /// Unsaved work brought back: its paths are absolute, its file is what it was opened from.
    pub(super) fn recovered(project: Project, file: Option<PathBuf>) -> Self {
        let project = match &file {
            Some(file) => moved(&project, Path::new(""), Some(file)),
            None => project,
        };
        Self::with(project, Project::default(), file)
    }

    fn with(project: Project, saved: Project, file: Option<PathBuf>) -> Self {
        let settings = Settings { max_undos: STEPS, stable_time: REST, auto_save_interval: 30.0 };
        let mut past = Undoer::with_settings(settings);
        past.add_undo(&project);
        Self { project, saved, file, past }
    }

    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// For people: the file's name without its ending.
    pub(super) fn name(&self) -> String {
        let stem = self.file.as_deref().and_then(Path::file_stem);
        stem.map_or_else(|| "Untitled".to_owned(), |stem| stem.to_string_lossy().into_owned())
    }

    /// The folder that the project's paths start from. Unsaved projects name files absolutely.
    pub(super) fn base(&self) -> PathBuf {
        self.file.as_deref().map(base_of).unwrap_or_default()
    }

    /// How this document names a file from outside.
    pub(super) fn name_of(&self, path: &Path) -> String {
        named(path, self.file.as_deref())
    }

    pub(super) fn is_unsaved(&self) -> bool {
        self.project != self.saved
    }

    /// The project as a file at `target` holds it: paths rewritten from the old folder to the new one.
    pub(super) fn for_file(&self, target: &Path) -> Project {
        moved(&self.project, &self.base(), Some(target))
    }

    /// The project with absolute paths: readable from anywhere.
    pub(super) fn for_anywhere(&self) -> Project {
        moved(&self.project, &self.base(), None)
    }

    /// `written` stands at `file` now. Edits made since stay and count as unsaved.
    pub(super) fn was_saved(&mut self, snapshot: &Project, written: Project, file: PathBuf) {
        if self.project == *snapshot {
            self.project = written.clone();
        } else {
            self.project = moved(&self.project, &self.base(), Some(&file));
        }
        self.saved = written;
        self.file = Some(file);
        self.past.add_undo(&self.project);
    }

    /// Adds a LoRA at the strength it was trained for.
    pub(super) fn add_lora(&mut self, path: &Path) {
        self.mark();
        let file = self.name_of(path);
        self.project.recipe.loras.push(Lora { file, strength: 1.0, other: Other::new() });
    }

    /// Adds a textual inversion under a word of its file's name that no other has.
    pub(super) fn add_embedding(&mut self, path: &Path) {
        self.mark();
        let file = self.name_of(path);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        let word: String = stem.split_whitespace().collect::<Vec<_>>().join("-");
        let embeddings = &mut self.project.recipe.embeddings;
        let free = |word: &String| !embeddings.iter().any(|other| other.token.to_lowercase() == *word);
        let numbered = (2..).map(|number| format!("{word}-{number}"));
        let token = std::iter::once(word.clone()).chain(numbered).find(free).unwrap_or_default();
        embeddings.push(Embedding { file, token, other: Other::new() });
    }

    /// Watches for changes; while the pointer holds something, everything is one change.
    pub(super) fn watch(&mut self, now_seconds: f64, held: bool) {
        if !held {
            self.past.feed_state(now_seconds, &self.project);
        }
    }

    /// A change is still settling into a step.
    pub(super) fn is_settling(&self) -> bool {
        self.past.is_in_flux()
    }

    /// What is about to be done is a step of its own.
    pub(super) fn mark(&mut self) {
        self.past.add_undo(&self.project);
    }

    pub(super) fn can_undo(&self) -> bool {
        self.past.has_undo(&self.project)
    }

    pub(super) fn can_redo(&self) -> bool {
        self.past.has_redo(&self.project)
    }

    pub(super) fn undo(&mut self) {
        if let Some(before) = self.past.undo(&self.project) {
            self.project = before.clone();
        }
    }

    pub(super) fn redo(&mut self) {
        if let Some(after) = self.past.redo(&self.project) {
            self.project = after.clone();
        }
    }
}

/// `path` as a project at `file` names it; absolute without a file.
fn named(path: &Path, file: Option<&Path>) -> String {
    let relative = file.and_then(|file| relative_path(file, path));
    relative.unwrap_or_else(|| {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        absolute.to_string_lossy().into_owned()
    })
}

/// A project from the folder `base` with absolute paths.
pub(super) fn absolute_paths(project: &Project, base: &Path) -> Project {
    moved(project, base, None)
}

/// The project with every path rewritten from the folder `base` to a project at `file`.
fn moved(project: &Project, base: &Path, file: Option<&Path>) -> Project {
    let rename = |name: &mut String| *name = named(&place_of(base, name), file);
    let mut project = project.clone();
    project.earrings.iter_mut().flat_map(Earring::files_mut).for_each(rename);
    project.face.iter_mut().for_each(|face| rename(&mut face.file));
    project.plan.faces.iter_mut().for_each(|face| rename(&mut face.file));
    project.recipe.files_mut().for_each(rename);
    project
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{CutFrom, Face, Other};

    fn with_face(file: &str) -> Project {
        let face = Some(Face { file: file.to_owned(), crop: None, remove: Vec::new(), other: Other::new() });
        Project { face, ..Project::default() }
    }

    #[test]
    fn a_new_document_has_nothing_to_save_nor_to_undo() {
        let document = Document::new();
        assert!(!document.is_unsaved() && !document.can_undo() && !document.can_redo());
    }

    #[test]
    fn two_marked_changes_are_two_steps_back_and_forth() {
        let mut document = Document::new();
        for prompt in ["one", "two"] {
            document.mark();
            document.project.prompt = prompt.to_owned();
        }
        document.undo();
        assert_eq!(document.project.prompt, "one");
        document.undo();
        assert_eq!(document.project, Project::default());
        document.redo();
        document.redo();
        assert_eq!(document.project.prompt, "two");
    }

    #[test]
    fn a_drag_is_one_step_however_long_it_takes() {
        let mut document = Document::new();
        for step in 1..200_u32 {
            document.project.recipe.seed = u64::from(step);
            document.watch(f64::from(step), true);
        }
        document.watch(300.0, false);
        document.watch(301.0, false);
        document.undo();
        assert_eq!(document.project, Project::default());
    }

    #[test]
    fn saving_makes_paths_relative_and_moving_the_project_keeps_them_right() {
        let mut document = Document::new();
        document.project = with_face("/shop/faces/ann.png");
        let file = PathBuf::from("/shop/ads/spring.adorn");
        let written = document.for_file(&file);
        assert_eq!(written.face.as_ref().map(|face| face.file.as_str()), Some("../faces/ann.png"));
        let snapshot = document.project.clone();
        document.was_saved(&snapshot, written, file);
        assert!(!document.is_unsaved());
        let elsewhere = document.for_file(Path::new("/shop/faces/copy.adorn"));
        assert_eq!(elsewhere.face.map(|face| face.file), Some("ann.png".to_owned()));
        let anywhere = document.for_anywhere();
        assert_eq!(anywhere.face.map(|face| face.file), Some("/shop/faces/ann.png".to_owned()));
    }

    #[test]
    fn the_photo_that_a_product_was_cut_from_moves_along() {
        let mut document = Document::new();
        let cut = CutFrom {
            file: "/shop/photos/hoop.jpg".to_owned(),
            frame: None,
            strokes: Vec::new(),
            other: Other::new(),
        };
        let file = "/shop/ads/hoop-cutout.png".to_owned();
        let earring = Earring { cut_from: Some(cut), ..crate::app::update::bare_earring(file) };
        document.project.earrings.push(earring);
        let written = document.for_file(Path::new("/shop/ads/spring.adorn"));
        let files: Vec<_> = written.earrings[0].files().map(String::as_str).collect();
        assert_eq!(files, ["hoop-cutout.png", "../photos/hoop.jpg"]);
    }

    #[test]
    fn an_edit_made_while_saving_stays_unsaved() {
        let mut document = Document::new();
        document.project.prompt = "first".to_owned();
        let snapshot = document.project.clone();
        let file = PathBuf::from("/shop/a.adorn");
        let written = document.for_file(&file);
        document.project.prompt = "second".to_owned();
        document.was_saved(&snapshot, written, file);
        assert!(document.is_unsaved());
        assert_eq!(document.project.prompt, "second");
    }

    #[test]
    fn recovered_work_is_unsaved_and_knows_its_file() {
        let file = PathBuf::from("/shop/ads/spring.adorn");
        let document = Document::recovered(with_face("/shop/faces/ann.png"), Some(file));
        assert!(document.is_unsaved());
        assert_eq!(document.name(), "spring");
        assert_eq!(document.project.face.map(|face| face.file), Some("../faces/ann.png".to_owned()));
    }

    #[test]
    fn a_recipe_s_files_move_with_the_document_and_words_differ() {
        let mut document = Document::new();
        document.add_lora(Path::new("/shop/models/gold.safetensors"));
        document.add_embedding(Path::new("/shop/models/Shiny Gold.safetensors"));
        document.add_embedding(Path::new("/shop/other/shiny gold.safetensors"));
        let tokens = document.project.recipe.embeddings.iter().map(|word| word.token.as_str());
        assert_eq!(tokens.collect::<Vec<_>>(), ["shiny-gold", "shiny-gold-2"]);
        assert_eq!(document.project.check(), Ok(()));
        let written = document.for_file(Path::new("/shop/ads/spring.adorn"));
        let files: Vec<_> = written.recipe.files().map(String::as_str).collect();
        let expected = [
            "../models/gold.safetensors",
            "../models/Shiny Gold.safetensors",
            "../other/shiny gold.safetensors",
        ];
        assert_eq!(files, expected);
        document.undo();
        assert_eq!(document.project.recipe.embeddings.len(), 1);
    }
}

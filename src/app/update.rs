//! The one place where actions are performed.

use super::document::Document;
use super::errand::Errand;
use super::photo_room::cutout_folder;
use super::placing::keep_whole_photo;
use super::window::Window;
use crate::control::fit_band_to_earring;
use crate::project::{CanvasSize, Ear, Earring, EarringId, Other, Point, PoseChoice, Scale};
use crate::ui::{Action, Command, Dialog, DropTarget, PathPurpose, ViewMode, Zoom};
use eframe::egui::{Context, ThemePreference, ViewportCommand};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

/// One step of zoom.
const ZOOM_STEP: f32 = 1.25;

impl Window {
    pub(super) fn perform(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::Command(command) => self.command(ctx, command),
            Action::OpenProject(path) => self.unless_unsaved(ctx, Action::OpenProject(path)),
            Action::AddEarring(path) => self.add_earring(ctx, path),
            Action::SetFace(path) => self.set_face(ctx, path),
            Action::PoseFrom(path) => self.pose_from(ctx, path),
            Action::OpenBundle(folder) => self.open_bundle(ctx, folder),
            Action::AddLora(path) => self.document.add_lora(&path),
            Action::AddEmbedding(path) => self.document.add_embedding(&path),
            Action::SaveTo(path) => self.save_to(ctx, path),
            Action::ExportTo(path) => self.export_to(ctx, &path),
            Action::Drop(paths, target) => self.dropped(ctx, paths, target),
            Action::PickPose(id) => {
                self.document.mark();
                self.document.project.pose = PoseChoice::Template(id);
            }
            Action::Nudge { x, y } => {
                if let Some(earring) = self.document.project.earrings.first_mut() {
                    earring.hook_in_canvas.x += x;
                    earring.hook_in_canvas.y += y;
                }
            }
            Action::ShowPicture(number) => {
                if let Some(path) = self.history.path(number) {
                    self.errands.push(Errand::old_picture(ctx, number, path.to_owned()));
                }
            }
            Action::DismissNotice(id) => self.notices.dismiss(id),
            Action::SaveThenGoOn => {
                self.after_save = self.take_unsaved_question();
                self.command(ctx, Command::Save);
            }
            Action::DiscardAndGoOn => {
                if let Some(then) = self.take_unsaved_question() {
                    self.go_on(ctx, then);
                }
            }
            Action::CloseDialog => {
                self.dialog = None;
                self.after_save = None;
            }
            Action::Recover => self.recover(),
            Action::ForgetRecovery => {
                self.dialog = None;
                self.recovered = None;
                self.clear_autosave();
            }
        }
    }

    fn command(&mut self, ctx: &Context, command: Command) {
        if self.session.photo_tool.as_mut().is_some_and(|tool| tool.perform(command)) {
            return;
        }
        match command {
            Command::New | Command::Open | Command::TrySample | Command::Quit => {
                self.unless_unsaved(ctx, Action::Command(command));
            }
            Command::Save => match self.document.file().map(Path::to_owned) {
                Some(path) => self.save_to(ctx, path),
                None => self.ask_for(ctx, PathPurpose::SaveProject),
            },
            Command::SaveAs => self.ask_for(ctx, PathPurpose::SaveProject),
            Command::Undo => self.document.undo(),
            Command::Redo => self.document.redo(),
            Command::OpenPhoto => self.ask_for(ctx, PathPurpose::OpenPhoto),
            Command::OpenFace => self.ask_for(ctx, PathPurpose::OpenFace),
            Command::OpenLora => self.ask_for(ctx, PathPurpose::OpenLora),
            Command::OpenEmbedding => self.ask_for(ctx, PathPurpose::OpenEmbedding),
            Command::OpenBundle => self.ask_for(ctx, PathPurpose::OpenBundle),
            Command::UseMannequin => {
                if let Some(ready) = &self.ready {
                    self.paint_with(ctx, std::sync::Arc::new(ready.mannequin.clone()), None);
                }
            }
            Command::CutOut => self.cut_out(ctx),
            Command::ApplyMarks => self.apply_marks(ctx),
            Command::CareForFace => self.care_for_face(ctx),
            Command::PoseFromPhoto => self.ask_for(ctx, PathPurpose::OpenPosePhoto),
            Command::KeepWholePhoto
            | Command::RemoveEarring
            | Command::ActualPixels
            | Command::CentreEarring
            | Command::FitBand
            | Command::RemoveFace
            | Command::ShuffleSeed => {
                self.document.mark();
                self.edit(command);
            }
            Command::Generate => self.generate(ctx),
            Command::MakeUntilPass => self.make_until_pass(ctx),
            Command::SortByChecks => self.session.sort_by_checks = !self.session.sort_by_checks,
            Command::Cancel => self.cancel(),
            Command::StopWork => self.stop_work(),
            Command::Export if self.history.picture().is_some() => {
                self.ask_for(ctx, PathPurpose::ExportPicture);
            }
            Command::ZoomFit => self.session.view_mut().zoom = Zoom::Fit,
            Command::ZoomActual => {
                self.session.view_mut().zoom = Zoom::At { scale: 1.0, pan: eframe::egui::Vec2::ZERO };
            }
            Command::ZoomIn => self.session.view_mut().step = Some(ZOOM_STEP),
            Command::ZoomOut => self.session.view_mut().step = Some(1.0 / ZOOM_STEP),
            Command::ToggleTheme => {
                self.session.dark = !self.session.dark;
                ctx.set_theme(if self.session.dark { ThemePreference::Dark } else { ThemePreference::Light });
            }
            // The photo tool's own while it is closed, and what there is nothing for.
            _ => {}
        }
    }

    /// Whether there is something for Cancel to stop.
    pub(super) fn can_cancel(&self) -> bool {
        let works = self.errands.iter().any(Errand::can_be_stopped);
        self.session.photo_tool.is_some() || self.generation.is_some() || works
    }

    /// Stops what lies on top.
    fn cancel(&mut self) {
        if self.session.photo_tool.is_some() {
            self.close_photo_tool();
        } else if let Some(generation) = &self.generation {
            generation.cancel();
        } else {
            self.stop_work();
        }
    }

    fn stop_work(&mut self) {
        self.errands.iter().filter(|errand| errand.can_be_stopped()).for_each(|errand| errand.job.cancel());
    }

    /// Commands that change nothing but the document.
    fn edit(&mut self, command: Command) {
        let project = &mut self.document.project;
        let canvas = project.canvas;
        match command {
            Command::KeepWholePhoto => {
                if let Some(earring) = project.earrings.first_mut() {
                    keep_whole_photo(earring);
                }
            }
            Command::RemoveEarring if !project.earrings.is_empty() => {
                project.earrings.remove(0);
            }
            Command::ActualPixels => {
                if let Some(earring) = project.earrings.first_mut() {
                    show_actual_pixels(earring);
                }
            }
            Command::CentreEarring => {
                if let Some(earring) = project.earrings.first_mut() {
                    centre(earring, canvas);
                }
            }
            Command::FitBand => {
                if let Some(layout) = self.layout.facts() {
                    let band = fit_band_to_earring(layout.scene.band, layout.scene.misfit);
                    project.scale = Scale::Band { top: band.top, bottom: band.bottom };
                }
            }
            Command::RemoveFace => project.face = None,
            Command::ShuffleSeed => project.recipe.seed = random_seed(),
            _ => {}
        }
    }

    /// Starts to read a bundle.
    pub(super) fn open_bundle(&mut self, ctx: &Context, folder: PathBuf) {
        self.errands.push(Errand::bundle(ctx, folder, self.document.project.canvas));
    }

    fn generate(&mut self, ctx: &Context) {
        if let Some(variant) = self.next_to_paint() {
            self.session.mode = ViewMode::Picture;
            self.paint(ctx, variant, self.document.base());
        }
    }

    fn dropped(&mut self, ctx: &Context, paths: Vec<PathBuf>, target: DropTarget) {
        let Some(path) = paths.into_iter().next() else { return };
        let is_project = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("adorn"));
        let action = match target {
            _ if is_project => Action::OpenProject(path),
            DropTarget::Canvas => Action::AddEarring(path),
            DropTarget::Face => Action::SetFace(path),
            DropTarget::Poses => Action::PoseFrom(path),
        };
        self.close_photo_tool();
        self.perform(ctx, action);
    }

    fn save_to(&mut self, ctx: &Context, path: PathBuf) {
        let path = with_ending(path, "adorn");
        let path = std::path::absolute(&path).unwrap_or(path);
        let written = self.document.for_file(&path);
        let own = cutout_folder(None, &self.data_folder);
        self.errands.push(Errand::save(ctx, path, self.document.project.clone(), written, own));
    }

    fn export_to(&mut self, ctx: &Context, path: &Path) {
        if let Some(kept) = self.history.number().and_then(|number| self.history.path(number)) {
            let target = with_ending(path.to_owned(), "png");
            self.errands.push(Errand::export(ctx, kept.to_owned(), target));
        }
    }

    fn ask_for(&mut self, ctx: &Context, purpose: PathPurpose) {
        let waiting = self.errands.iter().any(|errand| errand.purpose == super::errand::Purpose::Ask);
        if waiting {
            return;
        }
        let name = match purpose {
            PathPurpose::SaveProject => format!("{}.adorn", self.document.name()),
            PathPurpose::ExportPicture => format!("{}.png", self.document.name()),
            PathPurpose::OpenProject
            | PathPurpose::OpenPhoto
            | PathPurpose::OpenFace
            | PathPurpose::OpenPosePhoto
            | PathPurpose::OpenLora
            | PathPurpose::OpenEmbedding
            | PathPurpose::OpenBundle => String::new(),
        };
        let answer = self.dialogs.ask(purpose, &self.document.base().join(name));
        self.errands.push(Errand::ask(ctx, purpose, answer));
    }

    /// Does what would replace or close the document, or asks first.
    fn unless_unsaved(&mut self, ctx: &Context, then: Action) {
        if self.document.is_unsaved() {
            self.dialog = Some(Dialog::Unsaved { then: Box::new(then) });
        } else {
            self.go_on(ctx, then);
        }
    }

    /// The document may go.
    fn go_on(&mut self, ctx: &Context, then: Action) {
        match then {
            Action::Command(Command::New) => self.replace_document(Document::new()),
            Action::Command(Command::Open) => self.ask_for(ctx, PathPurpose::OpenProject),
            Action::Command(Command::TrySample) => {
                self.errands.push(Errand::sample(ctx, self.sample_folder.clone()));
            }
            Action::Command(Command::Quit) => {
                self.generation = None;
                self.closing = true;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
            Action::OpenProject(path) => self.errands.push(Errand::open(ctx, path)),
            other => tracing::warn!("nothing goes on with {other:?}"),
        }
    }

    fn take_unsaved_question(&mut self) -> Option<Action> {
        match self.dialog.take() {
            Some(Dialog::Unsaved { then }) => Some(*then),
            _ => None,
        }
    }

    fn recover(&mut self) {
        self.dialog = None;
        if let Some(recovered) = self.recovered.take() {
            self.replace_document(Document::recovered(recovered.project, recovered.file));
        }
    }
}

/// An earring that only names its photo, to have it read.
pub(super) fn bare_earring(file: String) -> Earring {
    Earring {
        id: EarringId(0),
        file,
        hook_in_product: Point::default(),
        hook_in_canvas: Point::default(),
        scale: 1.0,
        rotation_deg: 0.0,
        mirror: false,
        real_height_mm: None,
        ear: Ear::Auto,
        cut_from: None,
        other: Other::new(),
    }
}

fn show_actual_pixels(earring: &mut Earring) {
    let whole = |canvas: f64, product: f64| (canvas - product).round() + product;
    earring.scale = 1.0;
    earring.rotation_deg = 0.0;
    earring.hook_in_canvas.x = whole(earring.hook_in_canvas.x, earring.hook_in_product.x);
    earring.hook_in_canvas.y = whole(earring.hook_in_canvas.y, earring.hook_in_product.y);
}

fn centre(earring: &mut Earring, canvas: CanvasSize) {
    let whole = |canvas: f64, product: f64| (canvas - product).round() + product;
    let (x, y) = (f64::from(canvas.width) / 2.0, f64::from(canvas.height) / 2.0);
    earring.hook_in_canvas =
        Point { x: whole(x, earring.hook_in_product.x), y: whole(y, earring.hook_in_product.y) };
}

/// Short enough to be read out and typed.
pub(super) fn random_seed() -> u64 {
    RandomState::new().hash_one(0_u8) >> 34
}

fn with_ending(path: PathBuf, ending: &str) -> PathBuf {
    match path.extension() {
        Some(own) if own.eq_ignore_ascii_case(ending) => path,
        _ => {
            let mut name = path.into_os_string();
            name.push(format!(".{ending}"));
            PathBuf::from(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_name_gets_its_ending_and_dots_in_names_are_no_endings() {
        assert_eq!(with_ending("a/spring".into(), "adorn"), PathBuf::from("a/spring.adorn"));
        assert_eq!(with_ending("a/v1.2".into(), "adorn"), PathBuf::from("a/v1.2.adorn"));
        assert_eq!(with_ending("a/spring.ADORN".into(), "adorn"), PathBuf::from("a/spring.ADORN"));
    }

    #[test]
    fn actual_pixels_lie_on_whole_pixels() {
        let mut earring = Earring {
            scale: 0.7,
            rotation_deg: 12.0,
            hook_in_product: Point { x: 20.5, y: 3.0 },
            hook_in_canvas: Point { x: 100.2, y: 50.9 },
            ..bare_earring("a.png".to_owned())
        };
        show_actual_pixels(&mut earring);
        assert_eq!((earring.scale, earring.rotation_deg), (1.0, 0.0));
        assert_eq!(earring.hook_in_canvas, Point { x: 100.5, y: 51.0 });
    }
}

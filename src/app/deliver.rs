//! What background work brings back, taken into the window.

use super::errand::{Delivery, Purpose};
use super::generation::Finished;
use super::textures::{shown, upload, upload_product};
use super::window::Window;
use crate::engine::EngineCard;
use crate::job::Outcome;
use crate::ui::{Dialog, ViewMode};
use eframe::egui::Context;

impl Window {
    /// Takes what is finished.
    pub(super) fn receive(&mut self, ctx: &Context) {
        let mut finished = Vec::new();
        self.errands.retain_mut(|errand| match errand.job.poll() {
            None => true,
            Some(outcome) => {
                finished.push((errand.purpose.clone(), outcome));
                false
            }
        });
        for (purpose, outcome) in finished {
            match outcome {
                Outcome::Done(delivery) => self.deliver(ctx, delivery),
                Outcome::Cancelled => self.stopped(&purpose),
                Outcome::Failed(error) => self.failed(purpose, error.to_string()),
                Outcome::Panicked(message) => {
                    tracing::error!("{purpose:?} panicked: {message}");
                    self.failed(purpose, "a defect of Adorn's; please report it".to_owned());
                }
            }
        }
        self.receive_picture(ctx);
    }

    fn deliver(&mut self, ctx: &Context, delivery: Delivery) {
        match delivery {
            Delivery::Studio { studio, mannequin } => self.set_ready(ctx, studio, mannequin),
            Delivery::PoseThumbnails(pictures) => {
                self.pose_textures = pictures.iter().map(|picture| upload(ctx, "pose", picture)).collect();
                for (card, texture) in self.pose_cards.iter_mut().zip(&self.pose_textures) {
                    card.thumbnail = Some(shown(texture));
                }
            }
            Delivery::Product { path, product } => {
                self.photos.product_read(path, upload_product(ctx, &product.shown), &product);
            }
            Delivery::Face { key, size, picture } => {
                self.photos.face_read(&key, upload(ctx, "face", &picture), size);
            }
            Delivery::FaceTaken { path, seen } => self.take_face(&path, seen.as_deref()),
            Delivery::Pose { path, seen } => self.take_pose(&path, &seen),
            Delivery::Import { path, product, origin } => self.place(ctx, &path, &product, origin),
            Delivery::ToolPhoto(photo) => self.open_photo_tool(ctx, photo),
            Delivery::Cut { earring, photo, file, marks, product } => {
                self.take_cut(ctx, earring, &photo, &file, marks, &product);
            }
            Delivery::Opened { path, project } => {
                self.replace_document(super::document::Document::opened(*project, path));
            }
            Delivery::Sample(project) => {
                self.replace_document(super::document::Document::started_from(*project));
            }
            Delivery::Saved { path, snapshot, written } => {
                self.document.was_saved(&snapshot, *written, path);
                self.clear_autosave();
                self.notices.done("Saved", self.document.name());
                if let Some(next) = self.after_save.take() {
                    self.perform(ctx, next);
                }
            }
            Delivery::Autosaved => {}
            Delivery::Painter { folder, painter } => self.paint_with(ctx, painter, Some(folder)),
            Delivery::Exported(path) => self.notices.done("Picture exported", path.display().to_string()),
            Delivery::Asked { purpose, path: Some(path), .. } => self.perform(ctx, purpose.action(path)),
            Delivery::Asked { purpose, path: None, was_shown: false } => {
                self.dialog = Some(Dialog::TypedPath { purpose, text: String::new() });
            }
            Delivery::Asked { path: None, was_shown: true, .. } => self.after_save = None,
            Delivery::OldPicture { number, picture } => {
                self.history.show(number, upload(ctx, "picture", &picture));
            }
        }
    }

    fn stopped(&mut self, purpose: &Purpose) {
        if matches!(purpose, Purpose::Import | Purpose::TakeFace | Purpose::Pose | Purpose::ToolPhoto) {
            self.notices.done("Stopped", "The photo was not taken; your project is as it was.");
        }
    }

    fn failed(&mut self, purpose: Purpose, why: String) {
        let untouched = "Your project is as it was.";
        match purpose {
            Purpose::Start => self.notices.trouble("The studio could not start", why, ""),
            Purpose::Product(path) => self.photos.product_failed(path, why),
            Purpose::Face(key) => self.photos.face_failed(&key, why),
            Purpose::TakeFace => self.notices.trouble("The face photo could not be used", why, untouched),
            Purpose::Pose => self.notices.trouble("No pose was found", why, untouched),
            Purpose::Import => self.notices.trouble("The photo could not be used", why, untouched),
            Purpose::ToolPhoto => self.notices.trouble("The photo cannot be shown", why, untouched),
            Purpose::KeepCut => {
                if let Some(room) = &mut self.photo_room {
                    room.applying = false;
                }
                self.notices.trouble("The cut-out is not saved", why, "It is still in the tool.");
            }
            Purpose::Open => {
                self.notices.trouble(
                    "The project could not be opened",
                    why,
                    "The project on show is as it was.",
                );
            }
            Purpose::Save => {
                self.after_save = None;
                self.notices.trouble("The project is not saved", why, "Your work is still here, unsaved.");
            }
            Purpose::Autosave => tracing::warn!("autosave: {why}"),
            Purpose::Settings => tracing::warn!("settings: {why}"),
            Purpose::Bundle => {
                self.notices.trouble("The model bundle cannot be used", why, "The painter is as it was.");
            }
            Purpose::Export => {
                self.notices.trouble("The picture is not exported", why, "It is still in the history.");
            }
            Purpose::Ask => self.notices.trouble("The file dialog failed", why, untouched),
            Purpose::OldPicture => self.notices.trouble("The picture could not be read", why, untouched),
        }
    }

    fn receive_picture(&mut self, ctx: &Context) {
        let Some(outcome) = self.generation.as_mut().and_then(super::generation::Generation::poll) else {
            return;
        };
        // Cancel may come too late for this picture; it still ends the series.
        let stopped = self.generation.take().is_some_and(|generation| generation.is_cancelling());
        match outcome {
            Outcome::Done(finished) => {
                let checks = finished.checks.clone();
                self.keep(ctx, finished);
                if stopped {
                    self.series = None;
                }
                self.go_on_with_series(ctx, &checks);
            }
            Outcome::Cancelled => {
                self.notices.done("Stopped", "Nothing was lost.");
                self.no_picture();
            }
            Outcome::Failed(error) => {
                let kept = "The layout and all earlier pictures are as they were.";
                self.notices.trouble("No picture was made", error.to_string(), kept);
                self.no_picture();
            }
            Outcome::Panicked(message) => {
                tracing::error!("painting panicked: {message}");
                let why = "a defect of Adorn's stopped the painting; please report it";
                self.notices.trouble("No picture was made", why, "Your project is as it was.");
                self.no_picture();
            }
        }
    }

    fn keep(&mut self, ctx: &Context, mut finished: Finished) {
        for said in std::mem::take(&mut finished.notices) {
            self.notices.trouble("The picture is finished, with a note", said, "");
        }
        let picture = upload(ctx, "picture", &finished.shown);
        let thumbnail = upload(ctx, "thumbnail", &finished.thumbnail);
        let card = finished.card.clone();
        self.history.add(finished, picture, thumbnail);
        self.tell_of_move(card);
    }

    /// Says so where a graphics card failed and the processor took over.
    fn tell_of_move(&mut self, card: EngineCard) {
        let Some(ready) = &mut self.ready else { return };
        if ready.card.name == card.name && ready.card.device != card.device {
            let detail = format!("{}; it will be slower", card.device);
            self.notices.trouble("The picture was painted on the processor", detail, "The picture is whole.");
            ready.card = card;
        }
    }

    /// A series ends with it; without any picture there is nothing to see but the layout.
    fn no_picture(&mut self) {
        self.series = None;
        if self.history.is_empty() {
            self.session.mode = ViewMode::Layout;
        }
    }

    pub(super) fn replace_document(&mut self, document: super::document::Document) {
        // What was begun for the old document would land in the new one.
        self.errands.retain(|errand| !errand.purpose.is_of_document());
        self.photo_room = None;
        self.document = document;
        self.photos = super::photos::Photos::default();
        self.session = self.session.for_another_document();
        self.clear_autosave();
    }

    pub(super) fn clear_autosave(&mut self) {
        if let Some(autosave) = &mut self.autosave {
            autosave.clear();
        }
    }
}

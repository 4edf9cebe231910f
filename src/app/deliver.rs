//! What background work brings back, taken into the window.

use super::errand::{Delivery, Purpose};
use super::generation::Finished;
use super::photos::ReadyProduct;
use super::textures::{shown, upload, upload_product};
use super::window::Window;
use crate::engine::EngineCard;
use crate::job::Outcome;
use crate::project::{CanvasSize, Ear, Earring, EarringId, Other, Point};
use crate::ui::{Dialog, ViewMode};
use eframe::egui::Context;
use std::path::Path;

/// Height of a new earring, share of the canvas, and the range within which its own pixels are left as they are.
const NEW_HEIGHT: f64 = 0.3;
const NATURAL_HEIGHT: std::ops::RangeInclusive<f64> = 0.15..=0.45;
/// Where a new earring's hook lies, share of the canvas: the lobe of a face in the middle.
const NEW_HOOK: (f64, f64) = (0.34, 0.5);

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
                Outcome::Cancelled => {}
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
            Delivery::Face { path, picture } => self.photos.face_read(&path, upload(ctx, "face", &picture)),
            Delivery::Import { path, product } => self.place(ctx, &path, &product),
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

    fn failed(&mut self, purpose: Purpose, why: String) {
        let untouched = "Your project is as it was.";
        match purpose {
            Purpose::Start => self.notices.trouble("The studio could not start", why, ""),
            Purpose::Product(path) => self.photos.product_failed(path, why),
            Purpose::Face(path) => self.photos.face_failed(&path, why),
            Purpose::Import => self.notices.trouble("The photo could not be used", why, untouched),
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
        self.generation = None;
        match outcome {
            Outcome::Done(finished) => self.keep(ctx, finished),
            Outcome::Cancelled => {
                self.notices.done("Stopped", "Nothing was lost.");
                self.leave_empty_picture();
            }
            Outcome::Failed(error) => {
                let kept = "The layout and all earlier pictures are as they were.";
                self.notices.trouble("No picture was made", error.to_string(), kept);
                self.leave_empty_picture();
            }
            Outcome::Panicked(message) => {
                tracing::error!("painting panicked: {message}");
                let why = "a defect of Adorn's stopped the painting; please report it";
                self.notices.trouble("No picture was made", why, "Your project is as it was.");
                self.leave_empty_picture();
            }
        }
    }

    fn keep(&mut self, ctx: &Context, finished: Finished) {
        for said in finished.notices {
            self.notices.trouble("The picture is finished, with a note", said, "");
        }
        let picture = upload(ctx, "picture", &finished.shown);
        let thumbnail = upload(ctx, "thumbnail", &finished.thumbnail);
        self.history.add(finished.path, finished.seed, finished.card.kind, picture, thumbnail);
        self.tell_of_move(finished.card);
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

    /// Without a picture there is nothing to see but the layout.
    fn leave_empty_picture(&mut self) {
        if self.history.is_empty() {
            self.session.mode = ViewMode::Layout;
        }
    }

    /// Lays a photo on the canvas: in place of the main earring, or as the first.
    fn place(&mut self, ctx: &Context, path: &Path, product: &ReadyProduct) {
        self.document.mark();
        let file = self.document.name_of(path);
        let place = super::photos::place_of(&self.document.base(), &file);
        self.photos.product_read(place, upload_product(ctx, &product.shown), product);
        let canvas = self.document.project.canvas;
        let new = new_earring(file, product, canvas);
        match self.document.project.earrings.first_mut() {
            Some(earring) => {
                let kept = Earring {
                    id: earring.id,
                    hook_in_canvas: earring.hook_in_canvas,
                    ear: earring.ear,
                    ..new
                };
                *earring = kept;
            }
            None => self.document.project.earrings.push(new),
        }
        self.document.mark();
        self.session.mode = ViewMode::Layout;
    }

    pub(super) fn replace_document(&mut self, document: super::document::Document) {
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

fn new_earring(file: String, product: &ReadyProduct, canvas: CanvasSize) -> Earring {
    let (width, height) = (f64::from(canvas.width), f64::from(canvas.height));
    let natural = f64::from(product.matte.height()) / height;
    let scale = if NATURAL_HEIGHT.contains(&natural) { 1.0 } else { NEW_HEIGHT / natural };
    let whole = |canvas: f64, product: f64| (canvas - product).round() + product;
    let (x, y) = product.hook;
    Earring {
        id: EarringId(1),
        file,
        hook_in_product: Point { x, y },
        hook_in_canvas: Point { x: whole(width * NEW_HOOK.0, x), y: whole(height * NEW_HOOK.1, y) },
        scale,
        rotation_deg: 0.0,
        mirror: false,
        real_height_mm: None,
        ear: Ear::Auto,
        cut_from: None,
        other: Other::new(),
    }
}

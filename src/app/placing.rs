//! Products onto the canvas: a photo that was read, a cut-out of it, and what is said about them.

use super::cutting::{Origin, is_doubtful};
use super::errand::Errand;
use super::photo_room::{PhotoRoom, ToolPhoto, cutout_folder};
use super::photos::{ReadyProduct, place_of};
use super::textures::upload_product;
use super::update::bare_earring;
use super::window::Window;
use crate::project::{CanvasSize, CutFrom, Ear, Earring, EarringId, Other, Point};
use crate::ui::{Aim, Command, Marks, PhotoTool, Verdict, ViewMode};
use eframe::egui::{Context, Vec2};
use std::path::{Path, PathBuf};

/// Height of a new earring, share of the canvas, and the range within which its own pixels are left as they are.
const NEW_HEIGHT: f64 = 0.3;
const NATURAL_HEIGHT: std::ops::RangeInclusive<f64> = 0.15..=0.45;
/// Where a new earring's hook lies, share of the canvas: the lobe of a face in the middle.
const NEW_HOOK: (f64, f64) = (0.34, 0.5);

impl Window {
    /// Reads a photo and cuts it out where it must be, to be placed.
    pub(super) fn add_earring(&mut self, ctx: &Context, path: PathBuf) {
        let Some(ready) = &self.ready else {
            self.when_ready.push(crate::ui::Action::AddEarring(path));
            return;
        };
        let path = std::path::absolute(&path).unwrap_or(path);
        let studio = ready.studio.at(PathBuf::new());
        let earring = bare_earring(path.to_string_lossy().into_owned());
        self.send_latest(Errand::import(ctx, studio, earring, path, self.cutout_folder()));
    }

    fn cutout_folder(&self) -> PathBuf {
        cutout_folder(self.document.file(), &self.data_folder)
    }

    /// Lays a photo on the canvas: in place of the main earring, or as the first.
    pub(super) fn place(&mut self, ctx: &Context, path: &Path, product: &ReadyProduct, origin: Origin) {
        self.document.mark();
        let (file, cut_from) = match &origin {
            Origin::Cut { file, .. } => (file.as_path(), Some(self.cut_from(path, Marks::default()))),
            Origin::SeeThrough | Origin::Whole { .. } => (path, None),
        };
        let file = self.take_product(ctx, file, product);
        let new = Earring { cut_from, ..new_earring(file, product, self.document.project.canvas) };
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
        self.tell_of_origin(path, origin);
    }

    /// Makes a product's texture known under its file's place; returns the file's name in this document.
    fn take_product(&mut self, ctx: &Context, file: &Path, product: &ReadyProduct) -> String {
        let name = self.document.name_of(file);
        let place = place_of(&self.document.base(), &name);
        self.photos.product_read(place, upload_product(ctx, &product.shown), product);
        name
    }

    fn cut_from(&self, photo: &Path, marks: Marks) -> CutFrom {
        let (frame, strokes) = (marks.frame, marks.strokes);
        CutFrom { file: self.document.name_of(photo), frame, strokes, other: Other::new() }
    }

    fn tell_of_origin(&mut self, photo: &Path, origin: Origin) {
        let name = photo.file_name().unwrap_or_default().to_string_lossy();
        match origin {
            Origin::SeeThrough => {}
            Origin::Cut { verdict, .. } if is_doubtful(&verdict) => {
                let offers = [Command::CutOut, Command::KeepWholePhoto];
                let kept = "The photo itself is not touched.";
                self.notices.trouble_with("The cut-out needs a look", in_words(&verdict), kept, &offers);
            }
            Origin::Cut { verdict, .. } => {
                let detail = format!("{name}: {}", in_words(&verdict));
                self.notices.done_with("The product is cut out", detail, &[Command::CutOut]);
            }
            Origin::Whole { why } => {
                let kept = "The photo lies on the canvas as it is.";
                self.notices.trouble_with("The background is still there", why, kept, &[Command::CutOut]);
            }
        }
    }

    /// Opens the photo tool on the main earring's photo: the one it was cut out of, or its own.
    pub(super) fn cut_out(&mut self, ctx: &Context) {
        let (Some(ready), Some(earring)) = (&self.ready, self.document.project.earrings.first()) else {
            return;
        };
        let file = earring.cut_from.as_ref().map_or(&earring.file, |cut| &cut.file);
        let path = place_of(&self.document.base(), file);
        let studio = ready.studio.at(PathBuf::new());
        let photo = bare_earring(path.to_string_lossy().into_owned());
        let errand = Errand::tool_photo(ctx, studio, photo, Aim::CutOut(earring.id), path);
        self.send_latest(errand);
    }

    /// The latest of a kind wins; one before may still be in the making.
    pub(super) fn send_latest(&mut self, errand: Errand) {
        self.errands.retain(|other| other.purpose != errand.purpose);
        self.errands.push(errand);
    }

    pub(super) fn open_photo_tool(&mut self, ctx: &Context, photo: ToolPhoto) {
        let room = PhotoRoom::new(ctx, photo);
        let (start, marks) = self.marks_of(room.aim(), room.size());
        self.session.photo_tool = Some(PhotoTool::new(room.aim(), room.size(), start, marks));
        self.photo_room = Some(room);
        self.notices.let_good_news_go();
    }

    /// The photo without any marks, and with those that the document holds already.
    fn marks_of(&self, aim: Aim, size: Vec2) -> (Marks, Marks) {
        let Aim::CutOut(id) = aim else { return self.marks_of_face(size) };
        let earring = self.document.project.earrings.iter().find(|earring| earring.id == id);
        let cut = earring.and_then(|earring| earring.cut_from.clone());
        let marks = |cut: CutFrom| Marks { frame: cut.frame, crop: None, strokes: cut.strokes };
        (Marks::default(), cut.map(marks).unwrap_or_default())
    }

    /// Shows what the marks give, and takes it over once it is there if that was asked for.
    pub(super) fn step_photo_tool(&mut self, ctx: &Context) {
        let (Some(room), Some(tool)) = (&mut self.photo_room, &self.session.photo_tool) else { return };
        room.step(ctx, tool);
        if room.applying && room.gives_nothing(&tool.marks) {
            room.applying = false;
        }
        if room.applying {
            self.apply_marks(ctx);
        }
    }

    /// Takes the photo tool's result over; waits for it if need be.
    pub(super) fn apply_marks(&mut self, ctx: &Context) {
        let keeping = self.errands.iter().any(|errand| errand.purpose == super::errand::Purpose::KeepCut);
        let folder = self.cutout_folder();
        let (Some(room), Some(tool)) = (&mut self.photo_room, &self.session.photo_tool) else { return };
        let Aim::CutOut(earring) = tool.aim else { return self.apply_face() };
        room.applying = true;
        if let (Some(pixels), false) = (room.result_of(&tool.marks), keeping) {
            let result = (pixels, tool.marks.clone());
            self.errands.push(Errand::keep_cut(ctx, earring, room.path.clone(), result, folder));
        }
    }

    pub(super) fn close_photo_tool(&mut self) {
        self.session.photo_tool = None;
        self.photo_room = None;
    }

    /// A cut-out of the tool becomes the earring's file.
    pub(super) fn take_cut(
        &mut self,
        ctx: &Context,
        id: EarringId,
        photo: &Path,
        file: &Path,
        marks: Marks,
        product: &ReadyProduct,
    ) {
        self.document.mark();
        let file = self.take_product(ctx, file, product);
        let cut_from = Some(self.cut_from(photo, marks));
        let canvas = self.document.project.canvas;
        let earrings = &mut self.document.project.earrings;
        if let Some(earring) = earrings.iter_mut().find(|earring| earring.id == id) {
            if earring.cut_from.is_none() {
                // The whole photo's place says nothing about the product in it.
                let new = new_earring(file.clone(), product, canvas);
                earring.hook_in_product = new.hook_in_product;
                earring.scale = new.scale;
            }
            earring.file = file;
            earring.cut_from = cut_from;
        }
        self.document.mark();
        self.close_photo_tool();
        self.notices.done("The product is cut out", "Its pixels are the photo's own.");
    }
}

/// The earring shows its whole photo again.
pub(super) fn keep_whole_photo(earring: &mut Earring) {
    if let Some(cut) = earring.cut_from.take() {
        earring.file = cut.file;
    }
}

/// "Clean edges. The chain is thin in places."
fn in_words(verdict: &Verdict) -> String {
    std::iter::once(&verdict.words).chain(&verdict.doubts).cloned().collect::<Vec<_>>().join(" ")
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

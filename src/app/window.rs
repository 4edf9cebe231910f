//! The window itself: its state, and one frame of it.

use super::autosave::{Autosave, Recovered};
use super::dialogs::{FileDialogs, SystemDialogs};
use super::document::Document;
use super::errand::{Errand, Painter, Purpose};
use super::generation::Generation;
use super::history::History;
use super::layout_preview::LayoutPreview;
use super::notices::Notices;
use super::photo_room::PhotoRoom;
use super::photos::Photos;
use super::series::Series;
use super::settings::Settings;
use crate::engine::{EngineCard, EngineKind, MemoryOutlook};
use crate::mannequin::MannequinEngine;
use crate::project::{CanvasSize, Project};
use crate::ui::{self, Action, Command, Dialog, DropTarget, Facts, PhotoTool, PoseCard, Session};
use crate::workflow::Studio;
use eframe::egui::{Context, Rect, TextureHandle, ThemePreference, Ui, ViewportCommand};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a window needs from outside.
pub struct Setup {
    /// Opened at start.
    pub project: Option<PathBuf>,
    /// Where autosave and history live.
    pub data_folder: PathBuf,
    pub dialogs: Box<dyn FileDialogs>,
    /// Who paints; none: the mannequin.
    pub painter: Option<Painter>,
    /// When the program started.
    pub started: Instant,
}

impl Setup {
    /// The user's own data folder and dialogs.
    pub(super) fn for_desktop(project: Option<PathBuf>, started: Instant) -> Self {
        let folders = directories::ProjectDirs::from("", "", "Adorn");
        let data_folder =
            folders.map_or_else(std::env::temp_dir, |folders| folders.data_local_dir().to_owned());
        Self { project, data_folder, dialogs: Box::new(SystemDialogs), painter: None, started }
    }
}

/// What the studio brought.
pub(super) struct Ready {
    pub(super) studio: Studio,
    pub(super) mannequin: MannequinEngine,
    pub(super) painter: Painter,
    pub(super) card: EngineCard,
}

impl Ready {
    /// What a picture on this canvas takes; cheap enough for every frame.
    fn outlook(&self, canvas: CanvasSize) -> Option<MemoryOutlook> {
        self.painter.memory(self.painter.network_size(canvas.width, canvas.height))
    }
}

/// The studio window.
pub struct Window {
    pub(super) document: Document,
    pub(super) session: Session,
    pub(super) dialog: Option<Dialog>,
    pub(super) notices: Notices,
    pub(super) photos: Photos,
    /// While the photo tool is open.
    pub(super) photo_room: Option<PhotoRoom>,
    pub(super) layout: LayoutPreview,
    pub(super) history: History,
    pub(super) data_folder: PathBuf,
    pub(super) history_folder: PathBuf,
    pub(super) sample_folder: PathBuf,
    pub(super) generation: Option<Generation>,
    pub(super) series: Option<Series>,
    pub(super) errands: Vec<Errand>,
    pub(super) dialogs: Box<dyn FileDialogs>,
    pub(super) ready: Option<Ready>,
    pub(super) chosen_painter: Option<Painter>,
    pub(super) pose_cards: Vec<PoseCard>,
    pub(super) pose_textures: Vec<TextureHandle>,
    pub(super) autosave: Option<Autosave>,
    pub(super) recovered: Option<Recovered>,
    /// Done as soon as the project is saved.
    pub(super) after_save: Option<Action>,
    /// Waits for the studio.
    pub(super) when_ready: Vec<Action>,
    pub(super) closing: bool,
    actions: Vec<Action>,
    title: String,
    waiting_card: EngineCard,
    started: Option<Instant>,
}

impl Window {
    pub fn new(ctx: &Context, setup: Setup) -> Self {
        ui::install_theme(ctx);
        ctx.set_theme(ThemePreference::Dark);
        let (autosave, recovered) = Autosave::open(&setup.data_folder.join("autosave"));
        let dialog = recovered.as_ref().map(|recovered| Dialog::Recovery { name: name_of(recovered) });
        let mut errands = vec![Errand::studio(ctx)];
        errands.extend(setup.project.map(|path| Errand::open(ctx, path)));
        Self {
            document: Document::new(),
            session: Session::default(),
            dialog,
            notices: Notices::default(),
            photos: Photos::default(),
            photo_room: None,
            layout: LayoutPreview::default(),
            history: History::default(),
            history_folder: setup.data_folder.join("history"),
            sample_folder: setup.data_folder.join("sample"),
            data_folder: setup.data_folder,
            generation: None,
            series: None,
            errands,
            dialogs: setup.dialogs,
            ready: None,
            chosen_painter: setup.painter,
            pose_cards: Vec::new(),
            pose_textures: Vec::new(),
            autosave,
            recovered,
            after_save: None,
            when_ready: Vec::new(),
            closing: false,
            actions: Vec::new(),
            title: String::new(),
            waiting_card: EngineCard {
                name: "Starting…".to_owned(),
                kind: EngineKind::Trained,
                device: "this computer".to_owned(),
            },
            started: Some(setup.started),
        }
    }

    /// The document as it is now.
    pub fn project(&self) -> &Project {
        &self.document.project
    }

    /// Whether the document differs from its file.
    pub fn is_unsaved(&self) -> bool {
        self.document.is_unsaved()
    }

    /// Whether a picture is being painted.
    pub fn is_painting(&self) -> bool {
        self.generation.is_some()
    }

    /// Files of the pictures made so far, oldest first.
    pub fn pictures(&self) -> Vec<&Path> {
        self.history.cards().iter().filter_map(|card| self.history.path(card.number)).collect()
    }

    /// Whether files are still being read or written.
    pub fn is_busy(&self) -> bool {
        !self.errands.is_empty()
    }

    /// Whether the photo tool's next result is on its way.
    pub fn is_cutting(&self) -> bool {
        self.photo_room.as_ref().is_some_and(PhotoRoom::is_working)
    }

    /// Asks for something, as a panel does.
    pub fn ask(&mut self, action: Action) {
        self.actions.push(action);
    }

    fn keys(&mut self, ctx: &Context) {
        let typing = ctx.text_edit_focused();
        for command in Command::ALL {
            let Some(shortcut) = command.shortcut() else { continue };
            if (typing && command.yields_to_typing()) || self.dialog.is_some() {
                continue;
            }
            if !command.has_key_with_tool(self.session.photo_tool.is_some()) {
                continue;
            }
            // Escape also closes popups and ends drags; it means Cancel only while there is something to stop.
            if command == Command::Cancel && !self.can_cancel() {
                continue;
            }
            if ctx.input_mut(|input| input.consume_shortcut(&shortcut)) {
                self.actions.push(Action::Command(command));
            }
        }
    }

    fn drops(&mut self, ctx: &Context) {
        let (paths, at) = ctx.input(|input| {
            let paths: Vec<_> = input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect();
            (paths, input.pointer.latest_pos())
        });
        if paths.is_empty() {
            return;
        }
        let on = |area: Rect| at.is_some_and(|at| area.contains(at)) && self.session.photo_tool.is_none();
        let target = if on(self.session.face_box.expand(8.0)) {
            DropTarget::Face
        } else if on(self.session.gallery_box) {
            DropTarget::Poses
        } else {
            DropTarget::Canvas
        };
        self.actions.push(Action::Drop(paths, target));
    }

    /// Asked to close by the desktop.
    fn close_request(&mut self, ctx: &Context) {
        if !ctx.input(|input| input.viewport().close_requested()) || self.closing {
            return;
        }
        if self.document.is_unsaved() {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        }
        self.actions.push(Action::Command(Command::Quit));
    }

    fn watch_document(&mut self, ctx: &Context) {
        let (now, held) = ctx.input(|input| (input.time, input.pointer.any_down()));
        self.document.watch(now, held);
        if self.document.is_settling() {
            ctx.request_repaint_after(Duration::from_millis(600));
        }
        let unsaved = self.document.is_unsaved();
        let title = format!("{}{} – Adorn", if unsaved { "• " } else { "" }, self.document.name());
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        if unsaved && self.recovered.is_none() {
            self.keep_safe(ctx);
        }
    }

    fn keep_safe(&mut self, ctx: &Context) {
        let Some(autosave) = &mut self.autosave else { return };
        if autosave.due(&self.document.project) {
            let project = self.document.for_anywhere();
            let file = self.document.file().map(Path::to_owned);
            self.errands.push(Errand::autosave(ctx, autosave.path().to_owned(), project, file));
        }
        ctx.request_repaint_after(Autosave::period());
    }

    fn read_photos(&mut self, ctx: &Context) {
        let Some(ready) = &self.ready else { return };
        let base = self.document.base();
        let studio = ready.studio.at(base.clone());
        let project = &self.document.project;
        for (earring, path) in self.photos.take_unread(project, &base) {
            self.errands.push(Errand::product(ctx, studio.clone(), earring, path));
        }
        if let Some((face, key)) = self.photos.take_unread_face(project, &base) {
            self.errands.push(Errand::face(ctx, studio.clone(), face, key));
        }
        self.layout.step(ctx, &project.current_variant(), &studio, &ready.mannequin);
    }

    fn draw(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let run = self.generation.as_mut().map(|generation| generation.facts(&ctx));
        let products = self.photos.products(&self.document.project, &self.document.base());
        let name = self.document.name();
        let work: Vec<_> = self.errands.iter().filter_map(Errand::work).collect();
        let tool = self.session.photo_tool.as_ref();
        let facts = Facts {
            name: &name,
            unsaved: self.document.is_unsaved(),
            can_undo: tool.map_or(self.document.can_undo(), PhotoTool::can_undo),
            can_redo: tool.map_or(self.document.can_redo(), PhotoTool::can_redo),
            poses: &self.pose_cards,
            products: &products,
            layout: self.layout.facts(),
            layout_trouble: self.layout.trouble(),
            face: self.photos.face(),
            face_trouble: self.photos.face_trouble(),
            run,
            series: self.series.as_ref().map(Series::facts),
            checks: self.history.checks(),
            picture: self.history.picture(),
            picture_number: self.history.number(),
            history: self.history.cards(),
            notices: self.notices.shown(),
            engine: self.ready.as_ref().map_or(&self.waiting_card, |ready| &ready.card),
            memory: self.ready.as_ref().and_then(|ready| ready.outlook(self.document.project.canvas)),
            engine_opens: self.errands.iter().any(|errand| errand.purpose == Purpose::Bundle),
            work: &work,
            photo: self.photo_room.as_ref().map(PhotoRoom::facts),
            file_hovers: ctx.input(|input| !input.raw.hovered_files.is_empty()),
        };
        let project = &mut self.document.project;
        ui::show(ui, project, &mut self.session, &facts, &mut self.dialog, &mut self.actions);
    }

    fn measure_start(&mut self) {
        if let Some(started) = self.started.take() {
            tracing::debug!("first frame {} ms after start", started.elapsed().as_millis());
        }
    }
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.receive(ctx);
        self.close_request(ctx);
        self.keys(ctx);
        self.drops(ctx);
        self.perform_all(ctx);
        self.read_photos(ctx);
        self.step_photo_tool(ctx);
        self.watch_document(ctx);
        if let Some(later) = self.notices.age() {
            ctx.request_repaint_after(later);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
        let ctx = ui.ctx().clone();
        self.perform_all(&ctx);
        self.measure_start();
    }

    fn on_exit(&mut self) {
        if let Some(autosave) = &mut self.autosave
            && self.closing
            && self.recovered.is_none()
        {
            autosave.clear();
        }
    }
}

impl Window {
    fn perform_all(&mut self, ctx: &Context) {
        for action in std::mem::take(&mut self.actions) {
            self.perform(ctx, action);
        }
    }

    /// Takes up the studio once it is read.
    pub(super) fn set_ready(&mut self, ctx: &Context, studio: Studio, mannequin: MannequinEngine) {
        let painter = self.chosen_painter.clone().unwrap_or_else(|| std::sync::Arc::new(mannequin.clone()));
        let templates = studio.poses.templates().to_vec();
        self.pose_cards = templates.iter().map(pose_card).collect();
        self.errands.push(Errand::thumbnails(ctx, std::sync::Arc::clone(&studio.body), templates));
        let card = painter.card();
        self.ready = Some(Ready { studio, mannequin, painter, card });
        if self.chosen_painter.is_none()
            && let Some(folder) = Settings::read(&self.data_folder).bundle
        {
            self.open_bundle(ctx, folder);
        }
        self.actions.append(&mut self.when_ready);
    }

    /// Hands the brush over, and remembers the bundle for the next start.
    pub(super) fn paint_with(&mut self, ctx: &Context, painter: Painter, bundle: Option<PathBuf>) {
        let Some(ready) = &mut self.ready else { return };
        ready.card = painter.card();
        ready.painter = painter;
        self.errands.push(Errand::remember(ctx, Settings { bundle }, self.data_folder.clone()));
    }
}

fn pose_card(template: &crate::body::PoseTemplate) -> PoseCard {
    PoseCard {
        id: template.id.clone(),
        name: template.name.clone(),
        facing: template.facing,
        angles: template.angles,
        thumbnail: None,
    }
}

fn name_of(recovered: &Recovered) -> String {
    let stem = recovered.file.as_deref().and_then(Path::file_stem);
    stem.map_or_else(|| "Untitled".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

//! A studio window without a display, and those who answer it.

use adorn::app::{Answer, FileDialogs, Setup, Window};
use adorn::engine::progress::{Control, Progress, Stage};
use adorn::engine::{Engine, EngineCard, EngineError, EngineKind, Generated, NetworkSize, Request};
use adorn::project::Project;
use adorn::ui::{Action, PathPurpose};
use eframe::egui::accesskit::Role;
use eframe::egui::{Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use image::{Rgba, RgbaImage};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers every question for a file with the path a test laid ready.
pub(crate) struct LaidReady(pub(crate) PathBuf);

impl FileDialogs for LaidReady {
    fn ask(&self, _purpose: PathPurpose, _suggestion: &Path) -> Answer {
        let path = self.0.clone();
        Box::pin(std::future::ready(Some(path)))
    }
}

/// A desktop without dialogs.
pub(crate) struct NoDialogs;

impl FileDialogs for NoDialogs {
    fn ask(&self, _purpose: PathPurpose, _suggestion: &Path) -> Answer {
        Box::pin(std::future::ready(None))
    }
}

/// Paints until it is told to stop.
pub(crate) struct Endless;

impl Engine for Endless {
    fn card(&self) -> EngineCard {
        EngineCard { name: "endless".to_owned(), kind: EngineKind::Untrained, device: "cpu".to_owned() }
    }

    fn network_size(&self, _width: u32, _height: u32) -> NetworkSize {
        NetworkSize::new(64, 64).expect("a network size")
    }

    fn generate(&self, _request: &Request<'_>, control: &Control) -> Result<Generated, EngineError> {
        loop {
            control.step(Progress::new(Stage::Painting, 3, 30))?;
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

pub(crate) struct Studio {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) harness: Harness<'static, Window>,
}

impl Studio {
    pub(crate) fn new(
        folder: tempfile::TempDir,
        dialogs: Box<dyn FileDialogs>,
        painter: Option<Arc<dyn Engine>>,
    ) -> Self {
        let data_folder = folder.path().join("data");
        let setup = Setup { project: None, data_folder, dialogs, painter, started: Instant::now() };
        let harness = Harness::builder()
            .with_size(vec2(1440.0, 900.0))
            .with_max_steps(64)
            .build_eframe(|cc| Window::new(&cc.egui_ctx, setup));
        let mut studio = Self { folder, harness };
        studio.wait("the studio to be ready", |window| !window.is_busy());
        studio
    }

    pub(crate) fn simple() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let dialogs = Box::new(LaidReady(folder.path().join("spring.adorn")));
        Self::new(folder, dialogs, None)
    }

    /// With a product on the canvas.
    pub(crate) fn composed() -> Self {
        let mut studio = Self::simple();
        studio.add_product();
        studio
    }

    pub(crate) fn add_product(&mut self) {
        let photo = product_photo(self.folder.path());
        self.harness.state_mut().ask(Action::AddEarring(photo));
        self.wait("the earring", |window| !window.project().earrings.is_empty() && !window.is_busy());
    }

    pub(crate) fn wait(&mut self, what: &str, done: impl Fn(&Window) -> bool) {
        let started = Instant::now();
        loop {
            self.harness.step();
            if done(self.harness.state()) {
                self.harness.run_steps(2);
                return;
            }
            assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.harness.run_steps(3);
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
    }

    pub(crate) fn project(&self) -> &Project {
        self.harness.state().project()
    }

    /// Where a canvas pixel is on the screen: the canvas is square and fitted.
    pub(crate) fn on_screen(&self, x: f32, y: f32) -> Pos2 {
        let area = self.harness.get_by_role_and_label(Role::Canvas, "Canvas").rect();
        let side = area.size().min_elem() - 48.0;
        area.center() + vec2(x / 1024.0 - 0.5, y / 1024.0 - 0.5) * side
    }

    pub(crate) fn drag(&mut self, from: Pos2, to: Pos2) {
        self.harness.hover_at(from);
        self.harness.step();
        self.harness.drag_at(from);
        self.harness.step();
        for share in [0.3, 0.7, 1.0] {
            self.harness.hover_at(from + (to - from) * share);
            self.harness.step();
        }
        self.harness.drop_at(to);
        self.harness.run_steps(3);
    }
}

/// A gold drop on a transparent ground: 200 x 400 pixels, the product from row 40 to 360.
pub(crate) fn product_photo(folder: &Path) -> PathBuf {
    let mut photo = RgbaImage::new(200, 400);
    for (x, y, pixel) in photo.enumerate_pixels_mut() {
        let across = (f64::from(x) - 100.0) / 60.0;
        let down = (f64::from(y) - 200.0) / 160.0;
        if across.hypot(down) < 1.0 {
            *pixel = Rgba([212, 170, (x % 120) as u8, 255]);
        }
    }
    let path = folder.join("drop.png");
    photo.save(&path).expect("a written photo");
    path
}

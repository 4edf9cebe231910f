//! Small things done in the background: reading, saving, asking for a file. Each ends in a [`Delivery`].

use super::autosave;
use super::dialogs::Answer;
use super::photos::{ReadyProduct, face_for_show};
use super::sample;
use super::settings::Settings;
use super::textures::for_show;
use crate::body::{BodyModel, PoseTemplate};
use crate::control::pose_render;
use crate::engine::Engine;
use crate::engine::device::{DTypeChoice, DeviceChoice};
use crate::engine::steady::SteadyEngine;
use crate::job::Job;
use crate::mannequin::MannequinEngine;
use crate::picture::{load_face, read_record};
use crate::project::{self, CanvasSize, Earring, Project};
use crate::ui::PathPurpose;
use crate::workflow::{Studio, hand_over};
use eframe::egui::Context;
use image::RgbImage;
use rayon::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A dialog that ends this soon was never shown: no hand is so quick.
const NOBODY_SAW_IT: Duration = Duration::from_millis(400);

/// What an errand brings back.
pub(super) enum Delivery {
    Studio {
        studio: Studio,
        mannequin: MannequinEngine,
    },
    PoseThumbnails(Vec<RgbImage>),
    Product {
        path: PathBuf,
        product: ReadyProduct,
    },
    Face {
        path: PathBuf,
        picture: RgbImage,
    },
    /// A photo for a new earring.
    Import {
        path: PathBuf,
        product: ReadyProduct,
    },
    Opened {
        path: PathBuf,
        project: Box<Project>,
    },
    /// A project without a file; paths inside are absolute.
    Sample(Box<Project>),
    Saved {
        path: PathBuf,
        snapshot: Box<Project>,
        written: Box<Project>,
    },
    Autosaved,
    /// A model bundle that is ready to paint.
    Painter {
        folder: PathBuf,
        painter: Painter,
    },
    Exported(PathBuf),
    Asked {
        purpose: PathPurpose,
        path: Option<PathBuf>,
        was_shown: bool,
    },
    OldPicture {
        number: usize,
        picture: RgbImage,
    },
}

/// What an errand is for, to say what failed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Purpose {
    Start,
    Product(PathBuf),
    Face(PathBuf),
    Import,
    Open,
    Save,
    Autosave,
    Bundle,
    Settings,
    Export,
    Ask,
    OldPicture,
}

/// An errand on its way.
pub(super) struct Errand {
    pub(super) purpose: Purpose,
    pub(super) job: Job<Delivery>,
}

impl Errand {
    fn start(
        ctx: &Context,
        purpose: Purpose,
        work: impl FnOnce() -> anyhow::Result<Delivery> + Send + 'static,
    ) -> Self {
        let ctx = ctx.clone();
        let job = Job::spawn("errand", move || ctx.request_repaint(), move |_| work());
        Self { purpose, job }
    }

    /// Body, poses and the mannequin.
    pub(super) fn studio(ctx: &Context) -> Self {
        Self::start(ctx, Purpose::Start, || {
            let studio = Studio::shipped(PathBuf::new())?;
            let mannequin = MannequinEngine::new(&studio.body);
            Ok(Delivery::Studio { studio, mannequin })
        })
    }

    /// The templates as the network sees them.
    pub(super) fn thumbnails(ctx: &Context, body: Arc<BodyModel>, templates: Vec<PoseTemplate>) -> Self {
        Self::start(ctx, Purpose::Start, move || {
            let render = |template: &PoseTemplate| pose_render(&body, &body.pose_head(template.angles));
            Ok(Delivery::PoseThumbnails(templates.par_iter().map(render).collect()))
        })
    }

    pub(super) fn product(ctx: &Context, studio: Studio, earring: Earring, path: PathBuf) -> Self {
        Self::start(ctx, Purpose::Product(path.clone()), move || {
            let product = ReadyProduct::of(&*studio.product(&earring)?);
            Ok(Delivery::Product { path, product })
        })
    }

    pub(super) fn import(ctx: &Context, studio: Studio, earring: Earring, path: PathBuf) -> Self {
        Self::start(ctx, Purpose::Import, move || {
            let product = ReadyProduct::of(&*studio.product(&earring)?);
            Ok(Delivery::Import { path, product })
        })
    }

    pub(super) fn face(ctx: &Context, path: PathBuf) -> Self {
        Self::start(ctx, Purpose::Face(path.clone()), move || {
            let picture = face_for_show(&load_face(&path)?);
            Ok(Delivery::Face { path, picture })
        })
    }

    pub(super) fn open(ctx: &Context, path: PathBuf) -> Self {
        Self::start(ctx, Purpose::Open, move || {
            let path = std::path::absolute(&path).unwrap_or(path);
            let project = Box::new(project::load(&path)?);
            Ok(Delivery::Opened { path, project })
        })
    }

    pub(super) fn sample(ctx: &Context, folder: PathBuf) -> Self {
        Self::start(ctx, Purpose::Open, move || Ok(Delivery::Sample(Box::new(sample::unpack(&folder)?))))
    }

    /// `snapshot` is the project as it is in the window, `written` as the file is to hold it.
    pub(super) fn save(ctx: &Context, path: PathBuf, snapshot: Project, written: Project) -> Self {
        Self::start(ctx, Purpose::Save, move || {
            project::save(&written, &path)?;
            Ok(Delivery::Saved { path, snapshot: Box::new(snapshot), written: Box::new(written) })
        })
    }

    pub(super) fn autosave(ctx: &Context, slot: PathBuf, project: Project, file: Option<PathBuf>) -> Self {
        Self::start(ctx, Purpose::Autosave, move || {
            autosave::write(&slot, project, file.as_deref())?;
            Ok(Delivery::Autosaved)
        })
    }

    /// Reads a model bundle's weights, for pictures on a canvas of this size.
    pub(super) fn bundle(ctx: &Context, folder: PathBuf, canvas: CanvasSize) -> Self {
        let canvas = (canvas.width, canvas.height);
        Self::start(ctx, Purpose::Bundle, move || {
            let folder = std::path::absolute(&folder).unwrap_or(folder);
            let (device, dtype) = (DeviceChoice::Auto, DTypeChoice::Auto);
            let engine = SteadyEngine::open(&folder, device, dtype, canvas, &|_, _| ())?;
            Ok(Delivery::Painter { folder, painter: Arc::new(engine) })
        })
    }

    pub(super) fn remember(ctx: &Context, settings: Settings, folder: PathBuf) -> Self {
        Self::start(ctx, Purpose::Settings, move || {
            settings.write(&folder)?;
            Ok(Delivery::Autosaved)
        })
    }

    /// The finished file as the history keeps it, its record put right for its new folder.
    pub(super) fn export(ctx: &Context, kept: PathBuf, target: PathBuf) -> Self {
        Self::start(ctx, Purpose::Export, move || {
            hand_over(&kept, &target)?;
            Ok(Delivery::Exported(target))
        })
    }

    pub(super) fn ask(ctx: &Context, purpose: PathPurpose, answer: Answer) -> Self {
        Self::start(ctx, Purpose::Ask, move || {
            let asked = Instant::now();
            let path = pollster::block_on(answer);
            let was_shown = path.is_some() || asked.elapsed() >= NOBODY_SAW_IT;
            Ok(Delivery::Asked { purpose, path, was_shown })
        })
    }

    /// A picture of the history, read back from its file.
    pub(super) fn old_picture(ctx: &Context, number: usize, path: PathBuf) -> Self {
        Self::start(ctx, Purpose::OldPicture, move || {
            let (picture, _) = read_record(&path)?;
            Ok(Delivery::OldPicture { number, picture: for_show(&picture) })
        })
    }
}

/// Who paints when Generate is pressed.
pub(super) type Painter = Arc<dyn Engine>;

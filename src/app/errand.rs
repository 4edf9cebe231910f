//! Small things done in the background: reading, saving, asking for a file. Each ends in a [`Delivery`].

use super::autosave;
use super::cutting::{self, Origin};
use super::dialogs::Answer;
use super::looking::{self, SeenPose};
use super::photo_room::ToolPhoto;
use super::photos::{FaceKey, ReadyProduct};
use super::sample;
use super::settings::Settings;
use super::textures::for_show;
use crate::body::{BodyModel, PoseTemplate};
use crate::control::pose_render;
use crate::engine::Engine;
use crate::engine::device::{DTypeChoice, DeviceChoice};
use crate::engine::progress::{Control, Stage};
use crate::engine::steady::SteadyEngine;
use crate::job::Job;
use crate::mannequin::MannequinEngine;
use crate::picture::cutout::opaque;
use crate::picture::{load_face, read_record};
use crate::project::{self, CanvasSize, Earring, EarringId, Face, Project};
use crate::ui::{Aim, Marks, PathPurpose, WorkFacts};
use crate::vision::FaceCare;
use crate::workflow::{Studio, hand_over};
use anyhow::Context as _;
use eframe::egui::{Context, Vec2};
use image::{RgbImage, RgbaImage};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
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
        key: FaceKey,
        /// Of the file, pixels.
        size: Vec2,
        picture: RgbImage,
    },
    /// A photo for the face, looked at.
    FaceTaken {
        path: PathBuf,
        /// None without a face.
        seen: Option<Box<FaceCare>>,
    },
    /// A head in a photo.
    Pose {
        path: PathBuf,
        seen: SeenPose,
    },
    /// A photo for a new earring, cut out where it had to be.
    Import {
        path: PathBuf,
        product: ReadyProduct,
        origin: Origin,
    },
    /// A photo for the photo tool.
    ToolPhoto(ToolPhoto),
    /// A cut-out of the photo tool is kept.
    Cut {
        earring: EarringId,
        photo: PathBuf,
        file: PathBuf,
        marks: Marks,
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
    Face(FaceKey),
    TakeFace,
    Pose,
    Import,
    ToolPhoto,
    KeepCut,
    Open,
    Save,
    Autosave,
    Bundle,
    Settings,
    Export,
    Ask,
    OldPicture,
}

impl Purpose {
    /// Whether it is about the document on show, and of no use to another.
    pub(super) fn is_of_document(&self) -> bool {
        matches!(
            self,
            Self::Product(_)
                | Self::Face(_)
                | Self::TakeFace
                | Self::Pose
                | Self::Import
                | Self::ToolPhoto
                | Self::KeepCut
        )
    }
}

/// An errand on its way.
pub(super) struct Errand {
    pub(super) purpose: Purpose,
    pub(super) job: Job<Delivery>,
    /// What the designer reads while waiting, once the file is read: a verb, and what it is done to.
    waiting_for: Option<(&'static str, String)>,
}

/// Errands this quick need no card.
pub(super) const SOON: Duration = Duration::from_millis(200);

impl Errand {
    fn start(
        ctx: &Context,
        purpose: Purpose,
        work: impl FnOnce() -> anyhow::Result<Delivery> + Send + 'static,
    ) -> Self {
        let ctx = ctx.clone();
        let job = Job::spawn("errand", move || ctx.request_repaint(), move |_| work());
        Self { purpose, job, waiting_for: None }
    }

    /// One that takes long enough to be shown and stopped.
    pub(super) fn long(
        ctx: &Context,
        purpose: Purpose,
        doing: &'static str,
        path: &Path,
        work: impl FnOnce(&Control) -> anyhow::Result<Delivery> + Send + 'static,
    ) -> Self {
        ctx.request_repaint_after(SOON);
        let ctx = ctx.clone();
        let job = Job::spawn("errand", move || ctx.request_repaint(), work);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { purpose, job, waiting_for: Some((doing, name)) }
    }

    /// Whether the designer may stop it.
    pub(super) fn can_be_stopped(&self) -> bool {
        self.waiting_for.is_some()
    }

    /// What the designer sees of it; nothing while it may be over before anybody could read it.
    pub(super) fn work(&self) -> Option<WorkFacts> {
        let (doing, name) = self.waiting_for.as_ref().filter(|_| self.job.elapsed() >= SOON)?;
        let progress = self.job.progress();
        let doing = if progress.stage == Stage::Preparing { "Reading" } else { *doing };
        let share = (progress.total > 1).then(|| progress.done as f32 / progress.total as f32);
        Some(WorkFacts { headline: format!("{doing} {name}…"), share, stopping: self.job.is_cancelling() })
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
            let product = ReadyProduct::of(&studio.product(&earring)?.pixels);
            Ok(Delivery::Product { path, product })
        })
    }

    /// A photo to be placed; a cut-out of it is kept in `folder`.
    pub(super) fn import(
        ctx: &Context,
        studio: Studio,
        earring: Earring,
        path: PathBuf,
        folder: PathBuf,
    ) -> Self {
        Self::long(ctx, Purpose::Import, "Cutting out", &path.clone(), move |control| {
            let photo = studio.product(&earring)?;
            let (product, origin) = cutting::product_of(&photo, &path, &folder, control)?;
            Ok(Delivery::Import { path, product, origin })
        })
    }

    /// A product's photo for the photo tool.
    pub(super) fn tool_photo(
        ctx: &Context,
        studio: Studio,
        earring: Earring,
        aim: Aim,
        path: PathBuf,
    ) -> Self {
        Self::long(ctx, Purpose::ToolPhoto, "Reading", &path.clone(), move |_| {
            let photo = studio.product(&earring)?;
            let pixels = opaque(&photo.pixels)
                .context("the photo has a transparency of its own, which is kept as it is")?;
            Ok(Delivery::ToolPhoto(ToolPhoto::new(aim, path, pixels)))
        })
    }

    /// Keeps a cut-out of the photo tool in `folder`.
    pub(super) fn keep_cut(
        ctx: &Context,
        earring: EarringId,
        photo: PathBuf,
        (pixels, marks): (Arc<RgbaImage>, Marks),
        folder: PathBuf,
    ) -> Self {
        Self::start(ctx, Purpose::KeepCut, move || {
            let file = cutting::keep(&pixels, &photo, &folder)?;
            let product = ReadyProduct::of(&pixels);
            Ok(Delivery::Cut { earring, photo, file, marks, product })
        })
    }

    /// The face photo as pictures are made with it.
    pub(super) fn face(ctx: &Context, studio: Studio, face: Face, key: FaceKey) -> Self {
        Self::start(ctx, Purpose::Face(key.clone()), move || {
            let photo = studio.clean_face(&face)?;
            let size = Vec2::new(photo.width() as f32, photo.height() as f32);
            Ok(Delivery::Face { key, size, picture: for_show(&photo) })
        })
    }

    /// A photo for the face: where is it, and what is to go.
    pub(super) fn take_face(ctx: &Context, studio: Studio, path: PathBuf) -> Self {
        Self::long(ctx, Purpose::TakeFace, "Looking at", &path.clone(), move |control| {
            let seen = looking::face_in(&studio, &path, control)?.map(Box::new);
            Ok(Delivery::FaceTaken { path, seen })
        })
    }

    /// How the head in a photo is turned.
    pub(super) fn pose(ctx: &Context, studio: Studio, path: PathBuf) -> Self {
        Self::long(ctx, Purpose::Pose, "Looking at", &path.clone(), move |control| {
            let seen = looking::pose_in(&studio, &path, control)?;
            Ok(Delivery::Pose { path, seen })
        })
    }

    /// A face photo for the photo tool.
    pub(super) fn tool_face(ctx: &Context, path: PathBuf) -> Self {
        Self::long(ctx, Purpose::ToolPhoto, "Reading", &path.clone(), move |_| {
            let pixels = load_face(&path)?;
            Ok(Delivery::ToolPhoto(ToolPhoto::new(Aim::Face, path, pixels)))
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

    /// `snapshot` is the project as it is in the window, `written` as the file is to hold it; cut-outs in the
    /// folder `own` come along.
    pub(super) fn save(
        ctx: &Context,
        path: PathBuf,
        snapshot: Project,
        mut written: Project,
        own: PathBuf,
    ) -> Self {
        Self::start(ctx, Purpose::Save, move || {
            cutting::bring_along(&mut written, &path, &own)?;
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

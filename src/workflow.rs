//! A variant becomes a finished picture. Nothing else in the program makes one.

use crate::body::{BodyModel, PoseLibrary};
use crate::control::BandNotice;
use crate::engine::progress::Control;
use crate::engine::{Engine, EngineCard};
use crate::picture::PlacedEarring;
use crate::project::Variant;
use crate::scene::Scene;
use image::RgbImage;
use std::path::PathBuf;
use std::sync::Arc;

/// What a variant needs besides its own decisions: where its files lie, the body, the poses.
#[derive(Debug, Clone)]
pub struct Studio {
    /// The folder that a project's relative paths start from.
    pub base: PathBuf,
    pub body: Arc<BodyModel>,
    pub poses: Arc<PoseLibrary>,
}

/// The variant's layout before anything is painted: cheap enough for every frame of a drag.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Canvas frame.
    pub scene: Scene,
    pub placed: PlacedEarring,
    pub notices: Vec<BandNotice>,
}

/// A finished picture and how it came about.
#[derive(Debug, Clone)]
pub struct Picture {
    /// I_f, canvas-sized: the composite.
    pub pixels: RgbImage,
    /// I_g at canvas size, before the composite.
    pub generated: RgbImage,
    pub layout: Layout,
    pub engine: EngineCard,
}

/// Why a variant did not become a picture.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    #[error(transparent)]
    Engine(#[from] crate::engine::EngineError),
    #[error(transparent)]
    Load(#[from] crate::picture::LoadError),
}

/// Places earring, band and model.
pub fn lay_out(variant: &Variant, studio: &Studio) -> Result<Layout, WorkflowError> {
    todo!("{variant:?} {studio:?}")
}

/// The one function that makes pictures.
pub fn render_variant(
    variant: &Variant,
    studio: &Studio,
    engine: &dyn Engine,
    control: &Control,
) -> Result<Picture, WorkflowError> {
    let _ = (variant, studio, engine, control);
    todo!()
}

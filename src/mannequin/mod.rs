//! The engine that needs no weights: the framed body as a fine display mannequin, an instant layout preview.
//!
//! It obeys what a network will be asked to obey (pose, framing, scale band) and promises nothing more, so a
//! designer can judge a layout before a model paints it. Skin is subdivided until no facet shows, lit like a
//! shop window, and fades out where the body ends. It refuses to know weights, files and windows.

mod figure;
mod material;
mod painter;
mod shadow;
mod studio;

use crate::body::BodyModel;
use crate::engine::progress::{Control, Progress, Stage};
use crate::engine::{Engine, EngineCard, EngineError, EngineKind, Generated, NetworkSize, Request};
use crate::render::subdivision::Subdivision;
use crate::render::surface;
use crate::scene::Camera;
use figure::Figure;
use painter::Painter;
use std::collections::BTreeMap;
use std::sync::Arc;

/// More fine triangles than this add time and no smoothness.
const MOST_TRIANGLES: usize = 160_000;

/// How much of the smoothing's shrinking is made up for, so that lobes and nose keep their place.
const KEEP_SIZE: f32 = 0.7;

/// Paints the framed body as a fine display mannequin.
#[derive(Debug, Clone)]
pub struct MannequinEngine {
    coarse: Arc<[[u32; 3]]>,
    skin: Arc<Subdivision>,
}

impl MannequinEngine {
    /// Prepares the model's skin; scenes to paint must hold bodies of this model.
    pub fn new(model: &BodyModel) -> Self {
        let triangles = model.triangles();
        let vertices = triangles.iter().flatten().max().map_or(0, |&last| last as usize + 1);
        let levels = if triangles.len() * 16 <= MOST_TRIANGLES { 2 } else { 1 };
        Self {
            coarse: triangles.into(),
            skin: Arc::new(Subdivision::new(vertices, triangles, levels, KEEP_SIZE)),
        }
    }
}

impl Engine for MannequinEngine {
    fn card(&self) -> EngineCard {
        EngineCard {
            name: "Mannequin (layout preview)".to_owned(),
            kind: EngineKind::Layout,
            device: "cpu".to_owned(),
        }
    }

    /// The canvas rounded up to multiples of 8; a canvas beyond the largest size is scaled down to it.
    fn network_size(&self, canvas_width: u32, canvas_height: u32) -> NetworkSize {
        NetworkSize::covering(canvas_width, canvas_height)
    }

    fn generate(&self, request: &Request<'_>, control: &Control) -> Result<Generated, EngineError> {
        let scene = request.scene;
        let camera = Camera { width: request.size.width(), height: request.size.height(), ..scene.camera };
        let (expected, found) = (self.skin.coarse_vertices(), scene.body.vertices.len());
        if found < expected {
            return Err(EngineError::Body { expected, found });
        }
        control.step(Progress::new(Stage::Preparing, 0, 1))?;
        let figure = Figure::new(&self.coarse, &self.skin, scene, &|| control.check())?;
        control.step(Progress::new(Stage::Preparing, 1, 1))?;
        let painter = Painter::new(&figure, scene, camera, request.matte);
        let step = |done: usize, total: usize| control.step(Progress::new(Stage::Painting, done, total));
        let picture = surface::paint(&figure.mesh(), &camera, step, |column, row, fragments| {
            painter.pixel(column, row, fragments)
        })?;
        Ok(Generated { picture, trace: BTreeMap::new() })
    }
}

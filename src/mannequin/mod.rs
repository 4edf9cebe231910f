//! The engine that needs no weights: the framed body as a fine display mannequin, an instant layout preview.
//!
//! It obeys what a network will be asked to obey (pose, framing, scale band) and promises nothing more, so a
//! designer can judge a layout before a model paints it. Skin is subdivided until no facet shows, lit like a
//! shop window, and fades out where the body ends. It refuses to know weights, files and windows.

mod figure;
mod material;
mod painter;
mod portrait;
mod shadow;
mod studio;

use crate::body::BodyModel;
use crate::engine::progress::{Control, Progress, Stage};
use crate::engine::{Engine, EngineCard, EngineError, EngineKind, Generated, NetworkSize, Request};
use crate::render::subdivision::Subdivision;
use crate::render::surface;
use crate::scene::Camera;
use figure::Figure;
use material::PORCELAIN;
use painter::Painter;
pub use portrait::{Look, Portrait, Sitting, Wall, portrait, sample_face};
use std::collections::BTreeMap;
use std::sync::Arc;
use studio::Studio;

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
        let figure = Figure::new(&self.coarse, &self.skin, scene, &Studio::new(scene), &|| control.check())?;
        control.step(Progress::new(Stage::Preparing, 1, 1))?;
        let painter = Painter::new(&figure, scene, camera, request.matte, |_| PORCELAIN);
        let step = |done: usize, total: usize| control.step(Progress::new(Stage::Painting, done, total));
        let picture = surface::paint(&figure.mesh(), &camera, step, |column, row, fragments| {
            painter.pixel(column, row, fragments)
        })?;
        Ok(Generated { picture, notices: Vec::new(), trace: BTreeMap::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::progress::CancelFlag;
    use crate::picture::Planes;
    use crate::project::{CanvasSize, Ear, HeadAngles, Recipe};
    use crate::scene::{Band, Scene};
    use glam::DVec2;
    use image::RgbImage;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const SIDE: u32 = 128;

    fn scene(model: &BodyModel, yaw_deg: f64, band: Band) -> Scene {
        let body = model.pose_head(HeadAngles { yaw_deg, ..Default::default() });
        let canvas = CanvasSize { width: SIDE, height: SIDE };
        Scene::frame(body, canvas, band, Some((DVec2::new(56.0, 60.0), Ear::Right)))
    }

    fn generate(
        engine: &MannequinEngine,
        scene: &Scene,
        matte: &Planes,
        control: &Control,
    ) -> Result<RgbImage, EngineError> {
        let request = Request {
            size: NetworkSize::new(SIDE, SIDE).expect("a size"),
            hint: &Planes::zeros(4, SIDE as usize, SIDE as usize),
            pose_image: &Planes::zeros(3, 224, 224),
            appearance_image: None,
            prompt: "",
            negative_prompt: "",
            recipe: &Recipe::default(),
            scene,
            matte,
            trace: false,
        };
        engine.generate(&request, control).map(|generated| generated.picture)
    }

    fn no_earring() -> Planes {
        Planes::zeros(1, SIDE as usize, SIDE as usize)
    }

    fn hoop(scene: &Scene) -> Planes {
        let mut matte = no_earring();
        for (index, value) in matte.channel_mut(0).iter_mut().enumerate() {
            let (x, y) = (index as u32 % SIDE, index as u32 / SIDE);
            let place = DVec2::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
            *value = f32::from(u8::from(place.distance(scene.lobe_in_canvas + DVec2::Y * 5.0) < 6.0));
        }
        matte
    }

    const BAND: Band = Band { top: 20.0, bottom: 90.0 };

    #[test]
    fn the_same_request_paints_the_same_picture() {
        let model = BodyModel::open_head().expect("the shipped head");
        let engine = MannequinEngine::new(&model);
        let scene = scene(&model, 40.0, BAND);
        let paint = || generate(&engine, &scene, &no_earring(), &Control::silent()).expect("a picture");
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
        assert_eq!(paint(), alone.install(paint));
    }

    #[test]
    fn an_earring_darkens_skin_and_leaves_the_wall_alone() {
        let model = BodyModel::open_head().expect("the shipped head");
        let engine = MannequinEngine::new(&model);
        let scene = scene(&model, 60.0, BAND);
        let bare = generate(&engine, &scene, &no_earring(), &Control::silent()).expect("a picture");
        let worn = generate(&engine, &scene, &hoop(&scene), &Control::silent()).expect("a picture");
        let pairs = || bare.pixels().zip(worn.pixels());
        assert!(pairs().all(|(bare, worn)| (0..3).all(|i| worn.0[i] <= bare.0[i])), "nothing brightens");
        assert!(pairs().filter(|(bare, worn)| bare.0[1] - worn.0[1] > 12).count() > 10, "a shadow shows");
        assert_eq!(bare.get_pixel(2, 2), worn.get_pixel(2, 2));
    }

    #[test]
    fn the_bust_fades_into_the_wall_before_the_mesh_ends() {
        let model = BodyModel::open_head().expect("the shipped head");
        let engine = MannequinEngine::new(&model);
        let small = scene(&model, -20.0, Band { top: 20.0, bottom: 46.0 });
        let picture = generate(&engine, &small, &no_earring(), &Control::silent()).expect("a picture");
        // The wall is symmetric about the middle column and the bust is not: where it is gone, mirror pixels agree.
        let foot = |x: u32| i32::from(picture.get_pixel(x, SIDE - 2).0[1]);
        assert!((0..SIDE / 2).all(|x| (foot(x) - foot(SIDE - 1 - x)).abs() <= 2));
        let steps = (1..SIDE).map(|x| (foot(x) - foot(x - 1)).abs()).max();
        assert!(steps <= Some(3), "no edge at the foot: {steps:?}");
    }

    #[test]
    fn a_cancelled_picture_stops_early() {
        let model = BodyModel::open_head().expect("the shipped head");
        let engine = MannequinEngine::new(&model);
        let scene = scene(&model, 0.0, BAND);
        let flag = CancelFlag::default();
        let (cancel, heard) = (flag.clone(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&heard);
        let control = Control::new(flag, move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            cancel.cancel();
        });
        let stopped = generate(&engine, &scene, &no_earring(), &control);
        assert!(matches!(stopped, Err(EngineError::Cancelled(_))));
        assert_eq!(heard.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_body_of_another_model_is_refused() {
        let model = BodyModel::open_head().expect("the shipped head");
        let engine = MannequinEngine::new(&model);
        let mut scene = scene(&model, 0.0, BAND);
        scene.body.vertices.truncate(100);
        let refused = generate(&engine, &scene, &no_earring(), &Control::silent());
        assert!(matches!(refused, Err(EngineError::Body { found: 100, .. })));
    }

    #[test]
    fn network_sizes_cover_the_canvas_in_steps_of_eight() {
        let model = BodyModel::open_head().expect("the shipped head");
        let engine = MannequinEngine::new(&model);
        let sides = |width, height| {
            let size = engine.network_size(width, height);
            (size.width(), size.height())
        };
        assert_eq!(sides(1024, 1024), (1024, 1024));
        assert_eq!(sides(1001, 64), (1008, 64));
        assert_eq!(sides(10, 0), (64, 64));
        assert_eq!(sides(8192, 4096), (4096, 2048));
        assert_eq!(sides(u32::MAX, 1), (4096, 64));
    }
}

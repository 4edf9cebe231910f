//! The engine end to end, on a small random bundle.

mod rescue;

use super::*;
use crate::body::PosedBody;
use crate::engine::bench;
use crate::engine::bundle::random::{FileType, RandomSize, write_random};
use crate::engine::bundle::{MANIFEST, Manifest};
use crate::engine::noise::standard_normal;
use crate::engine::progress::CancelFlag;
use crate::project::{self, Ear, Recipe};
use crate::scene::{Band, Camera, Misfit, Scene};
use glam::{DVec2, Vec3};
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use tempfile::TempDir;

/// A request's owned parts.
pub(super) struct Order {
    size: NetworkSize,
    hint: Planes,
    pose: Planes,
    face: Option<Planes>,
    matte: Planes,
    pub(super) recipe: Recipe,
    scene: Scene,
    pub(super) prompt: &'static str,
}

/// Values that differ from place to place.
fn pattern(channels: usize, h: usize, w: usize, phase: f32) -> Planes {
    let mut planes = Planes::zeros(channels, h, w);
    for channel in 0..channels {
        for (i, value) in planes.channel_mut(channel).iter_mut().enumerate() {
            *value = 0.5 + 0.5 * (i as f32 * 0.01 + phase + channel as f32).sin();
        }
    }
    planes
}

/// The diffusion engine reads no scene: an empty one.
fn scene() -> Scene {
    let body = PosedBody {
        vertices: Vec::new(),
        normals: Vec::new(),
        joints: Vec::new(),
        landmarks: [Vec3::ZERO; 68],
        nose_tip: Vec3::ZERO,
        lobes: [Vec3::ZERO; 2],
    };
    let (focal, centre) = (DVec2::ONE, DVec2::ZERO);
    Scene {
        body,
        camera: Camera { focal, centre, translation: Vec3::ZERO, width: 64, height: 64 },
        band: Band { top: 0.0, bottom: 1.0 },
        hook_in_canvas: None,
        lobe_in_canvas: DVec2::ZERO,
        ear: Ear::Left,
        misfit: Misfit::default(),
    }
}

impl Order {
    pub(super) fn new(width: u32, height: u32) -> Self {
        let (h, w) = (height as usize, width as usize);
        Self {
            size: NetworkSize::new(width, height).unwrap(),
            hint: pattern(4, h, w, 0.0),
            pose: pattern(3, 224, 224, 1.0),
            face: Some(pattern(3, 224, 224, 2.0)),
            matte: Planes::zeros(1, h, w),
            recipe: Recipe { steps: Some(3), ..Recipe::default() },
            scene: scene(),
            prompt: "A beautiful woman wears earrings",
        }
    }

    pub(super) fn run(&self, engine: &dyn Engine, control: &Control) -> Result<Generated, EngineError> {
        let request = Request {
            size: self.size,
            hint: &self.hint,
            pose_image: &self.pose,
            appearance_image: self.face.as_ref(),
            prompt: self.prompt,
            negative_prompt: "",
            recipe: &self.recipe,
            scene: &self.scene,
            matte: &self.matte,
            trace: true,
        };
        engine.generate(&request, control)
    }

    fn paint(&self, engine: &DiffusionEngine) -> Generated {
        self.run(engine, &Control::silent()).unwrap()
    }
}

fn bundle() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("mini");
    write_random(RandomSize::Mini, 5, FileType::F32, &folder, &Control::silent()).unwrap();
    (home, folder)
}

fn open(folder: &Path) -> DiffusionEngine {
    DiffusionEngine::open(folder, DeviceChoice::Cpu, DTypeChoice::Auto).unwrap()
}

fn engine() -> DiffusionEngine {
    open(&bundle().1)
}

#[test]
fn a_trace_holds_every_tensor_of_the_contract() {
    let (_home, folder) = bundle();
    let engine = open(&folder);
    let made = Order::new(64, 128).paint(&engine);
    assert_eq!(made.picture.dimensions(), (64, 128));
    let shapes: Vec<(&str, &[usize])> =
        made.trace.iter().map(|(name, (shape, _))| (name.as_str(), shape.as_slice())).collect();
    let expected: [(&str, &[usize]); 12] = [
        ("appearance_image", &[1, 3, 224, 224]),
        ("appearance_tokens", &[1, 257, 64]),
        ("decoded", &[1, 3, 128, 64]),
        ("hint", &[1, 4, 128, 64]),
        ("latents.1", &[1, 4, 16, 8]),
        ("latents.2", &[1, 4, 16, 8]),
        ("latents.3", &[1, 4, 16, 8]),
        ("noise", &[1, 4, 16, 8]),
        ("pose_image", &[1, 3, 224, 224]),
        ("pose_tokens", &[1, 257, 64]),
        ("text_tokens", &[2, 77, 64]),
        ("timesteps", &[3]),
    ];
    assert_eq!(shapes, expected);
    assert_eq!(made.trace["timesteps"].1, [667.0, 334.0, 1.0]);
    assert_eq!(made.trace["noise"].1, standard_normal(0, 512));
    for (name, (shape, values)) in &made.trace {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "{name}");
        assert!(values.iter().all(|value| value.is_finite()), "{name}");
    }
    assert!(made.picture.as_raw().iter().any(|&byte| byte != made.picture.as_raw()[0]));
}

#[test]
fn a_request_decides_every_byte_and_each_of_its_parts_counts() {
    let (_home, folder) = bundle();
    let (first, second) = (open(&folder), open(&folder));
    let order = Order::new(64, 64);
    let made = order.paint(&first);
    assert_eq!(made.picture, order.paint(&second).picture);
    assert_eq!(made.picture, order.paint(&first).picture, "tokens from the cache");
    let latents = |made: &Generated| made.trace["latents.3"].1.clone();
    type Change = (&'static str, fn(&mut Order));
    let changes: [Change; 8] = [
        ("seed", |order| order.recipe.seed = 1),
        ("prompt", |order| order.prompt = "A man"),
        ("pose", |order| order.pose = pattern(3, 224, 224, 4.0)),
        ("face", |order| order.face = Some(pattern(3, 224, 224, 5.0))),
        ("no face", |order| order.face = None),
        ("hint", |order| order.hint = pattern(4, 64, 64, 3.0)),
        ("control", |order| order.recipe.control_strength = 0.0),
        ("guidance", |order| order.recipe.guidance = Some(1.0)),
    ];
    for (what, change) in changes {
        let mut order = Order::new(64, 64);
        change(&mut order);
        assert_ne!(latents(&made), latents(&order.paint(&first)), "{what} made no difference");
    }
}

#[test]
fn every_sampler_paints_its_own_picture_and_paints_it_again() {
    let engine = engine();
    let mut order = Order { face: None, ..Order::new(64, 64) };
    let mut ends: Vec<Vec<f32>> = Vec::new();
    for sampler in project::Sampler::ALL {
        order.recipe.sampler = Some(sampler);
        let (first, again) = (order.paint(&engine), order.paint(&engine));
        assert_eq!(first.trace, again.trace, "{sampler:?}");
        let end = first.trace["latents.3"].1.clone();
        assert!(!ends.contains(&end), "{sampler:?} is another one under its name");
        ends.push(end);
    }
    order.recipe.sampler = None;
    assert_eq!(order.paint(&engine).trace["latents.3"].1, ends[0], "the bundle's default is DDIM");
}

#[test]
fn appearance_strength_0_is_no_face_at_all() {
    let engine = engine();
    let mut silent = Order::new(64, 64);
    silent.recipe.appearance_strength = 0.0;
    let without = Order { face: None, ..Order::new(64, 64) };
    let (silent, without) = (silent.paint(&engine), without.paint(&engine));
    assert_eq!(silent.picture, without.picture);
    assert!(
        !without.trace.contains_key("appearance_tokens") && !without.trace.contains_key("appearance_image")
    );
}

#[test]
fn control_strength_0_never_runs_the_control_net() {
    let engine = engine();
    let mut order = Order::new(64, 64);
    order.recipe.control_strength = 0.0;
    let plain = order.paint(&engine);
    // Whoever read this hint would end in numbers that are none.
    order.hint.channel_mut(0).fill(f32::NAN);
    assert_eq!(plain.picture, order.paint(&engine).picture);
    assert_eq!(engine.caches.hints.len(), 0);
    assert!(!plain.trace.contains_key("pose_tokens"));
}

#[test]
fn variants_that_share_a_part_make_it_once() {
    let engine = engine();
    let held = |engine: &DiffusionEngine| {
        let caches = &engine.caches;
        [caches.tokens.len(), caches.keys.len(), caches.hints.len(), caches.times.len()]
    };
    let mut order = Order::new(64, 64);
    order.paint(&engine);
    // Two prompts and two pictures; the prompts' keys in both networks and the pictures' in one; three steps
    // in both networks.
    assert_eq!(held(&engine), [4, 6, 1, 6]);
    type Change = (&'static str, fn(&mut Order), [usize; 4]);
    let changes: [Change; 5] = [
        ("seed", |order| order.recipe.seed = 1, [4, 6, 1, 6]),
        ("prompt", |order| order.prompt = "A man", [5, 8, 1, 6]),
        ("face", |order| order.face = Some(pattern(3, 224, 224, 5.0)), [6, 9, 1, 6]),
        ("hint", |order| order.hint = pattern(4, 64, 64, 3.0), [6, 9, 2, 6]),
        ("back", |order| *order = Order::new(64, 64), [6, 9, 2, 6]),
    ];
    for (what, change, expected) in changes {
        change(&mut order);
        order.paint(&engine);
        assert_eq!(held(&engine), expected, "{what}");
    }
}

#[test]
fn what_was_painted_before_never_shows() {
    let (_home, folder) = bundle();
    let used = open(&folder);
    let others = [
        Order { prompt: "A man", ..Order::new(64, 64) },
        Order { hint: pattern(4, 64, 64, 3.0), ..Order::new(64, 64) },
        Order { recipe: Recipe { guidance: Some(1.0), ..Order::new(64, 64).recipe }, ..Order::new(64, 64) },
    ];
    for order in &others {
        order.paint(&used);
    }
    for order in &others {
        let (cached, fresh) = (order.paint(&used), order.paint(&open(&folder)));
        assert_eq!(cached.trace, fresh.trace);
    }
}

#[test]
fn a_prompt_that_is_cut_is_said() {
    let engine = engine();
    let long = Order { prompt: Box::leak("ring ".repeat(99).into_boxed_str()), ..Order::new(64, 64) };
    assert_eq!(long.paint(&engine).notices, [engine.prompt_notice(long.prompt).unwrap().unwrap()]);
    assert!(Order::new(64, 64).paint(&engine).notices.is_empty());
}

#[test]
fn a_bundle_may_drop_appearance_from_the_unconditional_half() {
    let (_home, folder) = bundle();
    let kept = Order::new(64, 64).paint(&open(&folder));
    let mut manifest = Manifest::read(&folder).unwrap().unwrap();
    manifest.guidance.drop = vec![Dropped::Appearance];
    fs::write(folder.join(MANIFEST), toml::to_string(&manifest).unwrap()).unwrap();
    let dropping = open(&folder);
    let dropped = Order::new(64, 64).paint(&dropping);
    assert_ne!(kept.trace["latents.3"], dropped.trace["latents.3"]);
    // Without a face there is nothing to drop.
    let faceless = Order { face: None, ..Order::new(64, 64) };
    fs::remove_file(folder.join(MANIFEST)).unwrap();
    assert_eq!(faceless.paint(&dropping).picture, faceless.paint(&open(&folder)).picture);
}

#[test]
fn cancel_stops_within_a_step() {
    let engine = engine();
    let (flag, steps) = (CancelFlag::default(), Arc::new(Mutex::new(Vec::new())));
    let control = {
        let (flag, steps) = (flag.clone(), Arc::clone(&steps));
        Control::new(flag.clone(), move |progress| {
            if progress.stage == Stage::Painting {
                steps.lock().unwrap().push(progress.done);
                flag.cancel();
            }
        })
    };
    let order = Order { recipe: Recipe { steps: Some(50), ..Recipe::default() }, ..Order::new(64, 64) };
    assert!(matches!(order.run(&engine, &control), Err(EngineError::Cancelled(_))));
    assert_eq!(*steps.lock().unwrap(), [1]);
}

#[test]
fn cancel_stops_the_decoding_too() {
    let flag = CancelFlag::default();
    let control = {
        let flag = flag.clone();
        Control::new(flag.clone(), move |progress| {
            if progress.stage == Stage::Decoding {
                flag.cancel();
            }
        })
    };
    let outcome = Order::new(64, 64).run(&engine(), &control);
    assert!(matches!(outcome, Err(EngineError::Cancelled(_))));
}

#[test]
fn every_step_reports_a_preview_and_the_time_left() {
    let engine = engine();
    let reports = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&reports);
    let control = Control::new(CancelFlag::default(), move |progress| heard.lock().unwrap().push(progress));
    Order::new(64, 128).run(&engine, &control).unwrap();
    let reports = reports.lock().unwrap();
    let painting: Vec<&Progress> = reports.iter().filter(|report| report.stage == Stage::Painting).collect();
    assert_eq!(
        painting.iter().map(|report| (report.done, report.total)).collect::<Vec<_>>(),
        [(1, 3), (2, 3), (3, 3)]
    );
    for report in painting {
        assert_eq!(report.preview.as_ref().unwrap().dimensions(), (8, 16));
        assert!(report.eta.is_some());
    }
}

#[test]
fn control_images_of_another_size_and_impossible_steps_are_refused() {
    let engine = engine();
    let small = Order { hint: Planes::zeros(4, 64, 56), ..Order::new(64, 64) };
    assert!(matches!(small.run(&engine, &Control::silent()), Err(EngineError::Planes { .. })));
    let mut endless = Order::new(64, 64);
    endless.recipe.steps = Some(5000);
    assert!(matches!(endless.run(&engine, &Control::silent()), Err(EngineError::Sampler(_))));
}

#[test]
fn numbers_that_are_not_finite_end_in_advice_and_not_in_a_black_picture() {
    let mut order = Order::new(64, 64);
    order.recipe.guidance = Some(f64::NAN);
    let error = order.run(&engine(), &Control::silent()).unwrap_err();
    assert!(matches!(error, EngineError::NotFinite { .. }) && error.to_string().contains("f32"));
}

#[test]
fn the_card_says_untrained_and_where_it_runs() {
    let card = engine().card();
    assert_eq!((card.name.as_str(), card.kind), ("random-mini seed-5", EngineKind::Untrained));
    assert!(card.device.starts_with("cpu"));
}

#[test]
fn network_sizes_keep_area_proportions_and_multiples() {
    let sized = |unit, w, h| {
        let size = network_size(512, unit, w, h);
        (size.width(), size.height())
    };
    assert_eq!(sized(64, 1024, 1024), (512, 512));
    assert_eq!(sized(64, 1080, 1920), (384, 704));
    assert_eq!(sized(16, 1920, 1080), (688, 384));
    for (w, h) in [(64, 8192), (8192, 64), (1, 1), (0, 5)] {
        let (width, height) = sized(64, w, h);
        assert!(NetworkSize::new(width, height).is_ok() && width % 64 == 0 && height % 64 == 0);
    }
}

#[test]
fn a_benchmark_times_every_part() {
    let size = NetworkSize::new(64, 64).unwrap();
    let measured = bench::measure(&engine(), size, 2, 1, &Control::silent()).unwrap();
    let parts = [
        measured.text_seconds,
        measured.image_encoder_seconds,
        measured.control_step_seconds,
        measured.unet_step_seconds,
        measured.vae_decode_seconds,
    ];
    assert!(parts.iter().all(|&seconds| seconds > 0.0 && seconds < 60.0), "{parts:?}");
    assert!(measured.peak_memory_bytes.is_none_or(|bytes| bytes > 1 << 20));
    assert!(serde_json::to_string(&measured).unwrap().contains("unet_step_seconds"));
}

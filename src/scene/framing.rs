//! Hanging the model on the earring.
//!
//! Two demands fix a zoom and a shift of the paper's camera: the projected landmarks fill the band's rows,
//! and the worn lobe stands in the hook's column. What is left over, the lobe's distance above or below the
//! hook, is the misfit; moving the band by it makes both meet.

use super::camera::landmark_rows;
use super::{Band, Camera, Misfit, Scene};
use crate::body::PosedBody;
use crate::project::{CanvasSize, Ear};
use glam::{DVec2, Vec3};

/// Heads turned less than this show both ears, degrees.
const BOTH_EARS_DEG: f32 = 12.0;
/// Landmarks closer together than this have no height to scale by, pixels of the paper's picture.
const SMALLEST_EXTENT: f64 = 1e-6;

impl Scene {
    /// Hangs the body on the earring: the projected landmark extent fills `band`, the worn lobe stands in the
    /// hook's column; without an earring the face is centred on the canvas.
    pub fn frame(body: PosedBody, canvas: CanvasSize, band: Band, hook: Option<(DVec2, Ear)>) -> Self {
        let paper = Camera::paper(&body);
        let (top, bottom) = landmark_rows(&body, &paper);
        let zoom = (band.bottom - band.top) / (bottom - top).max(SMALLEST_EXTENT);
        let middle = f64::from(canvas.width) / 2.0;
        let hook_in_canvas = hook.map(|(hook, _)| hook);
        let ear = worn_ear(&body, hook, middle);
        let lobe = worn_lobe(&body, ear);
        let (column_in_paper, column_in_canvas) = match hook_in_canvas {
            Some(hook) => (paper.project(lobe).0.x, hook.x),
            None => (landmark_middle(&body, &paper), middle),
        };
        let camera = Camera {
            focal: paper.focal * zoom,
            centre: DVec2::new(
                column_in_canvas - zoom * (column_in_paper - paper.centre.x),
                band.top - zoom * (top - paper.centre.y),
            ),
            translation: paper.translation,
            width: canvas.width,
            height: canvas.height,
        };
        let (lobe_in_canvas, depth) = camera.project(lobe);
        let misfit = hook_in_canvas.map_or_else(Misfit::default, |hook| {
            let px = lobe_in_canvas.y - hook.y;
            Misfit { px, mm: 1000.0 * px * f64::from(depth) / camera.focal.y }
        });
        Self { body, camera, band, hook_in_canvas, lobe_in_canvas, ear, misfit }
    }

    /// The same scene with the canvas resized by `factor` per axis.
    pub fn scaled(&self, factor: DVec2) -> Self {
        Self {
            body: self.body.clone(),
            camera: self.camera.scaled(factor),
            band: Band { top: self.band.top * factor.y, bottom: self.band.bottom * factor.y },
            hook_in_canvas: self.hook_in_canvas.map(|hook| hook * factor),
            lobe_in_canvas: self.lobe_in_canvas * factor,
            ear: self.ear,
            misfit: Misfit { px: self.misfit.px * factor.y, mm: self.misfit.mm },
        }
    }
}

/// Left or right: as asked, else the ear that the pose shows, else the one on the hook's half of the canvas.
fn worn_ear(body: &PosedBody, hook: Option<(DVec2, Ear)>, middle: f64) -> Ear {
    if let Some((_, ear @ (Ear::Left | Ear::Right))) = hook {
        return ear;
    }
    let [left, right] = body.lobes;
    let across = left - right;
    let yaw_deg = (-across.z).atan2(across.x).to_degrees();
    // The subject's left is on the picture's right.
    let shows_left = match hook {
        Some((hook, _)) if yaw_deg.abs() < BOTH_EARS_DEG => hook.x >= middle,
        _ => yaw_deg <= 0.0,
    };
    if shows_left { Ear::Left } else { Ear::Right }
}

fn worn_lobe(body: &PosedBody, ear: Ear) -> Vec3 {
    let [left, right] = body.lobes;
    if ear == Ear::Right { right } else { left }
}

/// Middle column of the projected landmarks, pixels.
fn landmark_middle(body: &PosedBody, camera: &Camera) -> f64 {
    let columns = body.landmarks.iter().map(|landmark| camera.project(*landmark).0.x);
    let (left, right) =
        columns.fold((f64::INFINITY, f64::NEG_INFINITY), |(left, right), x| (left.min(x), right.max(x)));
    f64::midpoint(left, right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{BodyModel, PoseFacing, PoseLibrary};
    use crate::project::HeadAngles;

    const CANVAS: CanvasSize = CanvasSize { width: 1024, height: 1280 };
    const BANDS: [Band; 3] = [
        Band { top: 300.0, bottom: 900.0 },
        Band { top: -40.5, bottom: 1500.25 },
        Band { top: 600.0, bottom: 720.0 },
    ];

    fn hook() -> DVec2 {
        DVec2::new(711.25, 640.5)
    }

    /// Every template with its body.
    fn library() -> Vec<(String, PoseFacing, PosedBody)> {
        let model = BodyModel::open_head().unwrap();
        let library = PoseLibrary::shipped().unwrap();
        let posed = |template: &crate::body::PoseTemplate| {
            (template.id.clone(), template.facing, model.pose_head(template.angles))
        };
        library.templates().iter().map(posed).collect()
    }

    fn posed(yaw_deg: f64) -> PosedBody {
        let angles = HeadAngles { yaw_deg, ..HeadAngles::default() };
        BodyModel::open_head().unwrap().pose_head(angles)
    }

    #[test]
    fn every_pose_fills_every_band_and_hangs_in_the_hooks_column() {
        for (id, _, body) in library() {
            for band in BANDS {
                let scene = Scene::frame(body.clone(), CANVAS, band, Some((hook(), Ear::Auto)));
                let (top, bottom) = landmark_rows(&scene.body, &scene.camera);
                assert!(
                    (top - band.top).abs() < 1e-3 && (bottom - band.bottom).abs() < 1e-3,
                    "{id} {band:?}"
                );
                assert!((scene.lobe_in_canvas.x - hook().x).abs() < 1e-3, "{id} {band:?}");
            }
        }
    }

    #[test]
    fn moving_the_band_by_the_misfit_puts_the_lobe_on_the_hook() {
        for (id, _, body) in library() {
            for Band { top, bottom } in BANDS {
                let first =
                    Scene::frame(body.clone(), CANVAS, Band { top, bottom }, Some((hook(), Ear::Auto)));
                let by = first.misfit.px;
                let band = Band { top: top - by, bottom: bottom - by };
                let fitted = Scene::frame(body.clone(), CANVAS, band, Some((hook(), Ear::Auto)));
                assert!(by.abs() > 1.0, "{id}: the first band must not fit by chance");
                assert!(fitted.misfit.px.abs() < 0.01 && fitted.misfit.mm.abs() < 0.01, "{id}: {fitted:?}");
            }
        }
    }

    #[test]
    fn the_misfit_in_mm_uses_the_scale_at_the_lobe() {
        let scene = Scene::frame(posed(0.0), CANVAS, BANDS[0], Some((hook(), Ear::Left)));
        // A point that much lower in the world is projected that much lower on the canvas.
        let lower = scene.body.lobes[0] - Vec3::Y * (scene.misfit.mm / 1000.0) as f32;
        let apart = scene.camera.project(lower).0.y - scene.lobe_in_canvas.y;
        assert!((apart - scene.misfit.px).abs() < 0.01, "{apart} px for {:?}", scene.misfit);
    }

    #[test]
    fn side_rows_wear_the_earring_on_the_ear_they_show() {
        for (id, facing, body) in library() {
            let scene = Scene::frame(body, CANVAS, BANDS[0], Some((hook(), Ear::Auto)));
            match facing {
                // The nose points to the picture's left: the subject's left ear is in view.
                PoseFacing::Left => assert_eq!(scene.ear, Ear::Left, "{id}"),
                PoseFacing::Right => assert_eq!(scene.ear, Ear::Right, "{id}"),
                PoseFacing::Front => assert_ne!(scene.ear, Ear::Auto, "{id}"),
            }
        }
    }

    #[test]
    fn a_front_face_wears_it_on_the_hooks_half_and_a_turned_one_does_not_care() {
        let ear =
            |yaw, x| Scene::frame(posed(yaw), CANVAS, BANDS[0], Some((DVec2::new(x, 500.0), Ear::Auto))).ear;
        for yaw in [-11.0, 0.0, 11.0] {
            assert_eq!((ear(yaw, 100.0), ear(yaw, 900.0)), (Ear::Right, Ear::Left), "yaw {yaw}");
        }
        assert_eq!((ear(14.0, 100.0), ear(14.0, 900.0)), (Ear::Right, Ear::Right));
        assert_eq!((ear(-14.0, 100.0), ear(-14.0, 900.0)), (Ear::Left, Ear::Left));
    }

    #[test]
    fn an_ear_that_was_asked_for_is_worn_even_when_hidden() {
        let scene = Scene::frame(posed(60.0), CANVAS, BANDS[0], Some((hook(), Ear::Left)));
        assert_eq!(scene.ear, Ear::Left);
        assert!((scene.camera.project(scene.body.lobes[0]).0.x - hook().x).abs() < 1e-3);
    }

    #[test]
    fn without_an_earring_the_face_is_centred_and_fits() {
        for (id, _, body) in library() {
            let scene = Scene::frame(body, CANVAS, BANDS[0], None);
            assert!((landmark_middle(&scene.body, &scene.camera) - 512.0).abs() < 1e-3, "{id}");
            assert_eq!((scene.misfit, scene.hook_in_canvas), (Misfit::default(), None), "{id}");
        }
    }

    #[test]
    fn a_scaled_scene_shows_the_same_at_another_size() {
        let scene = Scene::frame(posed(30.0), CANVAS, BANDS[0], Some((hook(), Ear::Auto)));
        let factor = DVec2::new(0.5, 0.4);
        let small = scene.scaled(factor);
        assert_eq!((small.camera.width, small.camera.height), (512, 512));
        let apart = |point| small.camera.project(point).0.distance(scene.camera.project(point).0 * factor);
        assert!(scene.body.vertices.iter().all(|vertex| apart(*vertex) < 1e-6));
        assert!(
            (small.band.top - 120.0).abs() < 1e-9 && (small.misfit.px - 0.4 * scene.misfit.px).abs() < 1e-9
        );
        assert!((small.misfit.mm - scene.misfit.mm).abs() < 1e-9);
    }
}

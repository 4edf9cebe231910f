//! Painted people: the open head in skin and hair, for a project that has no photo yet, and for measuring eyes
//! on heads whose turn is known.
//!
//! Drawn by us, so it is nobody's picture and free to ship. The sample face is kept as
//! `assets/sample/face.png`; to rebuild it run `ADORN_UPDATE_GOLDEN=1 cargo test --lib the_sample_face`.
//! Colours are laid on the head at rest by the distance to its landmarks, so they turn with it.

mod face;
mod look;

use super::MannequinEngine;
use super::figure::Figure;
use super::painter::Painter;
use super::studio::Studio;
use crate::body::{BodyModel, LANDMARKS, PosedBody, head_rotation};
use crate::engine::EngineError;
use crate::engine::progress::Cancelled;
use crate::picture::Planes;
use crate::project::{CanvasSize, HeadAngles};
use crate::render::surface::{self, Fragment};
use crate::scene::{Band, Camera, Scene};
use face::{Face, smooth};
use glam::{DMat3, DVec2, Vec3};
use image::RgbImage;
pub use look::{Look, Wall};

/// Side of the sample face, pixels.
const SIDE: u32 = 512;
/// Rows of the face, brow to chin.
const FACE: Band = Band { top: 205.0, bottom: 410.0 };
/// A little turned and tilted: nobody looks straight into a camera.
const ANGLES: HeadAngles = HeadAngles { yaw_deg: -9.0, pitch_deg: 1.0, roll_deg: -3.0 };

/// METHOD 3: depth of the nose tip, metres.
const PAPER_DISTANCE: f32 = 8.0;

/// iBUG 9, and how far below it the head begins to be whole, metres.
const CHIN: usize = 8;
const CHIN_FADE: f32 = 0.03;

/// Who is painted, and how they stand before the camera.
#[derive(Debug, Clone, PartialEq)]
pub struct Sitting {
    pub look: Look,
    pub angles: HeadAngles,
    pub canvas: CanvasSize,
    /// Rows that the face fills, brow to chin.
    pub face: Band,
    /// From camera to nose tip, metres; the paper's camera stands 8 m away.
    pub distance: f32,
}

/// A painted person and where everything truly is, canvas frame.
#[derive(Debug, Clone)]
pub struct Portrait {
    pub picture: RgbImage,
    /// iBUG order, hidden or not.
    pub landmarks: [DVec2; LANDMARKS],
    /// First and last row of the landmarks.
    pub face_rows: (f64, f64),
    /// Where earrings hang: the subject's left and right lobe.
    pub lobes: [DVec2; 2],
    /// Against the line of sight to the middle of the eyes: from near by not quite what was asked.
    pub angles: HeadAngles,
}

/// Paints the sample face, 512x512.
pub fn sample_face(model: &BodyModel) -> Result<RgbImage, EngineError> {
    let sitting = Sitting {
        look: Look::sample(),
        angles: ANGLES,
        canvas: CanvasSize { width: SIDE, height: SIDE },
        face: FACE,
        distance: PAPER_DISTANCE,
    };
    portrait(&MannequinEngine::new(model), model, &sitting).map(|portrait| portrait.picture)
}

/// Paints a person. `engine` must be the model's own.
pub fn portrait(
    engine: &MannequinEngine,
    model: &BodyModel,
    sitting: &Sitting,
) -> Result<Portrait, EngineError> {
    let look = &sitting.look;
    let face = Face::new(model.pose_head(HeadAngles::default()), engine.skin.pieces(), look);
    let mut body = model.pose_head(sitting.angles);
    let turn = head_rotation(sitting.angles);
    reshape(&mut body, look.proportions, turn);
    let scene = framed(body.clone(), sitting);
    let truth = truth(&scene, turn);
    for (vertex, (normal, at_rest)) in
        body.vertices.iter_mut().zip(body.normals.iter().zip(&face.rest.vertices))
    {
        *vertex += *normal * (look.hair_depth * face.hair(*at_rest));
    }
    let scene = Scene { body, ..scene };
    let never = || Ok::<(), Cancelled>(());
    let studio = Studio::new(&scene).turned(look.lights_turned);
    let mut figure = Figure::new(&engine.coarse, &engine.skin, &scene, &studio, &never)?;
    if look.whole {
        keep_head_whole(&mut figure, &scene.body);
    }
    let mesh = figure.mesh();
    let at_rest = engine.skin.positions(&face.rest.vertices[..engine.skin.coarse_vertices()]);
    let eyes = engine.skin.attribute(&face.eyes);
    let stuff =
        |fragment: &Fragment| face.stuff(fragment.blend(&mesh, &at_rest), fragment.blend(&mesh, &eyes) > 0.5);
    let (width, height) = (sitting.canvas.width as usize, sitting.canvas.height as usize);
    let matte = Planes::zeros(1, height, width);
    let painter = Painter::new(&figure, &scene, scene.camera, &matte, stuff).lit_by(studio).before(look.wall);
    let paint = |column: u32, row: u32, fragments: &[Fragment]| painter.pixel(column, row, fragments);
    let picture = surface::paint(&mesh, &scene.camera, |_, _| never(), paint)?;
    Ok(Portrait { picture, ..truth })
}

/// The bust fades out sideways; a lowered or long face reaches as far forward and must not.
fn keep_head_whole(figure: &mut Figure<'_>, body: &PosedBody) {
    let start = body.landmarks[CHIN].y - CHIN_FADE;
    let heights: Vec<f32> = figure.mesh().positions.iter().map(|position| position.y - start).collect();
    for (opacity, height) in figure.opacity.iter_mut().zip(heights) {
        *opacity = opacity.max(smooth(height / CHIN_FADE));
    }
}

/// Makes the head wider, higher, deeper, about the middle of its eyes.
fn reshape(body: &mut PosedBody, proportions: Vec3, turn: DMat3) {
    if proportions == Vec3::ONE {
        return;
    }
    let (turn, middle) = (turn.as_mat3(), body.eyes_middle());
    let scaled = |point: Vec3| middle + turn * (turn.transpose() * (point - middle) * proportions);
    for point in
        body.vertices.iter_mut().chain(&mut body.joints).chain(&mut body.landmarks).chain(&mut body.lobes)
    {
        *point = scaled(*point);
    }
    body.nose_tip = scaled(body.nose_tip);
    for normal in &mut body.normals {
        *normal = (turn * (turn.transpose() * *normal / proportions)).normalize_or_zero();
    }
}

/// The paper's camera, or one nearer by that shows the face in the same rows.
fn framed(body: PosedBody, sitting: &Sitting) -> Scene {
    let scene = Scene::frame(body, sitting.canvas, sitting.face, None);
    if sitting.distance == PAPER_DISTANCE {
        return scene;
    }
    let height = sitting.face.bottom - sitting.face.top;
    let mut camera = Camera::portrait(&scene.body, sitting.canvas, height, sitting.distance);
    let (low, high) = camera.landmark_box(&scene.body);
    camera.centre += DVec2::new(
        f64::from(sitting.canvas.width) / 2.0 - f64::midpoint(low.x, high.x),
        sitting.face.top - low.y,
    );
    Scene { camera, ..scene }
}

/// Everything about the person but the picture.
fn truth(scene: &Scene, turn: DMat3) -> Portrait {
    let project = |point: Vec3| scene.camera.project(point).0;
    let (low, high) = scene.camera.landmark_box(&scene.body);
    Portrait {
        picture: RgbImage::new(0, 0),
        landmarks: scene.body.landmarks.map(project),
        face_rows: (low.y, high.y),
        lobes: scene.body.lobes.map(project),
        angles: scene.camera.angles_seen(scene.body.eyes_middle(), turn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_sample_face_is_what_this_module_paints() {
        let model = BodyModel::open_head().expect("the shipped head");
        let painted = sample_face(&model).expect("a face");
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample/face.png");
        if std::env::var_os("ADORN_UPDATE_GOLDEN").is_some() {
            painted.save(&kept).expect("a writable asset");
        }
        let kept = image::open(&kept).expect("the sample face").into_rgb8();
        let worst = painted.iter().zip(kept.iter()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst.is_some_and(|worst| worst <= 3), "differs by {worst:?}");
    }

    #[test]
    fn people_stand_where_they_say_they_stand() {
        let model = BodyModel::open_head().expect("the shipped head");
        let engine = MannequinEngine::new(&model);
        for (number, distance, allowed) in [(2, PAPER_DISTANCE, 0.6), (5, 1.0, 4.0)] {
            let sitting = Sitting {
                look: Look::person(number),
                angles: HeadAngles { yaw_deg: 35.0, pitch_deg: -5.0, roll_deg: 4.0 },
                canvas: CanvasSize { width: 120, height: 96 },
                face: Band { top: 30.0, bottom: 70.0 },
                distance,
            };
            let Portrait { picture, landmarks, face_rows, angles, .. } =
                portrait(&engine, &model, &sitting).expect("a person");
            assert_eq!(picture.dimensions(), (120, 96));
            assert!((face_rows.0 - 30.0).abs() < 0.5 && (face_rows.1 - 70.0).abs() < 0.5, "{face_rows:?}");
            let off = (angles.yaw_deg - 35.0).abs().max((angles.pitch_deg + 5.0).abs());
            assert!(off < allowed, "{angles:?}");
            // The lips are redder than the cheek between mouth and jaw on the side that is seen.
            let redness = |at: DVec2| {
                let [red, green, _] = picture.get_pixel(at.x as u32, at.y as u32).0;
                f64::from(red) / (f64::from(green) + 1.0)
            };
            let cheek = landmarks[48].lerp(landmarks[4], 0.5);
            let lip = landmarks[57].midpoint(landmarks[66]);
            assert!(redness(lip) > 1.1 * redness(cheek), "{} {}", redness(lip), redness(cheek));
        }
    }

    #[test]
    fn a_number_is_always_the_same_person_and_another_is_another() {
        assert_eq!(Look::person(7), Look::person(7));
        assert_ne!(Look::person(7), Look::person(12));
    }
}

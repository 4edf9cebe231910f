//! Portraits of people who never were, with everything about them known.
//!
//! Training needs pictures of women and men whose landmarks, lobes, depth and head pose are exact. Here they are
//! computed: identity from a small basis of shapes, skin, eyes, strands of hair, clothes, light and backdrop.
//! Nothing is random but by seed; the same sitting gives the same bytes at any number of threads. The room
//! refuses to know earrings, models and files.

mod dice;
mod person;
mod sitting;

use crate::body::{BodyError, BodyModel, LANDMARKS, PosedBody, head_angles, head_rotation};
use crate::project::{Ear, HeadAngles};
use crate::render::Mesh;
use crate::render::surface::{self, Fragment};
use crate::scene::{Band, Camera, Scene};
use glam::{DMat3, DQuat, DVec2, DVec3, Vec3};
use image::RgbImage;
pub use person::{
    Attributes, Beard, ClothColour, EyeColour, Glasses, HairColour, HairStyle, Headwear, MakeUp, Neckline,
    Person, SkinTone,
};
pub use sitting::{Backdrop, Expression, Framing, Lighting, Sitting};
use std::convert::Infallible;
use std::sync::Mutex;

/// Why no portrait was taken.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error("the shipped body of the rendered people cannot be used: {0}; install Adorn anew")]
    Body(#[from] BodyError),
    #[error("a sitting's {0} is out of range; see the documentation of Sitting")]
    Sitting(&'static str),
}

/// Everything that all portraits share, prepared once.
#[derive(Debug)]
pub struct People {
    model: BodyModel,
}

/// A portrait and what is true of it. Canvas frame: pixels, y down, pixel centres at .5.
#[derive(Debug, Clone)]
pub struct Shot {
    /// Without any earring.
    pub picture: RgbImage,
    /// Camera z of the nearest surface, hair included, metres, row by row; infinite for the backdrop.
    pub depth: Vec<f32>,
    /// How much of each pixel hair covers in front of everything else, 0..=255.
    pub hair_cover: Vec<u8>,
    /// iBUG order, hidden or not.
    pub landmarks: [DVec2; LANDMARKS],
    pub landmarks_in_world: [Vec3; LANDMARKS],
    /// First and last row of the landmarks.
    pub face_rows: (f64, f64),
    /// The subject's left and right.
    pub lobes: [Lobe; 2],
    /// Against the line of sight to the middle of the eyes: from near by not quite what was asked.
    pub angles: HeadAngles,
    pub camera: Camera,
    pub light: Light,
}

/// Where an earring hangs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lobe {
    pub in_canvas: DVec2,
    pub in_world: Vec3,
    /// Camera z, metres.
    pub depth: f32,
    /// Scale at the lobe.
    pub px_per_mm: f64,
    /// Away from the head, unit, world frame.
    pub outward: Vec3,
    /// Nothing stands before it: it lies in the picture, and neither head nor hair nor cloth hides it.
    pub visible: bool,
}

/// The light on the person, for what is added to the picture; linear colours at the picture's exposure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Light {
    /// Towards the key light, unit, world frame.
    pub key_direction: Vec3,
    /// Irradiance of a surface that faces the key light, over pi.
    pub key: Vec3,
    /// Likewise from above and from below.
    pub sky: Vec3,
    pub ground: Vec3,
}

impl People {
    pub fn new() -> Result<Self, PeopleError> {
        Ok(Self { model: BodyModel::open_head()? })
    }

    pub fn shoot(&self, person: &Person, sitting: &Sitting) -> Result<Shot, PeopleError> {
        let _ = person;
        let body = self.model.pose_head(sitting.angles);
        let camera = framed(&body, sitting);
        let mesh =
            Mesh { positions: &body.vertices, normals: &body.normals, triangles: self.model.triangles() };
        let (width, height) = (sitting.size.width as usize, sitting.size.height as usize);
        let depth = Mutex::new(vec![f32::INFINITY; width * height]);
        let paint = |column: u32, row: u32, fragments: &[Fragment]| {
            let mut colour = Vec3::splat(160.0);
            for fragment in fragments {
                let shade = fragment.blend(&mesh, mesh.normals).z.max(0.1);
                colour += (Vec3::new(220.0, 170.0, 150.0) * shade - colour) * fragment.coverage;
                if let Ok(mut depth) = depth.lock() {
                    depth[row as usize * width + column as usize] = fragment.depth;
                }
            }
            colour.to_array().map(|value| value as u8)
        };
        let picture = match surface::paint(&mesh, &camera, |_, _| Ok::<(), Infallible>(()), paint) {
            Ok(picture) => picture,
            Err(never) => match never {},
        };
        let depth = depth.into_inner().unwrap_or_default();
        Ok(truth(&body, camera, sitting, picture, depth))
    }
}

/// Middle of the outer eye corners (iBUG 37, 46) and the nose's root (28).
fn middle(body: &PosedBody) -> Vec3 {
    (body.landmarks[36] + body.landmarks[45] + body.landmarks[27]) / 3.0
}

/// The camera that shows the face where the sitting wants it.
fn framed(body: &PosedBody, sitting: &Sitting) -> Camera {
    let height = match sitting.framing {
        Framing::Face { band, .. } => band.bottom - band.top,
        Framing::Lobe { face_height, .. } => face_height,
    };
    let band = Band { top: 0.0, bottom: height };
    let mut camera = Scene::frame(body.clone(), sitting.size, band, None).camera;
    camera.translation.z += sitting.distance - camera.project(body.nose_tip).1;
    let extent = |camera: &Camera| {
        let at = body.landmarks.map(|landmark| camera.project(landmark).0);
        at.iter().fold((at[0], at[0]), |(low, high), at| (low.min(*at), high.max(*at)))
    };
    let (low, high) = extent(&camera);
    camera.focal *= height / (high.y - low.y).max(1e-6);
    let (low, high) = extent(&camera);
    camera.centre += match sitting.framing {
        Framing::Face { band, x } => DVec2::new(x - f64::midpoint(low.x, high.x), band.top - low.y),
        Framing::Lobe { ear, at, .. } => at - camera.project(body.lobes[usize::from(ear == Ear::Right)]).0,
    };
    camera
}

fn truth(body: &PosedBody, camera: Camera, sitting: &Sitting, picture: RgbImage, depth: Vec<f32>) -> Shot {
    let landmarks = body.landmarks.map(|landmark| camera.project(landmark).0);
    let face_rows = landmarks
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(top, bottom), at| (top.min(at.y), bottom.max(at.y)));
    let turn = head_rotation(sitting.angles);
    let sight = camera.camera_from_world(middle(body)).as_dvec3() * DVec3::new(1.0, -1.0, -1.0);
    let straight = DQuat::from_rotation_arc(sight.normalize_or(DVec3::NEG_Z), DVec3::NEG_Z);
    let lobes = [0, 1].map(|side| {
        let in_world = body.lobes[side];
        let (in_canvas, at_depth) = camera.project(in_world);
        let inside = in_canvas.cmpge(DVec2::ZERO).all()
            && in_canvas.x < f64::from(camera.width)
            && in_canvas.y < f64::from(camera.height);
        let nearest = if inside {
            depth[in_canvas.y as usize * camera.width as usize + in_canvas.x as usize]
        } else {
            0.0
        };
        Lobe {
            in_canvas,
            in_world,
            depth: at_depth,
            px_per_mm: camera.focal.y / f64::from(at_depth) / 1000.0,
            outward: (turn.x_axis * if side == 0 { 1.0 } else { -1.0 }).as_vec3(),
            visible: inside && nearest > at_depth - 0.006,
        }
    });
    Shot {
        hair_cover: vec![0; depth.len()],
        picture,
        depth,
        landmarks,
        landmarks_in_world: body.landmarks,
        face_rows,
        lobes,
        angles: head_angles(DMat3::from_quat(straight) * turn),
        camera,
        light: Light {
            key_direction: Vec3::new(-0.5, 0.5, 0.7).normalize(),
            key: Vec3::splat(0.8),
            sky: Vec3::splat(0.3),
            ground: Vec3::splat(0.15),
        },
    }
}

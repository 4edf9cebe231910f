//! The posed body made ready for the camera: fine skin, and what light reaches it.

use super::studio::{Light, Studio};
use crate::body::PosedBody;
use crate::engine::progress::Cancelled;
use crate::render::Mesh;
use crate::render::subdivision::Subdivision;
use crate::render::visibility::{Region, cone_directions, sphere_directions, visibility};
use crate::scene::Scene;
use glam::{Vec2, Vec3, Vec4};

/// Directions that ambient occlusion is averaged over.
const SKY_DIRECTIONS: usize = 72;
/// Directions across each light.
const LIGHT_DIRECTIONS: usize = 12;
/// Blockers further than this from the head cast no shadow, metres.
const REGION_RADIUS: f32 = 0.30;
/// The mesh's edge counts as the end of the bust when it lies this far below the chin, metres; lids and lips
/// have edges too.
const BELOW_CHIN: f32 = 0.06;
/// From the mesh's end, skin is invisible for the first and whole after the second length, metres.
const END_FADE: (f32, f32) = (0.012, 0.07);
/// The bust is whole up to the first and gone from the second length below the root of the neck, metres.
const LOW_FADE: (f32, f32) = (0.035, 0.165);
/// Likewise sideways from the neck's axis.
const SIDE_FADE: (f32, f32) = (0.13, 0.235);
/// SMPL-X's neck joint.
const NECK: usize = 12;
/// How often the coarse skin is averaged for the normals, and their share in the shading: a sculptor's
/// polish, which keeps outlines and takes small folds.
const POLISH: (usize, f32) = (3, 0.65);
/// How often reach is averaged with its neighbours' before it is carried to fine skin.
const IRONING: usize = 2;
/// iBUG 9, the chin.
const CHIN: usize = 8;

/// Fine skin with what light reaches each vertex.
#[derive(Debug)]
pub(super) struct Figure<'a> {
    skin: &'a Subdivision,
    positions: Vec<Vec3>,
    normals: Vec<Vec3>,
    /// What each vertex sees of everything around it, of the key, the fill and the rim light, 0..=1.
    pub reach: Vec<Vec4>,
    /// 0 at the bust's end, 1 on whole skin.
    pub opacity: Vec<f32>,
}

impl<'a> Figure<'a> {
    pub(super) fn new(
        coarse: &[[u32; 3]],
        skin: &'a Subdivision,
        scene: &Scene,
        check: &(dyn Fn() -> Result<(), Cancelled> + Sync),
    ) -> Result<Self, Cancelled> {
        let body = &scene.body;
        let count = skin.coarse_vertices();
        let (vertices, normals) = (&body.vertices[..count], &body.normals[..count]);
        let mesh = Mesh { positions: vertices, normals, triangles: coarse };
        let reach = light_reach(&mesh, body, &Studio::new(scene), check)?;
        let positions = skin.positions(vertices);
        check()?;
        let polished = skin.normals(&skin.positions(&skin.relaxed(vertices, POLISH.0)));
        let normals = skin.normals(&positions);
        let normals =
            normals.iter().zip(&polished).map(|(own, smooth)| own.lerp(*smooth, POLISH.1)).collect();
        Ok(Self {
            normals,
            reach: skin.attribute(&skin.relaxed(&reach, IRONING)),
            opacity: skin.attribute(&opacity(body, vertices, skin.rim())),
            positions,
            skin,
        })
    }

    pub(super) fn mesh(&self) -> Mesh<'_> {
        Mesh { positions: &self.positions, normals: &self.normals, triangles: self.skin.triangles() }
    }
}

/// Occlusion and the three lights' soft shadows at the coarse vertices.
fn light_reach(
    mesh: &Mesh<'_>,
    body: &PosedBody,
    studio: &Studio,
    check: &(dyn Fn() -> Result<(), Cancelled> + Sync),
) -> Result<Vec<Vec4>, Cancelled> {
    let middle = body.landmarks.iter().sum::<Vec3>() / body.landmarks.len() as f32;
    let region = Region { centre: middle - Vec3::Y * 0.06, radius: REGION_RADIUS };
    let mut directions = sphere_directions(SKY_DIRECTIONS);
    for light in [studio.key, studio.fill, studio.rim] {
        directions.extend(across(&light));
    }
    let seen = visibility(mesh, region, &directions, check)?;
    let (sky, lights) = seen.split_at(SKY_DIRECTIONS);
    let mean = |light: usize, vertex: usize| {
        let rows = &lights[light * LIGHT_DIRECTIONS..(light + 1) * LIGHT_DIRECTIONS];
        rows.iter().map(|row| row[vertex]).sum::<f32>() / LIGHT_DIRECTIONS as f32
    };
    Ok((0..mesh.positions.len())
        .map(|vertex| {
            let normal = mesh.normals[vertex];
            let (mut free, mut whole) = (0.0, 1e-6);
            for (direction, row) in directions.iter().zip(sky) {
                let facing = normal.dot(*direction).max(0.0);
                free += facing * row[vertex];
                whole += facing;
            }
            Vec4::new(free / whole, mean(0, vertex), mean(1, vertex), mean(2, vertex))
        })
        .collect())
}

/// World directions spread over a light.
fn across(light: &Light) -> Vec<Vec3> {
    let d = light.direction;
    cone_directions(Vec3::new(d.x, -d.y, -d.z), light.sine, LIGHT_DIRECTIONS)
}

/// How whole the skin is at each coarse vertex, by its distance from the end of the bust.
fn opacity(body: &PosedBody, vertices: &[Vec3], rim: &[u32]) -> Vec<f32> {
    let limit = body.landmarks[CHIN].y - BELOW_CHIN;
    let ends: Vec<Vec3> =
        rim.iter().map(|&vertex| vertices[vertex as usize]).filter(|end| end.y < limit).collect();
    vertices
        .iter()
        .map(|vertex| {
            let nearest = ends.iter().map(|end| end.distance_squared(*vertex)).fold(f32::INFINITY, f32::min);
            let away = *vertex - body.joints[NECK];
            let low = fade(-away.y, LOW_FADE);
            let side = fade(Vec2::new(away.x, away.z).length(), SIDE_FADE);
            fade(nearest.sqrt(), END_FADE) * (1.0 - low) * (1.0 - side)
        })
        .collect()
}

/// 0 up to the first, 1 from the second length on, smooth between.
fn fade(length: f32, (from, to): (f32, f32)) -> f32 {
    let share = ((length - from) / (to - from)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

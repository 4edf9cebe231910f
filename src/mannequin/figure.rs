//! The posed body made ready for the camera: fine skin, and what light reaches it.

use super::studio::{Light, Studio};
use crate::body::PosedBody;
use crate::engine::progress::Cancelled;
use crate::render::Mesh;
use crate::render::subdivision::Subdivision;
use crate::render::visibility::{Region, cone_directions, sphere_directions, visibility};
use crate::scene::Scene;
use glam::{Vec2, Vec3, Vec4};
use std::collections::BTreeMap;

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
const LOW_FADE: (f32, f32) = (0.02, 0.13);
/// Likewise sideways from the neck's axis.
const SIDE_FADE: (f32, f32) = (0.12, 0.215);
/// SMPL-X's neck joint.
const NECK: usize = 12;
/// How often the coarse skin is averaged for the normals: a sculptor's polish, which keeps outlines and takes
/// small folds.
const POLISH: usize = 7;
/// Share of the polished normals where the mesh is broad; finely modelled parts (ears, lips, lids: edges
/// shorter than the first length, metres) keep their own.
const POLISHED: f32 = 0.85;
const FINE_TO_BROAD: (f32, f32) = (0.0022, 0.0065);
/// SMPL-X's eye joints, and how far from them an eyeball's vertices can be, metres.
const EYES: [usize; 2] = [23, 24];
const EYEBALL: f32 = 0.022;
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
        studio: &Studio,
        check: &(dyn Fn() -> Result<(), Cancelled> + Sync),
    ) -> Result<Self, Cancelled> {
        let body = &scene.body;
        let count = skin.coarse_vertices();
        let vertices = with_round_eyes(body, &body.vertices[..count], skin.pieces());
        let mesh = Mesh { positions: &vertices, normals: &body.normals[..count], triangles: coarse };
        let reach = light_reach(&mesh, body, studio, check)?;
        let positions = skin.positions(&vertices);
        check()?;
        let mut normals = skin.normals(&positions);
        let polished = skin.normals(&skin.positions(&skin.relaxed(&vertices, POLISH)));
        let share = skin.attribute(&broadness(coarse, &vertices));
        for ((normal, smooth), share) in normals.iter_mut().zip(&polished).zip(&share) {
            *normal = normal.lerp(*smooth, share * POLISHED).normalize_or_zero();
        }
        Ok(Self {
            normals,
            reach: skin.attribute(&skin.relaxed(&reach, IRONING)),
            opacity: skin.attribute(&opacity(body, &vertices, skin.rim())),
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

/// The vertices with each eyeball as a plain ball, without cornea and pupil: a sculptor's blind eye.
fn with_round_eyes(body: &PosedBody, vertices: &[Vec3], pieces: &[u32]) -> Vec<Vec3> {
    let mut round = vertices.to_vec();
    for centre in EYES.map(|joint| body.joints[joint]) {
        // Of each piece: the furthest vertex, the sum of all distances, their number.
        let mut distances: BTreeMap<u32, (f32, f32, f32)> = BTreeMap::new();
        for (vertex, piece) in vertices.iter().zip(pieces) {
            let distance = vertex.distance(centre);
            let (most, sum, count) = distances.entry(*piece).or_default();
            (*most, *sum, *count) = (most.max(distance), *sum + distance, *count + 1.0);
        }
        for (vertex, piece) in round.iter_mut().zip(pieces) {
            if let Some(&(most, sum, count)) = distances.get(piece)
                && most < EYEBALL
            {
                *vertex = centre + (*vertex - centre).normalize_or_zero() * (sum / count);
            }
        }
    }
    round
}

/// How broadly the mesh is modelled around each coarse vertex, 0..=1, by the length of its edges.
fn broadness(coarse: &[[u32; 3]], vertices: &[Vec3]) -> Vec<f32> {
    let mut edges = vec![(0.0, 0.0); vertices.len()];
    for &[a, b, c] in coarse {
        for (from, to) in [(a, b), (b, c), (c, a)] {
            let length = vertices[from as usize].distance(vertices[to as usize]);
            for end in [from, to] {
                let (sum, count) = &mut edges[end as usize];
                (*sum, *count) = (*sum + length, *count + 1.0);
            }
        }
    }
    edges.iter().map(|&(sum, count)| fade(sum / f32::max(count, 1.0), FINE_TO_BROAD)).collect()
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

//! A person posed before the camera: the fine mesh, and what each vertex sees of the lamps.

use super::canon::{Canon, DIRECTIONS, Fine};
use super::light::{LAMPS, Room};
use crate::body::{PeopleBody, PosedBody};
use crate::project::HeadAngles;
#[cfg(test)]
use crate::render::Mesh;
use glam::{Vec2, Vec3, Vec4};
use rayon::prelude::*;

/// How far light is carried under the skin, in averagings with neighbours: a little for all colours, more for
/// red.
const SPREAD: (usize, usize) = (1, 4);

/// Normals far from fine features are smoothed by averagings of the mesh, for this share.
const POLISH: usize = 4;
const POLISHED: f32 = 0.6;

/// A posed person's mesh, fine enough for the picture.
#[derive(Debug)]
pub(super) struct Figure<'a> {
    pub(super) body: PosedBody,
    pub(super) fine: &'a Fine,
    pub(super) positions: Vec<Vec3>,
    pub(super) normals: Vec<Vec3>,
    /// The share of each lamp that a vertex sees, and the same spread under the skin.
    pub(super) lamps: Vec<Vec4>,
    pub(super) spread: Vec<Vec4>,
    /// The share of everything around, and spread.
    pub(super) open: Vec<Vec2>,
}

impl<'a> Figure<'a> {
    pub(super) fn new(
        canon: &Canon,
        fine: &'a Fine,
        body: PosedBody,
        angles: HeadAngles,
        room: &Room,
    ) -> Self {
        let skin = &fine.subdivision;
        let (lamps, open) = reach(canon, angles, room);
        let positions = skin.positions(&body.vertices);
        let mut normals = skin.normals(&positions);
        let polished = skin.normals(&skin.positions(&skin.relaxed(&body.vertices, POLISH)));
        normals.par_iter_mut().zip(&polished).zip(&fine.broad).for_each(|((normal, smooth), share)| {
            *normal = normal.lerp(*smooth, share * POLISHED).normalize_or_zero();
        });
        let sharp = skin.relaxed(&lamps, SPREAD.0);
        let spread = skin.relaxed(&sharp, SPREAD.1);
        let near = skin.relaxed(&open, 1);
        let both: Vec<Vec2> =
            near.iter().zip(skin.relaxed(&near, 3)).map(|(near, far)| Vec2::new(*near, far)).collect();
        Self {
            lamps: skin.attribute(&sharp),
            spread: skin.attribute(&spread),
            open: skin.attribute(&both),
            positions,
            normals,
            fine,
            body,
        }
    }

    /// The whole body, bare.
    #[cfg(test)]
    pub(super) fn mesh(&self) -> Mesh<'_> {
        Mesh {
            positions: &self.positions,
            normals: &self.normals,
            triangles: self.fine.subdivision.triangles(),
        }
    }
}

/// What each coarse vertex sees of every lamp, and of everything around.
fn reach(canon: &Canon, angles: HeadAngles, room: &Room) -> (Vec<Vec4>, Vec<f32>) {
    // How much of each lamp lies in each direction at rest, as the head, the neck, the shoulders are turned.
    let tables = PeopleBody::turns(angles).map(|turn| {
        let turn = turn.as_mat3();
        canon
            .directions
            .iter()
            .map(|direction| {
                let towards = turn * *direction;
                Vec4::from_array(std::array::from_fn(|index: usize| {
                    let lamp = &room.lamps[index.min(LAMPS - 1)];
                    (lamp.sharpness * (towards.dot(lamp.direction) - 1.0)).exp()
                }))
            })
            .collect::<Vec<Vec4>>()
    });
    (0..canon.rest.vertices.len())
        .into_par_iter()
        .map(|vertex| {
            let seen = &canon.seen[vertex * DIRECTIONS..(vertex + 1) * DIRECTIONS];
            let normal = canon.rest.normals[vertex];
            let (head, neck) = canon.body.carried[vertex];
            let shares = [head, neck, 1.0 - head - neck];
            let (mut free, mut whole) = (Vec4::splat(1e-5), Vec4::splat(1e-5));
            let (mut open, mut all) = (0.0, 1e-6);
            for (index, (direction, seen)) in canon.directions.iter().zip(seen).enumerate() {
                let facing = normal.dot(*direction);
                let towards = (facing + 0.25).max(0.0);
                if towards == 0.0 {
                    continue;
                }
                let seen = f32::from(*seen) / 255.0;
                let mut there = Vec4::ZERO;
                for (table, share) in tables.iter().zip(shares) {
                    if share > 0.001 {
                        there += table[index] * share;
                    }
                }
                free += there * (towards * seen);
                whole += there * towards;
                open += facing.max(0.0) * seen;
                all += facing.max(0.0);
            }
            (free / whole, open / all)
        })
        .unzip()
}

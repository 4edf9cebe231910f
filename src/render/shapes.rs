//! Solid shapes and cameras that this room's tests draw.

use super::Mesh;
use crate::scene::Camera;
use glam::{DVec2, Vec3};

/// A mesh that owns its arrays.
pub(super) struct Shape {
    pub positions: Vec<Vec3>,
    pub normals: Vec<Vec3>,
    pub triangles: Vec<[u32; 3]>,
}

impl Shape {
    pub(super) fn mesh(&self) -> Mesh<'_> {
        Mesh { positions: &self.positions, normals: &self.normals, triangles: &self.triangles }
    }

    /// A closed sphere from an octahedron whose edges were halved `levels` times.
    pub(super) fn sphere(centre: Vec3, radius: f32, levels: u32) -> Self {
        let mut positions = vec![Vec3::X, Vec3::Y, Vec3::Z, Vec3::NEG_X, Vec3::NEG_Y, Vec3::NEG_Z];
        let mut triangles =
            vec![[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]];
        for _ in 0..levels {
            let mut middles = std::collections::BTreeMap::new();
            let mut middle = |a: u32, b: u32| {
                *middles.entry((a.min(b), a.max(b))).or_insert_with(|| {
                    positions.push((positions[a as usize] + positions[b as usize]).normalize());
                    positions.len() as u32 - 1
                })
            };
            triangles = triangles
                .iter()
                .flat_map(|&[a, b, c]: &[u32; 3]| {
                    let (ab, bc, ca) = (middle(a, b), middle(b, c), middle(c, a));
                    [[a, ab, ca], [b, bc, ab], [c, ca, bc], [ab, bc, ca]]
                })
                .collect();
        }
        let normals = positions.clone();
        let positions = normals.iter().map(|&normal| centre + normal * radius).collect();
        Self { positions, normals, triangles }
    }
}

/// A camera at the world's origin that looks along -z.
pub(super) fn camera(width: u32, height: u32, focal: f64) -> Camera {
    Camera {
        focal: DVec2::splat(focal),
        centre: DVec2::new(f64::from(width), f64::from(height)) / 2.0,
        translation: Vec3::ZERO,
        width,
        height,
    }
}

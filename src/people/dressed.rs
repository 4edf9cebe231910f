//! Person and clothes as one mesh: first the skin that shows, then what is worn.

use super::cloth::Sewn;
use super::figure::Figure;
use crate::body::Part;
use crate::render::Mesh;
use glam::Vec3;

/// One mesh of everything solid.
#[derive(Debug)]
pub(super) struct Dressed {
    positions: Vec<Vec3>,
    normals: Vec<Vec3>,
    triangles: Vec<[u32; 3]>,
    /// For each of the first triangles, the figure's; the others are the sewn ones in order.
    pub(super) bare: Vec<u32>,
}

impl Dressed {
    /// `bare` says which of the figure's triangles show; `teeth` whether the mouth is open.
    pub(super) fn new(figure: &Figure<'_>, sewn: &Sewn, bare: &[bool], teeth: bool) -> Self {
        let own = figure.positions.len();
        let all = figure.fine.subdivision.triangles();
        let shown: Vec<u32> = (0..all.len() as u32)
            .filter(|index| {
                bare[*index as usize] && (teeth || figure.fine.parts[*index as usize] != Part::Teeth)
            })
            .collect();
        let mut triangles: Vec<[u32; 3]> = shown.iter().map(|index| all[*index as usize]).collect();
        triangles.extend(sewn.triangles.iter().map(|corners| corners.map(|corner| corner + own as u32)));
        let mut positions = figure.positions.clone();
        positions.extend(&sewn.positions);
        let mut normals = figure.normals.clone();
        normals.extend(&sewn.normals);
        Self { positions, normals, triangles, bare: shown }
    }

    pub(super) fn mesh(&self) -> Mesh<'_> {
        Mesh { positions: &self.positions, normals: &self.normals, triangles: &self.triangles }
    }
}

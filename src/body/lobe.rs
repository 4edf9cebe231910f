//! Where an earring pierces an ear, for meshes that do not say.
//!
//! SMPL-X names a vertex on each ear but none on the lobe. The lobe is found by the ear's outline seen from
//! the front: going down from the ear vertex, the outermost point stays on the ear until, below the lobe, it
//! jumps inwards to the neck, its largest fall. The piercing point is the vertex nearest to a point a little
//! above and outside the ear's last one. The rule looks at edges, not vertices, so it does not depend on how
//! fine the mesh is.

use super::model::BodyFault;
use glam::Vec3;

/// How far in front of and behind the ear vertex the outline is looked at, metres.
const DEPTH: f32 = 0.035;
/// How far below the ear vertex the lobe may end, metres.
const REACH: f32 = 0.07;
/// Height between looks, metres.
const STEP: f32 = 0.0005;
/// Height within which the jump happens, metres.
const JUMP_HEIGHT: f32 = 0.003;
/// A smaller jump, metres, is no lobe. The open head's is 15 mm; an attached lobe's is less.
const SMALLEST_JUMP: f32 = 0.002;
/// The piercing point lies this far above and outside the lobe's lowest point, metres: studs sit 3 to 5 mm
/// up, on the outer face.
const PIERCING_OFFSET: f32 = 0.004;

/// The vertex where the ear that `ear` is a vertex of is pierced.
pub(super) fn lobe_below(ear: u32, template: &[Vec3], triangles: &[[u32; 3]]) -> Result<u32, BodyFault> {
    let fault = || BodyFault::NoLobe(ear);
    let start = *template.get(ear as usize).ok_or_else(fault)?;
    let side = start.x.signum();
    let near = |vertex: Vec3| vertex.x * side > 0.0 && (vertex.z - start.z).abs() < DEPTH;
    let edges: Vec<[Vec3; 2]> = triangles
        .iter()
        .flat_map(|[a, b, c]| [[a, b], [b, c], [c, a]])
        .map(|edge| edge.map(|index| template[*index as usize]))
        .filter(|edge| edge.iter().all(|end| near(*end)))
        .collect();
    let lowest = lowest_of_ear(start.y, side, &edges).ok_or_else(fault)?;
    let pierced = lowest + Vec3::new(side, 1.0, 0.0) * PIERCING_OFFSET;
    let distance = |vertex: &Vec3| vertex.distance_squared(pierced);
    let nearest = (0_u32..).zip(template).min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)));
    nearest.map(|(index, _)| index).ok_or_else(fault)
}

/// The last point of the outline before it leaves the ear for the neck.
fn lowest_of_ear(from: f32, side: f32, edges: &[[Vec3; 2]]) -> Option<Vec3> {
    let (looks, jump_looks) = ((REACH / STEP) as usize, (JUMP_HEIGHT / STEP) as usize);
    let height = |look: usize| from - STEP * look as f32;
    let outline: Vec<Option<f32>> =
        (0..looks).map(|look| outermost(height(look), side, edges).map(|point| point.x * side)).collect();
    let fall = |from: usize, to: usize| match (outline[from], outline[to]) {
        (Some(above), Some(below)) => above - below,
        _ => 0.0,
    };
    let windows = 0..looks - jump_looks;
    let jump = windows
        .max_by(|a, b| fall(*a, a + jump_looks).total_cmp(&fall(*b, b + jump_looks)))
        .filter(|look| fall(*look, look + jump_looks) > SMALLEST_JUMP)?;
    // The ear ends at the largest single fall within it.
    let last_on_ear = (jump..jump + jump_looks).max_by(|a, b| fall(*a, a + 1).total_cmp(&fall(*b, b + 1)))?;
    outermost(height(last_on_ear), side, edges)
}

/// The point furthest to `side` where an edge crosses a height.
fn outermost(height: f32, side: f32, edges: &[[Vec3; 2]]) -> Option<Vec3> {
    let crossing = |[a, b]: &[Vec3; 2]| {
        let (rise, up) = (b.y - a.y, height - a.y);
        let along = up / rise;
        (rise != 0.0 && (0.0..=1.0).contains(&along)).then(|| a.lerp(*b, along))
    };
    edges.iter().filter_map(crossing).max_by(|a, b| (a.x * side).total_cmp(&(b.x * side)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::BodyModel;

    #[test]
    fn the_rule_finds_the_open_heads_known_lobes_from_anywhere_on_the_ear() {
        let model = BodyModel::open_head().unwrap();
        // Vertices of the open head's ears: top, middle and upper rim of the left one, top of the right one.
        for (ear, known) in [(4109, 0), (4137, 0), (4140, 0), (1921, 1)] {
            let found = lobe_below(ear, &model.template, &model.triangles).unwrap();
            let [found, known] = [found, model.lobes[known]].map(|index| model.template[index as usize]);
            let apart_mm = 1000.0 * found.distance(known);
            assert!(apart_mm < 5.0, "from {ear}: {apart_mm} mm, {found} instead of {known}");
        }
    }

    #[test]
    fn a_mesh_without_ears_is_refused() {
        let model = BodyModel::open_head().unwrap();
        let ball: Vec<Vec3> = model.template.iter().map(|v| v.normalize() * 0.1).collect();
        assert!(matches!(lobe_below(4109, &ball, &model.triangles), Err(BodyFault::NoLobe(4109))));
        assert!(matches!(lobe_below(1 << 30, &ball, &model.triangles), Err(BodyFault::NoLobe(_))));
    }
}

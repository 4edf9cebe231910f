//! Strands from the mean head at rest to the posed person.
//!
//! Far from the body a strand follows the head, or the shoulders, as a whole; near it, the vertices next to it.
//! The difference of the two is smoothed along the strand, so that it never kinks where its neighbour changes.

use super::super::canon::Canon;
use super::super::noise::smooth;
use super::grow::Strand;
use crate::body::PosedBody;
use glam::{Mat3, Mat4, Vec3, Vec4};
use rayon::prelude::*;

pub(super) struct Carrier<'a> {
    canon: &'a Canon,
    body: &'a PosedBody,
    /// What the pose makes of the head as a whole, and of the shoulders.
    head: Mat4,
    shoulders: Mat4,
    /// Rows between which hair passes from one to the other.
    heights: (f32, f32),
}

impl<'a> Carrier<'a> {
    pub(super) fn new(canon: &'a Canon, body: &'a PosedBody) -> Self {
        let chosen = |wanted: &dyn Fn(f32, f32, Vec3) -> bool| {
            let pairs: Vec<(Vec3, Vec3)> = (0..canon.rest.vertices.len())
                .filter(|vertex| {
                    let (head, neck) = canon.body.carried[*vertex];
                    wanted(head, neck, canon.rest.vertices[*vertex])
                })
                .map(|vertex| (canon.rest.vertices[vertex], body.vertices[vertex]))
                .collect();
            affine(&pairs)
        };
        let chin = canon.rest.landmarks[8].y;
        let brow = canon.rest.landmarks[19].y;
        Self {
            canon,
            body,
            head: chosen(&|head, _, at| head > 0.95 && at.y > brow - 0.06),
            shoulders: chosen(&|head, neck, at| head + neck < 0.1 && at.y > chin - 0.24),
            heights: (chin + 0.015, chin - 0.085),
        }
    }

    pub(super) fn carry_all(&self, strands: &[Strand]) -> Vec<Vec<Vec3>> {
        strands.par_iter().map(|strand| self.carry(strand)).collect()
    }

    fn carry(&self, strand: &Strand) -> Vec<Vec3> {
        let broad: Vec<Vec3> = strand.points.iter().map(|point| self.broadly(*point)).collect();
        let residual: Vec<Vec3> = strand
            .points
            .iter()
            .zip(&strand.next_to)
            .map(|(point, vertex)| {
                let (rest, posed) =
                    (self.canon.rest.vertices[*vertex as usize], self.body.vertices[*vertex as usize]);
                let weight = smooth(0.05, 0.004, point.distance(rest));
                (posed - self.broadly(rest)) * weight
            })
            .collect();
        broad
            .iter()
            .enumerate()
            .map(|(index, place)| {
                // The root stays where it grows.
                let reach = index.min(3);
                let (from, to) = (index - reach, (index + reach + 1).min(residual.len()));
                let window = &residual[from..to];
                *place + window.iter().sum::<Vec3>() / window.len() as f32
            })
            .collect()
    }

    fn broadly(&self, point: Vec3) -> Vec3 {
        let (upper, lower) = self.heights;
        let head = self.head.transform_point3(point);
        let share = smooth(upper, lower, point.y);
        if share == 0.0 { head } else { head.lerp(self.shoulders.transform_point3(point), share) }
    }
}

/// The affine map that takes the first points to the second ones best.
fn affine(pairs: &[(Vec3, Vec3)]) -> Mat4 {
    let count = pairs.len().max(1) as f32;
    let mean = |pick: fn(&(Vec3, Vec3)) -> Vec3| pairs.iter().map(pick).sum::<Vec3>() / count;
    let (from, to) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let (mut own, mut cross) = (Mat3::ZERO, Mat3::ZERO);
    for (a, b) in pairs {
        let (a, b) = (*a - from, *b - to);
        own += outer(a, a);
        cross += outer(b, a);
    }
    let linear = if own.determinant().abs() > 1e-12 { cross * own.inverse() } else { Mat3::IDENTITY };
    let offset = to - linear * from;
    Mat4::from_cols(
        linear.x_axis.extend(0.0),
        linear.y_axis.extend(0.0),
        linear.z_axis.extend(0.0),
        Vec4::new(offset.x, offset.y, offset.z, 1.0),
    )
}

/// a bᵀ
fn outer(a: Vec3, b: Vec3) -> Mat3 {
    Mat3::from_cols(a * b.x, a * b.y, a * b.z)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_affine_map_is_found_again() {
        let map = Mat4::from_rotation_y(0.7) * Mat4::from_scale(Vec3::new(1.1, 0.9, 1.0));
        let map = Mat4::from_translation(Vec3::new(0.1, -0.2, 0.3)) * map;
        let points = [[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, 0.1], [0.1, 0.1, 0.05]];
        let pairs: Vec<(Vec3, Vec3)> = points
            .iter()
            .map(|p| (Vec3::from_array(*p), map.transform_point3(Vec3::from_array(*p))))
            .collect();
        let found = affine(&pairs);
        let test = Vec3::new(0.04, -0.03, 0.2);
        assert!(found.transform_point3(test).distance(map.transform_point3(test)) < 1e-4);
    }
}

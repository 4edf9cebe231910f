//! Smooth noise in space, the same everywhere: value noise on a lattice of hashed corners.

use glam::{Vec3, Vec3A};

/// A lattice corner's value, -1..1.
fn corner(x: i32, y: i32, z: i32) -> f32 {
    let mut mixed = (x as u32).wrapping_mul(0x8DA6_B343)
        ^ (y as u32).wrapping_mul(0xD816_3841)
        ^ (z as u32).wrapping_mul(0xCB1A_B31F);
    mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2C1B_3C6D);
    mixed = (mixed ^ (mixed >> 12)).wrapping_mul(0x297A_2D39);
    mixed ^= mixed >> 15;
    (mixed >> 8) as f32 / (1_u32 << 23) as f32 - 1.0
}

/// -1..1, features about one unit wide.
pub(super) fn noise(at: Vec3) -> f32 {
    // Four numbers are rounded down faster than three.
    let cell = Vec3::from(Vec3A::from(at).floor());
    let share = at - cell;
    let share = share * share * (Vec3::splat(3.0) - 2.0 * share);
    let (x, y, z) = (cell.x as i32, cell.y as i32, cell.z as i32);
    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
    let row = |dy: i32, dz: i32| mix(corner(x, y + dy, z + dz), corner(x + 1, y + dy, z + dz), share.x);
    mix(mix(row(0, 0), row(1, 0), share.y), mix(row(0, 1), row(1, 1), share.y), share.z)
}

/// Several octaves, each half as wide and half as strong.
pub(super) fn cloud(at: Vec3, octaves: u32) -> f32 {
    let (mut sum, mut weight, mut place) = (0.0, 0.5, at);
    for _ in 0..octaves {
        sum += weight * noise(place);
        weight *= 0.5;
        place = place * 2.03 + Vec3::splat(17.3);
    }
    sum
}

/// Round spots strewn thinly: 1 in a spot's middle. One cell of `size` in about eight has one, `radius` wide.
pub(super) fn spots(at: Vec3, size: f32, radius: f32) -> f32 {
    let cell = (at / size).floor();
    let key = cell.as_ivec3();
    if corner(key.x, key.y, key.z) < 0.75 {
        return 0.0;
    }
    let lane = |lane: i32| 0.5 + 0.3 * corner(key.x + lane, key.y - lane, key.z + 7);
    let middle = (cell + Vec3::new(lane(11), lane(23), lane(37))) * size;
    let own = radius * (1.0 + 0.4 * corner(key.x + 3, key.y, key.z));
    smooth(own, 0.55 * own, at.distance(middle))
}

/// [`crate::scene::smooth`] from `low` to `high`.
pub(super) fn smooth(low: f32, high: f32, value: f32) -> f32 {
    crate::scene::smooth((value - low) / (high - low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_smooth_centred_and_lively() {
        let values: Vec<f32> = (0..3000).map(|i| noise(Vec3::new(i as f32 * 0.11, 3.7, -1.2))).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 0.1 && values.iter().any(|v| *v > 0.4) && values.iter().any(|v| *v < -0.4));
        assert!(values.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.5));
    }
}

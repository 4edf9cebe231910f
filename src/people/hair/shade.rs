//! Light on fibres: a white highlight off the surface, a coloured one from inside, light that shines through
//! from behind, and what is scattered from strand to strand.
//!
//! After Marschner et al. 2003 (lobes R, TT, TRT, their shifts) with Gaussians for all of them.

use super::super::light::Room;
use super::super::look::Look;
use super::grow::{Kind, Strand};
use super::volume::Volume;
use glam::{Vec3, vec3};
use rayon::prelude::*;

/// Tilt of the scales on a hair, radians, and width of the highlight.
const TILT: f32 = 0.06;
const WIDTH: f32 = 0.13;

/// Light that leaves each segment of each strand towards the camera.
pub(super) fn light_all(
    placed: &[Vec<Vec3>],
    strands: &[Strand],
    look: &Look,
    room: &Room,
    eye_point: Vec3,
    volume: &Volume,
) -> Vec<Vec<Vec3>> {
    let middle = middle(placed, strands);
    placed
        .par_iter()
        .zip(strands)
        .map(|(points, strand)| {
            let colours = colours(strand, look);
            let last = (points.len() - 1).max(1) as f32;
            points
                .windows(2)
                .enumerate()
                .map(|(index, pair)| {
                    let at = pair[0].midpoint(pair[1]);
                    let fibre = Fibre {
                        at,
                        along: (pair[1] - pair[0]).normalize_or(Vec3::Y),
                        view: (eye_point - at).normalize_or(Vec3::Z),
                        outwards: (at - middle).normalize_or(Vec3::Y),
                        colour: colours[0].lerp(colours[1], index as f32 / last),
                        gloss: match strand.kind {
                            Kind::Head => 1.0,
                            Kind::Beard => 0.55,
                            Kind::Brow => 0.35,
                            Kind::Lash => 0.1,
                        },
                    };
                    fibre.light(room, volume)
                })
                .collect()
        })
        .collect()
}

/// Middle of the head's hair.
fn middle(placed: &[Vec<Vec3>], strands: &[Strand]) -> Vec3 {
    let (mut sum, mut count) = (Vec3::ZERO, 0.0);
    for (points, _) in placed.iter().zip(strands).filter(|(_, strand)| strand.kind != Kind::Lash) {
        sum += points[0];
        count += 1.0;
    }
    if count > 0.0 { sum / count } else { sum }
}

/// A strand's own colours at its root and its tip.
fn colours(strand: &Strand, look: &Look) -> [Vec3; 2] {
    let base = match strand.kind {
        Kind::Head => look.hair,
        Kind::Beard => look.hair * vec3(0.95, 0.85, 0.8),
        Kind::Brow => look.brow,
        Kind::Lash => return [vec3(0.010, 0.008, 0.007); 2],
    };
    let scrambled = (strand.shade * 7919.0).fract();
    if scrambled < look.grey && strand.kind != Kind::Brow {
        let pale = if look.grey > 0.9 {
            0.34
        } else if look.grey > 0.4 {
            0.24
        } else {
            0.14
        };
        let silver = Vec3::splat(pale + 0.13 * (strand.shade * 131.0).fract()) * vec3(1.0, 0.985, 0.96);
        return [silver * 0.92, silver];
    }
    let own = 0.72 + 0.6 * strand.shade;
    // Warmer and cooler strands; tips are bleached a little.
    let hue = vec3(1.0 + 0.12 * (scrambled - 0.5), 1.0, 1.0 - 0.16 * (scrambled - 0.5));
    [base * own * hue * 0.82, base * own * hue * 1.18]
}

struct Fibre {
    at: Vec3,
    along: Vec3,
    view: Vec3,
    outwards: Vec3,
    colour: Vec3,
    gloss: f32,
}

impl Fibre {
    fn light(&self, room: &Room, volume: &Volume) -> Vec3 {
        let mut sum = Vec3::ZERO;
        // Pale hair passes light on, dark hair keeps it.
        let keeps = Vec3::ONE - self.colour.min(Vec3::splat(0.7)) * 0.9;
        for lamp in &room.lamps {
            if lamp.colour.max_element() < 0.02 {
                continue;
            }
            let depth = volume.depth_towards(self.at, lamp.direction, 0.002);
            let through = (keeps * (-0.8 * depth)).exp();
            sum += lamp.colour * through * self.scattered(lamp.direction, lamp.sharpness);
        }
        let open = (-0.55 * volume.depth_towards(self.at, self.outwards, 0.002)).exp();
        let above = (-0.4 * volume.depth_towards(self.at, Vec3::Y, 0.002)).exp();
        sum + room.ambient(self.outwards)
            * self.colour
            * (1.15 * (0.12 + 0.88 * open * (0.35 + 0.65 * above)))
    }

    /// What the fibre sends to the camera of light from a direction.
    fn scattered(&self, light: Vec3, sharpness: f32) -> Vec3 {
        let (sin_in, sin_out) = (self.along.dot(light), self.along.dot(self.view));
        let (cos_in, cos_out) =
            ((1.0 - sin_in * sin_in).max(1e-4).sqrt(), (1.0 - sin_out * sin_out).max(1e-4).sqrt());
        // Around the fibre: 1 light and eye on one side, -1 opposite.
        let around = ((light.dot(self.view) - sin_in * sin_out) / (cos_in * cos_out)).clamp(-1.0, 1.0);
        let half = 0.5 * (sin_in + sin_out);
        // Broad lamps widen every highlight.
        let lamp = 0.30 / sharpness;
        let lobe = |shift: f32, width: f32| {
            let width = width * width + lamp;
            let off = half - shift;
            (-0.5 * off * off / width).exp() / (width * std::f32::consts::TAU).sqrt()
        };
        let tint = self.colour.max(Vec3::splat(0.004));
        let inside = vec3(tint.x.powf(0.45), tint.y.powf(0.45), tint.z.powf(0.45));
        let reflected = lobe(-TILT, WIDTH) * (0.5 + 0.5 * around).sqrt() * 0.085;
        let twice = lobe(1.5 * TILT, WIDTH * 1.7) * (0.3 + 0.7 * around.max(0.0)) * 0.19;
        let behind = (0.5 - 0.5 * around).powi(3) * lobe(0.5 * TILT, WIDTH * 0.8) * 0.22;
        let matt = cos_in * (0.55 + 0.45 * self.outwards.dot(light)).max(0.0) * 0.75;
        self.colour * matt
            + (Vec3::splat(reflected) + inside * inside * twice + inside * behind) * (self.gloss * cos_in)
    }
}

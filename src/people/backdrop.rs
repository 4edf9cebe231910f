//! What stands far behind a person, out of focus: discs and panes of light, computed, never photographed.

use super::light::Room;
use super::noise::{cloud, smooth};
use super::sitting::Backdrop;
use crate::project::Dice;
use glam::{Vec2, Vec3, vec2, vec3};
use rayon::prelude::*;

/// A blurred spot of light: a disc as the lens makes of a point, or a pane.
struct Spot {
    at: Vec2,
    half: Vec2,
    /// Of its edge, heights of the picture.
    blur: f32,
    round: bool,
    colour: Vec3,
    /// 0..=1 over what lies under it; > 1 adds.
    cover: f32,
}

impl Spot {
    fn share(&self, at: Vec2) -> f32 {
        let offset = (at - self.at).abs();
        let reach = self.half + self.blur;
        if offset.cmpge(reach).any() {
            return 0.0;
        }
        if self.round {
            let radius = (offset / self.half).length() * self.half.min_element();
            smooth(self.half.min_element() + self.blur, self.half.min_element() - self.blur, radius)
        } else {
            let side = |o: f32, h: f32| smooth(h + self.blur, h - self.blur, o);
            side(offset.x, self.half.x) * side(offset.y, self.half.y)
        }
    }
}

/// Light of the backdrop for every pixel, row by row.
pub(super) fn paint(backdrop: Backdrop, room: &Room, seed: u64, width: u32, height: u32) -> Vec<Vec3> {
    let mut dice = Dice::named(seed, 41);
    let ground = Ground::new(backdrop, room, &mut dice);
    let aspect = width as f32 / height as f32;
    let spots = match backdrop {
        Backdrop::Studio | Backdrop::Gradient => Vec::new(),
        Backdrop::Interior => interior(&mut dice, aspect),
        Backdrop::Foliage => foliage(&mut dice, aspect),
        Backdrop::Street => street(&mut dice, aspect),
    };
    let mut light = vec![Vec3::ZERO; width as usize * height as usize];
    light.par_chunks_mut((width as usize).max(1)).enumerate().for_each(|(row, line)| {
        for (column, value) in line.iter_mut().enumerate() {
            let at = vec2(column as f32 + 0.5, row as f32 + 0.5) / height as f32;
            let mut colour = ground.at(at, aspect);
            for spot in &spots {
                let share = spot.share(at) * spot.cover;
                colour = if spot.cover > 1.0 {
                    colour + spot.colour * (share - share / spot.cover)
                } else {
                    colour.lerp(spot.colour, share)
                };
            }
            *value = colour;
        }
    });
    light
}

/// What lies under the spots.
struct Ground {
    top: Vec3,
    bottom: Vec3,
    glow: Vec3,
    glow_at: Vec2,
    cloudy: f32,
    shift: Vec3,
}

impl Ground {
    fn new(backdrop: Backdrop, room: &Room, dice: &mut Dice) -> Self {
        let level = room.sky.element_sum() / 3.0 + 0.25;
        let paper = dice.pick(&[
            vec3(0.82, 0.82, 0.82),
            vec3(0.55, 0.55, 0.56),
            vec3(0.26, 0.265, 0.28),
            vec3(0.085, 0.088, 0.095),
            vec3(0.72, 0.66, 0.58),
            vec3(0.55, 0.42, 0.34),
            vec3(0.42, 0.50, 0.58),
            vec3(0.16, 0.22, 0.30),
            vec3(0.46, 0.50, 0.42),
            vec3(0.68, 0.52, 0.50),
            vec3(0.30, 0.16, 0.14),
        ]);
        let shift = Vec3::splat(dice.between(0.0, 90.0));
        let glow_at = vec2(dice.between(0.15, 0.85), dice.between(0.2, 0.6));
        let even = |top: Vec3, bottom: Vec3, glow: Vec3, cloudy: f32| Self {
            top,
            bottom,
            glow,
            glow_at,
            cloudy,
            shift,
        };
        match backdrop {
            Backdrop::Studio => even(paper * 1.02, paper * 0.92, paper * 0.12, 0.012),
            Backdrop::Gradient => even(paper * 0.62, paper * 0.50, paper * 0.85, 0.03),
            Backdrop::Interior => {
                let wall = dice.pick(&[
                    vec3(0.60, 0.54, 0.46),
                    vec3(0.42, 0.40, 0.38),
                    vec3(0.62, 0.62, 0.60),
                    vec3(0.30, 0.27, 0.24),
                ]);
                even(wall * level, wall * level * 0.6, wall * 0.3, 0.10)
            }
            Backdrop::Foliage => {
                let green = vec3(0.10, 0.17, 0.055) * dice.between(0.6, 1.5);
                even(green * 1.6, green * 0.7, vec3(0.28, 0.32, 0.12) * dice.share(), 0.5)
            }
            Backdrop::Street => {
                let stone = vec3(0.36, 0.36, 0.38) * dice.between(0.5, 1.2);
                even(stone * 1.2, stone * 0.55, vec3(0.5, 0.52, 0.55) * 0.4, 0.2)
            }
        }
    }

    fn at(&self, at: Vec2, aspect: f32) -> Vec3 {
        let apart = (at - self.glow_at * vec2(aspect, 1.0)).length_squared();
        let mottled = 1.0 + self.cloudy * 1.6 * cloud(Vec3::new(at.x * 3.0, at.y * 3.0, 0.0) + self.shift, 3);
        (self.top.lerp(self.bottom, smooth(0.0, 1.0, at.y)) + self.glow * (-3.2 * apart).exp()) * mottled
    }
}

fn pane(at: Vec2, half: Vec2, blur: f32, colour: Vec3) -> Spot {
    Spot { at, half, blur, round: false, colour, cover: 0.92 }
}

/// Walls, a window, shelves, lamps.
fn interior(dice: &mut Dice, aspect: f32) -> Vec<Spot> {
    let blur = dice.between(0.03, 0.07);
    let mut spots = Vec::new();
    for _ in 0..9 {
        let tone = dice.pick(&[
            vec3(0.30, 0.19, 0.12),
            vec3(0.52, 0.46, 0.38),
            vec3(0.17, 0.15, 0.14),
            vec3(0.42, 0.40, 0.36),
            vec3(0.20, 0.24, 0.25),
            vec3(0.13, 0.16, 0.10),
        ]);
        let at = vec2(dice.between(-0.1, aspect + 0.1), dice.between(0.25, 1.1));
        let half = vec2(dice.between(0.04, 0.22), dice.between(0.05, 0.3));
        spots.push(pane(at, half, blur, tone * dice.between(0.6, 1.2)));
    }
    if dice.chance(0.65) {
        let at = vec2(dice.between(0.0, aspect), dice.between(0.15, 0.45));
        let half = vec2(dice.between(0.10, 0.2), dice.between(0.16, 0.34));
        spots.push(pane(at, half, blur, vec3(1.35, 1.42, 1.5) * dice.between(0.6, 1.1)));
        spots.push(pane(at, vec2(0.008, half.y), blur * 0.6, vec3(0.6, 0.58, 0.55)));
    }
    for _ in 0..(2.0 + dice.share() * 7.0) as usize {
        let size = dice.between(0.012, 0.045);
        spots.push(Spot {
            at: vec2(dice.between(0.0, aspect), dice.between(0.0, 0.6)),
            half: Vec2::splat(size),
            blur: size * 0.35,
            round: true,
            colour: vec3(1.0, 0.66, 0.34) * dice.between(0.3, 1.2),
            cover: 1.8,
        });
    }
    spots
}

/// Leaves in and out of the sun, as discs.
fn foliage(dice: &mut Dice, aspect: f32) -> Vec<Spot> {
    let scale = dice.between(0.7, 1.6);
    (0..150)
        .map(|index| {
            let bright = index > 95;
            let size = scale * dice.between(0.015, if bright { 0.032 } else { 0.075 });
            let at =
                vec2(dice.between(-0.05, aspect + 0.05), dice.share().powf(if bright { 1.6 } else { 1.0 }));
            let colour = if bright {
                vec3(0.62, 0.70, 0.30).lerp(vec3(0.95, 0.98, 0.85), dice.share()) * dice.between(0.15, 0.6)
            } else {
                vec3(0.07, 0.12, 0.035).lerp(vec3(0.22, 0.30, 0.09), dice.share()) * dice.between(0.4, 1.3)
            };
            Spot {
                at,
                half: Vec2::splat(size),
                blur: size * if bright { 0.22 } else { 0.7 },
                round: true,
                colour,
                cover: if bright { 1.35 } else { dice.between(0.35, 0.8) },
            }
        })
        .collect()
}

/// House fronts, a strip of sky, passers-by and lights.
fn street(dice: &mut Dice, aspect: f32) -> Vec<Spot> {
    let blur = dice.between(0.03, 0.06);
    let mut spots = Vec::new();
    let sky = dice.between(0.2, aspect - 0.2);
    spots.push(pane(
        vec2(sky, 0.1),
        vec2(0.14, 0.36),
        blur * 1.6,
        vec3(0.95, 1.02, 1.1) * dice.between(0.7, 1.1),
    ));
    for _ in 0..12 {
        let tone = dice.pick(&[
            vec3(0.36, 0.30, 0.26),
            vec3(0.24, 0.25, 0.28),
            vec3(0.48, 0.46, 0.44),
            vec3(0.30, 0.17, 0.13),
            vec3(0.14, 0.15, 0.17),
            vec3(0.16, 0.20, 0.26),
        ]);
        let at = vec2(dice.between(-0.1, aspect + 0.1), dice.between(0.3, 1.0));
        let half = vec2(dice.between(0.02, 0.12), dice.between(0.08, 0.4));
        spots.push(pane(at, half, blur, tone * dice.between(0.5, 1.3)));
    }
    for _ in 0..(4.0 + dice.share() * 16.0) as usize {
        let size = dice.between(0.012, 0.04);
        let colour = dice.pick(&[
            vec3(1.0, 0.72, 0.40),
            vec3(1.0, 0.92, 0.80),
            vec3(1.0, 0.30, 0.20),
            vec3(0.5, 0.75, 1.0),
            vec3(0.4, 0.9, 0.6),
        ]);
        spots.push(Spot {
            at: vec2(dice.between(0.0, aspect), dice.between(0.2, 0.8)),
            half: Vec2::splat(size),
            blur: size * 0.2,
            round: true,
            colour: colour * dice.between(0.2, 0.9),
            cover: 1.7,
        });
    }
    spots
}

//! How a painted person looks, where they stand and what light falls on them.

use crate::project::Dice;
use glam::Vec3;

/// Colours are linear sRGB, lengths metres.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    pub skin: Vec3,
    pub blush: Vec3,
    pub lips: Vec3,
    /// How much the lips differ from the skin, 0..=1.
    pub rouge: f32,
    pub hair: Vec3,
    pub brows: Vec3,
    pub brow_strength: f32,
    pub iris: Vec3,
    pub cloth: Vec3,
    /// How dense a beard is, 0..=1.
    pub beard: f32,
    /// How far hair stands off the skull.
    pub hair_depth: f32,
    /// From the brows to the hair.
    pub forehead: f32,
    /// The head's width, height and depth against the model's.
    pub proportions: Vec3,
    /// How far the lights are carried around the person, radians; > 0 to the picture's right.
    pub lights_turned: f32,
    pub wall: Wall,
    /// The head never fades out; the sample face does where it reaches far forward, as the mannequin does.
    pub whole: bool,
}

/// What stands behind a person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wall {
    /// The shop window's lit wall.
    Lit,
    Plain(Vec3),
    /// From the picture's top to its bottom.
    Gradient(Vec3, Vec3),
}

impl Look {
    /// The sample face's.
    pub fn sample() -> Self {
        let hair = Vec3::new(0.048, 0.026, 0.016);
        Self {
            skin: Vec3::new(0.72, 0.455, 0.335),
            blush: Vec3::new(0.74, 0.34, 0.26),
            lips: Vec3::new(0.62, 0.15, 0.135),
            rouge: 0.80,
            hair,
            brows: hair,
            brow_strength: 0.62,
            iris: Vec3::new(0.11, 0.055, 0.025),
            cloth: Vec3::new(0.30, 0.27, 0.24),
            beard: 0.0,
            hair_depth: 0.011,
            forehead: 0.050,
            proportions: Vec3::ONE,
            lights_turned: 0.0,
            wall: Wall::Lit,
            whole: false,
        }
    }

    /// One of many people, told apart by a number: same number, same person.
    pub fn person(number: u64) -> Self {
        let mut dice = Dice::new(number);
        let skins = [
            Vec3::new(0.78, 0.54, 0.43),
            Vec3::new(0.72, 0.455, 0.335),
            Vec3::new(0.56, 0.34, 0.22),
            Vec3::new(0.36, 0.19, 0.115),
            Vec3::new(0.17, 0.085, 0.05),
        ];
        let hairs = [
            Vec3::new(0.012, 0.009, 0.008),
            Vec3::new(0.048, 0.026, 0.016),
            Vec3::new(0.13, 0.062, 0.03),
            Vec3::new(0.36, 0.23, 0.11),
            Vec3::new(0.33, 0.32, 0.31),
        ];
        let irises =
            [Vec3::new(0.05, 0.025, 0.012), Vec3::new(0.11, 0.055, 0.025), Vec3::new(0.10, 0.17, 0.24)];
        let tone = (number % 5) as usize;
        let skin = skins[tone];
        // Dark skin goes with dark hair and eyes.
        let pale = 5 - tone;
        let hair = hairs[dice.index(pale.min(hairs.len()))];
        let rouge = dice.between(0.35, 0.85);
        let grey = dice.between(0.1, 0.8);
        let walls = [
            Wall::Lit,
            Wall::Plain(Vec3::splat(grey)),
            Wall::Gradient(Vec3::splat(grey), Vec3::splat(grey * 0.35)),
            Wall::Plain(Vec3::new(0.25, 0.38, 0.52) * grey),
        ];
        let beard = (dice.share() - 0.6).max(0.0) * 1.6;
        Self {
            skin,
            blush: skin * Vec3::new(1.02, 0.78, 0.80),
            lips: skin * Vec3::new(0.86, 0.36, 0.42),
            rouge,
            hair,
            brows: hair.min(Vec3::new(0.12, 0.07, 0.04)).min(skin * 0.4),
            brow_strength: dice.between(0.5, 0.9),
            iris: irises[dice.index(if tone < 2 { 3 } else { 2 })],
            cloth: Vec3::new(dice.share(), dice.share(), dice.share()) * 0.4,
            beard,
            hair_depth: dice.between(0.004, 0.018),
            forehead: dice.between(0.038, 0.062),
            proportions: Vec3::new(
                dice.between(0.94, 1.06),
                dice.between(0.95, 1.05),
                dice.between(0.94, 1.06),
            ),
            lights_turned: dice.between(-0.6, 0.6),
            wall: walls[dice.index(walls.len())],
            whole: true,
        }
    }
}

//! A person's own shape: what the basis is mixed of, by their number and what they are.

use super::person::{Person, SkinTone};
use super::sitting::Expression;
use crate::body::PeopleBody;
use crate::project::Dice;

/// Local directions and how far people spread along them.
const LOCAL: &[(&str, f32)] = &[
    ("head-fat-incr", 0.20),
    ("head-scale-horiz-incr", 0.25),
    ("head-scale-vert-incr", 0.25),
    ("head-oval", 0.35),
    ("head-round", 0.25),
    ("head-square", 0.22),
    ("head-rectangular", 0.22),
    ("head-triangular", 0.20),
    ("head-invertedtriangular", 0.30),
    ("head-diamond", 0.25),
    ("forehead-nubian-incr", 0.20),
    ("forehead-scale-vert-incr", 0.25),
    ("forehead-temple-incr", 0.25),
    ("chin-bones-incr", 0.30),
    ("chin-height-incr", 0.28),
    ("chin-jaw-drop-incr", 0.25),
    ("chin-prominent-incr", 0.30),
    ("chin-width-incr", 0.30),
    ("chin-cleft-incr", 0.25),
    ("chin-triangle", 0.25),
    ("cheek-bones-incr", 0.40),
    ("cheek-inner-incr", 0.25),
    ("cheek-volume-incr", 0.28),
    ("cheek-trans-up", 0.25),
    ("eye-bag-incr", 0.18),
    ("eye-corner1-up", 0.25),
    ("eye-corner2-up", 0.35),
    ("eye-eyefold-down", 0.20),
    ("eye-eyefold-angle-up", 0.25),
    ("eye-height1-incr", 0.22),
    ("eye-height2-incr", 0.22),
    ("eye-height3-incr", 0.22),
    ("eye-scale-incr", 0.28),
    ("eye-trans-up", 0.20),
    ("eye-trans-in", 0.22),
    ("eyebrows-trans-up", 0.30),
    ("eyebrows-trans-forward", 0.20),
    ("eyebrows-angle-up", 0.30),
    ("nose-base-up", 0.30),
    ("nose-compression-compress", 0.25),
    ("nose-curve-convex", 0.35),
    ("nose-flaring-incr", 0.25),
    ("nose-greek-incr", 0.25),
    ("nose-hump-incr", 0.35),
    ("nose-nostrils-width-incr", 0.30),
    ("nose-point-up", 0.35),
    ("nose-point-width-incr", 0.30),
    ("nose-scale-depth-incr", 0.25),
    ("nose-scale-horiz-incr", 0.28),
    ("nose-scale-vert-incr", 0.28),
    ("nose-septumangle-incr", 0.25),
    ("nose-trans-up", 0.20),
    ("nose-volume-incr", 0.20),
    ("nose-width1-incr", 0.25),
    ("nose-width2-incr", 0.25),
    ("nose-width3-incr", 0.28),
    ("mouth-angles-up", 0.25),
    ("mouth-cupidsbow-incr", 0.35),
    ("mouth-lowerlip-height-incr", 0.30),
    ("mouth-lowerlip-volume-incr", 0.35),
    ("mouth-upperlip-height-incr", 0.30),
    ("mouth-upperlip-volume-incr", 0.35),
    ("mouth-scale-horiz-incr", 0.35),
    ("mouth-scale-vert-incr", 0.20),
    ("mouth-trans-up", 0.25),
    ("mouth-philtrum-volume-incr", 0.25),
    ("mouth-dimples-in", 0.25),
    ("ear-flap-incr", 0.25),
    ("ear-lobe-incr", 0.45),
    ("ear-rot-backward", 0.30),
    ("ear-scale-incr", 0.28),
    ("ear-scale-vert-incr", 0.25),
    ("ear-shape-pointed", 0.20),
    ("ear-shape-round", 0.30),
    ("ear-shape-square", 0.20),
    ("ear-wing-incr", 0.35),
    ("neck-scale-horiz-incr", 0.20),
    ("measure-shoulder-dist-incr", 0.20),
    // Nobody is symmetric.
    ("asym-jaw-1-l", 0.18),
    ("asym-mouth-1-l", 0.15),
    ("asym-nose-1-l", 0.2),
    ("asym-eye-1-l", 0.25),
    ("asym-brown-1-l", 0.35),
    ("asym-cheek-1-l", 0.30),
];

/// What the basis' women lack of what most women have.
const GENTLER: &[(&str, f32)] = &[
    ("chin-width-incr", -0.30),
    ("chin-bones-incr", -0.26),
    ("head-oval", 0.26),
    ("head-scale-horiz-incr", -0.08),
    ("mouth-upperlip-volume-incr", 0.22),
    ("mouth-lowerlip-volume-incr", 0.14),
    ("eye-scale-incr", 0.12),
    ("nose-scale-horiz-incr", -0.24),
    ("nose-point-width-incr", -0.24),
    ("nose-volume-incr", -0.2),
    ("cheek-bones-incr", 0.12),
    ("neck-scale-horiz-incr", -0.28),
];

/// Of all spreads below: more is more character, and soon a caricature.
const LIVELINESS: f32 = 0.62;

/// Coefficients of the basis for a person.
pub(super) fn shape(body: &PeopleBody, person: &Person) -> Vec<f32> {
    let mut dice = Dice::named(person.id(), 11);
    let who = person.attributes();
    let mut amounts: Vec<(&str, f32)> = Vec::new();
    let origin = origins(&mut dice, who.skin);
    let female = if who.woman { dice.between(0.95, 1.12) } else { dice.between(-0.08, 0.10) };
    for (race, share) in ["african", "asian", "caucasian"].into_iter().zip(origin) {
        let [woman, man] = match race {
            "african" => ["african-female", "african-male"],
            "asian" => ["asian-female", "asian-male"],
            _ => ["caucasian-female", "caucasian-male"],
        };
        amounts.extend([(woman, share * female), (man, share * (1.0 - female))]);
    }
    let age = ((who.age as f32 - 34.0) / 46.0).clamp(0.0, 1.0) * 0.6;
    let weight = dice.spread() * 0.26;
    let (old, thin, heavy, strong) = if who.woman {
        ("old-female", "thin-female", "heavy-female", "strong-female")
    } else {
        ("old-male", "thin-male", "heavy-male", "strong-male")
    };
    amounts.extend([(old, age), (thin, (-weight).max(0.0)), (heavy, weight.max(0.0))]);
    amounts.push((strong, dice.share() * if who.woman { 0.15 } else { 0.45 }));
    amounts.push(("mouth-angles-up", 0.28));
    amounts.push(("head-age-incr", 0.5 * age));
    amounts.push(("mouth-laugh-lines-in", 0.3 * age));
    amounts.push(("eye-bag-incr", 0.25 * age));
    if who.woman {
        amounts.extend(GENTLER.iter().map(|(name, amount)| (*name, *amount)));
    }
    for (name, spread) in LOCAL {
        amounts.push((name, dice.spread() * spread * LIVELINESS));
    }
    body.shape(amounts)
}

/// Shares of the basis' three origins, adding up to 1.
fn origins(dice: &mut Dice, skin: SkinTone) -> [f32; 3] {
    let middle = match skin {
        SkinTone::Fair | SkinTone::Light => [0.06, 0.22, 0.72],
        SkinTone::Olive => [0.12, 0.40, 0.48],
        SkinTone::Tan => [0.24, 0.42, 0.34],
        SkinTone::Brown => [0.52, 0.20, 0.28],
        SkinTone::Dark => [0.84, 0.06, 0.10],
    };
    let drawn: [f32; 3] = middle.map(|share: f32| share * dice.between(0.15, 1.6).powi(2));
    let sum: f32 = drawn.iter().sum();
    drawn.map(|share| share / sum)
}

/// Coefficients of the expressions; lids follow a gaze up or down.
pub(super) fn expression(body: &PeopleBody, expression: Expression, gaze_up_deg: f32) -> Vec<f32> {
    let Expression { smile, open, brows_up, squint } = expression;
    body.expression([
        ("smile", 0.17 + 0.83 * smile),
        // At rest the upper lids cover the rims of the irises.
        ("blink", 0.13),
        ("lips-apart", 0.5 * open),
        ("jaw-open", 0.5 * open),
        ("brows-up", brows_up),
        ("squint", squint),
        ("look-down", (-gaze_up_deg / 30.0).clamp(0.0, 1.0)),
        ("look-up", (gaze_up_deg / 30.0).clamp(0.0, 1.0)),
    ])
}

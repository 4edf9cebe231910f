//! A person's own colours, linear sRGB.

use super::person::{ClothColour, EyeColour, HairColour, MakeUp, Person, SkinTone};
use crate::project::Dice;
use glam::{Vec3, vec3};

/// Colours and amounts that paint a person.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) skin: Vec3,
    /// How dark the skin is, 0 fair to 1.
    pub(super) dark: f32,
    pub(super) lips: Vec3,
    /// How much the lips' colour covers, 0..=1, and how wet they look.
    pub(super) rouge: f32,
    pub(super) lip_gloss: f32,
    /// Strength of redness, of freckles, of shade under the eyes.
    pub(super) flush: f32,
    pub(super) freckles: f32,
    pub(super) tired: f32,
    /// How deep age has drawn its lines, 0..=1.
    pub(super) lined: f32,
    /// How uneven, 0..=1, and how oily, 0..=1.
    pub(super) uneven: f32,
    pub(super) oil: f32,
    pub(super) eye_shadow: Vec3,
    pub(super) shadow_amount: f32,
    pub(super) liner: f32,
    pub(super) hair: Vec3,
    /// Share of grey strands.
    pub(super) grey: f32,
    pub(super) brow: Vec3,
    /// Inner and outer colour of the iris.
    pub(super) iris: [Vec3; 2],
    pub(super) cloth: Vec3,
    pub(super) headwear: Vec3,
    /// Of glasses.
    pub(super) frame: Vec3,
    /// Where on the noise this person's spots lie.
    pub(super) place: Vec3,
}

impl Look {
    pub(super) fn of(person: &Person) -> Self {
        let mut dice = Dice::named(person.id(), 21);
        let who = person.attributes();
        let (base, dark) = match who.skin {
            SkinTone::Fair => (vec3(0.700, 0.455, 0.370), 0.0),
            SkinTone::Light => (vec3(0.620, 0.370, 0.275), 0.12),
            SkinTone::Olive => (vec3(0.500, 0.285, 0.192), 0.3),
            SkinTone::Tan => (vec3(0.385, 0.200, 0.124), 0.5),
            SkinTone::Brown => (vec3(0.225, 0.108, 0.066), 0.75),
            SkinTone::Dark => (vec3(0.115, 0.055, 0.036), 1.0),
        };
        let skin = base * (1.0 + 0.09 * dice.spread()) * (Vec3::ONE + vec3(0.0, 0.03, 0.05) * dice.spread());
        let own_lips = skin * vec3(0.80, 0.47, 0.50).lerp(vec3(0.78, 0.60, 0.62), dark);
        let (lips, rouge, lip_gloss) = match who.make_up {
            MakeUp::Bare => (own_lips, if who.woman { 0.85 } else { 0.6 }, 0.35),
            MakeUp::Light => {
                let tint =
                    dice.pick(&[vec3(0.50, 0.17, 0.17), vec3(0.46, 0.20, 0.17), vec3(0.48, 0.15, 0.21)]);
                (own_lips.lerp(tint * (1.0 - 0.5 * dark), 0.5), 0.9, 0.7)
            }
            MakeUp::RedLips => (
                dice.pick(&[vec3(0.42, 0.022, 0.028), vec3(0.30, 0.018, 0.035), vec3(0.45, 0.05, 0.04)]),
                0.95,
                0.6,
            ),
            MakeUp::Evening => (
                dice.pick(&[vec3(0.26, 0.03, 0.05), vec3(0.36, 0.12, 0.11), vec3(0.20, 0.04, 0.055)]),
                0.93,
                0.8,
            ),
        };
        let made_up = match who.make_up {
            MakeUp::Bare => 0.0,
            MakeUp::Light => 0.35,
            MakeUp::RedLips => 0.5,
            MakeUp::Evening => 1.0,
        };
        let hair = hair(who.hair_colour) * (1.0 + 0.18 * dice.spread());
        let aged = ((who.age as f32 - 30.0) / 45.0).clamp(0.0, 1.0);
        let grey = match who.hair_colour {
            HairColour::Grey => dice.between(0.55, 0.8),
            HairColour::White => 0.95,
            _ => 0.25 * aged * dice.share(),
        };
        let dyed = matches!(who.hair_colour, HairColour::Blond | HairColour::Red) && dark > 0.2;
        let brow = if dyed || grey > 0.6 { hair.min(vec3(0.05, 0.035, 0.025)) } else { hair * 0.75 };
        Self {
            skin,
            dark,
            lips,
            rouge,
            lip_gloss,
            flush: dice.between(0.45, 1.0) * (1.0 - 0.45 * dark) * (1.0 - 0.3 * made_up) + 0.25 * made_up,
            freckles: if who.freckles { dice.between(0.5, 1.0) } else { 0.0 },
            tired: dice.between(0.2, 0.7) * (1.0 - 0.6 * made_up) + 0.3 * aged,
            lined: ((who.age as f32 - 32.0) / 42.0).clamp(0.0, 1.0) * dice.between(0.7, 1.0),
            uneven: (0.35 + 0.4 * aged + 0.25 * dice.share()) * (1.0 - 0.4 * made_up),
            oil: dice.between(0.3, 0.9),
            eye_shadow: dice.pick(&[
                vec3(0.10, 0.055, 0.04),
                vec3(0.13, 0.075, 0.055),
                vec3(0.08, 0.05, 0.06),
                vec3(0.05, 0.05, 0.055),
            ]),
            shadow_amount: made_up * dice.between(0.4, 0.9),
            liner: if made_up > 0.3 { made_up.max(0.5) * dice.between(0.6, 1.0) } else { 0.0 },
            hair,
            grey,
            brow: brow.min(vec3(0.16, 0.10, 0.06)),
            iris: iris(who.eyes, &mut dice),
            cloth: cloth(who.cloth) * (1.0 + 0.12 * dice.spread()),
            headwear: cloth(dice.pick(ClothColour::ALL)),
            frame: dice.pick(&[
                vec3(0.012, 0.011, 0.010),
                vec3(0.10, 0.045, 0.018),
                vec3(0.40, 0.30, 0.16),
                vec3(0.30, 0.30, 0.31),
            ]),
            place: Vec3::splat(dice.between(0.0, 500.0)),
        }
    }
}

fn hair(colour: HairColour) -> Vec3 {
    match colour {
        HairColour::Black => vec3(0.0150, 0.0120, 0.0110),
        HairColour::DarkBrown => vec3(0.033, 0.0195, 0.0130),
        HairColour::Brown => vec3(0.062, 0.034, 0.020),
        HairColour::Chestnut => vec3(0.085, 0.037, 0.018),
        HairColour::Auburn => vec3(0.110, 0.036, 0.016),
        HairColour::Red => vec3(0.250, 0.080, 0.025),
        HairColour::DarkBlond => vec3(0.190, 0.118, 0.062),
        HairColour::Blond => vec3(0.400, 0.275, 0.148),
        HairColour::Grey => vec3(0.070, 0.062, 0.056),
        HairColour::White => vec3(0.50, 0.485, 0.46),
    }
}

fn iris(colour: EyeColour, dice: &mut Dice) -> [Vec3; 2] {
    let [inner, outer] = match colour {
        EyeColour::DarkBrown => [vec3(0.055, 0.024, 0.010), vec3(0.026, 0.012, 0.007)],
        EyeColour::Brown => [vec3(0.130, 0.058, 0.020), vec3(0.055, 0.027, 0.012)],
        EyeColour::Hazel => [vec3(0.190, 0.100, 0.030), vec3(0.085, 0.085, 0.040)],
        EyeColour::Green => [vec3(0.170, 0.135, 0.045), vec3(0.085, 0.130, 0.085)],
        EyeColour::Blue => [vec3(0.210, 0.250, 0.270), vec3(0.075, 0.135, 0.215)],
        EyeColour::Grey => [vec3(0.230, 0.235, 0.225), vec3(0.120, 0.145, 0.165)],
    };
    let own = 1.0 + 0.2 * dice.spread();
    [inner * own, outer * own]
}

fn cloth(colour: ClothColour) -> Vec3 {
    match colour {
        ClothColour::White => vec3(0.78, 0.78, 0.77),
        ClothColour::Cream => vec3(0.72, 0.66, 0.53),
        ClothColour::Grey => vec3(0.24, 0.24, 0.25),
        ClothColour::Black => vec3(0.018, 0.018, 0.020),
        ClothColour::Navy => vec3(0.020, 0.030, 0.070),
        ClothColour::Blue => vec3(0.095, 0.16, 0.29),
        ClothColour::Green => vec3(0.055, 0.13, 0.075),
        ClothColour::Burgundy => vec3(0.14, 0.020, 0.032),
        ClothColour::Red => vec3(0.32, 0.045, 0.040),
        ClothColour::Pink => vec3(0.62, 0.33, 0.35),
        ClothColour::Mustard => vec3(0.44, 0.27, 0.075),
        ClothColour::Beige => vec3(0.50, 0.39, 0.28),
    }
}

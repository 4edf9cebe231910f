//! Photographed people: portraits of a folder, turned, framed and lit anew for each number.

use super::Posed;
use super::caption::{capitalised, earrings};
use super::cast::{FAMILIES, PORTRAITS, RATIO, TAKES, bounds, design, evenly, turn};
use super::dress::Posture;
use super::truth::Subject;
use crate::jeweller::{Design, Family};
use crate::project::{CanvasSize, Dice, mixed};
use crate::training::photographs::{Framing, MOST_TURN_DEG, Portraits, Usable, View};
use glam::DVec2;

/// Yaws that are asked for: what frontal portraits can be turned to, degrees.
const YAW: f64 = 45.0;
/// Heads are tilted by as much at most, degrees.
const PITCH: f32 = 5.0;

/// From where an ear points away from the camera, degrees of yaw.
const AWAY: f64 = 14.0;

/// How soft shadows are: tangent of half the angle of a usual lamp.
const SPREAD: f32 = 0.2;

/// Numbers of photographed people begin here; rendered ones are below.
const IDENTITIES: u64 = 1 << 32;

/// Poses one of the portraits for the number; none where the attempt shows no bare lobe or the photo is too small.
pub(super) fn posed(
    portraits: &Portraits,
    (seed, number): (u64, u64),
    size: CanvasSize,
    attempt: u64,
) -> Option<Posed> {
    let even = evenly(seed, number);
    let mut dice = Dice::of(seed, TAKES + attempt, number);
    let usable = portraits.usable();
    let first = turn(seed, PORTRAITS, number, usable.len());
    let portrait = usable[(first + attempt as usize) % usable.len()];
    let wanted = YAW * (2.0 * even[0] - 1.0);
    let mirrored = mirrored(&portrait, wanted);
    let sitter = portraits.sitter(portrait.index, mirrored);
    let sitter = (*sitter).as_ref().ok()?;
    let added = (wanted - sitter.yaw_deg()).clamp(-MOST_TURN_DEG, MOST_TURN_DEG);
    let lobe = shown_ear(sitter.bare(), sitter.yaw_deg() + added, &mut dice)?;
    let height = f64::from(size.height);
    let face_height = (RATIO.0 + (RATIO.1 - RATIO.0) * even[1]) * height;
    let at = DVec2::new(even[2] * f64::from(size.width), even[3] * height);
    let view = View {
        yaw_deg: added,
        pitch_deg: f64::from(PITCH * dice.between(-1.0, 1.0)),
        framing: Framing { size, lobe, at, face_height },
        relight: DVec2::new(f64::from(dice.between(-0.22, 0.22)), f64::from(dice.between(-0.08, 0.14))),
        exposure: dice.between(0.92, 1.1),
        warmth: dice.between(-0.035, 0.035),
    };
    let shot = sitter.seen(&view)?;
    let place = shot.lobes[lobe].in_canvas;
    let (least, room) = bounds(size, shot.face_rows.1 - shot.face_rows.0, place);
    let words = portraits.caption(portrait.index);
    let family = turn(seed, FAMILIES, number, Family::ALL.len()) + attempt as usize;
    let design = design(&mut dice, is_woman(words), family, least, room);
    let name = portraits.name(portrait.index);
    let subject = Subject {
        style: "photographic",
        identity: IDENTITIES + (name_number(name) >> 32),
        caption: caption(words, &design, &mut dice),
        looks: None,
        head: sitter.turned_by(&view),
        licence: "as the portrait's".to_owned(),
        sources: vec![format!("portrait {name}"), "adorn synthesize: procedural earrings".to_owned()],
    };
    Some(Posed {
        subject,
        posture: Posture { head: sitter.turned_by(&view), spread: SPREAD },
        design,
        main: lobe,
        shot,
    })
}

/// Whether the portrait's mirror image is nearer to the wanted yaw.
fn mirrored(portrait: &Usable, wanted: f64) -> bool {
    (-portrait.yaw_deg - wanted).abs() < (portrait.yaw_deg - wanted).abs()
}

/// A bare ear that the turn shows; none if it shows none.
fn shown_ear(bare: [bool; 2], yaw_deg: f64, dice: &mut Dice) -> Option<usize> {
    let shown = [bare[0] && yaw_deg < AWAY, bare[1] && yaw_deg > -AWAY];
    match shown {
        [true, true] => Some(dice.index(2)),
        [true, false] => Some(0),
        [false, true] => Some(1),
        [false, false] => None,
    }
}

/// What a caption says, as a whole word; without one a woman, as the method's prompts have it.
fn is_woman(caption: Option<&str>) -> bool {
    let words = caption.unwrap_or_default().to_lowercase();
    !words.split(|letter: char| !letter.is_alphabetic()).any(|word| matches!(word, "man" | "boy" | "male"))
}

fn caption(own: Option<&str>, design: &Design, dice: &mut Dice) -> String {
    let (own, earrings) = (own.unwrap_or("a portrait of a person"), earrings(design));
    capitalised(&match dice.index(4) {
        0 => format!("{own}, wearing {earrings}"),
        1 => format!("{earrings}, {own}"),
        2 => format!("jewellery advertisement with {earrings}, {own}"),
        _ => format!("{own} with {earrings}"),
    })
}

/// A number of its own for each name (FNV-1a, mixed).
fn name_number(name: &str) -> u64 {
    let step = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    mixed(name.bytes().fold(0xCBF2_9CE4_8422_2325, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_tell_men_from_women() {
        assert!(is_woman(None) && is_woman(Some("profile picture of a 22-year-old woman")));
        assert!(!is_woman(Some("A man, smiling")) && is_woman(Some("a woman from the Isle of Manx")));
    }

    #[test]
    fn the_ear_that_the_turn_shows_carries_the_earring() {
        let mut dice = Dice::new(1);
        assert_eq!(shown_ear([true, true], 30.0, &mut dice), Some(1));
        assert_eq!(shown_ear([true, true], -30.0, &mut dice), Some(0));
        assert_eq!(shown_ear([true, false], 30.0, &mut dice), None);
        assert_eq!(shown_ear([true, false], 0.0, &mut dice), Some(0));
    }

    #[test]
    fn a_portrait_is_mirrored_where_that_is_nearer() {
        let portrait = Usable { index: 0, yaw_deg: 12.0, bare: [true, true] };
        assert!(mirrored(&portrait, -30.0) && !mirrored(&portrait, 30.0));
    }
}

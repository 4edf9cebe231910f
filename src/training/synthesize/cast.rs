//! What picture number so-and-so shows: who, how turned, how large, where the earring hangs, which earring.
//!
//! Turn, face size and the lobe's place follow a sequence that fills their space evenly however many pictures
//! are made (Halton's, shifted by the seed); everything else is drawn by dice of the number's own.

use crate::body::{BodyModel, PosedBody};
use crate::jeweller::{Design, Family, Metal};
use crate::people::{Framing, Person, Sitting, SkinTone};
use crate::project::{CanvasSize, Dice, Ear, HeadAngles};
use crate::scene::Camera;
use glam::DVec2;

/// Head turns, degrees.
pub(super) const YAW: (f64, f64) = (-80.0, 80.0);
/// Face height over picture height.
pub(super) const RATIO: (f64, f64) = (0.2, 0.9);

/// Bases of the sequence's four dimensions.
const BASES: [u64; 4] = [2, 3, 5, 7];

/// Faces are about this high, mm: for guessing a piece's size in the picture.
const FACE_MM: f64 = 118.0;
/// A piece is at least this many pixels high at 256 rows.
const LEAST_ROWS: f64 = 8.0;
/// Landmarks may lie this far beyond the picture's sides, as a part of the face's width.
const SPILL: f64 = 0.15;
/// So many face heights below the chin the people end.
const BUST: f64 = 2.2;
/// One in so many people may wear hair over the ears.
const COVERED_EARS: usize = 12;
/// People to choose among.
const PEOPLE: u64 = 100_000;

/// What men are shown with.
const FOR_MEN: [Family; 6] =
    [Family::Hoop, Family::Huggie, Family::Stud, Family::Coin, Family::Chain, Family::Bar];

/// Salts that keep the dice of different purposes apart.
const SHIFTS: u64 = 1;
const TONES: u64 = 2;
pub(super) const FAMILIES: u64 = 3;
pub(super) const PORTRAITS: u64 = 4;
/// And those after it, one for each attempt.
pub(super) const TAKES: u64 = 5;

/// What a picture is to show.
#[derive(Debug, Clone)]
pub(super) struct Take {
    pub(super) person: Person,
    pub(super) sitting: Sitting,
    pub(super) design: Design,
    /// The ear that the picture is about: 0 the subject's left, 1 the right.
    pub(super) main: usize,
    pub(super) caption_dice: Dice,
}

/// Casts picture `number`; a further `attempt` keeps turn and framing and changes the rest.
pub(super) fn cast(model: &BodyModel, seed: u64, number: u64, size: CanvasSize, attempt: u64) -> Take {
    let even = evenly(seed, number);
    let mut dice = Dice::of(seed, TAKES + attempt, number);
    let tone = SkinTone::ALL[turn(seed, TONES, number, SkinTone::ALL.len())];
    let person = person(&mut dice, tone);
    let mut sitting = Sitting::of(dice.next(), &person, size);
    sitting.angles.yaw_deg = YAW.0 + (YAW.1 - YAW.0) * even[0];
    let ratio = RATIO.0 + (RATIO.1 - RATIO.0) * even[1];
    let face_height = ratio * f64::from(size.height);
    let main = shown_ear(sitting.angles, &mut dice);
    let body = model.pose_head(sitting.angles);
    let at = place(&body, main, face_height, size, (even[2], even[3]));
    let ear = if main == 0 { Ear::Left } else { Ear::Right };
    sitting.framing = Framing::Lobe { ear, at, face_height };
    // Nobody photographs a whole bust from near by, nor a face from afar.
    sitting.distance = dice.between(0.9, 1.3) + 0.5 / ratio.max(0.3) as f32;
    let (least, room) = bounds(size, face_height, at);
    let family = turn(seed, FAMILIES, number, Family::ALL.len()) + attempt as usize;
    let design = design(&mut dice, person.attributes().woman, family, least, room);
    Take { person, sitting, design, main, caption_dice: dice }
}

/// Four numbers in 0..1.
pub(super) fn evenly(seed: u64, number: u64) -> [f64; 4] {
    let mut shifts = Dice::of(seed, SHIFTS, 0);
    BASES.map(|base| (shifts.fine_share() + mirrored(number, base)).fract())
}

/// The digits of a number in a base, mirrored at the point (van der Corput 1935).
fn mirrored(mut number: u64, base: u64) -> f64 {
    let (mut sum, mut place) = (0.0, 1.0);
    while number > 0 {
        place /= base as f64;
        sum += place * (number % base) as f64;
        number /= base;
    }
    sum
}

/// Whose turn it is among `count`: all of them once in every so many pictures, in an order of chance, so that what
/// takes turns does not go along with what is spread evenly.
pub(super) fn turn(seed: u64, salt: u64, number: u64, count: usize) -> usize {
    let mut order: Vec<usize> = (0..count).collect();
    Dice::of(seed, salt, number / count as u64).shuffle(&mut order);
    order[(number % count as u64) as usize]
}

/// Two in three are women.
fn person(dice: &mut Dice, tone: SkinTone) -> Person {
    let woman = dice.fine_share() < 0.67;
    let covered = dice.index(COVERED_EARS) == 0;
    let fits = |person: &Person| {
        let own = person.attributes();
        own.skin == tone && own.woman == woman && (covered || own.ears_shown)
    };
    let mut person = Person::of(dice.next() % PEOPLE);
    for _ in 0..400 {
        if fits(&person) {
            break;
        }
        person = Person::of(dice.next() % PEOPLE);
    }
    person
}

/// The ear that the turn shows; either one from the front.
fn shown_ear(angles: HeadAngles, dice: &mut Dice) -> usize {
    if angles.yaw_deg.abs() < 12.0 { dice.index(2) } else { usize::from(angles.yaw_deg > 0.0) }
}

/// Where the lobe stands: anywhere that keeps the face's rows on the picture and most of its columns.
fn place(body: &PosedBody, main: usize, face_height: f64, size: CanvasSize, even: (f64, f64)) -> DVec2 {
    let camera = Camera::paper(body);
    let lobe = camera.project(body.lobes[main]).0;
    let landmarks = body.landmarks.map(|landmark| camera.project(landmark).0 - lobe);
    let first = (landmarks[0], landmarks[0]);
    let (low, high) = landmarks.iter().fold(first, |(low, high), at| (low.min(*at), high.max(*at)));
    let scale = face_height / (high.y - low.y).max(1e-6);
    let (low, high) = (low * scale, high * scale);
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let spill = SPILL * (high.x - low.x);
    let columns = ((-low.x - spill).max(0.05 * width), (width - high.x + spill).min(0.95 * width));
    let bust = height - BUST * face_height - high.y;
    let lowest = (0.99 * height - high.y).min(0.93 * height);
    let rows = ((0.01 * height - low.y).max(bust).min(lowest), lowest);
    let within = |(least, most): (f64, f64), even: f64| {
        if least <= most { least + (most - least) * even } else { f64::midpoint(least, most) }
    };
    DVec2::new(within(columns, even.0), within(rows, even.1))
}

/// Families take turns, those left out whose pieces would be specks or leave the picture; lengths in mm.
pub(super) fn design(dice: &mut Dice, woman: bool, turn: usize, least: f64, room: f64) -> Design {
    let families: &[Family] = if woman { &Family::ALL } else { &FOR_MEN };
    let mut chosen = piece(dice, families[turn % families.len()]);
    for next in 1..families.len() {
        let height = rough_height(&chosen);
        if height >= least && height <= 0.92 * room {
            break;
        }
        chosen = piece(dice, families[(turn + next) % families.len()]);
    }
    chosen
}

/// The smallest piece that is no speck, and the largest that ends above the picture's, mm.
pub(super) fn bounds(size: CanvasSize, face_height: f64, lobe: DVec2) -> (f64, f64) {
    let least = LEAST_ROWS / 256.0 * FACE_MM / (face_height / f64::from(size.height));
    (least, (f64::from(size.height) - lobe.y) * FACE_MM / face_height)
}

/// A piece of the family that no catalogue has.
fn piece(dice: &mut Dice, family: Family) -> Design {
    let usual = Design::sample(family, dice.index(4) as u32);
    let mut near = |value: f32| value * dice.between(0.82, 1.2);
    let (size_mm, wire_mm, stone_mm) = (near(usual.size_mm), near(usual.wire_mm), near(usual.stone_mm));
    Design { metal: dice.pick(&Metal::ALL), size_mm, wire_mm, stone_mm, turn_deg: 0.0, ..usual }
}

/// About how far a piece reaches below the lobe, mm.
fn rough_height(design: &Design) -> f64 {
    f64::from(match design.family {
        Family::Stud => 0.5 * design.stone_mm + 2.0,
        Family::Cluster => 0.8 * design.size_mm,
        Family::Enamel => 0.5 * design.size_mm,
        Family::Pearl if design.count <= 1 => 0.5 * design.stone_mm + 1.0,
        _ => 1.25 * design.size_mm,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const SIZE: CanvasSize = CanvasSize { width: 256, height: 256 };

    #[test]
    fn turn_size_and_place_fill_their_space_evenly() {
        // A small set is as even as a large one.
        for (pictures, off) in [(64, 4), (400, 5)] {
            let mut cells = [[0_u64; 8]; 4];
            for number in 0..pictures {
                for (cell, even) in cells.iter_mut().zip(evenly(3, number)) {
                    cell[(even * 8.0) as usize] += 1;
                }
            }
            let fair = pictures / 8;
            assert!(cells.iter().flatten().all(|count| count.abs_diff(fair) <= off), "{cells:?}");
        }
    }

    #[test]
    fn what_takes_turns_does_not_go_along_with_the_turn_of_the_head() {
        let tones = SkinTone::ALL.len();
        let mut to_the_right = vec![0_u32; tones];
        for number in 0..600 {
            to_the_right[turn(3, TONES, number, tones)] += u32::from(evenly(3, number)[0] > 0.5);
        }
        assert!(to_the_right.iter().all(|count| (35..=65).contains(count)), "{to_the_right:?}");
    }

    #[test]
    fn faces_stay_on_the_picture_and_pieces_are_no_specks() {
        let model = BodyModel::open_head().unwrap();
        let mut tones = BTreeMap::new();
        for number in 0..60 {
            let take = cast(&model, 1, number, SIZE, 0);
            let Framing::Lobe { at, face_height, .. } = take.sitting.framing else { panic!("hung") };
            assert!(at.x > 0.0 && at.x < 256.0 && at.y > 0.0 && at.y < 256.0, "{number}: {at}");
            assert!((0.2..=0.9).contains(&(face_height / 256.0)));
            let rows = rough_height(&take.design) * face_height / FACE_MM;
            assert!(rows >= LEAST_ROWS * 0.99, "{number}: {:?} has {rows} rows", take.design);
            *tones.entry(take.person.attributes().skin).or_insert(0) += 1;
        }
        assert!(SkinTone::ALL.iter().all(|tone| tones[tone] == 10), "{tones:?}");
    }
}

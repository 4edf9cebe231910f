//! Hair: thousands of strands grown on the mean head, carried to the person's own, lit as fibres.
//!
//! Strands are grown one by one at rest ([`grow`]) along a style's directions ([`style`]); the head is a body they
//! cannot enter. [`carry`] takes them to the posed person. Where they lie how densely is kept in a [`Volume`], so
//! that hair shades itself and the skin below it.

mod carry;
mod face;
mod grow;
mod shade;
mod style;
mod volume;

use super::canon::Canon;
use super::light::Room;
use super::look::Look;
use super::person::{Beard, HairStyle, Headwear, Person};
use crate::body::PosedBody;
use crate::render::strands::Strands;
use carry::Carrier;
use glam::Vec3;
use grow::Grower;
pub(super) use style::gap_of_hat;
pub(super) use volume::Volume;

/// All hair of a posed person, lit.
pub(super) struct Coat {
    points: Vec<Vec3>,
    thickness: Vec<f32>,
    segments: Vec<[u32; 2]>,
    /// Light that leaves each segment towards the camera.
    pub(super) light: Vec<Vec3>,
    pub(super) volume: Volume,
}

impl Coat {
    pub(super) fn strands(&self) -> Strands<'_> {
        Strands { points: &self.points, thickness: &self.thickness, segments: &self.segments }
    }
}

/// Grows, carries and lights a person's hair. `px_per_mm` decides how many strands are worth drawing.
pub(super) fn dress(
    canon: &Canon,
    body: &PosedBody,
    person: &Person,
    look: &Look,
    room: &Room,
    eye_point: Vec3,
    px_per_mm: f32,
) -> Coat {
    let who = person.attributes();
    let grower = Grower::new(canon);
    let finer = (px_per_mm / 1.3).clamp(0.3, 2.2);
    let mut strands = Vec::new();
    if who.headwear != Headwear::Headscarf && who.hair != HairStyle::Shaved {
        strands.extend(style::strands(&grower, person, finer));
    }
    let on_head = strands.len();
    if who.beard != Beard::Shaven {
        strands.extend(face::beard(&grower, person, finer));
    }
    strands.extend(face::brows(&grower, person));
    strands.extend(face::lashes(&grower, person));
    let carrier = Carrier::new(canon, body);
    let mut coat = Coat {
        points: Vec::new(),
        thickness: Vec::new(),
        segments: Vec::new(),
        light: Vec::new(),
        volume: Volume::empty(),
    };
    let placed = carrier.carry_all(&strands);
    coat.volume = Volume::of(&placed[..on_head], &strands[..on_head]);
    let lit = shade::light_all(&placed, &strands, look, room, eye_point, &coat.volume);
    for ((points, strand), light) in placed.iter().zip(&strands).zip(lit) {
        let first = coat.points.len() as u32;
        let last = points.len() as u32 - 1;
        coat.points.extend(points);
        coat.thickness.extend((0..points.len()).map(|index| strand.thickness_at(index)));
        coat.segments.extend((0..last).map(|index| [first + index, first + index + 1]));
        coat.light.extend(light);
    }
    coat
}

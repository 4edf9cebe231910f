//! Portraits with earrings, and everything that is true of them: `adorn synthesize`.
//!
//! A number becomes a cast, the cast a portrait without earrings, and the portrait gets its earrings; what is
//! known on the way is the truth. Turn, face size and the earring's place are spread evenly, and each number
//! depends on the seed alone, so any part of a set can be made anywhere. The first style is rendered; it refuses to
//! pretend that there is another.

mod caption;
mod cast;
mod dress;
mod example;
mod sheet;
mod truth;

pub use example::MEMBERS;
pub(super) use example::{face_rows, png, rgb};
pub(super) use sheet::marked;
pub use sheet::overlay;
pub use truth::{CameraTruth, EarringTruth, LobeTruth, Looks, TRUTH_FORMAT, Truth};

use super::shards::{BuildError, LeftOut, Making, Manifest, Plan, Tally, binned, build};
use crate::body::{BodyError, BodyModel};
use crate::control::pose_render;
use crate::engine::progress::Control;
use crate::engine::{EngineError, NetworkSize};
use crate::jeweller::Jewel;
use crate::people::{People, PeopleError, Shot};
use crate::project::CanvasSize;
use cast::{RATIO, Take, YAW, cast};
use dress::{Dressed, WornTruth, dress};
use image::ImageError;
use std::path::PathBuf;

/// Changes whenever the same seed gives other bytes.
const VERSION: u32 = 1;

/// Samples in a full shard: some minutes of work, some ten megabytes.
pub const PER_SHARD: u64 = 200;

/// Casts that are tried until the earring is seen.
const ATTEMPTS: u64 = 10;

/// The part of the main earring that must be seen, and of the other one to count as worn.
const SEEN: f64 = 0.45;
const SEEN_OTHER: f64 = 0.15;

/// Pixels of an earring that is worth learning from.
const LEAST_PX: f64 = 8.0;

/// What is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Folder of the shards.
    pub out: PathBuf,
    pub count: u64,
    pub seed: u64,
    /// Side of the square pictures: a multiple of 8, 256..=1024.
    pub size: u32,
    pub per_shard: u64,
}

/// Why synthesis ended early.
#[derive(Debug, thiserror::Error)]
pub enum SynthesisError {
    #[error(transparent)]
    Body(Box<BodyError>),
    #[error(transparent)]
    People(Box<PeopleError>),
    #[error(transparent)]
    Size(Box<EngineError>),
    #[error("cannot encode a picture: {0}; report it with the seed")]
    Encode(#[from] ImageError),
}

impl From<PeopleError> for SynthesisError {
    fn from(error: PeopleError) -> Self {
        Self::People(Box::new(error))
    }
}

/// Makes the set, or what is missing of it.
pub fn synthesize(request: &Request, control: &Control) -> Result<Manifest, BuildError<SynthesisError>> {
    let maker = Maker::new(request).map_err(BuildError::Make)?;
    let recipe = [
        ("maker".to_owned(), "adorn synthesize".into()),
        ("version".to_owned(), VERSION.into()),
        ("style".to_owned(), "rendered".into()),
        ("seed".to_owned(), request.seed.into()),
        ("size".to_owned(), request.size.into()),
    ];
    let plan = Plan {
        folder: &request.out,
        recipe: recipe.into(),
        items: request.count,
        per_shard: request.per_shard.max(1),
    };
    build(&plan, control, |number| maker.make(number))
}

/// Makes single samples.
struct Maker {
    people: People,
    model: BodyModel,
    seed: u64,
    size: NetworkSize,
}

/// A cast that was photographed with its earrings.
struct Finished {
    take: Take,
    shot: Shot,
    jewel: Jewel,
    dressed: Dressed,
}

impl Maker {
    fn new(request: &Request) -> Result<Self, SynthesisError> {
        Ok(Self {
            people: People::new()?,
            model: BodyModel::open_head().map_err(|error| SynthesisError::Body(Box::new(error)))?,
            seed: request.seed,
            size: NetworkSize::new(request.size, request.size)
                .map_err(|error| SynthesisError::Size(Box::new(error)))?,
        })
    }

    fn make(&self, number: u64) -> Result<Making, SynthesisError> {
        let key = format!("{number:08}");
        let Some(finished) = self.finished(number)? else {
            let reason = format!("no earring was seen in {ATTEMPTS} casts");
            return Ok(Making::LeftOut(LeftOut { name: key, reason }));
        };
        let Finished { take, shot, jewel, dressed } = &finished;
        let truth = Truth::of(key.clone(), take, shot, jewel, &dressed.worn);
        let pose = pose_render(&self.model, &self.model.pose_head(shot.angles));
        let members = example::members(shot, dressed, &pose, &truth, self.size)?;
        Ok(Making::Sample { key, members, tally: tally(&truth) })
    }

    /// The first cast of the number in which the earring is seen.
    fn finished(&self, number: u64) -> Result<Option<Finished>, SynthesisError> {
        let size = CanvasSize { width: self.size.width(), height: self.size.height() };
        for attempt in 0..ATTEMPTS {
            let take = cast(&self.model, self.seed, number, size, attempt);
            let shot = self.people.shoot(&take.person, &take.sitting)?;
            // Hair lies before the lobe, or the head: nothing would be seen of a small piece.
            if !shot.lobes[take.main].visible && attempt + 1 < ATTEMPTS {
                continue;
            }
            let jewel = Jewel::new(&take.design);
            let dressed = dress(&shot, &take.sitting, &jewel, take.main);
            if dressed.worn.first().is_some_and(|main| is_shown(main, take.main)) {
                return Ok(Some(Finished { take, shot, jewel, dressed }));
            }
        }
        Ok(None)
    }
}

fn is_shown(worn: &WornTruth, main: usize) -> bool {
    worn.side == main && worn.inside && worn.seen_px >= LEAST_PX.max(SEEN * worn.whole_px)
}

/// What the manifest counts: everything that is to be balanced.
fn tally(truth: &Truth) -> Tally {
    let mut tally = Tally::default();
    tally.count("yaw", binned(truth.head_in_world_deg[0], YAW.0, YAW.1, 8, 0));
    tally.count("face_ratio", binned(truth.face_ratio, RATIO.0, RATIO.1, 7, 1));
    tally.count("style", &*truth.style);
    tally.count("skin", &*truth.attributes.skin);
    tally.count("gender", &*truth.attributes.gender);
    tally.count("hair", &*truth.attributes.hair);
    tally.count("background", &*truth.attributes.background);
    tally.count("earrings_seen", truth.earrings.len().to_string());
    if let Some(main) = truth.earrings.first() {
        let [x, y] = main.hook;
        let (across, down) = (x / f64::from(truth.size[0]), y / f64::from(truth.size[1]));
        tally.count("earring_x", binned(across, 0.0, 1.0, 5, 1));
        tally.count("earring_y", binned(down, 0.0, 1.0, 5, 1));
        tally.count("family", &*main.family);
        tally.count("metal", &*main.metal);
        let rows = f64::from(main.spans[3] - main.spans[1]);
        tally.count("earring_rows", binned(rows / f64::from(truth.size[1]), 0.0, 0.6, 6, 1));
    }
    tally
}

#[cfg(test)]
mod tests;

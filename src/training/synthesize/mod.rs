//! Portraits with earrings, and everything that is true of them: `adorn synthesize`.
//!
//! A number becomes a cast, the cast a portrait without earrings, and the portrait gets its earrings; what is
//! known on the way is the truth. Turn, face size and the earring's place are spread evenly, and each number
//! depends on the seed alone, so any part of a set can be made anywhere. People are rendered, or photographs of a
//! folder turned into many views; the latter's landmarks are as exact as the eyes that found them, and follow the
//! pixels exactly from there.

mod caption;
mod cast;
mod dress;
mod example;
mod photographic;
mod rendered;
mod sheet;
mod truth;

pub use example::MEMBERS;
pub(super) use example::{face_rows, png, rgb};
pub(super) use sheet::marked;
pub use sheet::overlay;
pub use truth::{CameraTruth, EarringTruth, LobeTruth, Looks, TRUTH_FORMAT, Truth};

use super::photographs::{Portraits, PortraitsError};
use super::shards::{BuildError, LeftOut, Making, Manifest, Plan, Tally, binned, build};
use crate::body::{BodyError, BodyModel};
use crate::control::pose_render;
use crate::engine::progress::Control;
use crate::engine::{EngineError, NetworkSize};
use crate::jeweller::Design;
use crate::jeweller::Jewel;
use crate::people::{People, PeopleError, Shot};
use crate::project::CanvasSize;
use cast::{RATIO, YAW};
use dress::{Dressed, Posture, WornTruth, dress};
use image::ImageError;
use serde_json::{Value, json};
use std::path::PathBuf;
use truth::Subject;

/// Changes whenever the same seed gives other bytes.
const VERSION: u32 = 3;

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
    pub style: Style,
}

/// Where the people come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Style {
    Rendered,
    /// A folder of portraits.
    Photographic(PathBuf),
    /// Both in turns.
    Mixed(PathBuf),
}

impl Style {
    /// As manifests name it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rendered => "rendered",
            Self::Photographic(_) => "photographic",
            Self::Mixed(_) => "mixed",
        }
    }
}

/// A finished set.
#[derive(Debug)]
pub struct Synthesized {
    pub manifest: Manifest,
    /// Portraits of the folder that no picture is made of.
    pub unusable: Vec<LeftOut>,
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
    #[error(transparent)]
    Portraits(#[from] PortraitsError),
    #[error(
        "none of the folder's {0} portraits can be turned: each needs a face seen from the front and a bare earlobe; choose other portraits"
    )]
    NoPortrait(usize),
    #[error("cannot encode a picture: {0}; report it with the seed")]
    Encode(#[from] ImageError),
}

impl From<PeopleError> for SynthesisError {
    fn from(error: PeopleError) -> Self {
        Self::People(Box::new(error))
    }
}

/// Makes the set, or what is missing of it.
pub fn synthesize(request: &Request, control: &Control) -> Result<Synthesized, BuildError<SynthesisError>> {
    let maker = Maker::new(request, control).map_err(|error| match error {
        SynthesisError::Portraits(PortraitsError::Cancelled(cancelled)) => BuildError::Cancelled(cancelled),
        error => BuildError::Make(error),
    })?;
    let mut recipe = vec![
        ("maker".to_owned(), "adorn synthesize".into()),
        ("version".to_owned(), VERSION.into()),
        ("style".to_owned(), request.style.name().into()),
        ("seed".to_owned(), request.seed.into()),
        ("size".to_owned(), request.size.into()),
    ];
    recipe.extend(maker.portraits_recipe());
    let plan = Plan {
        folder: &request.out,
        recipe: recipe.into_iter().collect(),
        items: request.count,
        per_shard: request.per_shard.max(1),
    };
    let manifest = build(&plan, control, |number| maker.make(number))?;
    Ok(Synthesized { manifest, unusable: maker.unusable().to_vec() })
}

/// Makes single samples.
struct Maker {
    people: People,
    model: BodyModel,
    portraits: Option<Portraits>,
    rendered: bool,
    seed: u64,
    size: NetworkSize,
}

/// A portrait that waits for its earring.
struct Posed {
    subject: Subject,
    shot: Shot,
    posture: Posture,
    design: Design,
    /// The ear that the picture is about: 0 the subject's left, 1 the right.
    main: usize,
}

/// A portrait with its earrings.
struct Finished {
    subject: Subject,
    shot: Shot,
    jewel: Jewel,
    dressed: Dressed,
}

impl Maker {
    fn new(request: &Request, control: &Control) -> Result<Self, SynthesisError> {
        let model = BodyModel::open_head().map_err(|error| SynthesisError::Body(Box::new(error)))?;
        let portraits = match &request.style {
            Style::Rendered => None,
            Style::Photographic(folder) | Style::Mixed(folder) => {
                Some(Portraits::open(folder, &model, control)?)
            }
        };
        if let Some(portraits) = portraits.as_ref().filter(|portraits| portraits.usable().is_empty()) {
            return Err(SynthesisError::NoPortrait(portraits.unusable().len()));
        }
        Ok(Self {
            people: People::new()?,
            model,
            portraits,
            rendered: !matches!(request.style, Style::Photographic(_)),
            seed: request.seed,
            size: NetworkSize::new(request.size, request.size)
                .map_err(|error| SynthesisError::Size(Box::new(error)))?,
        })
    }

    /// What the portraits add to the recipe: another folder makes another set, and the manifest says who is not in it.
    fn portraits_recipe(&self) -> Vec<(String, Value)> {
        let Some(portraits) = &self.portraits else { return Vec::new() };
        vec![
            ("portraits".to_owned(), portraits.digest().into()),
            ("portraits_used".to_owned(), portraits.usable().len().into()),
            ("portraits_left_out".to_owned(), json!(portraits.unusable())),
        ]
    }

    fn unusable(&self) -> &[LeftOut] {
        self.portraits.as_ref().map_or(&[], Portraits::unusable)
    }

    fn make(&self, number: u64) -> Result<Making, SynthesisError> {
        let key = format!("{number:08}");
        let Some(finished) = self.finished(number)? else {
            let reason = format!("no earring was seen in {ATTEMPTS} casts");
            return Ok(Making::LeftOut(LeftOut { name: key, reason }));
        };
        let Finished { subject, shot, jewel, dressed } = &finished;
        let truth = Truth::of(key.clone(), subject, shot, jewel, &dressed.worn);
        let pose = pose_render(&self.model, &self.model.pose_head(shot.angles));
        let members = example::members(shot, dressed, &pose, &truth, self.size)?;
        Ok(Making::Sample { key, members, tally: tally(&truth) })
    }

    /// The first cast of the number in which the earring is seen.
    fn finished(&self, number: u64) -> Result<Option<Finished>, SynthesisError> {
        for attempt in 0..ATTEMPTS {
            let Some(posed) = self.posed(number, attempt)? else { continue };
            let Posed { subject, shot, posture, design, main } = posed;
            let jewel = Jewel::new(&design);
            let dressed = dress(&shot, posture, &jewel, main);
            if dressed.worn.first().is_some_and(|worn| is_shown(worn, main)) {
                return Ok(Some(Finished { subject, shot, jewel, dressed }));
            }
        }
        Ok(None)
    }

    fn posed(&self, number: u64, attempt: u64) -> Result<Option<Posed>, SynthesisError> {
        let size = CanvasSize { width: self.size.width(), height: self.size.height() };
        let is_mixed = self.rendered && self.portraits.is_some();
        let (is_second, own) =
            if is_mixed { taking_turns(self.seed, number) } else { (false, (self.seed, number)) };
        match &self.portraits {
            Some(portraits) if is_second || !self.rendered => {
                Ok(photographic::posed(portraits, own, size, attempt))
            }
            _ => rendered::posed(&self.people, &self.model, own, size, (attempt, attempt + 1 == ATTEMPTS)),
        }
    }
}

/// In a mixed set every other number is a photograph, the second style. Each style has a seed of its own and counts its
/// own numbers: what is spread evenly over all of them need not be so over every other one.
fn taking_turns(seed: u64, number: u64) -> (bool, (u64, u64)) {
    let is_second = number % 2 == 1;
    (is_second, (if is_second { !seed } else { seed }, number / 2))
}

fn is_shown(worn: &WornTruth, main: usize) -> bool {
    worn.side == main && worn.inside && worn.seen_px >= LEAST_PX.max(SEEN * worn.whole_px)
}

/// What the manifest counts: everything that is to be balanced.
fn tally(truth: &Truth) -> Tally {
    let mut tally = Tally::default();
    let yaw = binned(truth.head_in_world_deg[0], YAW.0, YAW.1, 8, 0);
    tally.count(&format!("yaw_{}", truth.style), &*yaw);
    tally.count("yaw", yaw);
    tally.count("face_ratio", binned(truth.face_ratio, RATIO.0, RATIO.1, 7, 1));
    tally.count("style", &*truth.style);
    if let Some(looks) = &truth.attributes {
        tally.count("skin", &*looks.skin);
        tally.count("gender", &*looks.gender);
        tally.count("hair", &*looks.hair);
        tally.count("background", &*looks.background);
    }
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

//! Rendered people: everything about them is drawn by this program.

use super::caption::caption;
use super::cast::{Take, cast};
use super::dress::Posture;
use super::truth::{Looks, Subject};
use super::{Posed, SynthesisError};
use crate::body::BodyModel;
use crate::people::People;
use crate::project::CanvasSize;

/// Everything here is drawn by this program from CC0 sources.
const LICENCE: &str = "CC0-1.0";
const SOURCES: [&str; 2] =
    ["adorn synthesize: procedural people and earrings", "MakeHuman hm08 and targets, CC0 1.0"];

/// Casts the number and takes the portrait; none where the cast's lobe is hidden, but for the last attempt.
pub(super) fn posed(
    people: &People,
    model: &BodyModel,
    (seed, number): (u64, u64),
    size: CanvasSize,
    (attempt, last): (u64, bool),
) -> Result<Option<Posed>, SynthesisError> {
    let take = cast(model, seed, number, size, attempt);
    let shot = people.shoot(&take.person, &take.sitting)?;
    // Hair lies before the lobe, or the head: nothing would be seen of a small piece.
    if !shot.lobes[take.main].visible && !last {
        return Ok(None);
    }
    let ratio = (shot.face_rows.1 - shot.face_rows.0) / f64::from(size.height);
    Ok(Some(Posed {
        subject: subject(&take, ratio),
        posture: Posture::of(&take.sitting),
        design: take.design,
        main: take.main,
        shot,
    }))
}

fn subject(take: &Take, ratio: f64) -> Subject {
    Subject {
        style: "rendered",
        identity: take.person.id(),
        caption: caption(take, ratio),
        looks: Some(Looks::of(take)),
        head: take.sitting.angles,
        licence: LICENCE.to_owned(),
        sources: SOURCES.map(ToOwned::to_owned).to_vec(),
    }
}

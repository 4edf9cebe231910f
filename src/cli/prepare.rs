//! `adorn prepare`: a user's own photos as training data, in shards.

use super::args::PrepareArgs;
use super::synthesize::{report, write_sheet};
use super::{DONE, Failure, SOME_FAILED, output};
use crate::project::base_of;
use crate::training::prepare::{PER_SHARD, Request, overlay, prepare};
use std::path::Path;

pub(super) fn run(args: &PrepareArgs) -> Result<u8, Failure> {
    if let Some(sheet) = &args.sheet {
        output::check_target(sheet, "png")?;
        check_outside(&args.photos, &base_of(sheet))?;
    }
    check_outside(&args.photos, &args.out)?;
    let request = Request {
        photos: args.photos.clone(),
        out: args.out.clone(),
        size: args.size,
        per_shard: PER_SHARD,
        segmenter: args.segmenter.clone(),
        captioner: args.captioner.clone(),
    };
    let manifest = prepare(&request, &output::control())?;
    report(&args.out, &manifest);
    if let Some(sheet) = args.sheet.as_ref().filter(|_| manifest.samples > 0) {
        write_sheet(&args.out, sheet, overlay)?;
    }
    Ok(if manifest.samples > 0 { DONE } else { SOME_FAILED })
}

/// Refuses a place among the photos: what is written there would be read as one the next time.
fn check_outside(photos: &Path, out: &Path) -> Result<(), Failure> {
    // A folder that is still to be made lies where its nearest ancestor that is there does.
    let place = std::path::absolute(out).ok();
    let there = place.as_deref().and_then(|place| place.ancestors().find_map(|at| at.canonicalize().ok()));
    let inside =
        there.zip(photos.canonicalize().ok()).is_some_and(|(there, photos)| there.starts_with(photos));
    if inside {
        let place = out.display();
        return Err(Failure::bad_input(format!(
            "the output lies among the photos; choose a place outside their folder ({place})"
        )));
    }
    Ok(())
}

//! `adorn synthesize`: labelled pictures for training and measuring, in shards.

use super::args::{StyleArg, SynthesizeArgs};
use super::{DONE, Failure, output};
use crate::picture::write_png;
use crate::render::sheet::contact_sheet;
use crate::training::shards::{BuildError, Manifest, Order, ShardError, Shards};
use crate::training::synthesize::{PER_SHARD, Request, Style, Synthesized, overlay, synthesize};
use image::{GrayAlphaImage, RgbImage};
use serde::de::DeserializeOwned;
use std::path::Path;

/// Pictures on the sheet, and in one of its rows.
const ON_SHEET: usize = 60;
const IN_ROW: u32 = 10;

/// Columns of a picture on the sheet.
const SHEET_SIDE: u32 = 256;

/// Pixels between two pictures of the sheet.
const GAP: u32 = 2;

pub(super) fn run(args: &SynthesizeArgs) -> Result<u8, Failure> {
    if let Some(sheet) = &args.sheet {
        output::check_target(sheet, "png")?;
    }
    let request = Request {
        out: args.out.clone(),
        count: args.count,
        seed: args.seed,
        size: args.size,
        per_shard: PER_SHARD,
        style: style(args)?,
    };
    let Synthesized { manifest, unusable } = synthesize(&request, &output::control())?;
    for portrait in &unusable {
        output::tell(format!("note: portrait {} is not used: {}", portrait.name, portrait.reason));
    }
    report(&args.out, &manifest);
    if let Some(sheet) = &args.sheet {
        write_sheet(&args.out, sheet, overlay)?;
    }
    Ok(DONE)
}

fn style(args: &SynthesizeArgs) -> Result<Style, Failure> {
    match (args.style, &args.portraits) {
        (StyleArg::Rendered, None) => Ok(Style::Rendered),
        (StyleArg::Photographic, Some(folder)) => Ok(Style::Photographic(folder.clone())),
        (StyleArg::Mixed, Some(folder)) => Ok(Style::Mixed(folder.clone())),
        (StyleArg::Rendered, Some(_)) => Err(Failure::bad_input(
            "portraits are used by two styles; add --style photographic or --style mixed",
        )),
        (_, None) => {
            Err(Failure::bad_input("this style needs photographs; name their folder with --portraits"))
        }
    }
}

/// What the shards hold, and what they do not.
pub(super) fn report(folder: &Path, manifest: &Manifest) {
    for left_out in manifest.left_out() {
        output::tell(format!("note: {} was left out: {}", left_out.name, left_out.reason));
    }
    let (samples, shards) = (manifest.samples, manifest.shards.len());
    let mb = manifest.bytes as f64 / 1e6;
    output::say(format!("{}  {samples} pictures in {shards} shards, {mb:.1} MB", folder.display()));
    for property in manifest.statistics.properties() {
        let counts: Vec<_> =
            manifest.statistics.of(property).map(|(value, count)| format!("{value}: {count}")).collect();
        output::say(format!("{property}  {}", counts.join(", ")));
    }
}

/// The first pictures, with what their `truth.json` says drawn over them.
pub(super) fn write_sheet<Truth: DeserializeOwned>(
    folder: &Path,
    sheet: &Path,
    overlay: fn(&RgbImage, &GrayAlphaImage, &Truth) -> RgbImage,
) -> Result<(), Failure> {
    let shards = Shards::open(folder)?;
    let mut tiles = Vec::new();
    for sample in shards.stream(Order::Written, &["picture.png", "matte.png", "truth.json"]).take(ON_SHEET) {
        let sample = sample?;
        let truth = sample.member("truth.json").and_then(|text| serde_json::from_slice::<Truth>(text).ok());
        let pictures = sample.picture("picture.png").zip(sample.picture("matte.png"));
        let Some((truth, (picture, matte))) = truth.zip(pictures) else {
            let (key, place) = (&sample.key, folder.display());
            return Err(Failure::bad_input(format!(
                "sample {key} is not one of this program's; make the set anew ({place})"
            )));
        };
        let drawn = overlay(&picture.into_rgb8(), &matte.into_luma_alpha8(), &truth);
        let side = SHEET_SIDE.min(drawn.width());
        tiles.push(image::imageops::resize(&drawn, side, side, image::imageops::FilterType::Triangle));
    }
    Ok(write_png(sheet, &contact_sheet(&tiles, IN_ROW, GAP), None)?)
}

impl From<ShardError> for Failure {
    fn from(error: ShardError) -> Self {
        Self::bad_input(error)
    }
}

impl<Error: std::fmt::Display> From<BuildError<Error>> for Failure {
    fn from(error: BuildError<Error>) -> Self {
        match error {
            BuildError::Cancelled(cancelled) => cancelled.into(),
            error => Self::bad_input(error),
        }
    }
}

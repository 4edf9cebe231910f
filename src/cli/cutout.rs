//! `adorn cutout`: a product photo becomes a product with a clean matte.

use super::args::CutoutArgs;
use super::{DONE, Failure, output};
use crate::engine::ProductMatting;
use crate::picture::cutout::{Backdrop, CutOut, CutOutRequest, Doubt, cut_out, lay_on, opaque};
use crate::picture::{load_product, write_png, write_product};
use crate::project::{Other, Point, Rectangle, Stroke, StrokeKind};
use crate::render::sheet::contact_sheet;
use crate::vision::segment::{self, strokes_of};
use image::RgbImage;
use serde_json::json;
use std::iter::once;

/// Rows of a picture on the preview.
const PREVIEW_ROWS: u32 = 640;

/// Pixels between two pictures of the preview.
const GAP: u32 = 4;

pub(super) fn run(args: &CutoutArgs) -> Result<u8, Failure> {
    let place = args.photo.display();
    output::check_target(&args.out, "png")?;
    output::check_distinct(&args.out, once(args.photo.clone()), "the photo itself")?;
    if let Some(preview) = &args.preview {
        output::check_target(preview, "png")?;
        output::check_distinct(preview, once(args.photo.clone()), "the photo itself")?;
        output::check_apart(&args.out, preview)?;
    }
    let product = load_product(&args.photo).map_err(Failure::bad_input)?;
    let photo = opaque(&product.pixels).ok_or_else(|| {
        Failure::bad_input(format!("the photo already has transparent ground; use it as it is ({place})"))
    })?;
    let frame = args.frame.map(|[left, top, right, bottom]| Rectangle { left, top, right, bottom });
    let control = output::control();
    let include = args.include.iter().map(|dab| stroke(StrokeKind::Include, *dab));
    let mut strokes: Vec<Stroke> =
        include.chain(args.exclude.iter().map(|dab| stroke(StrokeKind::Exclude, *dab))).collect();
    if let Some(model) = &args.model {
        let request = CutOutRequest { photo: &photo, frame, strokes: &strokes };
        let mask = segment::open(model).and_then(|model| model.segment(&request));
        // A later stroke wins: what the user says over what a model thinks.
        strokes = [strokes_of(&mask.map_err(Failure::bad_input)?), strokes].concat();
    }
    let request = CutOutRequest { photo: &photo, frame, strokes: &strokes };
    let matting = ProductMatting::shipped()?;
    let found = cut_out(&request, Some(matting), || control.check())?;
    if found.doubts.contains(&Doubt::NothingFound) {
        return Err(Failure::bad_input(format!(
            "nothing was found in the photo; mark the product with --include or --frame ({place})"
        )));
    }
    for doubt in &found.doubts {
        output::tell(format!("note: {place}: {doubt}"));
    }
    write_product(&args.out, &found.pixels)?;
    if let Some(preview) = &args.preview {
        write_png(preview, &sheet(&photo, &found), None)?;
    }
    report(args, &found);
    Ok(DONE)
}

fn stroke(kind: StrokeKind, [x, y, radius]: [f64; 3]) -> Stroke {
    Stroke { kind, radius, points: vec![Point { x, y }], other: Other::new() }
}

fn report(args: &CutoutArgs, found: &CutOut) {
    let (width, height) = found.pixels.dimensions();
    if args.json {
        let counted = |alpha: fn(u8) -> bool| found.pixels.pixels().filter(|pixel| alpha(pixel.0[3])).count();
        output::say(json!({
            "file": args.out.display().to_string(),
            "width": width,
            "height": height,
            "edge_score": found.quality.score,
            "edge": found.quality.words(),
            "doubts": found.doubts,
            "opaque_pixels": counted(|alpha| alpha == 255),
            "mixed_pixels": counted(|alpha| (1..255).contains(&alpha)),
        }));
        return;
    }
    let (score, words) = (found.quality.score, found.quality.words());
    output::say(format!("{}  {width}x{height}  edge {score:.2}: {words}", args.out.display()));
}

/// The photo, and the cut-out on the three grounds that show its edge.
fn sheet(photo: &RgbImage, found: &CutOut) -> RgbImage {
    let (width, height) = photo.dimensions();
    let rows = PREVIEW_ROWS.min(height);
    let columns = (u64::from(width) * u64::from(rows) / u64::from(height.max(1))).clamp(1, 4096) as u32;
    let small = |picture: &RgbImage| {
        image::imageops::resize(picture, columns, rows, image::imageops::FilterType::Triangle)
    };
    let side = (height / 40).max(4);
    let laid = [Backdrop::Checkerboard { side }, Backdrop::Black, Backdrop::White]
        .map(|backdrop| small(&lay_on(&found.pixels, backdrop)));
    let [checkerboard, black, white] = laid;
    contact_sheet(&[small(photo), checkerboard, black, white], 2, GAP)
}

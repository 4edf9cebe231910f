//! `adorn face`: what a face photo needs before a model may look at it.

use super::args::FaceArgs;
use super::{DONE, Failure, output};
use crate::body::BodyModel;
use crate::picture::{load_face, painted_out, write_png};
use crate::project::Square;
use crate::vision::{EarState, Eyes, FaceCare, HeadPoints, PoseDoubt, care_for_face};
use image::{RgbImage, imageops};
use serde_json::{Value, json};
use std::path::Path;

/// The subject's ears, in the order in which they are looked at.
const EARS: [&str; 2] = ["left", "right"];

pub(super) fn run(args: &FaceArgs) -> Result<u8, Failure> {
    for out in args.out.iter().chain(&args.crop_out) {
        output::check_target(out, "png")?;
        output::check_distinct(out, std::iter::once(args.photo.clone()), "the photo itself")?;
    }
    if let (Some(out), Some(crop_out)) = (&args.out, &args.crop_out) {
        output::check_apart(out, crop_out)?;
    }
    let photo = load_face(&args.photo).map_err(Failure::bad_input)?;
    let eyes = Eyes::shipped().map_err(Failure::bad_input)?;
    let head = HeadPoints::of(&BodyModel::open_head()?);
    let care = care_for_face(&eyes, &head, &photo).map_err(Failure::bad_input)?;
    let Some(care) = care else {
        let place = args.photo.display();
        return Err(Failure::bad_input(format!(
            "no face is found; choose a photo in which a face is seen clearly ({place})"
        )));
    };
    write(args, &photo, &care)?;
    for note in notes(&care) {
        output::tell(format!("note: {}: {note}", args.photo.display()));
    }
    if args.json {
        output::say(as_json(&args.photo, &care));
    } else {
        output::say(line(&args.photo, &care));
    }
    Ok(DONE)
}

fn write(args: &FaceArgs, photo: &RgbImage, care: &FaceCare) -> Result<(), Failure> {
    if args.out.is_none() && args.crop_out.is_none() {
        return Ok(());
    }
    let control = output::control();
    let clean = painted_out(photo, &care.remove(), || control.check())?;
    if let Some(out) = &args.out {
        write_png(out, &clean, None)?;
    }
    if let Some(out) = &args.crop_out {
        let Square { left, top, side } = care.crop;
        // The proposal is in whole pixels and inside the photo.
        let crop = imageops::crop_imm(&clean, left as u32, top as u32, side as u32, side as u32);
        write_png(out, &crop.to_image(), None)?;
    }
    Ok(())
}

fn notes(care: &FaceCare) -> Vec<String> {
    let mut notes = Vec::new();
    if care.faces > 1 {
        notes.push(PoseDoubt::SeveralFaces(care.faces).to_string());
    }
    for (ear, name) in care.ears.iter().zip(EARS) {
        match ear.state {
            EarState::Unsure => notes.push(format!(
                "something at the {name} ear may be an earring; cover it with strokes in the window if it is one"
            )),
            EarState::TooSmall => notes.push(format!(
                "the face is too small to see whether the {name} ear wears an earring; use a larger photo"
            )),
            EarState::Hidden | EarState::Bare | EarState::Earring => {}
        }
    }
    notes
}

fn name_of(state: EarState) -> &'static str {
    match state {
        EarState::Hidden => "hidden",
        EarState::TooSmall => "too small",
        EarState::Bare => "bare",
        EarState::Unsure => "unsure",
        EarState::Earring => "earring",
    }
}

fn line(photo: &Path, care: &FaceCare) -> String {
    let Square { left, top, side } = care.crop;
    let [own_left, own_right] = care.ears.each_ref().map(|ear| name_of(ear.state));
    format!(
        "{}  crop {side:.0} px from {left:.0},{top:.0}  left ear: {own_left}  right ear: {own_right}",
        photo.display()
    )
}

fn as_json(photo: &Path, care: &FaceCare) -> Value {
    let ears: Vec<Value> = care
        .ears
        .iter()
        .zip(EARS)
        .map(|(ear, name)| json!({ "ear": name, "state": name_of(ear.state), "strokes": ear.strokes }))
        .collect();
    let face = &care.face;
    json!({
        "file": photo.display().to_string(),
        "faces": care.faces,
        "face": { "left": face.left, "top": face.top, "width": face.width, "height": face.height },
        "crop": care.crop,
        "ears": ears,
    })
}

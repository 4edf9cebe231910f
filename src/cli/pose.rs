//! `adorn pose`: how a head is turned, measured in a photo or read from another program's body fit.

use super::args::PoseArgs;
use super::{DONE, Failure, output};
use crate::body::{BodyModel, FittedPose, PoseTemplate, is_body_fit, load_fitted_pose};
use crate::picture::load_face;
use crate::project::{HeadAngles, write_whole};
use crate::vision::{Eyes, HeadPoints, PhotoPose, Trust, pose_from_photo};
use serde_json::{Value, json};
use std::path::Path;

/// What was measured, whatever it came from.
struct Measured {
    angles: HeadAngles,
    report: Value,
    notes: Vec<String>,
}

pub(super) fn run(args: &PoseArgs) -> Result<u8, Failure> {
    if let Some(out) = &args.out {
        output::check_target(out, "toml")?;
        let inputs = args.body.iter().cloned().chain([args.source.clone()]);
        output::check_distinct(out, inputs, "one of the command's own inputs")?;
    }
    let place = args.source.display();
    let measured = if is_body_fit(&args.source) {
        from_fit(load_fitted_pose(&args.source).map_err(Failure::bad_input)?)
    } else {
        from_photo(args)?
    };
    let name = args.source.file_stem().map_or_else(|| "photo".into(), |stem| stem.to_string_lossy());
    let (pose, changed) = PoseTemplate::of(&id_of(&name), &name, measured.angles);
    for note in &measured.notes {
        output::tell(format!("note: {place}: {note}"));
    }
    if changed {
        output::tell(format!("note: {place}: brought within what the pose library allows"));
    }
    if let Some(out) = &args.out {
        write_pose(out, &pose)?;
    }
    if args.json {
        let mut report = measured.report;
        report["source"] = json!(args.source.display().to_string());
        report["pose"] = json!(pose.angles);
        output::say(report);
    } else {
        output::say(line(&pose, args.out.as_deref(), &measured.report));
    }
    Ok(DONE)
}

fn from_photo(args: &PoseArgs) -> Result<Measured, Failure> {
    let model = match &args.body {
        Some(path) => BodyModel::load(path)?,
        None => BodyModel::open_head()?,
    };
    let photo = load_face(&args.source).map_err(Failure::bad_input)?;
    let eyes = Eyes::shipped().map_err(Failure::bad_input)?;
    let PhotoPose { fit, faces, doubts } = pose_from_photo(&eyes, &HeadPoints::of(&model), &photo)
        .map_err(|error| Failure::bad_input(format!("{error} ({})", args.source.display())))?;
    let trust = match fit.trust {
        Trust::Good => "good",
        Trust::Fair => "fair",
        Trust::Poor => "poor",
    };
    let report = json!({
        "from": "photo",
        "angles": fit.angles,
        "sigma": fit.sigma_deg,
        "trust": trust,
        "steady": fit.steady,
        "residual_px": fit.residual_px,
        "face_rows": [fit.face_rows.0, fit.face_rows.1],
        "lobes": fit.lobes_in_picture.map(|lobe| [lobe.x, lobe.y]),
        "faces": faces,
    });
    Ok(Measured { angles: fit.angles, report, notes: doubts.iter().map(ToString::to_string).collect() })
}

fn from_fit(fitted: FittedPose) -> Measured {
    let FittedPose { angles, jaw_deg, rows, camera_frame } = fitted;
    let note = format!("the file holds {rows} poses; the first was taken");
    Measured {
        angles,
        report: json!({
            "from": "parameters",
            "angles": angles,
            "jaw_deg": jaw_deg,
            "rows": rows,
            "camera_frame": camera_frame,
        }),
        notes: (rows > 1).then_some(note).into_iter().collect(),
    }
}

/// A name's letters and digits as an id of the pose library.
fn id_of(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let id: String = name.chars().take(40).map(plain).collect();
    let id = id.trim_matches('-');
    if id.is_empty() { "photo".to_owned() } else { id.to_owned() }
}

fn line(pose: &PoseTemplate, out: Option<&Path>, report: &Value) -> String {
    let HeadAngles { yaw_deg, pitch_deg, roll_deg } = pose.angles;
    let place = out.map_or_else(|| pose.name.clone(), |out| out.display().to_string());
    let spread = |angle: &str| {
        let sigma = report["sigma"][angle].as_f64();
        sigma.map(|sigma| format!(" ±{sigma:.0}")).unwrap_or_default()
    };
    let (yaw, pitch, roll) = (spread("yaw_deg"), spread("pitch_deg"), spread("roll_deg"));
    format!("{place}  yaw {yaw_deg:.1}{yaw}  pitch {pitch_deg:.1}{pitch}  roll {roll_deg:.1}{roll} degrees")
}

fn write_pose(out: &Path, pose: &PoseTemplate) -> Result<(), Failure> {
    let text = pose.to_toml();
    write_whole(out, |file| file.write_all(text.as_bytes())).map_err(|error| {
        Failure::bad_input(format!(
            "cannot write: {error}; choose another place with --out ({})",
            out.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_file_name_makes_an_id_that_the_library_takes() {
        for name in ["Anna 1", "", "金", "--", "a.b_c", &"x".repeat(300)] {
            let (pose, _) = PoseTemplate::of(&id_of(name), name, HeadAngles::default());
            assert_eq!(PoseTemplate::from_toml(&pose.to_toml()).unwrap(), pose, "{name}");
        }
    }

    #[test]
    fn fits_are_told_from_photos_by_their_ending() {
        assert!(is_body_fit(Path::new("a/fit.NPZ")) && is_body_fit(Path::new("x.pkl")));
        assert!(!is_body_fit(Path::new("npz.jpg")) && !is_body_fit(Path::new("npz")));
    }
}

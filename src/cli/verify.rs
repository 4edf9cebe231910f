//! `adorn verify`: the proof, from finished files alone.

use super::args::VerifyArgs;
use super::{BAD_INPUT, DONE, Failure, SOME_FAILED, output};
use crate::picture::{PngError, load_saved_again};
use crate::project::{self, Project, base_of};
use crate::workflow::{Studio, Verdict, Verified, verify};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

pub(super) fn run(args: &VerifyArgs) -> Result<u8, Failure> {
    let project = args.project.as_deref().map(project::load).transpose()?;
    let base = args.project.as_deref().map_or_else(|| PathBuf::from("."), base_of);
    let studio = Studio::shipped(base)?;
    let mut code = DONE;
    let mut verdicts = Vec::new();
    for path in &args.pictures {
        let verified = verify(path, project.as_ref(), &studio);
        code = code.max(code_of(&verified));
        if args.json {
            verdicts.push(as_json(path, &verified));
        } else {
            tell(path, verified, project.as_ref());
        }
    }
    if args.json {
        output::say(Value::Array(verdicts));
    }
    Ok(code)
}

fn code_of(verified: &Result<Verified, PngError>) -> u8 {
    match verified {
        Ok(Verified { verdict: Verdict::Exact { .. }, .. }) => DONE,
        // The same as without a project: such a file is the wrong one to prove anything by.
        Ok(Verified { verdict: Verdict::Lossy { .. }, .. }) => BAD_INPUT,
        Ok(_) => SOME_FAILED,
        Err(_) => BAD_INPUT,
    }
}

fn as_json(path: &Path, verified: &Result<Verified, PngError>) -> Value {
    match verified {
        Ok(verified) => {
            let mut value = json!(verified);
            value["file"] = json!(path.display().to_string());
            value
        }
        Err(error) => {
            let saved_again = matches!(error, PngError::OtherFormat { .. });
            let lossy = saved_again.then(|| load_saved_again(path).ok()).flatten().map(|saved| saved.lossy);
            json!({
                "file": path.display().to_string(),
                "verdict": "unreadable",
                "reason": error.to_string(),
                "lossy": lossy,
            })
        }
    }
}

fn tell(path: &Path, verified: Result<Verified, PngError>, project: Option<&Project>) {
    let place = path.display();
    match verified {
        Ok(verified) => {
            output::say(format!("{place}  {}", line(&verified.verdict)));
            if verified.unchanged_since_written == Some(false) {
                output::tell(format!("note: {place}: the picture was changed after Adorn wrote it"));
            }
            let certificate = verified.certificate.as_ref();
            if certificate.is_some_and(|certificate| certificate.record_intact == Some(false)) {
                output::tell(format!(
                    "note: {place}: its record was edited after Adorn wrote it; compare the photo's digest (--json)"
                ));
            }
            if certificate.is_some_and(|certificate| certificate.as_in_project == Some(false)) {
                output::tell(format!("note: {place}: the project places the product elsewhere by now"));
            }
            if let Some(checks) = &verified.checks {
                output::tell(format!("  when it was made: {}", output::checks_in_short(checks)));
            }
            if matches!(verified.verdict, Verdict::Lossy { .. }) {
                output::tell("  help: verify the PNG that Adorn wrote; only a lossless file can be proven");
            }
            if matches!(verified.verdict, Verdict::CannotTell { .. }) && project.is_none() {
                output::tell("  help: pass the project it was made from with --project");
            }
        }
        Err(error) => {
            output::failure(&Failure::from(error));
        }
    }
}

fn line(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Exact { compared } => format!("exact: all {compared} product pixels are the product's own"),
        Verdict::Differs { compared, differing, max_difference, first: [x, y] } => format!(
            "differs: {differing} of {compared} product pixels, by up to {max_difference} of 255, first at {x},{y}"
        ),
        Verdict::Lossy { format, compared, max_difference, mean_difference, plausible, .. } => {
            let worth =
                if *plausible { "as little as JPEG may change it" } else { "too much for the product" };
            format!(
                "lossy: a {format} cannot be exact; {compared} product pixels differ by {mean_difference:.1} of 255 \
                 on average and by up to {max_difference}, {worth}"
            )
        }
        Verdict::CannotTell { reason } => format!("cannot tell: {reason}"),
    }
}

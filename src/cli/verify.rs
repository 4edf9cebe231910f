//! `adorn verify`: the proof, from finished files alone.

use super::args::VerifyArgs;
use super::{BAD_INPUT, DONE, Failure, SOME_FAILED, output};
use crate::picture::PngError;
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
            json!({ "file": path.display().to_string(), "verdict": "unreadable", "reason": error.to_string() })
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
        Verdict::CannotTell { reason } => format!("cannot tell: {reason}"),
    }
}

//! Lines for people and programs. A closed pipe ends output quietly, never the work.

use super::{BAD_INPUT, DONE, Failure};
use crate::engine::progress::{CancelFlag, Control, Progress, Stage};
use crate::engine::{EngineCard, EngineKind};
use crate::project::base_of;
use crate::workflow::{Check, CheckVerdict, Checks, Notice};
use std::borrow::Cow;
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// A line of data.
pub(super) fn say(line: impl Display) {
    clear_progress();
    drop(writeln!(std::io::stdout(), "{}", plain(&line.to_string())));
}

/// A line for people beside the data.
pub(super) fn tell(line: impl Display) {
    clear_progress();
    drop(writeln!(std::io::stderr(), "{}", plain(&line.to_string())));
}

/// The line with every character escaped that a terminal obeys instead of showing: a hostile file must not
/// colour, hide or forge lines through the names it holds. The escapes are JSON's own, so data keep their
/// meaning.
fn plain(line: &str) -> Cow<'_, str> {
    // Line and paragraph separators, marks and overrides of the writing direction (Unicode, UAX 9).
    let obeyed = |c: char| {
        c.is_control()
            || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    if !line.contains(obeyed) {
        return Cow::Borrowed(line);
    }
    let escaped = |c: char| if obeyed(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    line.chars().map(escaped).collect()
}

/// Refuses an output that has another ending or that cannot be written to, before any work is spent on it.
pub(super) fn check_target(out: &Path, ending: &str) -> Result<(), Failure> {
    let place = out.display();
    let refuse = |what: String| Err(Failure::bad_input(format!("{what} ({place})")));
    if !out.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending)) {
        return refuse(format!("the output is not a .{ending} file; name it so"));
    }
    if out.is_dir() {
        return refuse("the output is a folder; name a file".to_owned());
    }
    if !base_of(out).is_dir() {
        return refuse("the output's folder is missing; make it first".to_owned());
    }
    Ok(())
}

/// Refuses an output that would replace one of its `inputs`, which are `what`.
pub(super) fn check_distinct(
    out: &Path,
    mut inputs: impl Iterator<Item = PathBuf>,
    what: &str,
) -> Result<(), Failure> {
    let own = out.canonicalize().ok();
    if own.is_some() && inputs.any(|input| input.canonicalize().ok() == own) {
        let place = out.display();
        return Err(Failure::bad_input(format!("the output is {what}; choose another ({place})")));
    }
    Ok(())
}

/// Refuses two outputs that are one file.
pub(super) fn check_apart(one: &Path, other: &Path) -> Result<(), Failure> {
    // Neither need be there yet, but their folders are.
    let place = |out: &Path| (base_of(out).canonicalize().ok(), out.file_name().map(ToOwned::to_owned));
    if place(one) != place(other) {
        return Ok(());
    }
    Err(Failure::bad_input(format!("both outputs are one file; name two ({})", other.display())))
}

pub(super) fn notices(name: &str, notices: &[Notice]) {
    for notice in notices {
        tell(format!("note: {name}: {notice}"));
    }
}

/// A line a check; those that were not judged for one reason share a line.
pub(super) fn checks(name: &str, checks: &Checks) {
    let (judged, others): (Vec<_>, Vec<_>) =
        checks.list.iter().partition(|check| check.verdict != CheckVerdict::NotApplicable);
    for check in judged {
        tell(format!("check: {name}: {check}"));
    }
    for group in others.chunk_by(|one, other| one.words == other.words) {
        let names: Vec<_> = group.iter().map(|check| check.name.label()).collect();
        let words = group.first().map_or("", |check: &&Check| check.words.as_str());
        tell(format!("check: {name}: {}: not judged, {words}", names.join(", ")));
    }
}

/// "4 checks passed, 1 in doubt (seam), 1 failed (pose)".
pub(super) fn checks_in_short(checks: &Checks) -> String {
    let named = |verdict: CheckVerdict, what: &str| {
        let names: Vec<_> = checks.list.iter().filter(|check| check.verdict == verdict).collect();
        let list: Vec<_> = names.iter().map(|check| check.name.label()).collect();
        (!list.is_empty()).then(|| format!(", {} {what} ({})", list.len(), list.join(", ")))
    };
    let passed = checks.count(CheckVerdict::Pass);
    let doubt = named(CheckVerdict::Doubt, "in doubt").unwrap_or_default();
    let failed = named(CheckVerdict::Fail, "failed").unwrap_or_default();
    format!("{passed} {} passed{doubt}{failed}", if passed == 1 { "check" } else { "checks" })
}

/// Prints clap's own message; help and version are no failures.
pub(super) fn usage(error: &clap::Error) -> u8 {
    drop(error.print());
    if error.use_stderr() { BAD_INPUT } else { DONE }
}

/// Prints a failure and returns its exit code.
pub(super) fn failure(failure: &Failure) -> u8 {
    tell(format!("error: {}", failure.headline));
    tell(format!("  help: {}", failure.advice));
    failure.code
}

/// What an engine's pictures are worth, wherever one is named.
pub(super) fn worth(card: &EngineCard) -> &'static str {
    match card.kind {
        EngineKind::Layout => "layout preview, not a model's picture",
        EngineKind::Untrained => "untrained weights, the picture means nothing",
        EngineKind::Trained => "trained weights",
    }
}

/// A control that Ctrl-C cancels and that shows progress where somebody watches.
pub(super) fn control() -> Control {
    let cancel = CancelFlag::default();
    let flag = cancel.clone();
    if let Err(error) = ctrlc::set_handler(move || flag.cancel()) {
        tracing::warn!("Ctrl-C will stop the program at once: {error}");
    }
    let watched = std::io::stderr().is_terminal();
    Control::new(cancel, move |progress| {
        if watched {
            show(&progress);
        }
    })
}

/// Takes the progress line away where one may stand.
fn clear_progress() {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        drop(write!(stderr, "\r\x1b[K"));
    }
}

/// One line that is written over by the next.
fn show(progress: &Progress) {
    let stage = match progress.stage {
        Stage::Loading => "loading",
        Stage::Preparing => "preparing",
        Stage::Painting => "painting",
        Stage::Decoding => "decoding",
        Stage::Finishing => "finishing",
    };
    let left = progress.eta.map(|eta| format!(", {} s left", eta.as_secs())).unwrap_or_default();
    let mut stderr = std::io::stderr();
    drop(write!(stderr, "\r\x1b[K{stage} {}/{}{left}\r", progress.done, progress.total));
    drop(stderr.flush());
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_name_that_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(
            plain("ring \u{1b}[2J\nb.png  exact \u{202e}gnp"),
            "ring \\u001b[2J\\u000ab.png  exact \\u202egnp"
        );
        assert_eq!(plain("Perlenohrring, schön ✨ 金の輪"), "Perlenohrring, schön ✨ 金の輪");
    }

    #[test]
    fn escaped_data_are_still_the_same_data() {
        let value = serde_json::json!({ "file": "a\u{7f}\u{9b}\u{2028}.png" });
        let read: serde_json::Value = serde_json::from_str(&plain(&value.to_string())).unwrap_or_default();
        assert_eq!(read, value);
    }
}

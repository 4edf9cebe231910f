//! Lines for people and programs. A closed pipe ends output quietly, never the work.

use super::{BAD_INPUT, DONE, Failure};
use crate::engine::progress::{CancelFlag, Control, Progress, Stage};
use crate::engine::{EngineCard, EngineKind};
use crate::workflow::Notice;
use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// A line of data.
pub(super) fn say(line: impl Display) {
    clear_progress();
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// A line for people beside the data.
pub(super) fn tell(line: impl Display) {
    clear_progress();
    drop(writeln!(std::io::stderr(), "{line}"));
}

pub(super) fn notices(name: &str, notices: &[Notice]) {
    for notice in notices {
        tell(format!("note: {name}: {notice}"));
    }
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

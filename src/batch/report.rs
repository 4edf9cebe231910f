//! `report.json`: what an export did, for people and for the next program in line.

use crate::engine::EngineCard;
use crate::project::write_whole;
use crate::workflow::Checks;
use serde::Serialize;
use std::path::Path;

/// What an export did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Version of the Adorn that made it.
    pub adorn: String,
    pub engine: String,
    /// Pictures that were asked for.
    pub total: u64,
    /// Variants, with their preset, of which fewer pictures passed their checks than were wanted.
    pub short_of_passes: Vec<String>,
    /// Whether the export was stopped before its end.
    pub cancelled: bool,
    /// One for every picture, in the plan's order, up to where the export stopped.
    pub entries: Vec<Entry>,
}

/// One picture of an export.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    pub variant: String,
    pub preset: Option<String>,
    /// Beside the report.
    pub file: String,
    pub status: Status,
    /// Wall time.
    pub seconds: f64,
    /// What Adorn sees in the picture; none if it was not made, or by a version that did not look.
    pub checks: Option<Checks>,
    /// Why it failed, and what to do.
    pub error: Option<String>,
}

/// What became of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Made,
    /// It was there already, and nothing that decides it has changed.
    Unchanged,
    Failed,
    Cancelled,
}

impl Report {
    pub(super) fn new(card: &EngineCard, total: u64) -> Self {
        Self {
            adorn: env!("CARGO_PKG_VERSION").to_owned(),
            engine: card.name.clone(),
            total,
            short_of_passes: Vec::new(),
            cancelled: false,
            entries: Vec::new(),
        }
    }

    /// The pictures that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.status == Status::Failed)
    }

    /// The pictures that pass all checks that apply to them, the best first.
    pub fn passed(&self) -> Vec<&Entry> {
        let passed = |entry: &&Entry| entry.checks.as_ref().is_some_and(Checks::all_pass);
        let score = |entry: &Entry| entry.checks.as_ref().map_or(0.0, |checks| checks.score);
        let mut passed: Vec<_> = self.entries.iter().filter(passed).collect();
        passed.sort_by(|one, other| score(other).total_cmp(&score(one)));
        passed
    }

    /// How many pictures ended so.
    pub fn count(&self, status: Status) -> usize {
        self.entries.iter().filter(|entry| entry.status == status).count()
    }

    /// Writes the report whole or not at all.
    pub(super) fn write(&self, path: &Path) -> std::io::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        write_whole(path, |file| writeln!(file, "{text}"))
    }
}

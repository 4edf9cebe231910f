//! Pictures made one after the other until enough of them pass their checks.

use super::generation::Generation;
use super::window::Window;
use crate::batch::{Attempts, UntilPass};
use crate::project::Variant;
use crate::ui::{Command, SeriesFacts, ViewMode};
use crate::workflow::Checks;
use eframe::egui::Context;
use std::path::PathBuf;
use std::sync::Arc;

/// Pictures that must pass, as the button says.
const WANTED: u32 = 4;

/// A series on its way.
pub(super) struct Series {
    attempts: Attempts,
    at_most: u32,
    /// Where the variant's files lie: another document may be on show when the next picture starts.
    base: PathBuf,
}

impl Series {
    pub(super) fn facts(&self) -> SeriesFacts {
        let (tried, passed) = (self.attempts.tried(), self.attempts.passed());
        SeriesFacts { tried, at_most: self.at_most, passed, wanted: WANTED }
    }
}

impl Window {
    /// Starts the first picture of a series on the document as it is now.
    pub(super) fn make_until_pass(&mut self, ctx: &Context) {
        let at_most = self.session.most_tries;
        let Some(variant) = self.next_to_paint() else { return };
        let attempts = Attempts::new(variant, UntilPass { passes: WANTED, at_most });
        if let Some(first) = attempts.next_variant() {
            let base = self.document.base();
            self.series = Some(Series { attempts, at_most, base: base.clone() });
            self.session.mode = ViewMode::Picture;
            self.paint(ctx, first, base);
        }
    }

    /// What Generate would paint; none if nothing can be painted now.
    pub(super) fn next_to_paint(&mut self) -> Option<Variant> {
        if self.ready.is_none() || self.generation.is_some() || self.document.project.earrings.is_empty() {
            return None;
        }
        if !self.session.seed_locked {
            self.document.project.recipe.seed = super::update::random_seed();
        }
        Some(self.document.project.current_variant())
    }

    /// Paints a variant whose files lie in `base`.
    pub(super) fn paint(&mut self, ctx: &Context, variant: Variant, base: PathBuf) {
        let Some(ready) = &self.ready else { return };
        let studio = ready.studio.at(base);
        let painter = Arc::clone(&ready.painter);
        let folder = self.history_folder.clone();
        self.generation = Some(Generation::start(ctx, variant, studio, painter, folder));
    }

    /// A picture of the series is finished: starts the next one, or says how it ended.
    pub(super) fn go_on_with_series(&mut self, ctx: &Context, checks: &Checks) {
        let Some(series) = &mut self.series else { return };
        series.attempts.note(Some(checks));
        if let Some(next) = series.attempts.next_variant() {
            let base = series.base.clone();
            return self.paint(ctx, next, base);
        }
        let (enough, facts) = (series.attempts.is_enough(), series.facts());
        self.series = None;
        let SeriesFacts { tried, passed, .. } = facts;
        if enough {
            let headline = format!("{passed} pictures pass all their checks");
            self.notices.done_with(headline, format!("{tried} were made."), &[Command::SortByChecks]);
        } else {
            let detail = format!("{passed} of {tried} pictures pass all their checks; {WANTED} were wanted.");
            let kept = "All of them are kept.";
            self.notices.trouble_with("Not enough pictures pass", detail, kept, &[Command::SortByChecks]);
        }
    }
}

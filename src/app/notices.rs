//! Words to the designer, and how long they stay.

use crate::ui::{Command, Notice, NoticeKind};
use std::time::{Duration, Instant};

/// Good news goes by itself after this long.
const GOOD_NEWS: Duration = Duration::from_secs(6);

/// The notices on show, oldest first.
#[derive(Default)]
pub(super) struct Notices {
    shown: Vec<Notice>,
    /// When each was raised, in step with `shown`.
    raised: Vec<Instant>,
    last: u64,
}

impl Notices {
    pub(super) fn shown(&self) -> &[Notice] {
        &self.shown
    }

    pub(super) fn done(&mut self, headline: impl Into<String>, detail: impl Into<String>) {
        self.done_with(headline, detail, &[]);
    }

    /// Good news, and what may be done next.
    pub(super) fn done_with(
        &mut self,
        headline: impl Into<String>,
        detail: impl Into<String>,
        offers: &[Command],
    ) {
        self.raise(NoticeKind::Done, headline.into(), detail.into(), String::new(), offers);
    }

    pub(super) fn trouble(&mut self, headline: &str, detail: impl Into<String>, what_was_kept: &str) {
        self.trouble_with(headline, detail, what_was_kept, &[]);
    }

    /// Trouble, and ways out of it.
    pub(super) fn trouble_with(
        &mut self,
        headline: &str,
        detail: impl Into<String>,
        what_was_kept: &str,
        offers: &[Command],
    ) {
        self.raise(NoticeKind::Trouble, headline.to_owned(), detail.into(), what_was_kept.to_owned(), offers);
    }

    fn raise(
        &mut self,
        kind: NoticeKind,
        headline: String,
        detail: String,
        what_was_kept: String,
        offers: &[Command],
    ) {
        let same = |notice: &Notice| notice.headline == headline && notice.detail == detail;
        if let Some(at) = self.shown.iter().position(same) {
            self.remove(at);
        }
        self.last += 1;
        let offers = offers.to_vec();
        self.shown.push(Notice { id: self.last, kind, headline, detail, what_was_kept, offers });
        self.raised.push(Instant::now());
    }

    /// What went well is old news in another view; trouble stays.
    pub(super) fn let_good_news_go(&mut self) {
        for at in (0..self.shown.len()).rev() {
            if self.shown[at].kind == NoticeKind::Done || !self.shown[at].offers.is_empty() {
                self.remove(at);
            }
        }
    }

    pub(super) fn dismiss(&mut self, id: u64) {
        if let Some(at) = self.shown.iter().position(|notice| notice.id == id) {
            self.remove(at);
        }
    }

    /// Lets old good news go; when to look again, if any is left.
    pub(super) fn age(&mut self) -> Option<Duration> {
        let old = |notices: &Self, at: usize| {
            notices.shown[at].kind == NoticeKind::Done && notices.raised[at].elapsed() >= GOOD_NEWS
        };
        for at in (0..self.shown.len()).rev() {
            if old(self, at) {
                self.remove(at);
            }
        }
        self.shown.iter().any(|notice| notice.kind == NoticeKind::Done).then_some(GOOD_NEWS / 4)
    }

    fn remove(&mut self, at: usize) {
        self.shown.remove(at);
        self.raised.remove(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_twice_is_one_notice() {
        let mut notices = Notices::default();
        for _ in 0..2 {
            notices.trouble("The photo could not be used", "it is empty", "");
        }
        assert_eq!(notices.shown().len(), 1);
    }

    #[test]
    fn trouble_stays_until_dismissed() {
        let mut notices = Notices::default();
        notices.trouble("The photo could not be used", "it is empty", "");
        assert!(notices.age().is_none());
        let id = notices.shown()[0].id;
        notices.dismiss(id);
        assert!(notices.shown().is_empty());
    }
}

//! Every finished picture is kept: on disk before it is shown, in a strip while the window is open.

use super::generation::Finished;
use super::textures::shown;
use crate::ui::{HistoryCard, Texture};
use crate::workflow::Checks;
use eframe::egui::TextureHandle;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

struct Entry {
    card: HistoryCard,
    path: PathBuf,
    _thumbnail: TextureHandle,
}

/// The pictures of this session, oldest first, and the one on show.
#[derive(Default)]
pub(super) struct History {
    entries: Vec<Entry>,
    cards: Vec<HistoryCard>,
    on_show: Option<(usize, TextureHandle)>,
}

impl History {
    pub(super) fn cards(&self) -> &[HistoryCard] {
        &self.cards
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A picture that was just written to `path`.
    pub(super) fn add(&mut self, finished: Finished, picture: TextureHandle, thumbnail: TextureHandle) {
        let number = self.entries.len() + 1;
        let Finished { path, seed, checks, card, .. } = finished;
        let card = HistoryCard { number, thumbnail: shown(&thumbnail), seed, kind: card.kind, checks };
        self.cards.push(card.clone());
        self.entries.push(Entry { card, path, _thumbnail: thumbnail });
        self.on_show = Some((number, picture));
    }

    /// The file of picture `number`.
    pub(super) fn path(&self, number: usize) -> Option<&Path> {
        self.entries.iter().find(|entry| entry.card.number == number).map(|entry| entry.path.as_path())
    }

    pub(super) fn show(&mut self, number: usize, picture: TextureHandle) {
        self.on_show = Some((number, picture));
    }

    pub(super) fn picture(&self) -> Option<Texture> {
        self.on_show.as_ref().map(|(_, picture)| shown(picture))
    }

    /// What Adorn saw in the picture on show.
    pub(super) fn checks(&self) -> Option<&Checks> {
        let card = self.cards.iter().find(|card| Some(card.number) == self.number())?;
        Some(&card.checks).filter(|checks| !checks.list.is_empty())
    }

    pub(super) fn number(&self) -> Option<usize> {
        self.on_show.as_ref().map(|(number, _)| *number)
    }
}

/// A file name nobody has yet, in the order of time.
pub(super) fn new_file(folder: &Path, seed: u64) -> PathBuf {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let name = |extra: u32| match extra {
        0 => format!("{now}-seed{seed}.png"),
        extra => format!("{now}-seed{seed}-{extra}.png"),
    };
    let free = (0..).map(|extra| folder.join(name(extra))).find(|path| !path.exists());
    free.unwrap_or_else(|| folder.join(name(0)))
}

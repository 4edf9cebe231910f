//! What the program knows and the panels show: plain values and texture handles, lent for one frame.

use super::Command;
use crate::body::PoseFacing;
use crate::engine::progress::Progress;
use crate::engine::{EngineCard, EngineKind, MemoryOutlook};
use crate::project::{EarringId, HeadAngles};
use crate::scene::Scene;
use crate::workflow::{self, Checks};
use eframe::egui::{Rect, TextureId, Vec2};
use std::time::Duration;

/// A picture on the GPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Texture {
    pub id: TextureId,
    /// Pixels.
    pub size: Vec2,
}

/// One pose of the gallery.
#[derive(Debug, Clone, PartialEq)]
pub struct PoseCard {
    pub id: String,
    pub name: String,
    pub facing: PoseFacing,
    pub angles: HeadAngles,
    pub thumbnail: Option<Texture>,
}

/// The photo behind an earring.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductFacts {
    pub earring: EarringId,
    pub state: ProductState,
}

/// How far the reading of a photo has come.
#[derive(Debug, Clone, PartialEq)]
pub enum ProductState {
    Reading,
    Ready {
        texture: Texture,
        /// Pixels of the file.
        size: Vec2,
        /// What the matte encloses, pixels of the file.
        matte: Rect,
        /// No pixel is see-through: the background is still there.
        opaque: bool,
    },
    /// One line: what happened and what to do.
    Failed(String),
}

/// The layout as last computed, canvas frame.
#[derive(Debug, Clone, Copy)]
pub struct LayoutFacts<'a> {
    pub scene: &'a Scene,
    pub notices: &'a [workflow::Notice],
    /// The painted body without the earring.
    pub backdrop: Texture,
}

/// A picture in the making.
#[derive(Debug, Clone)]
pub struct RunFacts {
    pub progress: Progress,
    pub preview: Option<Texture>,
    pub elapsed: Duration,
    pub cancelling: bool,
}

/// A finished picture of this session.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryCard {
    pub number: usize,
    pub thumbnail: Texture,
    pub seed: u64,
    pub kind: EngineKind,
    /// What Adorn saw in it.
    pub checks: Checks,
}

/// Pictures made until enough pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesFacts {
    /// Finished so far.
    pub tried: u32,
    pub at_most: u32,
    pub passed: u32,
    pub wanted: u32,
}

/// The face photo as it goes into pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceFacts {
    pub texture: Texture,
    /// Pixels of the file.
    pub size: Vec2,
}

/// The photo in the photo tool, and what its marks give.
#[derive(Debug, Clone)]
pub struct PhotoFacts<'a> {
    /// The file's name without its folder.
    pub name: &'a str,
    pub texture: Texture,
    /// Pixels of the file.
    pub size: Vec2,
    /// The last result, also while the next one is being made.
    pub result: Option<ResultFacts>,
    pub verdict: Option<&'a Verdict>,
    /// A newer result is on its way.
    pub working: bool,
    /// Why there is no result, if the last try failed.
    pub trouble: Option<&'a str>,
    /// What to say while there is neither verdict nor trouble.
    pub hint: &'a str,
    /// There is a result to take over.
    pub can_apply: bool,
}

/// A result of the photo tool.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResultFacts {
    pub texture: Texture,
    /// Where it lies, pixels of the file.
    pub place: Rect,
    /// It has to lie on a ground to be seen.
    pub see_through: bool,
}

/// How good a result is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdict {
    /// 0: useless, 1: flawless.
    pub share: f32,
    pub words: String,
    /// What is doubtful, each a sentence.
    pub doubts: Vec<String>,
}

/// Work on a photo that the designer waits for.
#[derive(Debug, Clone)]
pub struct WorkFacts {
    /// What is being done.
    pub headline: String,
    /// 0..=1; none while it cannot be told.
    pub share: Option<f32>,
    pub stopping: bool,
}

/// How loud a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// Something went well; goes by itself.
    Done,
    /// Something failed; stays until dismissed.
    Trouble,
}

/// A word to the designer: what happened, what to do, what was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    pub id: u64,
    pub kind: NoticeKind,
    pub headline: String,
    pub detail: String,
    pub what_was_kept: String,
    /// What may be done about it.
    pub offers: Vec<Command>,
}

/// Everything the panels may show beside the document.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The project's name without folder and ending.
    pub name: &'a str,
    pub unsaved: bool,
    pub can_undo: bool,
    pub can_redo: bool,
    /// Empty until the library is read.
    pub poses: &'a [PoseCard],
    pub products: &'a [ProductFacts],
    pub layout: Option<LayoutFacts<'a>>,
    /// Why there is no layout, if the last try failed.
    pub layout_trouble: Option<&'a str>,
    pub face: Option<FaceFacts>,
    pub face_trouble: Option<&'a str>,
    pub run: Option<RunFacts>,
    /// The series that the run belongs to.
    pub series: Option<SeriesFacts>,
    /// The picture on show.
    pub picture: Option<Texture>,
    /// Its number in the history.
    pub picture_number: Option<usize>,
    pub history: &'a [HistoryCard],
    /// Of the picture on show.
    pub checks: Option<&'a Checks>,
    pub notices: &'a [Notice],
    pub engine: &'a EngineCard,
    /// What the next picture takes; none where that is little.
    pub memory: Option<MemoryOutlook>,
    /// A model bundle is being read.
    pub engine_opens: bool,
    /// What is being done with photos.
    pub work: &'a [WorkFacts],
    /// What the photo tool shows while it is open.
    pub photo: Option<PhotoFacts<'a>>,
    /// A file hovers over the window.
    pub file_hovers: bool,
}

impl Facts<'_> {
    /// The photo of `earring`.
    pub fn product(&self, earring: EarringId) -> Option<&ProductState> {
        self.products.iter().find(|product| product.earring == earring).map(|product| &product.state)
    }
}

/// How pictures of this kind are labelled, wherever they show; none for a trained engine's.
pub(super) fn worth(kind: EngineKind) -> Option<&'static str> {
    match kind {
        EngineKind::Layout => Some("Layout preview"),
        EngineKind::Untrained => Some("Untrained weights"),
        EngineKind::Trained => None,
    }
}

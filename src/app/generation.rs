//! One picture in the making.

use super::errand::Painter;
use super::history::new_file;
use super::textures::{for_show, shown, thumbnail, upload};
use crate::engine::EngineCard;
use crate::engine::progress::Cancelled;
use crate::job::{Job, Outcome};
use crate::picture::write_png;
use crate::project::Variant;
use crate::ui::RunFacts;
use crate::workflow::{Checks, Notice, Studio, WorkflowError, render_variant};
use anyhow::Context as _;
use eframe::egui::{Context, TextureHandle};
use image::RgbImage;
use std::path::PathBuf;
use std::sync::Arc;

/// A finished picture; its file is written.
pub(super) struct Finished {
    pub(super) path: PathBuf,
    pub(super) seed: u64,
    /// Who painted it in the end.
    pub(super) card: EngineCard,
    pub(super) shown: RgbImage,
    pub(super) thumbnail: RgbImage,
    /// What Adorn saw in it.
    pub(super) checks: Checks,
    /// What the engine said about its painting.
    pub(super) notices: Vec<String>,
}

/// A cancelled workflow as the job understands it: [`Outcome::Cancelled`], not a failure.
pub(super) fn told_apart(error: WorkflowError) -> anyhow::Error {
    if error.is_cancelled() { Cancelled.into() } else { error.into() }
}

/// The job behind Generate. It works on its own copy of the variant: later edits do not reach it.
pub(super) struct Generation {
    job: Job<Finished>,
    preview: Option<(Arc<RgbImage>, TextureHandle)>,
}

impl Generation {
    pub(super) fn start(
        ctx: &Context,
        variant: Variant,
        studio: Studio,
        painter: Painter,
        history_folder: PathBuf,
    ) -> Self {
        let wake = {
            let ctx = ctx.clone();
            move || ctx.request_repaint()
        };
        let job = Job::spawn("generate", wake, move |control| {
            let picture = render_variant(&variant, &studio, painter.as_ref(), control).map_err(told_apart)?;
            let seed = variant.recipe.seed;
            std::fs::create_dir_all(&history_folder).with_context(|| {
                format!("cannot make the folder that keeps finished pictures ({})", history_folder.display())
            })?;
            let path = new_file(&history_folder, seed);
            let record = picture.record.text_at(&path, &studio.base);
            write_png(&path, &picture.pixels, Some(&record))?;
            let said = |notice| match notice {
                Notice::Painting(said) => Some(said),
                // The canvas shows those about the layout all the time.
                _ => None,
            };
            Ok(Finished {
                notices: picture.layout.notices.into_iter().filter_map(said).collect(),
                path,
                seed,
                card: picture.engine,
                checks: picture.checks,
                shown: for_show(&picture.pixels),
                thumbnail: thumbnail(&picture.pixels),
            })
        });
        Self { job, preview: None }
    }

    pub(super) fn is_cancelling(&self) -> bool {
        self.job.is_cancelling()
    }

    pub(super) fn cancel(&self) {
        self.job.cancel();
    }

    pub(super) fn poll(&mut self) -> Option<Outcome<Finished>> {
        self.job.poll()
    }

    /// What the panels show of it; a new preview goes to the GPU on the way.
    pub(super) fn facts(&mut self, ctx: &Context) -> RunFacts {
        let progress = self.job.progress();
        if let Some(picture) = &progress.preview {
            let known = self.preview.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, picture));
            if !known {
                let texture = upload(ctx, "preview", picture);
                self.preview = Some((Arc::clone(picture), texture));
            }
        }
        RunFacts {
            progress,
            preview: self.preview.as_ref().map(|(_, texture)| shown(texture)),
            elapsed: self.job.elapsed(),
            cancelling: self.job.is_cancelling(),
        }
    }
}

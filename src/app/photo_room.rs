//! The photo tool's other half: the photo, what its marks give, and the job that finds out. The latest marks
//! win, and the last result stays on show until the next one is there.

use super::cutting::Cut;
use super::textures::{for_show, product_for_show, shown, upload, upload_product};
use crate::engine::progress::{Cancelled, Control};
use crate::job::{Job, Outcome};
use crate::picture::painted_out;
use crate::ui::{Aim, Marks, PhotoFacts, PhotoTool, ResultFacts, Verdict};
use eframe::egui::{Context, Pos2, Rect, TextureHandle, Vec2};
use image::{DynamicImage, RgbImage, RgbaImage};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A photo read for the tool.
pub(super) struct ToolPhoto {
    pub(super) aim: Aim,
    pub(super) path: PathBuf,
    pub(super) pixels: Arc<RgbImage>,
    /// Small enough to be a texture.
    pub(super) shown: RgbImage,
}

impl ToolPhoto {
    pub(super) fn new(aim: Aim, path: PathBuf, pixels: RgbImage) -> Self {
        Self { aim, path, shown: for_show(&pixels), pixels: Arc::new(pixels) }
    }
}

/// What marks give.
struct Made {
    marks: Marks,
    pixels: Arc<RgbaImage>,
    texture: TextureHandle,
    /// None where there is nothing to judge.
    verdict: Option<Verdict>,
}

/// An answer on its way to the window.
struct Answer {
    pixels: RgbaImage,
    shown: RgbaImage,
    verdict: Option<Verdict>,
}

impl Answer {
    fn of(aim: Aim, photo: &RgbImage, marks: &Marks, control: &Control) -> anyhow::Result<Self> {
        let (pixels, verdict) = match aim {
            Aim::CutOut(_) => {
                let Cut { pixels, verdict } = Cut::of(photo, marks, control)?;
                (pixels, Some(verdict))
            }
            Aim::Face => (cleaned(photo, marks, control)?, None),
        };
        control.check()?;
        Ok(Self { shown: product_for_show(&pixels), pixels, verdict })
    }
}

/// The photo without what the strokes cover.
fn cleaned(photo: &RgbImage, marks: &Marks, control: &Control) -> Result<RgbaImage, Cancelled> {
    let clean = painted_out(photo, &marks.strokes, || control.check())?;
    Ok(DynamicImage::ImageRgb8(clean).into_rgba8())
}

/// The photo on the table.
pub(super) struct PhotoRoom {
    pub(super) path: PathBuf,
    aim: Aim,
    name: String,
    photo: Arc<RgbImage>,
    texture: TextureHandle,
    made: Option<Made>,
    running: Option<(Job<Answer>, Marks)>,
    /// The marks of the last try that ended, well or not.
    settled: Option<Marks>,
    trouble: Option<String>,
    /// Apply was asked for before the result was there.
    pub(super) applying: bool,
}

impl PhotoRoom {
    pub(super) fn new(ctx: &Context, photo: ToolPhoto) -> Self {
        let name = photo.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self {
            aim: photo.aim,
            path: photo.path,
            name,
            texture: upload(ctx, "tool photo", &photo.shown),
            photo: photo.pixels,
            made: None,
            running: None,
            settled: None,
            trouble: None,
            applying: false,
        }
    }

    pub(super) fn aim(&self) -> Aim {
        self.aim
    }

    /// Pixels of the file.
    pub(super) fn size(&self) -> Vec2 {
        Vec2::new(self.photo.width() as f32, self.photo.height() as f32)
    }

    pub(super) fn is_working(&self) -> bool {
        self.running.is_some() || self.applying
    }

    /// Takes what is finished and starts what is wanted.
    pub(super) fn step(&mut self, ctx: &Context, tool: &PhotoTool) {
        self.collect(ctx);
        if !tool.is_at_rest() || self.settled.as_ref() == Some(&tool.marks) {
            return;
        }
        if self.running.as_ref().is_some_and(|(_, marks)| *marks == tool.marks) {
            return;
        }
        let (photo, marks) = (Arc::clone(&self.photo), tool.marks.clone());
        let wake = {
            let ctx = ctx.clone();
            move || ctx.request_repaint()
        };
        // An older job stops as it is let go.
        let aim = self.aim;
        let job = Job::spawn("photo tool", wake, move |control| Answer::of(aim, &photo, &marks, control));
        self.running = Some((job, tool.marks.clone()));
    }

    fn collect(&mut self, ctx: &Context) {
        let Some((job, _)) = &mut self.running else { return };
        let Some(outcome) = job.poll() else { return };
        let Some((_, marks)) = self.running.take() else { return };
        self.settled = Some(marks.clone());
        self.trouble = None;
        match outcome {
            Outcome::Done(Answer { pixels, shown, verdict }) => {
                let texture = upload_product(ctx, &shown);
                self.made = Some(Made { marks, pixels: Arc::new(pixels), texture, verdict });
            }
            Outcome::Cancelled => self.settled = None,
            Outcome::Failed(error) => self.trouble = Some(error.to_string()),
            Outcome::Panicked(message) => {
                tracing::error!("the photo tool panicked: {message}");
                self.trouble = Some("A defect of Adorn's; your project is not touched.".to_owned());
            }
        }
    }

    /// What `marks` give, if that is known already.
    pub(super) fn result_of(&self, marks: &Marks) -> Option<Arc<RgbaImage>> {
        let made = self.made.as_ref().filter(|made| made.marks == *marks)?;
        Some(Arc::clone(&made.pixels))
    }

    /// Whether `marks` were tried and give nothing.
    pub(super) fn gives_nothing(&self, marks: &Marks) -> bool {
        self.settled.as_ref() == Some(marks) && self.result_of(marks).is_none()
    }

    pub(super) fn facts(&self) -> PhotoFacts<'_> {
        let result = self.made.as_ref().map(|made| ResultFacts {
            texture: shown(&made.texture),
            place: Rect::from_min_size(Pos2::ZERO, self.size()),
            see_through: matches!(self.aim, Aim::CutOut(_)),
        });
        PhotoFacts {
            name: &self.name,
            texture: shown(&self.texture),
            size: self.size(),
            result,
            verdict: self.made.as_ref().and_then(|made| made.verdict.as_ref()),
            working: self.is_working(),
            trouble: self.trouble.as_deref(),
            hint: match self.aim {
                Aim::CutOut(_) => "",
                Aim::Face => "Only the square goes into pictures. What is marked is painted over.",
            },
            can_apply: !self.applying && self.trouble.is_none(),
        }
    }
}

/// Names the folder of a photo's cut-outs: beside the project, or in `data` while it has no file.
pub(super) fn cutout_folder(project_file: Option<&Path>, data: &Path) -> PathBuf {
    project_file.map_or_else(|| data.join("cutouts"), crate::project::base_of)
}

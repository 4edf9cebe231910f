//! The live layout: the mannequin painted under the earring whenever a decision changes, on a background
//! thread, small first and fine once the hand rests. The latest decision wins.

use super::generation::told_apart;
use super::textures::{shown, upload};
use crate::engine::progress::Control;
use crate::job::{Job, Outcome};
use crate::mannequin::MannequinEngine;
use crate::project::{CanvasSize, Recipe, Scale, Variant};
use crate::scene::Scene;
use crate::ui::LayoutFacts;
use crate::workflow::{Notice, Studio, WorkflowError, render_variant};
use eframe::egui::{Context, TextureHandle};
use glam::DVec2;
use image::RgbImage;

/// Longest side of the painted layout, pixels.
const DRAFT: u32 = 320;
const FINE: u32 = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quality {
    Draft,
    Fine,
}

struct Painted {
    backdrop: RgbImage,
    /// Canvas frame.
    scene: Scene,
    notices: Vec<Notice>,
}

struct Shown {
    texture: TextureHandle,
    scene: Scene,
    notices: Vec<Notice>,
}

/// The layout on show and the one being painted.
#[derive(Default)]
pub(super) struct LayoutPreview {
    shown: Option<Shown>,
    trouble: Option<String>,
    /// What the last finished try was about, and how fine it was.
    settled: Option<(Variant, Quality)>,
    running: Option<(Job<Painted>, Variant, Quality)>,
}

impl LayoutPreview {
    pub(super) fn facts(&self) -> Option<LayoutFacts<'_>> {
        let shown_now = self.shown.as_ref()?;
        let backdrop = shown(&shown_now.texture);
        Some(LayoutFacts { scene: &shown_now.scene, notices: &shown_now.notices, backdrop })
    }

    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Takes what is finished and starts what is wanted.
    pub(super) fn step(
        &mut self,
        ctx: &Context,
        wanted: &Variant,
        studio: &Studio,
        mannequin: &MannequinEngine,
    ) {
        self.collect(ctx);
        let wanted = what_the_mannequin_sees(wanted);
        if let Some((_, variant, quality)) = &self.running {
            // A draft is over at once and shows the way of a drag; a fine picture of the past is of no use.
            if *quality == Quality::Draft || *variant == wanted {
                return;
            }
            self.running = None;
        }
        let quality = match &self.settled {
            Some((variant, Quality::Fine)) if *variant == wanted => return,
            Some((variant, Quality::Draft)) if *variant == wanted => Quality::Fine,
            _ => Quality::Draft,
        };
        let (ctx, studio, mannequin) = (ctx.clone(), studio.clone(), mannequin.clone());
        let variant = wanted.clone();
        let wake = move || ctx.request_repaint();
        let job = Job::spawn("layout", wake, move |control| {
            paint(&variant, quality, &studio, &mannequin, control).map_err(told_apart)
        });
        self.running = Some((job, wanted, quality));
    }

    fn collect(&mut self, ctx: &Context) {
        let Some((job, _, _)) = &mut self.running else { return };
        let Some(outcome) = job.poll() else { return };
        let Some((_, variant, quality)) = self.running.take() else { return };
        match outcome {
            Outcome::Done(painted) => {
                let texture = upload(ctx, "layout", &painted.backdrop);
                self.shown = Some(Shown { texture, scene: painted.scene, notices: painted.notices });
                self.trouble = None;
                self.settled = Some((variant, quality));
            }
            Outcome::Cancelled => {}
            Outcome::Failed(error) => {
                self.trouble = Some(format!("No layout: {error}"));
                // Not tried again until something changes.
                self.settled = Some((variant, Quality::Fine));
            }
            Outcome::Panicked(message) => {
                tracing::error!("the layout panicked: {message}");
                self.trouble = Some("No layout: a defect of Adorn's; your work is not touched.".to_owned());
                self.settled = Some((variant, Quality::Fine));
            }
        }
    }
}

fn paint(
    variant: &Variant,
    quality: Quality,
    studio: &Studio,
    mannequin: &MannequinEngine,
    control: &Control,
) -> Result<Painted, WorkflowError> {
    let longest = match quality {
        Quality::Draft => DRAFT,
        Quality::Fine => FINE,
    };
    let small = reduced(variant, longest);
    let picture = render_variant(&small, studio, mannequin, control)?;
    let factor = DVec2::new(
        f64::from(variant.canvas.width) / f64::from(small.canvas.width),
        f64::from(variant.canvas.height) / f64::from(small.canvas.height),
    );
    let scene = picture.layout.scene.scaled(factor);
    Ok(Painted { backdrop: picture.generated, scene, notices: picture.layout.notices })
}

/// Words, recipe and where a product was cut out change nothing about a layout.
fn what_the_mannequin_sees(variant: &Variant) -> Variant {
    let mut seen = Variant {
        prompt: String::new(),
        negative_prompt: String::new(),
        recipe: Recipe::default(),
        face: None,
        ..variant.clone()
    };
    seen.earrings.iter_mut().for_each(|earring| earring.cut_from = None);
    seen
}

/// The variant on a canvas whose sides are at most `longest`; a smaller canvas stays as it is.
fn reduced(variant: &Variant, longest: u32) -> Variant {
    let CanvasSize { width, height } = variant.canvas;
    let factor = f64::from(longest) / f64::from(width.max(height));
    if factor >= 1.0 {
        return variant.clone();
    }
    // The result lies within `longest`, so it fits u32.
    let side = |length: u32| ((f64::from(length) * factor).round() as u32).max(*CanvasSize::SIDE.start());
    let mut small = variant.clone();
    small.canvas = CanvasSize { width: side(width), height: side(height) };
    for earring in &mut small.earrings {
        earring.hook_in_canvas.x *= factor;
        earring.hook_in_canvas.y *= factor;
        earring.scale *= factor;
    }
    if let Scale::Band { top, bottom } = &mut small.scale {
        *top *= factor;
        *bottom *= factor;
    }
    small
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;

    #[test]
    fn a_reduced_variant_keeps_its_proportions() {
        let scale = Scale::Band { top: 100.0, bottom: 600.0 };
        let canvas = CanvasSize { width: 2000, height: 1000 };
        let variant = Project { scale, canvas, ..Project::default() }.current_variant();
        let small = reduced(&variant, 500);
        assert_eq!(small.canvas, CanvasSize { width: 500, height: 250 });
        assert_eq!(small.scale, Scale::Band { top: 25.0, bottom: 150.0 });
        assert_eq!(reduced(&variant, 4000), variant);
    }

    #[test]
    fn words_ask_for_no_new_layout() {
        let one = Project::default().current_variant();
        let other = Project { prompt: "other words".to_owned(), ..Project::default() }.current_variant();
        assert_eq!(what_the_mannequin_sees(&one), what_the_mannequin_sees(&other));
    }
}

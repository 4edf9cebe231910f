//! The one function that makes pictures.

use super::checks::{Checks, Finished, check};
use super::preview::with_product;
use super::record::{self, Record};
use super::{Layout, Notice, Studio, WorkflowError, lay_out};
use crate::control::{Hint, appearance_image, pose_image, pose_render};
use crate::engine::progress::{Control, Progress, Stage};
use crate::engine::{Engine, EngineCard, EngineKind, NetworkSize, Request};
use crate::picture::{Corner, Exactness, PlacedEarring, caption, composite, exactness, resize_rgb};
use crate::project::{CanvasSize, Variant};
use glam::DVec2;
use image::RgbImage;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Named tensors of a generation, each with its shape (CONTRACTS, trace file).
pub type Trace = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// A finished picture and how it came about.
#[derive(Debug, Clone)]
pub struct Picture {
    /// I_f, canvas-sized: the composite.
    pub pixels: RgbImage,
    /// I_g at canvas size, before the composite.
    pub generated: RgbImage,
    pub layout: Layout,
    pub engine: EngineCard,
    /// What Adorn sees in it.
    pub checks: Checks,
    /// What a finished file says about itself.
    pub record: Record,
    /// Empty unless asked for.
    pub trace: Trace,
}

/// The one function that makes pictures.
pub fn render_variant(
    variant: &Variant,
    studio: &Studio,
    engine: &dyn Engine,
    control: &Control,
) -> Result<Picture, WorkflowError> {
    render(variant, studio, engine, false, control)
}

/// [`render_variant`] with the tensors of the trace file.
pub fn render_variant_traced(
    variant: &Variant,
    studio: &Studio,
    engine: &dyn Engine,
    control: &Control,
) -> Result<Picture, WorkflowError> {
    render(variant, studio, engine, true, control)
}

fn render(
    variant: &Variant,
    studio: &Studio,
    engine: &dyn Engine,
    trace: bool,
    control: &Control,
) -> Result<Picture, WorkflowError> {
    control.step(Progress::new(Stage::Preparing, 0, 1))?;
    let mut layout = lay_out(variant, studio)?;
    let size = engine.network_size(variant.canvas.width, variant.canvas.height);
    let hint = Arc::new(Hint::new(&layout.placed, layout.scene.band, size));
    let pose = pose_image(&pose_render(&studio.body, &layout.scene.body));
    // As the model sees it, and as the eyes compare with it.
    let face = variant.face.as_ref().map(|face| studio.clean_face(face)).transpose()?;
    let face = face.as_deref().zip(variant.face.as_ref().map(|face| face.crop));
    let appearance = face.map(|(photo, crop)| appearance_image(photo, crop));
    let recipe = variant.recipe.resolved(&studio.base);
    let scene = layout.scene.scaled(factor(variant.canvas, size));
    let request = Request {
        size,
        hint: &hint.planes,
        pose_image: &pose,
        appearance_image: appearance.as_ref(),
        prompt: &variant.prompt,
        negative_prompt: &variant.negative_prompt,
        recipe: &recipe,
        scene: &scene,
        matte: &hint.matte,
        trace,
    };
    control.step(Progress::new(Stage::Preparing, 1, 1))?;
    let generated = engine.generate(&request, &with_product(control, Arc::clone(&hint)))?;
    control.step(Progress::new(Stage::Finishing, 0, 1))?;
    check_size(&generated.picture, size)?;
    layout.notices.extend(generated.notices.into_iter().map(Notice::Painting));
    let card = engine.card();
    let mut painted = fit(generated.picture, variant.canvas);
    label(&mut painted, card.kind, &layout.placed);
    let pixels = composite(&painted, &layout.placed);
    let exactness = exactness(&pixels, &layout.placed);
    if exactness.differing > 0 {
        let Exactness { differing, compared, max_difference } = exactness;
        return Err(WorkflowError::NotExact { differing, compared, max_difference });
    }
    let finished =
        Finished { layout: &layout, generated: &painted, pixels: &pixels, exactness, face_photo: face };
    let checks = check(&finished, variant, card.kind, studio, control)?;
    let record = record::make(variant, studio, &card, &layout, &pixels, exactness, &checks)?;
    control.step(Progress::new(Stage::Finishing, 1, 1))?;
    let trace = if trace { with_inputs(generated.trace, &request) } else { generated.trace };
    Ok(Picture { pixels, generated: painted, layout, engine: card, checks, record, trace })
}

/// The engine's trace with the control images, which every engine is given alike; each with a batch of one.
fn with_inputs(mut trace: Trace, request: &Request<'_>) -> Trace {
    let inputs = [
        ("hint", Some(request.hint)),
        ("pose_image", Some(request.pose_image)),
        ("appearance_image", request.appearance_image),
    ];
    for (name, planes) in inputs {
        if let Some(planes) = planes {
            let shape = std::iter::once(1).chain(planes.shape()).collect();
            trace.entry(name.to_owned()).or_insert_with(|| (shape, planes.data().to_vec()));
        }
    }
    trace
}

/// Network pixels per canvas pixel, per axis.
fn factor(canvas: CanvasSize, size: NetworkSize) -> DVec2 {
    DVec2::new(
        f64::from(size.width()) / f64::from(canvas.width),
        f64::from(size.height()) / f64::from(canvas.height),
    )
}

fn check_size(picture: &RgbImage, size: NetworkSize) -> Result<(), WorkflowError> {
    let (got_width, got_height) = picture.dimensions();
    if (got_width, got_height) == (size.width(), size.height()) {
        return Ok(());
    }
    let (width, height) = (size.width(), size.height());
    Err(WorkflowError::PictureSize { got_width, got_height, width, height })
}

/// I_g at canvas size. Only the model's part of a picture is ever resampled here, never the product.
fn fit(picture: RgbImage, canvas: CanvasSize) -> RgbImage {
    if picture.dimensions() == (canvas.width, canvas.height) {
        return picture;
    }
    resize_rgb(&picture, canvas.width, canvas.height)
}

/// Says on the ground itself what a picture that no trained model painted is worth. The composite comes after
/// it, so the label can never lie over the product; it stands in the corner that the product leaves free.
fn label(painted: &mut RgbImage, kind: EngineKind, placed: &PlacedEarring) {
    let text = match kind {
        EngineKind::Layout => "layout preview",
        EngineKind::Untrained => "untrained weights",
        EngineKind::Trained => return,
    };
    let (width, height) = painted.dimensions();
    let reaches_corner = |(columns, rows): (std::ops::Range<u32>, std::ops::Range<u32>)| {
        columns.end > width / 2 && rows.end > height / 10 * 9
    };
    let taken = placed.bounds().is_some_and(reaches_corner);
    caption(painted, text, if taken { Corner::BottomLeft } else { Corner::BottomRight });
}

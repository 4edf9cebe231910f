//! Earring, band and model on the canvas, before anything is painted.

use super::notice::VISIBLE_MISFIT_MM;
use super::{Notice, Studio, WorkflowError};
use crate::control::scale_band;
use crate::picture::{PlacedEarring, Placement, ProductPhoto};
use crate::project::{HeadAngles, Variant};
use crate::scene::Scene;
use glam::DVec2;
use std::sync::Arc;

/// The variant's layout before anything is painted: cheap enough for every frame of a drag.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Canvas frame.
    pub scene: Scene,
    pub placed: PlacedEarring,
    /// The head's turn: the template's angles, or the free ones.
    pub angles: HeadAngles,
    pub notices: Vec<Notice>,
}

/// Places earring, band and model.
pub fn lay_out(variant: &Variant, studio: &Studio) -> Result<Layout, WorkflowError> {
    let angles = studio.angles(&variant.pose)?;
    let photos = variant.earrings.iter().map(|earring| studio.product(earring));
    let photos = photos.collect::<Result<Vec<_>, _>>()?;
    let placed = raster(variant, &photos);
    let body = studio.body.pose_head(angles);
    let main = variant.earrings.first().zip(photos.first());
    let main = main.map(|(earring, photo)| Placement { photo, earring });
    // The band hangs on the main earring alone, whatever else lies on the canvas.
    let alone = (variant.earrings.len() > 1).then(|| PlacedEarring::raster(main.as_slice(), variant.canvas));
    let (band, band_notices) =
        scale_band(&variant.scale, variant.canvas, main, alone.as_ref().unwrap_or(&placed), &body);
    let hook = main.map(|Placement { earring, .. }| {
        (DVec2::new(earring.hook_in_canvas.x, earring.hook_in_canvas.y), earring.ear)
    });
    let scene = Scene::frame(body, variant.canvas, band, hook);
    let mut notices: Vec<_> = band_notices.into_iter().map(Notice::Band).collect();
    notices.extend(product_notices(variant, &photos, &placed));
    if scene.misfit.mm.abs() > VISIBLE_MISFIT_MM {
        notices.push(Notice::Misfit(scene.misfit));
    }
    Ok(Layout { scene, placed, angles, notices })
}

/// All of the variant's earrings on its canvas.
pub(super) fn raster(variant: &Variant, photos: &[Arc<ProductPhoto>]) -> PlacedEarring {
    let pairs = photos.iter().zip(&variant.earrings);
    let placements: Vec<_> = pairs.map(|(photo, earring)| Placement { photo, earring }).collect();
    PlacedEarring::raster(&placements, variant.canvas)
}

fn product_notices(variant: &Variant, photos: &[Arc<ProductPhoto>], placed: &PlacedEarring) -> Vec<Notice> {
    let mut notices = Vec::new();
    for (earring, photo) in variant.earrings.iter().zip(photos) {
        if !photo.has_matte() {
            notices.push(Notice::NoMatte { file: earring.file.clone() });
        }
    }
    if let (Some(main), None) = (variant.earrings.first(), placed.rows()) {
        notices.push(Notice::OffCanvas { file: main.file.clone() });
    }
    notices
}

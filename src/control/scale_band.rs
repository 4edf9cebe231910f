//! The scale band (METHOD 2): drawn, by ratio, or by real size.
//!
//! A drawn band always wins, even where it leaves the canvas: close-ups do. The other two give only the
//! face's height; the band is then centred on the top row of the main earring's matte and moved onto the
//! canvas, with a notice when that changed it.

use crate::body::PosedBody;
use crate::picture::{PlacedEarring, Placement};
use crate::project::{CanvasSize, Scale};
use crate::scene::{Band, Misfit, face_height_mm};

/// Stands in where no usable share was given: the middle of METHOD 2's usual 0.3..0.7.
const USUAL_RATIO: f64 = 0.5;
/// A face lower than this, pixels, could not be scaled to.
const LOWEST_BAND: f64 = 1.0;
/// A drawn band may reach this many canvas heights beyond either edge.
const FARTHEST: f64 = 16.0;

/// What the designer should know about the band.
#[derive(Debug, Clone, PartialEq)]
pub enum BandNotice {
    /// It would have left the canvas and was moved.
    Clamped,
    /// Real size was asked for, but the main earring's height in mm is not known: the usual ratio stands in.
    NoRealHeight,
    /// There is no earring to centre it on.
    NoEarring,
}

/// The band on the canvas. `placed` is the raster of `main`.
pub fn scale_band(
    scale: &Scale,
    canvas: CanvasSize,
    main: Option<Placement<'_>>,
    placed: &PlacedEarring,
    body: &PosedBody,
) -> (Band, Vec<BandNotice>) {
    let height = f64::from(canvas.height);
    let mut notices = Vec::new();
    let face_px = match scale {
        Scale::Band { top, bottom } if top.is_finite() && bottom.is_finite() => {
            return (drawn(*top, *bottom, height), notices);
        }
        Scale::Band { .. } => USUAL_RATIO * height,
        Scale::Ratio(ratio) => usual_unless(*ratio) * height,
        Scale::RealSize { face_mm } => {
            main.and_then(|main| real_size(main, *face_mm, body)).unwrap_or_else(|| {
                notices.extend(main.map(|_| BandNotice::NoRealHeight));
                USUAL_RATIO * height
            })
        }
    };
    let centre = main.and_then(|_| placed.rows()).map(|(top, _)| f64::from(top)).unwrap_or_else(|| {
        notices.push(BandNotice::NoEarring);
        height / 2.0
    });
    let wanted = Band { top: centre - face_px / 2.0, bottom: centre + face_px / 2.0 };
    let band = onto_canvas(wanted, height);
    if band != wanted {
        notices.push(BandNotice::Clamped);
    }
    (band, notices)
}

/// A drawn band: either limit may have been drawn first.
fn drawn(top: f64, bottom: f64, canvas_height: f64) -> Band {
    let within = |row: f64| row.clamp(-FARTHEST * canvas_height, (1.0 + FARTHEST) * canvas_height);
    let (top, bottom) = (within(top.min(bottom)), within(top.max(bottom)));
    Band { top, bottom: bottom.max(top + LOWEST_BAND) }
}

fn usual_unless(ratio: f64) -> f64 {
    if ratio.is_finite() && ratio > 0.0 { ratio } else { USUAL_RATIO }
}

/// METHOD 2: face_px = earring_px_height face_mm / earring_mm, the earring measured before it is turned.
fn real_size(main: Placement<'_>, face_mm: Option<f64>, body: &PosedBody) -> Option<f64> {
    let usable = |value: &f64| value.is_finite() && *value > 0.0;
    let (top, bottom) = main.photo.matte_rows()?;
    let earring_px = f64::from(bottom - top) * main.earring.scale;
    let earring_mm = main.earring.real_height_mm.filter(usable)?;
    let face_mm = face_mm.filter(usable).unwrap_or_else(|| face_height_mm(body));
    Some(earring_px * face_mm / earring_mm).filter(usable)
}

/// The band shrunk to the canvas where it is higher, then moved inside.
fn onto_canvas(band: Band, canvas_height: f64) -> Band {
    let height = (band.bottom - band.top).clamp(LOWEST_BAND, canvas_height);
    if band.top >= 0.0 && band.bottom <= canvas_height && band.bottom - band.top >= LOWEST_BAND {
        return band;
    }
    let centre = f64::midpoint(band.top, band.bottom);
    let top = (centre - height / 2.0).clamp(0.0, canvas_height - height);
    Band { top, bottom: top + height }
}

/// The band moved so that the lobe stands on the hook, its height kept.
pub fn fit_band_to_earring(band: Band, misfit: Misfit) -> Band {
    Band { top: band.top - misfit.px, bottom: band.bottom - misfit.px }
}

#[cfg(test)]
mod tests;

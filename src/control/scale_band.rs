//! The scale band (METHOD 2): drawn, by ratio, or by real size.

use crate::body::PosedBody;
use crate::picture::PlacedEarring;
use crate::project::{CanvasSize, Earring, Scale};
use crate::scene::{Band, Misfit};

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

/// The band on the canvas.
pub fn scale_band(
    scale: &Scale,
    canvas: CanvasSize,
    main: Option<&Earring>,
    placed: &PlacedEarring,
    body: &PosedBody,
) -> (Band, Vec<BandNotice>) {
    todo!("{scale:?} {canvas:?} {main:?} {placed:?} {body:?}")
}

/// The band moved so that the lobe stands on the hook, its height kept.
pub fn fit_band_to_earring(band: Band, misfit: Misfit) -> Band {
    Band { top: band.top - misfit.px, bottom: band.bottom - misfit.px }
}

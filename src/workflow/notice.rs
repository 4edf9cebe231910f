//! What a designer should know about a layout or a picture that is no error.

use crate::control::BandNotice;
use crate::scene::Misfit;
use std::fmt;

/// Below this the eye does not see that the lobe and the hook miss each other.
pub(super) const VISIBLE_MISFIT_MM: f64 = 3.0;

/// Something about a layout or a picture that a designer should know.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    Band(BandNotice),
    /// The product's photo has no transparency: its background goes onto the canvas with it.
    NoMatte {
        file: String,
    },
    /// No pixel of the earring lies on the canvas.
    OffCanvas {
        file: String,
    },
    /// The lobe visibly misses the hook.
    Misfit(Misfit),
    /// What the engine said about its painting.
    Painting(String),
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Band(BandNotice::Clamped) => {
                formatter.write_str("the scale band would have left the canvas and was moved onto it")
            }
            Self::Band(BandNotice::NoRealHeight) => formatter.write_str(
                "the earring's real height is not known, so the usual face size stands in; type its height in mm",
            ),
            Self::Band(BandNotice::NoEarring) => {
                formatter.write_str("there is no earring to place the scale band by; the canvas centre stands in")
            }
            Self::Painting(notice) => formatter.write_str(notice),
            Self::NoMatte { file } => write!(
                formatter,
                "{file} has no transparency, so its background shows; cut the product out first"
            ),
            Self::OffCanvas { file } => write!(formatter, "{file} lies beside the canvas; drag it back"),
            Self::Misfit(misfit) => {
                let side = if misfit.mm > 0.0 { "below" } else { "above" };
                let mm = misfit.mm.abs();
                write!(formatter, "the lobe is {mm:.1} mm {side} the hook; fit the scale band to the earring")
            }
        }
    }
}

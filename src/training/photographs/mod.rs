//! Photographs of people, turned into many views: [`Sitter`] and [`View`].
//!
//! The open head is fitted to a photo, and the photo becomes a relief: what the head shows stands out from the plane
//! of the ears, everything else lies in it. A view turns the relief a little about the neck, moves and scales it, and
//! lights it mildly anew; landmarks and lobes are points of the same relief, so they move with the pixels. Angles at
//! which the relief would show what the photo did not see are refused. Knows no earrings but the wearer's own, which
//! are painted out or keep their ear from being used.

mod ear;
mod folder;
mod light;
mod relief;
mod sitter;
mod skin;
mod view;

pub use folder::{Portraits, PortraitsError, Usable};
pub use sitter::{NoSitter, Sitter};
pub use view::{Framing, MOST_TURN_DEG, View};

#[cfg(test)]
mod tests;

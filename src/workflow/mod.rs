//! A variant becomes a finished picture. Nothing else in the program makes one.
//!
//! [`lay_out`] places earring, band and model; [`render_variant`] has an engine paint the model around the
//! earring and puts the product's pixels back last; [`verify()`] proves from a finished file alone that they are
//! still there. This room refuses to know windows, commands and which engine it is given.

mod certificate;
mod checks;
mod error;
mod handover;
mod layout;
mod notice;
mod photos;
mod preview;
mod record;
mod render;
mod sample;
mod studio;
mod verify;

pub use certificate::{Certificate, Comparison, ProductProof, SourcePhoto, Transform};
pub use checks::{
    Asked, Check, CheckName, CheckVerdict, Checks, Findings, Finished, SeenFace, Sight, judge, look,
};
pub use error::WorkflowError;
pub use handover::hand_over;
pub use layout::{Layout, lay_out};
pub use notice::Notice;
pub use record::{EngineNote, ExactnessNote, FileDigest, Record, fingerprint};
pub use render::{Picture, Trace, render_variant, render_variant_traced};
pub use sample::{Existing, unpack_sample};
pub use studio::Studio;
pub use verify::{Verdict, Verified, verify};

#[cfg(test)]
mod tests;

//! Labelled pictures in shards: what a model learns from and is measured on.
//!
//! Data is made here ([`synthesize`], of drawn people or of [`photographs`]), taken from a user's own photos
//! ([`prepare`]), and kept as WebDataset tars with a manifest ([`shards`]), so that any trainer can read it. This room
//! refuses to know the window and the command line.

mod captions;
pub mod photographs;
pub mod prepare;
pub mod shards;
pub mod synthesize;

pub use captions::CaptionsError;

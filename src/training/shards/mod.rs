//! Shards: many small files as few large ones, in WebDataset's form: tar files whose neighbouring members with one
//! stem are one sample (`00000017.picture.png`, `00000017.truth.json`), and a manifest beside them.
//!
//! A shard appears whole or not at all, and its bytes depend on the recipe alone: a build that was killed goes
//! on where it stood and ends with the bytes that it would have had. Reading streams: one sample and a shuffle
//! buffer are all that is ever held. Tars and manifests may come from strangers, so every length and every
//! count in them is bounded before it is believed.

mod build;
mod manifest;
mod reader;
mod tar;

pub use build::{BuildError, Making, Plan, build};
pub(super) use manifest::binned;
pub use manifest::{LeftOut, MANIFEST, Manifest, ShardRecord, Tally};
pub use reader::{Order, Sample, Shards, Stream};
pub use tar::TarFault;

use std::io::Error;
use std::path::PathBuf;

/// Why shards could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    #[error(
        "cannot write: {source}; make room or choose another folder, then run the command again: finished shards are kept ({path})"
    )]
    Write { path: PathBuf, source: Error },
    #[error("cannot read: {source}; check that the file is there and readable ({path})")]
    Read { path: PathBuf, source: Error },
    #[error("this is no manifest of shards: {reason}; choose a folder that Adorn filled ({path})")]
    Manifest { path: PathBuf, reason: String },
    #[error("the folder holds other shards: {what} differs; choose another folder ({path})")]
    OtherRecipe { path: PathBuf, what: String },
    #[error(
        "the folder already holds more, {found} samples; ask for at least as many or choose another folder ({path})"
    )]
    Smaller { path: PathBuf, found: u64 },
    #[error("the shard is not as it was written: {reason}; delete it and run the command again ({path})")]
    Changed { path: PathBuf, reason: String },
    #[error("the shard cannot be used: {fault}; delete it and make it again ({path})")]
    Tar { path: PathBuf, fault: TarFault },
}

#[cfg(test)]
mod tests;

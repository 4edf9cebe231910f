//! Arguments of the commands that look at pictures.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct EvaluateArgs {
    /// What to measure; everything without it
    #[arg(value_name = "PART")]
    pub(in crate::cli) parts: Vec<String>,
    /// Folder for the tables and contact sheets
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: PathBuf,
    /// Cases of each kind; as many as the targets are stated for without it
    #[arg(long, value_name = "N")]
    pub(in crate::cli) count: Option<usize>,
    /// Portraits for the parts that look at photos
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) portraits: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PoseArgs {
    /// A photo with a face, or an OSX / SMPL-X parameter file (.npz, .json)
    #[arg(value_name = "PHOTO|FILE")]
    pub(in crate::cli) source: PathBuf,
    /// The pose, as the pose library's files have it (.toml)
    #[arg(long, value_name = "FILE.toml")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// SMPL-X body to fit instead of the shipped head
    #[arg(long, value_name = "FILE.npz")]
    pub(in crate::cli) body: Option<PathBuf>,
    /// Writes the measurement as JSON to stdout
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FaceArgs {
    /// A photo with a face
    #[arg(value_name = "PHOTO")]
    pub(in crate::cli) photo: PathBuf,
    /// The photo without the earrings that were found
    #[arg(long, value_name = "CLEAN.png")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// The part of it that shows the face
    #[arg(long, value_name = "CROP.png")]
    pub(in crate::cli) crop_out: Option<PathBuf>,
    /// Writes what was seen as JSON to stdout
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

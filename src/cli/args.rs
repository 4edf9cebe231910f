//! The command line as typed. Values with a form of their own are parsed here, once.

mod eyes;
mod prepare;
mod synthesize;

pub(super) use eyes::{CutoutArgs, EvaluateArgs, FaceArgs, PoseArgs};
pub(super) use prepare::PrepareArgs;
pub(super) use synthesize::{StyleArg, SynthesizeArgs};

use crate::batch::Shard;
use crate::engine::device::{DTypeChoice, DeviceChoice};
use crate::project::Sampler;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Composes jewellery ads around the exact product. Without a command: opens the window
#[derive(Debug, Parser)]
#[command(name = "adorn", version, about, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Opens a project in the window
    Open(OpenArgs),
    /// Makes the pictures of the embedded sample project: no window, no GPU, no download
    Demo(DemoArgs),
    /// Makes one picture: what is on the project's canvas
    Render(RenderArgs),
    /// Makes every variant of the project's plan, resuming where an earlier export stopped
    Export(ExportArgs),
    /// Looks at a face photo: where the face is, and whether earrings must go
    Face(FaceArgs),
    /// Measures how a head is turned, from a photo or a body fit
    Pose(PoseArgs),
    /// Draws the pose library as the network sees it
    Poses(PosesArgs),
    /// Cuts a product out of its photo on plain ground
    Cutout(CutoutArgs),
    /// Re-opens finished pictures and proves their product's pixels
    Verify(VerifyArgs),
    /// Times every part of a picture on this machine
    Bench(BenchArgs),
    /// Measures the program's eyes where the truth is known
    Evaluate(EvaluateArgs),
    /// Makes labelled pictures of people with earrings, for training and measuring
    Synthesize(SynthesizeArgs),
    /// Prepares your own photos of people with earrings for training
    Prepare(PrepareArgs),
    /// Looks after model bundles
    #[command(subcommand)]
    Bundle(BundleCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum BundleCommand {
    /// Tells everything that is wrong with a bundle, without loading its weights
    Check(BundleCheckArgs),
    /// Makes a bundle from a checkpoint, a ControlNet, an image encoder and a tokenizer
    Import(Box<BundleImportArgs>),
    /// Writes a bundle of random weights at true shapes, for benchmarks and tests
    Random(BundleRandomArgs),
}

#[derive(Debug, Args)]
pub(super) struct BundleCheckArgs {
    /// The bundle's folder
    pub(super) folder: PathBuf,
    /// Writes the findings as JSON to stdout
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct BundleImportArgs {
    /// Stable Diffusion 1.5 checkpoint (.safetensors), or a diffusers folder
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) model: PathBuf,
    /// ControlNet that reads earring and scale map; the model folder's own without it
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) controlnet: Option<PathBuf>,
    /// DINOv2; the model folder's own without it
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) image_encoder: Option<PathBuf>,
    /// CLIP's vocab.json and merges.txt, or tokenizer.json; the model folder's own without it
    #[arg(long, value_name = "DIR")]
    pub(super) tokenizer: Option<PathBuf>,
    /// Autoencoder instead of the model's own
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) vae: Option<PathBuf>,
    /// Diffusers folder whose config.json files say what weight files do not, such as attention heads;
    /// Stable Diffusion 1.5's settings without it
    #[arg(long, value_name = "DIR")]
    pub(super) configs: Option<PathBuf>,
    /// Takes the checkpoint's moving averages
    #[arg(long)]
    pub(super) ema: bool,
    /// Number type of the weights
    #[arg(long, default_value = "keep", value_parser = ["keep", "f16", "f32"])]
    pub(super) dtype: String,
    /// What the bundle is called; the model's own name without it
    #[arg(long)]
    pub(super) name: Option<String>,
    #[arg(long)]
    pub(super) version: Option<String>,
    /// What the model's licence allows, in words or as an SPDX expression
    #[arg(long)]
    pub(super) licence: Option<String>,
    /// A folder that does not exist yet, or is empty
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct BundleRandomArgs {
    /// sd15: Stable Diffusion 1.5's shapes; mini: small networks of the same kind
    #[arg(long, value_parser = ["sd15", "mini"])]
    pub(super) config: String,
    /// Same seed, same bytes
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
    /// A folder that does not exist yet, or is empty
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Number type of the weights
    #[arg(long, default_value = "f32", value_parser = ["f32", "f16"])]
    pub(super) dtype: String,
    /// Size of sd15's DINOv2: small, base, large or giant
    #[arg(long, default_value = "b", value_parser = ["s", "b", "l", "g"])]
    pub(super) image_encoder: String,
}

/// Which engine paints, and where.
#[derive(Debug, Args)]
pub(super) struct EngineArgs {
    /// Model bundle; without one the mannequin engine draws a layout preview
    #[arg(long, value_name = "DIR")]
    pub(super) bundle: Option<PathBuf>,
    /// cpu, cuda:N, metal or auto
    #[arg(long, default_value = "auto")]
    pub(super) device: DeviceChoice,
    /// f32, bf16, f16 or auto
    #[arg(long, default_value = "auto")]
    pub(super) dtype: DTypeChoice,
}

#[derive(Debug, Args)]
pub(super) struct OpenArgs {
    /// Project file (NAME.adorn)
    pub(super) project: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Folder for the sample project and its pictures
    #[arg(long, value_name = "DIR", default_value = "adorn-demo")]
    pub(super) out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct RenderArgs {
    /// Project file (NAME.adorn)
    pub(super) project: PathBuf,
    /// Finished picture (.png)
    #[arg(long, value_name = "FILE.png")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) engine: EngineArgs,
    /// Instead of the project's seed
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Instead of the project's denoising steps
    #[arg(long)]
    pub(super) steps: Option<u32>,
    /// Instead of the project's sampler: ddim, ddpm, euler, euler_ancestral, dpmpp_2m_karras, unipc or lcm
    #[arg(long, value_name = "NAME", value_parser = sampler)]
    pub(super) sampler: Option<Sampler>,
    /// Also paints with this LoRA, at strength 1 or as told; may be repeated
    #[arg(long, value_name = "FILE[:STRENGTH]", value_parser = lora)]
    pub(super) lora: Vec<(PathBuf, f64)>,
    /// Also writes the tensors on the way to the picture
    #[arg(long, value_name = "FILE.safetensors")]
    pub(super) trace: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Project file (NAME.adorn)
    pub(super) project: PathBuf,
    /// Folder for pictures and report.json
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Lists the files without making any
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Makes the I-th of N equal shares
    #[arg(long, value_name = "I/N", value_parser = shard, default_value = "1/1")]
    pub(super) shard: Shard,
    /// Makes only this preset's sizes; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(super) preset: Vec<String>,
    /// Tries seeds, from the recipe's on, until this many pictures of each variant pass all their checks; the
    /// plan's seeds are left aside
    #[arg(long, value_name = "N", conflicts_with = "dry_run", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) until_pass: Option<u32>,
    /// Tries at most this many seeds of each variant
    #[arg(long, value_name = "N", requires = "until_pass", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) at_most: u32,
    #[command(flatten)]
    pub(super) engine: EngineArgs,
    /// Writes the list or the report as JSON to stdout
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct PosesArgs {
    /// The sheet, or the one template's picture (.png)
    #[arg(long, value_name = "FILE.png")]
    pub(super) out: PathBuf,
    /// SMPL-X body to pose instead of the shipped head
    #[arg(long, value_name = "FILE.npz")]
    pub(super) body: Option<PathBuf>,
    /// Draws this template alone
    #[arg(long, value_name = "ID")]
    pub(super) template: Option<String>,
    /// Side of one pose in pixels; 256 is what the network sees
    #[arg(long, default_value_t = crate::control::POSE_RENDER, value_parser = clap::value_parser!(u32).range(32..=2048))]
    pub(super) size: u32,
}

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// Without a bundle: a mini one of random weights
    #[command(flatten)]
    pub(super) engine: EngineArgs,
    /// Picture in pixels, N for a square one, multiples of 8; the bundle's own size without it
    #[arg(long, value_name = "N|WxH", value_parser = picture_size)]
    pub(super) size: Option<(u32, u32)>,
    /// Samples in a step; 2 is one picture under guidance
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(super) batch: u8,
    /// Timed runs of each part, after one that warms up
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(super) runs: u8,
    /// Writes the measurements as JSON to stdout
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Finished pictures
    #[arg(required = true, value_name = "PICTURE")]
    pub(super) pictures: Vec<PathBuf>,
    /// The project they were made from, for pictures without a record or away from their project
    #[arg(long)]
    pub(super) project: Option<PathBuf>,
    /// Writes the verdicts as JSON to stdout
    #[arg(long)]
    pub(super) json: bool,
}

fn sampler(text: &str) -> Result<Sampler, String> {
    let names = || Sampler::ALL.map(Sampler::id).join(", ");
    Sampler::of_id(text).ok_or_else(|| format!("use one of {}", names()))
}

/// `N` or `WxH`; whether networks accept it is theirs to say.
fn picture_size(text: &str) -> Result<(u32, u32), String> {
    let side =
        |text: &str| text.parse::<u32>().map_err(|_| "use N or WxH, such as 512 or 768x512".to_owned());
    match text.split_once('x') {
        Some((width, height)) => Ok((side(width)?, side(height)?)),
        None => Ok((side(text)?, side(text)?)),
    }
}

/// A file's own name may hold colons; what follows the last is a strength if it is a number.
#[expect(clippy::unnecessary_wraps, reason = "the form of clap's parsers")]
fn lora(text: &str) -> Result<(PathBuf, f64), String> {
    let told = text.rsplit_once(':').and_then(|(file, strength)| Some((file, strength.parse().ok()?)));
    let (file, strength) = told.unwrap_or((text, 1.0));
    Ok((PathBuf::from(file), strength))
}

fn shard(text: &str) -> Result<Shard, String> {
    let parts =
        text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
    match parts {
        Some((index, count)) if count > 0 && (1..=count).contains(&index) => Ok(Shard { index, count }),
        _ => Err("use I/N with I from 1 to N, such as 2/4".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_sampler_is_told_by_the_name_that_files_have() {
        for kind in Sampler::ALL {
            let written = serde_json::to_value(kind).unwrap();
            assert_eq!(written, kind.id());
            assert_eq!(sampler(kind.id()), Ok(kind));
        }
        assert!(sampler("euler a").unwrap_err().contains("euler_ancestral"));
    }

    #[test]
    fn a_size_is_one_side_or_two() {
        assert_eq!(picture_size("512"), Ok((512, 512)));
        assert_eq!(picture_size("768x512"), Ok((768, 512)));
        for bad in ["", "x", "512x", "-8", "1x2x3"] {
            assert!(picture_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_lora_s_strength_follows_the_last_colon() {
        let read = |text: &str| lora(text).expect("always something");
        assert_eq!(read("a.safetensors"), ("a.safetensors".into(), 1.0));
        assert_eq!(read("a.safetensors:0.7"), ("a.safetensors".into(), 0.7));
        assert_eq!(read(r"C:\a.safetensors:-1"), (r"C:\a.safetensors".into(), -1.0));
        assert_eq!(read("a:b.safetensors"), ("a:b.safetensors".into(), 1.0));
    }

    #[test]
    fn shards_count_from_one() {
        assert_eq!(shard("2/4"), Ok(Shard { index: 2, count: 4 }));
        for bad in ["0/4", "5/4", "1/0", "1", "a/b", "-1/4", "1/4/2"] {
            assert!(shard(bad).is_err(), "{bad}");
        }
    }
}

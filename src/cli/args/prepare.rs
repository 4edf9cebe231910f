//! Arguments of the command that prepares a user's own photos for training.

use super::synthesize::side;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct PrepareArgs {
    /// Photos of people with earrings (PNG, JPEG, WebP; folders in it too). Beside NAME.jpg: the earring white on black
    /// in NAME.mask.png or masks/NAME.png, or cut out of the photo in NAME.cut.png, at the photo's size; the text in
    /// NAME.txt or in captions.json ({"NAME.jpg": "text"})
    #[arg(value_name = "FOLDER")]
    pub(in crate::cli) photos: PathBuf,
    /// Folder for the shards and their manifest; an earlier run in it is gone on with
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: PathBuf,
    /// Side of the square pictures in pixels, 256 to 1024, a multiple of 8
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = side)]
    pub(in crate::cli) size: u32,
    /// A model of your own for photos without a mask: MobileSAM or SAM ViT-B as safetensors, made by the convert.py in
    /// tests/oracles/sam; it is shown the boxes of those earrings that are surely found
    #[arg(long, value_name = "FILE.safetensors")]
    pub(in crate::cli) segmenter: Option<PathBuf>,
    /// A model of your own for photos without a text: a folder with BLIP's captioning model, base or large, its weights
    /// as safetensors (made by the convert.py in tests/oracles/blip, if the folder has none)
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) captioner: Option<PathBuf>,
    /// Also draws what was measured over the first pictures: landmarks, face rows, lobes, the mask's outline
    #[arg(long, value_name = "SHEET.png")]
    pub(in crate::cli) sheet: Option<PathBuf>,
}

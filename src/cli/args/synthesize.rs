//! Arguments of the command that makes labelled pictures.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct SynthesizeArgs {
    /// Folder for the shards and their manifest; an earlier run in it is gone on with
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: PathBuf,
    /// Pictures of the whole set
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(in crate::cli) count: u64,
    /// Same seed, same bytes
    #[arg(long, default_value_t = 0)]
    pub(in crate::cli) seed: u64,
    /// Side of the square pictures in pixels, 256 to 1024, a multiple of 8
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = side)]
    pub(in crate::cli) size: u32,
    /// Where the people come from: drawn by this program, photographs of --portraits turned into many views, or both
    /// in turns
    #[arg(long, value_enum, default_value_t = StyleArg::Rendered)]
    pub(in crate::cli) style: StyleArg,
    /// Folder of portrait photos, captions in a *.json of file names and texts; faces seen from the front, earlobes bare
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) portraits: Option<PathBuf>,
    /// Also draws the truth over the first pictures: landmarks, face rows, hooks, the matte's outline
    #[arg(long, value_name = "SHEET.png")]
    pub(in crate::cli) sheet: Option<PathBuf>,
}

/// See [`SynthesizeArgs::style`].
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum StyleArg {
    Rendered,
    Photographic,
    Mixed,
}

pub(super) fn side(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(side) if (256..=1024).contains(&side) && side % 8 == 0 => Ok(side),
        _ => Err("use a multiple of 8 from 256 to 1024".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::side;

    #[test]
    fn a_side_suits_networks() {
        assert_eq!(side("256"), Ok(256));
        assert_eq!(side("1024"), Ok(1024));
        for bad in ["", "255", "260", "1032", "-256", "256x256"] {
            assert!(side(bad).is_err(), "{bad}");
        }
    }
}

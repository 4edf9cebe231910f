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
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(in crate::cli) count: Option<u32>,
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

#[derive(Debug, Args)]
pub(in crate::cli) struct CutoutArgs {
    /// Photo of a product on plain ground (PNG, JPEG or WebP)
    pub(in crate::cli) photo: PathBuf,
    /// The product with its matte
    #[arg(long, value_name = "FILE.png")]
    pub(in crate::cli) out: PathBuf,
    /// The product lies in this frame; pixels of the photo
    #[arg(long, value_name = "L,T,R,B", value_parser = frame, allow_hyphen_values = true)]
    pub(in crate::cli) frame: Option<[f64; 4]>,
    /// A round dab on the product: middle and radius in pixels; may be repeated
    #[arg(long, value_name = "X,Y,R", value_parser = dab, allow_hyphen_values = true)]
    pub(in crate::cli) include: Vec<[f64; 3]>,
    /// A round dab on the ground; wins over --include; may be repeated
    #[arg(long, value_name = "X,Y,R", value_parser = dab, allow_hyphen_values = true)]
    pub(in crate::cli) exclude: Vec<[f64; 3]>,
    /// A model of your own for photos on busy ground: ISNet, MobileSAM or SAM ViT-B as safetensors, told apart by
    /// itself; made by the convert.py in tests/oracles/isnet or tests/oracles/sam. SAM also heeds --include, --exclude
    /// and --frame
    #[arg(long, value_name = "FILE.safetensors")]
    pub(in crate::cli) model: Option<PathBuf>,
    /// Also writes the photo beside its cut-out on checkerboard, black and white
    #[arg(long, value_name = "SHEET.png")]
    pub(in crate::cli) preview: Option<PathBuf>,
    /// Writes what was found as JSON to stdout
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

fn frame(text: &str) -> Result<[f64; 4], String> {
    match numbers(text) {
        Some([left, top, right, bottom]) if left < right && top < bottom => Ok([left, top, right, bottom]),
        _ => Err("use left,top,right,bottom in pixels, such as 40,30,600,900".to_owned()),
    }
}

fn dab(text: &str) -> Result<[f64; 3], String> {
    match numbers(text) {
        Some([x, y, radius]) if radius > 0.0 => Ok([x, y, radius]),
        _ => Err("use x,y,radius in pixels, such as 320,240,12".to_owned()),
    }
}

fn numbers<const COUNT: usize>(text: &str) -> Option<[f64; COUNT]> {
    let finite = |word: &str| word.trim().parse().ok().filter(|number: &f64| number.is_finite());
    let all: Vec<f64> = text.split(',').map(finite).collect::<Option<_>>()?;
    all.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_dabs_are_numbers_with_an_extent() {
        assert_eq!(frame("1,2.5,30,40"), Ok([1.0, 2.5, 30.0, 40.0]));
        assert_eq!(dab("-4, 5 ,6"), Ok([-4.0, 5.0, 6.0]));
        for bad in ["", "1,2,3", "3,2,1,4", "1,2,3,nan", "1,2,3,4,5"] {
            assert!(frame(bad).is_err(), "{bad}");
        }
        for bad in ["1,2", "1,2,0", "1,2,-3", "a,b,c", "1,2,inf"] {
            assert!(dab(bad).is_err(), "{bad}");
        }
    }
}

//! A picture and its truth as the files of one sample.
//!
//! | member | what |
//! |---|---|
//! | `picture.png` | the portrait with earrings |
//! | `twin.png` | the same portrait without them |
//! | `cut.png` | what is seen of the earrings: straight alpha; over black it is I_c, its alpha is M |
//! | `matte.png` | grey and alpha: the earrings' matte if nothing stood before them, and what is seen of it, M |
//! | `scale.png` | I_s (METHOD 2): 255 on the face's rows |
//! | `pose.png` | I_p before its resize (METHOD 3), 256x256 |
//! | `truth.json` | [`Truth`] |

use super::dress::Dressed;
use super::truth::Truth;
use crate::control::Hint;
use crate::engine::NetworkSize;
use crate::people::Shot;
use crate::picture::PlacedEarring;
use crate::scene::Band;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, GrayImage, ImageEncoder, ImageError, RgbImage, RgbaImage};

/// The members' endings.
pub const MEMBERS: [&str; 7] =
    ["picture.png", "twin.png", "cut.png", "matte.png", "scale.png", "pose.png", "truth.json"];

/// Encodes a sample's members, in [`MEMBERS`]' order.
pub(super) fn members(
    shot: &Shot,
    dressed: &Dressed,
    pose: &RgbImage,
    truth: &Truth,
    size: NetworkSize,
) -> Result<Vec<(&'static str, Vec<u8>)>, ImageError> {
    let [picture, twin, cut, matte, scale, pose_name, truth_name] = MEMBERS;
    let band = Band { top: shot.face_rows.0, bottom: shot.face_rows.1 };
    let rows = face_rows(&dressed.cut, band, size);
    let two = two_mattes(dressed);
    let json = serde_json::to_vec(truth).map_err(|error| ImageError::IoError(error.into()))?;
    Ok(vec![
        (picture, rgb(&dressed.picture)?),
        (twin, rgb(&shot.picture)?),
        (cut, png(&dressed.cut, dressed.cut.dimensions(), ExtendedColorType::Rgba8)?),
        (matte, png(&two, dressed.whole.dimensions(), ExtendedColorType::La8)?),
        (scale, png(&rows, rows.dimensions(), ExtendedColorType::L8)?),
        (pose_name, rgb(pose)?),
        (truth_name, json),
    ])
}

/// Whole matte as grey, seen matte as alpha.
fn two_mattes(dressed: &Dressed) -> Vec<u8> {
    dressed.whole.pixels().zip(dressed.cut.pixels()).flat_map(|(whole, cut)| [whole.0[0], cut.0[3]]).collect()
}

/// I_s by the very code that feeds the networks.
pub(in crate::training) fn face_rows(cut: &RgbaImage, band: Band, size: NetworkSize) -> GrayImage {
    let hint = Hint::new(&PlacedEarring::from_pixels(cut.clone()), band, size);
    let width = size.width() as usize;
    let plane = hint.planes.channel(3);
    GrayImage::from_fn(size.width(), size.height(), |x, y| {
        image::Luma([(255.0 * plane[y as usize * width + x as usize]) as u8])
    })
}

pub(in crate::training) fn rgb(picture: &RgbImage) -> Result<Vec<u8>, ImageError> {
    png(picture, picture.dimensions(), ExtendedColorType::Rgb8)
}

pub(in crate::training) fn png(
    pixels: &[u8],
    (width, height): (u32, u32),
    kind: ExtendedColorType,
) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    encoder.write_image(pixels, width, height, kind)?;
    Ok(bytes)
}

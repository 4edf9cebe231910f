//! A user's own photos of people with earrings as training samples: `adorn prepare`.
//!
//! A photo brings a text and the mask of its earrings (`folder`, `mask`), the eyes measure the face in it, and a square
//! of it becomes a sample (`crop`) of the members that `synthesize` writes. There is no twin, because nobody took
//! that photo, and the truth is what was measured, with its error (`measured`). A photo that lacks something is left
//! out and listed with the reason; nothing is guessed in its place, but for the caption: a photo without a text gets one
//! from the user's model (`captioner`), or else the method's default, and the manifest counts how many did.
//!
//! | member | what |
//! |---|---|
//! | `picture.png` | a square of the photo |
//! | `cut.png` | its pixels under the mask: straight alpha; over black it is I_c, its alpha is M |
//! | `matte.png` | grey and alpha, both M: what hair hides of an earring is not known |
//! | `scale.png` | I_s (METHOD 2): 255 on the face's rows |
//! | `pose.png` | I_p before its resize (METHOD 3), 256x256 |
//! | `truth.json` | [`Measured`] |

mod captioner;
mod crop;
mod folder;
mod mask;
mod measured;
mod unfit;

pub use captioner::CaptionerError;
pub use folder::CaptionFrom;
pub use mask::MaskFrom;
pub use measured::{MEASURED_FORMAT, Measured, MeasuredEarring, overlay};

use super::CaptionsError;
use super::shards::{BuildError, LeftOut, Making, Manifest, Plan, Tally, binned, build};
use super::synthesize::{face_rows, png, rgb};
use crate::body::{BodyError, BodyModel};
use crate::control::pose_render;
use crate::engine::progress::{Cancelled, Control};
use crate::engine::{EngineError, NetworkSize};
use crate::picture::{FolderError, load_face};
use crate::project::digest_of_file;
use crate::scene::Band;
use crate::vision::segment::{self, SegmentError, Segmenter};
use crate::vision::{Eyes, HeadPoints, PhotoPose, VisionError, find_earrings, pose_from_photo};
use captioner::Captioner;
use crop::Crop;
use folder::{Caption, Photo};
use image::{ExtendedColorType, GrayImage, ImageError, RgbImage, Rgba, RgbaImage};
use std::path::PathBuf;
use unfit::{Stop, Unfit};

/// Changes whenever the same photos give other bytes.
const VERSION: u32 = 1;

/// Samples in a full shard.
pub const PER_SHARD: u64 = 200;

/// The members' endings.
pub const MEMBERS: [&str; 6] = ["picture.png", "cut.png", "matte.png", "scale.png", "pose.png", "truth.json"];

/// What is to be prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Folder of the photos, their masks and texts.
    pub photos: PathBuf,
    /// Folder of the shards.
    pub out: PathBuf,
    /// Side of the square pictures: a multiple of 8, 256..=1024.
    pub size: u32,
    pub per_shard: u64,
    /// A model for photos without a mask: SAM or MobileSAM as safetensors.
    pub segmenter: Option<PathBuf>,
    /// A model for photos without a text: BLIP's folder.
    pub captioner: Option<PathBuf>,
}

/// Why preparing ended early.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    #[error("cannot read: {source}; check that it is there and readable ({path})")]
    Read { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("the folder holds no PNG, JPEG or WebP photo; choose another ({path})")]
    NoPhotos { path: PathBuf },
    #[error(transparent)]
    Captions(#[from] CaptionsError),
    #[error(transparent)]
    Body(Box<BodyError>),
    #[error(transparent)]
    Vision(#[from] VisionError),
    #[error(transparent)]
    Segmenter(Box<SegmentError>),
    #[error(transparent)]
    Captioner(Box<CaptionerError>),
    #[error(transparent)]
    Size(Box<EngineError>),
    #[error("cannot encode a picture: {0}; free some memory and try again")]
    Encode(#[from] ImageError),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<SegmentError> for PrepareError {
    fn from(error: SegmentError) -> Self {
        Self::Segmenter(Box::new(error))
    }
}

impl From<CaptionerError> for PrepareError {
    fn from(error: CaptionerError) -> Self {
        Self::Captioner(Box::new(error))
    }
}

/// Makes the set, or what is missing of it. A folder whose photos, masks or texts have changed is another set.
pub fn prepare(request: &Request, control: &Control) -> Result<Manifest, BuildError<PrepareError>> {
    let maker = Maker::new(request, control).map_err(|error| match error {
        PrepareError::Cancelled(cancelled) => BuildError::Cancelled(cancelled),
        error => BuildError::Make(error),
    })?;
    let recipe = [
        ("maker".to_owned(), "adorn prepare".into()),
        ("version".to_owned(), VERSION.into()),
        ("style".to_owned(), measured::STYLE.into()),
        ("size".to_owned(), request.size.into()),
        ("photos".to_owned(), folder::digest(&maker.photos).into()),
        ("segmenter".to_owned(), maker.segmenter_sha256.clone().into()),
        ("captioner".to_owned(), maker.captioner.as_ref().map(|captioner| captioner.sha256.clone()).into()),
    ];
    let plan = Plan {
        folder: &request.out,
        recipe: recipe.into(),
        items: maker.photos.len() as u64,
        per_shard: request.per_shard.max(1),
    };
    build(&plan, control, |number| maker.make(number))
}

/// Makes single samples.
struct Maker {
    photos: Vec<Photo>,
    eyes: Eyes,
    model: BodyModel,
    head: HeadPoints,
    segmenter: Option<Box<dyn Segmenter>>,
    segmenter_sha256: Option<String>,
    captioner: Option<Captioner>,
    size: NetworkSize,
}

impl Maker {
    fn new(request: &Request, control: &Control) -> Result<Self, PrepareError> {
        let model = BodyModel::open_head().map_err(|error| PrepareError::Body(Box::new(error)))?;
        let digest = |path: &PathBuf| {
            digest_of_file(path).map_err(|source| PrepareError::Read { path: path.clone(), source })
        };
        Ok(Self {
            size: NetworkSize::new(request.size, request.size)
                .map_err(|error| PrepareError::Size(Box::new(error)))?,
            // Opened first: it refuses what is no file, which reading on would wait for.
            segmenter: request.segmenter.as_deref().map(segment::open).transpose()?,
            segmenter_sha256: request.segmenter.as_ref().map(digest).transpose()?,
            captioner: request.captioner.as_deref().map(Captioner::open).transpose()?,
            photos: folder::photos(&request.photos, control)?,
            eyes: Eyes::shipped()?,
            head: HeadPoints::of(&model),
            model,
        })
    }

    fn make(&self, number: u64) -> Result<Making, PrepareError> {
        let photo = &self.photos[number as usize];
        match self.sample(format!("{number:08}"), photo) {
            Ok(making) => Ok(making),
            Err(Stop::Unfit(unfit)) => {
                Ok(Making::LeftOut(LeftOut { name: photo.name.clone(), reason: unfit.to_string() }))
            }
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    /// The sample of a photo.
    fn sample(&self, key: String, photo: &Photo) -> Result<Making, Stop> {
        let caption = photo.caption.as_ref().map_err(|reason| Unfit::Caption(reason.clone()))?;
        if photo.mask.is_none() && self.segmenter.is_none() {
            return Err(Unfit::NoMask.into());
        }
        let pixels = load_face(&photo.path).map_err(Unfit::photo)?;
        // A mask is read sooner than a face is found.
        let given = photo.mask.as_ref().map(|file| mask::from_file(file, &pixels)).transpose()?;
        let pose = self.pose(&pixels)?;
        let ears = find_earrings(&pixels, &pose.fit);
        let (mask, mask_from) = match (given, &self.segmenter) {
            (Some(given), _) => given,
            (None, Some(segmenter)) => mask::from_segmenter(&**segmenter, &pixels, &ears)?,
            (None, None) => return Err(Unfit::NoMask.into()),
        };
        let crop = Crop::of(photo, &mask, &pose.fit, self.size.width())?;
        let (picture, matte) = (crop.picture(&pixels), crop.matte(&mask));
        let mut truth =
            Measured::of(key.clone(), photo, (caption, mask_from), (&pose, &ears), (&crop, &matte))?;
        // Last, because describing takes longer than everything else.
        if let Some(Caption { text, from }) = self.described(caption, &picture)? {
            (truth.caption, truth.caption_from) = (text, from);
        }
        let members = self.members(&picture, &matte, &pose, &truth)?;
        Ok(Making::Sample { key, members, tally: tally(&truth) })
    }

    /// What the captioner says of the picture of a photo without a text, if there is a captioner.
    fn described(&self, own: &Caption, picture: &RgbImage) -> Result<Option<Caption>, Stop> {
        let wanted = self.captioner.as_ref().filter(|_| own.from == CaptionFrom::Default);
        let Some(captioner) = wanted else { return Ok(None) };
        let caption = folder::caption(&captioner.caption(picture)?, CaptionFrom::Captioner);
        Ok(Some(caption.map_err(Unfit::Caption)?))
    }

    fn pose(&self, pixels: &RgbImage) -> Result<PhotoPose, Stop> {
        let pose = pose_from_photo(&self.eyes, &self.head, pixels).map_err(Stop::face)?;
        unfit::trusted(pose)
    }

    /// Encodes a sample's members, in [`MEMBERS`]' order.
    fn members(
        &self,
        picture: &RgbImage,
        matte: &GrayImage,
        pose: &PhotoPose,
        truth: &Measured,
    ) -> Result<Vec<(&'static str, Vec<u8>)>, PrepareError> {
        let cut = cut(picture, matte);
        let both: Vec<u8> = matte.as_raw().iter().flat_map(|code| [*code, *code]).collect();
        let [top, bottom] = truth.face_rows;
        let rows = face_rows(&cut, Band { top, bottom }, self.size);
        let pose = pose_render(&self.model, &self.model.pose_head(pose.fit.angles));
        let json = serde_json::to_vec(truth).map_err(|error| ImageError::IoError(error.into()))?;
        let contents = [
            rgb(picture)?,
            png(&cut, cut.dimensions(), ExtendedColorType::Rgba8)?,
            png(&both, matte.dimensions(), ExtendedColorType::La8)?,
            png(&rows, rows.dimensions(), ExtendedColorType::L8)?,
            rgb(&pose)?,
            json,
        ];
        Ok(MEMBERS.into_iter().zip(contents).collect())
    }
}

/// The picture's own pixels under the matte: laid over the picture they change nothing.
fn cut(picture: &RgbImage, matte: &GrayImage) -> RgbaImage {
    let mut cut = RgbaImage::new(picture.width(), picture.height());
    for ((into, pixel), matte) in cut.pixels_mut().zip(picture.pixels()).zip(matte.pixels()) {
        let ([red, green, blue], [alpha]) = (pixel.0, matte.0);
        if alpha > 0 {
            *into = Rgba([red, green, blue, alpha]);
        }
    }
    cut
}

/// What the manifest counts, by the names that `synthesize` gives.
fn tally(truth: &Measured) -> Tally {
    let mut tally = Tally::default();
    tally.count("yaw", binned(truth.angles_deg[0], -80.0, 80.0, 8, 0));
    tally.count("face_ratio", binned(truth.face_ratio, 0.2, 0.9, 7, 1));
    tally.count("style", &*truth.style);
    tally.count("caption", truth.caption_from.name());
    tally.count("mask", truth.mask_from.name());
    tally.count("trust", &*truth.trust);
    tally.count("doubts", truth.doubts.len().to_string());
    tally.count("earrings_seen", truth.earrings.len().to_string());
    if let Some(main) = truth.earrings.first() {
        let [width, height] = truth.size.map(f64::from);
        tally.count("earring_x", binned(main.lobe[0] / width, 0.0, 1.0, 5, 1));
        tally.count("earring_y", binned(main.lobe[1] / height, 0.0, 1.0, 5, 1));
        let rows = f64::from(main.spans[3] - main.spans[1]);
        tally.count("earring_rows", binned(rows / height, 0.0, 0.6, 6, 1));
    }
    tally
}

#[cfg(test)]
mod tests;

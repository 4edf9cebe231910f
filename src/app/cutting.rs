//! Products cut out of photos, and the files that keep them.
//!
//! A cut-out is a PNG of its own beside the project, and never takes the place of another file: each new
//! result gets a new name, so that undo finds the earlier ones as they were.

use super::photos::{ReadyProduct, place_of};
use crate::engine::ProductMatting;
use crate::engine::progress::{Cancelled, Control, Progress, Stage};
use crate::picture::ProductPhoto;
use crate::picture::cutout::{CutOut, CutOutRequest, Doubt, cut_out, opaque};
use crate::project::{Project, base_of, relative_path, write_whole};
use crate::ui::{Marks, Verdict, sentence};
use anyhow::{Context as _, bail};
use image::{ImageFormat, RgbImage, RgbaImage};
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// A result this good needs no second look.
const TRUSTED: f32 = 0.7;

/// More results of one photo than anybody makes.
const MOST_NAMES: u32 = 1_000;

/// A cut-out and how far it can be trusted.
pub(super) struct Cut {
    /// As large as the photo, straight alpha.
    pub(super) pixels: RgbaImage,
    pub(super) verdict: Verdict,
}

impl Cut {
    pub(super) fn of(photo: &RgbImage, marks: &Marks, control: &Control) -> anyhow::Result<Self> {
        control.step(Progress::new(Stage::Painting, 0, 1))?;
        let request = CutOutRequest { photo, frame: marks.frame, strokes: &marks.strokes };
        let made = cut_out(&request, Some(ProductMatting::shipped()?), || control.check())?;
        if made.doubts.contains(&Doubt::NothingFound) {
            bail!("{}", sentence(&Doubt::NothingFound.to_string()));
        }
        Ok(Self { verdict: verdict(&made), pixels: made.pixels })
    }
}

fn verdict(made: &CutOut) -> Verdict {
    let doubts = made.doubts.iter().map(|doubt| sentence(&doubt.to_string())).collect();
    Verdict { share: made.quality.score as f32, words: sentence(made.quality.words()), doubts }
}

/// How an imported photo came onto the canvas.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Origin {
    /// With its own transparency.
    SeeThrough,
    /// Cut out into `file`.
    Cut { file: PathBuf, verdict: Verdict },
    /// As it is, because it could not be cut out.
    Whole { why: String },
}

/// Reads a photo's product, cut out if the photo has no transparency; the cut-out is kept in `folder`.
pub(super) fn product_of(
    photo: &ProductPhoto,
    path: &Path,
    folder: &Path,
    control: &Control,
) -> anyhow::Result<(ReadyProduct, Origin)> {
    let Some(opaque) = opaque(&photo.pixels) else {
        return Ok((ReadyProduct::of(&photo.pixels), Origin::SeeThrough));
    };
    match Cut::of(&opaque, &Marks::default(), control) {
        Ok(cut) => {
            let file = keep(&cut.pixels, path, folder)?;
            Ok((ReadyProduct::of(&cut.pixels), Origin::Cut { file, verdict: cut.verdict }))
        }
        Err(error) if error.is::<Cancelled>() => Err(error),
        Err(error) => Ok((ReadyProduct::of(&photo.pixels), Origin::Whole { why: error.to_string() })),
    }
}

/// Whether the designer should look at it.
pub(super) fn is_doubtful(verdict: &Verdict) -> bool {
    verdict.share < TRUSTED || !verdict.doubts.is_empty()
}

/// Writes a cut-out as `NAME-cutout.png` into `folder`, under the first name that is free or already holds
/// these very bytes.
pub(super) fn keep(pixels: &RgbaImage, photo: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let mut bytes = Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, ImageFormat::Png).context("the cut-out cannot be written as PNG")?;
    keep_bytes(&bytes.into_inner(), photo, folder)
}

/// Cut-outs that lie in the program's own folder `own` come to stand beside the project that is saved at
/// `target`, so that it can move with them.
pub(super) fn bring_along(project: &mut Project, target: &Path, own: &Path) -> anyhow::Result<()> {
    let folder = base_of(target);
    for earring in &mut project.earrings {
        let Some(cut) = &earring.cut_from else { continue };
        let file = place_of(&folder, &earring.file);
        if file.parent() != Some(own) {
            continue;
        }
        // One that is gone is told of where it is missed: on the canvas.
        let Ok(bytes) = std::fs::read(&file) else { continue };
        let kept = keep_bytes(&bytes, Path::new(&cut.file), &folder)?;
        if let Some(name) = relative_path(target, &kept) {
            earring.file = name;
        }
    }
    Ok(())
}

fn keep_bytes(bytes: &[u8], photo: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let here =
        || format!("cannot save the cut-out; make room or save the project elsewhere ({})", folder.display());
    std::fs::create_dir_all(folder).with_context(here)?;
    let stem = photo.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for number in 1..=MOST_NAMES {
        let name =
            if number == 1 { format!("{stem}-cutout.png") } else { format!("{stem}-cutout-{number}.png") };
        let path = folder.join(name);
        if holds(&path, bytes) {
            return Ok(path);
        }
        if std::fs::symlink_metadata(&path).is_err() {
            write_whole(&path, |file| file.write_all(bytes)).with_context(here)?;
            return Ok(path);
        }
    }
    bail!("there are {MOST_NAMES} cut-outs of this photo already; delete some ({})", folder.display())
}

fn holds(path: &Path, bytes: &[u8]) -> bool {
    let as_long =
        std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() == bytes.len() as u64);
    as_long && std::fs::read(path).is_ok_and(|own| own == bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_cut_out_never_takes_another_file_s_place_and_the_same_one_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let photo = Path::new("/shop/photos/ring.jpg");
        let gold = RgbaImage::from_pixel(3, 3, Rgba([200, 160, 60, 255]));
        let silver = RgbaImage::from_pixel(3, 3, Rgba([200, 200, 200, 255]));
        std::fs::write(folder.path().join("ring-cutout.png"), "a designer's own").unwrap();
        let first = keep(&gold, photo, folder.path()).unwrap();
        let second = keep(&silver, photo, folder.path()).unwrap();
        assert_eq!(keep(&gold, photo, folder.path()).unwrap(), first);
        assert_ne!(first, second);
        assert_eq!(names(folder.path()), ["ring-cutout-2.png", "ring-cutout-3.png", "ring-cutout.png"]);
        assert_eq!(std::fs::read(folder.path().join("ring-cutout.png")).unwrap(), b"a designer's own");
        assert_eq!(image::open(first).unwrap().into_rgba8(), gold, "bit for bit");
    }

    #[test]
    fn the_folder_is_made_and_one_that_cannot_be_is_an_error_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let pixels = RgbaImage::from_pixel(3, 3, Rgba([1, 2, 3, 255]));
        let deep = folder.path().join("data/cutouts");
        assert!(keep(&pixels, Path::new("a.jpg"), &deep).unwrap().starts_with(&deep));
        let in_the_way = folder.path().join("file");
        std::fs::write(&in_the_way, "x").unwrap();
        let error = keep(&pixels, Path::new("a.jpg"), &in_the_way.join("deep")).unwrap_err();
        assert!(error.to_string().contains("deep"), "{error}");
    }
}

//! Sheets: every family on every ground, what was cut out of it, and the worst cases beside the truth.

use crate::jeweller::{Ground, GroundedPhoto};
use crate::picture::cutout::{Backdrop, lay_on};
use crate::picture::{Corner, caption};
use crate::render::sheet::contact_sheet;
use image::imageops::{FilterType, crop_imm, resize};
use image::{RgbImage, RgbaImage};

/// Side of a picture on the overviews, and on the sheet of the worst.
const TILE: u32 = 180;
const LARGE: u32 = 340;

/// Cases on the sheet of the worst.
const WORST: usize = 8;

/// Pixels between two pictures.
const GAP: u32 = 4;

/// The sheets in the making.
pub(super) struct Sheets {
    photos: Vec<RgbImage>,
    checkerboard: Vec<RgbImage>,
    black: Vec<RgbImage>,
    white: Vec<RgbImage>,
    /// The worst cases so far by their IoU, each four pictures.
    worst: Vec<(f64, [RgbImage; 4])>,
}

impl Sheets {
    pub(super) fn new() -> Self {
        Self {
            photos: Vec::new(),
            checkerboard: Vec::new(),
            black: Vec::new(),
            white: Vec::new(),
            worst: Vec::new(),
        }
    }

    /// Keeps what the sheets show of a case: of each family the piece `variant` whose turn it is on the ground.
    pub(super) fn take(
        &mut self,
        variant: u32,
        name: &str,
        shown: &GroundedPhoto,
        found: &RgbaImage,
        iou: f64,
    ) {
        if variant == 0 {
            let small = |picture: &RgbImage| resize(picture, TILE, TILE, FilterType::Triangle);
            let checkerboard = Backdrop::Checkerboard { side: shown.photo.width() / 40 };
            self.photos.push(small(&shown.photo));
            self.checkerboard.push(small(&lay_on(found, checkerboard)));
            self.black.push(small(&lay_on(found, Backdrop::Black)));
            self.white.push(small(&lay_on(found, Backdrop::White)));
        }
        let among = self.worst.len() < WORST || self.worst.last().is_some_and(|(best, _)| iou < *best);
        if among {
            self.worst.push((iou, beside_the_truth(name, shown, found, iou)));
            self.worst.sort_by(|one, other| one.0.total_cmp(&other.0));
            self.worst.truncate(WORST);
        }
    }

    pub(super) fn finish(self) -> Vec<(String, RgbImage)> {
        let columns = Ground::ALL.len() as u32;
        let worst: Vec<RgbImage> = self.worst.into_iter().flat_map(|(_, tiles)| tiles).collect();
        [
            ("photos", self.photos, columns),
            ("checkerboard", self.checkerboard, columns),
            ("black", self.black, columns),
            ("white", self.white, columns),
            ("worst", worst, 4),
        ]
        .map(|(name, tiles, columns)| (format!("cutout-{name}"), contact_sheet(&tiles, columns, GAP)))
        .into()
    }
}

/// Photo, cut-out, truth, and where alpha is wrong: too much red, too little blue.
fn beside_the_truth(name: &str, shown: &GroundedPhoto, found: &RgbaImage, iou: f64) -> [RgbImage; 4] {
    let side = shown.photo.width();
    let checkerboard = Backdrop::Checkerboard { side: side / 40 };
    let wrong = RgbImage::from_fn(side, shown.photo.height(), |x, y| {
        let (own, real) = (found.get_pixel(x, y).0[3], shown.truth.get_pixel(x, y).0[3]);
        let base = 60 + real / 4;
        let [more, less] = [own.saturating_sub(real), real.saturating_sub(own)];
        let lift = |by: u8| base.saturating_add(by).saturating_sub(more.max(less) / 3);
        image::Rgb([lift(more), lift(0), lift(less)])
    });
    let pictures =
        [shown.photo.clone(), lay_on(found, checkerboard), lay_on(&shown.truth, checkerboard), wrong];
    let mut tiles = pictures.map(|picture| {
        let short = picture.width().min(picture.height());
        resize(&*crop_imm(&picture, 0, 0, short, short), LARGE, LARGE, FilterType::Triangle)
    });
    caption(&mut tiles[0], &format!("{name}: IoU {iou:.3}"), Corner::BottomLeft);
    tiles
}

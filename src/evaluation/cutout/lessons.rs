//! Lessons for the matting network: photos of random jewels on random grounds, with the truth.
//!
//! A file a photo, `NUMBER-GROUND-SIDE.raw`: eight planes of evidence and the true alpha as bytes. Pieces differ
//! from those that are measured: their measures are drawn apart from each other.

use crate::jeweller::{Design, Family, Sweep, expose};
use crate::picture::cutout::{CutOutRequest, evidence};
use rayon::prelude::*;
use std::path::Path;

/// Pieces, and photos of each.
const PIECES: u64 = 336;
const GROUNDS: u64 = 4;

/// Sides of the photos, pixels.
const SIDES: [u32; 6] = [512, 640, 384, 768, 320, 576];

fn lesson(folder: &Path, number: u64) {
    // Every family meets every size.
    let side = SIDES[number as usize / Family::ALL.len() % SIDES.len()];
    let exposure = expose(&Design::any(number), side);
    (0..GROUNDS).into_par_iter().for_each(|ground| {
        let seed = number * 1000 + ground;
        let shown = exposure.over(&Sweep::any(seed), seed);
        let seen = evidence(&CutOutRequest { photo: &shown.photo, frame: None, strokes: &[] });
        let mut bytes: Vec<u8> = seen.planes.iter().map(|value| (255.0 * value).round() as u8).collect();
        bytes.extend(shown.truth.pixels().map(|pixel| pixel.0[3]));
        std::fs::write(folder.join(format!("{number:04}-{ground}-{side}.raw")), bytes)
            .expect("room on the disk");
    });
}

/// The folder is `ADORN_LESSONS`.
#[test]
#[ignore = "writes 4 GB of lessons for tests/oracles/matting/train.py"]
fn write_matting_lessons() {
    let folder = std::env::var_os("ADORN_LESSONS").expect("a folder in ADORN_LESSONS");
    std::fs::create_dir_all(&folder).expect("a folder");
    for number in 0..PIECES {
        lesson(Path::new(&folder), number);
    }
}

//! The rooms that read strangers' files, compiled without the window, and what the targets share.

#[path = "../../src/body/mod.rs"]
pub mod body;
#[path = "../../src/engine/mod.rs"]
pub mod engine;
#[path = "../../src/picture/mod.rs"]
pub mod picture;
#[path = "../../src/project/mod.rs"]
pub mod project;
#[path = "../../src/scene/mod.rs"]
pub mod scene;
#[path = "../../src/vision/mod.rs"]
pub mod vision;

use engine::bundle::random::{FileType, RandomSize, write_random};
use engine::progress::Control;
use image::RgbImage;
use project::{Other, Point, Stroke, StrokeKind};
use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::{NamedTempFile, TempDir};

/// What was read, if it was; a refusal must be one line.
pub fn said<T, E: Display>(outcome: Result<T, E>) -> Option<T> {
    outcome
        .inspect_err(|error| {
            let line = error.to_string();
            // candle adds a backtrace below its own errors' first line.
            assert!(!line.is_empty() && !line.starts_with('\n'), "{line:?}");
        })
        .ok()
}

/// A file of these bytes. After an odd first byte they are a safetensors header, whose length and tensors
/// are added: few inputs would get past the length otherwise.
pub fn as_weight_file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("room for a temporary file");
    let whole = match bytes.split_first() {
        Some((first, header)) if first % 2 == 1 => {
            let tensors = vec![*first; usize::from(*first) * 8];
            [&(header.len() as u64).to_le_bytes(), header, &tensors].concat()
        }
        _ => bytes.get(1..).unwrap_or_default().to_vec(),
    };
    file.write_all(&whole).expect("room for a temporary file");
    file
}

/// A small bundle, made once and left behind: a target is stopped, it does not end.
pub fn mini() -> &'static Path {
    static FOLDER: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let home = tempfile::tempdir().expect("room for a temporary folder");
        let folder = home.path().join("mini");
        write_random(RandomSize::Mini, 1, FileType::F32, &folder, &Control::silent()).expect("a bundle");
        (home, folder)
    });
    &made.1
}

/// A picture of at most 64 pixels a side from the first bytes, and the bytes after it. Missing pixels are black.
pub fn small_picture(bytes: &[u8]) -> Option<(RgbImage, &[u8])> {
    let (size, rest) = bytes.split_first_chunk::<2>()?;
    let [width, height] = size.map(|side| u32::from(side % 64) + 1);
    let taken = rest.len().min((width * height * 3) as usize);
    let (own, rest) = rest.split_at(taken);
    let mut pixels = own.to_vec();
    pixels.resize((width * height * 3) as usize, 0);
    Some((RgbImage::from_raw(width, height, pixels)?, rest))
}

/// A stroke for every five bytes: kind, radius, a line of two points.
pub fn strokes(bytes: &[u8]) -> Vec<Stroke> {
    let point = |x: u8, y: u8| Point { x: f64::from(x) / 2.0 - 20.0, y: f64::from(y) / 2.0 - 20.0 };
    let stroke = |[first, x, y, to_x, to_y]: &[u8; 5]| Stroke {
        kind: if first % 2 == 0 { StrokeKind::Include } else { StrokeKind::Exclude },
        radius: f64::from(*first) / 8.0 + 0.1,
        points: vec![point(*x, *y), point(*to_x, *to_y)],
        other: Other::new(),
    };
    bytes.as_chunks::<5>().0.iter().take(32).map(stroke).collect()
}

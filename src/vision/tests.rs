//! The networks against face-api itself, and pictures that are no portraits.

use super::*;
use image::{Rgb, RgbImage};
use rayon::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What face-api found of one face; made by `tests/oracles/face_api/expect.mjs`.
#[derive(Deserialize)]
struct Expected {
    r#box: [f64; 5],
    landmarks: Vec<f64>,
    descriptor: Vec<f32>,
}

/// The largest differences from face-api: box and landmarks in pixels, score, descriptor numbers.
#[derive(Debug, Default, Clone, Copy)]
struct Difference {
    faces: usize,
    /// Faces whose descriptor both read from the same square.
    whole: usize,
    frame: f64,
    score: f64,
    landmarks: f64,
    descriptor: f64,
}

impl Difference {
    fn or_larger(self, other: Self) -> Self {
        Self {
            faces: self.faces + other.faces,
            whole: self.whole + other.whole,
            frame: self.frame.max(other.frame),
            score: self.score.max(other.score),
            landmarks: self.landmarks.max(other.landmarks),
            descriptor: self.descriptor.max(other.descriptor),
        }
    }
}

fn read(path: &Path) -> RgbImage {
    image::open(path).expect("a picture of the fixture").to_rgb8()
}

fn difference(eyes: &Eyes, picture: &RgbImage, expected: &[Expected]) -> Difference {
    let found = eyes.faces_at_once(picture).unwrap();
    assert_eq!(found.len(), expected.len(), "as many faces as face-api finds");
    let pairs = found.iter().zip(expected);
    pairs
        .map(|(face, expected)| of_one_face(eyes, picture, face, expected))
        .fold(Difference::default(), Difference::or_larger)
}

fn of_one_face(eyes: &Eyes, picture: &RgbImage, face: &FaceBox, expected: &Expected) -> Difference {
    let largest = |pairs: Vec<(f64, f64)>| pairs.into_iter().map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let mut landmarks = eyes.landmarks(picture, face).unwrap();
    // Where the picture's edge cuts a box, face-api shifts landmarks by what was cut off; ours stay on the face.
    let cut = DVec2::new(face.left.min(0.0), face.top.min(0.0));
    landmarks.0.iter_mut().for_each(|landmark| *landmark += cut);
    // Near the left and top edge it also makes the descriptor's square narrower than the face asks for.
    let square = eyes::aligned(&landmarks);
    let narrow = |side: f64, length: f64, cut: f64, start: f64| side > (length + cut).floor() + start;
    let whole = !narrow(square.width, face.width, cut.x, square.left)
        && !narrow(square.height, face.height, cut.y, square.top);
    let descriptor = eyes.descriptor_of(picture, &landmarks).unwrap();
    let own = [face.left, face.top, face.width, face.height];
    let flat: Vec<_> = landmarks.0.iter().flat_map(DVec2::to_array).collect();
    let numbers = descriptor.0.iter().zip(&expected.descriptor).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    assert_eq!((flat.len(), expected.descriptor.len()), (expected.landmarks.len(), DESCRIPTOR));
    Difference {
        faces: 1,
        whole: usize::from(whole),
        frame: largest(own.into_iter().zip(expected.r#box).collect()),
        score: (f64::from(face.score) - expected.r#box[4]).abs(),
        landmarks: largest(flat.into_iter().zip(expected.landmarks.iter().copied()).collect()),
        descriptor: if whole { largest(numbers.collect()) } else { 0.0 },
    }
}

#[test]
fn faces_are_those_that_face_api_sees() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vision"));
    let expected = std::fs::read_to_string(folder.join("faces.json")).unwrap();
    let expected: BTreeMap<String, Vec<Expected>> = serde_json::from_str(&expected).unwrap();
    let eyes = Eyes::shipped().unwrap();
    let differences = expected
        .par_iter()
        .map(|(name, expected)| difference(&eyes, &read(&folder.join("faces").join(name)), expected));
    let total = differences.reduce(Difference::default, Difference::or_larger);
    assert!(total.whole >= 50, "{total:?}");
    assert!(total.frame < 1e-2 && total.landmarks < 1e-2, "{total:?}");
    assert!(total.score < 1e-4 && total.descriptor < 1e-4, "{total:?}");
}

/// The same over the folder and the expectations that the environment names; `tests/oracles/README.md` has the
/// commands.
#[test]
#[ignore = "needs pictures from outside"]
fn faces_of_a_folder_are_those_that_face_api_sees() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let expected = std::fs::read_to_string(variable("ADORN_EXPECTED")).unwrap();
    let expected: BTreeMap<String, Vec<Expected>> = serde_json::from_str(&expected).unwrap();
    let eyes = Eyes::shipped().unwrap();
    let folder = variable("ADORN_FACES");
    let differences = expected.par_iter().map(|(name, expected)| {
        let picture = Path::new(&folder).join(name);
        difference(&eyes, &read(&picture), expected)
    });
    let total = differences.reduce(Difference::default, Difference::or_larger);
    println!("{total:?}");
    assert!(total.frame < 1.0 && total.landmarks < 1.0 && total.descriptor < 1e-3, "{total:?}");
}

/// Pictures without a face in them, and small or odd ones.
fn oddities() -> Vec<(&'static str, RgbImage)> {
    let noise = |x: u32, y: u32| {
        let mix = (x.wrapping_mul(0x9E37_79B9) ^ y.wrapping_mul(0x85EB_CA6B)).wrapping_mul(0xC2B2_AE35);
        Rgb([(mix >> 8) as u8, (mix >> 16) as u8, (mix >> 24) as u8])
    };
    vec![
        ("black", RgbImage::new(64, 64)),
        ("one pixel", RgbImage::from_pixel(1, 1, Rgb([200, 150, 120]))),
        ("a row", RgbImage::from_pixel(300, 1, Rgb([200, 150, 120]))),
        ("panorama", RgbImage::from_fn(20_000, 50, |x, y| Rgb([(x / 90) as u8, (y * 5) as u8, 90]))),
        ("noise", RgbImage::from_fn(96, 80, noise)),
        ("stripes", RgbImage::from_fn(90, 120, |x, _| Rgb([if x % 9 < 4 { 255 } else { 20 }; 3]))),
    ]
}

#[test]
fn where_no_face_is_none_is_seen() {
    let eyes = Eyes::shipped().unwrap();
    for (name, picture) in oddities() {
        assert_eq!(eyes.faces(&picture).unwrap(), [], "{name}");
    }
    assert_eq!(eyes.faces(&RgbImage::new(0, 0)).unwrap(), []);
}

#[test]
fn boxes_that_no_picture_has_are_refused() {
    let eyes = Eyes::shipped().unwrap();
    let picture = RgbImage::new(40, 30);
    let face = |left: f64, top: f64, size: f64| FaceBox { left, top, width: size, height: size, score: 1.0 };
    for odd in [face(50.0, 0.0, 9.0), face(-20.0, 0.0, 9.0), face(0.0, 0.0, 0.0), face(f64::NAN, 0.0, 9.0)] {
        assert!(matches!(eyes.landmarks(&picture, &odd), Err(VisionError::Outside)), "{odd:?}");
    }
    let endless = eyes.landmarks(&picture, &face(f64::NEG_INFINITY, 0.0, f64::INFINITY));
    assert!(matches!(endless, Err(VisionError::Outside)));
    for nowhere in [DVec2::ZERO, DVec2::splat(900.0), DVec2::NAN] {
        let odd = eyes.descriptor_of(&picture, &FaceLandmarks([nowhere; LANDMARKS]));
        assert!(matches!(odd, Err(VisionError::TooSmall)), "{nowhere}");
    }
}

fn a_face() -> RgbImage {
    read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vision/faces/female_00.webp")))
}

#[test]
fn the_same_picture_gives_the_same_numbers() {
    let (eyes, picture) = (Eyes::shipped().unwrap(), a_face());
    let all = || {
        let face = eyes.faces(&picture).unwrap()[0];
        (face, eyes.landmarks(&picture, &face).unwrap(), eyes.descriptor(&picture, &face).unwrap())
    };
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(alone.install(all), all());
}

#[test]
fn a_small_face_in_a_large_picture_is_found_by_closer_looks() {
    let eyes = Eyes::shipped().unwrap();
    let mut picture = RgbImage::from_pixel(900, 700, Rgb([120, 130, 140]));
    image::imageops::replace(&mut picture, &a_face(), 610, 380);
    let face = eyes.faces(&picture).unwrap()[0];
    let alone = eyes.faces(&a_face()).unwrap()[0];
    let there = FaceBox { left: alone.left + 610.0, top: alone.top + 380.0, ..alone };
    assert!(face.overlap(&there) > 0.5, "{face:?} {there:?}");
}

#[test]
fn every_face_of_a_group_is_found() {
    let (eyes, face) = (Eyes::shipped().unwrap(), a_face());
    let mut group = RgbImage::new(face.width() * 2 + 20, face.height());
    for x in [0, face.width() + 20] {
        image::imageops::replace(&mut group, &face, i64::from(x), 0);
    }
    assert_eq!(eyes.faces(&group).unwrap().len(), 2);
}

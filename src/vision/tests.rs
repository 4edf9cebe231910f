//! The networks against face-api itself, and pictures that are no portraits.

use super::*;
use image::RgbImage;
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
    frame: f64,
    score: f64,
    landmarks: f64,
    descriptor: f64,
}

impl Difference {
    fn or_larger(self, other: Self) -> Self {
        Self {
            faces: self.faces + other.faces,
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
    let descriptor = eyes.descriptor_of(picture, &landmarks).unwrap();
    let own = [face.left, face.top, face.width, face.height];
    let flat: Vec<_> = landmarks.0.iter().flat_map(|landmark| landmark.to_array()).collect();
    let numbers = descriptor.0.iter().zip(&expected.descriptor).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    assert_eq!((flat.len(), expected.descriptor.len()), (expected.landmarks.len(), DESCRIPTOR));
    Difference {
        faces: 1,
        frame: largest(own.into_iter().zip(expected.r#box).collect()),
        score: (f64::from(face.score) - expected.r#box[4]).abs(),
        landmarks: largest(flat.into_iter().zip(expected.landmarks.iter().copied()).collect()),
        descriptor: largest(numbers.collect()),
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
    println!("{total:?}");
    assert!(total.faces >= 50, "{total:?}");
    assert!(total.frame < 1e-2 && total.landmarks < 1e-2, "{total:?}");
    assert!(total.score < 1e-4 && total.descriptor < 1e-4, "{total:?}");
}

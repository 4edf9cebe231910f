//! The eyes' commands over every kind of picture that is no face and no product: plain words, the right exit code,
//! nothing written, no panic, and an end.

#![expect(clippy::expect_used, reason = "a test that cannot prepare its files has failed")]

use image::{Rgb, RgbImage, Rgba, RgbaImage, imageops};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Far beyond what any of them takes, even on a busy machine.
const LONGEST: Duration = Duration::from_secs(120);

fn adorn(folder: &Path, arguments: &[&str]) -> Output {
    let started = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_adorn"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("ADORN_LOG")
        .output()
        .expect("the program starts");
    assert!(started.elapsed() < LONGEST, "{arguments:?} took {:?}", started.elapsed());
    output
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Refused as bad input: a headline and a line of help.
fn refuse(folder: &Path, arguments: &[&str]) {
    let output = adorn(folder, arguments);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}\n{text}");
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("error: "), "{arguments:?}\n{text}");
    assert!(lines[1].starts_with("  help: ") && lines[1].len() > 16, "{arguments:?}\n{text}");
}

/// Done or refused, but never a defect.
fn end_well(folder: &Path, arguments: &[&str]) {
    let output = adorn(folder, arguments);
    let text = stderr(&output);
    assert!(matches!(output.status.code(), Some(0 | 2)), "{arguments:?}\n{text}");
    assert!(!text.contains("panicked") && !text.contains("defect"), "{arguments:?}\n{text}");
}

/// The face that Adorn paints for its sample.
fn sample_face() -> RgbImage {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample/face.png");
    image::open(path).expect("the sample's face").into_rgb8()
}

/// Flat colours and outlines: a cartoon animal with round eyes and ears.
fn cartoon() -> RgbImage {
    let in_circle = |x: u32, y: u32, (cx, cy, r): (i64, i64, i64)| {
        (i64::from(x) - cx).pow(2) + (i64::from(y) - cy).pow(2) < r * r
    };
    RgbImage::from_fn(240, 240, |x, y| {
        let part = |circles: &[(i64, i64, i64)]| circles.iter().any(|circle| in_circle(x, y, *circle));
        if part(&[(95, 105, 8), (145, 105, 8), (120, 140, 12)]) {
            Rgb([10, 10, 10])
        } else if part(&[(95, 105, 20), (145, 105, 20)]) {
            Rgb([255, 255, 255])
        } else if part(&[(120, 125, 75), (60, 60, 35), (180, 60, 35)]) {
            Rgb([150, 100, 60])
        } else {
            Rgb([120, 190, 240])
        }
    })
}

#[test]
fn pictures_without_a_face_are_refused_in_words_and_write_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let save = |name: &str, picture: RgbImage| picture.save(at.join(name)).expect("a picture");
    save("one.png", RgbImage::new(1, 1));
    save("black.png", RgbImage::new(320, 240));
    save("line.png", RgbImage::from_pixel(3000, 1, Rgb([200, 180, 160])));
    save("tiny-face.png", imageops::thumbnail(&sample_face(), 14, 14));
    std::fs::write(at.join("words.jpg"), "not a picture").expect("a file");
    for name in ["one.png", "black.png", "line.png", "tiny-face.png", "words.jpg", "missing.png"] {
        refuse(at, &["face", name, "--out", "clean.png", "--crop-out", "crop.png"]);
        refuse(at, &["pose", name, "--out", "pose.toml"]);
    }
    for name in ["clean.png", "crop.png", "pose.toml"] {
        assert!(!at.join(name).exists(), "{name} was written");
    }
    refuse(at, &["verify", "words.jpg"]);
}

#[test]
fn drawings_and_panoramas_come_to_an_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    cartoon().save(at.join("cartoon.png")).expect("a picture");
    RgbImage::from_fn(20_000, 64, |x, y| Rgb([(x / 79) as u8, (y * 4) as u8, 90]))
        .save(at.join("panorama.png"))
        .expect("a picture");
    RgbImage::new(20_001, 2).save(at.join("too-wide.png")).expect("a picture");
    for name in ["cartoon.png", "panorama.png"] {
        end_well(at, &["face", name]);
        end_well(at, &["pose", name]);
        end_well(at, &["cutout", name, "--out", "cut.png"]);
    }
    refuse(at, &["face", "too-wide.png"]);
    refuse(at, &["cutout", "too-wide.png", "--out", "cut.png"]);
}

#[test]
fn a_face_is_cropped_inside_its_photo_and_several_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let face = sample_face();
    let mut both = RgbImage::from_pixel(face.width() * 2, face.height(), *face.get_pixel(0, 0));
    imageops::replace(&mut both, &face, 0, 0);
    imageops::replace(&mut both, &face, i64::from(face.width()), 0);
    both.save(at.join("both.png")).expect("a picture");
    let output = adorn(at, &["face", "both.png", "--json", "--crop-out", "crop.png", "--out", "clean.png"]);
    let (said, text) = (String::from_utf8_lossy(&output.stdout), stderr(&output));
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("the photo shows 2 faces"), "{text}");
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let side = said["crop"]["side"].as_f64().expect("a side") as u32;
    let crop = image::open(at.join("crop.png")).expect("a crop");
    assert_eq!((crop.width(), crop.height()), (side, side));
    let clean = image::open(at.join("clean.png")).expect("a clean photo").into_rgb8();
    assert_eq!(clean.dimensions(), both.dimensions());
    refuse(at, &["face", "both.png", "--out", "both.png"]);
}

#[test]
fn products_that_cannot_be_cut_out_end_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let save = |name: &str, picture: RgbImage| picture.save(at.join(name)).expect("a picture");
    save("one.png", RgbImage::new(1, 1));
    save("black.png", RgbImage::new(200, 150));
    save("fills.png", RgbImage::from_fn(160, 160, |x, y| Rgb([200, (x ^ y) as u8, 40])));
    save(
        "same-colour.png",
        RgbImage::from_fn(160, 160, |x, y| {
            let inside = (50..110).contains(&x) && (50..110).contains(&y);
            Rgb(if inside { [201, 200, 200] } else { [200, 200, 200] })
        }),
    );
    for name in ["one.png", "black.png", "fills.png", "same-colour.png"] {
        end_well(at, &["cutout", name, "--out", "cut.png"]);
    }
    let glass = RgbaImage::from_fn(90, 90, |x, _| Rgba([255, 255, 255, if x < 45 { 0 } else { 120 }]));
    glass.save(at.join("glass.png")).expect("a picture");
    refuse(at, &["cutout", "glass.png", "--out", "glass-cut.png"]);
    assert!(!at.join("glass-cut.png").exists());
}

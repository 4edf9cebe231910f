//! What is found in a portrait, and what a turn keeps.

use super::relief::Head;
use super::*;
use crate::body::BodyModel;
use crate::engine::progress::{CancelFlag, Control};
use crate::people::{People, Person, Shot, Sitting};
use crate::picture::load_face;
use crate::project::{CanvasSize, HeadAngles};
use crate::training::shards::{MANIFEST, Order, Shards};
use crate::training::synthesize::{Request, Style, Truth, synthesize};
use crate::vision::{Eyes, FaceLandmarks, HeadPoints, look_at_head};
use glam::DVec2;
use image::{Rgb, RgbImage, imageops};
use std::path::{Path, PathBuf};

const SIZE: CanvasSize = CanvasSize { width: 640, height: 640 };

/// A portrait whose truth is known: a rendered person with bare ears, from the front.
fn portrait() -> Shot {
    let people = People::new().unwrap();
    let bare = |id: &u64| {
        let own = Person::of(*id).attributes();
        own.ears_shown && !own.woman && own.hair.words().contains("short")
    };
    let id = (0..400).find(bare).unwrap();
    let person = Person::of(id);
    let mut sitting = Sitting::of(4, &person, SIZE);
    sitting.angles = HeadAngles { yaw_deg: 6.0, pitch_deg: 0.0, roll_deg: 0.0 };
    people.shoot(&person, &sitting).unwrap()
}

fn folder_with(portrait: &RgbImage) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    portrait.save(inner.join("a.png")).unwrap();
    std::fs::write(inner.join("captions.json"), r#"{"a.png": "a man"}"#).unwrap();
    std::fs::write(inner.join("broken.jpg"), b"no picture").unwrap();
    RgbImage::new(64, 64).save(folder.path().join("black.png")).unwrap();
    folder
}

fn open(folder: &Path) -> Result<Portraits, PortraitsError> {
    Portraits::open(folder, &BodyModel::open_head().unwrap(), &Control::silent())
}

fn view(yaw_deg: f64, lobe: usize) -> View {
    let framing = Framing {
        size: CanvasSize { width: 256, height: 256 },
        lobe,
        at: DVec2::splat(128.0),
        face_height: 120.0,
    };
    View { yaw_deg, pitch_deg: 0.0, framing, relight: DVec2::ZERO, exposure: 1.0, warmth: 0.0 }
}

#[test]
fn a_portrait_is_found_turned_and_knows_its_truth() {
    let shot = portrait();
    let folder = folder_with(&shot.picture);
    let portraits = open(folder.path()).unwrap();
    // What cannot be used is named with its reason.
    let names: Vec<_> = portraits.unusable().iter().map(|left_out| left_out.name.as_str()).collect();
    assert_eq!(names, ["black.png", "inner/broken.jpg"], "{:?}", portraits.unusable());
    let [usable] = portraits.usable() else { panic!("{:?}", portraits.unusable()) };
    assert_eq!(
        (portraits.name(usable.index), portraits.caption(usable.index)),
        ("inner/a.png", Some("a man"))
    );
    assert!((usable.yaw_deg - shot.angles.yaw_deg).abs() < 6.0, "{usable:?} {:?}", shot.angles);
    let sitter = portraits.sitter(usable.index);
    let sitter = (*sitter).as_ref().unwrap();
    let lobe = usize::from(!usable.bare[0]);
    let off_mm = sitter.lobes[lobe].distance(shot.lobes[lobe].in_canvas) / shot.lobes[lobe].px_per_mm;
    assert!(off_mm < 6.0, "the lobe is {off_mm} mm off");
    // Not turned, a view is the photo, moved and scaled.
    let still = sitter.seen(&view(0.0, lobe)).unwrap();
    let scale = still.camera.focal.x / sitter.camera.focal.x;
    for (photo, seen) in sitter.landmarks.0.iter().zip(&still.landmarks) {
        let moved = (*photo - sitter.camera.centre) * scale + still.camera.centre;
        assert!(moved.distance(*seen) < 0.05, "{moved} {seen}");
    }
    let rows = still.face_rows.1 - still.face_rows.0;
    assert!((rows - 120.0).abs() < 0.5, "{rows}");
    // Turned to the picture's right, the nose goes there and the angles say so.
    let nose = |shot: &Shot| shot.landmarks[30].x - shot.landmarks[36].midpoint(shot.landmarks[45]).x;
    let turned = sitter.seen(&view(15.0, lobe)).unwrap();
    assert!(nose(&turned) - nose(&still) > 5.0, "{} {}", nose(&turned), nose(&still));
    assert!((turned.angles.yaw_deg - still.angles.yaw_deg - 15.0).abs() < 1.0, "{:?}", turned.angles);
    let colour = |shot: &Shot| {
        let at = shot.landmarks[30];
        shot.picture.get_pixel(at.x as u32, at.y as u32).0.map(i32::from)
    };
    let off = colour(&still).iter().zip(colour(&turned)).map(|(one, other)| (one - other).abs()).max();
    assert!(off < Some(24), "the nose's pixels go along: {:?} {:?}", colour(&still), colour(&turned));
    assert_eq!(turned.picture, sitter.seen(&view(15.0, lobe)).unwrap().picture);
    // The mirrored person's picture is the mirrored picture.
    let mirrored = sitter.mirrored().seen(&view(-15.0, 1 - lobe)).unwrap();
    assert!((mirrored.angles.yaw_deg + turned.angles.yaw_deg).abs() < 0.01, "{:?}", mirrored.angles);
    for (one, other) in FaceLandmarks(turned.landmarks).mirrored(256).0.iter().zip(&mirrored.landmarks) {
        assert!(one.distance(*other) < 0.05, "{one} {other}");
    }
    let both = imageops::flip_horizontal(&turned.picture);
    let off = both.iter().zip(mirrored.picture.iter()).map(|(one, other)| f64::from(one.abs_diff(*other)));
    let off = off.sum::<f64>() / both.len() as f64;
    assert!(off < 2.5, "{off} codes"); // Cells are cut along one diagonal.
}

#[test]
fn a_set_of_photographs_says_whose_they_are_and_hangs_nothing_on_a_hidden_ear() {
    let folder = folder_with(&portrait().picture);
    let out = tempfile::tempdir().unwrap();
    let make = |out: &Path| {
        let style = Style::Photographic(folder.path().to_owned());
        let request = Request { out: out.to_owned(), count: 3, seed: 2, size: 256, per_shard: 3, style };
        synthesize(&request, &Control::silent()).unwrap()
    };
    let made = make(out.path());
    assert_eq!(made.unusable.len(), 2);
    let text = std::fs::read_to_string(out.path().join(MANIFEST)).unwrap();
    assert!(!text.contains(folder.path().to_str().unwrap()), "a manifest knows no paths");
    let shards = Shards::open(out.path()).unwrap();
    let samples: Vec<_> = shards.stream(Order::Written, &[]).map(Result::unwrap).collect();
    assert!(!samples.is_empty());
    let portraits = open(folder.path()).unwrap();
    let bare = portraits.usable()[0].bare;
    for sample in &samples {
        let truth: Truth = serde_json::from_slice(sample.member("truth.json").unwrap()).unwrap();
        assert_eq!((truth.style.as_str(), truth.attributes), ("photographic", None));
        assert!(truth.sources[0].contains(&portraits.usable()[0].sha256), "{:?}", truth.sources);
        assert!(truth.caption.to_lowercase().contains("a man"), "{}", truth.caption);
        assert!(truth.earrings.len() <= bare.iter().filter(|bare| **bare).count(), "{bare:?}");
        let [one, other] = truth.lobes.each_ref().map(|lobe| DVec2::from_array(lobe.at));
        assert!(one.distance(other) > 20.0, "every lobe has its own place: {one} {other}");
    }
    let again = tempfile::tempdir().unwrap();
    assert_eq!(make(again.path()).manifest, made.manifest);
}

#[test]
fn folders_without_portraits_are_refused_and_a_stop_is_heard() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(open(folder.path()), Err(PortraitsError::Empty(_))));
    assert!(matches!(open(&folder.path().join("none")), Err(PortraitsError::Folder(_))));
    RgbImage::new(40, 40).save(folder.path().join("a.png")).unwrap();
    assert!(open(folder.path()).unwrap().usable().is_empty());
    let stop = CancelFlag::default();
    stop.cancel();
    let model = BodyModel::open_head().unwrap();
    let stopped = Portraits::open(folder.path(), &model, &Control::new(stop, |_| {}));
    assert!(matches!(stopped, Err(PortraitsError::Cancelled(_))));
    std::fs::write(folder.path().join("captions.json"), "[]").unwrap();
    assert!(matches!(open(folder.path()), Err(PortraitsError::Captions(_))));
}

/// Draws every portrait's ears in the folder `ADORN_PORTRAITS`: where the fit expects the lobe (red), where it is
/// found (green).
#[test]
#[ignore = "needs a folder of portraits; writes into the temporary folder"]
fn write_the_lobes() {
    let folder = PathBuf::from(std::env::var_os("ADORN_PORTRAITS").unwrap());
    let model = BodyModel::open_head().unwrap();
    let points = HeadPoints::of(&model);
    let (eyes, head) = (Eyes::shipped().unwrap(), Head::of(&model, &points));
    let mut tiles = Vec::new();
    let mut paths: Vec<_> = walk(&folder);
    paths.sort();
    for path in paths {
        let photo = load_face(&path).unwrap();
        let Some(fit) = look_at_head(&eyes, &points, &photo, &eyes.faces(&photo).unwrap(), None).unwrap()
        else {
            continue;
        };
        let sitter = Sitter::of(&eyes, &points, &head, photo.clone());
        for (side, expected) in fit.lobes_in_picture.into_iter().enumerate() {
            let found = sitter.as_ref().ok().filter(|sitter| sitter.bare()[side]);
            let lobe = found.map(|sitter| sitter.lobes[side]);
            let mut marked = photo.clone();
            let mut dot = |at: DVec2, colour: Rgb<u8>| {
                for (dx, dy) in (-2..=2).flat_map(|dx| (-2..=2).map(move |dy| (dx, dy))) {
                    if let Some(pixel) =
                        marked.get_pixel_mut_checked((at.x as i32 + dx) as u32, (at.y as i32 + dy) as u32)
                    {
                        *pixel = colour;
                    }
                }
            };
            dot(expected, Rgb([255, 0, 0]));
            if let Some(at) = lobe {
                dot(at, Rgb([0, 255, 0]));
            }
            let half = 0.045 * fit.placing.scale;
            let (left, top) = ((expected.x - half).max(0.0) as u32, (expected.y - half).max(0.0) as u32);
            let crop = imageops::crop_imm(&marked, left, top, 2 * half as u32, 2 * half as u32).to_image();
            let mut tile = imageops::resize(&crop, 96, 96, imageops::FilterType::Triangle);
            if lobe.is_some() {
                for x in 0..96 {
                    tile.put_pixel(x, 0, Rgb([0, 255, 0]));
                    tile.put_pixel(x, 95, Rgb([0, 255, 0]));
                }
            }
            tiles.push(tile);
        }
    }
    let sheet = crate::render::sheet::contact_sheet(&tiles, 20, 2);
    sheet.save(std::env::temp_dir().join("adorn-lobes.png")).unwrap();
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let pictures = files.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "jpg"));
    pictures.chain(folders.iter().flat_map(|folder| walk(folder))).collect()
}

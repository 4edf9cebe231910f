//! The truth held against the pictures it came with.

use super::super::shards::{Order, Sample, Shards};
use super::*;
use crate::picture::{PlacedEarring, composite};
use crate::render::sheet::contact_sheet;
use image::imageops::{self, FilterType};
use image::{DynamicImage, RgbImage};
use std::collections::BTreeSet;
use std::path::Path;

fn request(out: &Path, count: u64) -> Request {
    Request { out: out.to_owned(), count, seed: 11, size: 256, per_shard: 2, style: Style::Rendered }
}

fn maker() -> Maker {
    Maker::new(&request(Path::new("."), 1), &Control::silent()).unwrap()
}

fn picture(sample: &Sample, ending: &str) -> RgbImage {
    sample.picture(ending).unwrap().into_rgb8()
}

#[test]
fn a_picture_is_its_twin_in_the_earring_s_shadow_under_the_cut_out() {
    let finished = maker().finished(3).unwrap().unwrap();
    let Finished { shot, dressed, .. } = &finished;
    let again = composite(&dressed.shaded, &PlacedEarring::from_pixels(dressed.cut.clone()));
    assert_eq!(again, dressed.picture);
    let (mut opaque, mut darker) = (0, 0);
    let pixels = dressed.picture.pixels().zip(shot.picture.pixels()).zip(dressed.cut.pixels());
    for ((with, without), cut) in pixels.zip(dressed.whole.pixels()).map(|(rest, whole)| {
        assert!(rest.1.0[3] <= whole.0[0].saturating_add(1), "more is seen than there is");
        rest
    }) {
        match cut.0[3] {
            255 => {
                opaque += 1;
                assert_eq!(with.0, cut.0[..3]);
            }
            0 => {
                // Outside the matte there is nothing but shadow.
                assert!(with.0.iter().zip(without.0).all(|(with, without)| *with <= without));
                darker += usize::from(with != without);
            }
            _ => {}
        }
    }
    assert!(opaque > 0 && darker > 0, "{opaque} opaque pixels, {darker} in shadow");
}

#[test]
fn a_sample_holds_everything_and_the_truth_fits_its_members() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = synthesize(&request(folder.path(), 2), &Control::silent()).unwrap().manifest;
    assert_eq!(manifest.samples, 2);
    assert_eq!(manifest.statistics.of("style").collect::<Vec<_>>(), [("rendered", 2)]);
    let shards = Shards::open(folder.path()).unwrap();
    shards.verify().unwrap();
    for sample in shards.stream(Order::Written, &[]) {
        let sample = sample.unwrap();
        assert!(MEMBERS.iter().all(|ending| sample.member(ending).is_some()));
        let truth: Truth = serde_json::from_slice(sample.member("truth.json").unwrap()).unwrap();
        assert_eq!(truth.id, sample.key);
        assert_eq!((truth.landmarks.len(), truth.landmarks_in_world.len()), (68, 68));
        for ending in ["picture.png", "twin.png", "cut.png", "matte.png", "scale.png"] {
            let side = sample.picture(ending).unwrap();
            assert_eq!((side.width(), side.height()), (256, 256), "{ending}");
        }
        assert_eq!(picture(&sample, "pose.png").dimensions(), (256, 256));
        let cut = sample.picture("cut.png").unwrap().into_rgba8();
        let DynamicImage::ImageLumaA8(matte) = sample.picture("matte.png").unwrap() else { panic!("grey") };
        assert!(cut.pixels().zip(matte.pixels()).all(|(cut, matte)| cut.0[3] == matte.0[1]));
        let area = |channel: usize| matte.pixels().map(|p| f64::from(p.0[channel])).sum::<f64>() / 255.0;
        let seen: f64 = truth.earrings.iter().map(|earring| earring.seen * earring.whole_px).sum();
        assert!((area(1) - seen).abs() < 0.02 * seen + 1.0, "{} {seen}", area(1));
        let scale = sample.picture("scale.png").unwrap().into_luma8();
        let rows: Vec<u32> = (0..256).filter(|row| scale.get_pixel(9, *row).0[0] == 255).collect();
        let limits = [rows[0], rows[rows.len() - 1] + 1].map(f64::from);
        assert!((0..2).all(|limit| (limits[limit] - truth.face_rows[limit]).abs() <= 0.5), "{truth:?}");
        // Every landmark is where the camera puts its world point.
        let camera = &truth.camera;
        for (at, world) in truth.landmarks.iter().zip(&truth.landmarks_in_world) {
            let [x, y, z] = [world[0], -world[1], -world[2]];
            let point = [x, y, z].map(f64::from);
            let z = point[2] + f64::from(camera.translation[2]);
            for axis in 0..2 {
                let seen = (point[axis] + f64::from(camera.translation[axis])) / z;
                assert!((camera.focal[axis] * seen + camera.centre[axis] - at[axis]).abs() < 0.01);
            }
        }
    }
}

#[test]
fn both_styles_of_a_mixed_set_are_spread_over_everything() {
    for style in [false, true] {
        let own = (0..128).map(|number| taking_turns(7, number)).filter(|(second, _)| *second == style);
        let even: Vec<_> = own.map(|(_, (seed, number))| cast::evenly(seed, number)).collect();
        assert_eq!(even.len(), 64);
        for axis in 0..4 {
            let in_quarter =
                |quarter: f64| even.iter().filter(|at| (at[axis] * 4.0).floor() == quarter).count();
            let counts = [0.0, 1.0, 2.0, 3.0].map(in_quarter);
            assert!(counts.iter().all(|count| (13..=19).contains(count)), "axis {axis}: {counts:?}");
        }
    }
}

/// A set of any size, shuffled in bounded memory: its digests hold, every member of every sample can be read, and the
/// manifest counts what is there.
#[test]
#[ignore = "needs a set: ADORN_SHARDS=FOLDER"]
fn a_whole_set_is_read_back() {
    let folder = PathBuf::from(std::env::var_os("ADORN_SHARDS").expect("ADORN_SHARDS"));
    let shards = Shards::open(&folder).unwrap();
    shards.verify().unwrap();
    let manifest = shards.manifest();
    let side = manifest.recipe["size"].as_u64().unwrap() as u32;
    let (mut keys, mut counted) = (BTreeSet::new(), Tally::default());
    for sample in shards.stream(Order::Shuffled { seed: 1, buffer: 256 }, &[]) {
        let sample = sample.unwrap();
        assert_eq!(sample.members.len(), MEMBERS.len());
        for ending in MEMBERS.iter().filter(|ending| ending.ends_with(".png") && **ending != "pose.png") {
            assert_eq!(sample.picture(ending).unwrap().width(), side, "{} {ending}", sample.key);
        }
        assert!(sample.picture("pose.png").is_some());
        counted.add(&tally(&serde_json::from_slice(sample.member("truth.json").unwrap()).unwrap()));
        assert!(keys.insert(sample.key));
    }
    assert_eq!(keys.len() as u64, manifest.samples);
    for property in counted.properties() {
        let stored: Vec<_> = manifest.statistics.of(property).collect();
        println!("{property}  {stored:?}");
        assert_eq!(counted.of(property).collect::<Vec<_>>(), stored);
    }
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{} samples; {:?}", keys.len(), memory.lines().find(|line| line.starts_with("VmHWM")));
}

/// Sheets to look at: 60 pictures, and 15 with their truth drawn over them; of drawn people, or of those in the folder
/// `ADORN_PORTRAITS` if it is named.
#[test]
#[ignore = "writes tests/golden/sheets/people.jpg and truth.jpg, or photographs.jpg"]
fn write_the_people_sheets() {
    let portraits = std::env::var_os("ADORN_PORTRAITS").map(PathBuf::from);
    let style = portraits.map_or(Style::Rendered, Style::Photographic);
    let (plain, drawn) = if style == Style::Rendered { ("people", "truth") } else { ("photographs", "") };
    let maker = Maker::new(&Request { style, ..request(Path::new("."), 1) }, &Control::silent()).unwrap();
    let (mut pictures, mut truths) = (Vec::new(), Vec::new());
    for number in 0..80 {
        let Making::Sample { members, key, .. } = maker.make(number).unwrap() else { continue };
        let members = members.into_iter().map(|(ending, content)| (ending.to_owned(), content)).collect();
        let sample = Sample { key, members };
        let truth: Truth = serde_json::from_slice(sample.member("truth.json").unwrap()).unwrap();
        let matte = sample.picture("matte.png").unwrap().into_luma_alpha8();
        let picture = picture(&sample, "picture.png");
        truths.push(overlay(&picture, &matte, &truth));
        pictures.push(picture);
    }
    let save = |name: &str, tiles: &[RgbImage], side: u32, columns: u32| {
        let small = |tile| imageops::resize(tile, side, side, FilterType::CatmullRom);
        let tiles: Vec<_> = tiles.iter().map(small).collect();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sheets");
        contact_sheet(&tiles, columns, 2).save(folder.join(name).with_extension("jpg")).unwrap();
    };
    save(plain, &pictures[..60], 180, 10);
    if !drawn.is_empty() {
        save(drawn, &truths[..15], 256, 5);
    }
}

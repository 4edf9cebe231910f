//! The truth held against the pictures it came with.

use super::super::shards::{Order, Sample, Shards};
use super::*;
use crate::picture::{PlacedEarring, composite};
use image::{DynamicImage, RgbImage};
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

/// Writes a sheet of pictures with their truth, and one without: `ADORN_SHEET` columns x rows pictures from
/// number `ADORN_FIRST` on, of the people in the folder `ADORN_PORTRAITS` if it is named.
#[test]
#[ignore = "writes pictures into the temporary folder"]
fn write_the_set() {
    let number =
        |name: &str, usual: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let portraits = std::env::var_os("ADORN_PORTRAITS").map(PathBuf::from);
    let size = u32::try_from(number("ADORN_SIZE", 256)).unwrap();
    let style = portraits.map_or(Style::Rendered, Style::Photographic);
    let maker =
        Maker::new(&Request { size, style, ..request(Path::new("."), 1) }, &Control::silent()).unwrap();
    maker.unusable().iter().for_each(|left_out| println!("{}: {}", left_out.name, left_out.reason));
    let (mut plain, mut drawn) = (Vec::new(), Vec::new());
    for item in number("ADORN_FIRST", 0)..number("ADORN_FIRST", 0) + number("ADORN_SHEET", 12) {
        let begin = std::time::Instant::now();
        let making = maker.make(item).unwrap();
        let Making::Sample { members, key, .. } = making else {
            println!("{item}: {making:?}");
            continue;
        };
        let bytes: usize = members.iter().map(|(_, content)| content.len()).sum();
        let members = members.into_iter().map(|(ending, content)| (ending.to_owned(), content)).collect();
        let sample = Sample { key, members };
        let truth: Truth = serde_json::from_slice(sample.member("truth.json").unwrap()).unwrap();
        println!("{item} {:?} {bytes} bytes: {}", begin.elapsed(), truth.caption);
        let picture = picture(&sample, "picture.png");
        let matte = sample.picture("matte.png").unwrap().into_luma_alpha8();
        drawn.push(overlay(&picture, &matte, &truth));
        plain.push(picture);
    }
    for (name, tiles) in [("plain", plain), ("drawn", drawn)] {
        let sheet = crate::render::sheet::contact_sheet(&tiles, 4, 2);
        sheet.save(std::env::temp_dir().join(format!("adorn-set-{name}.png"))).unwrap();
    }
}

//! Samples held against the photos they were taken from, and photos that become none.

use super::super::shards::{Order, Sample, ShardError, Shards};
use super::*;
use crate::engine::progress::CancelFlag;
use crate::picture::{PlacedEarring, composite};
use crate::project::DEFAULT_PROMPT;
use crate::vision::segment::SegmentError;
use crate::vision::{EarLook, EarState};
use glam::DVec2;
use image::{GrayImage, Luma, Rgb};
use std::fs;
use std::path::Path;

/// Painted at yaw -9, pitch 1, roll -3 degrees, brow to chin on rows 205..410 of 512.
const FACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample/face.png");

/// The subject's right lobe in the sample face, by eye.
const HOOK: DVec2 = DVec2::new(146.0, 316.0);

fn request(photos: &Path, out: &Path) -> Request {
    Request {
        photos: photos.to_owned(),
        out: out.to_owned(),
        size: 256,
        per_shard: 4,
        segmenter: None,
        captioner: None,
    }
}

/// A drop below the lobe, soft at its edge.
fn drop_shaped(width: u32, height: u32, hook: DVec2) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| {
        let from = (DVec2::new(f64::from(x), f64::from(y)) + 0.5 - hook - DVec2::new(0.0, 20.0))
            / DVec2::new(8.0, 20.0);
        Luma([(255.0 * ((1.0 - from.length()) * 8.0).clamp(0.0, 1.0)) as u8])
    })
}

fn centroid(matte: &GrayImage) -> DVec2 {
    let weigh = |(sum, mean): (f64, DVec2), (x, y, pixel): (u32, u32, &Luma<u8>)| {
        let weight = f64::from(pixel.0[0]);
        (sum + weight, mean + (DVec2::new(f64::from(x), f64::from(y)) + 0.5) * weight)
    };
    let (sum, mean) = matte.enumerate_pixels().fold((0.0, DVec2::ZERO), weigh);
    mean / sum
}

/// Three photos that will do, and six that will not.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str, text: &str| fs::write(at(name), text).unwrap();
    for inner in ["inner", "inner/masks", ".hidden"] {
        fs::create_dir(at(inner)).unwrap();
    }
    for photo in
        ["a.png", "inner/b.PNG", "c.png", "bare.png", "wrong.png", "mute.png", ".hidden/a.png", ".d.png"]
    {
        fs::copy(FACE, at(photo)).unwrap();
    }
    let drop = drop_shaped(512, 512, HOOK);
    for mask in ["a.mask.png", "inner/masks/b.png", "mute.mask.png"] {
        drop.save(at(mask)).unwrap();
    }
    let face = load_face(Path::new(FACE)).unwrap();
    cut(&face, &drop).save(at("c.cut.png")).unwrap();
    drop_shaped(256, 512, HOOK / 2.0).save(at("wrong.mask.png")).unwrap();
    RgbImage::from_pixel(20, 20, Rgb([90, 120, 150])).save(at("flat.png")).unwrap();
    GrayImage::from_fn(20, 20, |x, _| Luma([u8::from(x < 4) * 255])).save(at("flat.mask.png")).unwrap();
    let half = fs::read(FACE).unwrap();
    fs::write(at("broken.png"), &half[..half.len() / 2]).unwrap();
    drop.save(at("broken.mask.png")).unwrap();
    write("a.txt", "\u{feff}A woman wears\n  a pearl drop.\n");
    write("mute.txt", " \n");
    write("inner/captions.json", r#"{"b.PNG": "A woman beside a wall.", "other.jpg": "Nobody."}"#);
    folder
}

fn samples(out: &Path) -> Vec<Sample> {
    let shards = Shards::open(out).unwrap();
    shards.verify().unwrap();
    shards.stream(Order::Written, &[]).map(Result::unwrap).collect()
}

fn truth(sample: &Sample) -> Measured {
    serde_json::from_slice(sample.member("truth.json").unwrap()).unwrap()
}

#[test]
fn photos_become_samples_or_are_listed_with_the_reason() {
    let (photos, out) = (folder(), tempfile::tempdir().unwrap());
    let manifest = prepare(&request(photos.path(), out.path()), &Control::silent()).unwrap();
    let listed: Vec<_> = manifest.left_out().map(|it| (it.name.as_str(), it.kind())).collect();
    let wanted = [
        ("bare.png", "no mask"),
        ("broken.png", "unreadable"),
        ("flat.png", "no face"),
        ("mute.png", "caption"),
        ("wrong.png", "unusable mask"),
    ];
    assert_eq!(listed, wanted);
    let counted: Vec<_> = manifest.statistics.of("left_out").collect();
    assert_eq!(
        counted,
        [("caption", 1), ("no face", 1), ("no mask", 1), ("unreadable", 1), ("unusable mask", 1)]
    );
    assert_eq!(
        manifest.statistics.of("caption").collect::<Vec<_>>(),
        [("default", 1), ("file", 1), ("list", 1)]
    );
    let reasons: Vec<_> = manifest.left_out().map(|it| it.reason.as_str()).collect();
    assert!(reasons[4].contains("256x512") && reasons[4].contains("512x512"), "{}", reasons[4]);
    let here = photos.path().to_string_lossy().into_owned();
    assert!(reasons.iter().all(|reason| !reason.contains(&here)), "{reasons:?}");

    let samples = samples(out.path());
    let told: Vec<_> = samples.iter().map(truth).map(|it| (it.source, it.caption, it.mask_from)).collect();
    let told: Vec<_> = told.iter().map(|(name, text, mask)| (name.as_str(), text.as_str(), *mask)).collect();
    let wanted = [
        ("a.png", "A woman wears a pearl drop.", MaskFrom::Mask),
        ("c.png", DEFAULT_PROMPT, MaskFrom::CutOut),
        ("inner/b.PNG", "A woman beside a wall.", MaskFrom::Mask),
    ];
    assert_eq!(told, wanted);
    samples.iter().for_each(fits_its_photo);
    let crops: Vec<_> = samples.iter().map(|sample| truth(sample).crop).collect();
    assert!(crops[0] != crops[1] && crops[1] != crops[2], "the same photo by other names: {crops:?}");
}

/// Everything in a sample of the sample face is where the photo has it.
fn fits_its_photo(sample: &Sample) {
    assert!(
        MEMBERS.iter().all(|ending| sample.member(ending).is_some()) && sample.members.len() == MEMBERS.len()
    );
    let truth = truth(sample);
    let [left, top, side] = truth.crop;
    let scale = 256.0 / f64::from(side);
    let place = |at: DVec2| (at - DVec2::new(f64::from(left), f64::from(top))) * scale;
    assert_eq!(
        (truth.id.as_str(), truth.style.as_str(), truth.size),
        (sample.key.as_str(), "photo", [256, 256])
    );
    assert_eq!(truth.source_sha256, Some(digest_of_file(Path::new(FACE)).unwrap()));

    let picture = sample.picture("picture.png").unwrap().into_rgb8();
    let square =
        image::imageops::crop_imm(&load_face(Path::new(FACE)).unwrap(), left, top, side, side).to_image();
    let small = image::imageops::resize(&square, 256, 256, image::imageops::FilterType::Triangle);
    let apart: f64 =
        picture.as_raw().iter().zip(small.as_raw()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    assert!(apart / (3.0 * 256.0 * 256.0) < 2.0, "{apart}");

    let both = sample.picture("matte.png").unwrap().into_luma_alpha8();
    assert!(both.pixels().all(|pixel| pixel.0[0] == pixel.0[1]));
    let matte = GrayImage::from_fn(256, 256, |x, y| Luma([both.get_pixel(x, y).0[0]]));
    let drop = drop_shaped(512, 512, HOOK);
    assert!(centroid(&matte).distance(place(centroid(&drop))) < 0.1, "{} {:?}", centroid(&matte), truth.crop);
    let area = |matte: &GrayImage| matte.pixels().map(|pixel| f64::from(pixel.0[0])).sum::<f64>() / 255.0;
    assert!((area(&matte) / (area(&drop) * scale * scale) - 1.0).abs() < 0.03);
    let cut = sample.picture("cut.png").unwrap().into_rgba8();
    assert!(cut.pixels().zip(matte.pixels()).all(|(cut, matte)| cut.0[3] == matte.0[0]));
    assert_eq!(composite(&picture, &PlacedEarring::from_pixels(cut)), picture);

    let off = [truth.angles_deg[0] + 9.0, truth.angles_deg[1] - 1.0, truth.angles_deg[2] + 3.0];
    assert!(off.iter().all(|off| off.abs() < 5.0), "{off:?}");
    let [first, last] = [205.0, 410.0].map(|row| place(DVec2::new(0.0, row)).y);
    assert!((truth.face_rows[0] - first).abs() < 16.0 && (truth.face_rows[1] - last).abs() < 16.0);
    assert!((truth.face_ratio - (truth.face_rows[1] - truth.face_rows[0]) / 256.0).abs() < 1e-9);
    let rows = sample.picture("scale.png").unwrap().into_luma8();
    let full: Vec<u32> = (0..256).filter(|row| rows.get_pixel(9, *row).0[0] == 255).collect();
    let limits = [full[0], full[full.len() - 1] + 1].map(f64::from);
    assert!((0..2).all(|limit| (limits[limit] - truth.face_rows[limit]).abs() <= 0.5), "{limits:?}");
    assert_eq!(sample.picture("pose.png").unwrap().into_rgb8().dimensions(), (256, 256));

    assert_eq!(truth.landmarks.len(), 68);
    assert!(
        truth.landmarks.iter().flatten().all(|at| (0.0..256.0).contains(at)),
        "the face is in the picture"
    );
    let [earring] = &truth.earrings[..] else { panic!("one earring, not {:?}", truth.earrings) };
    assert_eq!((earring.ear.as_str(), earring.inside), ("right", true));
    assert!(DVec2::from_array(earring.lobe).distance(place(HOOK)) < 16.0 * scale, "{earring:?}");
}

#[test]
fn a_run_that_was_stopped_goes_on_to_the_same_bytes_and_a_changed_folder_is_another_set() {
    let [photos, whole, parts] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    for name in ["1.png", "2.png", "3.png", "4.png"] {
        fs::copy(FACE, photos.path().join(name)).unwrap();
    }
    drop_shaped(512, 512, HOOK).save(photos.path().join("4.mask.png")).unwrap();
    let two_each = |out: &Path| Request { per_shard: 2, ..request(photos.path(), out) };
    let made = prepare(&two_each(whole.path()), &Control::silent()).unwrap();
    assert_eq!((made.samples, made.left_out().count()), (1, 3));
    let flag = CancelFlag::default();
    let cancel = flag.clone();
    let stopping = Control::new(flag, move |progress| {
        if progress.done >= 3 {
            cancel.cancel();
        }
    });
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let again = two_each(parts.path());
    let stopped = one_thread.install(|| prepare(&again, &stopping));
    assert!(matches!(stopped, Err(BuildError::Cancelled(_))), "{stopped:?}");
    assert_eq!(names(parts.path()), ["manifest.json", "shard-000000.tar"], "no half shard");
    one_thread.install(|| prepare(&again, &Control::silent())).unwrap();
    assert_eq!(names(parts.path()), ["manifest.json", "shard-000000.tar", "shard-000001.tar"]);
    for name in names(parts.path()) {
        let read = |folder: &tempfile::TempDir| fs::read(folder.path().join(&name)).unwrap();
        assert!(read(&whole) == read(&parts), "{name}");
    }
    fs::write(photos.path().join("3.txt"), "Another text.").unwrap();
    let changed = prepare(&again, &Control::silent());
    let Err(BuildError::Shard(ShardError::OtherRecipe { what, .. })) = changed else { panic!("{changed:?}") };
    assert_eq!(what, "photos");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn folders_are_walked_in_order_without_circles_and_refused_in_words() {
    let photos = folder();
    let listed = |folder: &Path| folder::photos(folder, &Control::silent());
    let names: Vec<_> = listed(photos.path()).unwrap().into_iter().map(|photo| photo.name).collect();
    let wanted =
        ["a.png", "bare.png", "broken.png", "c.png", "flat.png", "inner/b.PNG", "mute.png", "wrong.png"];
    assert_eq!(names, wanted);
    #[cfg(unix)]
    {
        let before = folder::digest(&listed(photos.path()).unwrap());
        std::os::unix::fs::symlink(photos.path(), photos.path().join("inner/circle")).unwrap();
        assert_eq!(folder::digest(&listed(photos.path()).unwrap()), before);
    }
    fs::write(photos.path().join("inner/captions.json"), r#"["no", "names"]"#).unwrap();
    assert!(matches!(listed(photos.path()), Err(PrepareError::Captions(_))));
    fs::remove_file(photos.path().join("inner/captions.json")).unwrap();
    assert!(matches!(listed(&photos.path().join("inner/masks")), Ok(masks) if masks.len() == 1));
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(listed(empty.path()), Err(PrepareError::NoPhotos { .. })));
    assert!(matches!(listed(&empty.path().join("none")), Err(PrepareError::Folder(_))));
}

/// Sees what lies in the frame's inner half.
struct Inner;

impl Segmenter for Inner {
    fn segment(
        &self,
        request: &crate::picture::cutout::CutOutRequest<'_>,
    ) -> Result<GrayImage, SegmentError> {
        let frame = request.frame.unwrap();
        let low = DVec2::new(frame.left, frame.top);
        let high = DVec2::new(frame.right, frame.bottom);
        let (middle, quarter) = ((low + high) / 2.0, (high - low) / 4.0);
        Ok(GrayImage::from_fn(request.photo.width(), request.photo.height(), |x, y| {
            let from = (DVec2::new(f64::from(x), f64::from(y)) + 0.5 - middle).abs();
            Luma([u8::from(from.cmple(quarter).all()) * 250])
        }))
    }
}

#[test]
fn a_model_is_shown_the_earring_that_is_surely_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut photo = load_face(Path::new(FACE)).unwrap();
    for (x, y, matte) in drop_shaped(512, 512, HOOK).enumerate_pixels() {
        if matte.0[0] > 127 {
            photo.put_pixel(x, y, Rgb([30, 70, 200]));
        }
    }
    photo.save(folder.path().join("worn.png")).unwrap();
    fs::copy(FACE, folder.path().join("bare.png")).unwrap();
    // The same with a mask at the other ear.
    photo.save(folder.path().join("half.png")).unwrap();
    drop_shaped(512, 512, DVec2::new(379.0, 306.0)).save(folder.path().join("half.mask.png")).unwrap();
    let mut maker = Maker::new(&request(folder.path(), folder.path()), &Control::silent()).unwrap();
    maker.segmenter = Some(Box::new(Inner));
    let Making::LeftOut(bare) = maker.make(0).unwrap() else { panic!("a bare ear has no mask") };
    assert!(bare.kind() == "no mask" && bare.reason.contains("sure of no earring"), "{bare:?}");
    let made = |number: u64| {
        let Making::Sample { key, members, .. } = maker.make(number).unwrap() else { panic!("no sample") };
        let members = members.into_iter().map(|(ending, content)| (ending.to_owned(), content)).collect();
        truth(&Sample { key, members })
    };
    let half = made(1);
    assert_eq!(
        (half.mask_from, half.earrings.len(), half.earrings[0].ear.as_str()),
        (MaskFrom::Mask, 1, "left")
    );
    assert!(half.doubts.len() == 1 && half.doubts[0].starts_with("the right ear seems"), "{:?}", half.doubts);
    let truth = made(2);
    assert!(truth.doubts.is_empty(), "{:?}", truth.doubts);
    assert_eq!((truth.mask_from, truth.earrings.len()), (MaskFrom::Segmenter, 1));
    let [left, top, side] = truth.crop.map(f64::from);
    let middle = (HOOK + DVec2::new(0.0, 20.0) - DVec2::new(left, top)) * 256.0 / side;
    let [x0, y0, x1, y1] = truth.earrings[0].spans.map(f64::from);
    let seen = DVec2::new(x0 + x1, y0 + y1) / 2.0;
    assert!(seen.distance(middle) < 6.0, "{seen} {middle}");
}

#[test]
fn photos_without_a_text_are_described_by_the_user_s_model() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["told.png", "untold.png"] {
        fs::copy(FACE, folder.path().join(name)).unwrap();
        let mask = folder.path().join(name).with_extension("mask.png");
        drop_shaped(512, 512, HOOK).save(mask).unwrap();
    }
    fs::write(folder.path().join("told.txt"), "A woman.").unwrap();
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vision/tiny_blip");
    let (plain, out) = (request(folder.path(), folder.path()), tempfile::tempdir().unwrap());
    let with_captioner = Request { captioner: Some(tiny), out: out.path().to_owned(), ..plain };
    let manifest = prepare(&with_captioner, &Control::silent()).unwrap();
    assert_eq!(manifest.statistics.of("caption").collect::<Vec<_>>(), [("captioner", 1), ("file", 1)]);
    assert_eq!(manifest.recipe["captioner"].as_array().unwrap().len(), 3);
    let [told, untold]: [Measured; 2] =
        samples(out.path()).iter().map(truth).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((told.caption.as_str(), told.caption_from), ("A woman.", CaptionFrom::File));
    assert_eq!(untold.caption_from, CaptionFrom::Captioner);
    // The narrow model knows letters.
    assert!(untold.caption.len() > 20 && untold.caption != DEFAULT_PROMPT, "{}", untold.caption);
    let without = Request { captioner: None, ..with_captioner };
    assert!(prepare(&without, &Control::silent()).is_err(), "another set lies there");
}

#[test]
fn boxes_are_those_of_the_strokes_and_unsure_ears_get_none() {
    let photo = RgbImage::new(60, 50);
    let stroke = |x: f64, y: f64| crate::project::Stroke {
        kind: crate::project::StrokeKind::Include,
        radius: 4.0,
        points: vec![crate::project::Point { x, y }, crate::project::Point { x, y: y + 8.0 }],
        other: Default::default(),
    };
    let ear = |state| EarLook { state, strokes: vec![stroke(20.0, 16.0)] };
    let (mask, from) =
        mask::from_segmenter(&Inner, &photo, &[ear(EarState::Earring), ear(EarState::Unsure)]).unwrap();
    assert_eq!(from, MaskFrom::Segmenter);
    // 16..24 x 12..28, its inner half.
    assert!(centroid(&mask).distance(DVec2::new(20.0, 20.0)) < 0.01);
    assert_eq!(mask.pixels().filter(|pixel| pixel.0[0] == 250).count(), 4 * 8);
    let none = mask::from_segmenter(&Inner, &photo, &[ear(EarState::Unsure), ear(EarState::Hidden)]);
    assert!(matches!(none, Err(Stop::Unfit(Unfit::NotSegmented(_)))));
}

//! The workflow with an engine that paints one colour, so that every other pixel is known.

use super::*;
use crate::engine::progress::{CancelFlag, Control, Progress, Stage};
use crate::engine::{Engine, EngineCard, EngineError, EngineKind, Generated, NetworkSize, Request};
use crate::picture::{read_record, write_png};
use crate::project::{PoseChoice, Project, Scale, Variant, parse};
use image::{Rgb, RgbImage, Rgba, RgbaImage};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const PAINT: Rgb<u8> = Rgb([90, 120, 150]);

/// Paints one colour at half the canvas's size, or at a size it was not asked for.
struct Plain {
    kind: EngineKind,
    obeys: bool,
}

impl Engine for Plain {
    fn card(&self) -> EngineCard {
        EngineCard { name: "plain".to_owned(), kind: self.kind, device: "cpu".to_owned() }
    }

    fn network_size(&self, canvas_width: u32, canvas_height: u32) -> NetworkSize {
        NetworkSize::new(canvas_width / 2, canvas_height / 2).expect("multiples of 16 in these tests")
    }

    fn generate(&self, request: &Request<'_>, control: &Control) -> Result<Generated, EngineError> {
        control.check()?;
        let (width, height) = (request.size.width(), request.size.height());
        assert_eq!(request.hint.shape(), [4, height as usize, width as usize]);
        assert_eq!(request.pose_image.shape(), [3, 224, 224]);
        let width = if self.obeys { width } else { width + 8 };
        let picture = RgbImage::from_pixel(width, height, PAINT);
        let preview = Some(Arc::new(RgbImage::from_pixel(width / 8, height / 8, PAINT)));
        control.step(Progress { preview, ..Progress::new(Stage::Painting, 1, 1) })?;
        Ok(Generated { picture, notices: vec!["painted plainly".to_owned()], trace: Trace::new() })
    }
}

const TRAINED: Plain = Plain { kind: EngineKind::Trained, obeys: true };

/// A studio over a folder with one product: a red square with a soft rim.
pub(super) fn studio() -> (TempDir, Studio) {
    let folder = tempfile::tempdir().expect("a folder");
    let product = RgbaImage::from_fn(40, 60, |x, y| {
        let rim = x == 0 || y == 0 || x == 39 || y == 59;
        Rgba([200, (x * 4) as u8, (y * 3) as u8, if rim { 128 } else { 255 }])
    });
    product.save(folder.path().join("hoop.png")).expect("a product");
    let studio = Studio::shipped(folder.path().to_owned()).expect("the shipped studio");
    (folder, studio)
}

pub(super) fn project() -> Project {
    let text = r#"{"format": 1, "canvas": {"width": 256, "height": 256}, "scale": {"ratio": 0.5},
        "earrings": [{"id": 1, "file": "hoop.png", "scale": 1.0, "real_height_mm": 30.0,
            "hook_in_product": {"x": 20.0, "y": 0.0}, "hook_in_canvas": {"x": 150.0, "y": 120.0}}]}"#;
    parse(text).expect("a project")
}

pub(super) fn variant() -> Variant {
    project().current_variant()
}

pub(super) fn picture(variant: &Variant, studio: &Studio) -> Picture {
    render_variant(variant, studio, &TRAINED, &Control::silent()).expect("a picture")
}

#[test]
fn the_engine_s_notices_stand_beside_the_layout_s() {
    let (_folder, studio) = studio();
    let notices = picture(&variant(), &studio).layout.notices;
    assert!(notices.contains(&Notice::Painting("painted plainly".to_owned())), "{notices:?}");
}

/// A skin-coloured face photo with a bright speck, and a variant that wears it.
fn variant_with_face(folder: &Path) -> Variant {
    let speck = |x: u32, y: u32| (30..36).contains(&x) && (40..46).contains(&y);
    let photo = RgbImage::from_fn(80, 80, |x, y| {
        if speck(x, y) { Rgb([255, 255, 255]) } else { Rgb([170, 120, 100 + (y / 8) as u8]) }
    });
    photo.save(folder.join("anna.png")).expect("a face");
    let other = crate::project::Other::new;
    let face =
        crate::project::Face { file: "anna.png".to_owned(), crop: None, remove: vec![], other: other() };
    Variant { face: Some(face), ..variant() }
}

#[test]
fn what_is_taken_out_of_a_face_photo_is_gone_from_the_appearance_image_and_makes_another_fingerprint() {
    let (folder, studio) = studio();
    let plain = variant_with_face(folder.path());
    let mut clean = plain.clone();
    let points = vec![crate::project::Point { x: 33.0, y: 43.0 }];
    let kind = crate::project::StrokeKind::Include;
    let stroke = crate::project::Stroke { kind, radius: 6.0, points, other: crate::project::Other::new() };
    clean.face.as_mut().expect("a face").remove.push(stroke);
    let made = |variant: &Variant| {
        let picture =
            render_variant_traced(variant, &studio, &TRAINED, &Control::silent()).expect("a picture");
        let brightest = picture.trace["appearance_image"].1.iter().copied().fold(0.0, f32::max);
        (brightest, picture.record)
    };
    let ((speck, with), (brightest, without)) = (made(&plain), made(&clean));
    assert!(speck > 0.95 && brightest < 0.75, "{speck} became {brightest}");
    assert_ne!(with.fingerprint, without.fingerprint);
    assert_eq!(without.variant, clean, "the record holds the strokes");
    let again = studio.clean_face(clean.face.as_ref().expect("a face")).expect("a photo");
    let kept = studio.clean_face(clean.face.as_ref().expect("a face")).expect("a photo");
    assert!(Arc::ptr_eq(&again, &kept), "painted once");
}

#[test]
fn previews_show_the_product_on_what_the_engine_has_so_far() {
    let (_folder, studio) = studio();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let control = {
        let seen = Arc::clone(&seen);
        let keep = move |progress: Progress| seen.lock().expect("a lock").extend(progress.preview);
        Control::new(CancelFlag::default(), keep)
    };
    let finished = render_variant(&variant(), &studio, &TRAINED, &control).expect("a picture");
    let seen = seen.lock().expect("a lock");
    let [preview] = seen.as_slice() else { panic!("{} previews", seen.len()) };
    // The engine paints at half the canvas's size: the product's middle and a corner far from it.
    assert_eq!(preview.dimensions(), (128, 128));
    assert_eq!(preview.get_pixel(2, 125), &PAINT);
    let (in_preview, product) = (preview.get_pixel(75, 75).0, finished.pixels.get_pixel(150, 150).0);
    assert_ne!(product, PAINT.0);
    for (shown, exact) in in_preview.into_iter().zip(product) {
        assert!(shown.abs_diff(exact) <= 8, "{in_preview:?} for {product:?}");
    }
}

#[test]
fn a_picture_handed_over_to_another_folder_is_still_proven() {
    let (folder, studio) = studio();
    let (kept, far) = (folder.path().join("kept.png"), folder.path().join("shop/march"));
    std::fs::create_dir_all(&far).expect("a folder");
    let picture = picture(&variant(), &studio);
    write_png(&kept, &picture.pixels, Some(&picture.record.text_at(&kept, &studio.base))).expect("written");
    let target = far.join("ad.png");
    hand_over(&kept, &target).expect("handed over");
    let elsewhere = studio.at("nowhere".into());
    let verified = verify(&target, None, &elsewhere).expect("read back");
    assert!(matches!(verified.verdict, Verdict::Exact { .. }), "{verified:?}");
    assert_eq!(verified.unchanged_since_written, Some(true));
}

#[test]
fn the_product_is_exact_and_all_else_is_the_engine_s() {
    let (_folder, studio) = studio();
    let picture = picture(&variant(), &studio);
    assert_eq!(picture.pixels.dimensions(), (256, 256));
    for (x, y, pixel) in picture.pixels.enumerate_pixels() {
        let (dx, dy) = (x.wrapping_sub(130), y.wrapping_sub(120));
        match (dx, dy) {
            (1..=38, 1..=58) => assert_eq!(pixel.0, [200, (dx * 4) as u8, (dy * 3) as u8]),
            (0..=39, 0..=59) => assert_ne!(*pixel, PAINT, "the rim is a blend"),
            _ => assert_eq!(*pixel, PAINT),
        }
    }
    let note = picture.record.exactness;
    assert_eq!((note.compared, note.differing), (38 * 58, 0));
}

#[test]
fn only_pictures_of_a_trained_model_are_without_a_label() {
    let (_folder, studio) = studio();
    for kind in [EngineKind::Layout, EngineKind::Untrained] {
        let engine = Plain { kind, obeys: true };
        let labelled = render_variant(&variant(), &studio, &engine, &Control::silent()).expect("a picture");
        assert!(labelled.generated.pixels().any(|pixel| *pixel != PAINT));
        assert_eq!(labelled.record.exactness.differing, 0);
    }
    assert!(picture(&variant(), &studio).generated.pixels().all(|pixel| *pixel == PAINT));
}

#[test]
fn an_engine_that_returns_another_size_is_told_so() {
    let (_folder, studio) = studio();
    let engine = Plain { kind: EngineKind::Trained, obeys: false };
    let error = render_variant(&variant(), &studio, &engine, &Control::silent()).expect_err("a refusal");
    assert!(matches!(error, WorkflowError::PictureSize { got_width: 136, width: 128, .. }), "{error}");
}

#[test]
fn a_cancelled_render_says_so() {
    let (_folder, studio) = studio();
    let cancel = CancelFlag::default();
    cancel.cancel();
    let control = Control::new(cancel, |_| {});
    let error = render_variant(&variant(), &studio, &TRAINED, &control).expect_err("cancelled");
    assert!(error.is_cancelled());
}

#[test]
fn the_trace_has_the_control_images_only_when_asked_for() {
    let (_folder, studio) = studio();
    assert!(picture(&variant(), &studio).trace.is_empty());
    let traced = render_variant_traced(&variant(), &studio, &TRAINED, &Control::silent()).expect("a picture");
    assert_eq!(traced.trace["hint"].0, [1, 4, 128, 128]);
    assert_eq!(traced.trace["hint"].1.len(), 4 * 128 * 128);
}

#[test]
fn a_layout_tells_what_a_designer_should_know() {
    let (folder, studio) = studio();
    RgbaImage::from_pixel(40, 60, Rgba([9, 9, 9, 255])).save(folder.path().join("hoop.png")).expect("a file");
    let mut variant = variant();
    variant.scale = Scale::Band { top: 10.0, bottom: 100.0 };
    let notices = lay_out(&variant, &studio).expect("a layout").notices;
    assert!(notices.iter().any(|notice| matches!(notice, Notice::NoMatte { .. })), "{notices:?}");
    assert!(notices.iter().any(|notice| matches!(notice, Notice::Misfit(_))), "{notices:?}");
    variant.earrings[0].hook_in_canvas.x = 5_000.0;
    let notices = lay_out(&variant, &studio).expect("a layout").notices;
    assert!(notices.iter().any(|notice| matches!(notice, Notice::OffCanvas { .. })), "{notices:?}");
    assert!(notices.iter().all(|notice| !notice.to_string().contains('\n')));
}

#[test]
fn the_band_hangs_on_the_main_earring_whatever_else_lies_higher() {
    let (_folder, studio) = studio();
    let mut variant = variant();
    let alone = lay_out(&variant, &studio).expect("a layout").scene.band;
    let mut second = variant.earrings[0].clone();
    second.id.0 = 2;
    second.hook_in_canvas.y = 5.0;
    variant.earrings.push(second);
    assert_eq!(lay_out(&variant, &studio).expect("a layout").scene.band, alone);
}

#[test]
fn an_unknown_pose_names_its_neighbours() {
    let (_folder, studio) = studio();
    let mut variant = variant();
    variant.pose = PoseChoice::Template("front-strait".to_owned());
    let error = lay_out(&variant, &studio).expect_err("a refusal").to_string();
    assert!(error.contains("`front-strait`") && error.contains("front-straight"), "{error}");
}

#[test]
fn a_photo_changed_on_disk_is_read_again() {
    let (folder, studio) = studio();
    let before = studio.product(&variant().earrings[0]).expect("a photo").file_sha256.clone();
    RgbaImage::from_pixel(7, 5, Rgba([9, 9, 9, 255])).save(folder.path().join("hoop.png")).expect("a file");
    let after = studio.product(&variant().earrings[0]).expect("a photo");
    assert_ne!(after.file_sha256, before);
    assert_eq!(after.pixels.dimensions(), (7, 5));
}

#[test]
fn the_fingerprint_follows_whatever_decides_the_pixels_and_not_the_name() {
    let (folder, studio) = studio();
    let card = TRAINED.card();
    let of = |variant: &Variant| fingerprint(variant, &studio, &card).expect("a fingerprint");
    let base = of(&variant());
    let changed = |change: fn(&mut Variant)| {
        let mut variant = variant();
        change(&mut variant);
        of(&variant)
    };
    assert_eq!(changed(|variant| variant.name.0 = "another".to_owned()), base);
    let cut_out = changed(|variant| {
        let (strokes, other) = (Vec::new(), crate::project::Other::new());
        let cut = crate::project::CutFrom { file: "hoop.jpg".to_owned(), frame: None, strokes, other };
        variant.earrings[0].cut_from = Some(cut);
    });
    assert_eq!(cut_out, base, "the file's content decides, not where it came from");
    assert_ne!(changed(|variant| variant.recipe.seed = 1), base);
    assert_ne!(changed(|variant| variant.prompt.push('!')), base);
    assert_ne!(changed(|variant| variant.earrings[0].hook_in_canvas.x += 1e-9), base);
    assert_ne!(changed(|variant| variant.canvas.width = 512), base);
    let other_engine = EngineCard { name: "other".to_owned(), ..card.clone() };
    assert_ne!(fingerprint(&variant(), &studio, &other_engine).expect("a fingerprint"), base);
    RgbaImage::from_pixel(7, 5, Rgba([9, 9, 9, 255])).save(folder.path().join("hoop.png")).expect("a file");
    assert_ne!(of(&variant()), base);
}

#[test]
fn a_record_comes_back_from_its_file() {
    let (folder, studio) = studio();
    let picture = picture(&variant(), &studio);
    let path = folder.path().join("ads/a.png");
    std::fs::create_dir(folder.path().join("ads")).expect("a folder");
    write_png(&path, &picture.pixels, Some(&picture.record.text_at(&path, &studio.base))).expect("a file");
    let (pixels, text) = read_record(&path).expect("a file");
    let record = Record::parse(&text.expect("a record")).expect("our record");
    assert_eq!(record.base.as_deref(), Some(".."));
    assert_eq!(Record { base: None, ..record.clone() }, picture.record);
    assert!(record.is_of(&pixels));
    assert_eq!(Record::parse("{}"), None);
    assert_eq!(record.checks.as_ref(), Some(&picture.checks));
    // Records of versions that did not look at their pictures stay records.
    let mut older = serde_json::to_value(&record).expect("JSON");
    older.as_object_mut().expect("an object").remove("checks");
    let older = Record::parse(&older.to_string()).expect("an older record");
    assert_eq!(older, Record { checks: None, ..record });
}

#[test]
fn verify_tells_exact_from_touched_from_resized() {
    let (folder, studio) = studio();
    let picture = picture(&variant(), &studio);
    let text = picture.record.text_at(&folder.path().join("a.png"), &studio.base);
    let verdict = |name: &str, pixels: &RgbImage| {
        let path = folder.path().join(name);
        write_png(&path, pixels, Some(&text)).expect("a file");
        let elsewhere = studio.at(Path::new("/nowhere").to_owned());
        verify(&path, None, &elsewhere).expect("a verdict")
    };
    let exact = verdict("a.png", &picture.pixels);
    assert_eq!(exact.verdict, Verdict::Exact { compared: 38 * 58 });
    assert_eq!(exact.unchanged_since_written, Some(true));
    let mut touched = picture.pixels.clone();
    touched.put_pixel(0, 0, Rgb([0, 0, 0]));
    let around = verdict("b.png", &touched);
    assert_eq!(around.verdict, exact.verdict, "the product is untouched");
    assert_eq!(around.unchanged_since_written, Some(false));
    touched.get_pixel_mut(140, 130).0[2] += 3;
    let inside = verdict("c.png", &touched).verdict;
    let Verdict::Differs { differing, max_difference, first, .. } = inside else { panic!("{inside:?}") };
    assert_eq!((differing, max_difference, first), (1, 3, [140, 130]));
    let small = image::imageops::thumbnail(&picture.pixels, 100, 100);
    assert!(matches!(verdict("d.png", &small).verdict, Verdict::CannotTell { .. }));
}

#[test]
fn a_record_with_absurd_numbers_is_told_apart_before_anything_is_rastered() {
    let (folder, studio) = studio();
    let picture = picture(&variant(), &studio);
    let mut record = picture.record.clone();
    record.variant.earrings[0].scale = 1e300;
    let path = folder.path().join("a.png");
    write_png(&path, &picture.pixels, Some(&record.text_at(&path, &studio.base))).expect("a file");
    let verdict = verify(&path, None, &studio).expect("a verdict").verdict;
    assert!(matches!(&verdict, Verdict::CannotTell { reason } if reason.contains("earrings[0].scale")));
}

#[test]
fn verify_without_record_takes_the_project_at_any_of_its_sizes() {
    let (folder, studio) = studio();
    let double = variant().at_size(crate::project::CanvasSize { width: 512, height: 512 }).expect("a size");
    let picture = picture(&double, &studio);
    let path = folder.path().join("a.png");
    write_png(&path, &picture.pixels, None).expect("a file");
    let told = verify(&path, Some(&project()), &studio).expect("a verdict");
    assert!(matches!(told.verdict, Verdict::Exact { compared } if compared > 4 * 30 * 50), "{told:?}");
    assert_eq!(told.unchanged_since_written, None);
    assert!(matches!(verify(&path, None, &studio).expect("a verdict").verdict, Verdict::CannotTell { .. }));
}

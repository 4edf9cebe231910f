//! Files as they come back from outside: whole, touched, cut, resized, saved again, with edited records.

use super::*;
use crate::picture::write_png;
use crate::project::{CanvasSize, CutFrom, Other};
use crate::workflow::FileDigest;
use crate::workflow::tests::{picture, project, studio, variant};
use image::{ImageFormat, Rgb, RgbImage};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use tempfile::TempDir;

/// A finished file with its record, beside its product.
struct Shop {
    folder: TempDir,
    studio: Studio,
    pixels: RgbImage,
    record: Record,
}

fn shop() -> Shop {
    let (folder, studio) = studio();
    let picture = picture(&variant(), &studio);
    let record = Record { base: Some(".".to_owned()), ..picture.record };
    Shop { folder, studio, pixels: picture.pixels, record }
}

impl Shop {
    fn written(&self, pixels: &RgbImage, record: Option<&Record>) -> PathBuf {
        let path = self.folder.path().join("ad.png");
        let text = record.map(|record| serde_json::to_string(record).expect("JSON"));
        write_png(&path, pixels, text.as_deref()).expect("a file");
        path
    }

    fn verified(&self, pixels: &RgbImage, record: Option<&Record>, with_project: bool) -> Verified {
        let project = with_project.then(project);
        verify(&self.written(pixels, record), project.as_ref(), &self.studio).expect("a verdict")
    }

    fn saved_as(&self, pixels: &RgbImage, format: ImageFormat) -> PathBuf {
        let path = self.folder.path().join("ad.other");
        pixels.save_with_format(&path, format).expect("a file");
        path
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_certificate_names_everything_that_the_proof_rests_on() {
    let shop = shop();
    let verified = shop.verified(&shop.pixels, Some(&shop.record), true);
    let certificate = verified.certificate.expect("a certificate");
    let product = &certificate.products[0];
    let photo = std::fs::read(shop.folder.path().join("hoop.png")).expect("a photo");
    assert_eq!(product.sha256, sha256(&photo));
    assert_eq!(product.recorded_sha256.as_deref(), Some(product.sha256.as_str()));
    assert_eq!((product.transform.scale, product.transform.mirror), (1.0, false));
    assert_eq!(product.transform.hook_in_canvas, variant().earrings[0].hook_in_canvas);
    // The square stands at 130..170 x 120..180, its rim half covered.
    let matte: Vec<u8> = (0..256_u32 * 256)
        .map(|at| match ((at % 256).wrapping_sub(130), (at / 256).wrapping_sub(120)) {
            (1..=38, 1..=58) => 255,
            (0..=39, 0..=59) => 128,
            _ => 0,
        })
        .collect();
    assert_eq!(certificate.matte_sha256, sha256(&matte));
    assert_eq!(certificate.picture_sha256, sha256(shop.pixels.as_raw()));
    assert_eq!(certificate.recorded_picture_sha256.as_deref(), Some(certificate.picture_sha256.as_str()));
    let comparison = certificate.comparison;
    assert_eq!((comparison.compared, comparison.differing, comparison.first), (38 * 58, 0, None));
    assert_eq!((certificate.record_intact, certificate.as_in_project), (Some(true), Some(true)));
    assert_eq!(certificate.placed_by, "record");
}

#[test]
fn one_flipped_bit_is_found_and_measured() {
    let shop = shop();
    let mut pixels = shop.pixels.clone();
    pixels.get_pixel_mut(150, 140).0[1] ^= 1;
    let verified = shop.verified(&pixels, Some(&shop.record), false);
    let expected = Verdict::Differs { compared: 38 * 58, differing: 1, max_difference: 1, first: [150, 140] };
    assert_eq!(verified.verdict, expected);
    assert_eq!(verified.unchanged_since_written, Some(false));
    let mean = verified.certificate.expect("a certificate").comparison.mean_difference;
    assert!((mean - 1.0 / f64::from(3 * 38 * 58)).abs() < 1e-12);
}

#[test]
fn a_cropped_or_resized_file_is_refuted_or_refused_and_never_exact() {
    let shop = shop();
    let cropped = image::imageops::crop_imm(&shop.pixels, 4, 0, 252, 256).to_image();
    let verdict = shop.verified(&cropped, Some(&shop.record), true).verdict;
    assert!(matches!(&verdict, Verdict::CannotTell { reason } if reason.contains("252x256")), "{verdict:?}");
    let verdict = shop.verified(&cropped, None, true).verdict;
    assert!(matches!(&verdict, Verdict::CannotTell { reason } if reason.contains("no size of this")));
    // Another program's idea of the same size: the product's pixels are not those that its photo gives.
    let filter = image::imageops::FilterType::Lanczos3;
    let resized = image::imageops::resize(&shop.pixels, 128, 128, filter);
    let verdict = shop.verified(&resized, None, true).verdict;
    assert!(matches!(verdict, Verdict::Differs { differing, .. } if differing > 50), "{verdict:?}");
}

#[test]
fn a_delivery_at_a_preset_s_size_is_rastered_at_its_own_size() {
    let shop = shop();
    let small = variant().at_size(CanvasSize { width: 128, height: 128 }).expect("a size");
    let finished = picture(&small, &shop.studio);
    let record = Record { base: Some(".".to_owned()), ..finished.record };
    for record in [Some(&record), None] {
        let verified = shop.verified(&finished.pixels, record, true);
        assert!(matches!(verified.verdict, Verdict::Exact { compared } if compared > 300), "{verified:?}");
        let certificate = verified.certificate.expect("a certificate");
        assert_eq!(certificate.products[0].transform.scale, 0.5);
        assert_eq!(certificate.as_in_project, record.map(|_| true));
    }
}

#[test]
fn a_lossy_file_is_compared_and_never_called_exact() {
    let shop = shop();
    let jpeg = shop.saved_as(&shop.pixels, ImageFormat::Jpeg);
    let verdict = verify(&jpeg, Some(&project()), &shop.studio).expect("a verdict").verdict;
    let Verdict::Lossy { format, compared, differing, plausible, .. } = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!((format, compared, plausible), ("JPEG", 38 * 58, true));
    assert!(differing > 0);
    let mut recoloured = shop.pixels.clone();
    recoloured.pixels_mut().for_each(|pixel| *pixel = Rgb([pixel.0[2], pixel.0[0], pixel.0[1]]));
    let jpeg = shop.saved_as(&recoloured, ImageFormat::Jpeg);
    let verdict = verify(&jpeg, Some(&project()), &shop.studio).expect("a verdict").verdict;
    assert!(matches!(verdict, Verdict::Lossy { plausible: false, .. }), "{verdict:?}");
    let refused = verify(&jpeg, None, &shop.studio).expect_err("no record");
    assert!(matches!(refused, PngError::OtherFormat { .. }));
}

#[test]
fn a_lossless_format_other_than_png_can_be_exact() {
    let shop = shop();
    let webp = shop.saved_as(&shop.pixels, ImageFormat::WebP);
    let verdict = verify(&webp, Some(&project()), &shop.studio).expect("a verdict").verdict;
    assert_eq!(verdict, Verdict::Exact { compared: 38 * 58 });
}

#[test]
fn a_missing_or_changed_photo_proves_nothing() {
    let shop = shop();
    let photo = shop.folder.path().join("hoop.png");
    image::RgbaImage::from_pixel(40, 60, image::Rgba([9, 9, 9, 255])).save(&photo).expect("a file");
    let verdict = shop.verified(&shop.pixels, Some(&shop.record), false).verdict;
    assert!(matches!(&verdict, Verdict::CannotTell { reason } if reason.contains("hoop.png has changed")));
    std::fs::remove_file(photo).expect("removed");
    let verified = shop.verified(&shop.pixels, Some(&shop.record), false);
    assert!(matches!(&verified.verdict, Verdict::CannotTell { reason } if reason.contains("hoop.png")));
    assert_eq!(verified.certificate, None);
}

/// Picture and record moved alike: the pixels are true, and the record tells that it was edited.
#[test]
fn an_edited_record_that_still_matches_is_exact_but_not_intact() {
    let shop = shop();
    let moved = RgbImage::from_fn(256, 256, |x, y| *shop.pixels.get_pixel(x.saturating_sub(3), y));
    let mut record = shop.record.clone();
    record.variant.earrings[0].hook_in_canvas.x += 3.0;
    let verified = shop.verified(&moved, Some(&record), true);
    assert_eq!(verified.verdict, Verdict::Exact { compared: 38 * 58 });
    assert_eq!(verified.unchanged_since_written, Some(false));
    let certificate = verified.certificate.expect("a certificate");
    assert_eq!((certificate.record_intact, certificate.as_in_project), (Some(false), Some(false)));
    // Only the version that made a fingerprint can make it again.
    record.adorn = "0.0.1".to_owned();
    let certificate = shop.verified(&moved, Some(&record), false).certificate.expect("a certificate");
    assert_eq!((certificate.record_intact, certificate.as_in_project), (None, None));
}

#[test]
fn the_photo_a_product_was_cut_out_of_is_named_by_its_digest() {
    let shop = shop();
    let mut record = shop.record.clone();
    std::fs::write(shop.folder.path().join("tray.jpg"), b"a photo").expect("a file");
    record.variant.earrings[0].cut_from = Some(cut_from("tray.jpg"));
    let certificate = shop.verified(&shop.pixels, Some(&record), false).certificate.expect("a certificate");
    let source = certificate.products[0].cut_from.as_ref().expect("a source");
    assert_eq!((source.file.as_str(), source.sha256.as_deref()), ("tray.jpg", Some(&*sha256(b"a photo"))));
    assert_eq!(source.recorded_sha256, None, "older records do not say");
    record.sources = vec![FileDigest { file: "tray.jpg".to_owned(), sha256: sha256(b"another") }];
    let certificate = shop.verified(&shop.pixels, Some(&record), false).certificate.expect("a certificate");
    let source = certificate.products[0].cut_from.as_ref().expect("a source");
    assert_eq!(source.recorded_sha256.as_deref(), Some(&*sha256(b"another")), "it was another photo then");
    record.variant.earrings[0].cut_from = Some(cut_from("gone.jpg"));
    let verified = shop.verified(&shop.pixels, Some(&record), false);
    assert!(matches!(verified.verdict, Verdict::Exact { .. }), "the proof needs the cut-out alone");
    let certificate = verified.certificate.expect("a certificate");
    assert_eq!(certificate.products[0].cut_from.as_ref().expect("a source").sha256, None);
    assert_eq!(certificate.record_intact, Some(true));
}

#[test]
fn a_picture_remembers_the_photo_that_its_product_was_cut_out_of() {
    let (folder, studio) = studio();
    std::fs::write(folder.path().join("tray.jpg"), b"a photo").expect("a file");
    let mut cut = variant();
    cut.earrings[0].cut_from = Some(cut_from("tray.jpg"));
    let with_source = picture(&cut, &studio).record;
    let noted = FileDigest { file: "tray.jpg".to_owned(), sha256: sha256(b"a photo") };
    assert_eq!(with_source.sources, [noted]);
    cut.earrings[0].cut_from = Some(cut_from("gone.jpg"));
    let without = picture(&cut, &studio).record;
    assert_eq!(without.sources, []);
    assert_eq!(without.fingerprint, with_source.fingerprint, "it decides no pixel");
}

fn cut_from(file: &str) -> CutFrom {
    CutFrom { file: file.to_owned(), frame: None, strokes: Vec::new(), other: Other::new() }
}

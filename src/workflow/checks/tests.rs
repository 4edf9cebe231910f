//! Verdicts on findings that are known, so that no eyes are needed.

use super::*;
use crate::picture::{Exactness, Expansion, Seam};
use crate::project::{CanvasSize, HeadAngles};
use crate::scene::Band;

fn turned(yaw_deg: f64) -> HeadAngles {
    HeadAngles { yaw_deg, ..HeadAngles::default() }
}

/// A face of 400 pixels' height at 30 degrees on a canvas of 1000, by a trained model.
fn asked() -> Asked {
    Asked {
        canvas: CanvasSize { width: 800, height: 1000 },
        band: Band { top: 200.0, bottom: 600.0 },
        angles: turned(30.0),
        kind: EngineKind::Trained,
        face_photo: true,
    }
}

fn seen() -> SeenFace {
    SeenFace { steady: 0.9, rows: (201.0, 603.0), angles: turned(33.0), trusted: true, identity: Some(0.4) }
}

/// A picture that has nothing wrong.
fn good(face: SeenFace) -> Findings {
    Findings {
        product: Exactness { compared: 500, differing: 0, max_difference: 0 },
        sight: Sight::Face(face),
        photo_has_face: true,
        seam: Some(Seam { mean: 0.5, worst: 1.5, normals: 300 }),
        expansion: Some(Expansion { share: 0.0, reach: 0.0, judged: 1.0 }),
    }
}

fn verdict(asked: &Asked, findings: &Findings, name: CheckName) -> CheckVerdict {
    judge(asked, findings).get(name).expect("every check is listed").verdict
}

use CheckVerdict::{Doubt, Fail, NotApplicable, Pass};

#[test]
fn a_good_picture_passes_everything_in_plain_words() {
    let checks = judge(&asked(), &good(seen()));
    assert!(checks.all_pass() && checks.count(Pass) == 7, "{checks:?}");
    assert!(checks.score > 7.0 && checks.score < 8.0);
    for check in &checks.list {
        assert!(!check.words.is_empty() && !check.to_string().contains('\n'), "{check}");
    }
    let size = checks.get(CheckName::FaceSize).expect("a check");
    assert!(size.words.contains("402 px high, 2 px") && size.words.contains("middle, as asked"), "{size}");
    assert_eq!((size.value, size.limit, size.unit.as_str()), (Some(0.5), Some(10.0), " %"));
}

#[test]
fn a_face_of_another_height_is_told_by_how_much() {
    for (height, expected) in
        [(400.0, Pass), (436.0, Pass), (450.0, Doubt), (330.0, Doubt), (500.0, Fail), (300.0, Fail)]
    {
        let findings = good(SeenFace { rows: (200.0, 200.0 + height), ..seen() });
        assert_eq!(verdict(&asked(), &findings, CheckName::FaceSize), expected, "{height}");
    }
    let small = judge(&asked(), &good(SeenFace { rows: (200.0, 500.0), ..seen() }));
    let words = &small.get(CheckName::FaceSize).expect("a check").words;
    assert!(words.contains("25 % lower") && words.contains("small instead of middle"), "{words}");
}

#[test]
fn a_close_up_that_leaves_the_canvas_is_not_judged_by_its_height() {
    let asked = Asked { band: Band { top: -300.0, bottom: 900.0 }, ..asked() };
    assert_eq!(verdict(&asked, &good(seen()), CheckName::FaceSize), NotApplicable);
}

#[test]
fn a_head_turned_otherwise_fails_by_class_and_by_degrees() {
    for (asked_yaw, seen_yaw, expected) in [
        (30.0, 44.0, Pass),
        (30.0, 55.0, Doubt),
        (30.0, 70.0, Fail),
        (30.0, -30.0, Fail),
        // Just across a class's border is a matter of the eyes' own error; further is not.
        (20.0, 18.0, Pass),
        (22.0, 18.0, Doubt),
        (22.0, 10.0, Fail),
        (-22.0, -18.0, Doubt),
        (0.0, 14.0, Pass),
    ] {
        let asked = Asked { angles: turned(asked_yaw), ..asked() };
        let findings = good(SeenFace { angles: turned(seen_yaw), ..seen() });
        assert_eq!(verdict(&asked, &findings, CheckName::Pose), expected, "{asked_yaw} {seen_yaw}");
    }
}

#[test]
fn a_fit_that_cannot_be_relied_on_raises_doubts_and_fails_nothing() {
    let face = SeenFace { trusted: false, rows: (0.0, 900.0), angles: turned(-80.0), ..seen() };
    let asked = Asked { angles: turned(-30.0), ..asked() };
    for name in [CheckName::Face, CheckName::FaceSize, CheckName::Pose] {
        assert_eq!(verdict(&asked, &good(face), name), Doubt, "{name:?}");
    }
}

#[test]
fn identity_is_judged_only_where_there_is_something_to_compare() {
    let with = |identity| good(SeenFace { identity, ..seen() });
    for (distance, expected) in [(0.59, Pass), (0.65, Doubt), (0.9, Fail)] {
        assert_eq!(verdict(&asked(), &with(Some(distance)), CheckName::Identity), expected, "{distance}");
    }
    assert_eq!(verdict(&asked(), &with(None), CheckName::Identity), NotApplicable);
    let nobody = Asked { face_photo: false, ..asked() };
    assert_eq!(verdict(&nobody, &with(Some(0.9)), CheckName::Identity), NotApplicable);
}

#[test]
fn without_a_face_one_check_fails_and_not_four() {
    let checks = judge(&asked(), &Findings { sight: Sight::NoFace, ..good(seen()) });
    assert_eq!((checks.count(Fail), checks.count(NotApplicable)), (1, 3), "{checks:?}");
    assert_eq!(checks.get(CheckName::Face).expect("a check").verdict, Fail);
    assert!(!checks.all_pass());
}

#[test]
fn fringe_and_leak_are_graded_and_unjudgeable_ones_are_said_to_be() {
    let seam = |mean| Findings { seam: Some(Seam { mean, worst: 15.0, normals: 99 }), ..good(seen()) };
    for (mean, expected) in [(2.9, Pass), (5.9, Doubt), (12.0, Fail)] {
        assert_eq!(verdict(&asked(), &seam(mean), CheckName::Seam), expected, "{mean}");
    }
    let leak =
        |share, judged| Findings { expansion: Some(Expansion { share, reach: 4.0, judged }), ..good(seen()) };
    for (share, judged, expected) in
        [(0.02, 1.0, Pass), (0.08, 1.0, Doubt), (0.3, 1.0, Fail), (0.3, 0.2, NotApplicable)]
    {
        assert_eq!(verdict(&asked(), &leak(share, judged), CheckName::Expansion), expected, "{share}");
    }
    let none = Findings { seam: None, expansion: None, ..good(seen()) };
    assert_eq!(judge(&asked(), &none).count(NotApplicable), 2);
}

#[test]
fn layout_previews_and_untrained_weights_are_measured_but_not_judged() {
    for (kind, reason) in
        [(EngineKind::Layout, "layout preview"), (EngineKind::Untrained, "untrained weights")]
    {
        let worst = Findings {
            seam: Some(Seam { mean: 30.0, worst: 40.0, normals: 99 }),
            ..good(SeenFace { rows: (0.0, 10.0), ..seen() })
        };
        let checks = judge(&Asked { kind, ..asked() }, &worst);
        assert_eq!((checks.count(Pass), checks.count(NotApplicable)), (1, 6));
        let seam = checks.get(CheckName::Seam).expect("a check");
        assert_eq!(seam.value, Some(30.0));
        assert!(seam.words.contains(reason), "{seam}");
        assert!(checks.all_pass(), "nothing that applies failed");
    }
}

#[test]
fn a_touched_product_fails_whoever_painted() {
    let touched = Exactness { compared: 500, differing: 3, max_difference: 7 };
    for kind in [EngineKind::Layout, EngineKind::Trained] {
        let findings = Findings { product: touched, ..good(seen()) };
        let checks = judge(&Asked { kind, ..asked() }, &findings);
        assert_eq!(checks.get(CheckName::Product).expect("a check").verdict, Fail);
        assert!(!checks.all_pass());
    }
}

#[test]
fn the_score_counts_passes_first_and_closeness_second() {
    let of = |findings: &Findings| judge(&asked(), findings).score;
    let best = good(seen());
    let further = good(SeenFace { angles: turned(41.0), ..seen() });
    let failed =
        good(SeenFace { angles: turned(-30.0), rows: (200.0, 600.0), identity: Some(0.0), ..seen() });
    assert!(of(&best) > of(&further), "closer is better");
    assert!(of(&further) > of(&failed), "one more pass outweighs any closeness");
}

#[test]
fn checks_come_back_from_json_and_unknown_ones_do_no_harm() {
    let checks = judge(&asked(), &good(seen()));
    let text = serde_json::to_string(&checks).expect("JSON");
    assert_eq!(serde_json::from_str::<Checks>(&text).expect("our own"), checks);
    #[derive(Deserialize)]
    struct Holder {
        #[serde(default, deserialize_with = "lenient")]
        checks: Option<Checks>,
    }
    let read = |text: &str| serde_json::from_str::<Holder>(text).expect("lenient").checks;
    assert_eq!(read(&format!(r#"{{"checks": {text}}}"#)), Some(checks));
    assert_eq!(read("{}"), None);
    assert_eq!(read(r#"{"checks": {"score": 1, "list": [{"name": "smile"}]}}"#), None);
    assert_eq!(read(r#"{"checks": 7}"#), None);
}

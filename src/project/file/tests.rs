//! Every way a project file can be old, odd or broken.

use super::*;
use crate::project::{PoseChoice, Scale};
use serde_json::json;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/project").join(name)
}

fn message(text: &str) -> String {
    parse(text).expect_err("a refusal").to_string()
}

#[test]
fn every_format_ever_written_opens() {
    for format in 1..=FORMAT {
        let project = load(&fixture(&format!("format-{format}.adorn"))).expect("a fixture that opens");
        assert_eq!(project.format, FORMAT);
        assert_eq!(project.recipe.seed, 9_223_372_036_854_775_809, "seeds are 64 bits, exact");
        assert_eq!(project.earrings[0].id.0, 7);
        assert_eq!(project.scale, Scale::RealSize { face_mm: Some(118.5) });
        assert_eq!(project.plan.poses[0], PoseChoice::Template("left-soft".into()));
        assert_eq!(project.presets[1].name, "story");
    }
}

#[test]
fn saving_and_opening_changes_nothing_and_is_stable_text() {
    let project = load(&fixture("format-1.adorn")).expect("a fixture that opens");
    let text = to_json(&project);
    assert!(text.starts_with("{\n  \"format\": 1,\n  \"canvas\""), "{text}");
    assert!(text.ends_with("}\n"));
    let again = parse(&text).expect("our own text");
    assert_eq!(again, project);
    assert_eq!(to_json(&again), text);
}

/// Adds an unknown field to every object of a document.
fn mark(value: &mut Value, count: &mut u64) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| mark(value, count));
            let is_choice = fields.len() == 1;
            if !is_choice {
                *count += 1;
                fields.insert("of_tomorrow".to_owned(), json!({ "number": *count, "list": [1, null] }));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|value| mark(value, count)),
        _ => {}
    }
}

#[test]
fn unknown_fields_survive_at_every_level() {
    let mut project = load(&fixture("format-1.adorn")).expect("a fixture that opens");
    let other = crate::project::Other::new;
    let (file, token) = ("gold.safetensors".to_owned(), "gold".to_owned());
    project.recipe.loras.push(crate::project::Lora { file: file.clone(), strength: 0.5, other: other() });
    project.recipe.embeddings.push(crate::project::Embedding { file, token, other: other() });
    let (kind, points) =
        (crate::project::StrokeKind::Include, vec![crate::project::Point { x: 1.5, y: 2.0 }]);
    let stroke = crate::project::Stroke { kind, radius: 3.0, points, other: other() };
    project.face.as_mut().expect("the fixture's face").remove.push(stroke.clone());
    let frame = Some(crate::project::Rectangle { left: 1.0, top: 2.0, right: 30.0, bottom: 40.0 });
    let strokes = vec![stroke.clone(), stroke];
    let cut = crate::project::CutFrom { file: "photos/hoop.jpg".to_owned(), frame, strokes, other: other() };
    project.earrings[0].cut_from = Some(cut);
    let text = to_json(&project);
    let mut marked: Value = serde_json::from_str(&text).expect("JSON");
    let mut count = 0;
    mark(&mut marked, &mut count);
    assert!(count >= 15, "the fixture should have every kind of object");
    let project = parse(&marked.to_string()).expect("unknown fields are no fault");
    let written: Value = serde_json::from_str(&to_json(&project)).expect("JSON");
    assert_eq!(written, marked);
}

#[test]
fn an_unknown_field_outlives_the_value_it_stood_in() {
    let text = r#"{"format": 1, "scale": {"band": {"top": 1, "bottom": 9, "soft": true}}}"#;
    let mut project = parse(text).expect("a project");
    let band = std::mem::replace(&mut project.scale, Scale::Ratio(0.5));
    let mut project = parse(&to_json(&project)).expect("a file that opens");
    assert_eq!(project.scale, Scale::Ratio(0.5));
    project.scale = band;
    assert!(to_json(&project).contains("\"soft\": true"));
}

#[test]
fn a_byte_order_mark_is_no_fault() {
    assert_eq!(parse("\u{feff}{\"format\": 1}").expect("a project"), Project::default());
}

#[test]
fn a_newer_format_names_the_adorn_it_needs() {
    let text = message(r#"{"format": 2, "canvas": "of another kind"}"#);
    assert!(text.contains("format 2") && text.contains("formats up to 1") && text.contains("stays as it is"));
    assert!(message(r#"{"format": 18446744073709551615}"#).contains("18446744073709551615"));
}

#[test]
fn what_is_no_project_is_refused_in_one_line() {
    for (text, part) in [
        ("", "not valid JSON"),
        ("{\"format\": 1", "not valid JSON"),
        ("{}", "no \"format\""),
        ("[]", "no \"format\""),
        ("{\"format\": 0}", "format 0 was never made"),
        ("{\"format\": -1}", "format -1 was never made"),
        ("{\"format\": \"1\"}", "was never made"),
        ("{\"format\": 1} trailing", "not valid JSON"),
        (&"[".repeat(100_000), "not valid JSON"),
    ] {
        let message = message(text);
        assert!(message.contains(part), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn a_bad_field_is_named_with_its_line() {
    let wrong_type = "{\n\"format\": 1,\n\"canvas\": {\"width\": -5,\n\"height\": 64}}";
    let text = message(wrong_type);
    assert!(text.contains("`canvas.width`") && text.contains("line 3"), "{text}");
    let wrong_range = "{\n\"format\": 1,\n\"canvas\": {\"width\": 64,\n\"height\": 9999}}";
    let text = message(wrong_range);
    assert!(text.contains("`canvas.height`") && text.contains("line 4"), "{text}");
    let deep = "{\"format\": 1,\n \"scale\": {\n\"ratio\": 3.5}}";
    let text = message(deep);
    assert!(text.contains("`scale.ratio`") && text.contains("line 3"), "{text}");
    let kind = "{\"format\": 1,\n \"earrings\": [{\"id\": 1, \"file\": 5}]}";
    let text = message(kind);
    assert!(text.contains("`earrings[0].file`") && text.contains("line 2"), "{text}");
}

#[test]
fn every_range_fault_finds_its_line() {
    let text = std::fs::read_to_string(fixture("format-1.adorn")).expect("the fixture");
    for (right, wrong, field) in [
        ("\"top\": 10.0", "\"top\": 1e9", "plan.scales[1].band.top"),
        ("\"yaw_deg\": 20.0", "\"yaw_deg\": 2000.0", "plan.poses[1].angles.yaw_deg"),
        ("\"steps\": 30", "\"steps\": 3000", "recipe.steps"),
        ("\"side\": 256.0", "\"side\": 0.0", "face.crop.side"),
        ("\"name\": \"story\"", "\"name\": \"shop\"", "presets[1].name"),
    ] {
        let broken = text.replacen(right, wrong, 1);
        assert_ne!(broken, text, "{right}");
        let line = 1 + text[..text.find(right).expect("a place")].lines().count();
        let line = if text[..text.find(right).expect("a place")].ends_with('\n') { line } else { line - 1 };
        let message = message(&broken);
        assert!(message.contains(&format!("`{field}`")), "{message}");
        assert!(message.contains(&format!("line {line},")), "{message}, expected line {line}");
    }
}

#[test]
fn steps_lift_an_older_format_one_by_one() {
    let steps: [Migration; 2] = [
        |fields| drop(fields.insert("one".to_owned(), json!(1))),
        |fields| drop(fields.insert("two".to_owned(), json!(2))),
    ];
    let lifted = |format: u32| {
        let mut value = json!({ "format": format });
        migrate(value.as_object_mut().expect("an object"), format, &steps);
        value
    };
    assert_eq!(lifted(1), json!({ "format": 3, "one": 1, "two": 2 }));
    assert_eq!(lifted(2), json!({ "format": 3, "two": 2 }));
    assert_eq!(lifted(3), json!({ "format": 3 }));
}

#[test]
fn a_saved_project_opens_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("summer.adorn");
    let mut project = load(&fixture("format-1.adorn")).expect("a fixture that opens");
    save(&project, &path).expect("a first save");
    project.prompt = "Gold".to_owned();
    save(&project, &path).expect("a save over it");
    assert_eq!(load(&path).expect("a project"), project);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn a_missing_folder_is_an_error_that_names_the_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gone/summer.adorn");
    let error = save(&Project::default(), &path).expect_err("no folder").to_string();
    assert!(error.contains("cannot save") && error.contains("summer.adorn"), "{error}");
}

#[cfg(unix)]
#[test]
fn when_the_target_cannot_be_replaced_the_old_one_stands() {
    // A folder in the file's place fails the rename for every user, root too; a read-only folder does not.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("summer.adorn");
    std::fs::create_dir(&path).expect("a folder in the way");
    assert!(save(&Project::default(), &path).is_err());
    assert!(path.is_dir());
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "no temporary file stays");
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_keeps_the_old_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("summer.adorn");
    save(&Project::default(), &path).expect("a first save");
    let old = std::fs::read(&path).expect("the file");
    let lock = |mode| std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode));
    lock(0o555).expect("a read-only folder");
    let changed = Project { prompt: "Gold".to_owned(), ..Project::default() };
    let result = save(&changed, &path);
    lock(0o755).expect("a writable folder");
    // Root writes everywhere; then the save is whole.
    match result {
        Err(error) => {
            assert!(error.to_string().contains("cannot save"), "{error}");
            assert_eq!(std::fs::read(&path).expect("the file"), old);
        }
        Ok(()) => assert_eq!(load(&path).expect("a project"), changed),
    }
}

#[test]
fn an_unsound_project_never_replaces_a_sound_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("summer.adorn");
    save(&Project::default(), &path).expect("a first save");
    let broken = Project { scale: Scale::Ratio(f64::NAN), ..Project::default() };
    assert!(matches!(save(&broken, &path), Err(FileError::Unsound(_))));
    assert_eq!(load(&path).expect("a project"), Project::default());
}

#[test]
fn a_file_that_is_missing_or_no_text_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.adorn");
    let text = load(&path).expect_err("no file").to_string();
    assert!(text.contains("cannot read the project") && text.ends_with("x.adorn)"), "{text}");
    let text = load(folder.path()).expect_err("a folder").to_string();
    assert!(text.contains("it is no file"), "{text}");
    std::fs::write(&path, [0xff, 0xfe, 0x00]).expect("a file");
    let text = load(&path).expect_err("no text").to_string();
    assert!(text.contains("not UTF-8") && text.ends_with("x.adorn)"), "{text}");
}

#[test]
fn an_endless_file_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.adorn");
    let file = File::create(&path).expect("a file");
    file.set_len(LARGEST_FILE + 1).expect("a sparse file");
    assert!(load(&path).expect_err("too large").to_string().contains("larger than 64 MiB"));
}

#[test]
fn positions_come_back_to_the_last_bit() {
    let mut project = load(&fixture("format-1.adorn")).expect("a fixture that opens");
    for step in 1..2_000 {
        project.earrings[0].hook_in_canvas.x = f64::from(step) * 0.731 / 3.0;
        project.earrings[0].scale = 1.0 / f64::from(step);
        assert_eq!(parse(&to_json(&project)).expect("our own text"), project, "step {step}");
    }
}

#[test]
fn a_field_given_twice_is_named_and_not_taken_for_a_missing_format() {
    let text = message("{\"format\": 1,\n\"format\": 1}");
    assert!(text.starts_with("`format`, line 2") && text.ends_with("is given twice; keep one"), "{text}");
    let text = message("{\"format\": 1, \"prompt\": \"a\", \"prompt\": \"b\"}");
    assert!(text.starts_with("`prompt`, line 1") && text.contains("twice"), "{text}");
    let text = message("{\"format\": 1, \"canvas\": {\"width\": 64, \"width\": 65}}");
    assert!(text.starts_with("`canvas.width`, line 1"), "{text}");
}

#[test]
fn what_is_wrong_is_read_however_long_a_hostile_file_makes_it() {
    let long = "q".repeat(100_000);
    for (text, part) in [
        (format!("{{\"format\": 1, \"x\": {}1{}}}", "[".repeat(9000), "]".repeat(9000)), "recursion limit"),
        (format!("{{\"format\": 1, \"canvas\": \"{long}\"}}"), "expected"),
        (format!("{{\"format\": 1, \"scale\": {{\"{long}\": 1}}}}"), "unknown variant"),
        (format!("{{\"format\": 1, \"pose\": {{\"template\": \"{long}\"}}}}"), "names no pose"),
        (
            "{\"format\": 1, \"canvas\": {\"width\": 64, \"height\": 1e300}}".to_owned(),
            "expected a whole number",
        ),
        ("{\"format\": 1, \"scale\": {\"ratio\": 1e300}}".to_owned(), "is 1e300"),
    ] {
        let message = message(&text);
        assert!(message.contains(part) && message.chars().count() < 400, "{message}");
    }
}

#[test]
fn every_refused_value_comes_with_advice() {
    let preset = r#"{"format": 1, "presets": [{"name": "../x", "size": {"width": 64, "height": 64}}]}"#;
    let ratio = r#"{"format": 1, "scale": {"ratio": 2}}"#;
    let pose = r#"{"format": 1, "pose": {"template": ""}}"#;
    for text in [preset, ratio, pose, r#"{"format": 1, "canvas": 5}"#] {
        let message = message(text);
        assert_eq!(message.matches("; ").count(), 1, "{message}");
    }
}

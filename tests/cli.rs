//! The commands as a user runs them: real files in, real files out, exit codes, and every kind of bad input.

#![expect(clippy::expect_used, reason = "a test that cannot prepare its files has failed")]

use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Runs `adorn` in `folder`.
fn adorn(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_adorn"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("ADORN_LOG")
        .output()
        .expect("the program starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Succeeds, or shows what the program said.
fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = adorn(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}\n{}{}", stdout(&output), stderr(&output));
    stdout(&output)
}

/// Fails as bad input: one headline that says `part`, one line of help, and nothing written.
fn refuse(folder: &Path, arguments: &[&str], part: &str) {
    let before = listing(folder);
    let output = adorn(folder, arguments);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}\n{}{text}", stdout(&output));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("error: ") && lines[0].contains(part), "{text}");
    assert!(lines[1].starts_with("  help: ") && lines[1].len() > "  help: ".len() + 8, "{text}");
    assert!(!text.contains("correct it and run the command again"), "no advice of its own: {text}");
    assert!(!text.contains("panicked"), "{text}");
    assert_eq!(listing(folder), before, "bad input must leave every file alone");
}

/// Every file below a folder with its content.
fn listing(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(listing(&path));
        } else {
            files.push((path.clone(), std::fs::read(&path).expect("a file")));
        }
    }
    files.sort();
    files
}

/// A ring of gold with a pearl, transparent around it.
fn earring() -> image::RgbaImage {
    image::RgbaImage::from_fn(60, 120, |x, y| {
        let (dx, dy) = (f64::from(x) - 29.5, f64::from(y) - 80.0);
        let ring = (20.0..28.0).contains(&dx.hypot(dy));
        let wire = x.abs_diff(30) < 3 && y < 54;
        if ring || wire {
            image::Rgba([212, 160 + (y / 4) as u8, 60, 255])
        } else {
            image::Rgba([0, 0, 0, 0])
        }
    })
}

/// A project at 256 x 256 with one earring, changed by `change`.
fn project(folder: &Path, change: impl FnOnce(&mut Value)) -> PathBuf {
    earring().save(folder.join("earring.png")).expect("a product photo");
    let mut project = json!({
        "format": 1,
        "canvas": { "width": 256, "height": 256 },
        "earrings": [{
            "id": 1, "file": "earring.png", "scale": 0.6, "real_height_mm": 40.0,
            "hook_in_product": { "x": 30.0, "y": 2.0 }, "hook_in_canvas": { "x": 150.0, "y": 130.0 },
        }],
        "scale": { "ratio": 0.5 },
        "pose": { "template": "front-straight" },
    });
    change(&mut project);
    let path = folder.join("shop.adorn");
    std::fs::write(&path, project.to_string()).expect("a project");
    path
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn the_demo_makes_finished_pictures_that_verify() {
    let folder = folder();
    let text = succeed(folder.path(), &["demo"]);
    assert!(text.contains("layout preview"), "{text}");
    let made = text.lines().filter(|line| line.contains(".png")).count();
    assert!(made >= 3, "{text}");
    let pictures: Vec<_> = listing(&folder.path().join("adorn-demo"))
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| path.extension().is_some_and(|ending| ending == "png"))
        .filter(|path| !["earring.png", "face.png"].iter().any(|sample| path.ends_with(sample)))
        .collect();
    assert_eq!(pictures.len(), made);
    let mut arguments = vec!["verify"];
    arguments.extend(pictures.iter().filter_map(|path| path.to_str()));
    let verdicts = succeed(folder.path(), &arguments);
    assert_eq!(verdicts.matches("exact: all").count(), made, "{verdicts}");
    let again = succeed(folder.path(), &["demo"]);
    assert_eq!(again.matches("unchanged").count(), made, "{again}");
}

#[test]
fn a_render_is_the_same_file_twice_and_proves_its_product() {
    let folder = folder();
    project(folder.path(), |_| {});
    let text = succeed(folder.path(), &["render", "shop.adorn", "--out", "a.png"]);
    assert!(text.contains("256x256") && text.contains("product pixels exact"), "{text}");
    assert!(text.contains("layout preview"), "{text}");
    succeed(folder.path(), &["render", "shop.adorn", "--out", "b.png"]);
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("a picture");
    assert_eq!(read("a.png"), read("b.png"));
    let verdicts: Value =
        serde_json::from_str(&succeed(folder.path(), &["verify", "a.png", "b.png", "--json"])).expect("JSON");
    for verdict in verdicts.as_array().expect("a list") {
        assert_eq!(verdict["verdict"], "exact", "{verdict}");
        assert_eq!(verdict["unchanged_since_written"], true);
        assert!(verdict["compared"].as_u64() > Some(100));
    }
}

#[test]
fn verify_finds_a_touched_product_and_admits_what_it_cannot_tell() {
    let folder = folder();
    let path = project(folder.path(), |_| {});
    succeed(folder.path(), &["render", "shop.adorn", "--out", "a.png"]);
    let finished = folder.path().join("a.png");
    let (mut pixels, record) = adorn::picture::read_record(&finished).expect("a picture");
    let placed = adorn::project::load(&path).expect("a project").earrings[0].hook_in_canvas;
    let (x, y) = (placed.x as u32, placed.y as u32 + 10);
    pixels.get_pixel_mut(x, y).0[1] ^= 9;
    let touched = folder.path().join("touched.png");
    adorn::picture::write_png(&touched, &pixels, record.as_deref()).expect("a picture");
    let output = adorn(folder.path(), &["verify", "touched.png"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.contains("differs: 1 of") && text.contains(&format!("first at {x},{y}")), "{text}");

    adorn::picture::write_png(&touched, &pixels, None).expect("a picture");
    let output = adorn(folder.path(), &["verify", "touched.png"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("cannot tell: it has no record"), "{}", stdout(&output));
    let output = adorn(folder.path(), &["verify", "touched.png", "--project", "shop.adorn"]);
    assert!(stdout(&output).contains("differs: 1 of"), "{}", stdout(&output));

    let mut other = earring();
    other.put_pixel(0, 0, image::Rgba([1, 2, 3, 4]));
    other.save(folder.path().join("earring.png")).expect("another product");
    let output = adorn(folder.path(), &["verify", "a.png"]);
    assert!(stdout(&output).contains("cannot tell: earring.png has changed"), "{}", stdout(&output));
}

#[test]
fn a_finished_picture_in_another_folder_still_finds_its_product() {
    let folder = folder();
    project(folder.path(), |_| {});
    std::fs::create_dir(folder.path().join("ads")).expect("a folder");
    succeed(folder.path(), &["render", "shop.adorn", "--out", "ads/a.png"]);
    assert!(succeed(folder.path(), &["verify", "ads/a.png"]).contains("exact: all"));
    assert!(succeed(&folder.path().join("ads"), &["verify", "a.png"]).contains("exact: all"));
}

#[test]
fn an_export_resumes_redoes_what_changed_and_goes_on_after_a_failure() {
    let folder = folder();
    let with_plan = |faces: Value| {
        move |project: &mut Value| {
            project["plan"] = json!({ "seeds": [1, 2], "faces": faces });
            project["presets"] = json!([
                { "name": "web", "size": { "width": 128, "height": 128 } },
                { "name": "shop", "size": { "width": 384, "height": 384 } },
            ]);
        }
    };
    project(folder.path(), with_plan(json!([])));
    let export = ["export", "shop.adorn", "--out", "out"];
    let listed = succeed(folder.path(), &["export", "shop.adorn", "--out", "out", "--dry-run"]);
    assert_eq!(
        listed.lines().collect::<Vec<_>>(),
        [
            "seed-1_web.png  128x128",
            "seed-1_shop.png  384x384",
            "seed-2_web.png  128x128",
            "seed-2_shop.png  384x384",
        ]
    );
    assert!(!folder.path().join("out").exists(), "a dry run writes nothing");
    let text = succeed(folder.path(), &export);
    assert_eq!(text.matches("made in").count(), 4, "{text}");
    assert!(
        succeed(folder.path(), &["verify", "out/seed-1_shop.png", "out/seed-2_web.png"]).contains("exact")
    );

    // One file is cut short, one is gone: just these are made again.
    let cut = folder.path().join("out/seed-1_web.png");
    std::fs::remove_file(folder.path().join("out/seed-2_shop.png")).expect("a picture");
    let mut pixels = adorn::picture::read_record(&cut).expect("a picture");
    pixels.0.get_pixel_mut(0, 0).0[0] ^= 1;
    adorn::picture::write_png(&cut, &pixels.0, pixels.1.as_deref()).expect("a picture");
    let text = succeed(folder.path(), &export);
    assert_eq!((text.matches("made in").count(), text.matches("unchanged").count()), (2, 2), "{text}");

    // A face that is missing fails its variants and no others.
    image::RgbImage::from_pixel(64, 64, image::Rgb([200, 160, 140]))
        .save(folder.path().join("anna.png"))
        .expect("a face");
    project(folder.path(), with_plan(json!([{ "file": "anna.png" }, { "file": "gone.png" }])));
    let output = adorn(folder.path(), &["export", "shop.adorn", "--out", "out", "--preset", "web"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("2 of 4 pictures failed") && stderr(&output).contains("gone.png"));
    let report = std::fs::read_to_string(folder.path().join("out/report.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let statuses: Vec<_> =
        report["entries"].as_array().expect("entries").iter().map(|e| &e["status"]).collect();
    assert_eq!(statuses, ["made", "made", "failed", "failed"]);
}

/// Ctrl-C, as a terminal sends it.
#[cfg(unix)]
#[test]
fn a_cancelled_export_leaves_whole_files_and_goes_on_later() {
    let folder = folder();
    project(folder.path(), |project| project["plan"] = json!({ "seeds": (0..60).collect::<Vec<_>>() }));
    let mut child = Command::new(env!("CARGO_BIN_EXE_adorn"))
        .args(["export", "shop.adorn", "--out", "out"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    let first = folder.path().join("out/seed-0.png");
    for _ in 0..2_000 {
        if first.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    let mut text = String::new();
    child.stderr.take().expect("its stderr").read_to_string(&mut text).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{text}");
    assert!(text.contains("cancelled"), "{text}");
    let files = listing(&folder.path().join("out"));
    let pictures: Vec<_> =
        files.iter().filter(|(path, _)| path.extension() == Some("png".as_ref())).collect();
    assert!((1..60).contains(&pictures.len()), "{}", pictures.len());
    for (path, _) in &pictures {
        assert!(adorn::picture::read_record(path).is_ok(), "{}", path.display());
    }
    let report: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("out/report.json")).expect("a report"))
            .expect("JSON");
    assert_eq!(report["cancelled"], true);
    project(folder.path(), |project| project["plan"] = json!({ "seeds": [0, 1] }));
    assert!(
        succeed(folder.path(), &["export", "shop.adorn", "--out", "out"]).contains("seed-0.png  unchanged")
    );
}

#[test]
fn a_random_bundle_passes_its_check_and_a_missing_one_does_not() {
    let folder = folder();
    succeed(folder.path(), &["bundle", "random", "--config", "mini", "--seed", "3", "--out", "b"]);
    let report: Value =
        serde_json::from_str(&succeed(folder.path(), &["bundle", "check", "b", "--json"])).expect("JSON");
    assert_eq!((&report["trained"], &report["verified"]), (&json!(false), &json!(true)));
    refuse(folder.path(), &["bundle", "random", "--config", "mini", "--out", "b"], "not empty");
    refuse(folder.path(), &["bundle", "check", "gone"], "gone");
}

#[test]
fn an_imported_bundle_paints_as_its_source_does_and_a_lora_changes_it() {
    let folder = folder();
    let here = folder.path();
    project(here, |_| {});
    succeed(here, &["bundle", "random", "--config", "mini", "--seed", "3", "--out", "b"]);
    succeed(here, &["bundle", "import", "--model", "b", "--out", "c", "--licence", "mine"]);
    refuse(here, &["bundle", "import", "--model", "gone", "--out", "d"], "gone");
    refuse(here, &["bundle", "import", "--model", "b/unet/config.json", "--out", "d"], "config.json");
    let render = |bundle: &str, out: &str, more: &[&str]| {
        let wanted = ["render", "shop.adorn", "--steps", "1", "--bundle", bundle, "--out", out];
        succeed(here, &[&wanted[..], more].concat());
        image::open(here.join(out)).expect("a picture").into_rgb8().into_raw()
    };
    let own = render("b", "own.png", &[]);
    assert!(own == render("c", "imported.png", &[]), "the same weights under another name");
    let name = "lora_unet_mid_block_attentions_0_proj_in";
    let tensor = |shape: &[usize]| {
        let size = shape.iter().product::<usize>();
        let values: Vec<f32> = (0..size).map(|i| (i as f32).sin()).collect();
        (shape.to_vec(), bytemuck::cast_slice::<f32, u8>(&values).to_vec())
    };
    let tensors = [("lora_down", tensor(&[2, 64, 1, 1])), ("lora_up", tensor(&[64, 2, 1, 1]))];
    let views = tensors.iter().map(|(role, (shape, bytes))| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).expect("as many bytes as numbers");
        (format!("{name}.{role}.weight"), view)
    });
    std::fs::write(here.join("l.safetensors"), safetensors::serialize(views, None).expect("a file"))
        .expect("room");
    assert!(own != render("b", "lora.png", &["--lora", "l.safetensors:2"]));
    assert!(own == render("b", "silent.png", &["--lora", "l.safetensors:0"]));
    let (_, record) = adorn::picture::read_record(&here.join("lora.png")).expect("a picture");
    let record: Value = serde_json::from_str(&record.expect("a record")).expect("JSON");
    assert_eq!(record["variant"]["recipe"]["loras"][0]["strength"], json!(2.0));
    let files = record["files"].as_array().expect("a list");
    assert!(files.iter().any(|file| file["file"] == json!("l.safetensors")), "{files:?}");
    refuse(here, &["render", "shop.adorn", "--bundle", "b", "--out", "x.png", "--lora", "gone"], "gone");
    refuse(
        here,
        &["render", "shop.adorn", "--bundle", "b", "--out", "x.png", "--lora", "l.safetensors:9"],
        "strength",
    );
}

#[test]
fn shares_make_the_plan_once() {
    let folder = folder();
    project(folder.path(), |project| project["plan"] = json!({ "seeds": [1, 2, 3] }));
    let listed = |shard: &str| {
        succeed(folder.path(), &["export", "shop.adorn", "--out", "out", "--dry-run", "--shard", shard])
    };
    assert_eq!(listed("1/2").lines().count() + listed("2/2").lines().count(), 3);
    succeed(folder.path(), &["export", "shop.adorn", "--out", "out", "--shard", "2/2"]);
    assert!(folder.path().join("out/report-2-of-2.json").exists());
}

#[test]
fn a_foreign_file_is_never_overwritten_by_an_export() {
    let folder = folder();
    project(folder.path(), |_| {});
    std::fs::create_dir(folder.path().join("out")).expect("a folder");
    let foreign = folder.path().join("out/picture.png");
    earring().save(&foreign).expect("somebody's file");
    let before = std::fs::read(&foreign).expect("the file");
    let output = adorn(folder.path(), &["export", "shop.adorn", "--out", "out"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("did not write"), "{}", stderr(&output));
    assert_eq!(std::fs::read(&foreign).expect("the file"), before);
}

#[test]
fn the_pose_sheet_shows_all_and_one_template_is_the_network_s_own_picture() {
    let folder = folder();
    let text = succeed(folder.path(), &["poses", "--out", "sheet.png", "--size", "64"]);
    assert!(text.contains("front-straight"), "{text}");
    let sheet = image::open(folder.path().join("sheet.png")).expect("a sheet");
    assert_eq!((sheet.width(), sheet.height()), (5 * 64 + 4 * 4, 3 * 64 + 2 * 4));
    succeed(folder.path(), &["poses", "--out", "one.png", "--template", "front-straight"]);
    let one = image::open(folder.path().join("one.png")).expect("a pose");
    assert_eq!((one.width(), one.height()), (256, 256));
    refuse(folder.path(), &["poses", "--out", "x.png", "--template", "front-straigt"], "front-straigt");
    let output = adorn(folder.path(), &["poses", "--out", "x.png", "--template", "front-straigt"]);
    assert!(stderr(&output).contains("nearest are front-straight"), "{}", stderr(&output));
}

#[test]
fn the_trace_holds_what_the_networks_are_given() {
    let folder = folder();
    project(folder.path(), |_| {});
    succeed(folder.path(), &["render", "shop.adorn", "--out", "a.png", "--trace", "a.safetensors"]);
    let bytes = std::fs::read(folder.path().join("a.safetensors")).expect("a trace");
    let trace = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    assert_eq!(trace.tensor("hint").expect("the hint").shape(), [1, 4, 256, 256]);
    assert_eq!(trace.tensor("pose_image").expect("the pose image").shape(), [1, 3, 224, 224]);
    assert!(trace.tensor("appearance_image").is_err(), "there is no face");
}

#[test]
fn usage_is_explained_with_the_exit_code_of_bad_input() {
    let folder = folder();
    for arguments in [&["render"][..], &["paint"], &["export", "x.adorn", "--out", "o", "--shard", "3/2"]] {
        let output = adorn(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!stderr(&output).is_empty());
    }
    assert!(succeed(folder.path(), &["--help"]).contains("verify"));
}

#[test]
fn bad_product_photos_are_refused_by_name() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/picture");
    let whole = |name: &str| std::fs::read(fixtures.join(name)).expect("a fixture");
    let mut photo = std::io::Cursor::new(Vec::new());
    earring().write_to(&mut photo, image::ImageFormat::Png).expect("a PNG");
    let photo = photo.into_inner();
    for (name, bytes, part) in [
        ("truncated.png", photo[..photo.len() / 2].to_vec(), "broken"),
        ("huge.png", with_size(&photo, 100_000, 100_000), "100000x100000"),
        ("flat.png", with_size(&photo, 0, 120), "0x120"),
        ("empty.png", Vec::new(), "empty"),
        ("cmyk.jpg", whole("cmyk.jpg"), "CMYK"),
        ("animated.webp", whole("animated.webp"), "animated"),
        ("text.png", b"this is no picture".to_vec(), "content"),
        ("clear.png", clear(), "transparent"),
        ("pdf.jpg", b"%PDF-1.7\n%".to_vec(), "content"),
    ] {
        let folder = folder();
        project(folder.path(), |project| project["earrings"][0]["file"] = json!(name));
        std::fs::write(folder.path().join(name), bytes).expect("a photo");
        std::fs::write(folder.path().join("out.png"), b"an older picture").expect("a file");
        let out = ["render", "shop.adorn", "--out", "out.png"];
        refuse(folder.path(), &out, part);
        let output = adorn(folder.path(), &out);
        assert!(stderr(&output).contains(name), "{}", stderr(&output));
    }
}

/// A PNG without a visible pixel.
fn clear() -> Vec<u8> {
    let mut photo = std::io::Cursor::new(Vec::new());
    image::RgbaImage::new(60, 120).write_to(&mut photo, image::ImageFormat::Png).expect("a PNG");
    photo.into_inner()
}

/// The PNG with another size in its header, checksum corrected.
fn with_size(png: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut png = png.to_vec();
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = png[12..29].iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & 0u32.wrapping_sub(crc & 1)))
    });
    png[29..33].copy_from_slice(&(!crc).to_be_bytes());
    png
}

/// What makes a good project bad.
type Change = fn(&mut Value);

#[test]
fn bad_projects_are_refused_by_name() {
    let render = ["render", "shop.adorn", "--out", "out.png"];
    let cases: [(Change, &str); 9] = [
        (|p| p["format"] = json!(2), "format 2"),
        (|p| drop(p.as_object_mut().expect("fields").remove("format")), "no \"format\""),
        (|p| p["canvas"]["width"] = json!(-256), "canvas.width"),
        (|p| p["canvas"]["width"] = json!(0), "canvas.width"),
        (|p| p["earrings"][0]["scale"] = json!(-1.0), "earrings[0].scale"),
        (|p| p["earrings"][0]["file"] = json!("gone.png"), "gone.png"),
        (|p| p["pose"]["template"] = json!("front-strait"), "front-strait"),
        (|p| p["face"] = json!({ "file": "nobody.png" }), "nobody.png"),
        (|p| p["recipe"] = json!({ "sampler": "magic" }), "recipe.sampler"),
    ];
    for (change, part) in cases {
        let folder = folder();
        project(folder.path(), change);
        std::fs::write(folder.path().join("out.png"), b"an older picture").expect("a file");
        refuse(folder.path(), &render, part);
    }
    let folder = folder();
    refuse(folder.path(), &render, "shop.adorn");
    std::fs::write(folder.path().join("shop.adorn"), "{ \"format\": 1,\n \"prompt\": }").expect("a file");
    refuse(folder.path(), &render, "line 2");
}

#[test]
fn an_output_that_would_replace_an_input_is_refused() {
    let folder = folder();
    project(folder.path(), |_| {});
    refuse(folder.path(), &["render", "shop.adorn", "--out", "earring.png"], "own files");
    refuse(folder.path(), &["render", "shop.adorn", "--out", "out.jpg"], ".png");
    refuse(folder.path(), &["render", "shop.adorn", "--out", "gone/out.png"], "folder");
}

#[test]
fn presets_of_another_shape_are_refused_before_anything_is_made() {
    let folder = folder();
    project(folder.path(), |project| {
        project["presets"] = json!([{ "name": "story", "size": { "width": 270, "height": 480 } }]);
    });
    refuse(folder.path(), &["export", "shop.adorn", "--out", "out"], "story");
    refuse(folder.path(), &["export", "shop.adorn", "--out", "out", "--preset", "banner"], "banner");
}

#[test]
fn bad_bodies_are_refused_by_name() {
    let floats = |shape: &str, values: &[f32]| {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        npy("<f4", shape, &bytes)
    };
    let nan = floats("(64, 3)", &[f32::NAN; 192]);
    for (name, vertices, part) in [
        ("shape.npz", floats("(96, 2)", &[0.0; 192]), "v_template"),
        ("fewer.npz", floats("(3, 3)", &[0.0; 9]), "only 3"),
        ("nan.npz", nan, "v_template"),
        ("object.npz", npy("|O", "(1,)", b"\x80\x04N."), "v_template"),
        ("short.npz", npy("<f4", "(64, 3)", &[0; 8]), "v_template"),
    ] {
        let folder = folder();
        std::fs::write(folder.path().join(name), body_with(&vertices)).expect("a body");
        refuse(folder.path(), &["poses", "--out", "sheet.png", "--body", name], part);
    }
    let folder = folder();
    std::fs::write(folder.path().join("text.npz"), "no archive").expect("a file");
    refuse(folder.path(), &["poses", "--out", "sheet.png", "--body", "text.npz"], "text.npz");
    refuse(folder.path(), &["poses", "--out", "sheet.png", "--body", "gone.npz"], "gone.npz");
}

/// The small SMPL-X fixture with other template vertices.
fn body_with(vertices: &[u8]) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/body/SMPLX_NEUTRAL.npz");
    let file = std::fs::File::open(path).expect("the fixture");
    let mut whole = zip::ZipArchive::new(file).expect("an archive");
    let mut changed = zip::write::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..whole.len() {
        let mut member = whole.by_index(index).expect("a member");
        let name = member.name().expect("a name").into_owned();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).expect("a member");
        let bytes = if name == "v_template.npy" { vertices } else { &bytes };
        changed.start_file(name, zip::write::SimpleFileOptions::default()).expect("a member");
        changed.write_all(bytes).expect("a member");
    }
    changed.finish().expect("an archive").into_inner()
}

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).expect("a short header").to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn without_a_display_the_window_s_error_says_what_works() {
    let folder = folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_adorn"));
    for variable in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(variable);
    }
    let output = command.current_dir(folder.path()).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("adorn demo"), "{}", stderr(&output));
    refuse(folder.path(), &["open", "gone.adorn"], "gone.adorn");
}

/// Both used to wait for the pipe's writer, for ever.
#[cfg(unix)]
#[test]
fn a_pipe_in_a_file_s_place_is_refused_instead_of_waited_for() {
    let (folder, pipes) = (folder(), folder());
    let pipe = pipes.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let pipe = pipe.display().to_string();
    refuse(folder.path(), &["verify", &pipe], "no file");
    refuse(folder.path(), &["poses", "--out", "sheet.png", "--body", &pipe], "no file");
}

#[test]
fn a_picture_saved_again_as_jpeg_or_webp_is_told_from_a_broken_one() {
    let folder = folder();
    for (name, format) in [
        ("ad.jpg", image::ImageFormat::Jpeg),
        ("ad.png", image::ImageFormat::Jpeg),
        ("ad.webp", image::ImageFormat::WebP),
    ] {
        let path = folder.path().join(name);
        image::RgbImage::new(64, 64).save_with_format(path, format).expect("a picture");
        let kind = if name == "ad.webp" { "it is a WebP" } else { "it is a JPEG" };
        refuse(folder.path(), &["verify", name], kind);
    }
}

#[test]
fn a_file_s_own_words_never_reach_the_terminal_as_commands_or_lines() {
    let folder = folder();
    let name = "gone\nad.png  exact\u{1b}[2J\u{202e}.png";
    project(folder.path(), |project| project["earrings"][0]["file"] = json!(name));
    let render = ["render", "shop.adorn", "--out", "out.png"];
    refuse(folder.path(), &render, "\\u001b[2J\\u202e");
    let output = adorn(folder.path(), &["export", "shop.adorn", "--out", "out"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("gone\\u000aad.png  exact\\u001b[2J\\u202e"), "{}", stderr(&output));
}

#[test]
fn a_device_that_the_mannequin_cannot_use_is_said_and_not_ignored() {
    let folder = folder();
    project(folder.path(), |_| {});
    let render = ["render", "shop.adorn", "--out", "out.png", "--device", "cuda:0"];
    refuse(folder.path(), &render, "CPU alone");
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_the_work() {
    let folder = folder();
    project(folder.path(), |_| {});
    std::fs::create_dir(folder.path().join("ads.png")).expect("a folder");
    refuse(folder.path(), &["render", "shop.adorn", "--out", "ads.png"], "is a folder");
    refuse(folder.path(), &["poses", "--out", "ads.png"], "is a folder");
    refuse(folder.path(), &["poses", "--out", "sheet.jpg"], "not a .png");
    refuse(folder.path(), &["poses", "--out", "gone/sheet.png"], "folder is missing");
    std::fs::write(folder.path().join("body.png"), "a body").expect("a file");
    refuse(folder.path(), &["poses", "--out", "body.png", "--body", "body.png"], "body's own file");
}

#[test]
fn a_face_of_the_plan_is_never_replaced_by_a_picture() {
    let folder = folder();
    project(folder.path(), |_| {});
    succeed(folder.path(), &["render", "shop.adorn", "--out", "seed-2.png"]);
    project(folder.path(), |project| {
        project["plan"] = json!({ "faces": [{ "file": "seed-2.png" }], "seeds": [1, 2] });
    });
    refuse(folder.path(), &["render", "shop.adorn", "--out", "seed-2.png"], "own files");
    let face = std::fs::read(folder.path().join("seed-2.png")).expect("the face");
    let output = adorn(folder.path(), &["export", "shop.adorn", "--out", "."]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(stderr(&output).contains("would replace a photo"), "{}", stderr(&output));
    assert_eq!(std::fs::read(folder.path().join("seed-2.png")).expect("the face"), face);
    assert!(folder.path().join("seed-1.png").is_file(), "the other picture is made");
}

#[test]
fn seeds_are_tried_until_enough_pictures_pass_and_never_twice() {
    let folder = folder();
    project(folder.path(), |project| project["recipe"] = json!({ "seed": 5 }));
    let export = ["export", "shop.adorn", "--out", "out", "--until-pass", "2", "--at-most", "4"];
    let output = adorn(folder.path(), &export);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // A layout preview is judged by its product alone, so the first tries pass.
    assert!(stderr(&output).contains("2 of 2 tries passed"), "{}", stderr(&output));
    assert!(stdout(&output).contains("1 check passed"), "{}", stdout(&output));
    let made: Vec<_> = listing(&folder.path().join("out")).into_iter().map(|(path, _)| path).collect();
    let names: Vec<_> = made.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert_eq!(names, ["picture_seed-5.png", "picture_seed-6.png", "report.json"]);
    let report = std::fs::read_to_string(folder.path().join("out/report.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let checks = report["entries"][0]["checks"]["list"].as_array().expect("checks");
    assert_eq!((&checks[0]["name"], &checks[0]["verdict"]), (&json!("product"), &json!("pass")));
    assert!(checks[1..].iter().all(|check| check["verdict"] == "not_applicable"), "{checks:?}");
    assert_eq!(succeed(folder.path(), &export).matches("unchanged").count(), 2);
    let capped = adorn(
        folder.path(),
        &["export", "shop.adorn", "--out", "out", "--until-pass", "3", "--at-most", "2"],
    );
    assert_eq!(capped.status.code(), Some(1));
    let short = "fewer than 3 pictures passed within 2 tries: picture\n";
    assert!(stderr(&capped).contains(short), "{}", stderr(&capped));
    let report = std::fs::read_to_string(folder.path().join("out/report.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["short_of_passes"], json!(["picture"]));
}

#[test]
fn a_lossy_delivery_is_compared_with_its_project_and_called_lossy() {
    let folder = folder();
    project(folder.path(), |_| {});
    succeed(folder.path(), &["render", "shop.adorn", "--out", "a.png"]);
    let pixels = adorn::picture::read_record(&folder.path().join("a.png")).expect("a picture").0;
    pixels.save(folder.path().join("a.jpg")).expect("a JPEG");
    let verify = ["verify", "a.jpg", "--project", "shop.adorn", "--json"];
    let output = adorn(folder.path(), &verify);
    assert_eq!(output.status.code(), Some(2), "a lossy file is the wrong one to prove anything by");
    let verdicts: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!((&verdicts[0]["verdict"], &verdicts[0]["format"]), (&json!("lossy"), &json!("JPEG")));
    assert_eq!(verdicts[0]["plausible"], true);
    assert_eq!(verdicts[0]["certificate"]["products"][0]["transform"]["scale"], 0.6);
    let output = adorn(folder.path(), &["verify", "a.jpg", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let verdicts: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!((&verdicts[0]["verdict"], &verdicts[0]["lossy"]), (&json!("unreadable"), &json!(true)));
}

#[test]
fn a_body_fit_becomes_a_pose_of_the_library_s_form() {
    let folder = TempDir::new().expect("a folder");
    let at = folder.path();
    // A root turned half about x, as a camera's own axes have it, then 40 degrees to the picture's right.
    let fit = json!({ "smplx_root_pose": [[2.9522, 0.0, 1.0745]], "smplx_body_pose": vec![0.0; 63] });
    std::fs::write(at.join("fit.json"), fit.to_string()).expect("a file");
    let said = succeed(at, &["pose", "fit.json", "--out", "pose.toml", "--json"]);
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["camera_frame"], true);
    let pose = std::fs::read_to_string(at.join("pose.toml")).expect("a pose");
    let yaw = said["pose"]["yaw_deg"].as_f64().expect("a number");
    assert!((yaw - 40.0).abs() < 0.2 && pose.contains(&format!("yaw_deg = {yaw:?}")), "{said} {pose}");
    assert!(pose.contains("facing = \"right\"") && pose.contains("id = \"fit\""), "{pose}");
}

#[test]
fn what_gives_no_pose_is_refused_in_words() {
    let folder = TempDir::new().expect("a folder");
    let at = folder.path();
    std::fs::write(at.join("fit.pkl"), b"\x80\x04\x95").expect("a file");
    std::fs::write(at.join("fit.npz"), b"PK\x03\x04 and no more").expect("a file");
    std::fs::write(at.join("empty.json"), "{}").expect("a file");
    std::fs::write(at.join("notes.txt"), "no picture").expect("a file");
    image::RgbImage::new(32, 24).save(at.join("black.png")).expect("a file");
    refuse(at, &["pose", "fit.pkl", "--out", "a.toml"], "pickle");
    refuse(at, &["pose", "fit.npz", "--out", "a.toml"], "not a readable npz archive");
    refuse(at, &["pose", "empty.json", "--out", "a.toml"], "no global_orient");
    refuse(at, &["pose", "missing.jpg", "--out", "a.toml"], "missing.jpg");
    refuse(at, &["pose", "notes.txt", "--out", "a.toml"], "notes.txt");
    refuse(at, &["pose", "black.png", "--out", "a.toml"], "no face is found");
    refuse(at, &["pose", "black.png", "--out", "a.png"], "not a .toml file");
}

#[test]
fn a_set_of_people_is_made_whole_kept_and_the_same_again() {
    let folder = folder();
    let command = |out: &'static str| {
        ["synthesize", "--out", out, "--count", "2", "--seed", "3", "--sheet", "sheet.png"]
    };
    let text = succeed(folder.path(), &command("set"));
    assert!(text.contains("2 pictures in 1 shards"), "{text}");
    let made = listing(&folder.path().join("set"));
    assert!(made.iter().any(|(path, _)| path.ends_with("manifest.json")));
    assert!(image::open(folder.path().join("sheet.png")).expect("a sheet").width() > 256);
    succeed(folder.path(), &command("set"));
    assert_eq!(listing(&folder.path().join("set")), made, "a finished set is left as it is");
    succeed(folder.path(), &command("again"));
    let contents =
        |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>();
    assert!(contents(&listing(&folder.path().join("again"))) == contents(&made), "same seed, same bytes");
    refuse(folder.path(), &["synthesize", "--out", "set", "--count", "2", "--seed", "4"], "set");
}

#[test]
fn own_photos_become_a_set_and_those_that_do_not_are_named() {
    let folder = TempDir::new().expect("a folder");
    let at = folder.path();
    let photos = at.join("photos");
    std::fs::create_dir(&photos).expect("a folder");
    let face = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample/face.png");
    for name in ["worn.png", "bare.png"] {
        std::fs::copy(&face, photos.join(name)).expect("a photo");
    }
    // A bar below the lobe of the sample face.
    let inside = |x: u32, y: u32| (140..152).contains(&x) && (316..350).contains(&y);
    let mask = image::GrayImage::from_fn(512, 512, |x, y| image::Luma([u8::from(inside(x, y)) * 255]));
    mask.save(photos.join("worn.mask.png")).expect("a mask");
    let command = ["prepare", "photos", "--out", "set", "--size", "256", "--sheet", "sheet.png"];
    let output = adorn(at, &command);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(stderr(&output).contains("note: bare.png was left out: no mask: "), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("1 pictures in 1 shards") && text.contains("left_out  no mask: 1"), "{text}");
    assert_eq!(image::open(at.join("sheet.png")).expect("a sheet").width(), 256);
    let made = listing(&at.join("set"));
    succeed(at, &command);
    assert_eq!(listing(&at.join("set")), made, "a finished set is left as it is");
    refuse(at, &["prepare", "photos", "--out", "photos/set/deep"], "lies among the photos");
    refuse(
        at,
        &["prepare", "photos", "--out", "other", "--sheet", "photos/sheet.png"],
        "lies among the photos",
    );
    refuse(at, &["prepare", "missing", "--out", "other"], "missing");
    refuse(at, &["prepare", "photos", "--out", "other", "--segmenter", "sheet.png"], "sheet.png");
    std::fs::write(photos.join("worn.txt"), "A woman wears a bar.").expect("a text");
    refuse(at, &command, "photos differs");
    std::fs::remove_file(photos.join("worn.mask.png")).expect("a mask");
    assert_eq!(adorn(at, &["prepare", "photos", "--out", "none"]).status.code(), Some(1), "not one picture");
}

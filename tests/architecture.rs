//! The drawing in the crate docs, enforced: rooms use rooms below them, crates stay behind their fences,
//! files stay small enough to read.
//!
//! Reads source text: `crate::room` and `super::` paths outside test modules and comments.

#![expect(clippy::expect_used, reason = "a test, helpers included")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by row. A room uses rows below its own.
const ROWS: [(u8, &[&str]); 9] = [
    (0, &["project"]),
    (1, &["body", "picture"]),
    (2, &["scene"]),
    (3, &["render", "engine", "vision"]),
    (4, &["control", "mannequin", "jeweller", "people"]),
    (5, &["workflow"]),
    (6, &["batch", "training", "evaluation", "ui", "job"]),
    (7, &["cli", "app"]),
    (8, &["main"]),
];

/// A crate or word that only some rooms may say, and the rooms that may.
const FENCES: [(&str, &[&str]); 14] = [
    ("egui", &["app", "ui", "main"]),
    ("eframe", &["app", "ui", "main"]),
    ("rfd", &["app", "ui", "main"]),
    ("wgpu", &["render"]),
    ("candle_core", &["engine", "vision", "training", "evaluation"]),
    ("candle_nn", &["engine", "vision", "training", "evaluation"]),
    ("poll_promise", &["job"]),
    ("thread::spawn", &["job"]),
    ("thread::Builder", &["job"]),
    ("catch_unwind", &["job"]),
    ("clap", &["cli", "main"]),
    ("println!", &["cli", "main"]),
    ("eprintln!", &["cli", "main"]),
    ("process::exit", &["main"]),
];

/// `unsafe` lives here only.
const UNSAFE_HOMES: [&str; 2] = ["src/engine/kernels/", "src/engine/checkpoint"];

/// Lines that a file of `src/` may have, tests included.
const LONGEST_FILE: usize = 450;

/// Everything that may stand beside `src/`.
const TOP_LEVEL: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "src",
    "shaders",
    "assets",
    "poses",
    "tests",
];

struct Source {
    path: String,
    room: String,
    /// Comments and test modules taken out.
    code: String,
    lines: usize,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable source folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    files.sort();
    files.iter().filter_map(|file| source(file)).collect()
}

fn source(file: &Path) -> Option<Source> {
    let path = file.strip_prefix(root()).expect("a file of this crate").to_string_lossy().replace('\\', "/");
    let inside = path.strip_prefix("src/").expect("a file of src/");
    let room = inside.split(['/', '.']).next().expect("a first component").to_owned();
    let text = fs::read_to_string(file).expect("UTF-8 source");
    let code = if path.ends_with("/tests.rs") { String::new() } else { code_only(&text) };
    (room != "lib").then(|| Source { code, lines: text.lines().count(), path, room })
}

/// The text before the file's test module, without comment lines and trailing comments. (Test modules in
/// files of their own are called `tests.rs` and are left out as a whole.)
fn code_only(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    let without_comment = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    text[..end].lines().map(without_comment).collect::<Vec<_>>().join("\n")
}

fn row_of(room: &str) -> Option<u8> {
    ROWS.iter().find(|(_, rooms)| rooms.contains(&room)).map(|(row, _)| *row)
}

/// Every room named by a `crate::room` path; grouped imports `crate::{a, b}` are read too.
fn rooms_used(code: &str) -> Vec<String> {
    let mut used = Vec::new();
    for prefix in ["crate::", "adorn::"] {
        for (at, _) in code.match_indices(prefix) {
            let rest = &code[at + prefix.len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let group = group.split('}').next().unwrap_or_default();
                used.extend(group.split(',').filter_map(|item| first_word(item.trim())));
            } else {
                used.extend(first_word(rest));
            }
        }
    }
    used
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

fn contains_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let joins = |c: char| c.is_alphanumeric() || c == '_';
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

#[test]
fn every_module_is_a_room_of_the_drawing() {
    for source in sources() {
        assert!(row_of(&source.room).is_some(), "{} is in no room of the drawing", source.path);
    }
}

#[test]
fn rooms_use_only_rooms_below_them() {
    let mut faults = Vec::new();
    for source in sources() {
        let row = row_of(&source.room);
        for used in rooms_used(&source.code) {
            let own = used == source.room;
            if !own && row_of(&used).is_some() && row_of(&used) >= row {
                faults.push(format!("{} ({}) uses {used}", source.path, source.room));
            }
        }
    }
    assert!(faults.is_empty(), "rooms reach sideways or up:\n{}", faults.join("\n"));
}

#[test]
fn crates_stay_behind_their_fences() {
    let mut faults = Vec::new();
    for source in sources() {
        for (word, rooms) in FENCES {
            if contains_word(&source.code, word) && !rooms.contains(&source.room.as_str()) {
                faults.push(format!("{} says {word}; only {rooms:?} may", source.path));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn drawing_code_knows_no_files_no_threads_and_no_clock_of_its_own() {
    for source in sources().iter().filter(|source| source.room == "ui") {
        for word in ["std::fs", "std::thread", "std::sync", "candle_core", "Mutex"] {
            assert!(!source.code.contains(word), "{} says {word}", source.path);
        }
    }
}

#[test]
fn unsafe_stays_at_home() {
    for source in sources() {
        let home = UNSAFE_HOMES.iter().any(|home| source.path.starts_with(home));
        assert!(home || !contains_word(&source.code, "unsafe"), "{} says unsafe", source.path);
    }
}

#[test]
fn files_stay_short_enough_to_read() {
    let long: BTreeMap<String, usize> = sources()
        .into_iter()
        .filter(|source| source.lines > LONGEST_FILE)
        .map(|source| (source.path, source.lines))
        .collect();
    assert!(long.is_empty(), "longer than {LONGEST_FILE} lines: {long:?}");
}

#[test]
fn every_module_says_why_it_exists() {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).expect("UTF-8 source");
        assert!(text.starts_with("//!"), "{} opens without saying why it exists", file.display());
    }
}

#[test]
fn nothing_else_stands_at_the_top() {
    for entry in fs::read_dir(root()).expect("the crate's folder") {
        let name = entry.expect("a readable entry").file_name().to_string_lossy().into_owned();
        let made_here = ["target", "adorn-demo"].contains(&name.as_str());
        let known = name.starts_with('.') || made_here || TOP_LEVEL.contains(&name.as_str());
        assert!(known, "{name} does not belong at the top level");
    }
}

#[test]
fn the_reader_of_use_lines_sees_what_it_should() {
    assert_eq!(rooms_used("use crate::{ui::panel, body};"), ["ui", "body"]);
    assert_eq!(rooms_used("let x = crate::render::software::render_pose();"), ["render"]);
    assert!(contains_word("use wgpu::Device;", "wgpu"));
    assert!(!contains_word("let my_wgpu_note = 1;", "wgpu"));
    assert_eq!(code_only("use a; // crate::ui\n#[cfg(test)]\nmod tests { use crate::ui; }"), "use a; ");
}

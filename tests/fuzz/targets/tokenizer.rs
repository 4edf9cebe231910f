//! A tokenizer of any bytes, as `tokenizer.json` or, after an odd first byte, as `vocab.json`.

#![no_main]

use adorn_fuzz::engine::tokenizer::Tokenizer;
use adorn_fuzz::said;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, text)) = bytes.split_first() else { return };
    let folder = tempfile::tempdir().expect("room for a temporary folder");
    let write = |name: &str, text: &[u8]| {
        std::fs::write(folder.path().join(name), text).expect("room for a temporary file");
    };
    if first % 2 == 1 {
        write("vocab.json", text);
        write("merges.txt", b"#version: 0.2\na b\n");
    } else {
        write("tokenizer.json", text);
    }
    if let Some(tokenizer) = said(Tokenizer::from_folder(folder.path(), 77, 49_408)) {
        for prompt in ["", "a ring, it's 42!", "\u{1f48d} Perlenohrring \u{202e}"] {
            said(tokenizer.encode(prompt));
        }
    }
});

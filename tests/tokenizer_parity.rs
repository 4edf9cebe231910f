//! The tokenizer against transformers' `CLIPTokenizer`: same vocabulary, same prompts, the same ids.
//!
//! `tests/oracles/README.md` says what made the fixtures.

#![expect(clippy::unwrap_used, reason = "a test, helpers included")]

use adorn::engine::tokenizer::Tokenizer;
use serde::Deserialize;
use std::fs;
use std::path::PathBuf;

#[derive(Deserialize)]
struct Row {
    text: String,
    /// Padded with the end token.
    end: Expected,
    /// Padded with `!`.
    bang: Expected,
}

#[derive(Deserialize)]
struct Expected {
    ids: Vec<u32>,
    cut: usize,
}

fn compare(pad_token: Option<&str>, expected: fn(&Row) -> &Expected) {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity/tokenizer");
    let rows: Vec<Row> = serde_json::from_slice(&fs::read(fixtures.join("prompts.json")).unwrap()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for name in ["vocab.json", "merges.txt"] {
        fs::copy(fixtures.join(name), dir.path().join(name)).unwrap();
    }
    if let Some(token) = pad_token {
        let config = serde_json::json!({ "pad_token": token }).to_string();
        fs::write(dir.path().join("tokenizer_config.json"), config).unwrap();
    }
    let tokenizer = Tokenizer::from_folder(dir.path(), expected(&rows[0]).ids.len(), 674).unwrap();
    assert!(rows.len() > 250);
    for row in &rows {
        let tokens = tokenizer.encode(&row.text).unwrap();
        let expected = expected(row);
        assert_eq!((&tokens.ids, tokens.cut), (&expected.ids, expected.cut), "{:?}", row.text);
    }
}

#[test]
fn ids_are_those_of_transformers() {
    compare(None, |row| &row.end);
}

#[test]
fn a_pad_token_of_its_own_is_special_in_prompts_too() {
    compare(Some("!"), |row| &row.bang);
}

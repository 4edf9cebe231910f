//! The tokenizer against transformers' `CLIPTokenizer`: same vocabulary, same 2,000 prompts, the same ids.

use crate::fixture::folder;
use crate::table::Table;
use adorn::engine::tokenizer::{Tokenizer, Tokens};
use serde::Deserialize;
use std::fs;

/// Tokens of a prompt that fit, with the oracle's.
const LENGTH: usize = 24;
const VOCABULARY: usize = 674;

#[derive(Deserialize)]
struct Row {
    text: String,
    /// Where the end token pads.
    end: Expected,
    /// Where `!` does; absent where that changes nothing.
    bang: Option<Expected>,
}

/// Ids before padding, and how many were cut.
#[derive(Deserialize)]
struct Expected(Vec<u32>, usize);

impl Expected {
    fn padded(&self, pad: u32) -> Tokens {
        let mut ids = self.0.clone();
        ids.resize(LENGTH, pad);
        Tokens { ids, cut: self.1 }
    }
}

/// `settings` is `tokenizer_config.json`. Returns the prompts that differ.
fn differing(rows: &[Row], settings: &str, pad: u32, expected: fn(&Row) -> &Expected) -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    for name in ["vocab.json", "merges.txt"] {
        fs::copy(folder().join("tokenizer").join(name), home.path().join(name)).unwrap();
    }
    fs::write(home.path().join("tokenizer_config.json"), settings).unwrap();
    let tokenizer = Tokenizer::from_folder(home.path(), LENGTH, VOCABULARY).unwrap();
    let compare = |row: &Row| {
        let (got, expected) = (tokenizer.encode(&row.text).unwrap(), expected(row).padded(pad));
        (got != expected).then(|| format!("{:?}\n  is {got:?}\n  not {expected:?}", row.text))
    };
    rows.iter().filter_map(compare).collect()
}

#[test]
fn parity_of_the_tokenizer() {
    let prompts = fs::read(folder().join("tokenizer/prompts.json")).unwrap();
    let rows: Vec<Row> = serde_json::from_slice(&prompts).unwrap();
    assert_eq!(rows.len(), 2000);
    let mut table = Table::new("tokenizer");
    let end = differing(&rows, "{}", VOCABULARY as u32 - 1, |row| &row.end);
    let bang = differing(&rows, r#"{"pad_token": "!"}"#, 0, |row| row.bang.as_ref().unwrap_or(&row.end));
    for (config, faults) in [("padded with the end", end), ("padded with !", bang)] {
        table.row(config, "ids", faults.len() as f32, 0.0, "prompts of 2000 that differ");
        if let Some(first) = faults.first() {
            table.say(first);
        }
    }
    table.finish();
}

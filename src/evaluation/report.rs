//! What an evaluation found: tables for reading, sheets for looking.

use image::RgbImage;
use std::fmt;

/// A table of results; prints as Markdown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    pub title: String,
    pub columns: Vec<String>,
    /// As many cells a row as there are columns.
    pub rows: Vec<Vec<String>>,
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "## {}\n", self.title)?;
        writeln!(formatter, "| {} |", self.columns.join(" | "))?;
        writeln!(formatter, "|{}", "---|".repeat(self.columns.len()))?;
        for row in &self.rows {
            writeln!(formatter, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}

/// Everything that one part of an evaluation found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub tables: Vec<Table>,
    /// File name without ending, picture.
    pub sheets: Vec<(String, RgbImage)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_prints_as_markdown() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let table = Table {
            title: "Cut-out".to_owned(),
            columns: words(&["ground", "IoU"]),
            rows: vec![words(&["white", "0.99"])],
        };
        assert_eq!(table.to_string(), "## Cut-out\n\n| ground | IoU |\n|---|---|\n| white | 0.99 |\n");
    }
}

//! A finished file handed over to another folder: the same pixels, a record that still finds its photos.

use super::Record;
use crate::picture::{PngError, read_record, write_png};
use crate::project::{base_of, resolve};
use std::path::Path;

/// Writes the finished picture `kept` to `target`. A record's folder is named anew as seen from there, so that
/// [`verify`](super::verify()) proves the copy as it proves the original.
pub fn hand_over(kept: &Path, target: &Path) -> Result<(), PngError> {
    let (pixels, text) = read_record(kept)?;
    let record = text.map(|text| moved(&text, kept, target).unwrap_or(text));
    write_png(target, &pixels, record.as_deref())
}

/// The record as it reads in `target`; none if it names no folder.
fn moved(text: &str, kept: &Path, target: &Path) -> Option<String> {
    let record = Record::parse(text)?;
    let base = resolve(&base_of(kept), record.base.as_deref()?);
    Some(record.text_at(target, &base))
}

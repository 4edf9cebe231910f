//! The project file: `NAME.adorn`, JSON.
//!
//! Text from outside is hostile until it has passed here: its size is bounded before it is read, its format
//! is looked at before its fields, and every value is checked once. A file that this Adorn cannot read
//! completely is an error and stays as it is. Older formats are lifted step by step through [`MIGRATIONS`].

use super::check::FieldFault;
use super::{Project, write_whole};
use serde::Deserialize;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The file format this version writes.
pub const FORMAT: u32 = 1;

/// Largest project file in bytes; a project is plain decisions, far below this.
const LARGEST_FILE: u64 = 64 << 20;

/// Characters of a file's own text that a message repeats.
const LONGEST_QUOTE: usize = 120;

/// `MIGRATIONS[n]` lifts the fields of format `n + 1` to format `n + 2`. The array's length makes a new
/// [`FORMAT`] without its migration a compile error.
const MIGRATIONS: [Migration; FORMAT as usize - 1] = [];

type Migration = fn(&mut serde_json::Map<String, Value>);

/// Why a project file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot read the project: {source}; check that the file is there and readable ({path})")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the project is larger than 64 MiB; it is no project of Adorn's, choose an .adorn file")]
    TooLarge,
    #[error("the project is not UTF-8 text; it is damaged or no project, choose an .adorn file or a backup")]
    NotText,
    #[error("the project is not valid JSON: {what}, line {line}, column {column}; repair or restore it")]
    Syntax { line: usize, column: usize, what: String },
    #[error("the file has no \"format\" number; it is no project of Adorn's, choose an .adorn file")]
    NoFormat,
    #[error(
        "project format {format} was never made; formats are 1 to {FORMAT}, correct the file's \"format\""
    )]
    UnknownFormat { format: String },
    #[error(
        "the project has format {format}, and this Adorn ({adorn}) reads formats up to {FORMAT}; open it with \
         an Adorn that reads format {format} or newer, the file stays as it is",
        adorn = env!("CARGO_PKG_VERSION")
    )]
    Newer { format: u64 },
    #[error("`{field}`, line {line}, column {column}: {what}")]
    Field { field: String, line: usize, column: usize, what: String },
    #[error("the project cannot be saved: {0}; the file on disk stays as it is")]
    Unsound(FieldFault),
    #[error("cannot save the project: {source}; the file on disk stays as it is, save elsewhere ({path})")]
    Write { path: PathBuf, source: std::io::Error },
    /// Any of the above in a file.
    #[error("{error} ({path})")]
    InFile { path: PathBuf, error: Box<FileError> },
}

/// Reads, checks and migrates a project file.
pub fn load(path: &Path) -> Result<Project, FileError> {
    let in_file = |error| FileError::InFile { path: path.to_owned(), error: Box::new(error) };
    let bytes = read_bounded(path).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    let bytes = bytes.ok_or_else(|| in_file(FileError::TooLarge))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| in_file(FileError::NotText))?;
    parse(text).map_err(in_file)
}

/// The file's bytes; none if there are too many.
fn read_bounded(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    // Asked before opening: opening a pipe would wait for its writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= LARGEST_FILE).then_some(bytes))
}

/// Parses and checks a project's text; errors name line and field.
pub fn parse(text: &str) -> Result<Project, FileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() as u64 > LARGEST_FILE {
        return Err(FileError::TooLarge);
    }
    let format = format_of(text)?;
    if format == FORMAT {
        return read_current(text);
    }
    let mut value: Value = serde_json::from_str(text).map_err(|error| syntax(&error))?;
    if let Some(fields) = value.as_object_mut() {
        migrate(fields, format, &MIGRATIONS);
    }
    read_current(&format!("{value:#}"))
}

/// The format a text claims, if this version reads it.
fn format_of(text: &str) -> Result<u32, FileError> {
    #[derive(Deserialize)]
    struct Head {
        format: Option<Value>,
    }
    let head: Head = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data if duplicate(&error.to_string()).is_some() => field(".", &error),
        serde_json::error::Category::Data => FileError::NoFormat,
        _ => syntax(&error),
    })?;
    let format = head.format.ok_or(FileError::NoFormat)?;
    match format.as_u64() {
        Some(number) if number > u64::from(FORMAT) => Err(FileError::Newer { format: number }),
        Some(number) if number >= 1 => u32::try_from(number).map_err(|_| FileError::Newer { format: number }),
        _ => Err(FileError::UnknownFormat { format: format.to_string() }),
    }
}

/// Lifts `fields` from `format` through every later step.
fn migrate(fields: &mut serde_json::Map<String, Value>, format: u32, steps: &[Migration]) {
    for step in steps.iter().skip(format as usize - 1) {
        step(fields);
    }
    fields.insert("format".to_owned(), Value::from(steps.len() + 1));
}

/// Reads a text of the current format.
fn read_current(text: &str) -> Result<Project, FileError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut project: Project = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        field(&path, error.inner())
    })?;
    json.end().map_err(|error| syntax(&error))?;
    project.check().map_err(|fault| {
        let (line, column) = super::locate::locate(text, &fault.field).unwrap_or((1, 1));
        let advice = if fault.what.contains("; ") { "" } else { "; correct this field" };
        FileError::Field { field: fault.field, line, column, what: fault.what + advice }
    })?;
    let raw = serde_json::from_str(text).map_err(|error| syntax(&error))?;
    super::unknown::keep_nested(&mut project, &raw);
    Ok(project)
}

/// A field that serde refuses. Where a field is given twice, serde names the object around it.
fn field(path: &str, error: &serde_json::Error) -> FileError {
    let message = message_of(error);
    let (field, what) = match duplicate(&message) {
        Some(name) if path == "." => (name.to_owned(), "is given twice; keep one".to_owned()),
        Some(name) => (format!("{path}.{name}"), "is given twice; keep one".to_owned()),
        None => (path.to_owned(), format!("{message}; correct this field")),
    };
    FileError::Field { field: shortened(&field), line: error.line(), column: error.column(), what }
}

fn duplicate(message: &str) -> Option<&str> {
    message.strip_prefix("duplicate field `")?.split('`').next()
}

/// A hostile file makes names and values as long as it likes; what is wrong with them must still be read.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn syntax(error: &serde_json::Error) -> FileError {
    FileError::Syntax { line: error.line(), column: error.column(), what: message_of(error) }
}

/// serde_json's message in words for people, without the position that it appends.
fn message_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let Some((found, wanted)) = message.rsplit_once(", expected ") else { return shortened(message) };
    let wanted = match wanted {
        "f64" => "a number",
        "u32" | "u64" => "a whole number from 0",
        "a sequence" => "a list",
        "a map" => "an object",
        other => other,
    };
    format!("{}, expected {}", shortened(found), shortened(wanted))
}

/// The project's text as [`save`] writes it: fields in the order of their declaration, a final newline.
pub fn to_json(project: &Project) -> String {
    super::unknown::to_ordered_json(project)
}

/// Writes atomically: temporary file, fsync, rename. On error the old file stands.
pub fn save(project: &Project, path: &Path) -> Result<(), FileError> {
    project.check().map_err(FileError::Unsound)?;
    write_whole(path, |file| file.write_all(to_json(project).as_bytes()))
        .map_err(|source| FileError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;

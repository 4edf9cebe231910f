//! Reading small files that others wrote: never more of them than a limit.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// A text file of at most `limit` bytes, UTF-8.
pub(crate) fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    // Asked before opening: opening a pipe would wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut text = String::new();
    File::open(path)?.take(limit + 1).read_to_string(&mut text)?;
    if text.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("larger than {limit} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "12345").unwrap();
        assert_eq!(read_text(file.path(), 5).unwrap(), "12345");
        assert!(read_text(file.path(), 4).unwrap_err().to_string().contains("larger than 4"));
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_text(folder.path(), 5).unwrap_err().to_string(), "it is no file");
        assert_eq!(read_text(&folder.path().join("none"), 5).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}

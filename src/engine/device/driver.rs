//! Whether CUDA's libraries can be found, told without loading them.
//!
//! The CUDA binding panics where one is missing, so each is looked for first, where the system's loader
//! would look.

use std::path::{Path, PathBuf};

/// Libraries that a network on the card needs, by their names without prefix and ending; one of each row.
const NEEDED: [&[&str]; 5] = [&["cuda", "nvcuda"], &["cublas"], &["cublasLt"], &["curand"], &["nvrtc"]];

/// The loader's index of libraries on Linux.
const INDEX: &str = "/etc/ld.so.cache";

/// Folders that it searches without an index.
const FOLDERS: [&str; 7] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib/wsl/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
];

/// The first library that is missing.
pub(super) fn missing() -> Option<&'static str> {
    let index = std::fs::read(INDEX).unwrap_or_default();
    missing_in(&folders(), &index)
}

fn missing_in(folders: &[PathBuf], index: &[u8]) -> Option<&'static str> {
    let found = |name: &&str| is_indexed(index, name) || folders.iter().any(|folder| holds(folder, name));
    NEEDED.iter().find(|names| !names.iter().any(found)).map(|names| names[0])
}

fn folders() -> Vec<PathBuf> {
    let variable = if cfg!(windows) { "PATH" } else { "LD_LIBRARY_PATH" };
    let listed = std::env::var_os(variable).unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&listed).collect();
    folders.extend(FOLDERS.map(PathBuf::from));
    folders
}

/// The index is binary, with file names in plain text.
fn is_indexed(index: &[u8], name: &str) -> bool {
    let name = format!("lib{name}.so");
    index.windows(name.len()).any(|window| window == name.as_bytes())
}

/// `libNAME.so`, with a version or without, or `NAME64_12.dll`.
fn holds(folder: &Path, name: &str) -> bool {
    let (library, windows) = (format!("lib{name}.so"), format!("{name}64"));
    let is_it = |file: &str| {
        file.starts_with(&library)
            || (file.ends_with(".dll") && (file.starts_with(&windows) || file == format!("{name}.dll")))
    };
    let mut files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.any(|entry| entry.file_name().to_str().is_some_and(is_it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_missing_library_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned()];
        let put = |name: &str| std::fs::write(folder.path().join(name), "").unwrap();
        assert_eq!(missing_in(&folders, b""), Some("cuda"));
        put("libcuda.so.1");
        assert_eq!(missing_in(&folders, b""), Some("cublas"));
        assert_eq!(missing_in(&folders, b"\0libcublas.so.13\0libcublasLt.so.13\0"), Some("curand"));
        for name in ["libcublas.so", "libcublasLt.so.13", "libcurand.so.10", "libnvrtc.so.13"] {
            put(name);
        }
        assert_eq!(missing_in(&folders, b""), None);
    }

    #[test]
    fn a_machine_is_searched_without_loading_anything() {
        assert!(missing().is_none_or(|library| NEEDED.iter().any(|names| names[0] == library)));
    }

    #[test]
    fn windows_names_count() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["nvcuda.dll", "cublas64_13.dll", "cublasLt64_13.dll", "curand64_10.dll"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(missing_in(&[folder.path().to_owned()], b""), Some("nvrtc"));
    }
}

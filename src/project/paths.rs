//! Paths inside a project are relative to its file and always written with `/`, so that a folder with a
//! project and its photos can move between machines.

use std::path::{Component, Path, PathBuf};

/// How a project at `project_file` names `target`: relative with `/` where the two share a root, absolute
/// otherwise. None if the path is not Unicode, which JSON cannot hold.
pub fn relative_path(project_file: &Path, target: &Path) -> Option<String> {
    let target = plain(target)?;
    let project_file = plain(project_file)?;
    let folder: Vec<_> = project_file.parent()?.components().collect();
    let parts: Vec<_> = target.components().collect();
    let shared = folder.iter().zip(&parts).take_while(|(one, other)| one == other).count();
    if shared == 0 {
        return Some(target.to_str()?.replace('\\', "/"));
    }
    let up = folder.len() - shared;
    let down = parts[shared..].iter().map(|part| part.as_os_str().to_str());
    let names: Option<Vec<_>> = std::iter::repeat_n(Some(".."), up).chain(down).collect();
    Some(names?.join("/"))
}

/// Where a project in the folder `base` finds `file`; absolute and `..` paths work.
pub fn resolve(base: &Path, file: &str) -> PathBuf {
    base.join(file)
}

/// The folder from which a project file's paths start.
pub fn base_of(project_file: &Path) -> PathBuf {
    match project_file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Absolute, with `.` and `..` taken out by name: a link's own place counts, not where it points. The empty
/// path is the current folder, as it is where paths are joined.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in std::path::absolute(Path::new(".").join(path)).ok()?.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_is_named_alone_and_others_by_their_way() {
        let name = |target: &str| relative_path(Path::new("/shop/ads/summer.adorn"), Path::new(target));
        assert_eq!(name("/shop/ads/hoop.png").as_deref(), Some("hoop.png"));
        assert_eq!(name("/shop/ads/photos/hoop.png").as_deref(), Some("photos/hoop.png"));
        assert_eq!(name("/shop/products/hoop.png").as_deref(), Some("../products/hoop.png"));
        assert_eq!(name("/shop/ads/./x/../hoop.png").as_deref(), Some("hoop.png"));
        assert_eq!(name("/other/hoop.png").as_deref(), Some("../../other/hoop.png"));
    }

    #[test]
    fn a_named_file_is_found_again() {
        let project = Path::new("/shop/ads/summer.adorn");
        for target in ["/shop/ads/hoop.png", "/shop/products/hoop.png", "/other/hoop.png"] {
            let named = relative_path(project, Path::new(target)).expect("a Unicode path");
            let found = plain(&resolve(&base_of(project), &named)).expect("a path");
            assert_eq!(found, Path::new(target));
        }
    }

    #[test]
    fn the_empty_path_is_the_current_folder() {
        assert_eq!(relative_path(Path::new("a.png"), Path::new("")).as_deref(), Some(""));
        assert_eq!(relative_path(Path::new("ads/a.png"), Path::new("")).as_deref(), Some(".."));
    }

    #[test]
    fn absolute_paths_stay_absolute() {
        assert_eq!(resolve(Path::new("/shop"), "/photos/a.png"), Path::new("/photos/a.png"));
        assert_eq!(base_of(Path::new("summer.adorn")), Path::new("."));
    }
}

//! The sample that a new designer starts from, unpacked beside the app's own data.

use super::document::absolute_paths;
use crate::project::{self, Project};
use anyhow::Context as _;
use std::io::Write;
use std::path::Path;

const PROJECT: &str = "sample.adorn";

/// The sample project and its photos, by file name.
const FILES: [(&str, &[u8]); 3] = [
    (PROJECT, include_bytes!("../../assets/sample/sample.adorn")),
    ("earring.png", include_bytes!("../../assets/sample/earring.png")),
    ("face.png", include_bytes!("../../assets/sample/face.png")),
];

/// Writes the sample into `folder`, over an older one, and reads its project; paths inside are absolute.
pub(super) fn unpack(folder: &Path) -> anyhow::Result<Project> {
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        for (name, bytes) in FILES {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(bytes)?;
            file.persist(folder.join(name)).map_err(|error| error.error)?;
        }
        Ok(())
    };
    write()
        .with_context(|| format!("cannot unpack the sample; free some disk space ({})", folder.display()))?;
    Ok(absolute_paths(&project::load(&folder.join(PROJECT))?, folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_opens_with_files_that_are_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let project = unpack(folder.path()).expect("the sample");
        let earring = project.earrings.first().expect("the sample has an earring");
        assert!(Path::new(&earring.file).is_absolute() && Path::new(&earring.file).exists());
    }
}

//! The sample that a new designer starts from, unpacked beside the app's own data.

use super::document::absolute_paths;
use crate::project::{self, Project};
use crate::workflow::{Existing, unpack_sample};
use anyhow::Context as _;
use std::path::Path;

/// Writes the sample into `folder`, over an older one, and reads its project; paths inside are absolute.
pub(super) fn unpack(folder: &Path) -> anyhow::Result<Project> {
    let path = unpack_sample(folder, Existing::Replace)
        .with_context(|| format!("cannot unpack the sample; free some disk space ({})", folder.display()))?;
    Ok(absolute_paths(&project::load(&path)?, folder))
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

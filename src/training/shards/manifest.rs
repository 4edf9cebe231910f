//! The manifest: what the shards of a folder hold, what made them, and how one knows that they are whole.

use super::ShardError;
use super::tar::TarFault;
use crate::project::{digest_of, write_whole};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";

/// Of this program's manifests.
const FORMAT: u32 = 1;
/// Bytes that a manifest may have.
const LARGEST: u64 = 256 << 20;

/// How often each value of each property occurs: `{"yaw": {"-80..-60": 12, ...}, ...}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tally(BTreeMap<String, BTreeMap<String, u64>>);

impl Tally {
    /// Counts one more.
    pub fn count(&mut self, property: &str, value: impl Into<String>) {
        *self.0.entry(property.to_owned()).or_default().entry(value.into()).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        for (property, values) in &other.0 {
            let own = self.0.entry(property.clone()).or_default();
            for (value, count) in values {
                let sum = own.entry(value.clone()).or_default();
                *sum = sum.saturating_add(*count);
            }
        }
    }

    /// The counts of one property, by value.
    pub fn of(&self, property: &str) -> impl Iterator<Item = (&str, u64)> {
        self.0.get(property).into_iter().flatten().map(|(value, count)| (value.as_str(), *count))
    }

    pub fn properties(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Which of so many even bins a number falls into, as tallies name it; what lies outside counts to the outermost.
pub(in crate::training) fn binned(value: f64, low: f64, high: f64, bins: usize, digits: usize) -> String {
    let width = (high - low) / bins as f64;
    let bin = ((value - low) / width).floor().clamp(0.0, bins as f64 - 1.0);
    let start = low + bin * width;
    format!("{start:.digits$}..{:.digits$}", start + width)
}

/// Something that did not become a sample, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub name: String,
    pub reason: String,
}

impl LeftOut {
    /// What is counted: the reason's words before its first colon.
    pub fn kind(&self) -> &str {
        self.reason.split(':').next().unwrap_or_default()
    }
}

/// One shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardRecord {
    /// File name in the folder.
    pub file: String,
    /// Number of its first item, and how many items it covers.
    pub first: u64,
    pub items: u64,
    /// Items that became samples: all but those left out.
    pub samples: u64,
    pub bytes: u64,
    /// Of the whole file, in hexadecimal.
    pub sha256: String,
    pub statistics: Tally,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// Everything about a folder of shards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// Program and version.
    pub made_by: String,
    /// What decides every byte: seed, size, style, version of the maker.
    pub recipe: BTreeMap<String, Value>,
    /// Items that were asked for.
    pub wanted: u64,
    /// Items of a full shard.
    pub per_shard: u64,
    /// Samples in all shards, and their bytes.
    pub samples: u64,
    pub bytes: u64,
    /// Over all shards.
    pub statistics: Tally,
    pub shards: Vec<ShardRecord>,
}

impl Manifest {
    pub(super) fn new(recipe: BTreeMap<String, Value>, wanted: u64, per_shard: u64) -> Self {
        Self {
            format: FORMAT,
            made_by: concat!("adorn ", env!("CARGO_PKG_VERSION")).to_owned(),
            recipe,
            wanted,
            per_shard,
            samples: 0,
            bytes: 0,
            statistics: Tally::default(),
            shards: Vec::new(),
        }
    }

    /// The folder's manifest; none if there is none.
    pub fn load(folder: &Path) -> Result<Option<Self>, ShardError> {
        let path = folder.join(MANIFEST);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ShardError::Read { path, source }),
        };
        let mut text = String::new();
        let read = file.take(LARGEST).read_to_string(&mut text);
        read.map_err(|source| ShardError::Read { path: path.clone(), source })?;
        let wrong = |reason: String| ShardError::Manifest { path: path.clone(), reason };
        let manifest: Self = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(wrong(format!("its format is {}, not {FORMAT}", manifest.format)));
        }
        // A name leads to a file of this folder, never elsewhere.
        let strange = manifest.shards.iter().find(|shard| !is_shard_name(&shard.file));
        match strange {
            Some(shard) => Err(wrong(format!("{:?} is no shard's name", shard.file))),
            None => Ok(Some(manifest)),
        }
    }

    pub(super) fn save(&self, folder: &Path) -> Result<(), ShardError> {
        let path = folder.join(MANIFEST);
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other);
        text.and_then(|text| write_whole(&path, |file| file.write_all(text.as_bytes())))
            .map_err(|source| ShardError::Write { path, source })
    }

    /// Takes another shard into the sums.
    pub(super) fn push(&mut self, shard: ShardRecord) {
        self.samples = self.samples.saturating_add(shard.samples);
        self.bytes = self.bytes.saturating_add(shard.bytes);
        self.statistics.add(&shard.statistics);
        self.shards.push(shard);
    }

    /// Everything that did not become a sample.
    pub fn left_out(&self) -> impl Iterator<Item = &LeftOut> {
        self.shards.iter().flat_map(|shard| &shard.left_out)
    }
}

/// `shard-000012.tar`.
pub(super) fn shard_name(number: u64) -> String {
    format!("shard-{number:06}.tar")
}

fn is_shard_name(name: &str) -> bool {
    let number = name.strip_prefix("shard-").and_then(|rest| rest.strip_suffix(".tar"));
    number
        .is_some_and(|number| (1..=12).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()))
}

impl ShardRecord {
    /// Compares the file with what was written: length first, then every byte's digest.
    pub fn verify(&self, folder: &Path) -> Result<(), ShardError> {
        let path = folder.join(&self.file);
        let read = |source| ShardError::Read { path: path.clone(), source };
        let changed = |reason: String| ShardError::Changed { path: path.clone(), reason };
        let file = File::open(&path).map_err(read)?;
        let bytes = file.metadata().map_err(read)?.len();
        if bytes != self.bytes {
            return Err(changed(format!("it has {bytes} bytes instead of {}", self.bytes)));
        }
        let found = digest_of(file).map_err(read)?;
        if found == self.sha256 { Ok(()) } else { Err(changed("its digest differs".to_owned())) }
    }
}

impl ShardError {
    pub(super) fn tar(path: &Path, fault: TarFault) -> Self {
        Self::Tar { path: path.to_owned(), fault }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_add_up() {
        let mut one = Tally::default();
        one.count("yaw", "left");
        one.count("yaw", "left");
        let mut other = Tally::default();
        other.count("yaw", "right");
        other.count("style", "rendered");
        one.add(&other);
        assert_eq!(one.of("yaw").collect::<Vec<_>>(), [("left", 2), ("right", 1)]);
        assert_eq!(one.properties().collect::<Vec<_>>(), ["style", "yaw"]);
    }

    #[test]
    fn a_manifest_cannot_lead_out_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../shard-000000.tar", "/etc/passwd", "shard-.tar", "shard-00a.tar", "shard-1.tar/x"] {
            let mut manifest = Manifest::new(BTreeMap::new(), 1, 1);
            manifest.push(ShardRecord {
                file: name.to_owned(),
                first: 0,
                items: 1,
                samples: 1,
                bytes: 0,
                sha256: String::new(),
                statistics: Tally::default(),
                left_out: Vec::new(),
            });
            manifest.save(folder.path()).unwrap();
            assert!(matches!(Manifest::load(folder.path()), Err(ShardError::Manifest { .. })), "{name}");
        }
        std::fs::write(folder.path().join(MANIFEST), "{\"format\": 1}").unwrap();
        assert!(matches!(Manifest::load(folder.path()), Err(ShardError::Manifest { .. })));
    }
}

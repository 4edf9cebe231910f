//! One safetensors file: its header read and doubted, its tensors mapped and left alone.

use super::CheckpointError;
use memmap2::Mmap;
use safetensors::SafeTensors;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A header of a Stable Diffusion network is about 0.1 MB.
const HEADER_LIMIT: u64 = 16 << 20;
/// Characters of somebody else's message that are repeated.
const LONGEST_REASON: usize = 200;
/// How zip archives (PyTorch's) start.
const ZIP: &[u8] = b"PK\x03\x04";
/// How a bare pickle starts, before the number of its protocol.
const PROTO: u8 = 0x80;
/// Pickle protocols that announce themselves.
const PROTOCOLS: std::ops::RangeInclusive<u8> = 2..=5;

/// A mapped file.
pub(super) struct Part {
    pub(super) map: Mmap,
    pub(super) metadata: Metadata,
    /// Where tensors begin in the file.
    pub(super) start: usize,
    pub(super) path: PathBuf,
}

impl Part {
    pub(super) fn open(path: &Path) -> Result<Self, CheckpointError> {
        let bad = |reason: String| CheckpointError::File { reason: one_line(&reason), path: path.to_owned() };
        let mut file = File::open(path).map_err(|error| bad(error.to_string()))?;
        if !file.metadata().is_ok_and(|about| about.is_file()) {
            return Err(bad("it is no file".to_owned()));
        }
        let mut first = [0u8; 8];
        file.read_exact(&mut first).map_err(|_| bad("too short to be safetensors".to_owned()))?;
        // Before anything is sized by it.
        let header = u64::from_le_bytes(first);
        if header > HEADER_LIMIT && is_pickle(first) {
            return Err(CheckpointError::Pickle(path.to_owned()));
        }
        if header > HEADER_LIMIT {
            return Err(bad(format!("its header claims {header} bytes")));
        }
        // SAFETY: the map is read-only and private to this process. Its bytes are checked for bounds by
        // safetensors and every bit pattern is a valid number. What remains is another program shortening
        // the file while it is mapped, which every reader of mapped weights accepts: bundles are
        // replaced by rename here, never written in place.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| bad(error.to_string()))?;
        let (length, metadata) = SafeTensors::read_metadata(&map).map_err(|error| bad(error.to_string()))?;
        if let Some(name) = map.get(8..8 + length).and_then(repeated) {
            return Err(bad(format!("its header lists {name:?} twice")));
        }
        Ok(Self { map, metadata, start: length + 8, path: path.to_owned() })
    }

    /// Where a tensor's bytes lie in the map.
    pub(super) fn range(&self, info: &TensorInfo) -> Range<usize> {
        let (from, to) = info.data_offsets;
        self.start + from..self.start + to
    }
}

/// Somebody else's message, short and without what would break a line.
pub(super) fn one_line(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(LONGEST_REASON).map(visible).collect()
}

/// Whether a file that starts so is a pickle, bare or zipped. A safetensors header of 640 bytes starts like
/// a bare one, so ask only where the length makes no sense.
fn is_pickle(first: [u8; 8]) -> bool {
    first.starts_with(ZIP) || (first[0] == PROTO && PROTOCOLS.contains(&first[1]))
}

/// The first name that a header lists twice: readers differ in which of the two they take.
fn repeated(header: &[u8]) -> Option<String> {
    serde_json::Deserializer::from_slice(header).deserialize_map(Names).ok().flatten()
}

/// Goes through a JSON object's names.
struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Option<String>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut seen, mut repeated) = (BTreeSet::new(), None);
        while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            if !seen.insert(name.clone()) {
                repeated.get_or_insert(name);
            }
        }
        if seen.is_empty() { Err(A::Error::custom("nothing")) } else { Ok(repeated) }
    }
}

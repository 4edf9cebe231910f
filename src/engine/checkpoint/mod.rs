//! Weight files: safetensors mapped into memory, handed to networks tensor by tensor.
//!
//! Only the header is read until a tensor is asked for. It knows names, shapes and number types; what a
//! network does with them is not its business. Pickle files run code when opened and are refused.

mod source;

pub use source::{Probe, Weights};

use memmap2::Mmap;
#[cfg(unix)]
use memmap2::UncheckedAdvice;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, Metadata};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A header of a Stable Diffusion network is about 0.1 MB.
const HEADER_LIMIT: u64 = 16 << 20;
const INDEX_LIMIT: u64 = 16 << 20;
/// Parts that one network may come in.
const SHARD_LIMIT: usize = 64;
/// How zip archives (PyTorch's) start.
const ZIP: &[u8] = b"PK\x03\x04";
/// How a bare pickle starts, before the number of its protocol.
const PROTO: u8 = 0x80;
/// Pickle protocols that announce themselves.
const PROTOCOLS: std::ops::RangeInclusive<u8> = 2..=5;
/// What pickles are called.
const PICKLE_ENDINGS: [&str; 4] = ["bin", "ckpt", "pt", "pth"];

/// Why weights cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("no weights; put {stem}.safetensors there ({})", folder.display())]
    Missing { stem: String, folder: PathBuf },
    #[error("pickle files can run any code when opened and are refused; convert it to safetensors ({})", .0.display())]
    Pickle(PathBuf),
    #[error("a weight file cannot be read ({reason}); copy it again ({})", path.display())]
    File { reason: String, path: PathBuf },
    #[error("tensor {tensor} is missing, expected {expected:?}; the file is of another model ({})", path.display())]
    NoTensor { tensor: String, expected: Vec<usize>, path: PathBuf },
    #[error("tensor {tensor} is {found:?}, expected {expected:?}; the file is of another model ({})", path.display())]
    Shape { tensor: String, expected: Vec<usize>, found: Vec<usize>, path: PathBuf },
    #[error("tensor {tensor} holds {found}, which is not f32, f16 or bf16; convert the file ({})", path.display())]
    Type { tensor: String, found: String, path: PathBuf },
}

struct Part {
    map: Mmap,
    metadata: Metadata,
    /// Where tensors begin in the file.
    start: usize,
    path: PathBuf,
}

/// One network's weights, in one file or several.
pub struct Checkpoint {
    parts: Vec<Part>,
    /// Which part holds a tensor.
    places: BTreeMap<String, usize>,
    /// Files put this before their names, or leave it out.
    prefix: Option<&'static str>,
}

/// A tensor as it lies in a file.
struct Found<'a> {
    dtype: Dtype,
    shape: &'a [usize],
    data: &'a [u8],
    path: &'a Path,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Checkpoint {
    /// Finds a network's weights in its folder: `stem.safetensors`, or the parts that
    /// `stem.safetensors.index.json` names.
    pub fn find(folder: &Path, stem: &str) -> Result<Self, CheckpointError> {
        let (single, index) = (format!("{stem}.safetensors"), format!("{stem}.safetensors.index.json"));
        if folder.join(&single).exists() {
            return Self::open(&[folder.join(single)]);
        }
        if folder.join(&index).exists() {
            return Self::open(&shards(folder, &folder.join(index))?);
        }
        if let Some(pickle) = pickle_in(folder) {
            return Err(CheckpointError::Pickle(pickle));
        }
        Err(CheckpointError::Missing { stem: stem.to_owned(), folder: folder.to_owned() })
    }

    /// Maps these files.
    pub fn open(paths: &[PathBuf]) -> Result<Self, CheckpointError> {
        let parts = paths.iter().map(|path| Part::open(path)).collect::<Result<Vec<_>, _>>()?;
        let mut places = BTreeMap::new();
        for (number, part) in parts.iter().enumerate() {
            places.extend(part.metadata.tensors().into_keys().map(|name| (name, number)));
        }
        Ok(Self { parts, places, prefix: None })
    }

    /// Names may be asked for with or without `prefix` (no dot), whichever way the file has them.
    pub fn with_optional_prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// Every tensor's name in the files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The files.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().map(|part| part.path.as_path())
    }

    fn first_path(&self) -> PathBuf {
        self.paths().next().map(Path::to_owned).unwrap_or_default()
    }

    /// The name as the files have it.
    fn resolve(&self, name: &str) -> Option<(&str, usize)> {
        let known = |name: &str| self.places.get_key_value(name).map(|(name, &part)| (name.as_str(), part));
        known(name).or_else(|| {
            let prefix = self.prefix?;
            match name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) {
                Some(bare) => known(bare),
                None => known(&format!("{prefix}.{name}")),
            }
        })
    }

    /// Lets the system take back the memory behind a tensor that was copied. Without it a file's pages count
    /// as this program's until the whole file was read.
    fn read(&self, name: &str) {
        #[cfg(unix)]
        if let Some((part, range)) = self.place(name) {
            // SAFETY: the map is of a file, shared and never written to: pages that are looked at again are
            // read from the file again, with the same bytes.
            let advised = unsafe {
                part.map.unchecked_advise_range(UncheckedAdvice::DontNeed, range.start, range.len())
            };
            if let Err(error) = advised {
                tracing::debug!("the memory of {name} was not given back: {error}");
            }
        }
        #[cfg(not(unix))]
        let _ = name;
    }

    /// A tensor's bytes in its file.
    fn place(&self, name: &str) -> Option<(&Part, Range<usize>)> {
        let (name, number) = self.resolve(name)?;
        let part = self.parts.get(number)?;
        let (from, to) = part.metadata.info(name)?.data_offsets;
        Some((part, part.start + from..part.start + to))
    }

    fn tensor(&self, name: &str) -> Option<Found<'_>> {
        let (name, number) = self.resolve(name)?;
        let part = self.parts.get(number)?;
        let info = part.metadata.info(name)?;
        let (from, to) = info.data_offsets;
        let data = part.map.get(part.start + from..part.start + to)?;
        Some(Found { dtype: info.dtype, shape: &info.shape, data, path: &part.path })
    }
}

impl Part {
    fn open(path: &Path) -> Result<Self, CheckpointError> {
        let bad = |reason: String| CheckpointError::File { reason, path: path.to_owned() };
        let mut file = File::open(path).map_err(|error| bad(error.to_string()))?;
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
        Ok(Self { map, metadata, start: length + 8, path: path.to_owned() })
    }
}

/// Whether a file that starts so is a pickle, bare or zipped. A safetensors header of 640 bytes starts like
/// a bare one, so ask only where the length makes no sense.
fn is_pickle(first: [u8; 8]) -> bool {
    first.starts_with(ZIP) || (first[0] == PROTO && PROTOCOLS.contains(&first[1]))
}

/// The first pickle, by name, of a folder without better weights.
fn pickle_in(folder: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let is_pickle = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        PICKLE_ENDINGS.iter().any(|pickle| ending.eq_ignore_ascii_case(pickle))
    };
    files.filter(is_pickle).min()
}

/// The parts that an index names: plain file names beside it.
fn shards(folder: &Path, index: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
    let bad = |reason: String| CheckpointError::File { reason, path: index.to_owned() };
    let text = super::files::read_text(index, INDEX_LIMIT).map_err(|error| bad(error.to_string()))?;
    let index: Index = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let files: std::collections::BTreeSet<String> = index.weight_map.into_values().collect();
    if files.is_empty() || files.len() > SHARD_LIMIT {
        return Err(bad(format!("it names {} files", files.len())));
    }
    if let Some(name) = files.iter().find(|name| name.contains(['/', '\\', ':'])) {
        return Err(bad(format!("{name:?} is not a file beside it")));
    }
    Ok(files.into_iter().map(|name| folder.join(name)).collect())
}

#[cfg(test)]
mod tests;

//! Weight files: safetensors mapped into memory, handed to networks tensor by tensor.
//!
//! Only the header is read until a tensor is asked for. It knows names, shapes and number types; what a
//! network does with them is not its business. Networks ask by diffusers' names; files that came from
//! elsewhere are translated name by name. Pickle files run code when opened and are refused.

mod family;
mod file;
mod ldm_unet;
mod ldm_vae;
mod naming;
mod source;
mod writer;

pub use family::Foreign;
pub(in crate::engine) use ldm_unet::UNetPlaces;
pub use source::{Probe, Weights};
pub use writer::{Described, Writer};

use file::{Part, one_line};
#[cfg(unix)]
use memmap2::UncheckedAdvice;
use naming::Naming;
use safetensors::tensor::{Dtype, TensorInfo};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const INDEX_LIMIT: u64 = 16 << 20;
/// Parts that one network may come in.
const SHARD_LIMIT: usize = 64;
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
    #[error("tensor {tensor} is in two of the network's files; copy the model again ({})", path.display())]
    Twice { tensor: String, path: PathBuf },
    #[error("this is {model}, and Adorn paints with the Stable Diffusion 1.5 family; choose one of it ({})", path.display())]
    Family { model: Foreign, path: PathBuf },
    #[error("the file holds no {part}; {advice} ({})", path.display())]
    NoPart { part: &'static str, advice: &'static str, path: PathBuf },
}

/// One network's weights, in one file or several.
pub struct Checkpoint {
    parts: Vec<Part>,
    /// Which part holds a tensor.
    places: BTreeMap<String, usize>,
    naming: Naming,
}

/// A tensor as it lies in a file.
pub(super) struct Found<'a> {
    pub(super) dtype: Dtype,
    pub(super) shape: &'a [usize],
    pub(super) data: &'a [u8],
    pub(super) path: &'a Path,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Checkpoint {
    /// Finds a network's weights in its folder: `stem.safetensors`, or the parts that
    /// `stem.safetensors.index.json` names, or else a variant of either (`stem.fp16.safetensors`).
    pub fn find(folder: &Path, stem: &str) -> Result<Self, CheckpointError> {
        let (single, index) = (format!("{stem}.safetensors"), format!("{stem}.safetensors.index.json"));
        if folder.join(&single).exists() {
            return Self::open(&[folder.join(single)]);
        }
        if folder.join(&index).exists() {
            return Self::open(&shards(folder, &folder.join(index))?);
        }
        if let Some(variant) = variant_in(folder, stem) {
            return match variant.extension().is_some_and(|ending| ending == "json") {
                true => Self::open(&shards(folder, &variant)?),
                false => Self::open(&[variant]),
            };
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
            for tensor in part.metadata.tensors().into_keys() {
                if places.contains_key(&tensor) {
                    return Err(CheckpointError::Twice {
                        tensor: one_line(&tensor),
                        path: part.path.clone(),
                    });
                }
                places.insert(tensor, number);
            }
        }
        Ok(Self { parts, places, naming: Naming::Own })
    }

    /// Names may be asked for with or without `prefix` (no dot), whichever way the file has them.
    pub fn with_optional_prefix(mut self, prefix: &'static str) -> Self {
        self.naming = Naming::Prefix(prefix);
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

    /// Words that the first file says about itself.
    pub fn notes(&self) -> BTreeMap<&str, &str> {
        let notes = self.parts.first().and_then(|part| part.metadata.metadata().as_ref());
        notes.into_iter().flatten().map(|(name, text)| (name.as_str(), text.as_str())).collect()
    }

    /// The name as the files have it.
    fn resolve(&self, name: &str) -> Option<(&str, usize)> {
        let known = |name: &str| self.places.get_key_value(name).map(|(name, &part)| (name.as_str(), part));
        self.naming.stored(name).iter().find_map(|name| known(name))
    }

    /// Lets the system take back the memory behind a tensor that was copied. Without it a file's pages count
    /// as this program's until the whole file was read.
    fn give_back(&self, name: &str) {
        #[cfg(unix)]
        if let Some((part, info)) = self.place(name) {
            let range = part.range(info);
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

    /// The file that holds a tensor, and what its header says of it.
    fn place(&self, name: &str) -> Option<(&Part, &TensorInfo)> {
        let (name, number) = self.resolve(name)?;
        let part = self.parts.get(number)?;
        Some((part, part.metadata.info(name)?))
    }

    /// Whether the tensor that a network asks for by this name is there.
    pub fn has(&self, name: &str) -> bool {
        self.resolve(name).is_some()
    }

    /// Shape of the tensor that a network asks for by this name.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        Some(self.tensor(name)?.shape)
    }

    pub(super) fn tensor(&self, name: &str) -> Option<Found<'_>> {
        let (part, info) = self.place(name)?;
        let data = part.map.get(part.range(info))?;
        Some(Found { dtype: info.dtype, shape: &info.shape, data, path: &part.path })
    }
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

/// A copy of the weights in another number type, as diffusers names it; fp16 before others.
fn variant_in(folder: &Path, stem: &str) -> Option<PathBuf> {
    let names =
        std::fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_variant = |name: &String| {
        let rest = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('.'));
        let inner = rest.and_then(|rest| {
            // An index is called `stem.safetensors.index.fp16.json`.
            let index = rest.strip_prefix("safetensors.index.").and_then(|rest| rest.strip_suffix(".json"));
            index.or_else(|| rest.strip_suffix(".safetensors"))
        });
        inner.is_some_and(|variant| !variant.is_empty() && !variant.contains('-'))
    };
    let variants: BTreeSet<String> = names.filter(is_variant).collect();
    let preferred = variants.iter().find(|name| name.contains("fp16")).or_else(|| variants.first());
    preferred.map(|name| folder.join(name))
}

/// The parts that an index names: plain file names beside it.
fn shards(folder: &Path, index: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
    let bad = |reason: String| CheckpointError::File { reason: one_line(&reason), path: index.to_owned() };
    let text = super::files::read_text(index, INDEX_LIMIT).map_err(|error| bad(error.to_string()))?;
    let index: Index = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let files: BTreeSet<String> = index.weight_map.into_values().collect();
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

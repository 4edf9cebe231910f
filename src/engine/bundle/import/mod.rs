//! A bundle from what people have: a single-file checkpoint or a diffusers folder, a ControlNet, an image
//! encoder, a tokenizer.
//!
//! Every part is found and doubted before a byte is written; tensors then stream through in pieces, so memory
//! does not grow with the model. Names become diffusers', shapes those that the networks ask for.

mod convert;
mod infer;
mod parts;

use super::building::Building;
use super::{BundleError, Component, Configs, FileType, Manifest};
use crate::engine::EngineError;
use crate::engine::checkpoint::{Checkpoint, Described, Writer};
use crate::engine::inventory::Entry;
use crate::engine::progress::{Control, Progress, Stage};
use crate::engine::text::TextConfig;
use crate::engine::tokenizer::Tokenizer;
use parts::Parts;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a bundle is to be made of.
#[derive(Debug, Clone, Default)]
pub struct ImportRequest {
    /// A single-file checkpoint, or a diffusers folder.
    pub model: PathBuf,
    /// Folder or file; none: the model folder's own.
    pub control_net: Option<PathBuf>,
    /// Folder or file; none: the model folder's own.
    pub image_encoder: Option<PathBuf>,
    /// Folder; none: the model folder's own.
    pub tokenizer: Option<PathBuf>,
    /// Folder or file instead of the model's own autoencoder.
    pub vae: Option<PathBuf>,
    /// A diffusers folder whose settings stand in for those that files do not tell.
    pub configs: Option<PathBuf>,
    /// Takes a single file's moving averages.
    pub averages: bool,
    /// None keeps the files' number types.
    pub file_type: Option<FileType>,
    /// None: the model's own, or its file's name.
    pub name: Option<String>,
    pub version: Option<String>,
    pub licence: Option<String>,
}

/// A part on its way into the bundle.
struct Part {
    component: Component,
    weights: Checkpoint,
    tensors: BTreeMap<String, Entry>,
}

/// Makes a bundle at `out`, which must not exist or be empty: built beside it, renamed at the end.
pub fn import(request: &ImportRequest, out: &Path, control: &Control) -> Result<(), EngineError> {
    let building = Building::beside(out)?;
    let found = Parts::find(request)?;
    let mut files = found.write_small(&building)?;
    let configs = Configs::read(building.path()).map_err(|error| error.within(building.path()))?;
    // The tokenizer must fit the text encoder; asked before the long part.
    let TextConfig { max_position_embeddings: length, vocab_size, .. } = configs.text;
    Tokenizer::from_folder(found.tokenizer(), length, vocab_size)?;
    let parts = found.into_weights();
    let parts = parts.map(|(component, weights)| Part::doubted(component, weights, &configs));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    let total = parts.iter().map(|part| part.tensors.len()).sum();
    let mut done = 0;
    for part in &parts {
        let name = format!("{}/{}.safetensors", part.component.folder(), part.component.stem());
        part.write(&building, &name, request.file_type, &mut || {
            done += 1;
            control.step(Progress::new(Stage::Preparing, done, total)).map_err(EngineError::from)
        })?;
        files.push(name);
    }
    Ok(building.finish(manifest(request)?, &files)?)
}

impl Part {
    /// Checks that every tensor that the network reads is there, of its shape and of a type we read.
    fn doubted(component: Component, weights: Checkpoint, configs: &Configs) -> Result<Self, EngineError> {
        let tensors = configs.inventory(component)?;
        for (name, entry) in &tensors {
            weights.fitting(name, &entry.shape)?;
        }
        Ok(Self { component, weights, tensors })
    }

    fn write(
        &self,
        building: &Building,
        name: &str,
        file_type: Option<FileType>,
        step: &mut dyn FnMut() -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let mut described = Vec::with_capacity(self.tensors.len());
        for (name, entry) in &self.tensors {
            let (found, _) = self.weights.fitting(name, &entry.shape)?;
            let dtype = file_type.map_or(found.dtype, FileType::dtype);
            described.push(Described { name: name.clone(), dtype, shape: entry.shape.clone() });
        }
        let failed = |error: std::io::Error| building.failed(&error);
        let mut writer = Writer::create(&building.path().join(name), described.iter()).map_err(failed)?;
        for (tensor, entry) in described.iter().zip(self.tensors.values()) {
            step()?;
            let (found, _) = self.weights.fitting(&tensor.name, &entry.shape)?;
            let mut put = |bytes: &[u8]| writer.put(bytes).map_err(failed);
            if !convert::convert(found.data, found.dtype, tensor.dtype, &mut put)? {
                return Err(BundleError::TooLarge { tensor: tensor.name.clone() }.into());
            }
        }
        Ok(writer.finish().map_err(failed)?)
    }
}

/// The model folder's own manifest, if there is one, under the names that were asked for.
fn manifest(request: &ImportRequest) -> Result<Manifest, BundleError> {
    let own = if request.model.is_dir() { Manifest::read(&request.model)? } else { None };
    let mut manifest = own.unwrap_or_default();
    manifest.sha256.clear();
    let stem = request.model.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    if manifest.name.is_empty() {
        manifest.name = stem.unwrap_or_else(|| "bundle".to_owned());
    }
    let asked = [
        (&mut manifest.name, &request.name),
        (&mut manifest.version, &request.version),
        (&mut manifest.licence, &request.licence),
    ];
    for (field, asked) in asked {
        if let Some(asked) = asked {
            field.clone_from(asked);
        }
    }
    if manifest.licence.is_empty() {
        manifest.licence = "not stated".to_owned();
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests;

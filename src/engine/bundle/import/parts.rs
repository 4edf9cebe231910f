//! Where a bundle's parts lie, and their settings.

use super::super::random::scheduler;
use super::super::{BundleError, CONFIG_LIMIT, Component};
use super::{Building, ImportRequest, infer};
use crate::engine::EngineError;
use crate::engine::checkpoint::{Checkpoint, CheckpointError};
use crate::engine::files::read_text;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// What a tokenizer's folder may hold.
const TOKENIZER_FILES: [&str; 5] =
    ["tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"];
const SCHEDULER: &str = "scheduler/scheduler_config.json";

/// Every part, found and opened.
pub(super) struct Parts {
    networks: Vec<(Component, Value, Checkpoint)>,
    tokenizer: PathBuf,
    scheduler: Value,
}

impl Parts {
    pub(super) fn find(request: &ImportRequest) -> Result<Self, EngineError> {
        let model = &request.model;
        if !model.exists() {
            return Err(BundleError::NoModel(model.clone()).into());
        }
        let single = !model.is_dir();
        if single {
            Checkpoint::open(std::slice::from_ref(model))?.check_family()?;
        } else if model.join("text_encoder_2").exists() {
            return Err(foreign_folder(model));
        }
        let mut networks = Vec::new();
        for component in Component::ALL {
            let place = place(component, request, single)?;
            networks.push(network(component, &place, request)?);
        }
        Ok(Self { networks, tokenizer: tokenizer(request, single)?, scheduler: schedule(request, single)? })
    }

    /// Settings, schedule and tokenizer; their names.
    pub(super) fn write_small(&self, building: &Building) -> Result<Vec<String>, BundleError> {
        let mut files = vec![SCHEDULER.to_owned()];
        building.write(SCHEDULER, pretty(&self.scheduler).as_bytes())?;
        for (component, config, _) in &self.networks {
            let name = format!("{}/config.json", component.folder());
            building.write(&name, pretty(config).as_bytes())?;
            files.push(name);
        }
        for file in TOKENIZER_FILES {
            let from = self.tokenizer.join(file);
            if from.is_file() {
                let text = read_text(&from, 4 * CONFIG_LIMIT)
                    .map_err(|error| BundleError::File { reason: error.to_string(), path: from })?;
                let name = format!("tokenizer/{file}");
                building.write(&name, text.as_bytes())?;
                files.push(name);
            }
        }
        Ok(files)
    }

    pub(super) fn tokenizer(&self) -> &Path {
        &self.tokenizer
    }

    pub(super) fn into_weights(self) -> impl Iterator<Item = (Component, Checkpoint)> {
        self.networks.into_iter().map(|(component, _, weights)| (component, weights))
    }
}

/// The folder or file that holds a part.
fn place(component: Component, request: &ImportRequest, single: bool) -> Result<PathBuf, BundleError> {
    let given = match component {
        Component::ControlNet => &request.control_net,
        Component::Image => &request.image_encoder,
        Component::Vae => &request.vae,
        Component::Text | Component::UNet => &None,
    };
    if let Some(given) = given {
        return if given.exists() { Ok(given.clone()) } else { Err(BundleError::NoPart(given.clone())) };
    }
    let own = request.model.join(component.folder());
    match component {
        Component::Text | Component::UNet | Component::Vae if single => Ok(request.model.clone()),
        _ if !single && own.is_dir() => Ok(own),
        Component::ControlNet => Err(BundleError::NoControlNet),
        Component::Image => Err(BundleError::NoImageEncoder),
        _ => Err(BundleError::NoPart(own)),
    }
}

/// A part's settings and weights, the weights under the names that networks ask for.
fn network(
    component: Component,
    place: &Path,
    request: &ImportRequest,
) -> Result<(Component, Value, Checkpoint), EngineError> {
    let raw = match place.is_dir() {
        true => Checkpoint::find(place, component.stem())?,
        false => Checkpoint::open(&[place.to_owned()])?,
    };
    let averages = request.averages && *place == *request.model;
    let weights = match component {
        Component::UNet => raw.into_unet(averages)?,
        Component::ControlNet => raw.into_unet(false)?,
        Component::Vae => raw.into_vae()?,
        Component::Text => raw.into_text()?,
        Component::Image => raw.with_optional_prefix(crate::engine::image_encoder::PREFIX),
    };
    if component == Component::UNet {
        weights.check_denoiser()?;
    }
    let beside = [Some(place.join("config.json")), stand_in(request, component)];
    let written = beside.into_iter().flatten().find(|path| path.is_file());
    let mut config = written.as_deref().map_or_else(|| Ok(infer::config(component, &weights)), read_json)?;
    if component == Component::ControlNet {
        check_hint(&weights, place)?;
        note_branches(&mut config, &weights);
    }
    Ok((component, config, weights))
}

fn stand_in(request: &ImportRequest, component: Component) -> Option<PathBuf> {
    Some(request.configs.as_ref()?.join(component.folder()).join("config.json"))
}

/// A stock ControlNet reads pictures of three channels, ours the earring and the scale map.
fn check_hint(weights: &Checkpoint, place: &Path) -> Result<(), BundleError> {
    let hint = weights.shape("controlnet_cond_embedding.conv_in.weight");
    match hint.and_then(|shape| shape.get(1)) {
        Some(&channels) if channels != 4 => {
            Err(BundleError::StockControlNet { channels, path: place.to_owned() })
        }
        _ => Ok(()),
    }
}

/// Writes into a config without a list which branches the file holds.
fn note_branches(config: &mut Value, weights: &Checkpoint) {
    let branches = ["pose", "appearance"].into_iter();
    let held: Vec<&str> = branches.filter(|branch| weights.has(&format!("{branch}_proj.weight"))).collect();
    if let Value::Object(fields) = config {
        fields.entry("adorn_branches").or_insert_with(|| json!(held));
    }
}

fn tokenizer(request: &ImportRequest, single: bool) -> Result<PathBuf, BundleError> {
    match &request.tokenizer {
        Some(given) if given.is_dir() => Ok(given.clone()),
        Some(given) => Err(BundleError::NoPart(given.clone())),
        None if !single && request.model.join("tokenizer").is_dir() => Ok(request.model.join("tokenizer")),
        None => Err(BundleError::NoTokenizer),
    }
}

/// The model's own schedule; a single file may say that it predicts velocities.
fn schedule(request: &ImportRequest, single: bool) -> Result<Value, EngineError> {
    let own = (!single).then(|| request.model.join(SCHEDULER));
    let stand_in = request.configs.as_ref().map(|folder| folder.join(SCHEDULER));
    let written = own.into_iter().chain(stand_in).find(|path| path.is_file());
    if let Some(path) = written {
        return Ok(read_json(&path)?);
    }
    let mut schedule = scheduler();
    if single {
        let file = Checkpoint::open(std::slice::from_ref(&request.model))?;
        if file.has("v_pred") {
            schedule["prediction_type"] = json!("v_prediction");
        }
        if file.has("ztsnr") {
            schedule["rescale_betas_zero_snr"] = json!(true);
        }
    }
    Ok(schedule)
}

fn read_json(path: &Path) -> Result<Value, BundleError> {
    let bad = |reason: String| BundleError::File { reason, path: path.to_owned() };
    let text = fs::metadata(path).and_then(|_| read_text(path, CONFIG_LIMIT));
    let text = text.map_err(|error| bad(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| bad(error.to_string()))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn foreign_folder(model: &Path) -> EngineError {
    let model_kind = crate::engine::checkpoint::Foreign::Sdxl;
    CheckpointError::Family { model: model_kind, path: model.to_owned() }.into()
}

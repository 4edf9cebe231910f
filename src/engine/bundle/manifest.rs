//! `bundle.toml`: what a bundle is called, may be used for, and is best run with.

use super::BundleError;
use crate::engine::files::read_text;
use crate::project::{DEFAULT_PROMPT, Sampler, digest_of_file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// The manifest's file name.
pub const MANIFEST: &str = "bundle.toml";
const LIMIT: u64 = 1 << 20;

/// A bundle's manifest. What is missing takes METHOD 7's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    /// An SPDX expression, or words.
    pub licence: String,
    /// False: random weights, whose pictures mean nothing.
    pub trained: bool,
    /// Side of the square the networks were trained on, pixels, 64..=4096.
    pub network_size: u32,
    pub defaults: Defaults,
    pub guidance: Guidance,
    /// Hexadecimal digest of every file, by its path in the bundle with `/`.
    pub sha256: BTreeMap<String, String>,
}

/// What a recipe that says nothing means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Defaults {
    /// 1..=1000.
    pub steps: u32,
    /// 0..=50.
    pub guidance: f64,
    /// Eq. 10, training timesteps, 0..=1000.
    pub gamma: f64,
    pub sampler: Sampler,
    pub prompt: String,
}

/// How the unconditional half is made.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Guidance {
    /// Conditions it goes without, beside the prompt.
    pub drop: Vec<Dropped>,
}

/// A condition that the unconditional half may go without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dropped {
    Appearance,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            name: String::new(),
            version: String::new(),
            licence: String::new(),
            trained: true,
            network_size: 512,
            defaults: Defaults::default(),
            guidance: Guidance::default(),
            sha256: BTreeMap::new(),
        }
    }
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            steps: 30,
            guidance: 7.0,
            gamma: 400.0,
            sampler: Sampler::default(),
            prompt: DEFAULT_PROMPT.to_owned(),
        }
    }
}

impl Manifest {
    /// A folder's manifest; none where there is no such file.
    pub fn read(folder: &Path) -> Result<Option<Self>, BundleError> {
        let path = folder.join(MANIFEST);
        if !path.exists() {
            return Ok(None);
        }
        let bad = |reason: String| BundleError::File { reason: first_line(&reason), path: path.clone() };
        let text = read_text(&path, LIMIT).map_err(|error| bad(error.to_string()))?;
        let manifest: Self = toml::from_str(&text).map_err(|error| bad(error.message().to_owned()))?;
        manifest.validate().map_err(|what| bad(format!("{what} is out of range")))?;
        Ok(Some(manifest))
    }

    fn validate(&self) -> Result<(), &'static str> {
        let defaults = &self.defaults;
        let ranges = [
            ("network_size", (64..=4096).contains(&self.network_size)),
            ("defaults.steps", (1..=1000).contains(&defaults.steps)),
            ("defaults.guidance", (0.0..=50.0).contains(&defaults.guidance)),
            ("defaults.gamma", (0.0..=1000.0).contains(&defaults.gamma)),
        ];
        ranges.into_iter().find(|(_, fits)| !fits).map_or(Ok(()), |(what, _)| Err(what))
    }

    /// One line for each listed file that is not what its digest says. Reads every file whole.
    pub fn verify(&self, folder: &Path) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, expected) in &self.sha256 {
            let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
            if !plain || name.contains('\\') {
                problems.push(format!("{MANIFEST} lists {name:?}, which is not inside the bundle"));
                continue;
            }
            match digest_of_file(&folder.join(name)) {
                Ok(found) if found.eq_ignore_ascii_case(expected) => {}
                Ok(found) => {
                    problems.push(format!("{name} changed: sha256 expected {expected}, found {found}"));
                }
                Err(error) => problems.push(format!("{name} cannot be read ({error})")),
            }
        }
        problems
    }
}

pub(crate) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

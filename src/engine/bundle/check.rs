//! What is wrong with a bundle: everything at once, in words, from headers and digests alone.

use super::manifest::first_line;
use super::{Bundle, Component, Manifest};
use crate::engine::checkpoint::Probe;
use crate::engine::sampler::sampler;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Lines of one component; a file of another model would otherwise fill the screen.
const LINES: usize = 20;
/// What a bundle reads from beside its networks' folders.
const OTHER_FOLDERS: [&str; 2] = ["tokenizer", "scheduler"];

/// A checked bundle.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub name: String,
    pub version: String,
    pub licence: String,
    pub trained: bool,
    /// Whether a manifest lists every file that is read and all digests fit.
    pub verified: bool,
    /// Files that the manifest has no digest for, the first few; empty without a manifest.
    pub unlisted: Vec<String>,
    /// Networks, in the order of their work; empty where configs cannot be read.
    pub components: Vec<ComponentReport>,
    /// What concerns no single network.
    pub problems: Vec<String>,
}

/// One checked network.
#[derive(Debug, Clone, Serialize)]
pub struct ComponentReport {
    /// Its folder.
    pub name: String,
    /// Numbers in all tensors together.
    pub parameters: usize,
    /// Tensors in its files that the network does not read; no problem.
    pub extra: usize,
    /// One line for each tensor that is missing or does not fit.
    pub problems: Vec<String>,
}

impl Report {
    /// Whether pictures can be painted with it.
    pub fn is_usable(&self) -> bool {
        self.problems.is_empty() && self.components.iter().all(|component| component.problems.is_empty())
    }
}

/// Checks a folder. Weights are read only for their digests.
pub fn check(folder: &Path) -> Report {
    let mut report = Report {
        name: String::new(),
        version: String::new(),
        licence: String::new(),
        trained: false,
        verified: false,
        unlisted: Vec::new(),
        components: Vec::new(),
        problems: Vec::new(),
    };
    match Bundle::open(folder) {
        Ok(bundle) => fill(&mut report, &bundle),
        Err(error) => report.problems.push(line(&error)),
    }
    report
}

fn fill(report: &mut Report, bundle: &Bundle) {
    let Manifest { name, version, licence, trained, sha256, .. } = &bundle.manifest;
    report.name.clone_from(name);
    report.version.clone_from(version);
    report.licence.clone_from(licence);
    report.trained = *trained;
    let changed = bundle.manifest.verify(&bundle.folder);
    if bundle.has_manifest {
        report.unlisted = unlisted(&bundle.folder, sha256);
    }
    report.verified = bundle.has_manifest && changed.is_empty() && report.unlisted.is_empty();
    report.problems.extend(changed);
    report.problems.extend(bundle.tokenizer().err().map(|error| line(&error)));
    let defaults = &bundle.manifest.defaults;
    let schedule = sampler(defaults.sampler, &bundle.scheduler, defaults.steps as usize);
    report.problems.extend(schedule.err().map(|error| line(&error)));
    report.components = Component::ALL.map(|component| probe(bundle, component)).into();
}

/// Files in the folders that a bundle reads from, without a digest: anyone may have changed them.
fn unlisted(folder: &Path, sha256: &BTreeMap<String, String>) -> Vec<String> {
    let mut names = Vec::new();
    for part in Component::ALL.map(Component::folder).into_iter().chain(OTHER_FOLDERS) {
        let entries = std::fs::read_dir(folder.join(part)).into_iter().flatten().flatten();
        let files = entries.filter(|entry| entry.path().is_file());
        let paths = files.map(|entry| format!("{part}/{}", entry.file_name().to_string_lossy()));
        names.extend(paths.filter(|path| !sha256.contains_key(path)));
    }
    names.sort();
    names.truncate(LINES);
    names
}

/// Builds a network over the file's header.
fn probe(bundle: &Bundle, component: Component) -> ComponentReport {
    let name = component.folder().to_owned();
    let checkpoint = match component.checkpoint(&bundle.folder) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return ComponentReport { name, parameters: 0, extra: 0, problems: vec![line(&error)] },
    };
    let probe = Probe::new(checkpoint);
    let built = bundle.configs.network(component, probe.builder());
    let seen = probe.seen();
    let (mut problems, parameters) = (seen.problems, seen.parameters);
    problems.extend(built.err().map(|error| line(&error)));
    if problems.len() > LINES {
        let more = problems.len() - LINES;
        problems.truncate(LINES);
        problems.push(format!("and {more} more"));
    }
    ComponentReport { name, parameters, extra: probe.extra(), problems }
}

fn line(error: &impl std::fmt::Display) -> String {
    first_line(&error.to_string())
}

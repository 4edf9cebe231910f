//! Which files an export makes, and which share of them.

use super::BatchError;
use crate::project::{ExportPreset, Project, Variant};
use std::path::PathBuf;

/// An export as it was asked for.
#[derive(Debug, Clone)]
pub struct ExportRequest<'a> {
    pub project: &'a Project,
    /// The folder for pictures and report; made if it is not there.
    pub out: PathBuf,
    /// Names of the presets to make; empty: all of the project's.
    pub presets: Vec<String>,
    pub shard: Shard,
}

/// One of `count` equal shares of an export, for as many machines. Shares never overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    pub index: u64,
    pub count: u64,
}

impl Default for Shard {
    fn default() -> Self {
        Self { index: 1, count: 1 }
    }
}

impl Shard {
    fn check(self) -> Result<(), BatchError> {
        let Self { index, count } = self;
        if count > 0 && (1..=count).contains(&index) {
            Ok(())
        } else {
            Err(BatchError::Shard { index, count })
        }
    }

    /// How many of `total` pictures are this share's.
    fn share_of(self, total: u64) -> u64 {
        total / self.count + u64::from(self.index <= total % self.count)
    }

    /// Shares that write into one folder keep a report each.
    pub(super) fn report_name(self) -> String {
        match self.count {
            1 => "report.json".to_owned(),
            count => format!("report-{}-of-{count}.json", self.index),
        }
    }
}

/// One picture of an export.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// At the preset's size.
    pub variant: Variant,
    pub preset: Option<String>,
    /// The picture's file name.
    pub file: String,
}

impl Task {
    /// What people call it: the variant, and the preset that gives its size.
    pub(super) fn label(&self) -> String {
        let name = &self.variant.name;
        self.preset.as_ref().map_or_else(|| name.to_string(), |preset| format!("{name} ({preset})"))
    }

    /// The same picture with another seed and name.
    pub(super) fn attempt(&self, variant: Variant) -> Self {
        let file = file_name(&variant, self.preset.as_deref());
        Self { variant, preset: self.preset.clone(), file }
    }
}

fn file_name(variant: &Variant, preset: Option<&str>) -> String {
    match preset {
        Some(preset) => format!("{}_{preset}.png", variant.name),
        None => format!("{}.png", variant.name),
    }
}

/// The pictures of an export, in the plan's order, made one at a time.
pub struct Tasks<'a> {
    tasks: Box<dyn Iterator<Item = Task> + 'a>,
    total: u64,
}

impl Tasks<'_> {
    /// How many there are.
    pub fn total(&self) -> u64 {
        self.total
    }
}

impl Iterator for Tasks<'_> {
    type Item = Task;

    fn next(&mut self) -> Option<Task> {
        self.tasks.next()
    }
}

/// Checks a request and lists its pictures.
pub fn tasks<'a>(request: &ExportRequest<'a>) -> Result<Tasks<'a>, BatchError> {
    let project = request.project;
    project.check()?;
    request.shard.check()?;
    let presets = chosen_presets(project, &request.presets)?;
    let total = project.variant_count() * presets.len().max(1) as u64;
    let Shard { index, count } = request.shard;
    let stride = usize::try_from(count).unwrap_or(usize::MAX);
    let first = usize::try_from(index - 1).unwrap_or(usize::MAX);
    let all = project.variants_lazily().flat_map(move |variant| tasks_of(&variant, &presets));
    Ok(Tasks { tasks: Box::new(all.skip(first).step_by(stride)), total: request.shard.share_of(total) })
}

/// The presets asked for, every one of the canvas's shape.
fn chosen_presets<'a>(project: &'a Project, names: &[String]) -> Result<Vec<&'a ExportPreset>, BatchError> {
    for name in names {
        if !project.presets.iter().any(|preset| preset.name == *name) {
            let known: Vec<_> = project.presets.iter().map(|preset| preset.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(BatchError::UnknownPreset { name: name.clone(), known });
        }
    }
    let asked = |preset: &&ExportPreset| names.is_empty() || names.contains(&preset.name);
    let chosen: Vec<_> = project.presets.iter().filter(asked).collect();
    let canvas = project.current_variant();
    if let Some(other) = chosen.iter().find(|preset| canvas.at_size(preset.size).is_none()) {
        return Err(BatchError::OtherShape {
            name: other.name.clone(),
            width: other.size.width,
            height: other.size.height,
            canvas_width: project.canvas.width,
            canvas_height: project.canvas.height,
        });
    }
    Ok(chosen)
}

/// The variant in every preset's size; without presets at its own.
fn tasks_of(variant: &Variant, presets: &[&ExportPreset]) -> Vec<Task> {
    if presets.is_empty() {
        let file = file_name(variant, None);
        return vec![Task { variant: variant.clone(), preset: None, file }];
    }
    let task = |preset: &&ExportPreset| {
        let sized = variant.at_size(preset.size)?;
        let file = file_name(variant, Some(&preset.name));
        Some(Task { variant: sized, preset: Some(preset.name.clone()), file })
    };
    presets.iter().filter_map(task).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{CanvasSize, Other};

    fn project() -> Project {
        let mut project = Project::default();
        project.plan.seeds = (0..7).collect();
        project.presets = vec![preset("shop", 2048, 2048), preset("thumb", 256, 256)];
        project
    }

    fn preset(name: &str, width: u32, height: u32) -> ExportPreset {
        ExportPreset { name: name.into(), size: CanvasSize { width, height }, other: Other::new() }
    }

    fn request<'a>(project: &'a Project, presets: &[&str], shard: Shard) -> ExportRequest<'a> {
        let presets = presets.iter().map(|name| (*name).to_owned()).collect();
        ExportRequest { project, out: PathBuf::from("out"), presets, shard }
    }

    #[test]
    fn every_variant_comes_in_every_preset() {
        let project = project();
        let tasks = tasks(&request(&project, &[], Shard::default())).expect("a plan");
        assert_eq!(tasks.total(), 14);
        let tasks: Vec<_> = tasks.collect();
        assert_eq!(tasks.len(), 14);
        assert_eq!(tasks[0].file, "seed-0_shop.png");
        assert_eq!(tasks[1].file, "seed-0_thumb.png");
        assert_eq!(tasks[1].variant.canvas, CanvasSize { width: 256, height: 256 });
    }

    #[test]
    fn shards_cover_the_plan_once() {
        let project = project();
        let whole: Vec<_> = tasks(&request(&project, &[], Shard::default())).expect("a plan").collect();
        let mut shared = Vec::new();
        for index in 1..=4 {
            let share = tasks(&request(&project, &[], Shard { index, count: 4 })).expect("a share");
            let total = share.total();
            let share: Vec<_> = share.collect();
            assert_eq!(share.len() as u64, total);
            shared.extend(share);
        }
        assert_eq!(shared.len(), whole.len());
        assert!(whole.iter().all(|task| shared.contains(task)));
    }

    #[test]
    fn a_preset_of_another_shape_stops_the_export_before_it_begins() {
        let mut project = project();
        project.presets.push(preset("story", 1080, 1920));
        let refused = |names: &[&str]| tasks(&request(&project, names, Shard::default())).err();
        assert!(matches!(refused(&[]), Some(BatchError::OtherShape { name, .. }) if name == "story"));
        assert!(refused(&["thumb"]).is_none());
        assert!(matches!(refused(&["huge"]), Some(BatchError::UnknownPreset { .. })));
    }

    #[test]
    fn impossible_shards_are_refused() {
        let project = project();
        for (index, count) in [(0, 4), (5, 4), (1, 0)] {
            let refused = tasks(&request(&project, &[], Shard { index, count })).err();
            assert!(matches!(refused, Some(BatchError::Shard { .. })), "{index}/{count}");
        }
    }
}

//! `adorn bundle`: folders of weights, checked, imported and made up.

use super::args::{BundleCheckArgs, BundleCommand, BundleImportArgs, BundleRandomArgs};
use super::{BAD_INPUT, DONE, Failure, output};
use crate::engine::bundle::import::{self, ImportRequest};
use crate::engine::bundle::random::{Dinov2, FileType, RandomSize, write_random};
use crate::engine::bundle::{Report, check};
use crate::engine::device::{DTypeChoice, DeviceChoice};
use crate::engine::memory::MemoryPlan;
use crate::engine::steady::Opening;
use serde_json::json;
use std::path::Path;

pub(super) fn run(command: &BundleCommand) -> Result<u8, Failure> {
    match command {
        BundleCommand::Check(args) => Ok(check_folder(args)),
        BundleCommand::Import(args) => make(args),
        BundleCommand::Random(args) => random(args),
    }
}

fn check_folder(args: &BundleCheckArgs) -> u8 {
    let report = check(&args.folder);
    let plan = if report.is_usable() { plan(&args.folder) } else { None };
    if args.json {
        let mut report = json!(report);
        report["memory"] = json!(plan);
        output::say(report);
    } else {
        tell(&report);
        plan.iter().for_each(output::say);
    }
    if report.is_usable() {
        return DONE;
    }
    let folder = args.folder.display();
    output::failure(&Failure {
        headline: format!("the bundle cannot be used ({folder})"),
        advice: "mend what is named, or copy the bundle again".to_owned(),
        code: BAD_INPUT,
    })
}

/// What a square picture of the bundle's own size takes on the processor.
fn plan(folder: &Path) -> Option<MemoryPlan> {
    let opening = Opening::new(folder, DeviceChoice::Cpu, DTypeChoice::Auto).ok()?;
    Some(opening.plan(opening.network_size(1024, 1024), 2))
}

fn tell(report: &Report) {
    let Report { name, version, licence, trained, verified, .. } = report;
    let trained = if *trained { "trained" } else { "untrained weights, its pictures mean nothing" };
    let verified = if *verified { "every file as its manifest says" } else { "unverified" };
    if !report.components.is_empty() {
        output::say(format!("{name} {version}  licence: {licence}  {trained}, {verified}"));
    }
    for component in &report.components {
        let extra = match component.extra {
            0 => String::new(),
            count => format!(", {count} tensors that it does not read"),
        };
        output::say(format!("{}  {} parameters{extra}", component.name, component.parameters));
        for problem in &component.problems {
            output::say(format!("  {problem}"));
        }
    }
    if !report.unlisted.is_empty() {
        output::say(format!("the manifest has no digest for {}", report.unlisted.join(", ")));
    }
    for problem in &report.problems {
        output::say(problem);
    }
}

fn make(args: &BundleImportArgs) -> Result<u8, Failure> {
    let args = args.clone();
    let request = ImportRequest {
        model: args.model,
        control_net: args.controlnet,
        image_encoder: args.image_encoder,
        tokenizer: args.tokenizer,
        vae: args.vae,
        configs: args.configs,
        averages: args.ema,
        file_type: match args.dtype.as_str() {
            "f16" => Some(FileType::F16),
            "f32" => Some(FileType::F32),
            _ => None,
        },
        name: args.name,
        version: args.version,
        licence: args.licence,
    };
    import::import(&request, &args.out, &output::control())?;
    output::say(format!("{}  imported from {}", args.out.display(), request.model.display()));
    Ok(DONE)
}

fn random(args: &BundleRandomArgs) -> Result<u8, Failure> {
    let image = match args.image_encoder.as_str() {
        "s" => Dinov2::Small,
        "l" => Dinov2::Large,
        "g" => Dinov2::Giant,
        _ => Dinov2::Base,
    };
    let size = if args.config == "sd15" { RandomSize::Sd15(image) } else { RandomSize::Mini };
    let file_type = if args.dtype == "f16" { FileType::F16 } else { FileType::F32 };
    write_random(size, args.seed, file_type, &args.out, &output::control())?;
    output::say(format!("{}  {} with random weights, seed {}", args.out.display(), args.config, args.seed));
    Ok(DONE)
}

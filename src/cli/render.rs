//! `adorn render`: what is on the canvas becomes one file.

use super::args::RenderArgs;
use super::{DONE, Failure, engine, output};
use crate::picture::write_png;
use crate::project::{self, Lora, Other, Project, base_of, relative_path, resolve};
use crate::workflow::{Picture, Studio, Trace, render_variant, render_variant_traced};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::path::Path;

pub(super) fn run(args: &RenderArgs) -> Result<u8, Failure> {
    let project = changed(project::load(&args.project)?, args)?;
    check_output(&args.out, "png", &project, &args.project)?;
    check_recipe(&project, &args.project)?;
    if let Some(trace) = &args.trace {
        check_output(trace, "safetensors", &project, &args.project)?;
    }
    let studio = Studio::shipped(base_of(&args.project))?;
    let engine = engine::open(&args.engine, &studio, project.canvas)?;
    let (control, card) = (output::control(), engine.card());
    let variant = project.current_variant();
    let render = if args.trace.is_some() { render_variant_traced } else { render_variant };
    let picture = render(&variant, &studio, engine.as_ref(), &control)?;
    write_png(&args.out, &picture.pixels, Some(&picture.record.text_at(&args.out, &studio.base)))?;
    if let Some(path) = &args.trace {
        write_trace(path, &picture.trace)?;
    }
    engine::tell_of_move(&card, &picture.engine);
    output::notices(&args.out.display().to_string(), &picture.layout.notices);
    output::checks(&args.out.display().to_string(), &picture.checks);
    output::say(summary(&args.out, &picture));
    Ok(DONE)
}

/// The project with the command line's own recipe.
fn changed(mut project: Project, args: &RenderArgs) -> Result<Project, Failure> {
    if let Some(seed) = args.seed {
        project.recipe.seed = seed;
    }
    if args.steps.is_some() {
        project.recipe.steps = args.steps;
    }
    project.recipe.sampler = args.sampler.or(project.recipe.sampler);
    for (file, strength) in &args.lora {
        let named = relative_path(&args.project, file);
        let file = named.unwrap_or_else(|| file.to_string_lossy().into_owned());
        project.recipe.loras.push(Lora { file, strength: *strength, other: Other::new() });
    }
    project.check()?;
    Ok(project)
}

/// Refuses a recipe whose files are not there, before networks are loaded for it.
fn check_recipe(project: &Project, project_file: &Path) -> Result<(), Failure> {
    let places = project.recipe.files().map(|file| resolve(&base_of(project_file), file));
    match places.into_iter().find(|place| !place.is_file()) {
        Some(place) => Err(Failure::bad_input(format!(
            "a LoRA or textual inversion of the recipe is not there; check its path ({})",
            place.display()
        ))),
        None => Ok(()),
    }
}

/// Refuses an output that cannot be written to or that is one of the project's own files, its plan's too.
fn check_output(out: &Path, ending: &str, project: &Project, project_file: &Path) -> Result<(), Failure> {
    output::check_target(out, ending)?;
    let base = base_of(project_file);
    let inputs = project.files().map(|file| resolve(&base, file)).chain([project_file.to_owned()]);
    output::check_distinct(out, inputs, "one of the project's own files")
}

/// One line: where, how large, by whom, and the proof.
pub(super) fn summary(path: &Path, picture: &Picture) -> String {
    let (width, height) = picture.pixels.dimensions();
    let exact = picture.record.exactness.compared;
    let proof =
        if exact == 0 { "no product pixels".to_owned() } else { format!("{exact} product pixels exact") };
    let worth = output::worth(&picture.engine);
    format!("{}  {width}x{height}  {proof}  ({}: {worth})", path.display(), picture.engine.name)
}

/// Writes the trace whole or not at all.
fn write_trace(path: &Path, trace: &Trace) -> Result<(), Failure> {
    let fault = |error: &dyn std::fmt::Display| {
        Failure::bad_input(format!(
            "cannot write the trace: {error}; choose another place ({})",
            path.display()
        ))
    };
    let mut views = Vec::new();
    for (name, (shape, values)) in trace {
        let bytes = bytemuck::cast_slice(values);
        views.push((name, TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(|error| fault(&error))?));
    }
    let bytes = safetensors::serialize(views, None).map_err(|error| fault(&error))?;
    project::write_whole(path, |file| file.write_all(&bytes)).map_err(|error| fault(&error))
}

//! `adorn evaluate`: how well the program's eyes do where the truth is known.

use super::args::EvaluateArgs;
use super::{DONE, Failure, output};
use crate::evaluation::{Effort, PARTS, Part};
use crate::picture::write_png;
use crate::project::write_whole;
use std::path::Path;

pub(super) fn run(args: &EvaluateArgs) -> Result<u8, Failure> {
    let chosen = chosen(&args.parts)?;
    let effort = Effort { count: args.count.map(|count| count as usize), portraits: args.portraits.clone() };
    std::fs::create_dir_all(&args.out).map_err(|error| {
        Failure::bad_input(format!("cannot make the output's folder: {error} ({})", args.out.display()))
    })?;
    let control = output::control();
    for part in chosen {
        output::tell(format!("{}: {}", part.name, part.about));
        let report = (part.measure)(&effort, &control)?;
        let tables: Vec<_> = report.tables.iter().map(ToString::to_string).collect();
        let text = tables.join("\n");
        text.lines().for_each(output::say);
        write_text(&args.out.join(format!("{}.md", part.name)), &text)?;
        for (name, sheet) in &report.sheets {
            write_png(&args.out.join(format!("{name}.png")), sheet, None)?;
        }
    }
    Ok(DONE)
}

/// The parts by name; all of them if none is named.
fn chosen(names: &[String]) -> Result<Vec<&'static Part>, Failure> {
    if names.is_empty() {
        return Ok(PARTS.iter().collect());
    }
    let part = |name: &String| {
        PARTS.iter().find(|part| part.name == name).ok_or_else(|| {
            let known: Vec<_> = PARTS.iter().map(|part| part.name).collect();
            Failure::bad_input(format!("there is no part {name}; choose among {}", known.join(", ")))
        })
    };
    names.iter().map(part).collect()
}

fn write_text(path: &Path, text: &str) -> Result<(), Failure> {
    write_whole(path, |file| file.write_all(text.as_bytes())).map_err(|error| {
        Failure::bad_input(format!(
            "cannot write: {error}; choose another folder with --out ({})",
            path.display()
        ))
    })
}

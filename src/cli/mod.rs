//! The headless front end: arguments as typed become a checked request, the request is run, its outcome
//! becomes lines and an exit code.
//!
//! Data goes to stdout, everything else to stderr. A failure is one headline and one line on what to do; bad
//! input never overwrites anything. This room refuses to know how pictures are made: it calls the workflow.

mod args;
mod bench;
mod bundle;
mod cutout;
mod demo;
mod engine;
mod evaluate;
mod export;
mod face;
mod failure;
mod output;
mod pose;
mod poses;
mod prepare;
mod render;
mod synthesize;
mod verify;

use crate::job::guarded;
use crate::project;
use args::{Arguments, Command};
use clap::Parser;
use failure::Failure;
use std::ffi::OsString;
use std::path::PathBuf;

/// Everything was done.
const DONE: u8 = 0;
/// Some pictures failed; they are named.
const SOME_FAILED: u8 = 1;
/// Bad input or usage.
const BAD_INPUT: u8 = 2;
/// Stopped by the user, as shells name SIGINT.
const CANCELLED: u8 = 130;

/// What the command line asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A command ran; the program's exit code.
    Exit(u8),
    /// The window is to be opened, with this project if there is one.
    Window(Option<PathBuf>),
}

/// Runs the command line.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Outcome {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return Outcome::Exit(output::usage(&error)),
    };
    let outcome = guarded(|| perform(arguments.command));
    let outcome = outcome.unwrap_or_else(|message| Err(Failure::defect(&message)));
    outcome.unwrap_or_else(|failure| Outcome::Exit(output::failure(&failure)))
}

fn perform(command: Option<Command>) -> Result<Outcome, Failure> {
    let code = match command {
        None => return Ok(Outcome::Window(None)),
        Some(Command::Open(args)) => {
            // Read here too, so that a bad file is a line on the terminal and not a window with an apology.
            project::load(&args.project)?;
            return Ok(Outcome::Window(Some(args.project)));
        }
        Some(Command::Demo(args)) => demo::run(&args),
        Some(Command::Render(args)) => render::run(&args),
        Some(Command::Export(args)) => export::run(&args),
        Some(Command::Face(args)) => face::run(&args),
        Some(Command::Pose(args)) => pose::run(&args),
        Some(Command::Poses(args)) => poses::run(&args),
        Some(Command::Cutout(args)) => cutout::run(&args),
        Some(Command::Verify(args)) => verify::run(&args),
        Some(Command::Bench(args)) => bench::run(&args),
        Some(Command::Evaluate(args)) => evaluate::run(&args),
        Some(Command::Synthesize(args)) => synthesize::run(&args),
        Some(Command::Prepare(args)) => prepare::run(&args),
        Some(Command::Bundle(command)) => bundle::run(&command),
    };
    code.map(Outcome::Exit)
}

/// Tells why the window did not open and returns the program's exit code.
pub fn report(error: &anyhow::Error) -> u8 {
    output::failure(&Failure::bad_input(format!("{error:#}")))
}

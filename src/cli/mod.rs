//! The headless front end: arguments as typed become a checked request, the request is run, its outcome
//! becomes lines and an exit code.
//!
//! Data goes to stdout, everything else to stderr. A failure is one headline and one line on what to do; bad
//! input never overwrites anything. This room refuses to know how pictures are made: it calls the workflow.

mod args;
mod demo;
mod engine;
mod export;
mod failure;
mod output;
mod poses;
mod render;
mod verify;

use args::{Arguments, Command};
use clap::Parser;
use failure::Failure;
use std::ffi::OsString;

/// Everything was done.
const DONE: u8 = 0;
/// Some pictures failed; they are named.
const SOME_FAILED: u8 = 1;
/// Bad input or usage.
const BAD_INPUT: u8 = 2;
/// Stopped by the user, as shells name SIGINT.
const CANCELLED: u8 = 130;

/// Runs the command line and returns the program's exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return output::usage(&error),
    };
    let outcome = match arguments.command {
        Command::Demo(args) => demo::run(&args),
        Command::Render(args) => render::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Poses(args) => poses::run(&args),
        Command::Verify(args) => verify::run(&args),
    };
    outcome.unwrap_or_else(|failure| output::failure(&failure))
}

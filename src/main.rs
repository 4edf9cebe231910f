//! Starts the window or a command; the only exit code.

use adorn::app;
use adorn::cli::{self, Outcome};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("ADORN_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    ExitCode::from(match cli::run(std::env::args_os()) {
        Outcome::Exit(code) => code,
        Outcome::Window(project) => app::run(project).map_or_else(|error| cli::report(&error), |()| 0),
    })
}

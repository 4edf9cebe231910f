//! Starts the window or a command; the only exit code.

fn main() {}

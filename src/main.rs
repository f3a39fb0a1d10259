//! Parse, run, exit code.

use std::process::ExitCode;

use clap::Parser;

/// Parsing pages of megabytes is allocation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    gleaner::cli::run(gleaner::cli::Arguments::parse())
}

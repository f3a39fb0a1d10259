//! Parse, run, exit code.

use std::process::ExitCode;

use clap::Parser;

/// Parsing pages of megabytes is allocation. What is free goes back to the system also while the thread that freed it sleeps.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match gleaner::cli::Arguments::try_parse() {
        Ok(arguments) => gleaner::cli::run(arguments),
        Err(told) => {
            // Help that was asked for is no error. What cannot be read ends with 1: scripts know 2 as a paused run.
            let code = if told.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
            // A reader that is gone needs no words.
            let _ = told.print();
            code
        }
    }
}

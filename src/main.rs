//! Parse, run, exit code.
use std::path::PathBuf;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(2).collect();
    let human = arguments.iter().any(|argument| argument == "--human");
    arguments.retain(|argument| argument != "--human");
    let files: Vec<PathBuf> = arguments.into_iter().map(PathBuf::from).collect();
    match gleaner::cli::parse::run(&files, human, &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

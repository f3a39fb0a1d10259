//! `gleaner sandbox`, `gleaner sandbox truth` and `gleaner categories`: the marketplace alone, what a run ought to find in
//! it, and what can be chosen. Results go to the given output; the sandbox itself says where it is and waits.

use std::io::{self, Write};

use thiserror::Error;

use crate::domain::settings::RunSettings;
use crate::scrapers::catalogue;
use crate::scrapers::sandbox::{self, Config, Sandbox, SandboxError, UnknownCategory};

/// Why a command about the sandbox did not do its work.
#[derive(Debug, Error)]
pub enum SandboxCommandError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] SandboxError),
    /// A category that does not exist.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// No category was named.
    #[error("name at least one category with --category; `gleaner categories` lists them")]
    NoCategory,
    /// Nobody takes the output, or the end signal cannot be waited for.
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}

/// Runs a sandbox alone until `end` comes (Ctrl-C, say), after printing its address.
///
/// # Errors
/// Where it cannot start, or the address cannot be printed.
pub async fn serve(
    config: Config,
    end: impl Future<Output = ()>,
    out: &mut impl Write,
) -> Result<(), SandboxCommandError> {
    let running = Sandbox::start(config)?;
    let told = writeln!(out, "{}", running.base_url()).and_then(|()| out.flush());
    if told.is_ok() {
        end.await;
    }
    running.stop().await;
    Ok(told?)
}

/// Prints the sellers that a run over these categories ought to find, one normalised name a line, sorted.
///
/// # Errors
/// Where a category does not exist or none is named; nothing is printed then.
pub fn truth(
    seed: u64,
    categories: &[String],
    settings: &RunSettings,
    out: &mut impl Write,
) -> Result<(), SandboxCommandError> {
    if categories.is_empty() {
        return Err(SandboxCommandError::NoCategory);
    }
    let sellers = sandbox::truth(seed, categories, settings)?;
    let mut text = String::new();
    for seller in sellers {
        text.push_str(&seller);
        text.push('\n');
    }
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Prints the categories, one a line: id, department and name, parted by tabs.
///
/// # Errors
/// Where nobody takes the output.
pub fn categories(out: &mut impl Write) -> Result<(), SandboxCommandError> {
    for category in catalogue::categories() {
        writeln!(out, "{}\t{}\t{}", category.id, category.department, category.name)?;
    }
    Ok(out.flush()?)
}

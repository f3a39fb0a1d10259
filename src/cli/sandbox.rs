//! `gleaner sandbox`, `gleaner sandbox truth` and `gleaner categories`: the marketplace alone, what a run ought to find in
//! it, and what can be chosen. Results go to the given output; the sandbox itself says where it is and waits.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use thiserror::Error;

use super::run_flags::RunFlags;
use super::signals::Stop;
use super::{Failure, SandboxFlags, settings_of, tell, values};
use crate::domain::settings::RunSettings;
use crate::scrapers::catalogue;
use crate::scrapers::sandbox::{
    self, Config, Faults, Latency, PASSWORD, Sandbox, SandboxError, USERNAME, UnknownCategory,
};

/// `gleaner sandbox`.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    #[command(subcommand)]
    command: Option<SandboxTask>,
    #[command(flatten)]
    flags: SandboxFlags,
    /// Where it listens: an address of this machine
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090", value_parser = values::address)]
    listen: SocketAddr,
    /// Answer from a folder with a CSV of products and captured pages
    #[arg(long, value_name = "DIR")]
    replay: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum SandboxTask {
    /// Print the sellers that a run ought to find, one normalised name a line, sorted
    Truth {
        /// The categories of the run
        #[arg(long = "category", required = true, num_args = 1.., value_name = "ID")]
        categories: Vec<String>,
        /// Decides the marketplace
        #[arg(long, value_name = "N", value_parser = values::whole, allow_negative_numbers = true)]
        seed: Option<u64>,
        #[command(flatten)]
        settings: RunFlags,
    },
}

/// Seed where none is given; the same as in the default configuration.
const SEED_DEFAULT: u64 = 1;

/// Runs what the arguments say.
///
/// # Errors
/// In words for people.
pub async fn run(args: SandboxArgs, out: &mut impl Write) -> Result<ExitCode, Failure> {
    if let Some(SandboxTask::Truth { categories, seed, settings }) = &args.command {
        let settings = settings_of(&RunSettings::default(), settings)?;
        truth(seed.or(args.flags.seed).unwrap_or(SEED_DEFAULT), categories, &settings, out)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !args.listen.ip().is_loopback() {
        return Err(
            format!("--listen: {} is not allowed; an address of this machine (127.0.0.1) is", args.listen).into()
        );
    }
    let flags = &args.flags;
    let config = Config {
        port: args.listen.port(),
        seed: flags.seed.unwrap_or(SEED_DEFAULT),
        latency: Latency { ms: flags.latency_ms.unwrap_or(0), ..Latency::default() },
        faults: Faults { rate: flags.faults.unwrap_or(0.0), ..Faults::default() },
        replay: args.replay.clone(),
        ..Config::default()
    };
    let stop = Stop::listen()?;
    serve(config, stop.asked(), out).await?;
    Ok(ExitCode::SUCCESS)
}

/// Why a command about the sandbox did not do its work.
#[derive(Debug, Error)]
pub enum SandboxCommandError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] SandboxError),
    /// A category that does not exist.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// Nobody takes the output.
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
    tell(format_args!(
        "the sandbox answers as Oxylabs does; an engine asks it with oxylabs.base_url = \"{}\" and the credentials \
         {USERNAME} and {PASSWORD}",
        running.base_url()
    ));
    if told.is_ok() {
        end.await;
    }
    running.stop().await;
    Ok(told?)
}

/// Prints the sellers that a run over these categories ought to find, one normalised name a line, sorted.
///
/// # Errors
/// Where a category does not exist; nothing is printed then.
pub fn truth(
    seed: u64,
    categories: &[String],
    settings: &RunSettings,
    out: &mut impl Write,
) -> Result<(), SandboxCommandError> {
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

//! The command line: what can be typed, and which file does it. Progress and logs go to standard error, results to
//! standard output.

mod audit;
mod collect;
mod estimate;
mod export;
mod org;
pub mod parse;
mod progress;
mod remote;
mod reparse;
mod run_flags;
pub mod sandbox;
mod serve;
mod signals;
mod spend;
mod token;
mod user;
mod values;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::app::check::{self, Verdict};
use crate::app::{self, data, logging};
use crate::config::{Config, ConfigError, Overrides};
use crate::domain::settings::RunSettings;
use crate::domain::spend::SpendView;
use progress::Terminal;
use run_flags::RunFlags;

/// Collects eBay sellers of Amazon Best Sellers, with a live web admin.
#[derive(Debug, Parser)]
#[command(name = "gleaner", version)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    serve: ServeFlags,
    #[command(subcommand)]
    command: Option<Task>,
}

/// What the engine and its web admin are told; also without a command, which is to serve.
#[derive(Clone, Debug, Default, Args)]
struct ServeFlags {
    /// Where the web admin listens, as 127.0.0.1:8080
    #[arg(long, value_name = "ADDR", value_parser = values::address)]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    sandbox: SandboxFlags,
}

impl ServeFlags {
    fn are_given(&self) -> bool {
        let Self { listen, sandbox: SandboxFlags { seed, faults, latency_ms } } = self;
        listen.is_some() || seed.is_some() || faults.is_some() || latency_ms.is_some()
    }

    fn over(&self, overrides: Overrides) -> Overrides {
        with_sandbox(Overrides { listen: self.listen, ..overrides }, &self.sandbox)
    }
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
struct Common {
    /// The data folder (or GLEANER_DATA)
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A configuration file (or GLEANER_CONFIG, else gleaner.toml in the data folder)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What the embedded sandbox is told.
#[derive(Clone, Debug, Default, Args)]
struct SandboxFlags {
    /// Decides the sandbox's marketplace and every draw
    #[arg(long, value_name = "N", value_parser = values::whole, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Share of the sandbox's requests that fail, 0 to 1, spread over every kind; no page fails more than twice in a row
    #[arg(long, value_name = "RATE", value_parser = values::share, allow_negative_numbers = true)]
    faults: Option<f64>,
    /// How long the sandbox takes to answer, in milliseconds
    #[arg(long, value_name = "N", value_parser = values::whole, allow_negative_numbers = true)]
    latency_ms: Option<u64>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run the engine and the web admin; without any command the same, and on a new database a demo run
    Serve(ServeFlags),
    /// Do one run in the foreground; exit 0 when completed, 2 when paused, 1 otherwise
    Collect(collect::CollectArgs),
    /// Write the sellers of a run, or the registry of a running server, to standard output or a file
    Export(export::ExportArgs),
    #[command(flatten)]
    Remote(remote::RemoteTask),
    /// Print completions for a shell
    Completions {
        /// For which shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Say what the parser sees in saved eBay result pages, one JSON object a line; `-` is standard input
    Parse {
        /// Saved pages
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// A table for people
        #[arg(long)]
        human: bool,
    },
    /// Say what the parser of today finds on pages that a run paid for and got nothing from; `--apply` saves it
    Reparse(reparse::ReparseArgs),
    /// Run the sandbox marketplace alone, or print its ground truth
    Sandbox(sandbox::SandboxArgs),
    /// List the categories that can be chosen: id, department, name
    Categories,
    /// Make API tokens, list them, or take them back
    Token {
        #[command(subcommand)]
        command: token::TokenTask,
    },
    /// Make organisations, list them, or rename one
    Org {
        #[command(subcommand)]
        command: org::OrgTask,
    },
    /// Add people, let them in again, or list them
    User {
        #[command(subcommand)]
        command: user::UserTask,
    },
    /// Check the audit logs, or list their newest rows
    Audit {
        #[command(subcommand)]
        command: audit::AuditTask,
    },
    /// Bring the database's schema up to date and say what was applied
    Migrate,
    /// Check configuration, database and provider, say how to mend what is wrong, and change nothing; exit 0 when all is well,
    /// 1 when something is wrong, 2 when the database is to be made or migrated
    Check {
        /// Ask the provider for one page, which costs one answer where it is the real one
        #[arg(long)]
        provider: bool,
    },
}

/// Exit status of a check that found nothing wrong, and a database that is to be made or migrated.
const UNREADY: u8 = 2;

/// Why a command did not do its work: the words are for people.
type Failure = Box<dyn std::error::Error>;

/// Does what the arguments say, on the main thread's actix system.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    match actix_rt::System::new().block_on(dispatch(arguments)) {
        Ok(code) => code,
        Err(error) if nobody_reads(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(error);
            ExitCode::FAILURE
        }
    }
}

/// Whoever took the output has had enough of it, as `head` does: no fault of anybody.
fn nobody_reads(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Says something to people, on standard error. Whether anybody listens changes nothing.
fn tell(words: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "gleaner: {words}");
}

/// Says what a run spent, below the words on how it ended.
fn tell_spend(spend: &SpendView) {
    let _ = write!(io::stderr(), "{}", spend::table(spend));
}

async fn dispatch(arguments: Arguments) -> Result<ExitCode, Failure> {
    let overrides = Overrides { file: arguments.common.config, data: arguments.common.data, ..Overrides::default() };
    let (mut out, terminal) = (io::stdout(), Terminal::new());
    if arguments.command.is_some() && arguments.serve.are_given() {
        return Err("--listen, --seed, --faults and --latency-ms belong after the command that they are for".into());
    }
    match arguments.command {
        None => {
            let config = configured(arguments.serve.over(overrides), &terminal)?;
            serve::run(&config, Some(&terminal), &mut out).await
        }
        Some(Task::Serve(flags)) => serve::run(&configured(flags.over(overrides), &terminal)?, None, &mut out).await,
        Some(Task::Collect(args)) => {
            let overrides = with_sandbox(Overrides { replay: args.replay.clone(), ..overrides }, &args.sandbox);
            let config = load(&overrides)?;
            logging::start(config.log_format, config.log_level.min(log::LevelFilter::Warn), terminal.pipe());
            collect::run(&config, &args, &terminal, &mut out).await
        }
        Some(Task::Export(args)) => {
            export::run(&args, overrides, &mut out).await?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Task::Remote(task)) => remote::run(task, &mut out).await,
        Some(Task::Completions { shell }) => {
            completions(shell, &mut out)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Task::Parse { files, human }) => {
            parse::run(&files, human, &mut out.lock())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Task::Reparse(args)) => {
            let report = app::reparse::run(&quiet(overrides)?, &args.run, args.apply).await?;
            write!(out, "{}", reparse::table(&report))?;
            out.flush()?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Task::Sandbox(args)) => sandbox::run(args, &mut out).await,
        Some(Task::Categories) => {
            sandbox::categories(&mut out)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Task::Token { command }) => token::run(&quiet(overrides)?, command, &mut out).await,
        Some(Task::Org { command }) => org::run(&quiet(overrides)?, command, &mut out).await,
        Some(Task::User { command }) => user::run(&quiet(overrides)?, command, &mut out).await,
        Some(Task::Audit { command }) => audit::run(&quiet(overrides)?, command, &mut out).await,
        Some(Task::Migrate) => migrate(&quiet(overrides)?, &mut out).await,
        Some(Task::Check { provider }) => Ok(match check::run(&overrides, provider, &mut out).await? {
            Verdict::Fine => ExitCode::SUCCESS,
            Verdict::Unready => ExitCode::from(UNREADY),
            Verdict::Wrong => ExitCode::FAILURE,
        }),
    }
}

fn completions(shell: Shell, out: &mut impl Write) -> io::Result<()> {
    let mut text = Vec::new();
    // Into memory first: the generator panics where its output is gone.
    clap_complete::generate(shell, &mut Arguments::command(), "gleaner", &mut text);
    out.write_all(&text)?;
    out.flush()
}

async fn migrate(config: &Config, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let applied = data::migrate(config).await?;
    for name in &applied {
        writeln!(out, "applied {name}")?;
    }
    if applied.is_empty() {
        tell("nothing to apply, the schema is up to date");
    }
    Ok(ExitCode::SUCCESS)
}

fn with_sandbox(overrides: Overrides, flags: &SandboxFlags) -> Overrides {
    Overrides { seed: flags.seed, faults: flags.faults, latency_ms: flags.latency_ms, ..overrides }
}

fn load(overrides: &Overrides) -> Result<Config, ConfigError> {
    Config::load(overrides)
}

fn configured(overrides: Overrides, terminal: &Terminal) -> Result<Config, Failure> {
    let config = load(&overrides)?;
    logging::start(config.log_format, config.log_level, terminal.pipe());
    Ok(config)
}

/// For commands whose output is read by scripts: only what went wrong is logged.
fn quiet(overrides: Overrides) -> Result<Config, Failure> {
    let config = load(&overrides)?;
    logging::start(config.log_format, config.log_level.min(log::LevelFilter::Warn), None);
    Ok(config)
}

/// Settings of a run: the configured defaults with these flags laid over them.
fn settings_of(defaults: &RunSettings, flags: &RunFlags) -> Result<RunSettings, Failure> {
    defaults.with_overrides(&flags.overrides()?).map_err(|errors| {
        let words: Vec<String> =
            errors.iter().map(|error| format!("--{}: {}", error.field.replace('_', "-"), error.message)).collect();
        words.join("\n").into()
    })
}

//! Commands that ask a running server: runs, the live feed, commands to a run, sellers and files of them. They know what the API says and
//! nothing else: no database, no engine, no configuration of this machine.

mod feed;
mod import;
mod line;
mod rows;
mod sellers;
mod server;
mod start;
mod watch;
mod which;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Failure, tell, values};
use crate::app::export::RunFileFormat;
use crate::domain::run::RunStatus;
use server::Server;
use which::Seen;

/// Rows that a list shows where nobody says how many.
const ROWS_DEFAULT: usize = 20;

/// Which server is asked, and as whom.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Server")]
pub struct ServerFlags {
    /// The server (or GLEANER_URL, else http://127.0.0.1:8080)
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// A token (or GLEANER_TOKEN); other accounts of this machine see what stands on a command line
    #[arg(long, value_name = "TOKEN", allow_hyphen_values = true, conflicts_with = "token_file")]
    token: Option<Given>,
    /// A file with a token in it
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// A token that was typed, which is never shown.
#[derive(Clone)]
struct Given(String);

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given(..)")
    }
}

impl From<String> for Given {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// What is asked for, and how the answer looks.
#[derive(Clone, Debug, Default, Args)]
pub struct Asking {
    #[command(flatten)]
    server: ServerFlags,
    /// The answer as JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// A command to one run.
#[derive(Clone, Debug, Args)]
pub struct OneRun {
    /// The run: its number, its name, its id or the beginning of it
    #[arg(value_name = "RUN")]
    run: String,
    #[command(flatten)]
    asking: Asking,
}

/// Commands that ask a running server.
#[derive(Debug, Subcommand)]
pub enum RemoteTask {
    /// List the runs of a running server, show one, or make and start one
    #[command(args_conflicts_with_subcommands = true, visible_alias = "run")]
    Runs {
        #[command(subcommand)]
        task: Option<RunsTask>,
        #[command(flatten)]
        list: RunsList,
    },
    /// Show what a run of a running server does, line by line until it ends; Ctrl-C leaves the run alone
    Watch {
        #[command(flatten)]
        one: OneRun,
        /// Begin with the run's first event, not with the newest hundred
        #[arg(long)]
        from_start: bool,
    },
    /// Start a pending run of a running server; `gleaner runs start` makes one first
    Start(OneRun),
    /// Pause a run of a running server
    Pause(OneRun),
    /// Resume a paused run of a running server
    Resume(OneRun),
    /// Cancel a run of a running server
    Cancel(OneRun),
    /// List the sellers that a running server knows, or those of one run
    Sellers(Box<sellers::SellersArgs>),
    /// Show what a file of sellers would come to on a running server, and import it when that is confirmed
    Import(import::ImportArgs),
}

/// `gleaner runs list`, which is meant without a word too.
#[derive(Clone, Debug, Args)]
pub struct RunsList {
    /// Only runs in this status
    #[arg(long, value_name = "STATUS", value_parser = values::status)]
    status: Option<RunStatus>,
    /// Most rows
    #[arg(long, value_name = "N", default_value_t = ROWS_DEFAULT, value_parser = values::rows, allow_negative_numbers = true)]
    limit: usize,
    #[command(flatten)]
    asking: Asking,
}

/// `gleaner runs ...`.
#[derive(Debug, Subcommand)]
pub enum RunsTask {
    /// List the runs, the newest first
    List(RunsList),
    /// Show one run
    Show(OneRun),
    /// Make a run over categories, a preset or a template and start it; prints its number
    Start(Box<start::StartArgs>),
}

/// Does what was asked for.
///
/// # Errors
/// What the server refused, or why it could not be asked, in words for people.
pub async fn run(task: RemoteTask, out: &mut impl Write) -> Result<ExitCode, Failure> {
    match task {
        RemoteTask::Runs { task: None, list } | RemoteTask::Runs { task: Some(RunsTask::List(list)), .. } => {
            let query = [("status", list.status.map(RunStatus::as_str))];
            rows::runs(&list.asking.server()?, &query, list.limit, list.asking.json, out).await?;
        }
        RemoteTask::Runs { task: Some(RunsTask::Show(one)), .. } => {
            let (_, seen) = one.find().await?;
            if one.asking.json {
                writeln!(out, "{}", seen.text)?;
            } else {
                write!(out, "{}", rows::one_run(&seen))?;
            }
        }
        RemoteTask::Watch { one, from_start } => {
            let (server, seen) = one.find().await?;
            return watch::run(&server, &seen, from_start, one.asking.json, out).await;
        }
        RemoteTask::Runs { task: Some(RunsTask::Start(args)), .. } => return start::run(&args, out).await,
        RemoteTask::Import(args) => return import::run(&args, out).await,
        RemoteTask::Start(one) => give(&one, "start", out).await?,
        RemoteTask::Pause(one) => give(&one, "pause", out).await?,
        RemoteTask::Resume(one) => give(&one, "resume", out).await?,
        RemoteTask::Cancel(one) => give(&one, "cancel", out).await?,
        RemoteTask::Sellers(args) => sellers::run(&args, out).await?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The sellers of a run as the server writes them into a file.
///
/// # Errors
/// As [`run`]; also where the answer breaks off, so that nobody takes a part for the whole.
pub async fn export(
    flags: &ServerFlags,
    run: &str,
    format: RunFileFormat,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let server = flags.server()?;
    let seen = which::find(&server, run).await?;
    let path = format!("/collection/runs/{}/sellers", seen.id);
    server.copy(&path, &[("format", format.as_str())], out).await?;
    Ok(out.flush()?)
}

/// The sellers of the registry as the server writes them into a file; with a run, those that it found.
///
/// # Errors
/// As [`export`].
pub async fn export_sellers(
    flags: &ServerFlags,
    run: Option<&str>,
    mut query: Vec<(&str, &str)>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let server = flags.server()?;
    let seen = match run {
        Some(text) => Some(which::find(&server, text).await?),
        None => None,
    };
    query.extend(seen.as_ref().map(|seen| ("run", seen.id.as_str())));
    server.copy("/sellers/export", &query, out).await?;
    Ok(out.flush()?)
}

/// Gives a run a command and says what state it is in by then.
async fn give(one: &OneRun, command: &str, out: &mut impl Write) -> Result<(), Failure> {
    let (server, seen) = one.find().await?;
    let text = server.post(&format!("/collection/runs/{}/{command}", seen.id)).await?;
    if one.asking.json {
        return Ok(writeln!(out, "{text}")?);
    }
    let taken: which::Taken = serde_json::from_str(&text)?;
    tell(format_args!("{} is {}", seen.title(), taken.state));
    Ok(())
}

impl OneRun {
    async fn find(&self) -> Result<(Server, Seen), Failure> {
        let server = self.asking.server()?;
        let seen = which::find(&server, &self.run).await?;
        Ok((server, seen))
    }
}

impl Asking {
    fn server(&self) -> Result<Server, Failure> {
        self.server.server()
    }
}

impl ServerFlags {
    fn server(&self) -> Result<Server, Failure> {
        let token = match (&self.token, &self.token_file) {
            (Some(Given(token)), _) => Some(token.clone()),
            (None, Some(file)) => Some(server::token_of(file)?),
            (None, None) => variable("GLEANER_TOKEN"),
        };
        let url = self.url.clone().or_else(|| variable("GLEANER_URL"));
        Server::new(url.as_deref(), token.as_deref())
    }
}

/// What a variable says; an empty one says nothing.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

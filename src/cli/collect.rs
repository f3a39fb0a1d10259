//! `gleaner collect`: one run in the foreground.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::progress::{Terminal, follow};
use super::run_flags::RunFlags;
use super::signals::Stop;
use super::{Failure, SandboxFlags, estimate, settings_of, tell, tell_spend};
use crate::app::runs::{RunRow, category};
use crate::app::{self, App};
use crate::config::Config;
use crate::domain::ids::RunId;
use crate::domain::run::{FailReason, RunStatus};
use crate::domain::settings::RunSettings;
use crate::domain::spend::SpendView;
use crate::domain::task::Category;

/// `gleaner collect`.
#[derive(Debug, Args)]
pub struct CollectArgs {
    /// Categories to collect; `gleaner categories` lists them
    #[arg(long = "category", required = true, num_args = 1.., value_delimiter = ',', value_name = "ID")]
    categories: Vec<String>,
    /// Its name, for people
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Answer from a folder with a CSV of products and captured pages
    #[arg(long, value_name = "DIR")]
    pub replay: Option<PathBuf>,
    #[command(flatten)]
    pub sandbox: SandboxFlags,
    /// Say what the run would take, and do not make it: nothing is asked and nothing is paid
    #[arg(long)]
    estimate: bool,
    /// End with one JSON object on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: RunFlags,
}

/// Exit status of a run that stands still.
const PAUSED: u8 = 2;

/// Does the run and says how it ended.
pub async fn run(
    config: &Config,
    args: &CollectArgs,
    terminal: &Terminal,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    // Everything that can be wrong with the arguments is told before anything starts.
    let categories = chosen(&args.categories)?;
    let settings = settings_of(&config.run_defaults, &args.settings)?;
    if args.estimate {
        return estimated(config, args.json, &categories, &settings, out).await;
    }
    let mut stop = Stop::listen()?;
    let app = stop.unless_asked(App::build(config)).await?;
    let collected = collect(&app, args, stop, terminal, categories, settings).await;
    app.stop(None).await?;
    let Collected { row, failed } = collected?;
    let spend = row.spend.view(config.prices.as_ref());
    let written = if args.json { summarise(&row, failed.as_ref(), spend.clone(), out) } else { Ok(()) };
    report(&row, failed.as_ref());
    tell_spend(&spend);
    match written {
        // How the run ended does not hang on whether anybody reads of it.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(match row.status {
        RunStatus::Completed => ExitCode::SUCCESS,
        RunStatus::Paused => ExitCode::from(PAUSED),
        _ => ExitCode::FAILURE,
    })
}

async fn estimated(
    config: &Config,
    json: bool,
    categories: &[Category],
    settings: &RunSettings,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let estimate = app::estimate::of(config, categories, settings).await?;
    if json {
        writeln!(out, "{}", serde_json::to_string(&estimate)?)?;
    } else {
        write!(out, "{}", estimate::table(&estimate))?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn chosen(ids: &[String]) -> Result<Vec<Category>, Failure> {
    if let Some(twice) = ids.iter().enumerate().find_map(|(at, id)| ids[..at].contains(id).then_some(id)) {
        return Err(format!("--category: `{twice}` stands twice").into());
    }
    let found = ids.iter().map(|id| {
        category(id).ok_or_else(|| format!("--category: `{id}` is no category; `gleaner categories` lists them").into())
    });
    found.collect()
}

async fn collect(
    app: &App,
    args: &CollectArgs,
    stop: Stop,
    terminal: &Terminal,
    categories: Vec<Category>,
    settings: RunSettings,
) -> Result<Collected, Failure> {
    let count = categories.len();
    let key = app.start_run(args.name.clone(), categories, settings).await?;
    let many = if count == 1 { "category" } else { "categories" };
    let number = app.run_row(key).await?.number;
    tell(format_args!("run {number} ({}) over {count} {many}", key.run));
    let beside: Vec<String> =
        app.runs_beside(key).await?.iter().map(|row| format!("{} ({}, {})", row.number, row.name, row.id)).collect();
    if !beside.is_empty() {
        tell(format_args!(
            "this works too on what was left under way in this data folder: run {}",
            beside.join(", run ")
        ));
    }
    let row = tokio::select! {
        row = follow(app, key, terminal) => row?,
        () = stop.asked() => {
            tell(format_args!("stopping; `gleaner serve` on the same data folder goes on with run {number}"));
            app.run_row(key).await?
        }
        doom = app.doomed() => return Err(doom.into()),
    };
    let failed = app.a_failed_task(key).await?;
    Ok(Collected { row, failed })
}

/// How a run was left.
struct Collected {
    row: RunRow,
    /// A failed task and its last error.
    failed: Option<(String, String)>,
}

/// Why a run stands still or failed, by its name.
fn reason(row: &RunRow) -> Option<&'static str> {
    match row.status {
        RunStatus::Running => Some("stopped"),
        _ => row.pause.as_ref().map(|pause| pause.reason.as_str()).or(row.fail_reason.map(FailReason::as_str)),
    }
}

/// The error that says most about how a run was left: what made it stand still; else what ended it, with that of a failed
/// task.
fn last_error(row: &RunRow, failed: Option<&(String, String)>) -> Option<String> {
    let paused = row
        .pause
        .as_ref()
        .and_then(|pause| pause.error.clone().or_else(|| pause.proofs.last().map(|proof| proof.error_message.clone())));
    let task = failed.map(|(label, error)| format!("{label}: {error}"));
    let ended: Vec<String> = row.fail_message.iter().cloned().chain(task).collect();
    paused.or_else(|| (!ended.is_empty()).then(|| ended.join("; ")))
}

/// What `--json` ends with, in this order.
#[derive(Serialize)]
struct Summary {
    run_id: RunId,
    number: i32,
    status: RunStatus,
    reason: Option<&'static str>,
    error: Option<String>,
    products_total: i32,
    products_searched: i32,
    sellers_found: i32,
    sellers_new: i32,
    requests_made: i64,
    failed_items: i32,
    skipped_items: i32,
    duration_ms: i64,
    spend: SpendView,
}

fn duration_ms(row: &RunRow) -> i64 {
    let ended = row.completed_at.unwrap_or(row.updated_at);
    row.started_at.map_or(0, |started| (ended - started).num_milliseconds())
}

fn summarise(
    row: &RunRow,
    failed: Option<&(String, String)>,
    spend: SpendView,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let counters = &row.counters;
    let summary = Summary {
        run_id: row.id,
        number: row.number,
        status: row.status,
        reason: reason(row),
        error: last_error(row, failed),
        products_total: counters.ebay.total(),
        products_searched: counters.ebay.done,
        sellers_found: counters.sellers_found,
        sellers_new: counters.sellers_new,
        requests_made: counters.requests_made,
        failed_items: counters.amazon.failed + counters.ebay.failed,
        skipped_items: counters.amazon.skipped + counters.ebay.skipped,
        duration_ms: duration_ms(row),
        spend,
    };
    writeln!(out, "{}", serde_json::to_string(&summary)?)?;
    out.flush()
}

fn report(row: &RunRow, failed: Option<&(String, String)>) {
    let counters = &row.counters;
    if let Some(pause) = &row.pause {
        let last = last_error(row, None).map(|error| format!(" ({error})")).unwrap_or_default();
        let how = "`gleaner serve` on the same data folder shows it, and resumes it there";
        tell(format_args!("paused, {}{last}. {}; {how}", pause.reason, pause.what_to_do().trim_end_matches('.')));
    }
    if let Some(message) = &row.fail_message {
        tell(format_args!("failed, {message}"));
    }
    if let Some((label, error)) = failed {
        tell(format_args!("a task that failed: {label}: {error}"));
    }
    if let Some(recovery) = &row.recovery {
        tell(format_args!("{}", recovery.in_words()));
    }
    tell(format_args!(
        "run {} ({}) {}: {} of {} products searched, {} skipped, {} failed, {} sellers found, {} new, {} requests, {:.1} s",
        row.number,
        row.id,
        match row.status {
            RunStatus::Running => "is not over, the next start goes on with it".to_owned(),
            status => format!("is {status}"),
        },
        counters.ebay.done,
        counters.ebay.total(),
        counters.amazon.skipped + counters.ebay.skipped,
        counters.amazon.failed + counters.ebay.failed,
        counters.sellers_found,
        counters.sellers_new,
        counters.requests_made,
        std::time::Duration::from_millis(u64::try_from(duration_ms(row)).unwrap_or(0)).as_secs_f64(),
    ));
}

//! A run's progress in the terminal: a bar with one line a worker, or plain lines where there is no terminal.

use std::io::{self, IsTerminal, Write, stderr};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use log::LevelFilter;

use crate::app::App;
use crate::app::runs::{RunError, RunRow};
use crate::domain::ids::RunKey;
use crate::domain::progress::{Progress, WaitsFor, WorkerState, WorkerStatus};

/// How often the terminal is drawn, and how often a plain line is written at most.
const DRAW_EVERY: Duration = Duration::from_millis(200);
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Follows a run until nobody works on it, drawing what it does.
///
/// # Errors
/// [`RunError`].
pub async fn follow(app: &App, key: RunKey, terminal: &Terminal) -> Result<RunRow, RunError> {
    let mut view = View::new(terminal);
    let pace = view.pace();
    app.follow(key, pace, |progress| view.show(progress)).await
}

/// Standard error: what is drawn there, and the lines that go above it.
#[derive(Clone)]
pub struct Terminal {
    /// `None` where it is no terminal.
    bars: Option<MultiProgress>,
}

impl Terminal {
    /// Standard error as it is.
    pub fn new() -> Self {
        Self { bars: stderr().is_terminal().then(MultiProgress::new) }
    }

    /// Where the log goes: above the bars, so that neither tears the other apart.
    pub fn pipe(&self) -> Option<Box<dyn Write + Send>> {
        self.bars.clone().map(|bars| Box::new(Above(bars)) as Box<dyn Write + Send>)
    }
}

struct Above(MultiProgress);

impl Write for Above {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| stderr().write_all(line)).map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        stderr().flush()
    }
}

/// What the terminal shows.
enum View {
    Bars { all: MultiProgress, run: ProgressBar, workers: Vec<ProgressBar>, _hush: Hush },
    Lines { last: String },
}

/// While bars are drawn, the log writes what went wrong and no more: its other lines say nothing that the bars do not show.
/// Whoever sets `RUST_LOG` has asked for them.
struct Hush(LevelFilter);

impl Hush {
    fn new() -> Self {
        let before = log::max_level();
        if std::env::var_os("RUST_LOG").is_none() {
            log::set_max_level(before.min(LevelFilter::Warn));
        }
        Self(before)
    }
}

impl Drop for Hush {
    fn drop(&mut self) {
        log::set_max_level(self.0);
    }
}

impl View {
    fn new(terminal: &Terminal) -> Self {
        let Some(all) = terminal.bars.clone() else {
            return Self::Lines { last: String::new() };
        };
        let run = all.add(ProgressBar::new(1));
        if let Ok(style) = ProgressStyle::with_template("{wide_msg}\n{wide_bar} {percent:>3} %  {pos} of {len}") {
            run.set_style(style);
        }
        Self::Bars { all, run, workers: Vec::new(), _hush: Hush::new() }
    }

    fn pace(&self) -> Duration {
        match self {
            Self::Bars { .. } => DRAW_EVERY,
            Self::Lines { .. } => LINE_EVERY,
        }
    }

    fn show(&mut self, progress: &Progress) {
        match self {
            Self::Bars { all, run, workers, .. } => {
                run.set_length(u64::try_from(progress.tasks.total()).unwrap_or(0));
                run.set_position(u64::try_from(progress.tasks.finished()).unwrap_or(0));
                run.set_message(headline(progress));
                while workers.len() < progress.workers.len() {
                    let line = all.add(ProgressBar::new_spinner());
                    if let Ok(style) = ProgressStyle::with_template("  {wide_msg}") {
                        line.set_style(style);
                    }
                    workers.push(line);
                }
                for (line, worker) in workers.iter().zip(&progress.workers) {
                    line.set_message(worker_line(worker));
                }
            }
            Self::Lines { last } => {
                let (tasks, line) = (progress.tasks, headline(progress));
                let line = format!("{line}, {} of {} tasks ({} %)", tasks.finished(), tasks.total(), progress.percent);
                if line != *last {
                    // A terminal that is gone needs nothing, here and below.
                    let _ = writeln!(stderr(), "{line}");
                    *last = line;
                }
            }
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if let Self::Bars { all, .. } = self {
            // The bars go, also where nobody waits for the run any more: what the command says takes their place.
            let _ = all.clear();
        }
    }
}

fn headline(progress: &Progress) -> String {
    let counters = &progress.counters;
    let away = if progress.storage_away_since.is_some() { ", waiting for the database" } else { "" };
    let slowed = if progress.throttled_until.is_some() { ", slowed down by the provider" } else { "" };
    let taken_over = if progress.recovery.is_some() { ", taken over" } else { "" };
    let cost = progress.spend.cost.as_ref().map(|cost| format!(" ({cost})")).unwrap_or_default();
    format!(
        "{}: {}, phase {}, {} failed, {} skipped, {} sellers found, {} new, {} requests{cost}{slowed}{away}{taken_over}",
        progress.name,
        progress.state,
        progress.phase.as_str(),
        progress.tasks.failed,
        progress.tasks.skipped,
        counters.sellers_found,
        counters.sellers_new,
        counters.requests_made,
    )
}

fn worker_line(worker: &WorkerStatus) -> String {
    let what = worker.label.as_deref().unwrap_or("");
    let page = worker.page.map(|page| format!(" page {page}")).unwrap_or_default();
    let state = match (worker.state, worker.waits_for) {
        (WorkerState::Idle, _) => return format!("{}  idle", worker.worker_id),
        (WorkerState::Stopped, _) => return format!("{}  stopped", worker.worker_id),
        (WorkerState::Fetching, _) => "fetching",
        (WorkerState::Keeping, _) => "keeping",
        (WorkerState::Waiting, Some(WaitsFor::RateLimit)) => "rate limited",
        (WorkerState::Waiting, Some(WaitsFor::Backoff)) => "waits to ask again",
        (WorkerState::Waiting, _) => "waits",
    };
    format!("{}  {state}{page}  {what}", worker.worker_id)
}

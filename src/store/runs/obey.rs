//! What a command does to a run's row and its tasks: pure, so that both stores do the same.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::run_row::RunRow;
use super::tasks::TaskRow;
use super::transition::{departments_completed, retry};
use crate::domain::chosen::Chosen;
use crate::domain::event::Action;
use crate::domain::ids::{EngineId, TaskNo};
use crate::domain::ledger::Close;
use crate::domain::recent::Recent;
use crate::domain::run::{Command, Pause, RunStatus, Wish};
use crate::domain::settings::FieldError;
use crate::domain::task::{Phase, TaskState};
use crate::store::StoreError;

/// What a command needs to know beside the run's row.
pub(in crate::store) struct Asked<'a> {
    /// The command.
    pub command: Command,
    /// For *retry failed*: of which tasks.
    pub chosen: &'a Chosen,
    /// Runs of the organisation that are under way.
    pub running: i64,
    /// Most of them at one time.
    pub runs_max: i64,
    /// When.
    pub now: DateTime<Utc>,
    /// Who works on the run where the command starts actors.
    pub engine: EngineId,
}

/// What a command did beside changing the row.
#[derive(Default)]
pub(in crate::store) struct Obeyed {
    /// The event to number and keep.
    pub event: Option<Action>,
    /// An entry of the audit log opens.
    pub opens_entry: bool,
    /// The run has ended: its entry closes, and it takes the snapshot of the registry.
    pub ends: bool,
    /// The same wish was there before.
    pub repeated: bool,
    /// Tasks that run again.
    pub retried: Vec<TaskNo>,
}

/// Whether the command starts actors, so that the organisation's other runs count.
pub(in crate::store) fn starts_actors(command: Command) -> bool {
    matches!(command, Command::Start | Command::Resume | Command::RetryFailed)
}

/// Changes the row, and for *retry failed* the tasks (all failed ones and all categories), as the command asks.
pub(in crate::store) fn obey(
    row: &mut RunRow,
    tasks: &mut BTreeMap<TaskNo, TaskRow>,
    asked: &Asked<'_>,
) -> Result<Obeyed, StoreError> {
    let (status, wanted) = (row.status, row.wanted);
    let may_retry = || tasks.values().any(|task| task.state == TaskState::Failed);
    if !status.allows(wanted, asked.command) || (asked.command == Command::RetryFailed && !may_retry()) {
        let failed_tasks = row.counters.amazon.failed + row.counters.ebay.failed;
        return Err(StoreError::NotAllowed { status, wanted, failed_tasks });
    }
    if starts_actors(asked.command) && asked.running >= asked.runs_max {
        return Err(StoreError::ConcurrentLimit { running: asked.running, max: asked.runs_max });
    }
    if asked.command == Command::Resume {
        refuse_if_spent(row)?;
    }
    let again = match asked.command {
        Command::RetryFailed => among_failed(tasks, asked.chosen)?,
        _ => BTreeSet::new(),
    };
    row.updated_at = asked.now;
    row.commands += 1;
    if starts_actors(asked.command) {
        row.owner = Some(asked.engine);
    }
    let obeyed = match asked.command {
        Command::Start => {
            run_again(row);
            row.started_at = Some(asked.now);
            let items_count = i32::try_from(row.categories.len()).unwrap_or(i32::MAX);
            Obeyed { event: Some(Action::Started { items_count }), opens_entry: true, ..Obeyed::default() }
        }
        Command::Resume => {
            run_again(row);
            Obeyed { event: Some(Action::Resumed), ..Obeyed::default() }
        }
        Command::Pause => {
            row.wanted = Wish::Pause;
            Obeyed::default()
        }
        Command::Cancel => cancel(row, asked.now),
        Command::RetryFailed => reopen(row, tasks, &again),
    };
    if obeyed.event.is_some() {
        // Its last actors may still be trying to keep something: from here on it is too late for that.
        row.fence += 1;
    }
    Ok(obeyed)
}

/// A run whose own budget is spent would stand still again at once. What is left of a month shows only when it is drawn.
fn refuse_if_spent(row: &RunRow) -> Result<(), StoreError> {
    let sent = row.spend.all_sent();
    match row.request_budget() {
        Some(allowed) if sent >= allowed => Err(StoreError::BudgetSpent { sent, allowed }),
        _ => Ok(()),
    }
}

fn run_again(row: &mut RunRow) {
    row.status = RunStatus::Running;
    row.wanted = Wish::Run;
    row.streak.clear();
    row.recent = Recent::default();
    row.pause = None;
}

fn cancel(row: &mut RunRow, now: DateTime<Utc>) -> Obeyed {
    let repeated = row.wanted == Wish::Cancel;
    row.wanted = Wish::Cancel;
    if row.status == RunStatus::Running {
        return Obeyed { repeated, ..Obeyed::default() };
    }
    row.status = RunStatus::Cancelled;
    row.pause = None;
    row.completed_at = Some(now);
    Obeyed { event: Some(Action::Cancelled), ends: true, ..Obeyed::default() }
}

/// The failed tasks that were chosen, or what is wrong with the choice. Only the failed ones are looked at: to the caller a
/// task that is not there and one that did not fail are the same mistake.
fn among_failed(tasks: &BTreeMap<TaskNo, TaskRow>, chosen: &Chosen) -> Result<BTreeSet<TaskNo>, StoreError> {
    let failed = || tasks.values().filter(|task| task.state == TaskState::Failed);
    let mut errors = Vec::new();
    let again = match chosen {
        Chosen::All => failed().map(|task| task.task_no).collect(),
        Chosen::Tasks(numbers) => {
            let is_failed = |number: &TaskNo| tasks.get(number).is_some_and(|task| task.state == TaskState::Failed);
            for (index, number) in numbers.iter().enumerate().filter(|(_, number)| !is_failed(number)) {
                let message =
                    format!("{number} is no failed task of this run; allowed are those of GET .../tasks?status=failed");
                errors.push(FieldError::new(format!("task_nos[{index}]"), message));
            }
            numbers.iter().copied().collect()
        }
        Chosen::Errors(codes) => {
            let known: BTreeSet<&str> = failed().filter_map(|task| task.error_code.as_deref()).collect();
            for (index, code) in codes.iter().enumerate().filter(|(_, code)| !known.contains(code.as_str())) {
                let words = known.iter().copied().collect::<Vec<_>>().join(", ");
                let message = format!("no task of this run failed with {code:?}; allowed are {words}");
                errors.push(FieldError::new(format!("error_codes[{index}]"), message));
            }
            let chosen = |task: &&TaskRow| task.error_code.as_ref().is_some_and(|code| codes.contains(code));
            failed().filter(chosen).map(|task| task.task_no).collect()
        }
    };
    if errors.is_empty() { Ok(again) } else { Err(StoreError::Fields(errors)) }
}

fn reopen(row: &mut RunRow, tasks: &mut BTreeMap<TaskNo, TaskRow>, again: &BTreeSet<TaskNo>) -> Obeyed {
    let mut retried = Vec::new();
    row.phase = Phase::Ebay;
    for task in tasks.values_mut().filter(|task| again.contains(&task.task_no)) {
        retry(task);
        retried.push(task.task_no);
        let counts = row.counters.phase_mut(task.phase());
        counts.failed -= 1;
        counts.pending += 1;
        if task.phase() == Phase::Amazon {
            row.phase = Phase::Amazon;
        }
    }
    row.counters.departments_completed = departments_completed(tasks.values());
    run_again(row);
    row.fail_reason = None;
    row.fail_message = None;
    row.completed_at = None;
    let items_count = i32::try_from(retried.len()).unwrap_or(i32::MAX);
    Obeyed { event: Some(Action::Reopened { items_count }), opens_entry: true, retried, ..Obeyed::default() }
}

/// A paused run whose time has come runs to see whether the provider is well again; its pause stays beside that.
pub(in crate::store) fn look_again(row: &mut RunRow, asked: &Asked<'_>) -> Result<Obeyed, StoreError> {
    let (status, wanted) = (row.status, row.wanted);
    let failed_tasks = row.counters.amazon.failed + row.counters.ebay.failed;
    let is_due = |pause: &&mut Pause| pause.resumes_at.is_some_and(|at| at <= asked.now);
    let stands = status == RunStatus::Paused && wanted != Wish::Cancel;
    let Some(pause) = row.pause.as_mut().filter(|pause| stands && is_due(pause)) else {
        return Err(StoreError::NotAllowed { status, wanted, failed_tasks });
    };
    if asked.running >= asked.runs_max {
        return Err(StoreError::ConcurrentLimit { running: asked.running, max: asked.runs_max });
    }
    pause.probes = pause.probes.saturating_add(1);
    pause.resumes_at = None;
    let attempt = pause.probes;
    row.owner = Some(asked.engine);
    row.fence += 1;
    (row.status, row.wanted, row.updated_at) = (RunStatus::Running, Wish::Run, asked.now);
    Ok(Obeyed { event: Some(Action::Probe { attempt }), ..Obeyed::default() })
}

/// A run on which nobody works any more stands still for this reason; a cancel that is wanted is brought about instead.
pub(in crate::store) fn set_aside(
    row: &mut RunRow,
    pause: &Pause,
    engine: EngineId,
    now: DateTime<Utc>,
) -> Result<Obeyed, StoreError> {
    let (status, wanted) = (row.status, row.wanted);
    if row.owner.is_some_and(|owner| owner != engine) {
        return Err(StoreError::Owned);
    }
    if status != RunStatus::Running {
        let failed_tasks = row.counters.amazon.failed + row.counters.ebay.failed;
        return Err(StoreError::NotAllowed { status, wanted, failed_tasks });
    }
    row.updated_at = now;
    row.streak.clear();
    row.recent = Recent::default();
    if wanted == Wish::Cancel {
        (row.status, row.owner) = (RunStatus::Paused, None);
        return Ok(cancel(row, now));
    }
    let message = pause.error.clone().unwrap_or_default();
    take_on(row, &Close::Paused { pause: pause.clone(), message: message.clone(), reprieved: Vec::new() }, now);
    let event = Action::Paused { reason: pause.reason, error_message: message };
    Ok(Obeyed { event: Some(event), ..Obeyed::default() })
}

/// The state that a run takes on when its actors end. A cancel that came in the meantime stays wanted.
pub(in crate::store) fn take_on(row: &mut RunRow, close: &Close, now: DateTime<Utc>) {
    row.owner = None;
    match close {
        Close::Paused { pause, .. } => {
            row.status = RunStatus::Paused;
            // A person who asked for a pause meanwhile wants it to stay one.
            let resumes_at = pause.resumes_at.filter(|_| row.wanted == Wish::Run);
            row.pause = Some(Pause { resumes_at, ..pause.clone() });
            if row.wanted != Wish::Cancel {
                row.wanted = Wish::Pause;
            }
        }
        Close::Completed => row.status = RunStatus::Completed,
        Close::Failed { reason, message } => {
            row.status = RunStatus::Failed;
            row.fail_reason = Some(*reason);
            row.fail_message = Some(message.clone());
        }
        Close::Cancelled => row.status = RunStatus::Cancelled,
    }
    if row.status.is_final() {
        row.pause = None;
        row.completed_at = Some(now);
    }
}

//! Giving a command to a run in memory.

use super::{Run, Shelf};
use crate::clock::Clock;
use crate::domain::event::Action;
use crate::domain::ids::RunKey;
use crate::domain::ledger::StoredEvent;
use crate::domain::run::{Command, RunStatus, Wish};
use crate::domain::task::{Phase, TaskState};
use crate::store::audit_log::RunEntryRow;
use crate::store::transition::{departments_completed, retry};
use crate::store::{Accepted, StoreError};

pub(super) fn command(
    shelf: &mut Shelf,
    clock: &Clock,
    key: RunKey,
    command: Command,
    runs_max: i64,
) -> Result<Accepted, StoreError> {
    let (running, seller_count) = (shelf.running(key.org), shelf.seller_count(key.org));
    let run = shelf.run(key)?;
    let (status, wanted) = (run.row.status, run.row.wanted);
    let refused = StoreError::NotAllowed { status, wanted };
    if !status.allows(wanted, command) || (command == Command::RetryFailed && failed(run) == 0) {
        return Err(refused);
    }
    if matches!(command, Command::Start | Command::Resume | Command::RetryFailed) && running >= runs_max {
        return Err(StoreError::ConcurrentLimit { running, max: runs_max });
    }
    let mut events = Vec::new();
    match command {
        Command::Start => events.push(start(run, clock)?),
        Command::Resume => events.push(resume(run, clock)?),
        Command::RetryFailed => events.push(reopen(run, clock)?),
        Command::Pause => run.row.wanted = Wish::Pause,
        Command::Cancel => {
            run.row.wanted = Wish::Cancel;
            if status != RunStatus::Running {
                events.push(cancel(run, clock, seller_count)?);
            }
        }
    }
    run.row.updated_at = clock.now();
    let repeated = command == Command::Cancel && wanted == Wish::Cancel && status == RunStatus::Running;
    Ok(Accepted { status: run.row.status, wanted: run.row.wanted, repeated, events })
}

fn failed(run: &Run) -> usize {
    run.tasks.values().filter(|task| task.state == TaskState::Failed).count()
}

fn run_again(run: &mut Run) {
    run.row.status = RunStatus::Running;
    run.row.wanted = Wish::Run;
    run.row.streak.clear();
    run.row.pause = None;
}

fn open_entry(run: &mut Run, clock: &Clock) {
    run.entries.push(RunEntryRow {
        source_run_id: run.row.id,
        created_at: clock.now(),
        closed_at: None,
        affected_count: 0,
        seller_count_snapshot: None,
    });
}

fn start(run: &mut Run, clock: &Clock) -> Result<StoredEvent, StoreError> {
    run_again(run);
    run.row.started_at = Some(clock.now());
    open_entry(run, clock);
    let items_count = i32::try_from(run.row.categories.len()).unwrap_or(i32::MAX);
    run.say(clock, Action::Started { items_count })
}

fn resume(run: &mut Run, clock: &Clock) -> Result<StoredEvent, StoreError> {
    run_again(run);
    run.say(clock, Action::Resumed)
}

fn cancel(run: &mut Run, clock: &Clock, seller_count: i64) -> Result<StoredEvent, StoreError> {
    run.row.status = RunStatus::Cancelled;
    run.row.pause = None;
    run.close_entry(clock, seller_count);
    run.say(clock, Action::Cancelled)
}

fn reopen(run: &mut Run, clock: &Clock) -> Result<StoredEvent, StoreError> {
    let mut items_count = 0;
    run.row.phase = Phase::Ebay;
    for task in run.tasks.values_mut().filter(|task| task.state == TaskState::Failed) {
        retry(task);
        items_count += 1;
        let counts = run.row.counters.phase_mut(task.phase());
        counts.failed -= 1;
        counts.pending += 1;
        if task.phase() == Phase::Amazon {
            run.row.phase = Phase::Amazon;
        }
    }
    run.row.counters.departments_completed = departments_completed(run.tasks.values());
    run_again(run);
    run.row.fail_reason = None;
    run.row.fail_message = None;
    run.row.completed_at = None;
    open_entry(run, clock);
    run.say(clock, Action::Reopened { items_count })
}

//! Giving a command to a run in memory, and pausing one on which nobody works.

use chrono::{DateTime, Utc};

use super::{Run, Shelf, StoreRule};
use crate::clock::Clock;
use crate::domain::chosen::Chosen;
use crate::domain::ids::{EngineId, RunKey};
use crate::domain::registry::EntryAction;
use crate::domain::run::{Command, Pause};
use crate::store::registry::audit_log::RunEntryRow;
use crate::store::runs::changes::{Changes, NotChanged, change};
use crate::store::runs::obey::{self, Asked, Obeyed};
use crate::store::runs::org_months::forfeit;
use crate::store::{Accepted, RunRow, StoreError};

pub(super) fn command(
    shelf: &mut Shelf,
    clock: &Clock,
    key: RunKey,
    (command, chosen): (Command, &Chosen),
    runs_max: i64,
    engine: EngineId,
) -> Result<Accepted, StoreError> {
    let (running, seller_count, broken) = (shelf.running(key.org), shelf.seller_count(key.org), shelf.broken);
    let run = shelf.run(key)?;
    let asked = Asked { command, chosen, running, runs_max, now: clock.now(), engine };
    let streak = run.row.streak.clone();
    let obeyed = obey::obey(&mut run.row, &mut run.tasks, &asked)?;
    if broken == Some(StoreRule::StreakPausesOnce) {
        run.row.streak = streak;
    }
    write_obeyed(run, clock, key, obeyed, asked.now, seller_count)
}

/// Pauses a run on which nobody works.
pub(super) fn set_aside(
    shelf: &mut Shelf,
    clock: &Clock,
    key: RunKey,
    pause: &Pause,
    engine: EngineId,
) -> Result<Accepted, StoreError> {
    let seller_count = shelf.seller_count(key.org);
    let run = shelf.run(key)?;
    let now = clock.now();
    let obeyed = obey::set_aside(&mut run.row, pause, engine, now)?;
    run.row.fence += 1;
    let cut_off = run.row.spend.died();
    forfeit(&mut run.row, cut_off);
    run.give_claims_back(false);
    shelf.give_back(key)?;
    let run = shelf.run(key)?;
    write_obeyed(run, clock, key, obeyed, now, seller_count)
}

/// Paused runs whose time has come.
pub(super) fn due(shelf: &Shelf, now: DateTime<Utc>) -> Vec<RunKey> {
    let at = |run: &Run| run.row.pause.as_ref().and_then(|pause| pause.resumes_at);
    shelf.runs.values().filter(|run| at(run).is_some_and(|at| at <= now)).map(|run| run.row.key()).collect()
}

/// Has a due run look whether the provider is well again.
pub(super) fn look_again(
    shelf: &mut Shelf,
    clock: &Clock,
    key: RunKey,
    runs_max: i64,
    engine: EngineId,
) -> Result<Accepted, StoreError> {
    let (running, seller_count) = (shelf.running(key.org), shelf.seller_count(key.org));
    let run = shelf.run(key)?;
    let asked = Asked { command: Command::Resume, chosen: &Chosen::All, running, runs_max, now: clock.now(), engine };
    let obeyed = obey::look_again(&mut run.row, &asked)?;
    write_obeyed(run, clock, key, obeyed, asked.now, seller_count)
}

fn write_obeyed(
    run: &mut Run,
    clock: &Clock,
    key: RunKey,
    obeyed: Obeyed,
    now: DateTime<Utc>,
    seller_count: i64,
) -> Result<Accepted, StoreError> {
    if obeyed.opens_entry {
        run.entries.push(RunEntryRow {
            action: EntryAction::CollectionRun,
            source_run_id: key.run,
            created_at: now,
            closed_at: None,
            affected_count: 0,
            seller_count_snapshot: None,
        });
    }
    if obeyed.ends {
        run.close_entry(now, seller_count);
    }
    let event = obeyed.event.map(|action| run.row.say(clock, action)).transpose()?;
    run.events.extend(event.clone());
    Ok(run.row.accepted(obeyed.repeated, event))
}

/// Changes a run on which nobody works.
pub(super) fn change_run(
    shelf: &mut Shelf,
    now: DateTime<Utc>,
    key: RunKey,
    changes: &Changes,
) -> Result<RunRow, NotChanged> {
    let run = shelf.run(key)?;
    let mut row = run.row.clone();
    change(&mut row, changes, now)?;
    run.row = row;
    Ok(run.row.clone())
}

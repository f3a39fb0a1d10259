//! Giving a command to a run in memory.

use super::Shelf;
use crate::clock::Clock;
use crate::domain::ids::{EngineId, RunKey};
use crate::domain::run::Command;
use crate::store::audit_log::RunEntryRow;
use crate::store::obey::{Asked, obey};
use crate::store::{Accepted, StoreError};

pub(super) fn command(
    shelf: &mut Shelf,
    clock: &Clock,
    key: RunKey,
    command: Command,
    runs_max: i64,
    engine: EngineId,
) -> Result<Accepted, StoreError> {
    let (running, seller_count) = (shelf.running(key.org), shelf.seller_count(key.org));
    let run = shelf.run(key)?;
    let asked = Asked { command, running, runs_max, now: clock.now(), engine };
    let obeyed = obey(&mut run.row, &mut run.tasks, &asked)?;
    if obeyed.opens_entry {
        run.entries.push(RunEntryRow {
            source_run_id: key.run,
            created_at: asked.now,
            closed_at: None,
            affected_count: 0,
            seller_count_snapshot: None,
        });
    }
    if obeyed.ends {
        run.close_entry(asked.now, seller_count);
    }
    let event = obeyed.event.map(|action| run.row.say(clock, action)).transpose()?;
    run.events.extend(event.clone());
    Ok(run.row.accepted(obeyed.repeated, event))
}

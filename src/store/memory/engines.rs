//! Engines and whose runs are whose, in memory.

use super::Shelf;
use crate::clock::Clock;
use crate::domain::ids::{EngineId, RunKey};
use crate::domain::run::RunStatus;
use crate::store::runs::org_months::forfeit;
use crate::store::runs::quarantine::Released;
use crate::store::{EngineSeen, StoreError, Survey, Surveyed, TakenOver};

pub(super) fn take_over(
    shelf: &mut Shelf,
    clock: &Clock,
    key: RunKey,
    gone: Option<EngineSeen>,
    engine: EngineId,
) -> Result<TakenOver, StoreError> {
    let found_before = shelf.found_before(key);
    let gone = gone.filter(|gone| !has_come_back(shelf, gone)).map(|gone| gone.id);
    let run = shelf.run(key)?;
    if run.row.owner.is_some_and(|owner| owner != engine && Some(owner) != gone) {
        return Err(StoreError::Owned);
    }
    let process_died = run.row.owner != Some(engine);
    run.row.owner = (run.row.status == RunStatus::Running).then_some(engine);
    run.row.fence += 1;
    let now = clock.now();
    let last_seen = std::mem::replace(&mut run.row.updated_at, now);
    if run.row.status != RunStatus::Running {
        return Ok(TakenOver { found_before, ..run.row.taken_over(Released::default(), 0, 0) });
    }
    let repeated = run.row.spend.died();
    forfeit(&mut run.row, repeated);
    let released = run.give_claims_back(process_died);
    let time_lost_ms = (now - last_seen).num_milliseconds().max(0);
    let row = run.row.clone();
    let grant = shelf.grant_of(&row, now);
    Ok(TakenOver { found_before, grant, ..row.taken_over(released, repeated, time_lost_ms) })
}

pub(super) fn survey(shelf: &mut Shelf, engine: EngineId, beats: bool, watched: &[RunKey]) -> Survey {
    if beats {
        *shelf.beats.entry(engine).or_default() += 1;
        shelf.sessions.insert(engine);
    }
    let seen = |run: &&super::Run| run.row.status == RunStatus::Running || watched.contains(&run.row.key());
    let surveyed = |run: &super::Run| Surveyed {
        key: run.row.key(),
        status: run.row.status,
        wanted: run.row.wanted,
        commands: run.row.commands,
        owner: run.row.owner,
        last_seq: run.row.last_seq,
    };
    let runs = shelf.runs.values().filter(seen).map(surveyed).collect();
    let sessions = &shelf.sessions;
    let engine_seen =
        |(id, beat): (&EngineId, &i64)| EngineSeen { id: *id, beat: *beat, in_session: sessions.contains(id) };
    Survey { runs, engines: shelf.beats.iter().map(engine_seen).collect() }
}

pub(super) fn leave(shelf: &mut Shelf, engine: EngineId) {
    for run in shelf.runs.values_mut().filter(|run| run.row.owner == Some(engine)) {
        run.row.owner = None;
    }
    shelf.beats.remove(&engine);
    shelf.sessions.remove(&engine);
}

/// Whether an engine lives after all: it has beaten since it was seen, or its session, which was missing then, is there.
pub(super) fn has_come_back(shelf: &Shelf, seen: &EngineSeen) -> bool {
    if seen.in_session {
        shelf.beats.get(&seen.id).is_some_and(|beat| *beat != seen.beat)
    } else {
        shelf.sessions.contains(&seen.id)
    }
}

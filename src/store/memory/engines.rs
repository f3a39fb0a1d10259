//! Engines and whose runs are whose, in memory.

use super::Shelf;
use crate::domain::ids::{EngineId, RunKey};
use crate::domain::run::RunStatus;
use crate::store::{EngineSeen, Survey, Surveyed};

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

/// Whether an engine that was in session when it was seen has beaten since then.
pub(super) fn has_beaten_since(shelf: &Shelf, seen: &EngineSeen) -> bool {
    seen.in_session && shelf.beats.get(&seen.id).is_some_and(|beat| *beat != seen.beat)
}

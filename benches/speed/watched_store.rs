//! A store that times the groups that pass through it to the real one: the engine's time inside and outside storage.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use gleaner::domain::budget::Drawn;
use gleaner::domain::chosen::Chosen;
use gleaner::domain::ids::{EngineId, RunKey, TaskNo};
use gleaner::domain::ledger::{Entry, Group, Memory, StoredEvent};
use gleaner::domain::run::{Command, Pause};
use gleaner::domain::task::{OpenTask, Phase};
use gleaner::store::{Accepted, EngineSeen, Fired, Kept, PgStore, RunStore, StoreError, Survey, TakenOver};
use tokio::time::Instant;

/// What passed through.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub groups: usize,
    pub outcomes: usize,
    /// From handing a group over to its answer.
    pub keeping: Duration,
    /// From an answer to the next group.
    pub between: Duration,
    /// When how many outcomes of phase `ebay` were kept, at every `MARK_OUTCOMES`.
    pub marks: Vec<(usize, Instant)>,
    /// When which event was kept, by the time of day in nanoseconds; another process compares.
    pub kept_at: Vec<(i64, i64)>,
    searches: usize,
    answered_at: Option<Instant>,
}

/// How many outcomes lie between two marks, roughly.
const MARK_OUTCOMES: usize = 100;

/// The real store, watched.
#[derive(Clone)]
pub struct WatchedStore {
    store: PgStore,
    seen: Arc<Mutex<Seen>>,
    notes_events: bool,
    retired: Arc<AtomicBool>,
}

impl WatchedStore {
    pub fn new(store: PgStore) -> Self {
        Self { store, seen: Arc::default(), notes_events: false, retired: Arc::default() }
    }

    /// As [`Self::new`], and notes when each event was kept.
    pub fn noting_events(store: PgStore) -> Self {
        Self { notes_events: true, ..Self::new(store) }
    }

    /// The engine over it sees no run any more: it outlives its last run, and would take over what others begin.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time of day in nanoseconds: the one clock that two processes share. Ours is cut to milliseconds.
#[allow(clippy::disallowed_methods, reason = "what is compared lies microseconds apart")]
pub fn wall_ns() -> i64 {
    chrono::Utc::now().timestamp_nanos_opt().unwrap_or_default()
}

#[async_trait]
impl RunStore for WatchedStore {
    fn engine(&self) -> EngineId {
        self.store.engine()
    }

    async fn take_over(&self, key: RunKey, gone: Option<EngineSeen>) -> Result<TakenOver, StoreError> {
        self.store.take_over(key, gone).await
    }

    async fn raise_fence(&self, key: RunKey, fence: i64) -> Result<Memory, StoreError> {
        self.store.raise_fence(key, fence).await
    }

    async fn memory(&self, key: RunKey) -> Result<Memory, StoreError> {
        self.store.memory(key).await
    }

    async fn read_ahead(
        &self,
        key: RunKey,
        phase: Phase,
        after: TaskNo,
        limit: i64,
    ) -> Result<Vec<OpenTask>, StoreError> {
        self.store.read_ahead(key, phase, after, limit).await
    }

    async fn keep(&self, group: &Group) -> Result<Kept, StoreError> {
        let since = Instant::now();
        let kept = self.store.keep(group).await;
        let mut seen = self.lock();
        if let Some(answered_at) = seen.answered_at {
            seen.between += since - answered_at;
        }
        seen.keeping += since.elapsed();
        seen.groups += 1;
        for entry in &group.entries {
            if let Entry::Outcome(outcome) = entry {
                seen.outcomes += 1;
                seen.searches += usize::from(outcome.phase == Phase::Ebay);
            }
        }
        let now = Instant::now();
        if seen.searches > 0 && seen.marks.last().is_none_or(|(count, _)| seen.searches - count >= MARK_OUTCOMES) {
            let mark = (seen.searches, now);
            seen.marks.push(mark);
        }
        seen.answered_at = Some(now);
        let events = kept.iter().flat_map(|kept| &kept.events);
        if self.notes_events {
            let at = wall_ns();
            seen.kept_at.extend(events.map(|event| (event.seq, at)));
        }
        kept
    }

    async fn last_events(&self, key: RunKey, limit: i64) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.last_events(key, limit).await
    }

    async fn command(&self, key: RunKey, command: Command, runs_max: i64) -> Result<Accepted, StoreError> {
        self.store.command(key, command, runs_max).await
    }

    async fn fire(&self, runs_max: i64) -> Result<Fired, StoreError> {
        self.store.fire(runs_max).await
    }

    async fn retry(&self, key: RunKey, chosen: &Chosen, runs_max: i64) -> Result<Accepted, StoreError> {
        self.store.retry(key, chosen, runs_max).await
    }

    async fn draw(&self, key: RunKey, fence: i64, sent: i64, want: i64) -> Result<Option<Drawn>, StoreError> {
        self.store.draw(key, fence, sent, want).await
    }

    async fn survey(&self, beats: bool, watched: &[RunKey]) -> Result<Survey, StoreError> {
        if self.retired.load(Ordering::Relaxed) {
            return Err(StoreError::NotFound);
        }
        self.store.survey(beats, watched).await
    }

    async fn set_aside(&self, key: RunKey, pause: &Pause) -> Result<Accepted, StoreError> {
        self.store.set_aside(key, pause).await
    }

    async fn due(&self) -> Result<Vec<RunKey>, StoreError> {
        self.store.due().await
    }

    async fn look_again(&self, key: RunKey, runs_max: i64) -> Result<Accepted, StoreError> {
        self.store.look_again(key, runs_max).await
    }

    async fn leave(&self) -> Result<(), StoreError> {
        self.store.leave().await
    }
}

//! The store in memory: what PostgreSQL would keep, for tests and simulations.
//!
//! One lock around everything, and nothing is awaited under it, so that a call is as atomic as a transaction. It obeys
//! the same contract suite as the other store, which is why a test may believe it.

mod archive;
mod command;
mod engines;
mod keep;
mod org_months;
mod reads;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::{Accepted, EngineSeen, Fired, Kept, RunStore, StoreError, Survey, TakenOver};
use crate::clock::Clock;
use crate::domain::budget::Drawn;
use crate::domain::chosen::Chosen;
use crate::domain::ids::{EngineId, OrgId, RunId, RunKey, TaskNo};
use crate::domain::ledger::{Group, Memory, Reply, StoredEvent};
use crate::domain::product::Asin;
use crate::domain::raw_page::{ArchiveLimits, BodyHash, RawPageRow};
use crate::domain::recent::Recent;
use crate::domain::run::{Command, Pause, RunStatus, Wish};
use crate::domain::settings::RunSettings;
use crate::domain::spend::Spend;
use crate::domain::task::{Category, OpenTask, Phase, TaskState, Work};
use crate::store::registry::audit_log::RunEntryRow;
use crate::store::registry::sellers::{SellerRow, sighted};
use crate::store::runs::quarantine::{Released, left_behind};
use crate::store::runs::run_row::{RunRow, distinct, first_counters};
use crate::store::runs::run_sellers::SightingRow;
use crate::store::runs::tasks::TaskRow;
use crate::store::runs::transition::{NewItem, Place};

pub use trouble::StoreRule;

/// The store in memory; cheap to clone, all clones share what they keep.
#[derive(Clone)]
pub struct MemoryStore {
    clock: Clock,
    engine: EngineId,
    shelf: Arc<Mutex<Shelf>>,
}

/// Everything that is kept.
#[derive(Default)]
struct Shelf {
    runs: BTreeMap<RunKey, Run>,
    sellers: BTreeMap<OrgId, BTreeMap<String, SellerRow>>,
    /// Names that were added to each registry, in the order of their changes.
    added: BTreeMap<OrgId, Vec<String>>,
    /// Names that no run brings back.
    excluded: BTreeSet<(OrgId, String)>,
    bodies: BTreeMap<(OrgId, BodyHash), archive::Body>,
    limits: ArchiveLimits,
    /// Requests that an organisation's runs may send in a month, and those drawn of each.
    month_budget: Option<i64>,
    months: BTreeMap<(OrgId, NaiveDate), i64>,
    /// When each product was last searched, with which search.
    searches: BTreeMap<(OrgId, Asin, String), DateTime<Utc>>,
    /// Engines with their beat.
    beats: BTreeMap<EngineId, i64>,
    /// Engines whose lock is held.
    sessions: BTreeSet<EngineId>,
    away: bool,
    lose_next_answer: bool,
    /// A seller that cannot be kept.
    refused: Option<String>,
    refuses_all: bool,
    broken: Option<StoreRule>,
}

/// A run with all its rows.
struct Run {
    row: RunRow,
    tasks: BTreeMap<TaskNo, TaskRow>,
    items: BTreeMap<Asin, NewItem>,
    places: BTreeMap<(Asin, TaskNo), Place>,
    sightings: Vec<SightingRow>,
    seen: BTreeSet<String>,
    events: Vec<StoredEvent>,
    entries: Vec<RunEntryRow>,
    raw_pages: Vec<RawPageRow>,
    /// The answers to the newest group.
    replies: Vec<Reply>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let engine = EngineId(clock.new_id());
        Self { clock, engine, shelf: Arc::default() }
    }

    /// The same storage as another process has it: with an engine of its own.
    #[must_use]
    pub fn of_another_process(&self, clock: Clock) -> Self {
        let engine = EngineId(clock.new_id());
        Self { clock, engine, shelf: self.shelf.clone() }
    }

    /// Every session has ended, as those of processes that died.
    pub fn end_sessions(&self) {
        self.shelf().sessions.clear();
    }

    /// The session of this store's engine has ended.
    pub fn end_session(&self) {
        self.shelf().sessions.remove(&self.engine);
    }

    /// Makes a pending run over these categories.
    pub fn add_run(&self, org: OrgId, name: &str, settings: &RunSettings, categories: &[Category]) -> RunKey {
        let categories = distinct(categories);
        let key = RunKey { org, run: RunId(self.clock.new_id()) };
        let now = self.clock.now();
        let mut shelf = self.shelf();
        let number = shelf.runs.keys().filter(|other| other.org == org).count() + 1;
        let counters = first_counters(&categories);
        let row = RunRow {
            org_id: org,
            id: key.run,
            number: i32::try_from(number).unwrap_or(i32::MAX),
            name: name.to_owned(),
            status: RunStatus::Pending,
            wanted: Wish::Run,
            phase: Phase::Amazon,
            settings: serde_json::to_value(settings).unwrap_or(Value::Null),
            categories: categories.clone(),
            pause: None,
            fail_reason: None,
            fail_message: None,
            fence: 0,
            group_no: 0,
            last_seq: 0,
            streak: Vec::new(),
            owner: None,
            provider: None,
            commands: 0,
            recent: Recent::default(),
            counters,
            spend: Spend::default(),
            recovery: None,
            grant: None,
            checkpoint: json!({}),
            worker_status: json!([]),
            seller_count_snapshot: None,
            created_at: now,
            started_at: None,
            completed_at: None,
            updated_at: now,
            events_removed_at: None,
        };
        let tasks = (1_i32..)
            .map(TaskNo)
            .zip(categories)
            .map(|(task_no, category)| (task_no, TaskRow::fresh(task_no, Work::Category(category))))
            .collect();
        let run = Run {
            row,
            tasks,
            items: BTreeMap::new(),
            places: BTreeMap::new(),
            sightings: Vec::new(),
            seen: BTreeSet::new(),
            events: Vec::new(),
            entries: Vec::new(),
            raw_pages: Vec::new(),
            replies: Vec::new(),
        };
        shelf.runs.insert(key, run);
        key
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shelf, unless it is away.
    fn reach(&self) -> Result<MutexGuard<'_, Shelf>, StoreError> {
        let shelf = self.shelf();
        if shelf.away { Err(StoreError::Away("the memory store was told to be away".to_owned())) } else { Ok(shelf) }
    }
}

impl Shelf {
    fn run(&mut self, key: RunKey) -> Result<&mut Run, StoreError> {
        self.runs.get_mut(&key).ok_or(StoreError::NotFound)
    }

    fn running(&self, org: OrgId) -> i64 {
        let running = |run: &&Run| run.row.org_id == org && run.row.status == RunStatus::Running;
        i64::try_from(self.runs.values().filter(running).count()).unwrap_or(i64::MAX)
    }

    /// Whether the last run before this one that searched anything found sellers.
    fn found_before(&self, key: RunKey) -> bool {
        let number = self.runs.get(&key).map_or(0, |run| run.row.number);
        let earlier = self.runs.values().map(|run| &run.row).filter(|row| row.org_id == key.org && row.number < number);
        let last = earlier.filter(|row| row.counters.ebay.done > 0).max_by_key(|row| row.number);
        last.is_some_and(|row| row.counters.sellers_found > 0)
    }

    fn seller_count(&self, org: OrgId) -> i64 {
        self.sellers.get(&org).map_or(0, |sellers| i64::try_from(sellers.len()).unwrap_or(i64::MAX))
    }
}

impl Run {
    /// Gives the claims of the run's old owner back; how many there were.
    fn give_claims_back(&mut self, process_died: bool) -> Released {
        let mut released = Released::default();
        for task in self.tasks.values_mut().filter(|task| task.state == TaskState::Claimed) {
            left_behind(task, process_died);
            released.count(task);
            let counts = self.row.counters.phase_mut(task.phase());
            counts.claimed -= 1;
            *counts.of_mut(task.state) += 1;
        }
        released
    }

    /// Closes the audit entry that is open, and takes the run's snapshot.
    fn close_entry(&mut self, now: DateTime<Utc>, seller_count: i64) {
        let counted: i32 =
            self.entries.iter().filter(|entry| entry.closed_at.is_some()).map(|e| e.affected_count).sum();
        let affected_count = self.row.counters.sellers_new - counted;
        if let Some(open) = self.entries.iter_mut().find(|entry| entry.closed_at.is_none()) {
            open.closed_at = Some(now);
            open.affected_count = affected_count;
            open.seller_count_snapshot = Some(seller_count);
        }
        self.row.seller_count_snapshot = Some(seller_count);
    }
}

#[async_trait]
impl RunStore for MemoryStore {
    fn engine(&self) -> EngineId {
        self.engine
    }

    async fn take_over(&self, key: RunKey, gone: Option<EngineSeen>) -> Result<TakenOver, StoreError> {
        engines::take_over(&mut *self.reach()?, &self.clock, key, gone, self.engine)
    }

    async fn raise_fence(&self, key: RunKey, fence: i64) -> Result<Memory, StoreError> {
        let mut shelf = self.reach()?;
        let run = shelf.run(key)?;
        if run.row.fence != fence {
            return Err(StoreError::FenceLost);
        }
        run.row.fence += 1;
        run.row.updated_at = self.clock.now();
        Ok(run.row.memory())
    }

    async fn memory(&self, key: RunKey) -> Result<Memory, StoreError> {
        Ok(self.reach()?.run(key)?.row.memory())
    }

    async fn read_ahead(
        &self,
        key: RunKey,
        phase: Phase,
        after: TaskNo,
        limit: i64,
    ) -> Result<Vec<OpenTask>, StoreError> {
        let mut shelf = self.reach()?;
        let Ok(run) = shelf.run(key) else { return Ok(Vec::new()) };
        let limit = usize::try_from(limit).unwrap_or(0);
        let open = |task: &&TaskRow| task.task_no > after && task.phase() == phase && !task.is_final();
        Ok(run.tasks.values().filter(open).take(limit).map(TaskRow::open).collect())
    }

    async fn keep(&self, group: &Group) -> Result<Kept, StoreError> {
        let mut shelf = self.reach()?;
        let mut sightings = sighted(group, |_| true).flat_map(|(.., sightings)| sightings);
        let refuses = shelf.refuses_all || sightings.any(|sighting| shelf.refused.as_ref() == Some(&sighting.name));
        if refuses {
            return Err(StoreError::Broken("a row that cannot be kept".to_owned()));
        }
        let kept = keep::keep(&mut shelf, &self.clock, group)?;
        if std::mem::take(&mut shelf.lose_next_answer) {
            return Err(StoreError::Away("the answer was lost after the commit".to_owned()));
        }
        Ok(kept)
    }

    async fn last_events(&self, key: RunKey, limit: i64) -> Result<Vec<StoredEvent>, StoreError> {
        let mut shelf = self.reach()?;
        let Ok(run) = shelf.run(key) else { return Ok(Vec::new()) };
        let limit = usize::try_from(limit).unwrap_or(0);
        Ok(run.events.iter().skip(run.events.len().saturating_sub(limit)).cloned().collect())
    }

    async fn command(&self, key: RunKey, command: Command, runs_max: i64) -> Result<Accepted, StoreError> {
        command::command(&mut *self.reach()?, &self.clock, key, (command, &Chosen::All), runs_max, self.engine)
    }

    async fn retry(&self, key: RunKey, chosen: &Chosen, runs_max: i64) -> Result<Accepted, StoreError> {
        let asked = (Command::RetryFailed, chosen);
        command::command(&mut *self.reach()?, &self.clock, key, asked, runs_max, self.engine)
    }

    async fn fire(&self, _: i64) -> Result<Fired, StoreError> {
        // It keeps no schedules.
        Ok(Fired::default())
    }

    async fn draw(&self, key: RunKey, fence: i64, sent: i64, want: i64) -> Result<Option<Drawn>, StoreError> {
        org_months::draw(&mut *self.reach()?, self.clock.now(), key, fence, sent, want)
    }

    async fn survey(&self, beats: bool, watched: &[RunKey]) -> Result<Survey, StoreError> {
        Ok(engines::survey(&mut *self.reach()?, self.engine, beats, watched))
    }

    async fn set_aside(&self, key: RunKey, pause: &Pause) -> Result<Accepted, StoreError> {
        command::set_aside(&mut *self.reach()?, &self.clock, key, pause, self.engine)
    }

    async fn due(&self) -> Result<Vec<RunKey>, StoreError> {
        Ok(command::due(&*self.reach()?, self.clock.now()))
    }

    async fn look_again(&self, key: RunKey, runs_max: i64) -> Result<Accepted, StoreError> {
        command::look_again(&mut *self.reach()?, &self.clock, key, runs_max, self.engine)
    }

    async fn leave(&self) -> Result<(), StoreError> {
        engines::leave(&mut *self.reach()?, self.engine);
        Ok(())
    }
}

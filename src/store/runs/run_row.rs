//! A row of `collection_runs`: its counters, its wish and the number of its newest group, and how it is read back.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::org_months::grant;
use super::quarantine::Released;
use crate::clock::Clock;
use crate::domain::budget::Grant;
use crate::domain::counters::{Counters, TaskCounts};
use crate::domain::event::{Action, Event};
use crate::domain::ids::{EngineId, EventId, OrgId, RunId, RunKey, TaskNo, WorkerId};
use crate::domain::ledger::{Memory, StoredEvent};
use crate::domain::recent::Recent;
use crate::domain::recovery::Recovery;
use crate::domain::run::{FailReason, Pause, RunStatus, Wish};
use crate::domain::settings::RunSettings;
use crate::domain::spend::Spend;
use crate::domain::task::{Category, Phase};
use crate::store::schema::collection_runs;
use crate::store::{Accepted, StoreError, TakenOver};

/// A run as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// Whose run it is.
    pub org_id: OrgId,
    /// Which run.
    pub id: RunId,
    /// Its number within the organisation: 1, 2, 3 ...
    pub number: i32,
    /// Its name, for people.
    pub name: String,
    /// Its status.
    pub status: RunStatus,
    /// What was asked of it.
    pub wanted: Wish,
    /// Its phase.
    pub phase: Phase,
    /// Its settings as they are kept; read with [`RunRow::run_settings`].
    pub settings: Value,
    /// The chosen categories.
    pub categories: Vec<Category>,
    /// Why it stands still.
    pub pause: Option<Pause>,
    /// Why it failed.
    pub fail_reason: Option<FailReason>,
    /// Why it failed, in words.
    pub fail_message: Option<String>,
    /// The fencing number.
    pub fence: i64,
    /// The newest kept group.
    pub group_no: i64,
    /// The newest event's number.
    pub last_seq: i64,
    /// Task numbers of the failure streak, oldest first.
    pub streak: Vec<TaskNo>,
    /// The engine that works on it.
    pub owner: Option<EngineId>,
    /// The provider that it asks, from its first start on.
    pub provider: Option<String>,
    /// Commands accepted so far.
    pub commands: i32,
    /// How the newest pages went.
    pub recent: Recent,
    /// The counters.
    pub counters: Counters,
    /// What it has spent.
    pub spend: Spend,
    /// What its newest take-over found.
    pub recovery: Option<Recovery>,
    /// What it has drawn of its organisation's month.
    pub grant: Option<Grant>,
    /// A summary for people, written at most once a second.
    pub checkpoint: Value,
    /// One entry for each worker, written at most once a second.
    pub worker_status: Value,
    /// How many sellers the organisation had when the run ended.
    pub seller_count_snapshot: Option<i64>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was first started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// When its row last changed.
    pub updated_at: DateTime<Utc>,
    /// When events of it were removed since they were old; known where the run is read for people.
    pub events_removed_at: Option<DateTime<Utc>>,
}

impl RunRow {
    /// Both parts of its key.
    #[must_use]
    pub fn key(&self) -> RunKey {
        RunKey { org: self.org_id, run: self.id }
    }

    /// What the Recorder remembers of it.
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory {
            fence: self.fence,
            group_no: self.group_no,
            last_seq: self.last_seq,
            phase: self.phase,
            streak: self.streak.clone(),
            recent: self.recent,
            probing: self.status == RunStatus::Running && self.pause.is_some(),
            counters: self.counters,
            spend: self.spend.clone(),
            recovery: self.recovery.clone(),
        }
    }

    /// Its settings, or why they make no sense any more.
    ///
    /// # Errors
    /// In words, where a field is unknown, of a wrong type or out of its bounds.
    pub fn run_settings(&self) -> Result<RunSettings, String> {
        let settings: RunSettings = serde_json::from_value(self.settings.clone()).map_err(|error| error.to_string())?;
        let errors: Vec<String> =
            settings.out_of_bounds().into_iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
        if errors.is_empty() { Ok(settings) } else { Err(errors.join("; ")) }
    }

    /// Whether a product without a price cannot be searched. Settings that cannot be read filter nothing.
    pub(in crate::store) fn needs_price(&self) -> bool {
        self.settings.get("price_window").is_some_and(|window| !window.is_null())
    }

    /// Requests that it may send in all. Settings that cannot be read set no bound.
    pub(in crate::store) fn request_budget(&self) -> Option<i64> {
        self.settings.get("request_budget").and_then(Value::as_i64)
    }

    /// Gives an event of the system the run's next number.
    pub(in crate::store) fn say(&mut self, clock: &Clock, action: Action) -> Result<StoredEvent, StoreError> {
        self.last_seq += 1;
        let event = Event {
            id: EventId(clock.new_id()),
            seq: self.last_seq,
            run_id: self.id,
            timestamp: clock.now(),
            worker_id: WorkerId::SYSTEM,
            phase: self.phase,
            action,
        };
        let data = serde_json::to_string(&event).map_err(|error| StoreError::Broken(error.to_string()))?;
        Ok(StoredEvent { seq: event.seq, data: data.into() })
    }

    /// What whoever gave a command is told.
    pub(in crate::store) fn accepted(&self, repeated: bool, event: Option<StoredEvent>) -> Accepted {
        let (status, wanted, owner, commands) = (self.status, self.wanted, self.owner, self.commands);
        Accepted { status, wanted, repeated, events: event.into_iter().collect(), owner, commands }
    }

    /// What a supervisor is told.
    pub(in crate::store) fn taken_over(&self, released: Released, repeated: i64, time_lost_ms: i64) -> TakenOver {
        TakenOver {
            name: self.name.clone(),
            status: self.status,
            wanted: self.wanted,
            settings: self.run_settings(),
            memory: self.memory(),
            released: released.tasks,
            reattached: released.jobs,
            repeated,
            time_lost_ms,
            grant: None,
            provider: self.provider.clone(),
            started_at: self.started_at,
            found_before: false,
            pause: self.pause.clone(),
        }
    }
}

/// The categories without those that repeat an earlier one's node.
pub(in crate::store) fn distinct(categories: &[Category]) -> Vec<Category> {
    let mut seen = BTreeSet::new();
    categories.iter().filter(|category| seen.insert(&category.node_id)).cloned().collect()
}

/// The counters of a run that nobody has started.
pub(in crate::store) fn first_counters(categories: &[Category]) -> Counters {
    let departments: BTreeSet<&str> = categories.iter().map(|category| category.department.as_str()).collect();
    let count = |length: usize| i32::try_from(length).unwrap_or(i32::MAX);
    let mut counters = Counters { departments_total: count(departments.len()), ..Counters::default() };
    counters.amazon.pending = count(categories.len());
    counters
}

/// The row as PostgreSQL answers it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = collection_runs)]
pub(in crate::store) struct StoredRun {
    org_id: Uuid,
    id: Uuid,
    number: i32,
    name: String,
    status: String,
    wanted: String,
    phase: String,
    settings: Value,
    categories: Value,
    pause: Option<Value>,
    fail_reason: Option<String>,
    fail_message: Option<String>,
    fence: i64,
    group_no: i64,
    pub(in crate::store) group_replies: String,
    last_seq: i64,
    streak: Vec<Option<i32>>,
    owner: Option<Uuid>,
    provider: Option<String>,
    commands: i32,
    recent_pages: i64,
    recent_pages_count: i16,
    empty_pages: i32,
    resume_at: Option<DateTime<Utc>>,
    #[diesel(embed)]
    counters: StoredCounters,
    spend: Value,
    recovery: Option<Value>,
    granted: Option<i64>,
    granted_month: Option<NaiveDate>,
    checkpoint: Value,
    worker_status: Value,
    seller_count_snapshot: Option<i64>,
    pub(in crate::store) idempotency_hash: Option<Vec<u8>>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

/// Its counters; the sums that the database makes of them are left where they are.
#[derive(Queryable, Selectable)]
#[diesel(table_name = collection_runs)]
pub(in crate::store) struct StoredCounters {
    departments_total: i32,
    departments_completed: i32,
    amazon_pending: i32,
    amazon_claimed: i32,
    amazon_done: i32,
    amazon_failed: i32,
    amazon_skipped: i32,
    ebay_pending: i32,
    ebay_claimed: i32,
    ebay_done: i32,
    ebay_failed: i32,
    ebay_skipped: i32,
    products_fetched: i32,
    sellers_found: i32,
    sellers_new: i32,
    requests_made: i64,
    requests_billed: i64,
}

impl From<StoredCounters> for Counters {
    fn from(stored: StoredCounters) -> Self {
        Self {
            departments_total: stored.departments_total,
            departments_completed: stored.departments_completed,
            amazon: TaskCounts {
                pending: stored.amazon_pending,
                claimed: stored.amazon_claimed,
                done: stored.amazon_done,
                failed: stored.amazon_failed,
                skipped: stored.amazon_skipped,
            },
            ebay: TaskCounts {
                pending: stored.ebay_pending,
                claimed: stored.ebay_claimed,
                done: stored.ebay_done,
                failed: stored.ebay_failed,
                skipped: stored.ebay_skipped,
            },
            products_fetched: stored.products_fetched,
            sellers_found: stored.sellers_found,
            sellers_new: stored.sellers_new,
            requests_made: stored.requests_made,
            requests_billed: stored.requests_billed,
        }
    }
}

impl TryFrom<StoredRun> for RunRow {
    type Error = StoreError;

    fn try_from(stored: StoredRun) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Broken(format!("run {} has a damaged {what}", stored.id));
        let pause: Option<Pause> =
            stored.pause.map(serde_json::from_value).transpose().map_err(|_| damaged("pause"))?;
        let pause = pause.map(|pause| Pause { resumes_at: stored.resume_at, ..pause });
        Ok(Self {
            org_id: OrgId(stored.org_id),
            id: RunId(stored.id),
            number: stored.number,
            name: stored.name,
            status: RunStatus::parse(&stored.status).ok_or_else(|| damaged("status"))?,
            wanted: Wish::parse(&stored.wanted).ok_or_else(|| damaged("wish"))?,
            phase: Phase::parse(&stored.phase).ok_or_else(|| damaged("phase"))?,
            settings: stored.settings,
            categories: serde_json::from_value(stored.categories).map_err(|_| damaged("category list"))?,
            pause,
            fail_reason: stored.fail_reason.as_deref().and_then(FailReason::parse),
            fail_message: stored.fail_message,
            fence: stored.fence,
            group_no: stored.group_no,
            last_seq: stored.last_seq,
            streak: stored.streak.into_iter().flatten().map(TaskNo).collect(),
            owner: stored.owner.map(EngineId),
            provider: stored.provider,
            commands: stored.commands,
            recent: Recent { pages: stored.recent_pages, count: stored.recent_pages_count, empty: stored.empty_pages },
            counters: stored.counters.into(),
            spend: serde_json::from_value(stored.spend).map_err(|_| damaged("spend"))?,
            recovery: stored
                .recovery
                .map(serde_json::from_value)
                .transpose()
                .map_err(|_| damaged("recovery report"))?,
            grant: grant(stored.granted, stored.granted_month),
            checkpoint: stored.checkpoint,
            worker_status: stored.worker_status,
            seller_count_snapshot: stored.seller_count_snapshot,
            created_at: stored.created_at,
            started_at: stored.started_at,
            completed_at: stored.completed_at,
            updated_at: stored.updated_at,
            events_removed_at: None,
        })
    }
}

//! A run as the API shows it: the row under the names that clients of the original system know.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::ids::{RunId, WorkerId};
use crate::domain::price::Prices;
use crate::domain::progress::{PauseView, Progress, WorkerState, WorkerStatus, percent, state_word};
use crate::domain::recovery::Recovery;
use crate::domain::run::{FailReason, RunStatus, Wish};
use crate::domain::settings::RunSettings;
use crate::domain::spend::SpendView;
use crate::domain::task::{Category, Phase};
use crate::store::RunRow;
use crate::web::sse::Snapshot;

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Failure")]
pub struct FailView {
    /// The reason.
    pub reason: FailReason,
    /// In words.
    pub message: Option<String>,
    /// What a person should do next.
    pub what_to_do: String,
}

/// A run as the API shows it. A column without a value is null.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Run")]
pub struct RunView {
    id: RunId,
    number: i32,
    name: String,
    status: RunStatus,
    wanted: Wish,
    state: String,
    phase: Phase,
    pause: Option<PauseView>,
    fail: Option<FailView>,
    #[schemars(with = "Map<String, Value>")]
    settings: Value,
    categories: Vec<Category>,
    departments_total: i32,
    departments_completed: i32,
    categories_total: i32,
    categories_completed: i32,
    products_fetched: i32,
    products_total: i32,
    products_searched: i32,
    sellers_found: i32,
    sellers_new: i32,
    total_items: i32,
    processed_items: i32,
    failed_items: i32,
    skipped_items: i32,
    requests_made: i64,
    requests_billed: i64,
    spend: SpendView,
    recovery: Option<Recovery>,
    /// The provider that it asks, from its first start on.
    provider: Option<String>,
    percent: f64,
    last_event_id: i64,
    #[schemars(with = "Map<String, Value>")]
    checkpoint: Value,
    #[schemars(with = "Vec<WorkerStatus>")]
    worker_status: Value,
    seller_count_snapshot: Option<i64>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
    /// Events up to then are gone.
    events_removed_at: Option<DateTime<Utc>>,
}

impl RunView {
    /// The row at these prices.
    #[must_use]
    pub fn new(row: RunRow, prices: Option<&Prices>) -> Self {
        let counters = row.counters;
        let (amazon, ebay) = (counters.amazon, counters.ebay);
        Self {
            id: row.id,
            number: row.number,
            status: row.status,
            wanted: row.wanted,
            state: state_word(row.status, row.wanted),
            phase: row.phase,
            fail: fail_view(&row),
            departments_total: counters.departments_total,
            departments_completed: counters.departments_completed,
            categories_total: amazon.total(),
            categories_completed: amazon.finished(),
            products_fetched: counters.products_fetched,
            products_total: ebay.total(),
            products_searched: ebay.done,
            sellers_found: counters.sellers_found,
            sellers_new: counters.sellers_new,
            total_items: amazon.total() + ebay.total(),
            processed_items: amazon.finished() + ebay.finished(),
            failed_items: amazon.failed + ebay.failed,
            skipped_items: amazon.skipped + ebay.skipped,
            requests_made: counters.requests_made,
            requests_billed: counters.requests_billed,
            spend: row.spend.view(prices),
            recovery: row.recovery,
            provider: row.provider,
            percent: percent(counters.phase(row.phase)),
            last_event_id: row.last_seq,
            seller_count_snapshot: row.seller_count_snapshot,
            created_at: row.created_at,
            started_at: row.started_at,
            completed_at: row.completed_at,
            updated_at: row.updated_at,
            events_removed_at: row.events_removed_at,
            pause: row.pause.map(PauseView::from),
            settings: row.settings,
            categories: row.categories,
            checkpoint: row.checkpoint,
            worker_status: row.worker_status,
            name: row.name,
        }
    }
}

fn fail_view(row: &RunRow) -> Option<FailView> {
    let message = row.fail_message.clone();
    row.fail_reason.map(|reason| FailView { reason, message, what_to_do: reason.what_to_do().to_owned() })
}

/// The run as a subscriber needs it.
#[must_use]
pub fn snapshot(row: &RunRow, prices: Option<&Prices>) -> Snapshot {
    Snapshot { progress: progress(row, prices), fail: fail_view(row) }
}

/// The progress of a run whose actors do not work: what the row says, and workers that stand still.
#[must_use]
pub fn progress(row: &RunRow, prices: Option<&Prices>) -> Progress {
    let settings = row.run_settings().unwrap_or_default();
    let tasks = row.counters.phase(row.phase);
    Progress {
        run_id: row.id,
        name: row.name.clone(),
        status: row.status,
        wanted: row.wanted,
        state: state_word(row.status, row.wanted),
        phase: row.phase,
        percent: percent(tasks),
        tasks,
        counters: row.counters,
        spend: row.spend.view(prices),
        recovery: row.recovery.clone(),
        streak: u16::try_from(row.streak.len()).unwrap_or(u16::MAX),
        streak_max: settings.max_consecutive_failures,
        throttled_until: None,
        storage_away_since: None,
        workers: workers(row, &settings),
        pause: row.pause.clone().map(PauseView::from),
        last_event_id: row.last_seq,
        started_at: row.started_at,
        completed_at: row.completed_at,
        updated_at: row.updated_at,
    }
}

/// The workers as they were last written down, now without work; as many as the settings say where nothing was written.
fn workers(row: &RunRow, settings: &RunSettings) -> Vec<WorkerStatus> {
    let kept: Vec<WorkerStatus> = serde_json::from_value(row.worker_status.clone()).unwrap_or_default();
    let known = |id: u16| kept.iter().find(|worker| worker.worker_id == WorkerId(id));
    (1..=settings.workers)
        .map(|id| WorkerStatus {
            worker_id: WorkerId(id),
            state: WorkerState::Stopped,
            phase: None,
            task_no: None,
            label: None,
            category: None,
            url: None,
            query: None,
            price_min: None,
            price_max: None,
            page: None,
            pages_max: None,
            attempt: None,
            attempts_max: settings.max_attempts,
            since: row.updated_at,
            waits_for: None,
            until: None,
            restarts: known(id).map_or(0, |worker| worker.restarts),
            tasks_done: known(id).map_or(0, |worker| worker.tasks_done),
            last_result: known(id).and_then(|worker| worker.last_result.clone()),
        })
        .collect()
}

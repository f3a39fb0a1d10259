//! What people see of a run while it works: its counters and what each worker does, as one JSON object.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::counters::{Counters, TaskCounts};
use super::ids::{RunId, TaskNo, WorkerId};
use super::recovery::Recovery;
use super::run::{Pause, RunStatus, Standing, Wish};
use super::spend::SpendView;
use super::task::Phase;

/// What a worker does right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    /// Has asked for a task and waits for one.
    Idle,
    /// A request is on the wire.
    Fetching,
    /// Waits before the next request; `waits_for` says why.
    Waiting,
    /// Its answer is being kept.
    Keeping,
    /// The run stands still or has ended.
    Stopped,
}

/// Why a worker waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// The provider asked to slow down.
    RateLimit,
    /// Its turn among all requests on the provider's account, which takes so many a second.
    ProviderLimit,
    /// A failed page is asked again.
    Backoff,
    /// The pause between two pages of one product.
    PageDelay,
    /// The database has not said for a while that the run is still this engine's.
    Lease,
}

/// One worker as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerStatus {
    /// Which worker.
    pub worker_id: WorkerId,
    /// What it does.
    pub state: WorkerState,
    /// The phase of its task.
    pub phase: Option<Phase>,
    /// Its task.
    pub task_no: Option<TaskNo>,
    /// The category's name or the product's whole title.
    pub label: Option<String>,
    /// The category of a product.
    pub category: Option<String>,
    /// The target's address.
    pub url: Option<String>,
    /// The search words, where there are any.
    pub query: Option<String>,
    /// Lower bound of the price window, in cents.
    pub price_min: Option<i64>,
    /// Upper bound of the price window, in cents.
    pub price_max: Option<i64>,
    /// The page it is at, 1 is the first.
    pub page: Option<i16>,
    /// Pages that the run's settings allow.
    pub pages_max: Option<u16>,
    /// The attempt it is at, 1 is the first.
    pub attempt: Option<i16>,
    /// Attempts that the run's settings allow.
    pub attempts_max: u16,
    /// Since when it is in this state.
    pub since: DateTime<Utc>,
    /// Why it waits.
    pub waits_for: Option<WaitsFor>,
    /// Until when it waits.
    pub until: Option<DateTime<Utc>>,
    /// How often this place got a new worker.
    pub restarts: u32,
    /// Tasks that this place has finished.
    pub tasks_done: u32,
    /// What came of its newest request.
    pub last_result: Option<LastResult>,
}

impl WorkerStatus {
    /// A worker that has not taken a task yet.
    #[must_use]
    pub fn idle(worker_id: WorkerId, attempts_max: u16, since: DateTime<Utc>) -> Self {
        Self {
            worker_id,
            state: WorkerState::Idle,
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
            attempts_max,
            since,
            waits_for: None,
            until: None,
            restarts: 0,
            tasks_done: 0,
            last_result: None,
        }
    }
}

/// What came of a worker's newest request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LastResult {
    /// `found`, `error` or `rate_limited`, as the event says.
    pub action: String,
    /// Products or sellers on the page, or the error's words.
    pub text: String,
    /// How long the request took, in milliseconds.
    pub duration_ms: i64,
}

/// A run's progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// Which run.
    pub run_id: RunId,
    /// Its name.
    pub name: String,
    /// Its kept status.
    pub status: RunStatus,
    /// What was asked of it.
    pub wanted: Wish,
    /// The word for people: a status, or `pausing` and `cancelling`.
    pub state: String,
    /// The phase.
    pub phase: Phase,
    /// Finished share of the phase's tasks, 0 to 100 with one decimal.
    pub percent: f64,
    /// Tasks of the phase by state.
    pub tasks: TaskCounts,
    /// All counters.
    pub counters: Counters,
    /// What it has spent.
    pub spend: SpendView,
    /// What its newest take-over found, where there was one.
    pub recovery: Option<Recovery>,
    /// Task failures in a row right now.
    pub streak: u16,
    /// Failures in a row that pause the run.
    pub streak_max: u16,
    /// Until when the provider throttles all requests, or a worker waits because it asked to slow down, if so.
    pub throttled_until: Option<DateTime<Utc>>,
    /// Since when the database is away, if it is: workers stand still after their current page.
    pub storage_away_since: Option<DateTime<Utc>>,
    /// The workers, by number.
    pub workers: Vec<WorkerStatus>,
    /// Why it stands still.
    pub pause: Option<PauseView>,
    /// The newest event's number.
    pub last_event_id: i64,
    /// When it was first started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// When this was true.
    pub updated_at: DateTime<Utc>,
}

/// A pause with the advice that belongs to its reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PauseNow")]
pub struct PauseView {
    /// The stored pause.
    #[serde(flatten)]
    pub pause: Pause,
    /// What a person should do next.
    pub what_to_do: String,
    /// When it asks for one page by itself, to see whether the provider is well again.
    pub resumes_at: Option<DateTime<Utc>>,
    /// From then on it waits for a person; absent where it does so already.
    pub gives_up_at: Option<DateTime<Utc>>,
}

impl From<Pause> for PauseView {
    fn from(pause: Pause) -> Self {
        let what_to_do = pause.what_to_do().to_owned();
        let resumes_at = pause.resumes_at;
        let gives_up_at = resumes_at.map(|_| pause.gives_up_at());
        Self { pause, what_to_do, resumes_at, gives_up_at }
    }
}

/// The finished share of these tasks in percent, with one decimal; a phase without tasks is complete.
#[must_use]
pub fn percent(tasks: TaskCounts) -> f64 {
    if tasks.total() <= 0 {
        return 100.0;
    }
    let thousandths = i64::from(tasks.finished()) * 1_000 / i64::from(tasks.total());
    f64::from(i32::try_from(thousandths).unwrap_or(1_000)) / 10.0
}

/// The word that people see for a status and a wish.
#[must_use]
pub fn state_word(status: RunStatus, wanted: Wish) -> String {
    Standing { status, wanted }.word().to_owned()
}

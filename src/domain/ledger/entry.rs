//! What the Recorder is told (entries of a group) and what keeping them taught.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::summary::Summary;
use crate::domain::counters::Counters;
use crate::domain::event::{Action, Request, Subject};
use crate::domain::failure::{ErrorStage, ErrorType};
use crate::domain::ids::{JobId, RunKey, TaskNo, WorkerId};
use crate::domain::product::Product;
use crate::domain::raw_page::RawPage;
use crate::domain::recent::Recent;
use crate::domain::recovery::Recovery;
use crate::domain::run::{FailReason, Pause};
use crate::domain::seller::Sighting;
use crate::domain::spend::Spend;
use crate::domain::task::{OpenTask, Phase, TaskState};

/// What an answer cost at the vendor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// The vendor charges for it.
    pub billed: bool,
    /// The vendor rendered the page in a browser (dearer, with a smaller limit).
    pub rendered: bool,
}

/// A worker sends a page request. Not waited for.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// Who.
    pub worker: WorkerId,
    /// The task, with this claim's number.
    pub task: OpenTask,
    /// The request, for the `fetching` event.
    pub request: Request,
}

/// The vendor has taken a page request on as a job of its own. Waited for before its answer is: from here on the answer is
/// fetched by its id, whoever dies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Which task.
    pub task_no: TaskNo,
    /// The claim under which it was asked.
    pub claim_no: i32,
    /// The number that its outcome will have.
    pub request_no: i32,
    /// The vendor's id.
    pub job: JobId,
}

/// A page request has ended. Waited for before the worker goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Who.
    pub worker: WorkerId,
    /// Which task.
    pub task_no: TaskNo,
    /// The phase it belongs to.
    pub phase: Phase,
    /// The claim under which it was asked.
    pub claim_no: i32,
    /// Number of this request within its task, 1 is the first: what makes a second hand-over harmless.
    pub request_no: i32,
    /// The page asked for.
    pub page: i16,
    /// The request, for events.
    pub request: Request,
    /// When the answer was there.
    pub at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// What it cost.
    pub cost: Cost,
    /// What came of it.
    pub result: PageResult,
    /// The body, where it was paid for and nothing was found in it.
    pub raw: Option<RawPage>,
    /// The vendor's job, where it has not said its last word: the next attempt fetches its answer.
    pub job: Option<JobId>,
}

/// What came of a page request.
#[derive(Clone, Debug, PartialEq)]
pub enum PageResult {
    /// Products of a category.
    Products {
        /// The rows that could be read.
        rows: Vec<Product>,
        /// Rows that could not be read (a bad ASIN), counted and reported.
        bad_rows: i32,
        /// Products whose price could not be read, reported; they have none.
        unread_prices: i32,
        /// No page of this category follows.
        last: bool,
    },
    /// Sightings of a product's sellers.
    Sellers {
        /// One for each listing with a seller.
        sightings: Vec<Sighting>,
        /// No page of this product follows.
        last: bool,
    },
    /// Failed, and is asked again after a wait: uses up one attempt.
    Retry {
        /// Of which kind.
        error_type: ErrorType,
        /// Where.
        error_stage: ErrorStage,
        /// In words.
        message: String,
        /// Wait until the next attempt, in milliseconds.
        wait_ms: u64,
    },
    /// Rate limited, and is asked again after a wait: uses up no attempt.
    RateLimited {
        /// The provider's words.
        message: String,
        /// Wait until it is asked again, in milliseconds.
        wait_ms: u64,
        /// The wait that the provider named, however long, in milliseconds.
        stated_ms: Option<u64>,
    },
    /// The one page by which a paused run looks whether the provider is well brought nothing: the task goes back to
    /// pending and has used up no attempt, the run will pause again.
    Unwell {
        /// Of which kind.
        error_type: ErrorType,
        /// Where.
        error_stage: ErrorStage,
        /// In words.
        message: String,
    },
    /// The task failed at this page: its attempts are used up, or it was rejected.
    Failed {
        /// Of which kind.
        error_type: ErrorType,
        /// Where.
        error_stage: ErrorStage,
        /// In words.
        message: String,
        /// The provider refused the request itself (400, 422): no streak gives it fresh attempts.
        rejected: bool,
    },
    /// The provider refuses everything (401, 403, quota): the task goes back to pending, the run will pause.
    Refused {
        /// The provider's words.
        message: String,
    },
}

/// A claim given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Who held it.
    pub worker: WorkerId,
    /// Which task.
    pub task_no: TaskNo,
    /// Under which claim it was held.
    pub claim_no: i32,
    /// Its holder died: counts towards quarantine, and is told as `worker_restarted`.
    pub crash: Option<Crash>,
    /// When.
    pub at: DateTime<Utc>,
}

/// The death of a worker that held a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// What the task was about.
    pub subject: Subject,
    /// What is known of the cause.
    pub message: String,
}

/// The last entry of a run's actors: the state that the run takes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Close {
    /// Stands still. The tasks in `reprieved` go back to pending with fresh attempts, each at most once in a run.
    Paused {
        /// Why.
        pause: Pause,
        /// In words, for the event.
        message: String,
        /// The tasks of the streak.
        reprieved: Vec<TaskNo>,
    },
    /// Every task is final.
    Completed,
    /// Nothing succeeded, or the settings make no sense.
    Failed {
        /// Why.
        reason: FailReason,
        /// In words, for the event.
        message: String,
    },
    /// Ended by a person.
    Cancelled,
}

/// One thing to keep. Entries of a group are kept in their order, all or none.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A worker sends a page request.
    Started(Started),
    /// The vendor works on a page by itself. Answered like an outcome.
    Submitted(Submitted),
    /// A page request has ended.
    Outcome(Outcome),
    /// A claim is given back.
    Release(Release),
    /// The system says something, at this time.
    Said {
        /// What.
        action: Action,
        /// When.
        at: DateTime<Utc>,
    },
    /// The run was taken over: what that found is told, once for each take-over, and kept with the run.
    Recovered(Recovery),
    /// Phase `amazon` has no unfinished task left: its end is told, and the run goes to phase `ebay`. Answered
    /// [`Reply::Repeated`] where the run is there already.
    PhaseOver {
        /// When.
        at: DateTime<Utc>,
    },
    /// The page by which the run looked whether the provider is well was fine: its pause is over, and that is told once.
    Well {
        /// When.
        at: DateTime<Utc>,
    },
    /// Nothing: its answer says that everything before it is kept.
    Mark,
    /// The run stops here; always the last entry. Answered [`Reply::Repeated`] where the run is not running any more.
    Close {
        /// The state it takes on.
        close: Close,
        /// When.
        at: DateTime<Utc>,
    },
}

/// What the Recorder remembers between two groups; equal to the run row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The fencing number: grows with each take-over and each new Recorder.
    pub fence: i64,
    /// The newest kept group.
    pub group_no: i64,
    /// The newest event's number.
    pub last_seq: i64,
    /// The phase.
    pub phase: Phase,
    /// Task numbers of the failure streak, oldest first.
    pub streak: Vec<TaskNo>,
    /// How the newest pages went.
    pub recent: Recent,
    /// It runs to see whether the provider is well again: its pause is not over.
    pub probing: bool,
    /// The counters.
    pub counters: Counters,
    /// What the run has spent.
    pub spend: Spend,
    /// What its newest take-over found.
    pub recovery: Option<Recovery>,
}

/// What is kept in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Which run.
    pub key: RunKey,
    /// What the run row must still say; the group takes number `before.group_no + 1`.
    pub before: Memory,
    /// What happened, in order.
    pub entries: Vec<Entry>,
    /// The summary, when it is due.
    pub summary: Option<Summary>,
}

impl Group {
    /// The group's number.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.before.group_no + 1
    }
}

/// What became of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Kept now.
    Accepted,
    /// Was kept before; handing it over again changed nothing.
    KeptBefore,
    /// The claim is not current: somebody else has the task.
    Refused,
}

/// What became of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseResult {
    /// Pending again, as it stands now.
    Pending(Box<OpenTask>),
    /// It killed its worker too often: failed, code `worker_crashed`.
    Quarantined,
    /// Was given back before: pending as it stands now; nothing is counted again.
    PendingBefore(Box<OpenTask>),
    /// The task was final already, or somebody else holds it.
    Nothing,
}

/// The answer to one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To an outcome.
    Outcome(Verdict),
    /// To a release.
    Release(ReleaseResult),
    /// To everything else.
    Done,
    /// To a phase's end or a close that was kept before: nothing is told again.
    Repeated,
}

/// What a store learned while it wrote the rows of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learned {
    /// The answer to each entry, in order.
    pub replies: Vec<Reply>,
    /// For each accepted outcome with products, by its index among the entries: pending and skipped tasks it created.
    pub new_tasks: BTreeMap<usize, NewTasks>,
    /// Normalised names that were not in the registry before this group.
    pub new_in_registry: BTreeSet<String>,
    /// Normalised names that this run had not seen before this group.
    pub new_in_run: BTreeSet<String>,
    /// Tasks that went from one state to another, created ones left out.
    pub moves: Vec<Move>,
    /// Departments all of whose categories are final; `None` where no category became final.
    pub departments_completed: Option<i32>,
}

/// A task that went from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The phase it belongs to.
    pub phase: Phase,
    /// Its state before the group.
    pub from: TaskState,
    /// Its state after it.
    pub to: TaskState,
}

/// Tasks of phase `ebay` that a page of products created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewTasks {
    /// To be searched.
    pub pending: i32,
    /// Skipped at once: no title or no price.
    pub skipped: i32,
}

/// An event as it is stored and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number in the run.
    pub seq: i64,
    /// One line of JSON.
    pub data: Arc<str>,
}

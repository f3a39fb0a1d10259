//! What we keep: the only room with SQL.
//!
//! [`RunStore`] is all that the actors of a run need, with two implementations (PostgreSQL and memory) under one
//! contract suite. Reads for people are functions of the tables' own files.

mod aside;
pub mod automation;
pub mod categories;
mod connection;
pub mod embedded;
mod engine_session;
mod engines;
mod fault;
mod fragment;
mod loan;
pub mod memory;
pub mod migrate;
pub mod notices;
pub mod people;
pub mod registry;
pub mod runs;
#[rustfmt::skip]
mod schema;
mod text;
mod transaction;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::domain::budget::{Drawn, Grant};
use crate::domain::chosen::Chosen;
use crate::domain::ids::{EngineId, RunKey, TaskNo};
use crate::domain::ledger::{Group, Memory, Reply, StoredEvent};
use crate::domain::run::{Command, Pause, RunStatus, Wish};
use crate::domain::settings::{FieldError, RunSettings};
use crate::domain::task::{OpenTask, Phase};

pub use categories::CategoryRow;
pub use connection::{PgStore, PoolSeen, check_address};
pub use engine_session::EngineSession;
pub use engines::{EngineSeen, Survey, Surveyed};
pub use loan::ANSWER_MAX;
pub use memory::MemoryStore;
pub use people::PeopleError;
pub use people::api_tokens::TokenKind;
pub use people::doors::{Ended, TokenRow};
pub use runs::RunRow;
pub use runs::archive::{Applied, Archive};
pub use runs::run_sellers::RunSellerRow;
pub use runs::tasks::TaskRow;
pub use transaction::Expected;

/// Why the store did not do what it was asked, named after what the caller can do.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database cannot be reached or broke off: try again later, nothing is decided.
    #[error("the database is away: {0}")]
    Away(String),
    /// Somebody else owns the run now: stop writing.
    #[error("the run has been taken over")]
    FenceLost,
    /// Another engine works on the run, and is not known to be gone.
    #[error("another engine works on the run")]
    Owned,
    /// No such run in this organisation.
    #[error("no such run")]
    NotFound,
    /// The run's state does not allow the command.
    #[error("the run is {status}")]
    NotAllowed {
        /// The status it has.
        status: RunStatus,
        /// The wish it has.
        wanted: Wish,
        /// How many of its tasks failed: without one there is nothing to retry.
        failed_tasks: i32,
    },
    /// As many runs as the organisation may have are under way.
    #[error("{running} runs are under way, {max} are allowed")]
    ConcurrentLimit {
        /// Runs under way.
        running: i64,
        /// Most runs at one time.
        max: i64,
    },
    /// The run has sent all the requests that it may.
    #[error("{sent} requests were sent, {allowed} are allowed")]
    BudgetSpent {
        /// Requests that were sent.
        sent: i64,
        /// Requests that its setting `request_budget` allows.
        allowed: i64,
    },
    /// Fields of what was asked cannot be taken: nothing was changed.
    #[error("{} fields cannot be taken", .0.len())]
    Fields(Vec<FieldError>),
    /// The same idempotency key came before with another body: nothing was made.
    #[error("this idempotency key was used for another request")]
    IdempotencyMismatch,
    /// The database refused what was sent: a fault in our own code or a damaged row; trying again does not help.
    #[error("the database refused: {0}")]
    Broken(String),
}

/// A run as its supervisor takes it over.
#[derive(Clone, Debug)]
pub struct TakenOver {
    /// Its number within the organisation and its name, for people.
    pub name: String,
    /// Its status: `Running`, or final where there is nothing to take over.
    pub status: RunStatus,
    /// What was asked of it; a take-over obeys it.
    pub wanted: Wish,
    /// Its settings, or why they make no sense any more.
    pub settings: Result<RunSettings, String>,
    /// The run row, with the fencing number just raised.
    pub memory: Memory,
    /// Claims of a dead process that went back to pending.
    pub released: i32,
    /// Of those, the ones whose answer is paid for and can be fetched by its job's id.
    pub reattached: i32,
    /// Its requests that were on the wire.
    pub repeated: i64,
    /// From the last change of the run's row to the take-over, in milliseconds.
    pub time_lost_ms: i64,
    /// What it has drawn of the organisation's month, where months have a budget.
    pub grant: Option<Grant>,
    /// The provider that it was begun with, where engines say which one they ask.
    pub provider: Option<String>,
    /// When it was first started.
    pub started_at: Option<DateTime<Utc>>,
    /// The organisation's run before it, the last that searched anything, found sellers.
    pub found_before: bool,
    /// Why it stood still until now, where it runs to see whether that is over.
    pub pause: Option<Pause>,
}

/// What became of a group.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The answer to each entry, in order.
    pub replies: Vec<Reply>,
    /// The numbered events, to be told now.
    pub events: Vec<StoredEvent>,
    /// The run row after the group.
    pub after: Memory,
}

/// What was accepted by a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The status after the command.
    pub status: RunStatus,
    /// The wish after the command.
    pub wanted: Wish,
    /// The same command was pending already (a second cancel).
    pub repeated: bool,
    /// Events that the command itself wrote, for a run without live actors.
    pub events: Vec<StoredEvent>,
    /// The engine that works on the run: whoever else accepted the command leaves it to that one.
    pub owner: Option<EngineId>,
    /// Commands that the run has accepted so far.
    pub commands: i32,
}

/// What schedules have brought about.
#[derive(Clone, Debug, Default)]
pub struct Fired {
    /// Runs that were started: this engine works on them.
    pub begun: Vec<RunKey>,
    /// How long it is to the next moment of a schedule; none where none is switched on.
    pub next_in: Option<TimeDelta>,
}

/// What the actors of a run need of storage, and nothing else.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// The engine that this store writes for: the owner of the runs that are taken over through it.
    fn engine(&self) -> EngineId;

    /// Takes a run over that nobody owns, that is this engine's own, or that belongs to `gone`: ends what sessions that
    /// engine still has, raises the fencing number (which waits for, or defeats, a transaction of the old owner), puts
    /// claimed tasks back to pending at their last kept page, and reads the run row.
    ///
    /// # Errors
    /// [`StoreError::Owned`] where somebody else was faster, or where an engine that was still in session has beaten since
    /// it was seen; [`StoreError::NotFound`], [`StoreError::Away`].
    async fn take_over(&self, key: RunKey, gone: Option<EngineSeen>) -> Result<TakenOver, StoreError>;

    /// For a new Recorder within the same owner: raises the fencing number and reads the run row; claims stay.
    ///
    /// # Errors
    /// [`StoreError::FenceLost`] where the row's number is not `fence`; [`StoreError::Away`].
    async fn raise_fence(&self, key: RunKey, fence: i64) -> Result<Memory, StoreError>;

    /// The run row as it is, for a new FailureCounter.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Away`].
    async fn memory(&self, key: RunKey) -> Result<Memory, StoreError>;

    /// Pending and claimed tasks of a phase with a number above `after`, lowest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    async fn read_ahead(
        &self,
        key: RunKey,
        phase: Phase,
        after: TaskNo,
        limit: i64,
    ) -> Result<Vec<OpenTask>, StoreError>;

    /// Keeps a group in one transaction, all or nothing. A group whose number is there already was kept: its answers
    /// and events are read back and nothing is written.
    ///
    /// An outcome counts only where its claim is current (the row's claim number is the same and the task is claimed,
    /// or is lower and the task is pending: its `started` was lost) and its request number is the row's plus one.
    ///
    /// # Errors
    /// [`StoreError::FenceLost`], [`StoreError::Away`] (nothing is known; send the same group again),
    /// [`StoreError::Broken`].
    async fn keep(&self, group: &Group) -> Result<Kept, StoreError>;

    /// The newest events of a run, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    async fn last_events(&self, key: RunKey, limit: i64) -> Result<Vec<StoredEvent>, StoreError>;

    /// Gives a command: one conditional update of what is wanted, so that of two racing commands one loses. A run
    /// without live actors (pending, paused, final) takes on its new status here, with its event numbered under the
    /// row's lock; a running one gets it from its own actors.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NotAllowed`], [`StoreError::ConcurrentLimit`], [`StoreError::BudgetSpent`] to
    /// a resume that could send nothing, [`StoreError::Away`].
    async fn command(&self, key: RunKey, command: Command, runs_max: i64) -> Result<Accepted, StoreError>;

    /// As [`Command::RetryFailed`], for these of the failed tasks alone: all of them run again, or none.
    ///
    /// # Errors
    /// As [`RunStore::command`], and [`StoreError::Fields`] for a task or an error that is not among the failed.
    async fn retry(&self, key: RunKey, chosen: &Chosen, runs_max: i64) -> Result<Accepted, StoreError>;

    /// Pauses a running run of this engine on which nobody works any more: raises its fencing number, puts claimed tasks
    /// back to pending, and tells it. A cancel that is wanted is brought about instead.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NotAllowed`] where it is not running, [`StoreError::Owned`] where another
    /// engine works on it, [`StoreError::Away`].
    async fn set_aside(&self, key: RunKey, pause: &Pause) -> Result<Accepted, StoreError>;

    /// Paused runs of every organisation that are due to look whether the provider is well again.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    async fn due(&self) -> Result<Vec<RunKey>, StoreError>;

    /// Has this engine look, for a due run, whether the provider is well again: the run is running, and its pause is kept
    /// beside that.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NotAllowed`] where it is not paused or not due (any more),
    /// [`StoreError::ConcurrentLimit`], [`StoreError::Away`].
    async fn look_again(&self, key: RunKey, runs_max: i64) -> Result<Accepted, StoreError>;

    /// Makes and starts the runs of schedules whose moment has come; of several engines one makes each. A store that keeps no
    /// schedules has none to fire.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    async fn fire(&self, runs_max: i64) -> Result<Fired, StoreError>;

    /// Draws requests of the organisation's month for a run of this owner that has sent `sent`, so that it has up to `want`
    /// to send, and never more than are left; with 0 it gives back what it has. `None` where months have no budget.
    ///
    /// # Errors
    /// [`StoreError::FenceLost`] where the row's number is not `fence`, [`StoreError::NotFound`], [`StoreError::Away`].
    async fn draw(&self, key: RunKey, fence: i64, sent: i64, want: i64) -> Result<Option<Drawn>, StoreError>;

    /// Looks at what the engines of this database do: every run under way, the runs in `watched` whatever their state,
    /// and every engine with its beat. With `beats` this engine's own beat is raised first.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    async fn survey(&self, beats: bool, watched: &[RunKey]) -> Result<Survey, StoreError>;

    /// Gives up every run of this engine, so that another takes them over at once.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    async fn leave(&self) -> Result<(), StoreError>;
}

#[async_trait]
impl RunStore for PgStore {
    fn engine(&self) -> EngineId {
        self.engine
    }

    async fn take_over(&self, key: RunKey, gone: Option<EngineSeen>) -> Result<TakenOver, StoreError> {
        self.take_run_over(key, gone).await
    }

    async fn raise_fence(&self, key: RunKey, fence: i64) -> Result<Memory, StoreError> {
        self.raise_run_fence(key, fence).await
    }

    async fn memory(&self, key: RunKey) -> Result<Memory, StoreError> {
        Ok(self.run(key.org, key.run).await?.memory())
    }

    async fn read_ahead(
        &self,
        key: RunKey,
        phase: Phase,
        after: TaskNo,
        limit: i64,
    ) -> Result<Vec<OpenTask>, StoreError> {
        self.open_tasks_after(key, phase, after, limit).await
    }

    async fn keep(&self, group: &Group) -> Result<Kept, StoreError> {
        self.keep_group(group).await
    }

    async fn last_events(&self, key: RunKey, limit: i64) -> Result<Vec<StoredEvent>, StoreError> {
        self.newest_events(key, limit).await
    }

    async fn command(&self, key: RunKey, command: Command, runs_max: i64) -> Result<Accepted, StoreError> {
        self.command_run(key, command, &Chosen::All, runs_max).await
    }

    async fn retry(&self, key: RunKey, chosen: &Chosen, runs_max: i64) -> Result<Accepted, StoreError> {
        self.command_run(key, Command::RetryFailed, chosen, runs_max).await
    }

    async fn set_aside(&self, key: RunKey, pause: &Pause) -> Result<Accepted, StoreError> {
        self.set_run_aside(key, pause).await
    }

    async fn due(&self) -> Result<Vec<RunKey>, StoreError> {
        self.due_runs().await
    }

    async fn look_again(&self, key: RunKey, runs_max: i64) -> Result<Accepted, StoreError> {
        self.have_run_look_again(key, runs_max).await
    }

    async fn fire(&self, runs_max: i64) -> Result<Fired, StoreError> {
        self.fire_what_is_due(runs_max).await
    }

    async fn draw(&self, key: RunKey, fence: i64, sent: i64, want: i64) -> Result<Option<Drawn>, StoreError> {
        self.draw_requests(key, fence, sent, want).await
    }

    async fn survey(&self, beats: bool, watched: &[RunKey]) -> Result<Survey, StoreError> {
        self.survey_runs(beats, watched).await
    }

    async fn leave(&self) -> Result<(), StoreError> {
        self.leave_runs().await
    }
}

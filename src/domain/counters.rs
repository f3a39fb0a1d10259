//! The counters of a run: derived from rows that were really written, never guessed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::task::{Phase, TaskState};

/// How many tasks of one phase are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskCounts {
    /// Waiting.
    pub pending: i32,
    /// Held by a worker.
    pub claimed: i32,
    /// Finished.
    pub done: i32,
    /// Given up.
    pub failed: i32,
    /// Not asked for.
    pub skipped: i32,
}

impl TaskCounts {
    /// All tasks of the phase.
    #[must_use]
    pub fn total(&self) -> i32 {
        self.pending + self.claimed + self.done + self.failed + self.skipped
    }

    /// Tasks that are final.
    #[must_use]
    pub fn finished(&self) -> i32 {
        self.done + self.failed + self.skipped
    }

    /// The count of one state.
    pub fn of_mut(&mut self, state: TaskState) -> &mut i32 {
        match state {
            TaskState::Pending => &mut self.pending,
            TaskState::Claimed => &mut self.claimed,
            TaskState::Done => &mut self.done,
            TaskState::Failed => &mut self.failed,
            TaskState::Skipped => &mut self.skipped,
        }
    }
}

/// The counters of a run as its row keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counters {
    /// Chosen departments.
    pub departments_total: i32,
    /// Departments all of whose chosen categories are final.
    pub departments_completed: i32,
    /// Tasks of phase `amazon`.
    pub amazon: TaskCounts,
    /// Tasks of phase `ebay`.
    pub ebay: TaskCounts,
    /// Rows that the provider gave (a product in two categories counts twice).
    pub products_fetched: i32,
    /// Distinct sellers that the run saw.
    pub sellers_found: i32,
    /// Of those, sellers that were not in the registry before.
    pub sellers_new: i32,
    /// Page requests whose answer is known.
    pub requests_made: i64,
    /// Of those, requests that the vendor bills.
    pub requests_billed: i64,
}

impl Counters {
    /// The task counts of a phase.
    #[must_use]
    pub fn phase(&self, phase: Phase) -> TaskCounts {
        match phase {
            Phase::Amazon => self.amazon,
            Phase::Ebay => self.ebay,
        }
    }

    /// The task counts of a phase, to change.
    pub fn phase_mut(&mut self, phase: Phase) -> &mut TaskCounts {
        match phase {
            Phase::Amazon => &mut self.amazon,
            Phase::Ebay => &mut self.ebay,
        }
    }
}

//! `collection_tasks`: the rows that are a run's checkpoint.

use crate::domain::ids::TaskNo;
use crate::domain::task::{OpenTask, Phase, TaskState, Work};

/// A task as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// Its number in the run.
    pub task_no: TaskNo,
    /// Where it stands.
    pub state: TaskState,
    /// The newest claim; 0 before the first.
    pub claim_no: i32,
    /// The page to ask for next, 1 is the first.
    pub next_page: i16,
    /// Attempts of that page so far.
    pub page_attempts: i16,
    /// Workers that died holding it.
    pub crashes: i16,
    /// Requests whose outcome is kept.
    pub requests: i32,
    /// Products that its pages held (phase `amazon`).
    pub products: i32,
    /// The provider refused the request itself; no streak gives it fresh attempts.
    pub rejected: bool,
    /// A streak gave it fresh attempts already; that happens once.
    pub reprieved: bool,
    /// The last failure's kind, or why it was skipped.
    pub error_code: Option<String>,
    /// The last failure in words.
    pub error_message: Option<String>,
    /// What it asks for.
    pub work: Work,
}

impl TaskRow {
    /// A task that nobody has touched.
    #[must_use]
    pub fn fresh(task_no: TaskNo, work: Work) -> Self {
        Self {
            task_no,
            state: TaskState::Pending,
            claim_no: 0,
            next_page: 1,
            page_attempts: 0,
            crashes: 0,
            requests: 0,
            products: 0,
            rejected: false,
            reprieved: false,
            error_code: None,
            error_message: None,
            work,
        }
    }

    /// The phase it belongs to.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.work.phase()
    }

    /// Whether nothing more happens to it by itself.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self.state, TaskState::Done | TaskState::Failed | TaskState::Skipped)
    }

    /// The task as the Coordinator reads it.
    #[must_use]
    pub fn open(&self) -> OpenTask {
        OpenTask {
            task_no: self.task_no,
            state: self.state,
            claim_no: self.claim_no,
            next_page: self.next_page,
            page_attempts: self.page_attempts,
            crashes: self.crashes,
            requests: self.requests,
            work: self.work.clone(),
        }
    }

    /// Whether a claim of that number is the one that counts: it holds the task, or its `started` was lost.
    pub(crate) fn is_current(&self, claim_no: i32) -> bool {
        match self.state {
            TaskState::Claimed => self.claim_no == claim_no,
            TaskState::Pending => self.claim_no < claim_no,
            _ => false,
        }
    }
}

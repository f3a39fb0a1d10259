//! The failure streak, entry by entry: the tasks that failed since the newest one that was done.

use super::{Entry, Outcome, PageResult, Reply, Verdict};
use crate::domain::failure::ErrorStage;
use crate::domain::ids::TaskNo;

/// What an entry makes of the streak, if it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Leaves,
    /// The task is in it from now on.
    Joins(TaskNo),
    /// It begins anew.
    Ends,
}

impl Step {
    /// Of an entry of any kind.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        match entry {
            Entry::Outcome(outcome) => Self::of_outcome(outcome),
            Entry::PhaseOver { .. } | Entry::Close { .. } => Self::Ends,
            _ => Self::Leaves,
        }
    }

    /// Of an outcome: a finished task ends the streak, a page in the middle of one does not; a page that could not be kept
    /// says nothing of the provider.
    #[must_use]
    pub fn of_outcome(outcome: &Outcome) -> Self {
        match &outcome.result {
            PageResult::Products { last: true, .. } | PageResult::Sellers { last: true, .. } => Self::Ends,
            PageResult::Failed { error_stage, .. } if *error_stage != ErrorStage::Storage => {
                Self::Joins(outcome.task_no)
            }
            _ => Self::Leaves,
        }
    }

    /// Takes it, where the reply says that its entry counts.
    pub fn take(self, reply: &Reply, streak: &mut Vec<TaskNo>) {
        let counts = matches!(reply, Reply::Done | Reply::Outcome(Verdict::Accepted));
        match self {
            Self::Joins(task_no) if counts && !streak.contains(&task_no) => streak.push(task_no),
            Self::Ends if counts => streak.clear(),
            _ => {}
        }
    }
}

//! Tasks that kill who holds them: under suspicion after a process died, set aside after the third death that is theirs.

use super::tasks::TaskRow;
use crate::domain::task::{CRASHES_MAX, SUSPECT_FROM, TaskState};

/// The error code of a task that killed its workers too often.
pub const WORKER_CRASHED: &str = "worker_crashed";

/// Claims that went back.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Released {
    /// All of them.
    pub tasks: i32,
    /// Of those, the ones whose answer is paid for and can be fetched.
    pub jobs: i32,
}

impl Released {
    /// One more, as it is now.
    pub fn count(&mut self, task: &TaskRow) {
        self.tasks += 1;
        self.jobs += i32::from(task.state == TaskState::Pending && task.job.is_some());
    }
}

/// What becomes of a claim that a take-over finds: it goes back, and where its process died, that is noted. A task that
/// was already under suspicion ran alone: then it counts as the death of its worker.
pub(crate) fn left_behind(task: &mut TaskRow, process_died: bool) {
    task.state = TaskState::Pending;
    if !process_died {
        return;
    }
    if task.suspect >= SUSPECT_FROM {
        task.crashes += 1;
        quarantine_if_due(task, "its process died three times while it was the only task on the wire");
    }
    task.suspect = task.suspect.saturating_add(1);
}

/// Sets a task aside that killed its workers too often.
pub(in crate::store) fn quarantine_if_due(task: &mut TaskRow, message: &str) {
    if task.crashes >= CRASHES_MAX {
        task.state = TaskState::Failed;
        task.error_code = Some(WORKER_CRASHED.to_owned());
        task.error_message = Some(message.to_owned());
    }
}

//! What follows from deaths: an answer that comes when nobody waits for it any more, and the report of a take-over.

use super::Ledger;
use crate::domain::event::Action;
use crate::domain::ids::WorkerId;
use crate::domain::ledger::Outcome;
use crate::domain::recovery::Recovery;

impl Ledger<'_> {
    /// An answer that came too late was paid for all the same, and is told.
    pub(super) fn refused(&mut self, outcome: &Outcome) -> Result<(), serde_json::Error> {
        self.after.counters.requests_made += 1;
        self.after.counters.requests_billed += i64::from(outcome.cost.billed);
        self.after.spend.came_late(outcome.task_no, outcome.cost);
        if let Some(recovery) = &mut self.after.recovery {
            recovery.late_answers += 1;
        }
        let action = Action::AnswerRefused {
            request: outcome.request.clone(),
            task_no: outcome.task_no,
            claim_no: outcome.claim_no,
            error_message: "it came too late: its claim on the task is not the current one any more".to_owned(),
            duration_ms: outcome.duration_ms,
        };
        self.tell(outcome.worker, outcome.at, action)
    }

    /// Whoever hands over a report again has it told once.
    pub(super) fn recovered(&mut self, recovery: &Recovery) -> Result<(), serde_json::Error> {
        if self.after.recovery.as_ref().is_some_and(|known| known.at == recovery.at) {
            return Ok(());
        }
        self.after.recovery = Some(recovery.clone());
        self.tell(WorkerId::SYSTEM, recovery.at, Action::RunRecovered(recovery.clone()))
    }
}

//! The recovery report: what a take-over found, and what the death before it may have cost.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a take-over found. Told once as an event; the newest one is kept with its run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recovery {
    /// When the run was taken over.
    pub at: DateTime<Utc>,
    /// From what.
    pub why: String,
    /// Tasks that were held and went back to wait.
    pub tasks_released: i32,
    /// Answers that were paid for before: they are fetched from here on, and not bought again.
    pub answers_reattached: i32,
    /// Requests that were on the wire: their pages are asked for again, and may be paid twice.
    pub requests_repeated: i64,
    /// Answers that came since from workers which the present owner had replaced meanwhile, and were refused. What the old
    /// owner still sends is refused whole and is not among them.
    pub late_answers: i64,
    /// From the last sign of the old owner in the run's row to the take-over, in milliseconds.
    pub time_lost_ms: i64,
}

impl Recovery {
    /// In one line, for people.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self { why, tasks_released, answers_reattached, requests_repeated, late_answers, time_lost_ms, .. } = self;
        let (seconds, tenths) = (time_lost_ms / 1_000, time_lost_ms % 1_000 / 100);
        format!(
            "{why}: {tasks_released} tasks released, {answers_reattached} answers re-attached, {requests_repeated} requests \
             possibly paid twice, {late_answers} late answers refused, {seconds}.{tenths} s lost"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_line_with_every_figure() {
        let recovery = Recovery {
            at: DateTime::from_timestamp(1_767_225_600, 0).expect("a time"),
            why: "taken over".to_owned(),
            tasks_released: 4,
            answers_reattached: 0,
            requests_repeated: 3,
            late_answers: 1,
            time_lost_ms: 1_250,
        };
        assert_eq!(
            recovery.in_words(),
            "taken over: 4 tasks released, 0 answers re-attached, 3 requests possibly paid twice, 1 late answers refused, \
             1.2 s lost"
        );
    }
}

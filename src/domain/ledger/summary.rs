//! The summary for people in the run row: where the run stands, and what is worked at.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Entry, Group, Memory};
use crate::domain::progress::percent;

/// A summary for people, written beside a group at most once a second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// `collection_runs.checkpoint`.
    pub checkpoint: Value,
    /// `collection_runs.worker_status`, one entry per worker.
    pub worker_status: Value,
}

/// A summary's checkpoint: where the run stands, and what is worked at.
#[must_use]
pub fn checkpoint(
    memory: &Memory,
    current_activity: &[String],
    throttled_until: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
) -> Value {
    let tasks = memory.counters.phase(memory.phase);
    json!({
        "phase": memory.phase,
        "tasks": tasks,
        "percent": percent(tasks),
        "current_activity": current_activity,
        "throttled_until": throttled_until,
        "updated_at": at,
    })
}

impl Group {
    /// The summary's checkpoint to write with it: the one that is due, or that of a run which this group brings to rest.
    #[must_use]
    pub fn checkpoint(&self, after: &Memory) -> Option<Value> {
        let closed = self.entries.iter().find_map(|entry| match entry {
            Entry::Close { at, .. } => Some(*at),
            _ => None,
        });
        match closed {
            Some(at) => Some(checkpoint(after, &[], None, at)),
            None => self.summary.as_ref().map(|summary| summary.checkpoint.clone()),
        }
    }
}

//! `seller_audit_log`: what changed the registry, one entry for each run and each time it is re-opened.

use chrono::{DateTime, Utc};

use crate::domain::ids::RunId;

/// A `collection_run` entry: it opens with the run and closes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEntryRow {
    /// The run that made the change.
    pub source_run_id: RunId,
    /// When it opened.
    pub created_at: DateTime<Utc>,
    /// When it closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Sellers that the run added while it was open.
    pub affected_count: i32,
    /// How many sellers the organisation had when it closed.
    pub seller_count_snapshot: Option<i64>,
}

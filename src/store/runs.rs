//! `collection_runs`: one row for each run, with its counters, its wish and the number of its newest group.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::TakenOver;
use crate::domain::counters::Counters;
use crate::domain::ids::{OrgId, RunId, RunKey, TaskNo};
use crate::domain::ledger::Memory;
use crate::domain::run::{FailReason, Pause, RunStatus, Wish};
use crate::domain::settings::RunSettings;
use crate::domain::task::{Category, Phase};

/// A run as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// Whose run it is.
    pub org_id: OrgId,
    /// Which run.
    pub id: RunId,
    /// Its number within the organisation: 1, 2, 3 ...
    pub number: i32,
    /// Its name, for people.
    pub name: String,
    /// Its status.
    pub status: RunStatus,
    /// What was asked of it.
    pub wanted: Wish,
    /// Its phase.
    pub phase: Phase,
    /// Its settings as they are kept; read with [`RunRow::run_settings`].
    pub settings: Value,
    /// The chosen categories.
    pub categories: Vec<Category>,
    /// Why it stands still.
    pub pause: Option<Pause>,
    /// Why it failed.
    pub fail_reason: Option<FailReason>,
    /// Why it failed, in words.
    pub fail_message: Option<String>,
    /// The fencing number.
    pub fence: i64,
    /// The newest kept group.
    pub group_no: i64,
    /// The newest event's number.
    pub last_seq: i64,
    /// Task numbers of the failure streak, oldest first.
    pub streak: Vec<TaskNo>,
    /// The counters.
    pub counters: Counters,
    /// A summary for people, written at most once a second.
    pub checkpoint: Value,
    /// One entry for each worker, written at most once a second.
    pub worker_status: Value,
    /// How many sellers the organisation had when the run ended.
    pub seller_count_snapshot: Option<i64>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was first started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// When its row last changed.
    pub updated_at: DateTime<Utc>,
}

impl RunRow {
    /// Both parts of its key.
    #[must_use]
    pub fn key(&self) -> RunKey {
        RunKey { org: self.org_id, run: self.id }
    }

    /// What the Recorder remembers of it.
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory {
            fence: self.fence,
            group_no: self.group_no,
            last_seq: self.last_seq,
            phase: self.phase,
            streak: self.streak.clone(),
            counters: self.counters,
        }
    }

    /// Its settings, or why they make no sense any more.
    ///
    /// # Errors
    /// In words, where a field is unknown, of a wrong type or out of its bounds.
    pub fn run_settings(&self) -> Result<RunSettings, String> {
        let settings: RunSettings = serde_json::from_value(self.settings.clone()).map_err(|error| error.to_string())?;
        let errors: Vec<String> =
            settings.out_of_bounds().into_iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
        if errors.is_empty() { Ok(settings) } else { Err(errors.join("; ")) }
    }

    /// Whether a product without a price cannot be searched. Settings that cannot be read filter nothing.
    pub(crate) fn needs_price(&self) -> bool {
        self.settings.get("price_window").is_some_and(|window| !window.is_null())
    }

    /// What a supervisor is told.
    pub(crate) fn taken_over(&self, released: i32) -> TakenOver {
        TakenOver {
            name: self.name.clone(),
            status: self.status,
            wanted: self.wanted,
            settings: self.run_settings(),
            memory: self.memory(),
            released,
            started_at: self.started_at,
        }
    }
}

/// The categories without those that repeat an earlier one's node.
pub(crate) fn distinct(categories: &[Category]) -> Vec<Category> {
    let mut seen = BTreeSet::new();
    categories.iter().filter(|category| seen.insert(&category.node_id)).cloned().collect()
}

/// The counters of a run that nobody has started.
pub(crate) fn first_counters(categories: &[Category]) -> Counters {
    let departments: BTreeSet<&str> = categories.iter().map(|category| category.department.as_str()).collect();
    let count = |length: usize| i32::try_from(length).unwrap_or(i32::MAX);
    let mut counters = Counters { departments_total: count(departments.len()), ..Counters::default() };
    counters.amazon.pending = count(categories.len());
    counters
}

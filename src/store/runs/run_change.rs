//! What a command may change of a run's row.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::run_row::RunRow;
use crate::domain::run::FailReason;
use crate::store::StoreError;
use crate::store::schema::collection_runs;

/// What a command may change of a run's row.
#[derive(AsChangeset)]
#[diesel(table_name = collection_runs, treat_none_as_null = true)]
pub(super) struct RunChange<'a> {
    status: &'a str,
    wanted: &'a str,
    phase: &'a str,
    pause: Option<Value>,
    fail_reason: Option<&'a str>,
    fail_message: Option<&'a str>,
    fence: i64,
    last_seq: i64,
    streak: Vec<i32>,
    owner: Option<Uuid>,
    commands: i32,
    recent_pages: i64,
    recent_pages_count: i16,
    empty_pages: i32,
    resume_at: Option<DateTime<Utc>>,
    departments_completed: i32,
    amazon_pending: i32,
    amazon_claimed: i32,
    amazon_failed: i32,
    ebay_pending: i32,
    ebay_claimed: i32,
    ebay_failed: i32,
    spend: Value,
    granted: Option<i64>,
    granted_month: Option<NaiveDate>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl<'a> RunChange<'a> {
    pub(super) fn of(row: &'a RunRow) -> Result<Self, StoreError> {
        let pause = row.pause.as_ref().map(serde_json::to_value).transpose();
        Ok(Self {
            status: row.status.as_str(),
            wanted: row.wanted.as_str(),
            phase: row.phase.as_str(),
            pause: pause.map_err(|error| StoreError::Broken(error.to_string()))?,
            fail_reason: row.fail_reason.map(FailReason::as_str),
            fail_message: row.fail_message.as_deref(),
            fence: row.fence,
            last_seq: row.last_seq,
            streak: row.streak.iter().map(|task_no| task_no.0).collect(),
            owner: row.owner.map(|engine| engine.0),
            commands: row.commands,
            recent_pages: row.recent.pages,
            recent_pages_count: row.recent.count,
            empty_pages: row.recent.empty,
            resume_at: row.pause.as_ref().and_then(|pause| pause.resumes_at),
            departments_completed: row.counters.departments_completed,
            amazon_pending: row.counters.amazon.pending,
            amazon_claimed: row.counters.amazon.claimed,
            amazon_failed: row.counters.amazon.failed,
            ebay_pending: row.counters.ebay.pending,
            ebay_claimed: row.counters.ebay.claimed,
            ebay_failed: row.counters.ebay.failed,
            spend: serde_json::to_value(&row.spend).map_err(|error| StoreError::Broken(error.to_string()))?,
            granted: row.grant.map(|grant| grant.to),
            granted_month: row.grant.map(|grant| grant.month),
            started_at: row.started_at,
            completed_at: row.completed_at,
            updated_at: row.updated_at,
        })
    }
}

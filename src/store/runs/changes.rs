//! Changing a run on which nobody works: its name, and settings that it obeys when it starts or resumes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Map, Value};
use thiserror::Error;

use super::run_row::{RunRow, StoredRun};
use crate::domain::ids::RunKey;
use crate::domain::run::{Pause, RunStatus};
use crate::domain::settings::{FieldError, RunSettings};
use crate::store::loan::Loan;
use crate::store::schema::collection_runs;
use crate::store::{PgStore, StoreError};

/// What is to be another one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Its name.
    pub name: Option<String>,
    /// Settings by name, laid over those that it has.
    pub settings: Map<String, Value>,
}

/// Why nothing was changed.
#[derive(Debug, Error)]
pub enum NotChanged {
    /// The run is under way or final, there is none, or the database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run is no longer what the caller expects.
    #[error("the run has changed meanwhile")]
    Stale,
    /// Settings that cannot be taken.
    #[error("{} settings cannot be taken", .0.len())]
    Fields(Vec<FieldError>),
}

/// Changes the row, as both stores do, and answers its settings by then. A run whose `auto_resume` is switched is looked at
/// by itself from now on, or not any more.
pub(in crate::store) fn change(
    row: &mut RunRow,
    changes: &Changes,
    now: DateTime<Utc>,
) -> Result<RunSettings, NotChanged> {
    if !matches!(row.status, RunStatus::Pending | RunStatus::Paused) {
        let failed_tasks = row.counters.amazon.failed + row.counters.ebay.failed;
        return Err(StoreError::NotAllowed { status: row.status, wanted: row.wanted, failed_tasks }.into());
    }
    // Settings that make no sense any more are mended by laying sound ones over them.
    let before: RunSettings = serde_json::from_value(row.settings.clone()).unwrap_or_default();
    let settings = before.with_overrides(&changes.settings).map_err(NotChanged::Fields)?;
    refuse_below_sent(row, changes, &settings)?;
    if settings.auto_resume != before.auto_resume {
        let scheduled = |pause: Pause| match settings.auto_resume {
            true => pause.with_next_probe(None, now),
            false => Pause { resumes_at: None, ..pause },
        };
        row.pause = row.pause.take().map(scheduled);
    }
    row.settings = serde_json::to_value(&settings).map_err(|error| StoreError::Broken(error.to_string()))?;
    if let Some(name) = &changes.name {
        row.name.clone_from(name);
    }
    row.updated_at = now;
    Ok(settings)
}

/// A budget below what is sent already could not be kept any more.
fn refuse_below_sent(row: &RunRow, changes: &Changes, settings: &RunSettings) -> Result<(), NotChanged> {
    let sent = row.spend.all_sent();
    let budget = settings.request_budget.filter(|_| changes.settings.contains_key("request_budget"));
    match budget.map(|budget| i64::try_from(budget).unwrap_or(i64::MAX)) {
        Some(budget) if budget < sent => {
            let message =
                format!("{budget} is not allowed: {sent} requests are sent already; {sent} or more is, or null");
            Err(NotChanged::Fields(vec![FieldError::new("request_budget", message)]))
        }
        _ => Ok(()),
    }
}

impl PgStore {
    /// Changes a pending or paused run, and answers it as it is then.
    ///
    /// # Errors
    /// [`NotChanged`].
    pub async fn change_run(&self, key: RunKey, changes: &Changes) -> Result<RunRow, NotChanged> {
        self.change_run_if(key, changes, &|_| true).await
    }

    /// As [`Self::change_run`], where the run is what the caller expects; nobody changes it between that look and the
    /// change.
    ///
    /// # Errors
    /// [`NotChanged`].
    pub async fn change_run_if(
        &self,
        key: RunKey,
        changes: &Changes,
        is_expected: &(dyn Fn(&RunRow) -> bool + Sync),
    ) -> Result<RunRow, NotChanged> {
        let lease = self.lease().await?;
        let worked = match self.changing(&lease, key, changes, is_expected).await {
            Ok(row) => Ok(Ok(row)),
            Err(NotChanged::Store(error)) => Err(error),
            Err(refused @ (NotChanged::Fields(_) | NotChanged::Stale)) => Ok(Err(refused)),
        };
        Self::finish(lease, worked).await?
    }

    async fn changing(
        &self,
        mut conn: &Loan,
        key: RunKey,
        changes: &Changes,
        is_expected: &(dyn Fn(&RunRow) -> bool + Sync),
    ) -> Result<RunRow, NotChanged> {
        conn.batch_execute("BEGIN").await.map_err(StoreError::from)?;
        let run = collection_runs::table.find((key.org.0, key.run.0));
        let stored = run.select(StoredRun::as_select()).for_no_key_update().first(&mut conn).await;
        let mut row = RunRow::try_from(stored.map_err(StoreError::from)?)?;
        if !is_expected(&row) {
            return Err(NotChanged::Stale);
        }
        let settings = change(&mut row, changes, self.clock.now())?;
        diesel::update(run)
            .set((
                collection_runs::name.eq(&row.name),
                collection_runs::settings.eq(&row.settings),
                collection_runs::searched_as.eq(settings.searched_as()),
                collection_runs::resume_at.eq(row.pause.as_ref().and_then(|pause| pause.resumes_at)),
                collection_runs::updated_at.eq(row.updated_at),
            ))
            .execute(&mut conn)
            .await
            .map_err(StoreError::from)?;
        Ok(row)
    }
}

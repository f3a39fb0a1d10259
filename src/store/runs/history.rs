//! The runs of an organisation that are over, by when they ended.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::run_row::{RunRow, StoredRun};
use crate::domain::ids::{OrgId, RunId};
use crate::domain::run::RunStatus;
use crate::store::schema::collection_runs;
use crate::store::{PgStore, StoreError};

/// Which ended runs are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ended {
    /// In this status.
    pub status: Option<RunStatus>,
    /// That ended then or later.
    pub from: Option<DateTime<Utc>>,
    /// That ended before.
    pub to: Option<DateTime<Utc>>,
}

impl PgStore {
    /// The organisation's runs that are over, the one that ended last first, after the one that ended at `after`.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn ended_runs(
        &self,
        org: OrgId,
        which: Ended,
        after: Option<(DateTime<Utc>, RunId)>,
        limit: i64,
    ) -> Result<Vec<RunRow>, StoreError> {
        let mut runs = collection_runs::table
            .filter(collection_runs::org_id.eq(org.0))
            .filter(collection_runs::completed_at.is_not_null())
            .order((collection_runs::completed_at.desc(), collection_runs::id.desc()))
            .limit(limit)
            .select(StoredRun::as_select())
            .into_boxed();
        if let Some((at, RunId(id))) = after {
            let same_moment = collection_runs::completed_at.eq(at).and(collection_runs::id.lt(id));
            runs = runs
                .filter(collection_runs::completed_at.le(at))
                .filter(collection_runs::completed_at.lt(at).or(same_moment));
        }
        if let Some(status) = which.status {
            runs = runs.filter(collection_runs::status.eq(status.as_str()));
        }
        if let Some(from) = which.from {
            runs = runs.filter(collection_runs::completed_at.ge(from));
        }
        if let Some(to) = which.to {
            runs = runs.filter(collection_runs::completed_at.lt(to));
        }
        let stored: Vec<StoredRun> = runs.load(&mut self.connection().await?).await?;
        self.with_removals(stored.into_iter().map(RunRow::try_from).collect::<Result<_, _>>()?).await
    }
}

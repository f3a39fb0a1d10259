//! How many runs stand how, over all organisations: for whoever operates the service, never for one of them.

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::domain::run::RunStatus;
use crate::store::schema::collection_runs;
use crate::store::{PgStore, StoreError};

impl PgStore {
    /// Runs by status, each status with its count.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn runs_by_status(&self) -> Result<Vec<(RunStatus, i64)>, StoreError> {
        let rows: Vec<(String, i64)> = collection_runs::table
            .group_by(collection_runs::status)
            .select((collection_runs::status, count_star()))
            .load(&mut self.connection().await?)
            .await?;
        let count = |status: &RunStatus| {
            let row = rows.iter().find(|(name, _)| name == status.as_str());
            (*status, row.map_or(0, |(_, count)| *count))
        };
        Ok(RunStatus::ALL.iter().map(count).collect())
    }
}

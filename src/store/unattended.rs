//! What is written of a run on which nobody works: it has no owner whose fence a group could carry.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::commands::give_claims_back;
use super::obey::set_aside;
use super::run_row::{RunRow, StoredRun};
use super::schema::collection_runs;
use super::{Accepted, PgStore, StoreError};
use crate::domain::ids::RunKey;
use crate::domain::run::Pause;

impl PgStore {
    pub(super) async fn set_run_aside(&self, key: RunKey, pause: &Pause) -> Result<Accepted, StoreError> {
        let lease = self.lease().await?;
        let worked = self.setting_aside(&lease, key, pause).await;
        Self::finish(lease, worked).await
    }

    async fn setting_aside(
        &self,
        mut conn: &AsyncPgConnection,
        key: RunKey,
        pause: &Pause,
    ) -> Result<Accepted, StoreError> {
        conn.batch_execute("BEGIN").await?;
        let stored: StoredRun = diesel::update(collection_runs::table.find((key.org.0, key.run.0)))
            .set(collection_runs::fence.eq(collection_runs::fence + 1))
            .returning(StoredRun::as_returning())
            .get_result(&mut conn)
            .await?;
        let mut row = RunRow::try_from(stored)?;
        let now = self.clock.now();
        let obeyed = set_aside(&mut row, pause, self.engine, now)?;
        row.spend.died();
        give_claims_back(conn, &mut row, false).await?;
        self.write_obeyed(conn, &mut row, obeyed, now).await
    }
}

//! What is written of a run on which nobody works: it has no owner whose fence a group could carry.

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::commands::{count_running, give_claims_back};
use super::obey::{Asked, look_again, set_aside};
use super::org_months::{forfeit, give_back};
use super::run_row::{RunRow, StoredRun};
use crate::domain::chosen::Chosen;
use crate::domain::ids::{OrgId, RunId, RunKey};
use crate::domain::run::{Command, Pause};
use crate::store::loan::Loan;
use crate::store::schema::collection_runs;
use crate::store::{Accepted, PgStore, StoreError};

/// Most runs that are found due at one time; the others are found next.
const DUE_MAX: i64 = 100;

impl PgStore {
    pub(in crate::store) async fn set_run_aside(&self, key: RunKey, pause: &Pause) -> Result<Accepted, StoreError> {
        let lease = self.lease().await?;
        let worked = self.setting_aside(&lease, key, pause).await;
        Self::finish(lease, worked).await
    }

    async fn setting_aside(&self, mut conn: &Loan, key: RunKey, pause: &Pause) -> Result<Accepted, StoreError> {
        conn.batch_execute("BEGIN").await?;
        let stored: StoredRun = diesel::update(collection_runs::table.find((key.org.0, key.run.0)))
            .set(collection_runs::fence.eq(collection_runs::fence + 1))
            .returning(StoredRun::as_returning())
            .get_result(&mut conn)
            .await?;
        let mut row = RunRow::try_from(stored)?;
        let now = self.clock.now();
        let obeyed = set_aside(&mut row, pause, self.engine, now)?;
        let cut_off = row.spend.died();
        forfeit(&mut row, cut_off);
        give_back(conn, &mut row).await?;
        give_claims_back(conn, &mut row, false).await?;
        self.write_obeyed(conn, &mut row, obeyed, now).await
    }
    /// Paused runs of every organisation whose time has come.
    pub(in crate::store) async fn due_runs(&self) -> Result<Vec<RunKey>, StoreError> {
        let keys: Vec<(Uuid, Uuid)> = collection_runs::table
            .filter(collection_runs::resume_at.le(self.clock.now()))
            .filter(collection_runs::status.eq("paused"))
            .order(collection_runs::resume_at)
            .limit(DUE_MAX)
            .select((collection_runs::org_id, collection_runs::id))
            .load(&mut self.connection().await?)
            .await?;
        Ok(keys.into_iter().map(|(org, run)| RunKey { org: OrgId(org), run: RunId(run) }).collect())
    }

    pub(in crate::store) async fn have_run_look_again(
        &self,
        key: RunKey,
        runs_max: i64,
    ) -> Result<Accepted, StoreError> {
        let lease = self.lease().await?;
        let worked = self.looking_again(&lease, key, runs_max).await;
        Self::finish(lease, worked).await
    }

    async fn looking_again(&self, mut conn: &Loan, key: RunKey, runs_max: i64) -> Result<Accepted, StoreError> {
        conn.batch_execute("BEGIN").await?;
        let running = count_running(conn, key).await?;
        let run = collection_runs::table.find((key.org.0, key.run.0)).select(StoredRun::as_select());
        let stored: StoredRun = run.for_no_key_update().first(&mut conn).await?;
        let mut row = RunRow::try_from(stored)?;
        let (command, chosen) = (Command::Resume, &Chosen::All);
        let asked = Asked { command, chosen, running, runs_max, now: self.clock.now(), engine: self.engine };
        let obeyed = look_again(&mut row, &asked)?;
        self.write_obeyed(conn, &mut row, obeyed, asked.now).await
    }
}

//! `run_events`: each event as the text that is sent, so that what is stored and what is live are equal.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::keep::AddEvents;
use crate::domain::ids::{OrgId, RunId, RunKey};
use crate::domain::ledger::StoredEvent;
use crate::store::loan::Loan;
use crate::store::schema::run_events;
use crate::store::{PgStore, StoreError};

fn told((seq, data): (i64, String)) -> StoredEvent {
    StoredEvent { seq, data: data.into() }
}

/// Adds numbered events.
pub(in crate::store) async fn add_events(
    mut conn: &Loan,
    key: RunKey,
    events: &[StoredEvent],
) -> Result<(), StoreError> {
    events_statement(key, events).execute(&mut conn).await?;
    Ok(())
}

/// The statement that adds numbered events.
pub(in crate::store) fn events_statement(key: RunKey, events: &[StoredEvent]) -> AddEvents<'_> {
    AddEvents {
        org: key.org.0,
        run: key.run.0,
        seqs: events.iter().map(|event| event.seq).collect(),
        data: events.iter().map(|event| &*event.data).collect(),
    }
}

impl PgStore {
    /// A run's events after a number, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such run; [`StoreError::Away`].
    pub async fn events_after(
        &self,
        org: OrgId,
        run: RunId,
        seq: i64,
        limit: i64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.must_have(org, run).await?;
        let rows: Vec<(i64, String)> = run_events::table
            .filter(run_events::org_id.eq(org.0))
            .filter(run_events::run_id.eq(run.0))
            .filter(run_events::seq.gt(seq))
            .order(run_events::seq)
            .limit(limit)
            .select((run_events::seq, run_events::data))
            .load(&mut self.connection().await?)
            .await?;
        Ok(rows.into_iter().map(told).collect())
    }

    /// The newest events, oldest first.
    pub(in crate::store) async fn newest_events(
        &self,
        key: RunKey,
        limit: i64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut rows: Vec<(i64, String)> = run_events::table
            .filter(run_events::org_id.eq(key.org.0))
            .filter(run_events::run_id.eq(key.run.0))
            .order(run_events::seq.desc())
            .limit(limit)
            .select((run_events::seq, run_events::data))
            .load(&mut self.connection().await?)
            .await?;
        rows.reverse();
        Ok(rows.into_iter().map(told).collect())
    }
}

//! The requests of a run for a timeline, the newest first: read from the events that tell of an answer.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::domain::ids::{RunKey, WorkerId};
use crate::domain::lane::Bar;
use crate::store::schema::run_events;
use crate::store::{PgStore, StoreError};

/// A page of them.
#[derive(Clone, Debug)]
pub struct Bars {
    /// Each with its event's number, the newest first.
    pub bars: Vec<(i64, Bar)>,
    /// The number before which the next page begins, where there may be one.
    pub next: Option<i64>,
}

impl PgStore {
    /// Requests of a run whose answer's event has a number below `before`, the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such run; [`StoreError::Broken`] for an event that cannot be
    /// read; [`StoreError::Away`].
    pub async fn bars(&self, key: RunKey, before: i64, limit: i64) -> Result<Bars, StoreError> {
        self.must_have(key.org, key.run).await?;
        let rows: Vec<(i64, String)> = run_events::table
            .filter(run_events::org_id.eq(key.org.0).and(run_events::run_id.eq(key.run.0)))
            .filter(run_events::seq.lt(before))
            .filter(run_events::data.like("%\"duration_ms\"%"))
            .order(run_events::seq.desc())
            .limit(limit)
            .select((run_events::seq, run_events::data))
            .load(&mut self.connection().await?)
            .await?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
        let next = rows.last().map(|(seq, _)| *seq).filter(|_| is_full);
        let mut bars = Vec::with_capacity(rows.len());
        for (seq, data) in rows {
            let bar: Bar = serde_json::from_str(&data)
                .map_err(|error| StoreError::Broken(format!("run {}: event {seq}: {error}", key.run)))?;
            // What the system says was asked for by nobody.
            if bar.answer.worker_id != WorkerId::SYSTEM {
                bars.push((seq, bar));
            }
        }
        Ok(Bars { bars, next })
    }
}

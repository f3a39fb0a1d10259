//! `run_removals`: events of runs that ended long ago are removed, a few thousand at a time, by one engine at a time.
//!
//! A run that is under way is never touched. What its requests were like is counted before its events go.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Timestamptz, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::run_row::RunRow;
use crate::domain::ids::{OrgId, RunId, RunKey};
use crate::store::fragment::fragment;
use crate::store::loan::Loan;
use crate::store::schema::{collection_runs, run_removals};
use crate::store::{PgStore, StoreError};

/// Events that one statement removes.
const EVENTS_AT_ONCE: i64 = 5_000;
/// Most such statements of one round; the next round goes on.
const BATCHES_MAX: usize = 2_000;
/// Between two of them, so that the groups of runs under way never wait long.
const BREATH: Duration = Duration::from_millis(50);
/// The number of the lock that lets one engine remove at a time.
const LOCK: i64 = 0x676c_6561_6e65_7276;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Runs whose events are all removed now.
    pub runs: usize,
    /// Events that were removed.
    pub events: usize,
}

/// How a batch went.
enum Batch {
    /// So many were removed, up to this one, and more are left.
    More(usize, i64),
    /// So many were removed, and those were the last.
    Last(usize),
    /// The run was opened again, or is gone.
    Changed,
    /// Another engine is at it.
    Busy,
}

fragment! {
    /// Whether this transaction may remove.
    struct TakeTurn { lock: i64 => BigInt }
    answers (Bool);
    "SELECT pg_try_advisory_xact_lock($lock)"
}

fragment! {
    /// The run that ended first, after another one and no later than a moment, whose events are not all removed.
    struct NextOld { after_at: DateTime<Utc> => Timestamptz, after: Uuid => SqlUuid, before: DateTime<Utc> => Timestamptz }
    answers (SqlUuid, SqlUuid, Timestamptz);
    "SELECT r.org_id, r.id, r.completed_at FROM collection_runs AS r WHERE r.completed_at IS NOT NULL \
        AND (r.completed_at, r.id) > ($after_at, $after) AND r.completed_at < $before \
        AND NOT EXISTS (SELECT FROM run_removals AS m WHERE m.org_id = r.org_id AND m.run_id = r.id \
            AND m.removed_of = r.completed_at) \
     ORDER BY r.completed_at, r.id LIMIT 1"
}

fragment! {
    /// Removes a run's oldest events after one, at most so many, and says how many they were and which was the last. From the
    /// beginning, each batch would walk past everything that those before it removed.
    struct RemoveOldest { org: Uuid => SqlUuid, run: Uuid => SqlUuid, after: i64 => BigInt, limit: i64 => BigInt }
    answers (BigInt, BigInt);
    "WITH last AS MATERIALIZED (SELECT coalesce(max(k.seq), $after) AS seq FROM (SELECT e.seq FROM run_events AS e \
        WHERE e.org_id = $org AND e.run_id = $run AND e.seq > $after ORDER BY e.seq LIMIT $limit) AS k), \
     gone AS (DELETE FROM run_events AS e WHERE e.org_id = $org AND e.run_id = $run AND e.seq > $after \
        AND e.seq <= (SELECT seq FROM last) RETURNING 1) \
     SELECT (SELECT count(*) FROM gone), seq FROM last"
}

fragment! {
    /// Notes that events of a run are removed, and of which end where they are all removed.
    struct NoteRemoval {
        org: Uuid => SqlUuid,
        run: Uuid => SqlUuid,
        now: DateTime<Utc> => Timestamptz,
        ended: DateTime<Utc> => Timestamptz,
        all: bool => Bool,
    }
    answers ();
    "INSERT INTO run_removals AS m (org_id, run_id, removed_at, removed_of) \
     VALUES ($org, $run, $now, CASE WHEN $all THEN $ended END) \
     ON CONFLICT (org_id, run_id) DO UPDATE SET removed_at = excluded.removed_at, \
        removed_of = coalesce(excluded.removed_of, m.removed_of) WHERE m.removed_of IS DISTINCT FROM $ended"
}

impl PgStore {
    /// Removes events of runs that ended more than so many days ago.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn remove_old_events(&self, keep_days: i64) -> Result<Removed, StoreError> {
        let before = TimeDelta::try_days(keep_days).and_then(|days| self.clock.now().checked_sub_signed(days));
        let before = before.unwrap_or(DateTime::UNIX_EPOCH);
        let (mut removed, mut after) = (Removed::default(), (DateTime::UNIX_EPOCH, Uuid::nil()));
        let mut batches = 0;
        while let Some((key, ended)) = self.next_old(after, before).await? {
            after = (ended, key.run.0);
            self.count_first(key).await?;
            let mut gone_to = 0;
            loop {
                if batches == BATCHES_MAX {
                    return Ok(removed);
                }
                batches += 1;
                let lease = self.lease().await?;
                let worked = self.remove_batch(&lease, key, ended, gone_to).await;
                match Self::finish(lease, worked).await? {
                    Batch::Busy => return Ok(removed),
                    Batch::Changed => break,
                    Batch::More(events, last) => {
                        removed.events += events;
                        gone_to = last;
                    }
                    Batch::Last(events) => {
                        removed.events += events;
                        removed.runs += 1;
                        break;
                    }
                }
                tokio::time::sleep(BREATH).await;
            }
        }
        Ok(removed)
    }

    /// Counts what the run's requests were like while its events are there. Events that cannot be read tell nothing.
    async fn count_first(&self, key: RunKey) -> Result<(), StoreError> {
        loop {
            match self.count_in_turn(key).await {
                Ok(counted) if counted.to_seq < counted.row.last_seq => {}
                Ok(_) | Err(StoreError::NotFound) => return Ok(()),
                Err(StoreError::Broken(words)) => {
                    log::warn!("{words}; what its requests were like is lost with its events");
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn next_old(
        &self,
        (after_at, after): (DateTime<Utc>, Uuid),
        before: DateTime<Utc>,
    ) -> Result<Option<(RunKey, DateTime<Utc>)>, StoreError> {
        let next = NextOld { after_at, after, before };
        let found: Option<(Uuid, Uuid, DateTime<Utc>)> =
            next.get_result(&mut self.connection().await?).await.optional()?;
        Ok(found.map(|(org, run, ended)| (RunKey { org: OrgId(org), run: RunId(run) }, ended)))
    }

    /// The run's row is held meanwhile: it cannot be opened again in the middle of it.
    async fn remove_batch(
        &self,
        mut conn: &Loan,
        key: RunKey,
        ended: DateTime<Utc>,
        after: i64,
    ) -> Result<Batch, StoreError> {
        let (org, run) = (key.org.0, key.run.0);
        conn.batch_execute("BEGIN").await?;
        let (taken,): (bool,) = TakeTurn { lock: LOCK }.get_result(&mut conn).await?;
        if !taken {
            return Ok(Batch::Busy);
        }
        let held: Option<Option<DateTime<Utc>>> = collection_runs::table
            .find((org, run))
            .select(collection_runs::completed_at)
            .for_no_key_update()
            .first(&mut conn)
            .await
            .optional()?;
        if held.flatten() != Some(ended) {
            return Ok(Batch::Changed);
        }
        let oldest = RemoveOldest { org, run, after, limit: EVENTS_AT_ONCE };
        let (events, last): (i64, i64) = oldest.get_result(&mut conn).await?;
        let all = events < EVENTS_AT_ONCE;
        let events = usize::try_from(events).unwrap_or_default();
        let noted = NoteRemoval { org, run, now: self.clock.now(), ended, all }.execute(&mut conn).await?;
        if noted == 0 {
            // Another engine came to its end first.
            return Ok(Batch::Changed);
        }
        Ok(if all { Batch::Last(events) } else { Batch::More(events, last) })
    }

    /// The rows with when their events were removed.
    pub(super) async fn with_removals(&self, mut rows: Vec<RunRow>) -> Result<Vec<RunRow>, StoreError> {
        let Some(org) = rows.as_slice().first().map(|row| row.org_id) else { return Ok(rows) };
        let ids: Vec<Uuid> = rows.iter().filter(|row| row.last_seq > 0).map(|row| row.id.0).collect();
        if ids.is_empty() {
            return Ok(rows);
        }
        let removed: Vec<(Uuid, DateTime<Utc>)> = run_removals::table
            .filter(run_removals::org_id.eq(org.0).and(run_removals::run_id.eq_any(ids)))
            .select((run_removals::run_id, run_removals::removed_at))
            .load(&mut self.connection().await?)
            .await?;
        for row in &mut rows {
            row.events_removed_at = removed.iter().find(|(run, _)| *run == row.id.0).map(|(_, at)| *at);
        }
        Ok(rows)
    }
}

//! `run_metrics`: what the events of a run say of its requests, counted once and kept, so that the next look goes on where
//! this one stood, and the figures outlive the events.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Jsonb, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::run_row::RunRow;
use crate::domain::ids::{OrgId, RunId, RunKey, WorkerId};
use crate::domain::metrics::{Answer, Metrics};
use crate::store::fragment::fragment;
use crate::store::schema::{run_events, run_metrics};
use crate::store::{PgStore, StoreError};

/// Events that are read at one time.
const PAGE_EVENTS: i64 = 5_000;
/// Most of those reads of one look: a longer run is counted by several looks.
const PAGES_MAX: usize = 100;
/// So many more events are worth being written down while a run is under way.
const WORTH_KEEPING: i64 = 5_000;

/// Runs that ended so lately are counted without anybody asking.
const COUNTED_WITHIN: TimeDelta = TimeDelta::days(1);
/// Most of those in one round.
const BEHIND_MAX: i64 = 100;

fragment! {
    /// Keeps what was counted. Of two looks at one time the one that came further stays.
    struct KeepMetrics { org: Uuid => SqlUuid, run: Uuid => SqlUuid, to_seq: i64 => BigInt, metrics: Value => Jsonb }
    answers ();
    "INSERT INTO run_metrics AS m (org_id, run_id, to_seq, metrics) VALUES ($org, $run, $to_seq, $metrics) \
     ON CONFLICT (org_id, run_id) DO UPDATE SET to_seq = excluded.to_seq, metrics = excluded.metrics \
        WHERE m.to_seq < excluded.to_seq"
}

fragment! {
    /// Runs of which many events are not counted yet: those that this engine works on, and those that ended lately.
    struct RunsBehind {
        engine: Uuid => SqlUuid,
        since: DateTime<Utc> => Timestamptz,
        many: i64 => BigInt,
        limit: i64 => BigInt,
    }
    answers (SqlUuid, SqlUuid);
    "SELECT r.org_id, r.id FROM collection_runs r WHERE r.status = 'running' AND r.owner = $engine AND r.last_seq - $many \
        >= coalesce((SELECT m.to_seq FROM run_metrics m WHERE m.org_id = r.org_id AND m.run_id = r.id), 0) \
     UNION ALL (SELECT r.org_id, r.id FROM collection_runs r WHERE r.completed_at > $since AND r.last_seq \
        > coalesce((SELECT m.to_seq FROM run_metrics m WHERE m.org_id = r.org_id AND m.run_id = r.id), 0) \
        ORDER BY r.completed_at, r.id LIMIT $limit)"
}

/// What was counted.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The run's row.
    pub row: RunRow,
    /// The newest event that is counted.
    pub to_seq: i64,
    /// What its requests were like.
    pub metrics: Metrics,
}

impl PgStore {
    /// What the requests of a run were like, counted up to its newest event, or as far as one look goes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such run; [`StoreError::Away`].
    pub async fn run_metrics(&self, key: RunKey) -> Result<Counted, StoreError> {
        let row = self.run(key.org, key.run).await?;
        let kept: Option<(i64, Value)> = run_metrics::table
            .find((key.org.0, key.run.0))
            .select((run_metrics::to_seq, run_metrics::metrics))
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        let damaged = |what: String| StoreError::Broken(format!("run {}: {what}", key.run));
        let (before, mut metrics) = match kept {
            Some((to_seq, value)) => {
                let metrics =
                    serde_json::from_value(value).map_err(|error| damaged(format!("its metrics: {error}")))?;
                (to_seq, metrics)
            }
            None => (0, Metrics::default()),
        };
        let mut to_seq = before;
        for _ in 0..PAGES_MAX {
            let page = self.answers_after(key, to_seq, row.last_seq).await?;
            for (seq, data) in &page {
                let answer: Answer =
                    serde_json::from_str(data).map_err(|error| damaged(format!("event {seq}: {error}")))?;
                // What the system says was asked for by nobody.
                if answer.worker_id != WorkerId::SYSTEM {
                    metrics.count(&answer);
                }
            }
            let full = i64::try_from(page.len()).unwrap_or(0) == PAGE_EVENTS;
            match page.last().filter(|_| full) {
                Some((seq, _)) => to_seq = *seq,
                None => {
                    to_seq = row.last_seq.max(to_seq);
                    break;
                }
            }
        }
        let counted = Counted { row, to_seq, metrics };
        if to_seq > before && (counted.row.status.is_final() || to_seq - before >= WORTH_KEEPING) {
            self.keep_metrics(key, &counted).await?;
        }
        Ok(counted)
    }

    /// Counts what the requests of runs were like which went on since they were counted, each as far as one look goes: the
    /// runs that this engine works on, and those that ended within a day.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn count_requests_behind(&self) -> Result<(), StoreError> {
        let (engine, many) = (self.engine.0, WORTH_KEEPING);
        let since = self.clock.now() - COUNTED_WITHIN;
        let behind = RunsBehind { engine, since, many, limit: BEHIND_MAX };
        let keys: Vec<(Uuid, Uuid)> = behind.load(&mut self.connection().await?).await?;
        for (org, run) in keys {
            match self.run_metrics(RunKey { org: OrgId(org), run: RunId(run) }).await {
                Ok(_) | Err(StoreError::NotFound) => {}
                // Said once a round; whoever asks for that run is told so too.
                Err(StoreError::Broken(words)) => log::debug!("{words}; what its requests were like is not counted"),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Events after one and up to another that tell of an answer.
    async fn answers_after(&self, key: RunKey, after: i64, to: i64) -> Result<Vec<(i64, String)>, StoreError> {
        let rows = run_events::table
            .filter(run_events::org_id.eq(key.org.0).and(run_events::run_id.eq(key.run.0)))
            .filter(run_events::seq.gt(after).and(run_events::seq.le(to)))
            .filter(run_events::data.like("%\"duration_ms\"%"))
            .order(run_events::seq)
            .limit(PAGE_EVENTS)
            .select((run_events::seq, run_events::data))
            .load(&mut self.connection().await?)
            .await?;
        Ok(rows)
    }

    async fn keep_metrics(&self, key: RunKey, counted: &Counted) -> Result<(), StoreError> {
        let metrics = serde_json::to_value(&counted.metrics).map_err(|error| StoreError::Broken(error.to_string()))?;
        let keep = KeepMetrics { org: key.org.0, run: key.run.0, to_seq: counted.to_seq, metrics };
        keep.execute(&mut self.connection().await?).await?;
        Ok(())
    }
}

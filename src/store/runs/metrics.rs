//! `run_metrics`: what the events of a run say of its requests, counted once and kept, so that the next look goes on where
//! this one stood, and the figures outlive the events.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Jsonb, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::run_row::RunRow;
use crate::domain::ids::{OrgId, RunId, RunKey, WorkerId};
use crate::domain::metrics::{Answer, Metrics};
use crate::store::fragment::fragment;
use crate::store::schema::{run_events, run_metrics};
use crate::store::{PgStore, StoreError};

/// Events that are looked through at one time.
const SPAN_EVENTS: i64 = 5_000;
/// So many more events are worth being written down while a run is under way.
const WORTH_KEEPING: i64 = 5_000;

/// How many count at one time in this process, whoever asked for it.
pub(in crate::store) const COUNTING_MAX: usize = 2;
/// How long somebody who looks waits for that: what is not counted by then is counted by the next look.
const LOOK_MAX: Duration = Duration::from_millis(60);
/// How long one run is counted in the background before the next has its turn.
const TURN_MAX: Duration = Duration::from_secs(2);
/// How long a round in the background takes, but for the turn that it ends with.
const ROUND_MAX: Duration = Duration::from_secs(20);

/// Runs that ended so lately are counted without anybody asking.
const COUNTED_WITHIN: TimeDelta = TimeDelta::days(1);
/// Most of those in one round, and most of those that are under way.
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
    "(SELECT r.org_id, r.id FROM collection_runs r WHERE r.status = 'running' AND r.owner = $engine AND r.last_seq - $many \
        >= coalesce((SELECT m.to_seq FROM run_metrics m WHERE m.org_id = r.org_id AND m.run_id = r.id), 0) \
        ORDER BY r.id LIMIT $limit) \
     UNION ALL (SELECT r.org_id, r.id FROM collection_runs r WHERE r.completed_at > $since AND r.last_seq \
        > coalesce((SELECT m.to_seq FROM run_metrics m WHERE m.org_id = r.org_id AND m.run_id = r.id), 0) \
        ORDER BY r.completed_at, r.id LIMIT $limit)"
}

fn damaged(key: RunKey, what: &str) -> StoreError {
    StoreError::Broken(format!("run {}: {what}", key.run))
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
    /// What the requests of a run were like, counted up to its newest event or as far as a short look goes. Where enough others
    /// count just now, it is what was counted before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the organisation has no such run; [`StoreError::Away`].
    pub async fn run_metrics(&self, key: RunKey) -> Result<Counted, StoreError> {
        let until = Instant::now() + LOOK_MAX;
        match timeout_at(until, self.counting.acquire()).await {
            Ok(Ok(_turn)) => self.count_until(key, until).await,
            _ => self.counted_before(key).await,
        }
    }

    /// As [`Self::run_metrics`] in the background: waits for its turn, and goes on for longer.
    pub(super) async fn count_in_turn(&self, key: RunKey) -> Result<Counted, StoreError> {
        // Nobody closes it: the wait ends with a turn.
        let _turn = self.counting.acquire().await;
        self.count_until(key, Instant::now() + TURN_MAX).await
    }

    /// What was counted before.
    async fn counted_before(&self, key: RunKey) -> Result<Counted, StoreError> {
        let row = self.run(key.org, key.run).await?;
        let kept: Option<(i64, Value)> = run_metrics::table
            .find((key.org.0, key.run.0))
            .select((run_metrics::to_seq, run_metrics::metrics))
            .first(&mut self.connection().await?)
            .await
            .optional()?;
        let (to_seq, metrics) = match kept {
            Some((to_seq, value)) => {
                let read = serde_json::from_value(value);
                (to_seq, read.map_err(|error| damaged(key, &format!("its metrics: {error}")))?)
            }
            None => (0, Metrics::default()),
        };
        Ok(Counted { row, to_seq, metrics })
    }

    /// Counts on from there: a span of events at least, and no new one after this moment.
    async fn count_until(&self, key: RunKey, until: Instant) -> Result<Counted, StoreError> {
        let mut counted = self.counted_before(key).await?;
        let (before, last) = (counted.to_seq, counted.row.last_seq);
        while counted.to_seq < last {
            let to = last.min(counted.to_seq + SPAN_EVENTS);
            for (seq, data) in &self.answers_between(key, counted.to_seq, to).await? {
                let answer: Answer =
                    serde_json::from_str(data).map_err(|error| damaged(key, &format!("event {seq}: {error}")))?;
                // What the system says was asked for by nobody.
                if answer.worker_id != WorkerId::SYSTEM {
                    counted.metrics.count(&answer);
                }
            }
            counted.to_seq = to;
            if Instant::now() >= until {
                break;
            }
        }
        let more = counted.to_seq - before;
        if more >= WORTH_KEEPING || more > 0 && counted.row.status.is_final() {
            self.keep_metrics(key, &counted).await?;
        }
        Ok(counted)
    }

    /// Counts what the requests of runs were like which went on since they were counted, each for a bounded time: the runs
    /// that this engine works on, and those that ended within a day. What it does not come to is left to the next round.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn count_requests_behind(&self) -> Result<(), StoreError> {
        let (engine, many) = (self.engine.0, WORTH_KEEPING);
        let since = self.clock.now() - COUNTED_WITHIN;
        let behind = RunsBehind { engine, since, many, limit: BEHIND_MAX };
        let keys: Vec<(Uuid, Uuid)> = behind.load(&mut self.connection().await?).await?;
        let until = Instant::now() + ROUND_MAX;
        for (org, run) in keys {
            if Instant::now() >= until {
                break;
            }
            match self.count_in_turn(RunKey { org: OrgId(org), run: RunId(run) }).await {
                Ok(_) | Err(StoreError::NotFound) => {}
                // Said once a round; whoever asks for that run is told so too.
                Err(StoreError::Broken(words)) => log::debug!("{words}; what its requests were like is not counted"),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Events after one and up to another that tell of an answer.
    async fn answers_between(&self, key: RunKey, after: i64, to: i64) -> Result<Vec<(i64, String)>, StoreError> {
        let rows = run_events::table
            .filter(run_events::org_id.eq(key.org.0).and(run_events::run_id.eq(key.run.0)))
            .filter(run_events::seq.gt(after).and(run_events::seq.le(to)))
            .filter(run_events::data.like("%\"duration_ms\"%"))
            .order(run_events::seq)
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

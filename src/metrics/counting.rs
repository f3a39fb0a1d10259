//! The store of an engine, which counts what it keeps: the actors know nothing of it. What is counted is the difference of
//! the run's row before and after a group, so that the numbers and the row never part; a group that is sent again counts once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::Metrics;
use super::families::{Currency, Phase as PhaseLabel, Reason, Request, TaskEnd};
use crate::domain::budget::Drawn;
use crate::domain::chosen::Chosen;
use crate::domain::ids::{EngineId, RunKey, TaskNo};
use crate::domain::ledger::{Entry, Group, Memory, StoredEvent};
use crate::domain::run::{Command, Pause};
use crate::domain::spend::Spend;
use crate::domain::task::{OpenTask, Phase};
use crate::store::{Accepted, EngineSeen, Fired, Kept, RunStore, StoreError, Survey, TakenOver};

/// A store that counts.
pub struct Counting<S> {
    store: S,
    metrics: Metrics,
}

impl<S> Counting<S> {
    /// This store, counted here.
    pub fn new(store: S, metrics: Metrics) -> Arc<Self> {
        Arc::new(Self { store, metrics })
    }
}

impl Metrics {
    fn kept(&self, group: &Group, kept: &Kept) {
        let families = &self.families;
        let (before, after) = (&group.before, &kept.after);
        families.group_entries.observe(f64::from(u32::try_from(group.entries.len()).unwrap_or(u32::MAX)));
        families.events.inc_by(grown(0, i64::try_from(kept.events.len()).unwrap_or(0)));
        self.spent(&before.spend, &after.spend);
        let (was, is) = (&before.counters, &after.counters);
        families.sellers_found.inc_by(grown(was.sellers_found, is.sellers_found));
        families.sellers_new.inc_by(grown(was.sellers_new, is.sellers_new));
        for (phase, was, is) in [(Phase::Amazon, was.amazon, is.amazon), (Phase::Ebay, was.ebay, is.ebay)] {
            let ends =
                [("done", was.done, is.done), ("failed", was.failed, is.failed), ("skipped", was.skipped, is.skipped)];
            // A task that gets fresh attempts is taken back from the row, never from a counter.
            for (outcome, was, is) in ends.into_iter().filter(|(_, was, is)| is > was) {
                families.tasks.get_or_create(&TaskEnd { phase: phase.as_str(), outcome }).inc_by(grown(was, is));
            }
        }
        for entry in &group.entries {
            if let Entry::Outcome(outcome) = entry {
                let label = PhaseLabel { phase: outcome.phase.as_str() };
                let seconds = Duration::from_millis(u64::try_from(outcome.duration_ms).unwrap_or(0)).as_secs_f64();
                families.request_seconds.get_or_create(&label).observe(seconds);
            }
        }
    }

    /// Events of a command that nobody's actors wrote.
    fn told(&self, accepted: Result<Accepted, StoreError>) -> Result<Accepted, StoreError> {
        let events = accepted.as_ref().map_or(0, |accepted| accepted.events.len());
        self.families.events.inc_by(grown(0, i64::try_from(events).unwrap_or(0)));
        accepted
    }

    /// A request that belongs to no run has come to its end: one for a page of products.
    pub fn asked(&self, spend: &Spend, took: Duration) {
        self.spent(&Spend::default(), spend);
        let label = PhaseLabel { phase: Phase::Amazon.as_str() };
        self.families.request_seconds.get_or_create(&label).observe(took.as_secs_f64());
    }

    fn spent(&self, before: &Spend, after: &Spend) {
        let families = &self.families;
        families.repeated.inc_by(grown(before.repeated, after.repeated));
        for ((outcome, was), (_, is)) in before.outcomes.named().into_iter().zip(after.outcomes.named()) {
            let billed = grown(was.billed, is.billed);
            let rendered = grown(was.rendered, is.rendered);
            let free = grown(was.requests, is.requests).saturating_sub(billed);
            for (count, billed, rendered) in [
                (free, "false", "false"),
                (billed.saturating_sub(rendered), "true", "false"),
                (rendered, "true", "true"),
            ] {
                if count > 0 {
                    families.requests.get_or_create(&Request { outcome, billed, rendered }).inc_by(count);
                }
            }
        }
        if let Some(prices) = &self.prices {
            let (was, is) = (before.bill(prices), after.bill(prices));
            let currency = is.currency.code().to_owned();
            let micros = u32::try_from(grown(was.micros, is.micros)).unwrap_or(u32::MAX);
            families.spend.get_or_create(&Currency { currency }).inc_by(f64::from(micros) / 1e6);
        }
    }
}

/// By how much a count has grown; one that was taken back has not.
fn grown(before: impl Into<i64>, after: impl Into<i64>) -> u64 {
    u64::try_from(after.into() - before.into()).unwrap_or(0)
}

#[async_trait]
impl<S: RunStore> RunStore for Counting<S> {
    fn engine(&self) -> EngineId {
        self.store.engine()
    }

    async fn take_over(&self, key: RunKey, gone: Option<EngineSeen>) -> Result<TakenOver, StoreError> {
        let taken = self.store.take_over(key, gone).await?;
        self.metrics.families.takeovers.inc();
        self.metrics.families.repeated.inc_by(grown(0, taken.repeated));
        Ok(taken)
    }

    async fn raise_fence(&self, key: RunKey, fence: i64) -> Result<Memory, StoreError> {
        self.store.raise_fence(key, fence).await
    }

    async fn memory(&self, key: RunKey) -> Result<Memory, StoreError> {
        self.store.memory(key).await
    }

    async fn read_ahead(
        &self,
        key: RunKey,
        phase: Phase,
        after: TaskNo,
        limit: i64,
    ) -> Result<Vec<OpenTask>, StoreError> {
        self.store.read_ahead(key, phase, after, limit).await
    }

    async fn keep(&self, group: &Group) -> Result<Kept, StoreError> {
        let families = &self.metrics.families;
        let since = Instant::now();
        families.groups_waiting.inc();
        let kept = self.store.keep(group).await;
        families.groups_waiting.dec();
        match &kept {
            Ok(kept) => {
                families.group_seconds.observe(since.elapsed().as_secs_f64());
                self.metrics.kept(group, kept);
            }
            Err(error) => {
                let reason = match error {
                    StoreError::Away(_) => "away",
                    StoreError::FenceLost => "fence_lost",
                    _ => "refused",
                };
                families.groups_not_kept.get_or_create(&Reason { reason }).inc();
            }
        }
        kept
    }

    async fn last_events(&self, key: RunKey, limit: i64) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.last_events(key, limit).await
    }

    async fn command(&self, key: RunKey, command: Command, runs_max: i64) -> Result<Accepted, StoreError> {
        self.metrics.told(self.store.command(key, command, runs_max).await)
    }

    async fn set_aside(&self, key: RunKey, pause: &Pause) -> Result<Accepted, StoreError> {
        self.metrics.told(self.store.set_aside(key, pause).await)
    }

    async fn due(&self) -> Result<Vec<RunKey>, StoreError> {
        self.store.due().await
    }

    async fn look_again(&self, key: RunKey, runs_max: i64) -> Result<Accepted, StoreError> {
        self.metrics.told(self.store.look_again(key, runs_max).await)
    }

    async fn retry(&self, key: RunKey, chosen: &Chosen, runs_max: i64) -> Result<Accepted, StoreError> {
        self.metrics.told(self.store.retry(key, chosen, runs_max).await)
    }

    async fn fire(&self, runs_max: i64) -> Result<Fired, StoreError> {
        self.store.fire(runs_max).await
    }

    async fn draw(&self, key: RunKey, fence: i64, sent: i64, want: i64) -> Result<Option<Drawn>, StoreError> {
        self.store.draw(key, fence, sent, want).await
    }

    async fn survey(&self, beats: bool, watched: &[RunKey]) -> Result<Survey, StoreError> {
        self.store.survey(beats, watched).await
    }

    async fn leave(&self) -> Result<(), StoreError> {
        self.store.leave().await
    }
}

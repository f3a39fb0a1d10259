//! What a run's requests were like: how long they took, how many came in which time, and what each worker did.
//!
//! Counted event by event in room that does not grow with the run, so that it can go on where it stood.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::WorkerId;
use super::task::Phase;

/// Most buckets of time; where more would be needed, each becomes twice as wide.
pub const BUCKETS_MAX: usize = 120;

/// An answer to a request as its event tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Answer {
    /// When it was there.
    pub timestamp: DateTime<Utc>,
    /// Whose request it was.
    pub worker_id: WorkerId,
    /// In which phase.
    pub phase: Phase,
    /// What came of it, as the event's action.
    pub action: String,
    /// How long it took.
    pub duration_ms: u64,
}

/// Answers by what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answers {
    /// All of them.
    pub requests: u64,
    /// Pages that were kept.
    pub found: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that asked to slow down.
    pub rate_limited: u64,
}

impl Answers {
    fn count(&mut self, action: &str) {
        self.requests += 1;
        match action {
            "found" => self.found += 1,
            "rate_limited" => self.rate_limited += 1,
            _ => self.failed += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.found += other.found;
        self.failed += other.failed;
        self.rate_limited += other.rate_limited;
    }
}

/// How long answers took, each to within 3 %.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latencies {
    count: u64,
    sum_ms: u64,
    max_ms: u64,
    /// Answers by their step: see [`step`].
    steps: BTreeMap<u64, u64>,
}

/// Up to 63 ms each its own step; above that 32 steps from each power of two to the next.
fn step(ms: u64) -> u64 {
    let shift = u64::from((u64::BITS - ms.leading_zeros()).saturating_sub(6));
    32 * shift + (ms >> shift)
}

/// The longest duration of a step.
fn longest(step: u64) -> u64 {
    if step < 64 {
        return step;
    }
    let shift = step / 32 - 1;
    ((step % 32 + 33) << shift) - 1
}

impl Latencies {
    fn count(&mut self, ms: u64) {
        self.count += 1;
        self.sum_ms = self.sum_ms.saturating_add(ms);
        self.max_ms = self.max_ms.max(ms);
        *self.steps.entry(step(ms)).or_default() += 1;
    }

    /// How long so many of a hundred answers took at most.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> u64 {
        let rank = (self.count * percent).div_ceil(100);
        let mut below = 0;
        let reached = self.steps.iter().find(|(_, count)| {
            below += **count;
            below >= rank
        });
        reached.map_or(0, |(step, _)| longest(*step).min(self.max_ms))
    }

    /// How many there were.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.count
    }

    /// How long they took in the mean.
    #[must_use]
    pub fn mean(&self) -> u64 {
        self.sum_ms.checked_div(self.count).unwrap_or_default()
    }

    /// How long the slowest took.
    #[must_use]
    pub fn longest(&self) -> u64 {
        self.max_ms
    }
}

/// What came in which time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// When the first bucket begins.
    from: Option<DateTime<Utc>>,
    /// How wide each is, in seconds.
    seconds: i64,
    buckets: Vec<Answers>,
}

impl Timeline {
    fn count(&mut self, at: DateTime<Utc>, action: &str) {
        let from =
            *self.from.get_or_insert_with(|| at - TimeDelta::nanoseconds(i64::from(at.timestamp_subsec_nanos())));
        self.seconds = self.seconds.max(1);
        // An answer that overtook the first one belongs to the first bucket.
        let after = (at - from).num_seconds().max(0);
        let place = loop {
            let place = usize::try_from(after / self.seconds).unwrap_or(usize::MAX);
            if place < BUCKETS_MAX {
                break place;
            }
            self.widen();
        };
        if self.buckets.len() <= place {
            self.buckets.resize(place + 1, Answers::default());
        }
        self.buckets[place].count(action);
    }

    fn widen(&mut self) {
        self.seconds *= 2;
        let pairs = self.buckets.chunks(2).map(|pair| {
            let mut sum = Answers::default();
            pair.iter().for_each(|one| sum.add(*one));
            sum
        });
        self.buckets = pairs.collect();
    }

    /// How wide a bucket is, in seconds.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.seconds.max(1)
    }

    /// The buckets with when they begin.
    pub fn buckets(&self) -> impl Iterator<Item = (DateTime<Utc>, Answers)> {
        let begin = move |index: i64| Some(self.from? + TimeDelta::seconds(index * self.seconds()));
        (0..).zip(&self.buckets).filter_map(move |(index, answers)| Some((begin(index)?, *answers)))
    }
}

/// What a worker did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerShare {
    /// Its answers.
    #[serde(flatten)]
    pub answers: Answers,
    /// How long it waited for them in all.
    pub waited_ms: u64,
}

/// What a run's requests were like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metrics {
    /// How long answers took in phase `amazon`.
    pub amazon: Latencies,
    /// How long answers took in phase `ebay`.
    pub ebay: Latencies,
    /// What came in which time.
    pub timeline: Timeline,
    /// What each worker did.
    pub workers: BTreeMap<u16, WorkerShare>,
    /// When the newest answer came that is counted; nothing in what was kept before that was written down.
    #[serde(default)]
    pub newest: Option<DateTime<Utc>>,
}

impl Metrics {
    /// Counts one more answer.
    pub fn count(&mut self, answer: &Answer) {
        match answer.phase {
            Phase::Amazon => self.amazon.count(answer.duration_ms),
            Phase::Ebay => self.ebay.count(answer.duration_ms),
        }
        self.timeline.count(answer.timestamp, &answer.action);
        self.newest = self.newest.max(Some(answer.timestamp));
        let share = self.workers.entry(answer.worker_id.0).or_default();
        share.answers.count(&answer.action);
        share.waited_ms = share.waited_ms.saturating_add(answer.duration_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(second: i64, duration_ms: u64) -> Answer {
        Answer {
            timestamp: DateTime::from_timestamp_millis(1_767_225_600_500 + second * 1_000).expect("a time"),
            worker_id: WorkerId(1),
            phase: Phase::Ebay,
            action: "found".to_owned(),
            duration_ms,
        }
    }

    #[test]
    fn an_answer_is_read_from_its_event() {
        let event = r#"{"id":"x","seq":3,"timestamp":"2026-01-01T00:00:00.500Z","worker_id":1,"phase":"ebay","action":"found","items_count":2,"duration_ms":7}"#;
        assert_eq!(serde_json::from_str::<Answer>(event).expect("an answer"), answer(0, 7));
    }

    #[test]
    fn a_month_of_answers_fits_into_the_buckets_and_none_is_lost() {
        let mut metrics = Metrics::default();
        for hour in 0..720 {
            metrics.count(&answer(hour * 3_600, 100));
        }
        let buckets: Vec<_> = metrics.timeline.buckets().collect();
        assert!(buckets.len() <= BUCKETS_MAX && buckets.len() > BUCKETS_MAX / 3, "{}", buckets.len());
        assert_eq!(buckets.iter().map(|(_, answers)| answers.requests).sum::<u64>(), 720);
        assert_eq!((buckets[1].0 - buckets[0].0).num_seconds(), metrics.timeline.seconds());
        let kept = serde_json::to_value(&metrics).expect("JSON");
        assert_eq!(serde_json::from_value::<Metrics>(kept).expect("read back"), metrics);
    }

    proptest! {
        #[test]
        fn percentiles_are_within_a_thirtieth_of_the_true_ones(mut all in prop::collection::vec(0_u64..600_000, 1..300)) {
            let mut latencies = Latencies::default();
            all.iter().for_each(|ms| latencies.count(*ms));
            all.sort_unstable();
            for percent in [50_u64, 90, 99, 100] {
                let rank = (all.len() * usize::try_from(percent).expect("small")).div_ceil(100);
                let (truth, told) = (all[rank - 1], latencies.percentile(percent));
                prop_assert!(told >= truth && told <= truth + truth / 30 + 1, "{percent}: {truth} {told}");
            }
        }
    }
}

//! Jobs that were taken on: a query with its fate, ready after its time, and there until it is thrown away.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::protocol::Query;
use super::trouble::Turn;

/// Jobs that are kept; the oldest go first. The vendor keeps them for a day.
const JOBS_MAX: usize = 100_000;
/// The vendor's ids have nineteen digits.
const FIRST_ID: u64 = 7_000_000_000_000_000_001;

/// A job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) query: Query,
    pub(super) turn: Turn,
    pub(super) ready_at: Instant,
    /// Its answer was sent, whole or in part.
    pub(super) fetched: bool,
}

/// All jobs.
#[derive(Default)]
pub(super) struct Jobs {
    kept: BTreeMap<u64, Job>,
    taken: u64,
}

impl Jobs {
    /// Takes a job on; answers its id.
    pub(super) fn take_on(&mut self, job: Job) -> u64 {
        let id = FIRST_ID + self.taken;
        self.taken += 1;
        self.kept.insert(id, job);
        if self.kept.len() > JOBS_MAX {
            self.kept.pop_first();
        }
        id
    }

    /// The job of this id.
    pub(super) fn get(&self, id: &str) -> Option<Job> {
        self.kept.get(&id.parse().ok()?).cloned()
    }

    /// Its answer is on its way; says whether it was before.
    pub(super) fn fetch(&mut self, id: &str) -> bool {
        let job = id.parse().ok().and_then(|id| self.kept.get_mut(&id));
        job.is_some_and(|job| std::mem::replace(&mut job.fetched, true))
    }
}

//! What must hold on every run, simulated or real; each function panics with what it saw.

use std::collections::{BTreeMap, BTreeSet};

use gleaner::domain::counters::Counters;
use gleaner::domain::ids::RunKey;
use gleaner::domain::run::RunStatus;
use gleaner::domain::task::{TaskState, Work};
use gleaner::scrapers::mocked::Seen;
use gleaner::store::memory::MemoryStore;
use gleaner::store::runs::tasks::TaskRow;

/// What a run came to, without ids and times: equal for an undisturbed and a disturbed run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Result {
    pub status: RunStatus,
    pub counters: Counters,
    /// Tasks by what they ask for, with their state and last kept page.
    pub tasks: BTreeSet<(String, TaskState, i16)>,
    /// Seller, task label, page and listing of every sighting.
    pub sightings: BTreeSet<(String, String, i16, Option<String>)>,
    /// Normalised names with how many runs saw them.
    pub sellers: BTreeSet<(String, i32)>,
    pub snapshot: Option<i64>,
    pub entries: usize,
}

/// The result of a run over the memory store.
pub fn result(store: &MemoryStore, key: RunKey) -> Result {
    let row = store.run(key).expect("the run");
    let tasks = store.tasks(key);
    let label = |task_no| tasks.iter().find(|task| task.task_no == task_no).map(|task| task.work.label().to_owned());
    let sightings = store.sightings(key).into_iter().map(|sighting| {
        let task = label(sighting.task_no).expect("a sighting's task");
        (sighting.normalised_name, task, sighting.page, sighting.sighting.listing_id)
    });
    Result {
        status: row.status,
        counters: row.counters,
        sightings: sightings.collect(),
        tasks: tasks.iter().map(|task| (task.work.label().to_owned(), task.state, task.next_page)).collect(),
        sellers: store.sellers(key.org).into_iter().map(|seller| (seller.normalised_name, seller.times_seen)).collect(),
        snapshot: row.seller_count_snapshot,
        entries: store.audit_entries(key).len(),
    }
}

/// 1. The states add up to all tasks, and at rest nobody holds one.
pub fn tasks_add_up(store: &MemoryStore, key: RunKey) {
    let row = store.run(key).expect("the run");
    let counters = row.counters;
    let mut counted = Counters::default();
    let tasks = store.tasks(key);
    for task in &tasks {
        *counted.phase_mut(task.phase()).of_mut(task.state) += 1;
    }
    assert_eq!(counters.departments_completed, departments_completed(&tasks), "departments without an open category");
    assert_eq!((counters.amazon, counters.ebay), (counted.amazon, counted.ebay), "the counters are those of the rows");
    assert_eq!((counted.amazon.claimed, counted.ebay.claimed), (0, 0), "nobody holds a task at rest");
    let spent = row.spend.outcomes.total();
    assert_eq!((spent.requests, spent.billed), (counters.requests_made, counters.requests_billed), "what is spent");
    assert_eq!(row.spend.on_wire, [], "nothing is on the wire at rest");
}

/// How many departments have only final categories.
pub fn departments_completed(tasks: &[TaskRow]) -> i32 {
    let mut finished = BTreeMap::new();
    for task in tasks {
        if let Work::Category(category) = &task.work {
            *finished.entry(&category.department).or_insert(true) &= task.is_final();
        }
    }
    i32::try_from(finished.into_values().filter(|finished| *finished).count()).expect("few")
}

/// 2. Each task has its effect exactly once: the result is that of a run without faults.
///
/// Requests may differ where a page was asked for again.
pub fn effects_are_those_of(undisturbed: &Result, store: &MemoryStore, key: RunKey) {
    let mut got = result(store, key);
    got.counters.requests_made = undisturbed.counters.requests_made;
    got.counters.requests_billed = undisturbed.counters.requests_billed;
    assert_eq!(&got, undisturbed);
    let sightings = store.sightings(key).len();
    assert_eq!(sightings, got.sightings.len(), "no sighting is kept twice");
}

/// 3. No two workers ever held one task at one time.
pub fn no_task_had_two_workers(seen: &Seen) {
    assert_eq!(seen.doubled, Vec::<String>::new(), "two requests for one subject at one time");
    assert_eq!(seen.on_wire.len(), 0, "nothing is on the wire at rest");
}

/// 4. When a gate closed, that many requests had started in all, and none has since. The number is one of that moment.
pub fn no_request_started_after(requests_at_close: u32, seen: &Seen) {
    assert_eq!(seen.requests, requests_at_close, "a request started after the gate was closed");
}

/// 5. Event numbers are 1, 2, 3 ... without a gap or a repeat.
pub fn numbers_have_no_gap(numbers: impl IntoIterator<Item = i64>) {
    for (expected, number) in (1..).zip(numbers) {
        assert_eq!(number, expected, "event numbers go 1, 2, 3 ...");
    }
}

/// 6. The run is final or paused.
pub fn is_at_rest(status: RunStatus) {
    assert!(status.is_final() || status == RunStatus::Paused, "{status} is no state to rest in");
}

/// All that can be said of a run at rest without knowing what disturbed it.
pub fn hold_at_rest(store: &MemoryStore, key: RunKey, seen: &Seen) {
    is_at_rest(store.run(key).expect("the run").status);
    tasks_add_up(store, key);
    no_task_had_two_workers(seen);
    numbers_have_no_gap(store.events(key).iter().map(|event| event.seq));
}

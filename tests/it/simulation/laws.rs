//! What must hold: the invariants of a run, read off its rows, its events, the diary and what subscribers saw.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use gleaner::domain::ledger::StoredEvent;
use gleaner::domain::run::{Command, RunStatus};
use gleaner::domain::task::TaskState;
use gleaner::store::RunRow;

use super::diary::{Diary, Fact, Line};
use super::site::Site;
use super::trips;
use crate::support::invariants::{self, Result};

/// Notes what an assertion says where it does not hold.
fn holds(diary: &Diary, law: &str, assertion: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(assertion)) {
        diary.broken(format!("{law}: {}", words(panic.as_ref())));
    }
}

/// The words of a panic.
pub fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}

/// Whenever nobody works on the run.
pub fn hold_at_rest(site: &Site) {
    let (diary, store, key) = (&site.diary, &site.memory, site.key);
    holds(diary, "1", || invariants::tasks_add_up(store, key));
    holds(diary, "2", || counted_once(site));
    holds(diary, "5", || invariants::numbers_have_no_gap(store.events(key).iter().map(|event| event.seq)));
}

/// 7. No request is sent beyond a budget, but for those that were on the wire when the one died who counted them, or who
///    was to keep that they were sent.
pub fn within_budgets(diary: &Diary, row: &RunRow, of_month: Option<i64>, sent: i64) {
    let of_run = row.settings["request_budget"].as_i64();
    for (whose, allowed) in [("run", of_run), ("month", of_month)] {
        let Some(allowed) = allowed.filter(|allowed| sent > *allowed) else { continue };
        let died = |(_, fact): &&Line| {
            matches!(fact, Fact::Killed("supervisor" | "engine" | "recorder", _) | Fact::Trouble(..) | Fact::GaveUp(_))
        };
        let deaths = i64::try_from(diary.lines().iter().filter(died).count()).expect("few");
        if sent > allowed + deaths * row.settings["workers"].as_i64().expect("a number") {
            diary.broken(format!("7: request {sent} is sent after {deaths} deaths, and the {whose} allows {allowed}"));
        }
    }
}

/// Counters are those of the rows that are really there.
fn counted_once(site: &Site) {
    let (store, key) = (&site.memory, site.key);
    let (counters, tasks, sightings) =
        (store.run(key).expect("the run").counters, store.tasks(key), store.sightings(key));
    let requests: i64 = tasks.iter().map(|task| i64::from(task.requests)).sum();
    let late = store.run(key).expect("the run").spend.outcomes.late.requests;
    assert_eq!(
        counters.requests_made,
        requests + late,
        "requests made are those of the tasks, and those that came late"
    );
    let names: BTreeSet<_> = sightings.iter().map(|sighting| &sighting.normalised_name).collect();
    assert_eq!(counters.sellers_found, i32::try_from(names.len()).expect("few"), "sellers found are those sighted");
    assert_eq!(counters.sellers_new, counters.sellers_found, "the registry was empty");
    let products: i32 = tasks.iter().map(|task| task.products).sum();
    assert_eq!(counters.products_fetched, products, "products fetched are those of the tasks");
    let places: BTreeSet<_> =
        sightings.iter().map(|sighting| (sighting.task_no, sighting.page, sighting.place)).collect();
    assert_eq!(places.len(), sightings.len(), "no sighting is kept twice");
    assert!(store.sellers(key.org).iter().all(|seller| seller.times_seen == 1), "a seller is seen once a run");
}

/// When everything is over.
pub fn hold_at_the_end(site: &Site, ideal: Option<&Result>) {
    let diary = &site.diary;
    for witness in site.witnesses() {
        holds(diary, "3", || invariants::no_task_had_two_workers(&witness.seen()));
    }
    gates_hold(diary);
    let (events, settings) = (site.memory.events(site.key), &site.plan.settings);
    let quiet = !diary.lines().iter().any(|(_, fact)| matches!(fact, Fact::Killed(..) | Fact::Trouble(..)));
    trips::hold(diary, &events, settings, site.plan.market.pages, quiet);
    let Some(ideal) = ideal else { return };
    holds(diary, "2", || effects_are_those_of(site, ideal));
}

/// Each task has its effect exactly once. Of a cancelled run that is said of the tasks that are done.
fn effects_are_those_of(site: &Site, ideal: &Result) {
    let mut got = invariants::result(&site.memory, site.key);
    if got.status == RunStatus::Cancelled {
        let done = |result: &Result| {
            let done = result.tasks.iter().filter(|(_, state, _)| *state == TaskState::Done);
            done.map(|(label, ..)| label.clone()).collect::<BTreeSet<_>>()
        };
        let (done, all) = (done(&got), done(ideal));
        assert!(done.is_subset(&all), "{done:?} are done, of {all:?}");
        let of_done = |result: &Result| {
            let sightings = result.sightings.iter().filter(|(_, task, ..)| done.contains(task));
            sightings.cloned().collect::<BTreeSet<_>>()
        };
        assert_eq!(of_done(&got), of_done(ideal), "sightings of the tasks that are done");
        assert!(got.sightings.is_subset(&ideal.sightings), "no sighting is invented");
        return;
    }
    // Pages may be asked for again, and a run that is opened again has one more entry in the history.
    got.counters.requests_made = ideal.counters.requests_made;
    got.counters.requests_billed = ideal.counters.requests_billed;
    got.entries = ideal.entries;
    assert_eq!(&got, ideal, "the result is that of an undisturbed run");
}

/// After a pause or a cancel was accepted, or the gate closed for the provider's sake, no request starts until a
/// command opens the run again.
fn gates_hold(diary: &Diary) {
    let lines = diary.lines();
    let refused: BTreeSet<usize> = lines.iter().filter_map(|(_, fact)| number_of_refused(fact)).collect();
    let (mut closed, mut opened): (Option<&Line>, usize) = (None, 0);
    // Commands that open the run and are on their way: whether a trip comes before or after them, nobody can tell.
    let mut opening = BTreeSet::new();
    let mut engine_died = 0;
    for line in &lines {
        match &line.1 {
            // Accepted by another process, it reaches the owner with its next look at the rows. A command that was sent
            // after this one may have opened the run again before this one's answer came.
            Fact::Accepted(number, Command::Pause | Command::Cancel, true)
                if *number > opened && opening.is_empty() =>
            {
                closed = closed.or(Some(line));
            }
            // A supervisor whose engine has just died ends with it.
            Fact::Killed("engine", _) => {
                engine_died = line.0;
                closed = closed.filter(|closed| !is_trip(Some(closed), None));
            }
            Fact::Tripped(_) if opening.is_empty() && line.0 > engine_died => closed = closed.or(Some(line)),
            Fact::Sent(number, Command::Resume | Command::RetryFailed | Command::Start)
                if !refused.contains(number) =>
            {
                opening.insert(*number);
                (closed, opened) = (None, *number);
            }
            Fact::Accepted(number, ..) | Fact::Unanswered(number) => {
                opening.remove(number);
            }
            Fact::LooksAgain => closed = None,
            // What only the dead had heard is heard again from the rows.
            Fact::Killed("supervisor", _) | Fact::SupervisorGone(_) | Fact::Trouble(..) if is_trip(closed, None) => {
                closed = None;
            }
            Fact::Asked(process, ..) if is_trip(closed, Some(*process)) => closed = None,
            // Others have followed it, and it does not know it yet.
            Fact::Asked(process, ..) if diary.lost_its_session(*process, line.0) => {}
            Fact::Asked(_, subject, page) => {
                if let Some((at, by)) = closed {
                    let when = line.0;
                    diary.broken(format!("4: page {page} of {subject} was asked for at {when}, after {by:?} at {at}"));
                    return;
                }
            }
            _ => {}
        }
    }
}

/// Whether it is a trip, and one of another process than this.
fn is_trip(closed: Option<&Line>, than: Option<usize>) -> bool {
    matches!(closed, Some((_, Fact::Tripped(process))) if Some(*process) != than)
}

fn number_of_refused(fact: &Fact) -> Option<usize> {
    match fact {
        Fact::Refused(number) => Some(*number),
        _ => None,
    }
}

/// 5. A subscriber saw every event that is kept, as it is kept.
pub fn saw_everything(site: &Site, seen: &[StoredEvent]) {
    let kept: BTreeMap<i64, _> =
        site.memory.events(site.key).into_iter().map(|event| (event.seq, event.data)).collect();
    for event in seen {
        if kept.get(&event.seq) != Some(&event.data) {
            let (got, was) = (&event.data, kept.get(&event.seq));
            return site.diary.broken(format!("5: a subscriber was told {got} and kept is {was:?}"));
        }
    }
    if seen.len() < kept.len() {
        site.diary.broken(format!("5: a subscriber saw {} of {} events", seen.len(), kept.len()));
    }
}

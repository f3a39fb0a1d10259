//! Why a run stands still, and that it goes on where it stood.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use gleaner::clock::Clock;
use gleaner::domain::failure::{Failure, RetryKind};
use gleaner::domain::run::{Command, PauseReason, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::mocked::{Ask, Script, Witness};
use gleaner::store::StoreError;
use gleaner::store::memory::MemoryStore;

use crate::support::invariants;
use crate::support::market::{Market, fails};
use crate::support::world::{Killer, World, in_virtual_time};

const LATENCY: Duration = Duration::from_millis(200);

fn outage(ask: &Ask) -> gleaner::scrapers::mocked::Play {
    fails(ask, Failure::retryable(RetryKind::Server, "503 upstream temporarily unavailable"))
}

/// Fails while the switch is on.
fn switched(market: Market, broken: Arc<AtomicBool>) -> Arc<Script> {
    Arc::new(move |ask, _| {
        let play = if broken.load(Ordering::SeqCst) { outage(ask) } else { market.answer(ask) };
        (LATENCY, play)
    })
}

#[test]
fn an_outage_pauses_after_five_failures_and_a_resume_finds_the_truth() {
    in_virtual_time(async {
        let (market, broken) = (Market { products: 30, ..Market::small() }, Arc::new(AtomicBool::new(false)));
        let world = World::new(switched(market, broken.clone()));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        world.requests(40).await;
        broken.store(true, Ordering::SeqCst);
        assert_eq!(world.rest(key).await, RunStatus::Paused);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        let row = world.store.run(key).expect("the run");
        let pause = row.pause.expect("a reason");
        assert_eq!(pause.reason, PauseReason::ConsecutiveFailures);
        assert!(pause.proofs.iter().all(|proof| proof.error_message.contains("503")), "{:?}", pause.proofs);
        assert_eq!(row.counters.ebay.failed, 0, "the tasks of the streak went back");
        let kept: Vec<_> = world.store.tasks(key).into_iter().map(|task| (task.task_no, task.next_page)).collect();
        let asked_before = world.witness.seen().asked;

        broken.store(false, Ordering::SeqCst);
        world.give(key, Command::Resume).await.expect("it can be resumed");
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        let found = world.store.sellers(world.org).len();
        assert_eq!(found, market.truth().len());
        // No page that was kept is asked for again.
        let asked_after = world.witness.seen().asked;
        for task in world.store.tasks(key) {
            let stood_at = kept.iter().find(|(no, _)| *no == task.task_no).map_or(1, |(_, page)| *page);
            for page in 1..stood_at {
                let page_key = (task.work.label().to_owned(), page);
                assert_eq!(asked_before.get(&page_key), asked_after.get(&page_key), "{page_key:?} was kept");
            }
        }
    });
}

#[test]
fn after_the_trip_at_most_four_requests_more_end_and_none_starts() {
    in_virtual_time(async {
        let market = Market { products: 30, ..Market::small() };
        // Every search is rejected at once, so each request is one failed task.
        let failed = Arc::new(AtomicU32::new(0));
        let counting = failed.clone();
        // Requests that had started when the supervisor was told of the trip.
        let (killer, until_told) = (Killer::default(), Arc::new(AtomicU32::new(0)));
        let (probe, started) = (killer.clone(), until_told.clone());
        let script: Arc<Script> = Arc::new(move |ask, _| match ask {
            Ask::Category(_) => {
                started.fetch_add(1, Ordering::SeqCst);
                (LATENCY, market.answer(ask))
            }
            Ask::Search(_) => {
                if !probe.handled().contains_key(&("supervisor", "tripped")) {
                    started.fetch_add(1, Ordering::SeqCst);
                }
                let nth = counting.fetch_add(1, Ordering::SeqCst);
                let rejected = Failure::Rejected { detail: "400 bad field".to_owned() };
                (LATENCY + Duration::from_millis(u64::from(nth)), fails(ask, rejected))
            }
        });
        let clock = Clock::seeded(7);
        let world = World::over(MemoryStore::new(clock.clone()), clock, script, Witness::default(), killer);
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
        assert_eq!(world.killer.handled().get(&("supervisor", "tripped")), Some(&1), "the trip was told");
        let row = world.store.run(key).expect("the run");
        // Five that trip, and at most four that were on the wire. Rejected tasks stay failed.
        let asked = failed.load(Ordering::SeqCst);
        assert!((5..=9).contains(&asked), "{asked} requests ended");
        assert_eq!(u32::try_from(row.counters.ebay.failed).expect("small"), asked);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        invariants::no_request_started_after(until_told.load(Ordering::SeqCst), &world.witness.seen());
    });
}

#[test]
fn five_failures_that_cross_trip_once() {
    in_virtual_time(async {
        let market = Market { products: 30, ..Market::small() };
        let script: Arc<Script> = Arc::new(move |ask, _| match ask {
            Ask::Category(_) => (LATENCY, market.answer(ask)),
            Ask::Search(_) => (LATENCY, fails(ask, Failure::Rejected { detail: "400".to_owned() })),
        });
        let world = World::new(script);
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
        let paused = world.store.events(key).iter().filter(|e| e.data.contains(r#""action":"paused""#)).count();
        assert_eq!(paused, 1);
        assert_eq!(world.store.run(key).expect("the run").counters.ebay.failed, 5);
    });
}

#[test]
fn a_success_by_another_worker_ends_the_streak() {
    in_virtual_time(async {
        let market = Market { products: 40, pages: 1, ..Market::small() };
        // Four of ten searches are rejected, the next six are fine: never five in a row, nor over half of forty.
        let nth = AtomicU32::new(0);
        let script: Arc<Script> = Arc::new(move |ask, _| match ask {
            Ask::Category(_) => (LATENCY, market.answer(ask)),
            Ask::Search(_) if nth.fetch_add(1, Ordering::SeqCst) % 10 >= 4 => (LATENCY, market.answer(ask)),
            Ask::Search(_) => (LATENCY, fails(ask, Failure::Rejected { detail: "400".to_owned() })),
        });
        let world = World::new(script);
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
        let counters = world.store.run(key).expect("the run").counters;
        assert_eq!((counters.ebay.done, counters.ebay.failed), (72, 48));
    });
}

#[test]
fn a_manual_pause_keeps_what_is_on_the_wire_and_starts_nothing() {
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(Duration::from_secs(5)));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        world.requests(20).await;
        world.give(key, Command::Pause).await.expect("it can be paused");
        let at_close = world.witness.seen().requests;
        let again = world.give(key, Command::Pause).await;
        assert!(matches!(again, Err(StoreError::NotAllowed { .. })), "{again:?}");
        assert_eq!(world.rest(key).await, RunStatus::Paused);
        let seen = world.witness.seen();
        invariants::no_request_started_after(at_close, &seen);
        invariants::hold_at_rest(&world.store, key, &seen);
        let kept = world.store.run(key).expect("the run").counters.requests_made;
        assert_eq!(kept, i64::from(seen.requests), "what was on the wire is kept");
        world.give(key, Command::Resume).await.expect("it can be resumed");
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        let asked = world.witness.seen().asked;
        assert!(asked.values().all(|times| *times == 1), "a kept page was asked for again");
        assert_eq!(world.store.sellers(world.org).len(), market.truth().len());
    });
}

#[test]
fn sleepers_wake_at_once_when_the_gate_closes() {
    in_virtual_time(async {
        let market = Market::small();
        let script: Arc<Script> = Arc::new(move |ask, _| {
            let limited = Failure::RateLimited {
                retry_after: Some(Duration::from_secs(100)),
                domain_throttled: false,
                detail: "429".to_owned(),
            };
            (LATENCY, fails(ask, limited))
        });
        let world = World::new(script);
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        world.requests(3).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let since = tokio::time::Instant::now();
        world.give(key, Command::Pause).await.expect("it can be paused");
        assert_eq!(world.rest(key).await, RunStatus::Paused);
        assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    });
}

#[test]
fn nothing_but_rate_limits_for_ten_minutes_pauses_and_costs_no_attempt() {
    in_virtual_time(async {
        let market = Market::small();
        let script: Arc<Script> = Arc::new(move |ask, _| {
            let detail = "Too many requests".to_owned();
            (LATENCY, fails(ask, Failure::RateLimited { retry_after: None, domain_throttled: false, detail }))
        });
        let world = World::new(script);
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        let since = tokio::time::Instant::now();
        assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
        let row = world.store.run(key).expect("the run");
        assert_eq!(row.pause.expect("a reason").reason, PauseReason::RateLimited);
        let took = since.elapsed();
        assert!((Duration::from_secs(600)..Duration::from_secs(620)).contains(&took), "{took:?}");
        assert!(world.store.tasks(key).iter().all(|task| task.page_attempts == 0));
    });
}

#[test]
fn a_refusal_pauses_at_once_and_the_task_goes_back() {
    in_virtual_time(async {
        let market = Market::small();
        let script: Arc<Script> = Arc::new(move |ask, _| match ask {
            Ask::Category(_) => (LATENCY, market.answer(ask)),
            Ask::Search(_) => (LATENCY, fails(ask, Failure::Refused { detail: "401 unauthorised".to_owned() })),
        });
        let world = World::new(script);
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
        let row = world.store.run(key).expect("the run");
        assert_eq!(row.pause.expect("a reason").reason, PauseReason::ProviderRefused);
        assert_eq!(row.counters.ebay.pending, 24, "no task is lost to a refusal");
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
    });
}

#[test]
fn a_second_cancel_drops_what_is_on_the_wire() {
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(Duration::from_secs(100)));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        world.requests(3).await;
        let since = tokio::time::Instant::now();
        world.give(key, Command::Cancel).await.expect("it can be cancelled");
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(world.status(key), RunStatus::Running, "the first cancel waits for what is paid for");
        assert!(world.give(key, Command::Cancel).await.expect("a second cancel").repeated);
        assert_eq!(world.rest(key).await, RunStatus::Cancelled);
        assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        let final_command = world.give(key, Command::Pause).await;
        assert!(matches!(final_command, Err(StoreError::NotAllowed { status: RunStatus::Cancelled, .. })));
    });
}

#[test]
fn a_phase_in_which_nothing_succeeded_fails_the_run_and_retry_failed_mends_it() {
    in_virtual_time(async {
        let (market, broken) = (Market::small(), Arc::new(AtomicBool::new(true)));
        let world = World::new(switched(market, broken.clone()));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Failed);
        assert_eq!(world.store.run(key).expect("the run").counters.amazon.failed, 3);
        let resumed = world.give(key, Command::Resume).await;
        assert!(matches!(resumed, Err(StoreError::NotAllowed { .. })));
        broken.store(false, Ordering::SeqCst);
        world.give(key, Command::RetryFailed).await.expect("failed tasks can run again");
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        assert_eq!(world.store.sellers(world.org).len(), market.truth().len());
        assert_eq!(world.store.audit_entries(key).len(), 2, "the second end is a second entry");
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
    });
}

#[test]
fn stored_settings_that_make_no_sense_fail_the_run_and_ask_for_nothing() {
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(LATENCY));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        world.store.set_settings(key, serde_json::json!({"workers": 0}));
        assert_eq!(world.run_to_rest(key).await, RunStatus::Failed);
        assert_eq!(world.witness.seen().requests, 0);
        let row = world.store.run(key).expect("the run");
        assert_eq!(row.fail_reason.map(gleaner::domain::run::FailReason::as_str), Some("invalid_settings"));
        assert!(row.fail_message.expect("words").contains("workers"));
    });
}

#[test]
fn while_the_database_is_away_workers_stand_still_and_nothing_is_asked_again() {
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(LATENCY));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        world.requests(15).await;
        world.store.set_away(true);
        tokio::time::sleep(Duration::from_secs(30)).await;
        let standing = world.witness.seen().requests;
        assert!(standing <= 15 + 5, "{standing}: a worker went on without a receipt");
        tokio::time::sleep(Duration::from_secs(300)).await;
        assert_eq!(world.witness.seen().requests, standing);
        world.store.set_away(false);
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        let seen = world.witness.seen();
        assert!(seen.asked.values().all(|times| *times == 1), "a page was asked for again");
        invariants::hold_at_rest(&world.store, key, &seen);
    });
}

#[test]
fn a_group_whose_answer_was_lost_is_kept_once() {
    in_virtual_time(async {
        let market = Market::small();
        let calm = World::new(market.script(LATENCY));
        let calm_key = calm.add_run(&RunSettings::default(), &market.chosen());
        calm.run_to_rest(calm_key).await;
        let undisturbed = invariants::result(&calm.store, calm_key);

        let world = World::new(market.script(LATENCY));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        for requests in (5..50).step_by(5) {
            world.requests(requests).await;
            world.store.fail_after_commit();
        }
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        invariants::effects_are_those_of(&undisturbed, &world.store, key);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
    });
}

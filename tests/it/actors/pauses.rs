//! The reasons that a run finds by itself to stand still, beyond a plain streak.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use gleaner::domain::failure::Failure;
use gleaner::domain::run::{Command, PauseReason, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::mocked::{Ask, Play, Script};

use crate::support::invariants;
use crate::support::market::{Market, fails, finds_nothing};
use crate::support::world::{World, in_virtual_time};

const LATENCY: Duration = Duration::from_millis(200);

#[test]
fn a_lucky_success_every_few_tasks_does_not_hide_an_outage() {
    in_virtual_time(async {
        let market = Market { products: 60, pages: 1, ..Market::small() };
        // Three of four searches fail, the fourth is fine: never ten in a row. After a while all is well.
        let asked = Arc::new(AtomicU32::new(0));
        let counting = asked.clone();
        let script: Arc<Script> = Arc::new(move |ask, _| match ask {
            Ask::Search(_) => {
                let nth = counting.fetch_add(1, Ordering::SeqCst);
                let broken = nth < 60 && nth % 4 != 3;
                let failure = Failure::retryable(gleaner::domain::failure::RetryKind::Server, "503");
                (LATENCY, if broken { fails(ask, failure) } else { market.answer(ask) })
            }
            Ask::Category(_) => (LATENCY, market.answer(ask)),
        });
        let world = World::new(script);
        let settings = RunSettings { max_attempts: 1, max_consecutive_failures: 10, ..RunSettings::default() };
        let key = world.add_run(&settings, &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        let row = world.store.run(key).expect("the run");
        let pause = row.pause.expect("a reason");
        assert_eq!((pause.reason, pause.proofs.len()), (PauseReason::FailureRate, 10));
        assert!(pause.proofs.iter().all(|proof| proof.error_message.contains("503")));
        let asked = asked.load(Ordering::SeqCst);
        assert!((40..=44).contains(&asked), "{asked}: forty pages, and what was on the wire");
        assert!(row.counters.ebay.failed <= 4, "what failed lately gets fresh attempts, but for what was on the wire");

        world.give(key, Command::Resume).await.expect("it can be resumed");
        assert_eq!(world.rest(key).await, RunStatus::Completed, "the window begins anew");
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
    });
}

#[test]
fn pages_that_suddenly_hold_nothing_pause_the_run_where_sellers_were_found_before() {
    in_virtual_time(async {
        let market = Market { products: 60, pages: 1, ..Market::small() };
        let asked = Arc::new(AtomicU32::new(0));
        let counting = asked.clone();
        let script: Arc<Script> = Arc::new(move |ask, _| match ask {
            Ask::Search(_) if counting.fetch_add(1, Ordering::SeqCst) >= 30 => (LATENCY, finds_nothing(ask)),
            _ => (LATENCY, market.answer(ask)),
        });
        let world = World::new(script);
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
        let row = world.store.run(key).expect("the run");
        let pause = row.pause.expect("a reason");
        assert_eq!((pause.reason, pause.proofs.len()), (PauseReason::SuspiciousResults, 10));
        let on = asked.load(Ordering::SeqCst) - 30;
        assert!((20..=24).contains(&on), "{on}: twenty pages, and what was on the wire");
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());

        // The organisation's next run finds nothing from the start: the one before did.
        let next = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(next).await, RunStatus::Paused);
        let row = world.store.run(next).expect("the run");
        assert_eq!(row.pause.map(|pause| pause.reason), Some(PauseReason::SuspiciousResults));
        assert_eq!(row.counters.sellers_found, 0);
        let third = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(third).await, RunStatus::Completed, "the one before found nothing either");
    });
}

#[test]
fn a_parser_that_dies_at_every_page_pauses_the_run_and_not_the_process() {
    in_virtual_time(async {
        let market = Market { products: 30, ..Market::small() };
        let broken = Arc::new(AtomicBool::new(true));
        let breaks = broken.clone();
        let script: Arc<Script> = Arc::new(move |ask, _| match ask {
            Ask::Search(_) if breaks.load(Ordering::SeqCst) => (LATENCY, Play::Panic("no page can be read".to_owned())),
            _ => (LATENCY, market.answer(ask)),
        });
        let world = World::new(script);
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        let pause = world.store.run(key).expect("the run").pause.expect("a reason");
        assert_eq!(pause.reason, PauseReason::CrashLoop);
        let error = pause.error.expect("the error is kept");
        assert!(error.contains("worker") && error.contains("no page can be read"), "{error}");

        broken.store(false, Ordering::SeqCst);
        world.give(key, Command::Resume).await.expect("it can be resumed");
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        assert!(world.store.run(key).expect("the run").counters.ebay.failed <= 5, "few were set aside");
    });
}

/// Somebody who dies at each of these messages until the run is paused; then it goes on to its end.
fn dies_and_dies(actor: &'static str, message: &'static str, times: u32, words: &str) {
    in_virtual_time(async {
        let market = Market::small();
        let calm = World::new(market.script(LATENCY));
        let calm_key = calm.add_run(&RunSettings::default(), &market.chosen());
        calm.run_to_rest(calm_key).await;
        let undisturbed = invariants::result(&calm.store, calm_key);

        let world = World::new(market.script(LATENCY));
        (1..=times).for_each(|nth| world.killer.aim(actor, message, nth));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
        assert_eq!(world.killer.killed(), times, "every death was had");
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        let pause = world.store.run(key).expect("the run").pause.expect("a reason");
        let error = pause.error.unwrap_or_default();
        assert_eq!(pause.reason, PauseReason::CrashLoop);
        assert!(error.contains(words) && error.contains("killed on purpose"), "{error}");
        world.give(key, Command::Resume).await.expect("it can be resumed");
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        invariants::effects_are_those_of(&undisturbed, &world.store, key);
    });
}

#[test]
fn a_recorder_that_cannot_even_keep_the_pause_is_given_up_and_the_store_pauses_the_run() {
    dies_and_dies("recorder", "kept", 22, "the recorder died");
}

#[test]
fn a_run_whose_supervisors_die_again_and_again_is_paused_by_the_engine() {
    dies_and_dies("supervisor", "standstill", 6, "5 supervisors");
}

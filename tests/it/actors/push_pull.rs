//! Answers that were paid for are fetched after a death and not bought again: the vendor's job is kept before its answer is
//! waited for.

use std::time::Duration;

use gleaner::clock::Clock;
use gleaner::domain::run::{Command, PauseReason, RunStatus};
use gleaner::domain::settings::{Delivery, RunSettings};
use gleaner::scrapers::mocked::Witness;

use crate::support::invariants::{self, Result};
use crate::support::market::Market;
use crate::support::world::{Killer, World, in_virtual_time};

const LATENCY: Duration = Duration::from_millis(200);
/// Requests of an undisturbed run over the small market.
const REQUESTS: u32 = 54;

fn settings() -> RunSettings {
    RunSettings { delivery: Delivery::PushPull, ..RunSettings::default() }
}

fn undisturbed() -> Result {
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(LATENCY));
        let key = world.add_run(&settings(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
        let seen = world.witness.seen();
        assert_eq!((seen.requests, seen.fetched), (REQUESTS, 0));
        invariants::result(&world.store, key)
    })
}

#[test]
fn what_was_on_the_wire_when_a_process_died_is_fetched_and_nothing_is_bought_twice() {
    let undisturbed = undisturbed();
    let mut fetched_in_all = 0;
    for died_at in 1..REQUESTS {
        let market = Market::small();
        let (store, key, asked) = in_virtual_time(async {
            let world = World::new(market.script(LATENCY));
            let key = world.add_run(&settings(), &market.chosen());
            world.give(key, Command::Start).await.expect("it can be started");
            world.requests(died_at).await;
            // Long enough for the ids to be kept, and for no answer.
            tokio::time::sleep(LATENCY / 4).await;
            (world.store.clone(), key, world.witness.seen().requests)
        });
        in_virtual_time(async {
            let (script, witness) = (market.script(LATENCY), Witness::default());
            let world = World::over(store, Clock::seeded(8), script, witness, Killer::default());
            assert_eq!(world.rest(key).await, RunStatus::Completed);
            invariants::hold_at_rest(&world.store, key, &world.witness.seen());
            invariants::effects_are_those_of(&undisturbed, &world.store, key);
            let (seen, spend) = (world.witness.seen(), world.store.run(key).expect("the run").spend);
            assert_eq!(asked + seen.requests, REQUESTS, "died at {died_at}");
            assert_eq!((spend.reattached, spend.repeated), (i64::from(seen.fetched), 0), "died at {died_at}");
            let report = world.store.run(key).expect("the run").recovery.expect("it was taken over");
            assert_eq!(report.answers_reattached, i32::try_from(seen.fetched).expect("few"), "died at {died_at}");
            let told = world.store.events(key).iter().filter(|event| event.data.contains("\"job_id\":\"job-")).count();
            assert_eq!(
                i64::try_from(told).expect("few"),
                spend.reattached * 2,
                "asked and answered, with the job's id"
            );
            fetched_in_all += seen.fetched;
        });
    }
    assert!(fetched_in_all > 100, "{fetched_in_all} answers were fetched");
}

#[test]
fn what_is_paid_for_is_fetched_although_the_budget_is_spent() {
    const BUDGET: u32 = 20;
    let settings = RunSettings { request_budget: Some(BUDGET.into()), ..settings() };
    let market = Market::small();
    let (store, key) = in_virtual_time(async {
        let world = World::new(market.script(LATENCY));
        let key = world.add_run(&settings, &market.chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        world.requests(BUDGET).await;
        tokio::time::sleep(LATENCY / 4).await;
        (world.store.clone(), key)
    });
    in_virtual_time(async {
        let (script, witness) = (market.script(LATENCY), Witness::default());
        let world = World::over(store, Clock::seeded(8), script, witness, Killer::default());
        assert_eq!(world.rest(key).await, RunStatus::Paused);
        let (seen, row) = (world.witness.seen(), world.store.run(key).expect("the run"));
        assert_eq!(row.pause.expect("a pause").reason, PauseReason::Budget);
        assert_eq!((seen.requests, seen.fetched > 0), (0, true), "{} fetched", seen.fetched);
        assert_eq!(row.spend.all_sent(), i64::from(BUDGET), "each of them counts once");
        assert_eq!(row.spend.reattached, i64::from(seen.fetched));
        assert_eq!(world.store.tasks(key).iter().filter(|task| task.job.is_some()).count(), 0, "none is left behind");
    });
}

#[test]
fn a_database_that_is_away_while_a_job_is_kept_costs_no_attempt() {
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(LATENCY));
        let settings = RunSettings { max_attempts: 1, request_timeout_ms: 2_000, ..settings() };
        let key = world.add_run(&settings, &market.chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        world.requests(10).await;
        world.store.set_away(true);
        tokio::time::sleep(Duration::from_secs(60)).await;
        world.store.set_away(false);
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        let (seen, row) = (world.witness.seen(), world.store.run(key).expect("the run"));
        assert_eq!(seen.requests, REQUESTS, "nothing is asked for again");
        assert_eq!((row.counters.amazon.failed, row.counters.ebay.failed), (0, 0));
    });
}

#[test]
fn whoever_dies_after_the_id_is_kept_the_answer_is_fetched() {
    let undisturbed = undisturbed();
    for (actor, message) in [
        ("worker", "submitted"),
        ("worker", "answered"),
        ("coordinator", "pull"),
        ("recorder", "hand"),
        ("recorder", "kept"),
    ] {
        for nth in [1, 2, 9] {
            in_virtual_time(async {
                let market = Market::small();
                let world = World::new(market.script(LATENCY));
                world.killer.aim(actor, message, nth);
                let key = world.add_run(&settings(), &market.chosen());
                assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
                assert_eq!(world.killer.killed(), 1, "{actor} at {message}");
                invariants::hold_at_rest(&world.store, key, &world.witness.seen());
                invariants::effects_are_those_of(&undisturbed, &world.store, key);
                let seen = world.witness.seen();
                assert_eq!(seen.requests, REQUESTS, "{actor} at the {nth}. {message}");
                let dies_with_one = actor == "worker";
                assert_eq!(
                    seen.fetched > 0,
                    dies_with_one,
                    "{actor} at the {nth}. {message}: {} fetched",
                    seen.fetched
                );
            });
        }
    }
}

#[test]
fn a_run_that_goes_on_in_realtime_still_fetches_what_was_pushed_before() {
    let market = Market::small();
    let (store, key, asked) = in_virtual_time(async {
        let world = World::new(market.script(LATENCY));
        let key = world.add_run(&settings(), &market.chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        world.requests(20).await;
        tokio::time::sleep(LATENCY / 4).await;
        // A second cancel would end it; a pause that is cut by the process's death leaves the jobs where they are.
        world.give(key, Command::Pause).await.expect("it can be paused");
        (world.store.clone(), key, world.witness.seen().requests)
    });
    in_virtual_time(async {
        let (script, witness) = (market.script(LATENCY), Witness::default());
        let world = World::over(store, Clock::seeded(8), script, witness, Killer::default());
        assert_eq!(world.rest(key).await, RunStatus::Paused);
        let realtime = serde_json::json!({"delivery": "realtime"}).as_object().cloned().expect("an object");
        let changes = gleaner::store::runs::changes::Changes { name: None, settings: realtime };
        world.store.change_run(key, &changes).expect("it is paused");
        world.give(key, Command::Resume).await.expect("it can be resumed");
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        let seen = world.witness.seen();
        assert!(
            seen.fetched > 0 && asked + seen.requests == REQUESTS,
            "{} fetched, {} asked",
            seen.fetched,
            seen.requests
        );
    });
}

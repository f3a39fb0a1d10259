//! The organisation's budget of a month: its runs share it, spend it to the last request and never pass it, whoever dies.

use std::time::Duration;

use gleaner::clock::Clock;
use gleaner::domain::budget::BudgetScope;
use gleaner::domain::ids::RunKey;
use gleaner::domain::run::{Command, Pause, PauseReason, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::mocked::Witness;
use gleaner::store::memory::MemoryStore;
use tokio::time::sleep;

use super::deaths::{LATENCY, undisturbed};
use crate::support::invariants;
use crate::support::market::Market;
use crate::support::world::{Killer, World, in_virtual_time};

/// Requests of an undisturbed run over the small market.
const ALL: i64 = 54;

/// A world whose organisation may send so many requests in a month.
fn world(allowed: i64) -> World {
    let world = World::new(Market::small().script(LATENCY));
    world.store.set_month_budget(Some(allowed));
    world
}

fn add_run(world: &World) -> RunKey {
    world.add_run(&RunSettings::default(), &Market::small().chosen())
}

fn pause(world: &World, key: RunKey) -> Pause {
    world.store.run(key).expect("the run").pause.expect("a pause")
}

fn sent(world: &World) -> i64 {
    i64::from(world.witness.seen().requests)
}

#[test]
fn a_run_that_spends_the_month_says_whose_budget_it_is_and_goes_on_when_it_is_raised() {
    let undisturbed = undisturbed();
    in_virtual_time(async {
        let world = world(33);
        let key = add_run(&world);
        assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
        assert_eq!((sent(&world), world.store.drawn(world.org)), (33, 33));
        let stands = pause(&world, key);
        let spent = stands.spent.expect("a spent budget");
        assert_eq!((stands.reason, spent.budget), (PauseReason::Budget, BudgetScope::Month));
        assert_eq!((spent.allowed, spent.sent), (33, 33));
        assert_eq!(spent.ends_at.expect("a time").to_rfc3339(), "2026-02-01T00:00:00+00:00");
        assert!(stands.what_to_do().contains("runs.monthly_request_budget"), "{}", stands.what_to_do());
        let told = world.store.events(key).pop().expect("an event");
        assert!(told.data.contains("33 requests of 33 were drawn"), "{}", told.data);
        assert!(told.data.contains("the next one begins at 2026-02-01 00:00 UTC"), "{}", told.data);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());

        world.give(key, Command::Resume).await.expect("it may try");
        assert_eq!(world.rest(key).await, RunStatus::Paused);
        assert_eq!(sent(&world), 33, "nothing is left to send");
        world.store.set_month_budget(Some(1_000));
        world.give(key, Command::Resume).await.expect("there is something left again");
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        assert_eq!((sent(&world), world.store.drawn(world.org)), (ALL, ALL), "what was not sent was given back");
        invariants::effects_are_those_of(&undisturbed, &world.store, key);
    });
}

#[test]
fn the_budget_of_a_run_holds_beside_that_of_the_month() {
    in_virtual_time(async {
        let world = world(33);
        let settings = RunSettings { request_budget: Some(21), ..RunSettings::default() };
        let key = world.add_run(&settings, &Market::small().chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
        assert_eq!(pause(&world, key).spent.map(|spent| spent.budget), Some(BudgetScope::Run));
        assert_eq!((sent(&world), world.store.drawn(world.org)), (21, 21));
    });
}

#[test]
fn runs_at_one_time_share_it_and_spend_it_to_the_last_request() {
    in_virtual_time(async {
        let world = world(73);
        let keys = [add_run(&world), add_run(&world)];
        for key in keys {
            world.give(key, Command::Start).await.expect("it can be started");
        }
        for key in keys {
            assert_eq!(world.rest(key).await, RunStatus::Paused);
            let requests = world.store.run(key).expect("the run").spend.all_sent();
            assert!((25..=48).contains(&requests), "{requests} requests");
        }
        assert_eq!((sent(&world), world.store.drawn(world.org)), (73, 73));
    });
}

#[test]
fn what_one_run_gives_back_another_may_send() {
    in_virtual_time(async {
        let world = world(ALL + 20);
        let (first, second) = (add_run(&world), add_run(&world));
        assert_eq!(world.run_to_rest(first).await, RunStatus::Completed);
        assert_eq!(world.run_to_rest(second).await, RunStatus::Paused);
        assert_eq!(sent(&world), ALL + 20);
    });
}

#[test]
fn whoever_dies_it_is_never_passed_and_what_was_not_sent_comes_back() {
    let undisturbed = undisturbed();
    const OFTEN: &[u32] = &[1, 9, 17];
    for (actor, message, each, lost_max) in [
        ("worker", "assigned", OFTEN, 0),
        ("worker", "answered", OFTEN, 0),
        ("worker", "kept", OFTEN, 0),
        ("coordinator", "pull", OFTEN, 0),
        ("failure_counter", "report", OFTEN, 0),
        ("recorder", "hand", OFTEN, 0),
        ("recorder", "tell", OFTEN, 0),
        ("recorder", "kept", OFTEN, 0),
        ("supervisor", "standstill", &[1, 2], 5),
        ("supervisor", "spent", &[1], 5),
    ] {
        for &nth in each {
            in_virtual_time(async {
                let world = world(33);
                world.killer.aim(actor, message, nth);
                let key = add_run(&world);
                assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
                let words = format!("{actor} at {message} {nth}");
                assert_eq!(world.killer.killed(), 1, "{words}");
                assert!(sent(&world) <= 33 && sent(&world) >= 33 - lost_max, "{words}, {} sent", sent(&world));
                assert_eq!(world.store.drawn(world.org), 33, "{words}");
                world.store.set_month_budget(Some(1_000));
                world.give(key, Command::Resume).await.expect("there is something left again");
                assert_eq!(world.rest(key).await, RunStatus::Completed, "{words}");
                invariants::hold_at_rest(&world.store, key, &world.witness.seen());
                invariants::effects_are_those_of(&undisturbed, &world.store, key);
                let lost = world.store.drawn(world.org) - sent(&world);
                assert!((0..=lost_max).contains(&lost), "{words}, {lost} lost");
            });
        }
    }
}

#[test]
fn after_the_death_of_a_process_at_most_one_request_a_worker_is_lost_and_none_is_sent_too_many() {
    for died_at in [1, 4, 11, 19, 20, 21, 32] {
        let market = Market::small();
        let (store, key, asked) = in_virtual_time(async {
            let world = world(33);
            let key = add_run(&world);
            world.give(key, Command::Start).await.expect("it can be started");
            world.requests(died_at).await;
            (world.store.clone(), key, sent(&world))
        });
        in_virtual_time(async {
            let (script, witness) = (market.script(LATENCY), Witness::default());
            let world = World::over(store, Clock::seeded(8), script, witness, Killer::default());
            assert_eq!(world.rest(key).await, RunStatus::Paused);
            let all = asked + sent(&world);
            assert!((28..=33).contains(&all), "{all} requests");
            assert_eq!(world.store.drawn(world.org), 33);
        });
    }
}

#[test]
fn a_new_month_begins_with_a_budget_of_its_own() {
    in_virtual_time(async {
        // The last ten seconds of January: nobody works before them.
        let clock = Clock::seeded(7);
        sleep(Duration::from_secs(31 * 86_400 - 10)).await;
        let (store, script) = (MemoryStore::new(clock.clone()), Market::small().script(LATENCY));
        let world = World::over(store, clock, script, Witness::default(), Killer::default());
        world.store.set_month_budget(Some(33));
        let key = add_run(&world);
        assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
        assert_eq!(sent(&world), 33);
        sleep(Duration::from_secs(20)).await;
        world.give(key, Command::Resume).await.expect("it is February");
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        assert_eq!((sent(&world), world.store.drawn(world.org)), (ALL, ALL));
    });
}

#[test]
fn what_is_drawn_of_a_month_that_ends_is_not_sent_in_the_next() {
    in_virtual_time(async {
        let clock = Clock::seeded(7);
        // A block of ten is drawn just before midnight, and five of it are on the wire at that time.
        sleep(Duration::from_secs(31 * 86_400) - LATENCY / 2).await;
        let (store, script) = (MemoryStore::new(clock.clone()), Market::small().script(LATENCY));
        let world = World::over(store, clock, script, Witness::default(), Killer::default());
        world.store.set_month_budget(Some(33));
        let key = add_run(&world);
        assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
        assert_eq!(pause(&world, key).spent.map(|spent| spent.sent), Some(33), "all of February");
        assert_eq!((sent(&world), world.store.drawn(world.org)), (36, 36), "three of them in January");
    });
}

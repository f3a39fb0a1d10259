//! A run's budget of requests: none is sent beyond it, whoever dies; then it waits for a person.

use std::time::Duration;

use gleaner::clock::Clock;
use gleaner::domain::budget::{BudgetScope, Spent};
use gleaner::domain::ids::RunKey;
use gleaner::domain::run::{Command, Pause, PauseReason, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::mocked::Witness;
use gleaner::store::StoreError;
use gleaner::store::runs::changes::Changes;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::deaths::{LATENCY, undisturbed};
use crate::support::invariants;
use crate::support::market::Market;
use crate::support::world::{Killer, World, in_virtual_time};

/// Requests of an undisturbed run over the small market.
const ALL: u32 = 54;

fn with_budget(requests: u64) -> RunSettings {
    RunSettings { request_budget: Some(requests), ..RunSettings::default() }
}

fn pause(world: &World, key: RunKey) -> Pause {
    world.store.run(key).expect("the run").pause.expect("a pause")
}

fn set_budget(world: &World, key: RunKey, budget: Value) {
    let settings = Map::from_iter([("request_budget".to_owned(), budget)]);
    world.store.change_run(key, &Changes { name: None, settings }).expect("it is paused");
}

#[test]
fn it_is_spent_to_the_last_request_and_then_the_run_waits_for_a_person() {
    let undisturbed = undisturbed();
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(LATENCY));
        let key = world.add_run(&with_budget(20), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
        assert_eq!(world.witness.seen().requests, 20);
        let stands = pause(&world, key);
        assert_eq!((stands.reason, stands.resumes_at), (PauseReason::Budget, None));
        assert_eq!(stands.spent, Some(Spent { budget: BudgetScope::Run, allowed: 20, sent: 20, ends_at: None }));
        assert!(stands.what_to_do().contains("request_budget"), "{}", stands.what_to_do());
        let told = world.store.events(key).pop().expect("an event");
        assert!(told.data.contains("20 requests of 20 were sent"), "{}", told.data);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());

        sleep(Duration::from_secs(13 * 3_600)).await;
        let refused = world.give(key, Command::Resume).await;
        assert!(matches!(refused, Err(StoreError::BudgetSpent { sent: 20, allowed: 20 })), "{refused:?}");
        assert_eq!((world.status(key), world.witness.seen().requests), (RunStatus::Paused, 20), "nothing was changed");

        set_budget(&world, key, json!(33));
        world.give(key, Command::Resume).await.expect("there is something to spend again");
        assert_eq!(world.rest(key).await, RunStatus::Paused);
        assert_eq!(world.witness.seen().requests, 33);
        set_budget(&world, key, Value::Null);
        world.give(key, Command::Resume).await.expect("nothing holds it back");
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        assert_eq!(world.witness.seen().requests, ALL, "nothing was asked for twice");
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        invariants::effects_are_those_of(&undisturbed, &world.store, key);
    });
}

#[test]
fn a_run_that_needs_no_more_than_its_budget_is_complete() {
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(LATENCY));
        let key = world.add_run(&with_budget(ALL.into()), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
    });
}

#[test]
fn whoever_dies_no_request_more_is_sent() {
    let undisturbed = undisturbed();
    for (actor, message, each) in [
        ("worker", "assigned", &[1, 7, 13][..]),
        ("worker", "answered", &[1, 7, 19]),
        ("worker", "kept", &[1, 7, 19]),
        ("coordinator", "pull", &[1, 7, 17]),
        ("coordinator", "hold", &[1]),
        ("failure_counter", "report", &[1, 7, 19]),
        ("recorder", "tell", &[1, 7, 19]),
        ("recorder", "hand", &[1, 7, 19]),
        ("recorder", "kept", &[1, 7, 13]),
        ("stream", "publish", &[1, 7, 13]),
        ("supervisor", "spent", &[1]),
    ] {
        for &nth in each {
            in_virtual_time(async {
                let market = Market::small();
                let world = World::new(market.script(LATENCY));
                world.killer.aim(actor, message, nth);
                let key = world.add_run(&with_budget(20), &market.chosen());
                assert_eq!(world.run_to_rest(key).await, RunStatus::Paused);
                let requests = world.witness.seen().requests;
                let words = format!("{actor} at {message} {nth}: {requests} requests");
                assert_eq!(world.killer.killed(), 1, "{words}");
                // With a supervisor its count dies: what it had sent just now is not in the row.
                let most = if actor == "supervisor" { 25 } else { 20 };
                assert_eq!(pause(&world, key).reason, PauseReason::Budget, "{words}");
                assert!((20..=most).contains(&requests), "{words}");
                invariants::hold_at_rest(&world.store, key, &world.witness.seen());
                set_budget(&world, key, Value::Null);
                world.give(key, Command::Resume).await.expect("nothing holds it back");
                assert_eq!(world.rest(key).await, RunStatus::Completed, "{words}");
                invariants::effects_are_those_of(&undisturbed, &world.store, key);
            });
        }
    }
}

#[test]
fn after_the_death_of_a_process_at_most_what_was_on_the_wire_comes_on_top() {
    for died_at in [1, 4, 9, 15, 19] {
        let market = Market::small();
        let (store, key, asked) = in_virtual_time(async {
            let world = World::new(market.script(LATENCY));
            let key = world.add_run(&with_budget(20), &market.chosen());
            world.give(key, Command::Start).await.expect("it can be started");
            world.requests(died_at).await;
            (world.store.clone(), key, world.witness.seen().requests)
        });
        in_virtual_time(async {
            let (script, witness) = (market.script(LATENCY), Witness::default());
            let world = World::over(store, Clock::seeded(8), script, witness, Killer::default());
            assert_eq!(world.rest(key).await, RunStatus::Paused);
            let sent = asked + world.witness.seen().requests;
            assert!((20..=25).contains(&sent), "{sent} requests");
            let row = world.store.run(key).expect("the run");
            assert_eq!((row.pause.expect("a pause").reason, row.spend.all_sent()), (PauseReason::Budget, 20));
        });
    }
}

//! The Engine killed at each message that it handles: a new one takes its runs over, and no request is repeated but those
//! that were on the wire.

use std::time::Duration;

use gleaner::actors::engine::{Attach, LookAt};
use gleaner::domain::ids::RunKey;
use gleaner::domain::run::{Command, RunStatus};
use gleaner::domain::settings::RunSettings;

use super::deaths::{LATENCY, undisturbed};
use crate::support::invariants;
use crate::support::market::Market;
use crate::support::world::{World, in_virtual_time};

/// Every message of the Engine but that of a supervisor's death, which is killed in the last test here.
const MESSAGES: &[&str] = &["obey", "attach", "look_at", "surveyed", "stream_is", "ended", "gone"];

/// A run that is looked at, paused and resumed.
async fn eventful(world: &World, key: RunKey) {
    world.insist(key, Command::Start).await;
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(350)).await;
        // One that dies of the question is replaced.
        let _ = world.engine.send(LookAt { key }).await;
        let _ = world.engine.send(Attach { key }).await;
    }
    world.insist(key, Command::Pause).await;
    assert_eq!(world.rest(key).await, RunStatus::Paused);
    invariants::hold_at_rest(&world.store, key, &world.witness.seen());
    world.insist(key, Command::Resume).await;
    while world.rest(key).await == RunStatus::Paused {
        // It died when it had accepted the command in the database, or before.
        world.insist(key, Command::Resume).await;
    }
}

#[test]
fn at_whatever_message_the_engine_dies_its_runs_go_on() {
    let undisturbed = undisturbed();
    for message in MESSAGES {
        for nth in [1, 2, 5] {
            in_virtual_time(async {
                let market = Market::small();
                let world = World::new(market.script(LATENCY));
                let key = world.add_run(&RunSettings::default(), &market.chosen());
                world.killer.aim("engine", message, nth);
                eventful(&world, key).await;
                let handled = world.killer.handled().get(&("engine", *message)).copied().unwrap_or(0);
                assert!(handled > 0, "the engine never handled {message}: the test would prove nothing");
                println!("engine at {message} {nth}: {} killed", world.killer.killed());
                invariants::hold_at_rest(&world.store, key, &world.witness.seen());
                invariants::effects_are_those_of(&undisturbed, &world.store, key);
                let repeated = world.witness.seen().requests - 54;
                assert!(repeated <= 5 * world.killer.killed(), "{repeated} requests repeated");
            });
        }
    }
}

#[test]
fn an_engine_that_dies_of_a_supervisors_death_is_replaced_too() {
    let undisturbed = undisturbed();
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(LATENCY));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        world.killer.aim("worker", "answered", 7);
        world.killer.aim("supervisor", "down", 1);
        world.killer.aim("engine", "supervisor_down", 1);
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
        assert_eq!(world.killer.killed(), 3);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        invariants::effects_are_those_of(&undisturbed, &world.store, key);
    });
}

#[test]
fn an_engine_that_dies_twice_in_a_minute_is_given_up() {
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(LATENCY));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        world.killer.aim("engine", "surveyed", 3);
        world.killer.aim("engine", "surveyed", 9);
        world.give(key, Command::Start).await.expect("it can be started");
        world.engine.clone().given_up().await;
        assert_eq!(world.killer.killed(), 2);
        assert_eq!(world.status(key), RunStatus::Running, "the next process takes it over");
        assert_eq!(world.witness.seen().on_wire.len(), 0, "nobody works on it");
    });
}

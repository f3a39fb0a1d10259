//! The report of a take-over: told once, kept with the run, and what it says is true.

use std::time::Duration;

use gleaner::clock::Clock;
use gleaner::domain::ids::RunKey;
use gleaner::domain::recovery::Recovery;
use gleaner::domain::run::{Command, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::mocked::Witness;
use serde_json::Value;
use tokio::time::sleep;

use super::deaths::LATENCY;
use crate::support::invariants;
use crate::support::market::Market;
use crate::support::world::{Killer, World, in_virtual_time};

/// The reports that were told, and the one that is kept.
fn reports(world: &World, key: RunKey) -> (Vec<Recovery>, Option<Recovery>) {
    let events = world.store.events(key).into_iter().map(|event| serde_json::from_str(&event.data).expect("JSON"));
    let told = events.filter(|event: &Value| event["action"] == "run_recovered");
    let told = told.map(|event| serde_json::from_value(event).expect("a report")).collect();
    (told, world.store.run(key).expect("the run").recovery)
}

#[test]
fn a_process_that_died_is_reported_with_what_its_death_cost() {
    let market = Market::small();
    let (store, key, asked) = in_virtual_time(async {
        let world = World::new(market.script(LATENCY));
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        world.requests(20).await;
        // The requests that were just sent are in the row, and none of them is answered.
        sleep(LATENCY / 2).await;
        assert_eq!(reports(&world, key), (Vec::new(), None), "nothing was taken over");
        (world.store.clone(), key, world.witness.seen().requests)
    });
    in_virtual_time(async {
        let (clock, witness) = (Clock::seeded(8), Witness::default());
        sleep(Duration::from_secs(60)).await;
        let world = World::over(store, clock, market.script(LATENCY), witness, Killer::default());
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        let (told, kept) = reports(&world, key);
        let [report] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(kept.as_ref(), Some(report));
        assert!(report.why.contains("a process that is gone"), "{report:?}");
        let repeated = i64::from(asked + world.witness.seen().requests - 54);
        assert_eq!((report.requests_repeated, i64::from(report.tasks_released)), (repeated, repeated));
        assert_eq!((repeated, report.answers_reattached, report.late_answers), (5, 0, 0));
        assert!((55_000..60_000).contains(&report.time_lost_ms), "{report:?}");
        assert_eq!(world.store.run(key).expect("the run").spend.repeated, repeated);
    });
}

#[test]
fn each_take_over_is_told_and_the_newest_is_kept() {
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(LATENCY));
        world.killer.aim("supervisor", "standstill", 1);
        world.killer.aim("supervisor", "standstill", 3);
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        assert_eq!(world.run_to_rest(key).await, RunStatus::Completed);
        assert_eq!(world.killer.killed(), 2);
        let (told, kept) = reports(&world, key);
        assert_eq!((told.len(), kept.as_ref()), (2, told.last()));
        assert!(told[0].at < told[1].at);
    });
}

#[test]
fn a_recorder_that_dies_at_the_report_does_not_lose_it() {
    in_virtual_time(async {
        let market = Market::small();
        let world = World::new(market.script(LATENCY));
        world.killer.aim("supervisor", "standstill", 1);
        let key = world.add_run(&RunSettings::default(), &market.chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        while world.killer.killed() == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        let handed = world.killer.handled().get(&("recorder", "hand")).copied().unwrap_or(0);
        world.killer.aim("recorder", "hand", handed + 1);
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        assert_eq!(world.killer.killed(), 2);
        assert_eq!(reports(&world, key).0.len(), 1);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
    });
}

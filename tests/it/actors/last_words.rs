//! A supervisor that dies of the word that was to end its work: a trip, a lost fence, the end of its process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gleaner::actors::engine::Drain;
use gleaner::clock::Clock;
use gleaner::domain::failure::{Failure, RetryKind};
use gleaner::domain::ids::RunKey;
use gleaner::domain::run::{Command, PauseReason, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::mocked::{Script, Witness};
use gleaner::store::RunStore;

use super::deaths::{LATENCY, undisturbed};
use crate::support::invariants;
use crate::support::market::{Market, fails};
use crate::support::world::{Killer, World, in_virtual_time};

/// A run in the middle of its work, whose supervisor will die of `message`.
async fn doomed(script: Arc<Script>, message: &'static str) -> (World, RunKey) {
    let world = World::new(script);
    let key = world.add_run(&RunSettings::default(), &Market::small().chosen());
    world.killer.aim("supervisor", message, 1);
    world.give(key, Command::Start).await.expect("it can be started");
    world.requests(20).await;
    (world, key)
}

#[test]
fn a_trip_whose_supervisor_dies_of_it_still_pauses_the_run() {
    let undisturbed = undisturbed();
    in_virtual_time(async {
        let (market, broken) = (Market::small(), Arc::new(AtomicBool::new(false)));
        let switch = broken.clone();
        let script: Arc<Script> = Arc::new(move |ask, _| {
            let outage = Failure::retryable(RetryKind::Server, "503 upstream temporarily unavailable");
            let play = if switch.load(Ordering::SeqCst) { fails(ask, outage) } else { market.answer(ask) };
            (LATENCY, play)
        });
        let (world, key) = doomed(script, "tripped").await;
        broken.store(true, Ordering::SeqCst);
        assert_eq!(world.rest(key).await, RunStatus::Paused);
        assert_eq!(world.killer.killed(), 1);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        let row = world.store.run(key).expect("the run");
        assert_eq!(row.pause.map(|pause| pause.reason), Some(PauseReason::ConsecutiveFailures));
        assert_eq!(row.counters.ebay.failed, 0, "the tasks of the streak went back");

        broken.store(false, Ordering::SeqCst);
        world.give(key, Command::Resume).await.expect("it can be resumed");
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        invariants::effects_are_those_of(&undisturbed, &world.store, key);
    });
}

#[test]
fn a_run_whose_fence_was_raised_by_somebody_else_is_looked_at_again_from_its_rows() {
    let undisturbed = undisturbed();
    // It is told, or dies of being told.
    for message in ["never", "fence_lost"] {
        in_virtual_time(async {
            let (world, key) = doomed(Market::small().script(LATENCY), message).await;
            let memory = world.store.memory(key).await.expect("the row");
            world.store.raise_fence(key, memory.fence).await.expect("it is the newest");
            assert_eq!(world.rest(key).await, RunStatus::Completed);
            assert_eq!(world.killer.handled()[&("supervisor", "fence_lost")], 1);
            invariants::hold_at_rest(&world.store, key, &world.witness.seen());
            invariants::effects_are_those_of(&undisturbed, &world.store, key);
            let repeated = world.witness.seen().requests - 54;
            assert!(repeated <= 5, "{repeated} requests were repeated");
        });
    }
}

#[test]
fn a_process_whose_supervisor_dies_as_it_stops_is_taken_over_by_the_next() {
    let undisturbed = undisturbed();
    let (store, key, asked) = in_virtual_time(async {
        let (world, key) = doomed(Market::small().script(LATENCY), "leave").await;
        world.engine.send(Drain).await.expect("the engine lives");
        assert_eq!((world.killer.killed(), world.status(key)), (1, RunStatus::Running));
        (world.store.clone(), key, world.witness.seen().requests)
    });
    in_virtual_time(async {
        let script = Market::small().script(LATENCY);
        let world = World::over(store, Clock::seeded(8), script, Witness::default(), Killer::default());
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        invariants::effects_are_those_of(&undisturbed, &world.store, key);
        let repeated = asked + world.witness.seen().requests - 54;
        assert!(repeated <= 5, "{repeated} requests were repeated");
    });
}

//! The time of day of a machine jumps by years, to and fro, while two engines watch each other: no lease ends of it, and
//! nothing is asked for twice.

use std::time::Duration;

use chrono::TimeDelta;
use gleaner::clock::Clock;
use gleaner::domain::ids::RunKey;
use gleaner::domain::run::{Command, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::mocked::Witness;
use gleaner::store::memory::MemoryStore;
use tokio::time::{Instant, sleep};

use crate::support::invariants;
use crate::support::market::Market;
use crate::support::world::{Killer, World, in_virtual_time, playing};

/// The 54 requests of five workers take 55 s: almost four times what a lease lasts.
const LATENCY: Duration = Duration::from_secs(5);

/// Sets the clock ten years ahead, back to now, ten years behind, and back again, for ever; not in step with a look.
async fn jumps(clock: Clock) {
    for years in [10, -10, -10, 10].into_iter().cycle() {
        sleep(Duration::from_millis(730)).await;
        clock.jump(TimeDelta::days(years * 365));
    }
}

async fn rests(world: &World, key: RunKey) -> bool {
    world.give(key, Command::Start).await.expect("it can be started");
    world.rest(key).await == RunStatus::Completed
}

#[test]
fn a_time_of_day_that_jumps_ends_no_lease() {
    in_virtual_time(async {
        let (market, one, other) = (Market::small(), Clock::seeded(7), Clock::seeded(8));
        let (script, witness, killer) = (market.script(LATENCY), Witness::default(), Killer::default());
        let store = MemoryStore::new(one.clone());
        let owner = World::over(store, one.clone(), script.clone(), witness.clone(), killer.clone());
        let beside = owner.store.of_another_process(other.clone());
        let _beside = World::asking(playing(script, witness.clone()), beside, other.clone(), witness, killer);
        let key = owner.add_run(&RunSettings::default(), &market.chosen());
        let began = Instant::now();
        tokio::select! {
            completed = rests(&owner, key) => assert!(completed),
            () = jumps(one) => {}
            () = jumps(other) => {}
        }
        assert!(began.elapsed() > Duration::from_secs(50), "long enough for a lease to end: {:?}", began.elapsed());
        invariants::hold_at_rest(&owner.store, key, &owner.witness.seen());
        assert_eq!(owner.witness.seen().requests, 54, "nobody asked for anything twice");
        let events = owner.store.events(key);
        assert!(events.iter().all(|event| !event.data.contains("taken over")), "nobody took the run from its owner");
    });
}

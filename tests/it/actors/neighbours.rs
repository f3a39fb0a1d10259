//! Engines of one database count each other: by that an account's limit is divided among them.

use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gleaner::actors::engine::Drain;
use gleaner::actors::run_context::MakeProbe;
use gleaner::actors::supervisor::Means;
use gleaner::app::{EngineLine, start_here};
use gleaner::clock::Clock;
use gleaner::scrapers::mocked::Witness;
use gleaner::store::memory::MemoryStore;
use tokio::time::sleep;

use crate::support::market::Market;
use crate::support::world::{Killer, in_virtual_time, means, playing};

/// Longer than a look, shorter than the time to the next beat.
const A_LOOK: Duration = Duration::from_millis(600);
/// Longer than a beat may stand still.
const A_LEASE: Duration = Duration::from_secs(17);

/// An engine, and what it hears.
struct Engine {
    line: EngineLine,
    heard: Arc<Mutex<Vec<u32>>>,
}

impl Engine {
    fn over(store: &MemoryStore, seed: u64, killer: Killer) -> Self {
        let clock = Clock::seeded(seed);
        let store = Arc::new(store.of_another_process(clock.clone()));
        let make_probe: MakeProbe = Arc::new(move || Rc::new(killer.clone()));
        let providers = playing(Market::small().script(Duration::ZERO), Witness::default());
        let heard = Arc::<Mutex<Vec<u32>>>::default();
        let hearing = heard.clone();
        let hear_engines = Arc::new(move |engines| hearing.lock().expect("no panic under it").push(engines));
        let line = start_here(Means { hear_engines, ..means(store, clock, providers, make_probe) }, 3);
        Self { line, heard }
    }

    /// What it has heard since it was asked last, each number once in a row.
    fn heard(&self) -> Vec<u32> {
        let mut heard = std::mem::take(&mut *self.heard.lock().expect("no panic under it"));
        heard.dedup();
        heard
    }
}

#[test]
fn two_engines_hear_of_two_and_the_one_that_stays_of_itself() {
    in_virtual_time(async {
        let store = MemoryStore::new(Clock::seeded(7));
        let stays = Engine::over(&store, 8, Killer::default());
        sleep(A_LEASE).await;
        assert_eq!(stays.heard(), [1], "it is alone");
        let leaves = Engine::over(&store, 9, Killer::default());
        sleep(A_LEASE).await;
        assert_eq!((stays.heard(), leaves.heard()), (vec![1, 2], vec![2]));
        leaves.line.send(Drain).await.expect("it lives");
        sleep(A_LOOK).await;
        assert_eq!(stays.heard().last(), Some(&1), "it is alone again");
    });
}

#[test]
fn an_engine_that_is_dead_counts_until_its_lease_is_over() {
    in_virtual_time(async {
        let store = MemoryStore::new(Clock::seeded(7));
        let stays = Engine::over(&store, 8, Killer::default());
        let killer = Killer::default();
        for nth in [10, 11] {
            killer.aim("engine", "surveyed", nth);
        }
        let dies = Engine::over(&store, 9, killer.clone());
        dies.line.clone().given_up().await;
        assert_eq!(killer.killed(), 2);
        assert_eq!((stays.heard().last(), dies.heard()), (Some(&2), vec![2]));
        sleep(A_LEASE / 2).await;
        assert_eq!(stays.heard(), [2], "it may only be slow");
        sleep(A_LEASE).await;
        assert_eq!(stays.heard(), [2, 1]);
    });
}

//! A product that takes its whole process down: it is set aside in the end, and nothing that was on the wire beside it is.

use std::sync::Arc;
use std::time::Duration;

use gleaner::clock::Clock;
use gleaner::domain::run::{Command, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::domain::task::TaskState;
use gleaner::scrapers::mocked::{Ask, Script, Witness};
use gleaner::store::memory::MemoryStore;

use super::deaths::LATENCY;
use crate::support::invariants;
use crate::support::market::Market;
use crate::support::world::{Killer, World, in_virtual_time};

const POISON: &str = "Product number5";

/// Everything is answered but the poison, which is on the wire until its process dies of it.
fn script(market: Market) -> Arc<Script> {
    Arc::new(move |ask, _| match ask {
        Ask::Search(request) if request.query == POISON => (Duration::from_secs(86_400), market.answer(ask)),
        _ => (LATENCY, market.answer(ask)),
    })
}

/// A process that dies half a second after it has asked for the poison; `None` where the run rested before.
async fn dies_of_it(world: &World, key: gleaner::domain::ids::RunKey) -> Option<usize> {
    let asked = async {
        while !world.witness.seen().on_wire.contains_key(POISON) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.witness.seen().on_wire.len()
    };
    tokio::select! {
        beside = asked => Some(beside),
        _ = world.rest(key) => None,
    }
}

#[test]
fn a_product_that_kills_its_process_runs_alone_after_the_second_time_and_is_set_aside_after_three_more() {
    let market = Market::small();
    let settings = RunSettings { request_timeout_ms: 600_000, ..RunSettings::default() };
    let (mut store, key, first) = in_virtual_time(async {
        let world = World::new(script(market));
        let key = world.add_run(&settings, &market.chosen());
        world.give(key, Command::Start).await.expect("it can be started");
        let beside = dies_of_it(&world, key).await.expect("it is asked for");
        (world.store.clone(), key, beside)
    });
    let mut on_wire = vec![first];
    let next = |store: MemoryStore, seed: u64| {
        in_virtual_time(async {
            let world = World::over(store, Clock::seeded(seed), script(market), Witness::default(), Killer::default());
            let died = dies_of_it(&world, key).await;
            (world.store.clone(), died)
        })
    };
    let mut seed = 8;
    loop {
        let (after, died) = next(store, seed);
        store = after;
        seed += 1;
        match died {
            Some(beside) => on_wire.push(beside),
            None => break,
        }
    }
    println!("requests on the wire at each death: {on_wire:?}");
    assert_eq!(on_wire.len(), 5);
    assert_eq!(on_wire[2..], [1, 1, 1], "under suspicion it runs alone");
    assert_eq!(store.run(key).expect("the run").status, RunStatus::Completed);
    invariants::tasks_add_up(&store, key);
    let failed: Vec<_> = store.tasks(key).into_iter().filter(|task| task.state == TaskState::Failed).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].work.label(), failed[0].error_code.as_deref()), (POISON, Some("worker_crashed")));
    assert_eq!(store.run(key).expect("the run").counters.ebay.done, 23, "what was beside it is done");
}

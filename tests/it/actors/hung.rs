//! A worker that lives and makes no progress: it is replaced when its time is over, and its task goes to the next.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gleaner::actors::run_context::Providers;
use gleaner::actors::supervisor::Means;
use gleaner::app::start_here;
use gleaner::clock::Clock;
use gleaner::domain::ids::OrgId;
use gleaner::domain::run::{Command, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::scrapers::mocked::{Mocked, Witness};
use gleaner::scrapers::{Answer, Jobs, LocalFuture, SearchRequest, SellerPage, SellerSearch};
use gleaner::store::memory::MemoryStore;
use uuid::Uuid;

use super::deaths::{LATENCY, undisturbed};
use crate::support::invariants;
use crate::support::market::Market;
use crate::support::world::{World, in_virtual_time};

/// A provider whose turn never comes for one of those who wait for it.
struct Forgets {
    mocked: Rc<Mocked>,
    turns: Arc<AtomicU32>,
    forgotten: u32,
}

impl SellerSearch for Forgets {
    fn address(&self, request: &SearchRequest) -> String {
        self.mocked.address(request)
    }

    fn admit(&self) -> LocalFuture<'_, ()> {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed) + 1;
        let forgotten = turn == self.forgotten;
        Box::pin(async move {
            if forgotten {
                std::future::pending::<()>().await;
            }
        })
    }

    fn ask<'a>(
        &'a self,
        request: &'a SearchRequest,
        jobs: Option<&'a dyn Jobs>,
    ) -> LocalFuture<'a, Answer<SellerPage>> {
        SellerSearch::ask(self.mocked.as_ref(), request, jobs)
    }
}

#[test]
fn a_worker_that_makes_no_progress_is_replaced_and_its_task_is_done_by_the_next() {
    let undisturbed = undisturbed();
    in_virtual_time(async {
        let (market, clock, witness) = (Market::small(), Clock::seeded(7), Witness::default());
        let store = MemoryStore::new(clock.clone());
        let key = store.add_run(OrgId(Uuid::from_u128(1)), "a run", &RunSettings::default(), &market.chosen());
        let (turns, watching) = (Arc::new(AtomicU32::new(0)), witness.clone());
        let make_providers = Arc::new(move |_: Option<&str>| {
            let mocked = Rc::new(Mocked::new(market.script(LATENCY), watching.clone()));
            let turns = turns.clone();
            let forgets = Forgets { mocked: mocked.clone(), turns, forgotten: 9 };
            Providers { best_sellers: mocked, seller_search: Rc::new(forgets) }
        });
        let means = Means {
            store: Arc::new(store.clone()),
            clock,
            make_providers,
            make_probe: Arc::new(|| Rc::new(())),
            hear_engines: Arc::new(|_| {}),
            tell_facts: Arc::new(|_| {}),
            prices: None,
        };
        let (engine, killer) = (start_here(means, 3), crate::support::world::Killer::default());
        let world = World { store, engine, witness, killer, org: OrgId(Uuid::from_u128(1)) };
        world.give(key, Command::Start).await.expect("it can be started");
        // All the rest of the run is over long before the time of one turn is.
        tokio::time::sleep(Duration::from_secs(300)).await;
        let counters = world.store.run(key).expect("the run").counters;
        assert_eq!((counters.ebay.done, counters.ebay.claimed + counters.ebay.pending), (23, 1));
        assert_eq!(world.rest(key).await, RunStatus::Completed);
        invariants::hold_at_rest(&world.store, key, &world.witness.seen());
        invariants::effects_are_those_of(&undisturbed, &world.store, key);
        assert_eq!(world.witness.seen().requests, 54, "nothing was asked for twice");
        let told = world.store.events(key).into_iter().filter(|event| event.data.contains("worker_restarted"));
        let told: Vec<_> = told.collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].data.contains("it made no progress within its time"), "{}", told[0].data);
    });
}

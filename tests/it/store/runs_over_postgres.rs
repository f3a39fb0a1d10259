//! Whole runs of the real actors over PostgreSQL end as they do over the memory store.

use std::time::Duration;

use gleaner::domain::ids::RunKey;
use gleaner::domain::run::{Command, RunStatus};
use gleaner::domain::settings::RunSettings;
use gleaner::store::runs::NewRun;

use crate::support::market::Market;
use crate::support::postgres;
use crate::support::world::PgWorld;

#[actix_web::test]
async fn a_run_over_postgres_finds_exactly_the_truth() {
    let Some(database) = postgres::database().await else { return };
    let store = database.store().await;
    let org = store.create_org("Harbour").await.expect("a new organisation");
    let market = Market::small();
    let world = PgWorld::new(&store, &database.url, market.script(Duration::ZERO)).await;
    let new = NewRun { name: None, categories: market.chosen(), settings: RunSettings::default() };
    let run = store.create_run(org.id, &new, None).await.expect("a new run").run;
    let key = RunKey { org: org.id, run: run.id };
    world.give(key, Command::Start).await.expect("it can be started");
    world.gone(key).await;
    let run = store.run(org.id, run.id).await.expect("the run");
    assert_eq!(run.status, RunStatus::Completed);
    let sellers = store.list_run_sellers(org.id, run.id, None, 10_000).await.expect("its sellers");
    let found: std::collections::BTreeSet<String> = sellers.into_iter().map(|seller| seller.name).collect();
    assert_eq!(found, market.truth());
    let events = store.events_after(org.id, run.id, 0, 100_000).await.expect("its events");
    crate::support::invariants::numbers_have_no_gap(events.iter().map(|event| event.seq));
    assert_eq!(run.seller_count_snapshot, i64::try_from(found.len()).ok());
    assert_eq!(run.counters.requests_made, 54);
}
